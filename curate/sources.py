"""What the checks may hold a pair against: the author's documents, their passages, and the controlled questions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from curate.model import Document, Pair, Passage
from likeness.metrics.author import AuthorProfile

Learnt = TypeVar("Learnt")


@dataclass(frozen=True)
class SourceTexts:
    """The texts behind a build's pairs. Empty where the recipe has only ready pairs."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    """By path."""
    passages: Mapping[str, Sequence[Passage]] = field(default_factory=dict)
    """By document path, in the order they are."""
    control: Sequence[str] = ()
    """The controlled questions."""
    _learnt: dict[Callable[[SourceTexts], Any], Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def author(self) -> AuthorProfile:
        """The author, known by their own words."""
        return AuthorProfile([document.own_text for document in self.documents.values()])

    def learn(self, of: Callable[[SourceTexts], Learnt]) -> Learnt:
        """What a check learns of the sources, once: it sees its rows in many parts.

        Args:
            of: a function of a module.
        """
        if of not in self._learnt:
            self._learnt[of] = of(self)
        return cast(Learnt, self._learnt[of])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_learnt": {}}  # each worker learns for itself what it needs

    def written(self) -> str:
        """All documents, in lower case and with one space between words: what `in_words_of` looks in."""
        return _plain("\n".join(document.text for document in self.documents.values()))

    def passage_of(self, pair: Pair) -> Passage | None:
        """The passage that a pair's quote is in."""
        if pair.evidence is None:
            return None
        passages = self.passages.get(pair.evidence.document, ())
        before = bisect_right(passages, pair.evidence.start, key=lambda passage: passage.start)
        passage = passages[before - 1] if before else None
        return passage if passage and pair.evidence.start < passage.end else None


def in_words_of(phrase: str, written: str) -> bool:
    """Whether a phrase is in `SourceTexts.written`, however lines break and quotation marks curl."""
    return _plain(phrase) in written


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())
