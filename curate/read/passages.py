"""Documents are cut into passages: at headings first, then between paragraphs, then between sentences; never in a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

import semchunk

from curate.model import Document, Passage

HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
TOKEN = re.compile(r"\w+|[^\w\s]")
FEWEST_TOKENS = 40
"""A shorter stretch (a heading alone, a dedication) says too little to ask about and is joined to its neighbour."""


def count_tokens(text: str) -> int:
    """Words and marks: what a sub-word tokenizer makes of plain English is about 1.1 to 1.4 times as many."""
    return len(TOKEN.findall(text))


def cut(document: Document, max_tokens: int) -> list[Passage]:
    """The passages of a document, in order, with exact offsets: `passage.text == document.text[start:end]`.

    Sections that fit whole stay whole; short neighbouring sections are joined while they fit.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _joined(document.text, list(_sections(document.text)), max_tokens):
        section = document.text[start:end]
        if count_tokens(section) <= max_tokens:
            spans.append((start, end))
            continue
        _, offsets = semchunk.chunk(section, max_tokens, count_tokens, offsets=True)
        spans.extend((start + a, start + b) for a, b in offsets)
    return [
        Passage(document.path, start, end, document.text[start:end], _heading_before(document.text, start, end))
        for start, end in map(lambda span: _stripped(document.text, *span), spans)  # noqa: C417
        if end > start and re.search(r"\w", HEADING.sub("", document.text[start:end]))
    ]


def _sections(text: str) -> Iterator[tuple[int, int]]:
    starts = [match.start() for match in HEADING.finditer(text)]
    edges = sorted({0, *starts, len(text)})
    yield from zip(edges, edges[1:], strict=False)


def _joined(text: str, sections: list[tuple[int, int]], max_tokens: int) -> Iterator[tuple[int, int]]:
    """Neighbouring sections as one, where one of them is too short to stand alone or both fit in half a passage."""
    held: tuple[int, int, int] | None = None
    for start, end in sections:
        size = count_tokens(text[start:end])
        if held is None:
            held = (start, end, size)
        elif held[2] < FEWEST_TOKENS or held[2] + size <= max_tokens // 2:
            held = (held[0], end, held[2] + size)
        else:
            yield held[0], held[1]
            held = (start, end, size)
    if held:
        yield held[0], held[1]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _heading_before(text: str, start: int, end: int) -> str:
    """The passage's own first heading, or the last one above it."""
    if own := HEADING.match(text, start, end):
        return own[1]
    above = HEADING.findall(text, 0, start)
    return above[-1] if above else ""
