"""Pairs go to Argilla, people review them there, and their decisions come back."""
