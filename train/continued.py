"""An earlier run's adapter, from which a run goes on (`train.continue`)."""

from __future__ import annotations

import glob
from pathlib import Path

from likeness.errors import CallError
from likeness.recipe.folders import BuildFolder
from likeness.recipe.schema import Lora, Train
from train.runs import read_part

WEIGHTS = "adapter_model.safetensors"


def continued_adapter(build: BuildFolder, settings: Train) -> Path | None:
    """The adapter of the run that `train.continue` names; None where it names none.

    Args:
        build: the recipe's results.
        settings: the recipe's `train`.

    Raises:
        CallError: there is no such finished run, or more than one, or its adapter is of another base or shape.
    """
    from ruamel.yaml import YAML

    if (named := settings.continue_from) is None:
        return None
    where = f"train.continue: {named}"
    found = sorted(build.runs.glob(f"{glob.escape(named)}*/manifest.json"))
    if len(found) != 1:
        known = ", ".join(sorted(path.parent.name for path in build.runs.glob("[!.]*/manifest.json"))) or "none yet"
        raise CallError(f"{len(found) or 'no'} finished runs of this recipe are called so", where=where, fix=f"It has {known}.")
    run = found[0].parent
    base = read_part(run, "manifest.json")["base_model"]
    if not f"/{settings.base_model}".endswith(f"/{base}"):  # earlier runs have a folder's path as the recipe said it
        raise CallError(f"its base is {base}", where=where, fix="Only an adapter of the same base can be continued.")
    before = Lora.model_validate(YAML(typ="safe").load(run / "recipe.yaml")["train"].get("lora", {}))
    if before != settings.lora:
        raise CallError(f"its adapter is of another kind: {before}", where=where, fix="`train.lora` must say the same.")
    return run / "adapter"
