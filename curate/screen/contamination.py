"""Questions that are to be asked of the model later and must not be answered in its training: tests, and what is held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from curate.check import Check
from curate.engine.engine import Engine, Here, parts_of
from curate.model import Finding, Pair, Severity
from likeness.metrics.embedding import Embedding
from likeness.metrics.shared_questions import NOTHING, Meant, Shared, asking_parts, near_in_meaning, shared_questions

DROPPED = 1.0
"""Score from which a pair is dropped whose instruction asks the question: word for word, alone or as a sentence."""
AT_ONCE, WORTH_WORKERS = 500, 8
"""Pairs that are looked at as one part, and parts below which starting processes takes longer than it saves."""


def find_contamination(
    pairs: Sequence[Pair], control: Sequence[str], meaning: Embedding | None = None, engine: Engine | None = None
) -> Iterable[Finding]:
    """Pairs that ask a controlled question, or have it in their response: a test that was trained on measures nothing.

    Score is 1.0 for the same words or a run of them, else the likeness of what is asked: from `DROPPED` on the pair
    is dropped, from `REWORDED` on it is a person's to judge.

    Args:
        pairs: those to look at.
        control: the controlled questions.
        meaning: a sentence model, where one is installed: it knows questions that share no word.
        engine: where the pairs are looked at.
    """
    if not control:
        return
    near = near_in_meaning((pair.instruction for pair in pairs), control, meaning) if meaning else NOTHING
    parts = [(rows, _of(rows, near)) for rows in parts_of(pairs, AT_ONCE)]
    looked = (engine or Here()).map(_look, control, parts, worth=WORTH_WORKERS)
    for (rows, _), found in zip(parts, looked, strict=True):
        for shared in found:
            message = f"asks a controlled question: {shared.how} “{control[shared.question]}”"
            severity: Severity = "drop" if shared.score >= DROPPED and shared.asked else "warning"
            yield Finding(rows[shared.row].id, "contamination", severity, shared.score, message, reason="asks_control")


def _of(pairs: Sequence[Pair], near: Meant) -> Meant:
    """What of `near` these pairs ask: the rest need not be sent along."""
    return near and {part: near[part] for pair in pairs for part in asking_parts(pair.instruction) if part in near}


def _look(control: Sequence[str], part: tuple[Sequence[Pair], Meant]) -> list[Shared]:
    pairs, near = part
    return list(shared_questions([(pair.instruction, pair.response) for pair in pairs], control, near))


CHECK = Check(
    name="contamination",
    about="Pairs that answer a controlled question, which must not be trained on.",
    scope="dataset",
    order=75,
    reasons={"asks_control": "asks a controlled question"},
    find=lambda given: find_contamination(given.pairs, given.sources.control, given.meaning, given.engine),
    cure="they ask what control.yaml asks: ask something else there",
)
