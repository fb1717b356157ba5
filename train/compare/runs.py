"""What a comparison reads of a run, and what it makes of several."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from likeness.errors import CallError
from likeness.metrics.declines import declines
from train.base import IDENTITY_FILES
from train.data import RECIPE_LEAVES
from train.evaluate.answers import BASE, GREEDY, TUNED, Answer, Cell, answers_of, as_used
from train.evaluate.degenerate import fault
from train.evaluate.unknown import INVENTED
from train.runs import read_part

TOKENIZER = "tokenizer.json"
PER_TOKEN = ("nats a token", "tokens")
"""Units in which runs with different tokenizers cannot be compared."""


@dataclass(frozen=True)
class RunView:
    """A finished run, as it is compared."""

    folder: Path

    @property
    def name(self) -> str:
        """The run's id."""
        return self.folder.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run left of itself."""
        return read_part(self.folder, "manifest.json")

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The recipe that it was made with."""
        found: dict[str, Any] = YAML(typ="safe", pure=True).load((self.folder / "recipe.yaml").read_text(encoding="utf-8"))
        return found

    @cached_property
    def base(self) -> dict[str, str]:
        """The SHA-256 of its base's files, by name; empty where it was at a host, and of earlier runs."""
        found: dict[str, str] = self.manifest.get("base", {})
        return found

    @cached_property
    def probes(self) -> dict[str, dict[str, Any]]:
        """By name."""
        found = read_part(self.folder, "probes.json").get("probes", [])
        return {probe["name"]: probe for probe in found}

    @cached_property
    def answers(self) -> list[Answer]:
        """All that it was asked; none where they cannot be read."""
        return [] if self.lost else answers_of(self.folder)

    @cached_property
    def lost(self) -> CallError | None:
        """Why its answers cannot be read; None where they can."""
        try:
            answers_of(self.folder)
        except CallError as error:
            return error
        return None

    @cached_property
    def control(self) -> str:
        """The hash of the questions that it was asked, whoever made them."""
        asked = sorted({(answer.id, answer.about, answer.question) for answer in self.answers})
        return json.dumps(asked)

    def value(self, probe: str) -> float | None:
        """The tuned model's score of a probe; None where it was not made."""
        found = self.probes.get(probe)
        return float(found["tuned"]["value"]) if found and found["tuned"] else None


def read_runs(folders: Sequence[Path]) -> list[RunView]:
    """The runs, each with its probes.

    Raises:
        CallError: the probes of one of them are gone or damaged.
    """
    runs = [RunView(folder) for folder in folders]
    for run in runs:
        read_part(run.folder, "probes.json")
    return runs


def differences(runs: Sequence[RunView]) -> list[tuple[str, list[str]]]:
    """What differs between the runs: a setting or a fact of the base or the data, and its value in each."""
    recipes = [run.recipe for run in runs]
    if any("split" not in recipe for recipe in recipes):  # of a packed run: of the rest nothing is known there
        recipes = [_travelling(recipe) for recipe in recipes]
    flat = [dict(_flat(recipe)) | _data(run) for run, recipe in zip(runs, recipes, strict=True)]
    names = list(dict.fromkeys(name for each in flat for name in each))
    table = [(name, [_in_words(each.get(name, "–")) for each in flat]) for name in names]
    return [(name, values) for name, values in table if len(set(values)) > 1]


def _travelling(recipe: dict[str, Any]) -> dict[str, Any]:
    kept = {name: recipe[name] for name in RECIPE_LEAVES if name in recipe}
    return kept | {"persona": {name: value for name, value in kept.get("persona", {}).items() if name != "samples"}}


def _in_words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _data(run: RunView) -> dict[str, Any]:
    rows = run.manifest["metrics"]["rows"]
    return {
        **_base(run),
        "dataset": run.manifest["dataset"],
        "rows trained on": rows["train"],
        "tokens trained on": rows["tokens"],
        "steps": run.manifest["metrics"]["sft"]["steps"],
    }


