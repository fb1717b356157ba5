"""A recipe's finished runs, and the run or recipe that a word of a command names."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.recipe.find import find_recipe, is_recipe_like
from likeness.recipe.folders import BuildFolder, builds_here
from likeness.recipe.load import load_recipe


def list_runs(recipe_path: Path) -> list[dict[str, Any]]:
    """Each finished run in the order of their numbers: id, time, dataset, verdict, and what training came to in words."""
    manifests = sorted(BuildFolder.of(load_recipe(recipe_path)).runs.glob("[!.]*/manifest.json"))
    return [_entry(path.parent) for path in manifests]


def _entry(run: Path) -> dict[str, Any]:
    keys = ("run", "finished_at", "dataset", "base_model", "verdict", "reasons", "gguf")
    try:
        manifest = read_part(run, "manifest.json")
        summary = next((step.get("summary", step["told"]) for step in manifest["steps"] if step["name"] == "train"), "")
        facts = {key: manifest[key] for key in keys}
    except (CallError, KeyError) as error:  # one run keeps no other from being listed
        summary = str(error if isinstance(error, CallError) else lost(run, "manifest.json"))
        facts = dict.fromkeys(keys) | {"run": run.name, "verdict": "damaged", "reasons": [summary], "gguf": []}
    return facts | {"summary": summary, "told": summary, "folder": str(run)}


def read_part(run: Path, name: str) -> dict[str, Any]:
    """What one of a run's own files says.

    Args:
        run: its folder.
        name: such as probes.json.

    Raises:
        CallError: it is gone or damaged.
    """
    try:
        found = json.loads((run / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise lost(run, name, "is gone") from None
    except ValueError:
        raise lost(run, name) from None
    if not isinstance(found, dict):
        raise lost(run, name)
    return found


def lost(run: Path, name: str, what: str = "is damaged", command: str = "run") -> CallError:
    """The message for a part of a finished run that cannot be used, and can be made again.

    Args:
        run: its folder.
        name: the part, relative to it.
        what: happened to it.
        command: of `train`, which makes it again.
    """
    recipe = shlex.quote(str(recipe_behind(run) or "RECIPE"))
    fix = f"`train {command} {recipe}` makes it again if recipe and dataset are as they were for this run; nothing is trained."
    return CallError(what, where=str(run / name), fix=fix)


def runs_of(recipe: Path) -> list[Path]:
    """The folders of a recipe's finished runs, at least one.

    Raises:
        CallError: there is none; it names recipes beside it that have runs.
    """
    if found := [Path(run["folder"]) for run in list_runs(recipe)]:
        return found
    builds = BuildFolder.of(load_recipe(recipe)).root.parent
    newest = {run.parents[2]: run.parent for run in sorted(builds.glob("*/runs/[!.]*/manifest.json"))}
    others = sorted({str(other) for run in newest.values() if (other := recipe_behind(run))})
    fix = (
        f"Recipes beside it that have runs: {', '.join(others)}."
        if others
        else f"Run `train run {shlex.quote(str(recipe))}` first."
    )
    raise CallError("no run of this recipe is finished yet", where=str(recipe), fix=fix)


def find_run(named: str) -> Path:
    """The folder of a run: named by its folder, by its id, or by a recipe or its folder, whose newest run it then is.

    Raises:
        CallError: there is no such run, or it did not finish.
    """
    if recipe := recipe_named(named):
        return BuildFolder.of(load_recipe(recipe)).run()
    path = Path(named)
    if (path / "manifest.json").is_file():
        return path
    if path.is_dir():
        fix = "Run `train run RECIPE` again; it continues where it stopped."
        raise CallError("is not a finished run", where=named, fix=fix)
    found = [manifest.parent for build in builds_here() for manifest in build.runs.glob(f"{named}*/manifest.json")]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CallError(f"there is no finished run {named!r} of the recipes here", fix="`train runs RECIPE` lists them.")
    raise CallError(f"{named!r} is the name of {len(found)} runs", fix=f"Give its folder: {', '.join(map(str, found[:4]))}")


def recipe_behind(run: Path) -> Path | None:
    """The recipe that a run is of; None where it is gone."""
    owner = run.absolute().parents[1] / "recipe.path"
    with suppress(OSError):
        recipe = Path(os.path.normpath(owner.parent / owner.read_text(encoding="utf-8")))
        return Path(os.path.relpath(recipe)) if recipe.is_file() else None
    return None


def recipe_named(named: str) -> Path | None:
    """The recipe's file where a word names a recipe or its folder; None where it names a run."""
    path = Path(named)
    is_run = (path / "manifest.json").is_file() or path.absolute().parent.name == "runs"
    return find_recipe(path) if is_recipe_like(named) and not is_run else None
