"""Runs that differ in named ways, one after another, and their comparison."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError, GateError
from likeness.recipe.load import load_recipe
from train.result import Run, Watcher
from train.run import train


@dataclass(frozen=True, slots=True)
class Variant:
    """A run and what it sets over the recipe; or, where it was stopped by a check, why."""

    settings: tuple[str, ...]
    run: Run | None
    stopped: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        found = {"run": str(self.run.folder), "verdict": self.run.verdict} if self.run else {"run": None, "stopped": self.stopped}
        return {"settings": list(self.settings), **found}

    def __str__(self) -> str:
        came_to = f"run {self.run.folder.name}, {self.run.verdict}" if self.run else f"stopped: {self.stopped}"
        return f"{', '.join(self.settings)}: {came_to}"


def sweep(recipe_path: Path, vary: Sequence[str], watch: Watcher, settings: Sequence[str] = ()) -> list[Variant]:
    """Train one run for each combination of values; a run that is finished is not made again.

    A run that a check stops, such as a loss that is no number, does not stop the others.

    Args:
        recipe_path: the recipe's file.
        vary: `key=value,value` each, of keys under `train`.
        watch: follows the runs.
        settings: `key=value` that all runs share.

    Raises:
        CallError: what is to vary makes no sense, or the recipe with it.
        MachineError: the machine failed; the same call goes on.
    """
    variants = [tuple(each) for each in itertools.product(*(_settings(text) for text in vary))]
    for variant in variants:  # all are valid before the first is trained
        load_recipe(recipe_path, [*settings, *variant])
    made = []
    for number, variant in enumerate(variants, 1):
        watch.line(f"run {number} of {len(variants)}: {', '.join(variant)}")
        try:
            made.append(Variant(variant, train(recipe_path, watch, [*settings, *variant])))
        except GateError as error:
            made.append(Variant(variant, None, error.what))
    return made


def _settings(text: str) -> list[str]:
    """`key=1,2` as `key=1` and `key=2`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    key, _, values = text.partition("=")
    where = f"--vary {text}"
    if not key.startswith("train."):
        raise CallError("only keys under `train` make another run", where=where, fix="Such as --vary train.sft.epochs=2,3")
    try:
        found = YAML(typ="safe").load(f"[{values}]")
    except YAMLError:
        found = []
    shown = [f"{key}={json.dumps(value)}" for value in found]
    if len(shown) < 2 or len({*shown}) < len(shown):
        raise CallError("names fewer than two different values", where=where, fix="Such as --vary train.sft.epochs=2,3")
    return shown
