"""What preference rows would teach beside what they mean: to be longer or shorter, to open alike, to know a controlled question.

A preference row says that one answer to a prompt is better than another. A model trained on such rows learns whatever tells the
two sides apart most easily. Where that is their length or their first words, it learns that and nothing else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from likeness.metrics.text import words_of

NEARLY_EQUAL = 0.95
"""Similarity from which two answers teach little but noise: where they differ in a word or two, preference training pushes down
the chosen one as well (arXiv 2402.13228, section 3)."""

LONGER = 1.5
"""How many times as long one side may typically be before its length is the lesson (arXiv 2403.19159 on length in DPO)."""

ONE_SIDED = 0.85
"""Share of rows in which the same side may be the longer one, where it is also longer by a tenth."""

SAME_OPENING = 0.25
"""Share of one side's answers that may begin with the same words, where the other side's do not."""

OPENING_WORDS = 3

FEWEST_OPENINGS = 5
"""Rows that have to begin alike before a habit is seen in them."""

SAME_QUESTION = 0.85
"""Share of the shorter question's words that the longer one holds, from which both ask the same."""


@dataclass(frozen=True, slots=True)
class Contrasted:
    """A question with an answer that is right and one that is wrong."""

    id: str
    question: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Words that one side's answers begin with, and the share of each side that does so."""

    words: str
    chosen: float
    rejected: float

    @property
    def one_sided(self) -> bool:
        """Whether the opening tells the sides apart."""
        most, least = max(self.chosen, self.rejected), min(self.chosen, self.rejected)
        return most >= SAME_OPENING and most >= 3 * least


@dataclass(frozen=True)
class Lint:
    """What was found in a set of preference rows. `length`: how many times as long as the rejected answer the chosen one is
    (geometric mean); `chosen_longer`: in what share of rows it is the longer one."""

    rows: int
    equal: list[str] = field(default_factory=list)
    length: float = 1.0
    chosen_longer: float = 0.5
    openings: list[Opening] = field(default_factory=list)
    leaked: dict[str, str] = field(default_factory=dict)
    """Row id -> the question, held out of training, that it answers."""

    @property
    def problems(self) -> list[str]:
        """What would be learnt instead of the contrast, in sentences; nothing where all is well."""
        return [*self._length(), *self._openings()]

    def as_dict(self) -> dict[str, Any]:
        """For manifests and reports."""
        return {
            "rows": self.rows,
            "nearly_equal": self.equal,
            "length": round(self.length, 3),
            "chosen_longer": round(self.chosen_longer, 3),
            "openings": [
                {"words": o.words, "chosen": round(o.chosen, 3), "rejected": round(o.rejected, 3)} for o in self.openings
            ],
            "leaked": self.leaked,
            "problems": self.problems,
        }

    def _length(self) -> list[str]:
        ratio = max(self.length, 1 / self.length)
        side = "chosen" if self.length > 1 else "rejected"
        share = self.chosen_longer if self.length > 1 else 1 - self.chosen_longer
        if ratio >= LONGER or (ratio >= 1.1 and share >= ONE_SIDED):
            return [
                f"{side} answers are {ratio:.1f} times as long as the others, in {share:.0%} of rows: the model would learn to "
                f"write {'long' if side == 'chosen' else 'short'}"
            ]
        return []

    def _openings(self) -> list[str]:
        return [
            f"'{found.words} …' opens {found.chosen:.0%} of chosen and {found.rejected:.0%} of rejected answers: "
            "the model would learn the opening"
            for found in self.openings
            if found.one_sided
        ]


def lint(rows: Sequence[Contrasted], held_out: Collection[str] = ()) -> Lint:
    """Look at preference rows as training would.

    Args:
        rows: the contrasts.
        held_out: questions that are never trained on: controlled ones and probes.
    """
    if not rows:
        return Lint(0)
    logs = [math.log(_length_of(row.chosen) / _length_of(row.rejected)) for row in rows]
    longer = sum((log > 0) + 0.5 * (log == 0) for log in logs) / len(rows)
    return Lint(
        rows=len(rows),
        equal=[row.id for row in rows if similarity(row.chosen, row.rejected) >= NEARLY_EQUAL],
        length=math.exp(sum(logs) / len(logs)),
        chosen_longer=longer,
        openings=_openings(rows),
        leaked=_leaked(rows, held_out),
    )


def similarity(one: str, other: str) -> float:
    """How much of two texts is the same, in [0, 1]: words in the same order (Ratcliff and Obershelp).

    >>> similarity("The gate is shut.", "The gate is shut.")
    1.0
    """
    return SequenceMatcher(None, one.casefold().split(), other.casefold().split(), autojunk=False).ratio()


def _length_of(text: str) -> int:
    return max(1, len(text.strip()))


def _openings(rows: Sequence[Contrasted]) -> list[Opening]:
    chosen, rejected = (
        Counter(" ".join(words_of(getattr(row, side))[:OPENING_WORDS]) for row in rows) for side in ("chosen", "rejected")
    )
    often = {words for words, count in [*chosen.items(), *rejected.items()] if count >= FEWEST_OPENINGS and words}
    found = [Opening(words, chosen[words] / len(rows), rejected[words] / len(rows)) for words in sorted(often)]
    return sorted(found, key=lambda opening: -max(opening.chosen, opening.rejected))[:10]


def _leaked(rows: Sequence[Contrasted], held_out: Collection[str]) -> dict[str, str]:
    questions = {question: set(words_of(question)) for question in held_out}
    leaked = {}
    for row in rows:
        words = set(words_of(row.question))
        for question, others in questions.items():
            if words and others and len(words & others) >= SAME_QUESTION * min(len(words), len(others)):
                leaked[row.id] = question
    return leaked
