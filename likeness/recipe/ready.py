"""The recipes that are shipped, and the schema for editors: `likeness.recipes` when installed, `recipes/` in a checkout."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

CHECKOUT = Path(__file__).parents[2] / "recipes"


def ready_recipes() -> Traversable:
    """The folder of the shipped recipes."""
    return CHECKOUT if (CHECKOUT / "recipe.schema.json").is_file() else files("likeness.recipes")


def is_installed(file: Path) -> bool:
    """Whether a recipe lies among Python's packages, where no results belong."""
    return not CHECKOUT.is_dir() and file.is_relative_to(Path(__file__).parents[1])
