"""Lengths and forms of a dataset's responses, by kind, beside the author's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from curate.model import Pair
from curate.screen.shape import HEADING, LIST
from curate.sources import SourceTexts
from likeness.metrics.text import count_words, paragraphs_of, quantiles


@dataclass(frozen=True, slots=True)
class KindShape:
    """One kind's responses: how many, how long, in what form. Quantiles are 5, 25, 50, 75 and 95 %."""

    kind: str
    pairs: int
    share: float
    """Of all pairs."""
    asked: tuple[int, int] | None
    """Fewest and most words that the recipe asks of the kind."""
    words: tuple[int, ...]
    """Quantiles of the words of a response."""
    outside: float
    """Share of responses outside what is asked."""
    paragraphs: tuple[int, ...]
    """Quantiles of the paragraphs of a response."""
    with_list: float
    """Share of responses."""
    with_heading: float

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AuthorShape:
    """The same of the author's documents, to hold the kinds against."""

    documents: int
    paragraph_words: tuple[int, ...]
    document_words: tuple[int, ...]
    document_paragraphs: tuple[int, ...]
    with_list: float
    """Share of documents."""

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def kind_shapes(pairs: Sequence[Pair]) -> list[KindShape]:
    """The shape of every kind, in the order of their names."""
    kinds: dict[str, list[Pair]] = {}
    for pair in pairs:
        kinds.setdefault(pair.kind, []).append(pair)
    return [_kind_shape(kind, kinds[kind], len(pairs)) for kind in sorted(kinds)]


def _kind_shape(kind: str, pairs: Sequence[Pair], of: int) -> KindShape:
    words = [count_words(pair.response) for pair in pairs]
    outside = [p.words_asked and not p.words_asked[0] <= n <= p.words_asked[1] for p, n in zip(pairs, words, strict=True)]
    return KindShape(
        kind,
        len(pairs),
        round(len(pairs) / of, 4),
        pairs[0].words_asked,
        quantiles(words),
        round(sum(map(bool, outside)) / len(pairs), 4),
        quantiles([len(paragraphs_of(pair.response)) for pair in pairs]),
        round(sum(bool(LIST.search(pair.response)) for pair in pairs) / len(pairs), 4),
        round(sum(bool(HEADING.search(pair.response)) for pair in pairs) / len(pairs), 4),
    )


def author_shape(sources: SourceTexts) -> AuthorShape | None:
    """The author's own; None where there are no documents."""
    texts = [document.text for document in sources.documents.values()]
    if not texts:
        return None
    paragraphs = [paragraphs_of(text) for text in texts]
    return AuthorShape(
        len(texts),
        quantiles([count_words(paragraph) for each in paragraphs for paragraph in each] or [0]),
        quantiles([sum(count_words(paragraph) for paragraph in each) for each in paragraphs]),
        quantiles([len(each) for each in paragraphs]),
        round(sum(bool(LIST.search(text)) for text in texts) / len(texts), 4),
    )
