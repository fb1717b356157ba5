"""The form of responses beside the author's: how long they run, and lists, headings and markup that the author never has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from curate.model import Finding, Pair, Span
from curate.screen.broken import READY
from curate.screen.sources import SourceTexts
from curate.words import paragraphs_of

HEADING = re.compile(r"^#{1,6} \S.*$", re.MULTILINE)
LIST = re.compile(r"^[ \t]*(?:[-*+•–]|\d{1,2}[.)])[ \t]+\S.*(?:\n+[ \t]*(?:[-*+•–]|\d{1,2}[.)])[ \t]+\S.*)+", re.MULTILINE)
MARKUP = {
    "bold or italic marks": re.compile(
        r"(?<![\w*])(\*{1,3})(?=\S)[^*\n]+?(?<=\S)\1(?![\w*])|(?<!\w)__(?=\S)[^_\n]+?(?<=\S)__(?!\w)"
    ),
    "marks of code": re.compile(r"`[^`\n]+`"),
    "a row of labels": re.compile(
        r"^(?:\*\*)?[A-Z][\w' -]{2,30}:(?:\*\*)?[ \t]+\S.*\n+(?:\*\*)?[A-Z][\w' -]{2,30}:", re.MULTILINE
    ),
}
"""What reads as formatting. What reads as debris (tables, links, tags, fences) is `debris.py`'s."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BLOCK = 1.5
"""A paragraph so many times as long as the author's longest is a finding."""


def find_shape(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Generated pairs whose response has a form that the author's documents have nowhere.

    A list, or markup, where the documents have none; a heading over less than the author's shortest sections (the shortest
    tenth); one block of text half as long again as the author's longest paragraph. The score is the number of such marks, and
    of a block its words. Without documents nothing is found.
    """
    texts = [document.text for document in sources.documents.values()]
    if not texts:
        return
    sections = np.quantile([words for text in texts for words in section_words(text)], 0.1)
    longest = max(len(paragraph.split()) for text in texts for paragraph in [*paragraphs_of(text), ""])
    foreign = {name: mark for name, mark in {"a list": LIST, **MARKUP}.items() if not any(mark.search(text) for text in texts)}
    for pair in pairs:
        if pair.kind in READY:
            continue
        for name, mark in foreign.items():
            if found := list(mark.finditer(pair.response)):
                yield _finding(pair, len(found), f"{name}, which your documents have nowhere", found[0].span())
        if headings := list(HEADING.finditer(pair.response)):
            words = len(pair.response.split()) / len(headings)
            if words < sections:
                message = (
                    f"a heading for every {words:.0f} words, where nine in ten of your sections have {sections:.0f} and more"
                )
                yield _finding(pair, len(headings), message, headings[0].span())
        for paragraph in paragraphs_of(pair.response):
            if longest and (words := len(paragraph.split())) > BLOCK * longest:
                start = pair.response.index(paragraph)
                message = f"one paragraph of {words} words, where your longest has {longest}"
                yield _finding(pair, words, message, (start, start + len(paragraph)))


def _finding(pair: Pair, score: float, message: str, span: tuple[int, int]) -> Finding:
    return Finding(pair.id, "shape", "warning", float(score), message, Span("response", *span))


def section_words(text: str) -> list[int]:
    """Words between one heading and the next; a document whose only heading is its title is one section."""
    return [len(section.split()) for section in HEADING.split(text) if section.strip()]


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
    words = [len(pair.response.split()) for pair in pairs]
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
        quantiles([len(paragraph.split()) for each in paragraphs for paragraph in each] or [0]),
        quantiles([sum(len(paragraph.split()) for paragraph in each) for each in paragraphs]),
        quantiles([len(each) for each in paragraphs]),
        round(sum(bool(LIST.search(text)) for text in texts) / len(texts), 4),
    )


def quantiles(values: Sequence[int]) -> tuple[int, ...]:
    """The 5, 25, 50, 75 and 95 % quantiles, each a value that occurs."""
    return tuple(int(value) for value in np.quantile(values, QUANTILES, method="inverted_cdf"))


def kind_mix(kinds: Iterable[str], asked: Mapping[str, float]) -> float:
    """How far a mix of kinds lies from the one that is asked for: total variation distance, in [0, 1].

    Args:
        kinds: of every pair.
        asked: share of each kind; scaled to sum to one.
    """
    seen, total = list(kinds), sum(asked.values())
    names = {*seen, *asked}
    return round(sum(abs(seen.count(name) / (len(seen) or 1) - asked.get(name, 0) / total) for name in names) / 2, 4)
