"""The longest run of words that a text shares with any of many: found by seeds of five words that are then widened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from likeness.metrics.text import words_of

SEED = 5


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row that two texts share: which of the many it is, the run, and how many words it has."""

    text: int
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)

    def __str__(self) -> str:
        return " ".join(self.words)


class SharedRuns:
    """Texts in which runs of others are looked for.

    Args:
        texts: the texts.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [words_of(text) for text in texts]
        self._seeds: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for number, words in enumerate(self._texts):
            for start in range(len(words) - SEED + 1):
                self._seeds.setdefault(tuple(words[start : start + SEED]), []).append((number, start))

    def longest(self, text: str) -> Run | None:
        """The longest run of a text that is in one of these; None where not even five words are.

        Args:
            text: the text.
        """
        words = words_of(text)
        best: Run | None = None
        start = 0
        while start + SEED <= len(words):
            longest = 0
            for number, place in self._seeds.get(tuple(words[start : start + SEED]), ()):
                other = self._texts[number]
                length = SEED
                while (
                    start + length < len(words) and place + length < len(other) and words[start + length] == other[place + length]
                ):
                    length += 1
                longest = max(longest, length)
                if best is None or length > len(best):
                    best = Run(number, tuple(words[start : start + length]))
            start += max(1, longest - SEED + 1)
        return best
