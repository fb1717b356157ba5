"""Pairs become a versioned dataset folder."""
