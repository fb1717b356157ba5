"""Questions that are to be asked of the model later and must not be answered in its training: tests, and what is held out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from curate.model import Finding, Pair
from curate.screen.minhash import NearestIndex, content_words, shingles

RUN = 8
"""Words in a row that two texts share only if one was taken from the other: the shortest run by which the GPT-3 paper (Brown et
al. 2020, appendix C) told test examples in the training data, which took 8 to 13 by the length of the examples."""
NEAR = 0.75
"""Jaccard similarity of content words from which two questions are one asked twice."""
FEWEST = 2
"""A question with fewer content words ("Who are you?") is the same only word for word."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A row that has a held-out question, and how: `row` and `question` are positions."""

    row: int
    question: int
    score: float
    how: str


def find_contamination(pairs: Sequence[Pair], control: Sequence[str]) -> Iterable[Finding]:
    """Pairs that ask a controlled question, or have it in their response: a test that was trained on measures nothing.

    Score is 1.0 for the same words or a run of them, else the Jaccard similarity of the content words.
    """
    for shared in shared_questions(pairs, control):
        message = f"asks a controlled question: {shared.how} “{control[shared.question]}”"
        yield Finding(pairs[shared.row].id, "contamination", "drop", shared.score, message)


def shared_questions(pairs: Sequence[Pair], questions: Sequence[str]) -> Iterator[Shared]:
    """The pairs that ask one of the questions: word for word, as a run of eight words, or in nearly the same content words.

    `questions` may be the controlled ones or the instructions of the rows that are held out; neither side is quadratic.
    """
    asked = {_said(question): number for number, question in enumerate(questions)}
    runs = {run: number for number, question in enumerate(questions) for run in shingles(_words(question), RUN)}
    index = NearestIndex(NEAR)
    for number, question in enumerate(questions):
        if len(words := content_words(question)) >= FEWEST:
            index.find_or_add(number, words)
    for row, pair in enumerate(pairs):
        said = _said(pair.instruction)
        if said in asked:
            yield Shared(row, asked[said], 1.0, "it is")
        elif run := _run_in(pair, runs):
            yield Shared(row, runs[run], 1.0, f"eight words of it (“{run}”) stand in")
        elif len(words := content_words(pair.instruction)) >= FEWEST and (likest := index.find(words)):
            yield Shared(row, *likest, f"it is about {likest[1]:.0%} the words of")


def _run_in(pair: Pair, runs: dict[str, int]) -> str | None:
    if not runs:
        return None
    return next((run for text in (pair.instruction, pair.response) for run in sorted(shingles(_words(text), RUN) & runs.keys())), None)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("’", "").replace("'", ""))


def _said(text: str) -> str:
    return " ".join(_words(text))
