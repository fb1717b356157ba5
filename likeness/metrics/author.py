"""What is known of an author's writing: learnt once from their own prose, and passed to whatever measures against it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from likeness.metrics.habits import Habit, habits_of
from likeness.metrics.text import count_words, windows_of
from likeness.metrics.voice import LENGTHS, Voice

FEWEST_PIECES = 10
"""Fewer windows say too little about how far an author strays."""

MOST_PIECES = 400
"""Of more, as many are taken, evenly spread: 192,000 words say all there is to say."""


class AuthorProfile:
    """An author's writing, measured. Each measure is made when it is first asked for, and kept.

    Args:
        texts: the author's own prose, one text a document.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)

    @cached_property
    def words(self) -> int:
        """How many words there are to know the author by."""
        return sum(count_words(text) for text in self.texts)

    @cached_property
    def voice(self) -> Voice | None:
        """The author's style and its spread, known up to 480 words of a text, or to 240 or 120 where there is less writing.

        None where there are fewer than about 1,200 words.
        """
        for longest in reversed(LENGTHS[2:]):
            pieces = list(windows_of(self.texts, longest))
            if len(pieces) >= FEWEST_PIECES:
                return Voice(pieces[:: -(-len(pieces) // MOST_PIECES)], tuple(each for each in LENGTHS if each <= longest))
        return None

    @cached_property
    def habits(self) -> list[Habit]:
        """Every habit of language models, with the author's own rate."""
        return habits_of(self.texts)
