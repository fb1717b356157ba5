"""Measures on plain texts: numbers out, no pair in."""