def _base(run: RunView) -> dict[str, str]:
    """What the base is made of: its name in the recipe may be of a folder that holds another one by now."""
    found: dict[str, list[str]] = {}
    for name, digest in sorted(run.base.items()):
        is_config = name in IDENTITY_FILES
        part = "weights" if name.endswith(".safetensors") else "config" if is_config else "tokenizer and template"
        found.setdefault(f"base: {part}", []).append(digest)
    return {part: hashlib.sha256("".join(digests).encode()).hexdigest()[:8] for part, digests in found.items()}


def tokenizers_differ(runs: Sequence[RunView]) -> bool:
    """Whether two of the runs are known to count text in tokens of different tokenizers."""
    return len({run.base[TOKENIZER] for run in runs if TOKENIZER in run.base}) > 1


def verdict(name: str, runs: Sequence[RunView]) -> str:
    """How a probe went from the first run to the last; "" where that cannot be compared.

    Args:
        name: the probe's.
        runs: in the order they were made.
    """
    one, other = runs[0].probes.get(name, {}), runs[-1].probes.get(name, {})
    return "" if one.get("unit") in PER_TOKEN and tokenizers_differ([runs[0], runs[-1]]) else moved(one, other)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


@dataclass(frozen=True, slots=True)
class Layer:
    """What one cell earns: likeness with its bounds, shares of facts right, of invented things declined, of broken answers."""

    cell: str
    likeness: float | None
    low: float | None
    high: float | None
    facts: float | None
    declined: float | None
    broken: float
    answers: int

    @property
    def worth(self) -> float:
        """What cells are ranked by: likeness (100 is one), facts and declined, less twice what is broken."""
        return (self.likeness or 0.0) / 100 + (self.facts or 0.0) + (self.declined or 0.0) - 2 * self.broken


def layers(run: RunView) -> list[Layer]:
    """Every cell that was asked, in the order prompt, adapter, retrieval."""
    by_cell: dict[Cell, list[Answer]] = {}
    for answer in run.answers:
        by_cell.setdefault(answer.cell, []).append(answer)
    measured = run.probes.get("likeness", {}).get("details", {}).get("layers", {})
    facts = run.probes.get("facts", {}).get("details", {})
    found = []
    for cell, every in by_cell.items():
        answers = [answer for answer in every if answer.sample != GREEDY] or every  # those that probes look at, in each cell
        like = measured.get(str(cell), {})
        if cell == BASE and measured:
            like = {"value": 0.0, "low": 0.0, "high": 0.0}
        asked = [declines(answer.answer) for answer in answers if answer.about in INVENTED]
        broken = sum(fault(answer) is not None for answer in answers) / len(answers)
        declined = round(sum(asked) / len(asked), 4) if asked else None
        bounds = like.get("value"), like.get("low"), like.get("high")
        found.append(Layer(str(cell), *bounds, facts.get(str(cell)), declined, round(broken, 4), len(answers)))
    return found


def best_layer(found: Sequence[Layer]) -> Layer:
    """The cell to ship."""
    return max(found, key=lambda layer: layer.worth)


def beside(runs: Sequence[RunView]) -> list[dict[str, Any]]:
    """Every question with the answers side by side: the base's of the first run, then each run's tuned model."""
    first = as_used(runs[0].answers, BASE)
    tuned = [as_used(run.answers, TUNED) for run in runs]
    rows = []
    for identifier in dict.fromkeys([*first, *(each for answers in tuned for each in answers)]):
        answers = [first.get(identifier), *(each.get(identifier) for each in tuned)]
        known = next(answer for answer in answers if answer)
        shown = [(answer.answer, fault(answer)) if answer else ("", None) for answer in answers]
        rows.append({"id": identifier, "about": known.about, "question": known.question, "answers": shown})
    return sorted(rows, key=lambda row: str(row["about"]))


def moved(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Whether a probe's tuned score got better, worse, or stayed within its uncertainty.

    Args:
        one: the probe of the earlier run.
        other: of the later one.
    """
    if not one.get("tuned") or not other.get("tuned"):
        return ""
    a, b = one["tuned"], other["tuned"]
    if b["low"] > a["high"] or b["high"] < a["low"]:
        rises = b["value"] > a["value"]
        if one["better"] not in ("higher", "lower"):
            return "changed"
        return "better" if rises == (one["better"] == "higher") else "worse"
    return "same"
