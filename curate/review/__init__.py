"""Push pairs to Argilla, where people review them, and fetch their decisions."""
