"""The table that expectations see: one row a pair."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from curate.decisions.outcomes import Reviewed
from curate.engine.engine import Engine, Here, parts_of
from curate.model import Finding, Pair
from curate.select.split import Split, find_asked_on_both_sides
from curate.sources import SourceTexts
from likeness.metrics.shared_questions import NEAR, shared_questions
from likeness.metrics.text import count_words

COLUMNS = (
    "id", "kind", "document", "instruction", "response", "instruction_words", "response_words", "turns", "quote",
    "split", "passage", "voice_distance", "leakage", "leakage_similarity", "findings", "review", "rating",
)  # fmt: skip
"""What expectations can be about. `passage` is the id of the one that the quote is in. `voice_distance` is the share of the
author's own windows that are nearer to their style, null where it cannot be said. `leakage` says which controlled or held-out
question a row to train on asks, and `leakage_similarity` how nearly. `findings` counts what the checks said. `review` is
approved, edited or awaiting, and null where nobody was asked."""


AT_ONCE, WORTH_WORKERS = 500, 8
"""Rows that are measured as one part, and parts below which starting processes takes longer than it saves."""

COSTLY = ("voice_distance", "leakage")
"""Columns that take longer than all the rest: half a second for a thousand rows."""


def frame_of(
    sides: Split,
    sources: SourceTexts,
    findings: Mapping[str, Sequence[Finding]],
    reviewed: Reviewed,
    measured: Collection[str] = COSTLY,
    engine: Engine | None = None,
) -> Any:
    """A data frame with `COLUMNS`; of `COSTLY`, those that are not in `measured` are null.

    Its `attrs` hold what is no row: `passages` ({id: where it is}), `decided` (how many pairs reviewers have decided) and
    `undecided` (ids of those that they have not).

    Args:
        sides: rows to train on and rows held out.
        sources: the author's documents and passages.
        findings: by pair.
        reviewed: the pairs after the decisions.
        measured: costly columns to fill.
        engine: where rows are measured; this process where none is named.
    """
    import pandas as pd

    undecided = [pair.id for pair in reviewed.awaiting + reviewed.disputed]
    measuring = _Measuring(sources, "voice_distance" in measured, "leakage" in measured)
    _ = measuring.voice and sources.author.voice  # learnt once, before it is sent to many
    parts = (engine or Here()).map(_measure, measuring, parts_of(sides.pairs, AT_ONCE), worth=WORTH_WORKERS)
    rows_measured = [each for part in parts for each in part]
    asked = {pair.id: each.leak for pair, each in zip(sides.pairs, rows_measured, strict=True) if each.leak}
    leaks = leaks_of(sides, asked) if "leakage" in measured else {}
    awaiting = set(undecided)
    validation = {pair.id for pair in sides.validation}
    rows = []
    for pair, each in zip(sides.pairs, rows_measured, strict=True):
        leak = leaks.get(pair.id)
        rows.append((
            pair.id, pair.kind, pair.document, pair.instruction, pair.response, each.instruction_words,
            each.response_words, len(pair.prompt), pair.evidence.quote if pair.evidence else None,
            "validation" if pair.id in validation else "train", each.passage, each.distance,
            leak.message if leak else None, leak.score if leak else np.nan, len(findings.get(pair.id, ())),
            pair.review or ("awaiting" if pair.id in awaiting else None), pair.rating,
        ))  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    passages = (passage for cut in sources.passages.values() for passage in cut)
    decided = len(reviewed.rejected) + sum(bool(pair.review) for pair in reviewed.kept)
    frame.attrs = {
        "passages": {each.id: f"{each.document}: {each.heading or 'the beginning'}" for each in passages},
        "decided": decided,
        "undecided": undecided,
    }
    return frame


def voice_distances(pairs: Sequence[Pair], sources: SourceTexts) -> list[float]:
    """As the check on voice measures it; NaN for what people wrote, for short texts, and where the author is not known enough."""
    voice = sources.author.voice
    written = [place for place, pair in enumerate(pairs) if pair.wrote == "generator"]
    distances = np.full(len(pairs), np.nan)
    if voice and written:
        distances[written] = voice.percentiles([pairs[place].response for place in written])
    return [float(distance) for distance in distances]


def leaks_of(sides: Split, asked: Mapping[str, Finding]) -> dict[str, Finding]:
    """Rows to train on that ask, from a similarity of 0.7 on, a controlled question or what is held out; by id.

    Args:
        sides: rows to train on and rows held out.
        asked: the rows that ask a controlled question, by id.
    """
    leaks = {leak.pair: leak for leak in find_asked_on_both_sides(sides.train, sides.validation, NEAR)}
    return leaks | {pair.id: asked[pair.id] for pair in sides.train if pair.id in asked}


@dataclass(frozen=True, slots=True)
class _Measuring:
    """What all rows are measured against, and which of the costly columns are."""

    sources: SourceTexts
    voice: bool
    leakage: bool


class _Measured(NamedTuple):
    """What is measured of one row by itself."""

    instruction_words: int
    response_words: int
    passage: str | None
    distance: float
    leak: Finding | None


def _measure(measuring: _Measuring, pairs: Sequence[Pair]) -> list[_Measured]:
    sources = measuring.sources
    distances = voice_distances(pairs, sources if measuring.voice else SourceTexts())
    leaks: dict[int, Finding] = {}
    if measuring.leakage:
        for shared in shared_questions([(pair.instruction, pair.response) for pair in pairs], sources.control):
            if shared.score >= NEAR:
                message = f"asks a controlled question: “{sources.control[shared.question]}”"
                leaks[shared.row] = Finding(pairs[shared.row].id, "leakage", "warning", shared.score, message)
    return [
        _Measured(
            count_words(pair.instruction),
            count_words(pair.response),
            passage.id if (passage := sources.passage_of(pair)) else None,
            distance,
            leaks.get(row),
        )
        for row, (pair, distance) in enumerate(zip(pairs, distances, strict=True))
    ]
