"""Passages become pairs: the requests a recipe asks for, and the providers that answer them."""
