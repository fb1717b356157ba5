"""The table that expectations see: one row a pair."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from curate.decisions.outcomes import Reviewed
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


COSTLY = ("voice_distance", "leakage")
"""Columns that take longer than all the rest: half a second for a thousand rows."""


def frame_of(
    sides: Split,
    sources: SourceTexts,
    findings: Mapping[str, Sequence[Finding]],
    reviewed: Reviewed,
    measured: Collection[str] = COSTLY,
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
    """
    import pandas as pd

    undecided = [pair.id for pair in reviewed.awaiting + reviewed.disputed]
    distances = voice_distances(sides.pairs, sources if "voice_distance" in measured else SourceTexts())
    leaks = leaks_of(sides, sources.control) if "leakage" in measured else {}
    awaiting = set(undecided)
    validation = {pair.id for pair in sides.validation}
    rows = []
    for pair, distance in zip(sides.pairs, distances, strict=True):
        passage = sources.passage_of(pair)
        leak = leaks.get(pair.id)
        rows.append((
            pair.id, pair.kind, pair.document, pair.instruction, pair.response, count_words(pair.instruction),
            count_words(pair.response), len(pair.prompt), pair.evidence.quote if pair.evidence else None,
            "validation" if pair.id in validation else "train", passage.id if passage else None, distance,
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


def leaks_of(sides: Split, control: Sequence[str]) -> dict[str, Finding]:
    """Rows to train on that ask, from a similarity of 0.7 on, a controlled question or what is held out; by id."""
    leaks = {leak.pair: leak for leak in find_asked_on_both_sides(sides.train, sides.validation, NEAR)}
    for shared in shared_questions([(pair.instruction, pair.response) for pair in sides.train], control):
        if shared.score < NEAR:
            continue
        pair = sides.train[shared.row]
        message = f"asks a controlled question: “{control[shared.question]}”"
        leaks[pair.id] = Finding(pair.id, "leakage", "warning", shared.score, message)
    return leaks
