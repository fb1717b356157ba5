"""The author's own prose as a response: which paragraphs of a passage to take (LongForm, arXiv 2304.08460)."""

from __future__ import annotations

import re

from curate.model import Passage

PARAGRAPH = re.compile(r"(?:(?!\n\n).)+", re.DOTALL)


def own_stretches(passage: Passage, count: int, words: tuple[int, int]) -> list[tuple[int, int]]:
    """Offsets, within the passage, of up to `count` runs of whole paragraphs with a number of words in the range.

    The longest runs are taken, none overlapping another; headings end a run. Ordered as they stand.
    """
    runs = sorted(_runs(passage.text, words), key=lambda run: (-run[2], run[0]))
    taken: list[tuple[int, int]] = []
    for start, end, _ in runs:
        if len(taken) == count:
            break
        if all(end <= a or start >= b for a, b in taken):
            taken.append((start, end))
    return sorted(taken)


def _runs(text: str, words: tuple[int, int]) -> list[tuple[int, int, int]]:
    """(start, end, words) of every run of neighbouring paragraphs in the range."""
    fewest, most = words
    paragraphs = [match.span() for match in PARAGRAPH.finditer(text) if match[0].strip()]
    found = []
    for first in range(len(paragraphs)):
        total = 0
        for start, end in paragraphs[first:]:
            if text[start:end].lstrip().startswith("#"):
                break
            total += len(text[start:end].split())
            if total > most:
                break
            if total >= fewest:
                begin, finish = paragraphs[first][0], end
                begin += len(text[begin:finish]) - len(text[begin:finish].lstrip())
                finish -= len(text[begin:finish]) - len(text[begin:finish].rstrip())
                found.append((begin, finish, total))
    return found
