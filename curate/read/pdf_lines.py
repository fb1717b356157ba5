"""The lines of PDF pages, before they are columns and paragraphs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Line:
    """A line of text: letters on one baseline, in one column."""

    page: int
    left: float
    right: float
    y: float
    """The distance of its baseline from the top of the page, in points."""
    size: float
    text: str
    first: int = 0
    """The index of its first letter on the page."""
    bold: bool = False
    monospace: bool = False
    cells: list[str] = field(default_factory=list)
    """Its parts, if wide gaps separate them as in a table."""
    marks: set[str] = field(default_factory=set)
    """The footnote marks that were in it."""
    noted: bool = False
    """Whether it begins with a superscript mark, as a footnote does."""


def usual_size(lines: list[Line]) -> float:
    """The font size of most letters."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def on_baselines(pieces: list[Line]) -> list[Line]:
    """Pieces sorted from top to bottom and left to right."""
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda each: (each.y, each.left)):
        if rows and abs(rows[-1][0].y - piece.y) <= 0.35 * min(rows[-1][0].size, piece.size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [piece for row in rows for piece in sorted(row, key=lambda each: each.left)]


def rows_of(pieces: list[Line]) -> list[list[Line]]:
    """Sorted pieces by baseline."""
    rows: list[list[Line]] = []
    for piece in pieces:
        if rows and abs(rows[-1][0].y - piece.y) <= 0.35 * min(rows[-1][0].size, piece.size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows
