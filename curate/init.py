"""A first recipe that builds as it stands: one short document, its recorded answers, and what to change to make it yours."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from recipes.errors import CallError
from recipes.folders import whole_folder


def write_starter(folder: Path) -> Path:
    """Write the starter into `folder` and give the recipe's path. The recipe is called what the folder is called.

    Raises:
        CallError: the folder is there already, or its name cannot be a recipe's.
        MachineError: it cannot be written to.
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.name.lower()).strip("-_")
    if not name:
        raise CallError(f"{folder.name!r} cannot be a recipe's name", mend="Use letters, digits and hyphens.")
    if folder.exists():
        raise CallError("is there already; nothing was touched", where=str(folder), mend="Choose another name.")
    with whole_folder(folder) as part:
        for source in _starter_files():
            target = part / source
            target.parent.mkdir(parents=True, exist_ok=True)
            text = files("recipes").joinpath("starter", source).read_text(encoding="utf-8")
            target.write_text(text.replace("name: starter", f"name: {name}"), encoding="utf-8")
        schema = files("recipes").joinpath("recipe.schema.json").read_text(encoding="utf-8")
        (part / "recipe.schema.json").write_text(schema, encoding="utf-8")  # what editors complete and check from
    return folder / "recipe.yaml"


def _starter_files() -> list[str]:
    root = files("recipes").joinpath("starter")
    return [
        "recipe.yaml",
        "control.yaml",
        *(f"{sub}/{entry.name}" for sub in ("documents", "recorded") for entry in root.joinpath(sub).iterdir()),
    ]
