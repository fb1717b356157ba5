"""Questions that are to be asked of the model later and must not be answered in its training: tests, and what is held out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from curate.model import Finding, Pair, Severity
from curate.screen.minhash import NearestIndex, asked_of, shingles

RUN = 8
"""Words in a row that two texts share only if one was taken from the other: the shortest run by which the GPT-3 paper (Brown et
al. 2020, appendix C) told test examples in the training data, which took 8 to 13 by the length of the examples."""
SAME = 0.8
NEAR = 0.7
"""Jaccard similarity of what is asked (content words and question words) from which two questions are one, or nearly."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A row that has a held-out question, and how: `row` and `question` are positions."""

    row: int
    question: int
    score: float
    how: str


def find_contamination(pairs: Sequence[Pair], control: Sequence[str]) -> Iterable[Finding]:
    """Pairs that ask a controlled question, or have it in their response: a test that was trained on measures nothing.

    Score is 1.0 for the same words or a run of them, else the Jaccard similarity of what is asked: from `SAME` on the pair is
    dropped, from `NEAR` on it is a person's to judge.
    """
    for shared in shared_questions(pairs, control):
        message = f"asks a controlled question: {shared.how} “{control[shared.question]}”"
        severity: Severity = "drop" if shared.score >= SAME else "warning"
        yield Finding(pairs[shared.row].id, "contamination", severity, shared.score, message)


def shared_questions(pairs: Sequence[Pair], questions: Sequence[str]) -> Iterator[Shared]:
    """The pairs that ask one of the questions: word for word, as a run of eight words, or for nearly the same in other words.

    `questions` may be the controlled ones or the instructions of the rows that are held out. Each is looked up, none is compared
    with all.
    """
    verbatim = {_said(question): number for number, question in enumerate(questions)}
    runs = {run: number for number, question in enumerate(questions) for run in shingles(_words(question), RUN)}
    index = NearestIndex(NEAR)
    for number, question in enumerate(questions):
        index.add(number, asked_of(question))
    for row, pair in enumerate(pairs):
        said = _said(pair.instruction)
        if said in verbatim:
            yield Shared(row, verbatim[said], 1.0, "it is")
        elif run := _run_in(pair, runs):
            yield Shared(row, runs[run], 1.0, f"eight words of it (“{run}”) stand in")
        elif likest := index.find(asked_of(pair.instruction)):
            yield Shared(row, *likest, "it asks the same as" if likest[1] >= SAME else "it asks nearly the same as")


def _run_in(pair: Pair, runs: dict[str, int]) -> str | None:
    if not runs:
        return None
    return next(
        (run for text in (pair.instruction, pair.response) for run in sorted(shingles(_words(text), RUN) & runs.keys())), None
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("’", "").replace("'", ""))


def _said(text: str) -> str:
    return " ".join(_words(text))
