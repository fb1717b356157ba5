"""Asking models, without pairs: providers, rate limits, budget, prices."""
