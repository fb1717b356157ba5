"""Where a recipe is."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.fingerprint import fingerprint_of
from curate.job import Build
from curate.ledger.ledger import Ledger
from curate.read.read import find_files
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe


def status(recipe_path: Path) -> dict[str, Any]:
    """State, newest dataset, stages, spending and runs of a recipe, for `--json` and the terminal.

    Raises:
        CallError: the recipe is wrong, or its sources name no file.
    """
    recipe = load_recipe(recipe_path)
    folder = BuildFolder.of(recipe)
    found: dict[str, Any] = {
        "name": recipe.name,
        "state": "not built yet",
        "version": None,
        "dataset": None,
        "counts": {},
        "stages": [],
        "checks": [],
        "mix": [],
        "batches": 0,
        "spent": {"requests": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0.0, "usd_lost": 0.0, "usd_under_way": 0.0},
        "contrast": {"unexplained": 0, "unanswered": 0, "inconsistent": 0, "sets": 0, "awaiting": 0},
        "runs": sorted(path.parent.name for path in folder.runs.glob("[!.]*/manifest.json")),
    }
    if not folder.ledger.is_file():
        return found
    ledger = Ledger(folder.ledger)
    try:
        fingerprint = fingerprint_of(recipe, find_files(recipe, recipe_path.absolute().parent), ledger)
        newest, finished = ledger.newest_build(), ledger.newest_build(finished=True)
        if newest is None and ledger.newest_sample():
            found["state"] = "only a sample is built; `curate build` builds the rest"
        spent = ledger.spent()
        found["batches"] = len(ledger.open_batches())
        thin = Counter(term.kind for term in ledger.thin_terms(finished.id)) if finished and recipe.contrast else Counter()
        decided = ledger.contrast_decisions()
        sets = [each.id for each in ledger.contrast_sets(finished.id)] if finished and recipe.contrast else []
        found["contrast"] |= thin | {"sets": len(sets), "awaiting": sum(name not in decided for name in sets)}
        lost, under_way = ledger.lost(), ledger.in_batches()
    finally:
        ledger.close()
    found["spent"] = {
        **asdict(spent),
        "usd_lost": lost,
        "usd_under_way": under_way,
    }
    if newest and not newest.is_finished:
        found["state"] = "the last build published nothing; `curate build` takes it up and says why"
    if finished:
        build = Build.from_row(folder, finished)
        found |= {
            key: value
            for key, value in build.as_dict().items()
            if key in ("version", "dataset", "counts", "stages", "checks", "mix")
        }
        if newest and finished.id == newest.id:
            same = finished.fingerprint == fingerprint
            found["state"] = "up to date" if same else "changed since its last build; `curate build` brings it up to date"
    return found
