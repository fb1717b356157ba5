"""The checks on pairs, one file a check."""
