"""Join the lines of PDF columns into paragraphs, over columns and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curate.read.markup import is_verse
from curate.read.pdf_columns import Column
from curate.read.pdf_heads import CAPTION, ENDED
from curate.read.pdf_lines import Line

HYPHENS = "-\u2010\u00ad"
ITEM = re.compile(r"(?:[•‣◦▪●○■□➢➤*·–—-]\s+|\(?(?:\d{1,2}|[a-z])[.)]\s+)(?=\S)")
DASH = re.compile(r"[*·–—-]\s+")
"""A bullet that may also be punctuation at the beginning of a line."""
BULLET = re.compile(r"[•‣◦▪●○■□➢➤*·–—-]\s+")


@dataclass(slots=True)
class Paragraph:
    """The lines of one paragraph."""

    lines: list[Line]
    column: Column
    gap: bool
    """Whether the space above it is larger than the line spacing."""
    is_verse: bool = False


def paragraphs_of(columns: list[Column], body: float) -> Iterator[Paragraph]:
    """The paragraphs of all columns in reading order; `body` is the font size of most letters, in points."""
    current: Paragraph | None = None
    indented = _are_indented(columns, body)
    for column in columns:
        for number, line in enumerate(column.lines):
            before = column.lines[number - 1] if number else None
            if current is None:
                current = Paragraph([line], column, True)
                continue
            if before is None:
                breaks, gap = _breaks_over(current, line, column, indented=indented), False
            else:
                breaks, gap = _breaks(current, before, line, column)
            if breaks:
                yield current
                current = Paragraph([line], column, gap)
            else:
                current.lines.append(line)
    if current is not None:
        yield current


def _are_indented(columns: list[Column], body: float) -> bool:
    """Whether paragraphs are marked by an indent rather than by space above."""
    starts = gaps = 0
    for column in columns:
        for before, line in zip(column.lines, column.lines[1:], strict=False):
            if line.size == before.size == body:
                starts += (
                    0.6 * line.size < line.left - column.left < 5 * line.size and abs(before.left - column.left) < 0.4 * line.size
                )
                gaps += line.y - before.y > 1.3 * column.leading
    return starts > gaps


def _is_other_kind(before: Line, line: Line) -> bool:
    return (
        abs(line.size - before.size) > 0.07 * max(line.size, before.size)
        or line.monospace != before.monospace
        or (line.bold != before.bold)
        or (len(line.cells) > 1) != (len(before.cells) > 1)
    )


def _breaks(current: Paragraph, before: Line, line: Line, column: Column) -> tuple[bool, bool]:
    """Whether a line begins a paragraph, and whether the space above it is larger than the line spacing."""
    gap = line.y - before.y > 1.3 * column.leading + 0.5
    if line.monospace and before.monospace:
        return line.y - before.y > 3.2 * column.leading, gap
    if len(line.cells) > 1 and len(before.cells) > 1 and line.size == before.size and line.y - before.y < 3 * line.size:
        return False, gap  # rows of a table
    if line.size > 1.12 * column.leading:
        gap = line.y - before.y > 1.6 * line.size
    if gap or _is_other_kind(before, line):
        return True, gap
    if len(line.cells) > 1:
        return False, False
    item = bool(ITEM.match(current.lines[0].text))
    if DASH.match(line.text) and not item and line.left < column.left + 0.5 * line.size:
        ended = bool(ENDED.search(before.text))
        return ended and _ended_early(before, line, column), False
    if ITEM.match(line.text) and (item or line.left > column.left + 0.5 * line.size or BULLET.match(line.text)):
        return True, False
    step = line.left - before.left
    if abs(step) > 0.6 * line.size:
        centred = abs(line.left + line.right - before.left - before.right) < line.size
        if centred and (line.text[:1].islower() or CAPTION.match(current.lines[0].text)):
            return False, False
        if step > 0:
            return not (item and len(current.lines) == 1), False
        if len(current.lines) > 1 and before.left > column.left + 0.6 * line.size:
            return True, False  # back from an indented block
        return False, False
    return _ended_early(before, line, column), False


def _ended_early(before: Line, line: Line, column: Column) -> bool:
    """Whether `before` ends a paragraph: the first word of `line` would have fitted on it."""
    if re.search(rf"\w[{HYPHENS}]$", before.text):
        return False
    letters = max(len(line.text), 1)
    word = len(line.text.split(" ", 1)[0]) * (line.right - line.left) / letters
    room = column.right - before.right - word - 0.3 * line.size
    width = max(column.right - column.left, 1.0)
    return room > 0.25 * width or (room > 0.03 * width and bool(ENDED.search(before.text)))


def _breaks_over(current: Paragraph, line: Line, column: Column, *, indented: bool) -> bool:
    """Whether the first line of a column or page begins a paragraph."""
    before = current.lines[-1]
    if before.monospace and line.monospace:
        return False
    if _is_other_kind(before, line) or (ITEM.match(line.text) and not (DASH.match(line.text) and not ENDED.search(before.text))):
        return True
    if len(line.cells) > 1:
        return False
    if line.left - column.left > 0.6 * line.size:
        return True
    if not ENDED.search(before.text):
        return line.text[:1].isupper() and _ended_early(before, line, current.column)
    if indented:
        return False
    return line.text[:1].isupper() or _ended_early(before, line, current.column)


def with_verse(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Join short paragraphs of one line that follow each other closely: they are the lines of a poem."""
    out: list[Paragraph] = []
    run: list[Paragraph] = []

    def end_run() -> None:
        lines = [line for each in run for line in each.lines]
        width = max((run[0].column.right - run[0].column.left), 1.0) if run else 1.0
        longest = max((line.right - line.left for line in lines), default=0.0)
        full = sum(line.right - line.left > 0.88 * longest for line in lines)
        if len(run) >= 4 and full * 3 >= 2 * len(run) and sum(line.text[:1].islower() for line in lines) * 2 > len(lines):
            out.append(Paragraph(lines, run[0].column, run[0].gap))  # narrow prose
        elif len(run) >= 3 and is_verse([line.text for line in lines]) and longest < 0.85 * width:
            out.append(Paragraph(lines, run[0].column, True, is_verse=True))
        else:
            out.extend(run)
        run.clear()

    for each in paragraphs:
        line = each.lines[0]
        single = len(each.lines) == 1 and not line.monospace and len(line.cells) < 2 and not ITEM.match(line.text)
        if run and (not single or each.gap or run[-1].lines[0].size != line.size or run[-1].column is not each.column):
            end_run()
        if single:
            run.append(each)
        else:
            out.append(each)
    end_run()
    return out
