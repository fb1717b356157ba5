"""Preference rows of a dataset folder, made fit for a model, and looked at before a weight is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from likeness.errors import CallError
from likeness.metrics.contrasted import Contrasted, Lint, lint
from train.data import IGNORED, Row, RowBuilder, day_of
from train.room import LeftOut, Room
from train.template import Template

FEWEST_ROWS = 32
"""Below four steps of eight rows, what is learnt depends on which rows they are."""


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """A prompt's ids, and the ids of the answer that is right and of one that is wrong, each with the mark that ends it."""

    id: str
    prompt: list[int]
    chosen: list[int]
    rejected: list[int]


@dataclass
class Preferences:
    """Preference rows to learn from, those held out, what was left out and why, and what the lint found."""

    train: list[PreferenceRow] = field(default_factory=list)
    validation: list[PreferenceRow] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    lint: Lint = field(default_factory=lambda: Lint(0))

    def counts(self) -> dict[str, Any]:
        """For the manifest and the report."""
        why = [{"id": row.id, "reason": row.reason, "message": row.message} for row in self.left_out]
        return {"train": len(self.train), "held_out": len(self.validation), "left_out": why, "lint": self.lint.as_dict()}

    def __str__(self) -> str:
        left_out = f" · {len(self.left_out)} left out" if self.left_out else ""
        return f"{len(self.train)} to learn from, {len(self.validation)} held out{left_out}"


def load_preferences(
    dataset: Path, tokenizer: Any, template: Template, room: Room, control: Sequence[dict[str, Any]]
) -> Preferences:
    """The preference rows of a dataset folder, linted.

    Args:
        dataset: a folder that `curate build` published.
        tokenizer: of the base model.
        template: what was found out about its chat template.
        room: how long a prompt with an answer may be.
        control: the controlled questions, as rows.

    Raises:
        CallError: there are too few rows, or they would teach something else than their contrast.
    """
    entries = {split: _entries(dataset / "preference" / f"{split}.parquet") for split in ("train", "validation")}
    probes = [entry for file in sorted((dataset / "probes").glob("*.parquet")) for entry in _entries(file)]
    held_out = [entry["prompt"][-1]["content"] for entry in [*control, *probes]]
    found = lint([_contrasted(entry) for entry in entries["train"]], held_out)
    builder = RowBuilder(tokenizer, template, day_of(dataset))
    made = Preferences(lint=found)
    unfit = dict.fromkeys(found.equal, "its two answers are nearly the same")
    unfit |= {name: f"it answers a question that is held out: {question}" for name, question in found.leaked.items()}
    for split, into in (("train", made.train), ("validation", made.validation)):
        for entry in entries[split]:
            row = _row(entry, builder, room)
            if split == "train" and (why := unfit.get(entry["id"])):
                row = LeftOut(entry["id"], "unfit", why)
            if isinstance(row, LeftOut):
                made.left_out.append(row)
            else:
                into.append(row)
    _refuse(made)
    return made


def _refuse(made: Preferences) -> None:
    if len(made.train) < FEWEST_ROWS:
        raise CallError(
            f"the dataset has {len(made.train)} preference rows that can be learnt from ({len(made.left_out)} were left out), "
            f"and fewer than {FEWEST_ROWS} teach chance",
            where="train.preference",
            fix="Correct more answers in the review (each correction is one), author contrasts, or leave `preference` out.",
        )
    if made.lint.problems:
        raise CallError(
            "the preference rows would teach something else than their contrast: " + "; ".join(made.lint.problems),
            where="train.preference",
            fix="Write answers of both sides in the same length and with different openings, or leave `preference` out.",
        )


def _entries(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist() if path.is_file() else []


def _contrasted(entry: dict[str, Any]) -> Contrasted:
    chosen, rejected = (str(entry[side][-1]["content"]) for side in ("chosen", "rejected"))
    return Contrasted(entry["id"], str(entry["prompt"][-1]["content"]), chosen, rejected)


def _row(entry: dict[str, Any], builder: RowBuilder, room: Room) -> PreferenceRow | LeftOut:
    """One row: both answers after the prompt's own ids, as a model is asked."""
    sides: list[Row] = []
    for side in ("chosen", "rejected"):
        made = builder.rows(entry["id"], [*entry["prompt"], *entry[side]])
        if isinstance(made, LeftOut):
            return made
        sides.append(made[-1])
    if too_long := room.objection(entry["id"], max(len(row.ids) for row in sides)):
        return too_long
    start = min(sum(label == IGNORED for label in row.labels) for row in sides)
    one, other = (row.ids for row in sides)
    if one[:start] != other[:start] or one == other:
        return LeftOut(entry["id"], "reads_back_otherwise", "its two answers do not follow one and the same prompt")
    return PreferenceRow(entry["id"], one[:start], one[start:], other[start:])
