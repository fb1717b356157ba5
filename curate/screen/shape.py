"""The form of responses beside the author's: how long they run, and lists, headings and markup that the author never has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from curate.check import Check
from curate.model import Finding, Pair, Span
from curate.sources import SourceTexts
from likeness.metrics.text import count_words, paragraphs_of

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

BLOCK = 1.5
"""A paragraph so many times as long as the author's longest is a finding."""


def find_shape(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Generated pairs whose response has a form that the author's documents have nowhere.

    A list, or markup, where the documents have none; a heading over less than the author's shortest sections (the shortest
    tenth); one block of text half as long again as the author's longest paragraph. The score is the number of such marks, and
    of a block its words. Without documents nothing is found.
    """
    if not sources.documents:
        return
    sections, longest, foreign = sources.learn(_usual)
    for pair in pairs:
        if pair.wrote != "generator":
            continue
        for name, mark in foreign.items():
            if found := list(mark.finditer(pair.response)):
                yield _finding(pair, "form", len(found), f"{name}, which your documents have nowhere", found[0].span())
        if headings := list(HEADING.finditer(pair.response)):
            words = count_words(pair.response) / len(headings)
            if words < sections:
                message = (
                    f"a heading for every {words:.0f} words, where nine in ten of your sections have {sections:.0f} and more"
                )
                yield _finding(pair, "headings", len(headings), message, headings[0].span())
        for paragraph in paragraphs_of(pair.response):
            if longest and (words := count_words(paragraph)) > BLOCK * longest:
                start = pair.response.index(paragraph)
                message = f"one paragraph of {words} words, where your longest has {longest}"
                yield _finding(pair, "paragraph", words, message, (start, start + len(paragraph)))


def _usual(sources: SourceTexts) -> tuple[float, int, dict[str, re.Pattern[str]]]:
    """Words of the author's shortest sections and of their longest paragraph, and the forms that they never use."""
    texts = [document.own_text for document in sources.documents.values()]
    sections = np.quantile([words for text in texts for words in section_words(text)], 0.1)
    longest = max(count_words(paragraph) for text in texts for paragraph in [*paragraphs_of(text), ""])
    forms = {"a list": LIST, **MARKUP}
    return float(sections), longest, {name: mark for name, mark in forms.items() if not any(mark.search(text) for text in texts)}


def _finding(pair: Pair, reason: str, score: float, message: str, span: tuple[int, int]) -> Finding:
    return Finding(pair.id, "shape", "warning", float(score), message, Span("response", *span), reason)


def section_words(text: str) -> list[int]:
    """Words between one heading and the next; a document whose only heading is its title is one section."""
    return [count_words(section) for section in HEADING.split(text) if section.strip()]


def kind_mix(kinds: Iterable[str], asked: Mapping[str, float]) -> float:
    """How far a mix of kinds is from the one that is asked for: total variation distance, in [0, 1].

    Args:
        kinds: of every pair.
        asked: share of each kind; scaled to sum to one.
    """
    seen, total = list(kinds), sum(asked.values())
    names = {*seen, *asked}
    return round(sum(abs(seen.count(name) / (len(seen) or 1) - asked.get(name, 0) / total) for name in names) / 2, 4)


CHECK = Check(
    name="shape",
    about="Lists, headings and blocks of text that the author never writes.",
    scope="row",
    order=140,
    reasons={
        "form": "a form that your documents do not have",
        "headings": "more headings than you write",
        "paragraph": "a longer paragraph than you write",
    },
    find=lambda given: find_shape(given.pairs, given.sources),
)
