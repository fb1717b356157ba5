"""What `curate plan --passages` and `--samples` print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from likeness.command import answer, shown


def print_read(recipe: Path, passages: bool, samples: bool, as_json: bool) -> None:
    """Print what was read, the voice samples, or both.

    Args:
        recipe: the recipe's file.
        passages: whether the passages are wanted, and what is left out of each file.
        samples: whether the voice samples are.
        as_json: print one JSON object.
    """
    from curate.preview.preview import preview, samples_of
    from curate.preview.show import print_preview, samples_as_yaml, write_page
    from likeness.recipe.folders import BuildFolder
    from likeness.recipe.load import load_recipe

    found: dict[str, Any] = {}
    if passages:
        seen = preview(recipe)
        page = write_page(seen, BuildFolder.of(load_recipe(recipe)))
        found |= {"page": str(page)} | seen.as_dict()
        if not as_json:
            print_preview(seen)
            print(f"All of it on one page: {shown(page)}")
    if samples:
        chosen = samples_of(recipe)
        found["samples"] = [{"document": path or None, "text": text} for path, text in chosen]
        if not as_json:
            print("# What prompts show of your writing. To fix the choice, put this into the recipe and change it.")
            print(samples_as_yaml(chosen))
    if as_json:
        answer(found)
