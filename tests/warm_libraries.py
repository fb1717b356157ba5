"""What the commands load, so that a process forked from one that has imported this need not: see warm.py."""

from importlib import import_module

from likeness.command import settle_libraries

settle_libraries()  # before anything imports torch

for name in ("great_expectations", "datasets", "torch", "transformers", "peft", "trl", "curate.build", "curate.cli", "train.cli"):
    import_module(name)
