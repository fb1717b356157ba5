"""Which recipe is meant: a file, a folder with a recipe in it, or nothing, which is the recipe here."""

from __future__ import annotations

import shlex
from pathlib import Path

from likeness.errors import CallError, RecipeError
from likeness.recipe.yaml_lines import read_yaml

USUAL = "recipe.yaml"


def find_recipe(said: Path) -> Path:
    """The recipe's file.

    Args:
        said: a file, which need not be there, or a folder.

    Raises:
        CallError: there is no recipe in the folder, or more than one.
    """
    if not said.is_dir():
        return said
    if (said / USUAL).is_file():
        return said / USUAL
    found = [file for file in sorted(said.glob("*.y*ml")) if _is_recipe(file)]
    if len(found) == 1:
        return found[0]
    where = str(said.absolute())
    if found:
        raise CallError(f"there are {len(found)} recipes: {', '.join(file.name for file in found)}", where=where, fix="Name one.")
    inside = [str(file.parent) for file in sorted(said.glob(f"*/{USUAL}"))[:6]]
    fix = f"Below it are: {', '.join(map(shlex.quote, inside))}." if inside else "`curate init NAME` writes a first recipe."
    raise CallError("there is no recipe in this folder", where=where, fix=fix)


def is_recipe_like(said: str) -> bool:
    """Whether a word of a command means a recipe, and not what may come after one: a file, a folder, or the name of one."""
    return said.endswith((".yaml", ".yml")) or "/" in said or Path(said).exists()


def _is_recipe(file: Path) -> bool:
    """Controlled questions and the like are YAML too."""
    try:
        return not read_yaml(file).data.keys().isdisjoint({"sources", "extends", "persona"})
    except RecipeError:
        return False
