"""Questions that are to be asked of the model later and must not be answered in its training: tests, and what is held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from curate.check import Check
from curate.model import Finding, Pair, Severity
from likeness.metrics.shared_questions import shared_questions

DROPPED = 1.0
"""Score from which a pair is dropped whose instruction asks the question: word for word, alone or as a sentence."""


def find_contamination(pairs: Sequence[Pair], control: Sequence[str]) -> Iterable[Finding]:
    """Pairs that ask a controlled question, or have it in their response: a test that was trained on measures nothing.

    Score is 1.0 for the same words or a run of them, else the likeness of what is asked: from `DROPPED` on the pair
    is dropped, from `REWORDED` on it is a person's to judge.
    """
    for shared in shared_questions([(pair.instruction, pair.response) for pair in pairs], control):
        message = f"asks a controlled question: {shared.how} “{control[shared.question]}”"
        severity: Severity = "drop" if shared.score >= DROPPED and shared.asked else "warning"
        yield Finding(pairs[shared.row].id, "contamination", severity, shared.score, message, reason="asks_control")


CHECK = Check(
    name="contamination",
    about="Pairs that answer a controlled question, which must not be trained on.",
    scope="row",
    order=60,
    reasons={"asks_control": "asks a controlled question"},
    find=lambda given: find_contamination(given.pairs, given.sources.control),
    cure="they ask what control.yaml asks: ask something else there",
)
