"""A recipe's finished runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recipes.folders import BuildFolder
from recipes.load import load_recipe


def list_runs(recipe_path: Path) -> list[dict[str, Any]]:
    """Each finished run in the order of their numbers: id, time, dataset, verdict, and what training came to in words."""
    found = []
    for path in sorted(BuildFolder.of(load_recipe(recipe_path).name).runs.glob("[!.]*/manifest.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        told = next((step["told"] for step in manifest["steps"] if step["name"] == "train"), "")
        keys = ("run", "finished_at", "dataset", "base_model", "verdict", "reasons", "gguf")
        found.append({key: manifest[key] for key in keys} | {"told": told, "folder": str(path.parent)})
    return found
