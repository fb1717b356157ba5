"""`build/<name>/index.html`: one page that leads to all that was made of a recipe, read from the disk."""

from __future__ import annotations

import json
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.metrics.text import count_of
from likeness.pages import environment
from likeness.recipe.folders import BuildFolder


def write_index(folder: BuildFolder, name: str, recipe: Path, step: dict[str, str] | None = None) -> Path:
    """Write the page from what is in the folder, and give its path. Every build and every run ends with it.

    Args:
        folder: where the results are.
        name: the recipe's.
        recipe: the recipe's file, for commands to be copied.
        step: what to do next, as `text` and `command`; None leaves out the paragraph.

    Raises:
        MachineError: the folder cannot be written to.
    """
    versions = [_version(path) for path in sorted(folder.datasets.glob("*/manifest.json"), reverse=True)]
    try:
        newest = folder.dataset().name
    except CallError:
        newest = ""
    comparisons = sorted((folder.root / "compare").glob("*.html"))
    page = environment().get_template("index.html.j2").render(
        name=name,
        recipe=shlex.quote(short_path(recipe)),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        next=step,
        newest=next((each for each in versions if each["name"] == newest), None),
        older=[each for each in versions if each["name"] != newest],
        report=(folder.report / "index.html").is_file(),
        data_docs=(folder.report / "expectations" / "index.html").is_file(),
        runs=[_run(path) for path in sorted(folder.runs.glob("[!.]*/manifest.json"), reverse=True)],
        comparisons=[{"name": path.stem, "href": f"compare/{quote(path.name)}"} for path in comparisons],
    )  # fmt: skip
    write_atomic(folder.index, page)
    return folder.index


def short_path(path: Path) -> str:
    """A path as short as it can be said from the working folder."""
    path = Path(os.path.abspath(path))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _version(manifest: Path) -> dict[str, Any]:
    found = _json(manifest)
    counts = found.get("counts") or {}
    rows = ", ".join(f"{rows:,} {split}" for split, rows in counts.items() if isinstance(rows, int))
    name = manifest.parent.name
    return {"name": name, "href": f"dataset/{quote(name)}/", "rows": rows or count_of(0, "row")}


def _run(manifest: Path) -> dict[str, Any]:
    found = _json(manifest)
    name = manifest.parent.name
    return {
        "name": name,
        "href": f"runs/{quote(name)}/",
        "report": (manifest.parent / "report.html").is_file(),
        "verdict": found.get("verdict", "unfinished"),
        "about": f"{found.get('base_model', '')} on dataset {found.get('dataset', '')}, {str(found.get('finished_at', ''))[:10]}",
    }


def _json(path: Path) -> dict[str, Any]:
    """What a manifest says; nothing where it cannot be read: one broken file takes no page away."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
