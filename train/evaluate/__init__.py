"""Evaluate a run: its answers to the controlled questions, and probes that measure them, one file each."""
