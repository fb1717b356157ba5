"""Runs side by side: what differs between them, what got better and worse, and which layer earned it."""
