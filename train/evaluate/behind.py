"""Find the training rows that may have caused an answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from likeness.metrics.text import FUNCTION_WORDS, words_of

MOST_ROWS = 3
LENGTHS = (5, 4, 3, 2, 1)
LONG = 5
"""Least letters of a single word that is looked up."""


class Behind:
    """An index of rows by phrase, to find those that share phrases with an answer.

    A shared phrase counts more the longer it is and the fewer rows have it. Single words count only if few rows have them.

    Args:
        rows: the id, question and response of each row.
    """

    def __init__(self, rows: Sequence[tuple[str, str, str]]) -> None:
        self._ids = [identifier for identifier, _, _ in rows]
        self._rows_with: dict[tuple[str, ...], list[int]] = {}
        for number, (_, question, response) in enumerate(rows):
            for phrase in {*_phrases(words_of(response)), *_phrases(words_of(question))}:
                self._rows_with.setdefault(phrase, []).append(number)

    def rows(self, question: str, answer: str, most: int = MOST_ROWS) -> list[dict[str, str]]:
        """The rows most similar to an answer: `id`, and in `why` the shared phrase that counts most.

        Args:
            question: the question.
            answer: the answer to it.
            most: number of rows to return.
        """
        weights: Counter[int] = Counter()
        best: dict[int, tuple[float, str]] = {}
        total = len(self._ids) or 1
        asked = set(_phrases(words_of(question)))
        for phrase in dict.fromkeys([*_phrases(words_of(answer)), *asked]):
            held = self._rows_with.get(phrase)
            if not held or len(held) > (max(3, 0.2 * total) if len(phrase) > 1 else 2):
                continue
            weight = len(phrase) ** 2 * math.log(1 + total / len(held)) * (0.5 if phrase in asked else 1.0)
            for number in held:
                weights[number] += weight  # type: ignore[assignment]
                if weight > best.get(number, (0.0, ""))[0]:
                    best[number] = (weight, " ".join(phrase))
        return [{"id": self._ids[number], "why": f"shares “{best[number][1]}”"} for number, _ in weights.most_common(most)]


def _phrases(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    for length in LENGTHS:
        for start in range(len(words) - length + 1):
            phrase = tuple(words[start : start + length])
            content = [word for word in phrase if word not in FUNCTION_WORDS]
            if len(content) > 1 or (length == 1 and content and len(content[0]) >= LONG):
                yield phrase
