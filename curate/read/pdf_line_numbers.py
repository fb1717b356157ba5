"""Find the numbers of lines in the margin of PDF pages, as manuscripts, drafts of laws and transcripts have them.

A column of numbers is taken for them if it is outside the text, counts on by one and the same step, and runs beside prose over
most of the page. The first column of a table or the numbers of a list do not: their lines do not go on from one to the next.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from curate.read.pdf_lines import Line, rows_of

NUMBER = re.compile(r"\d{1,5}")
STEPS = (1, 2, 3, 4, 5, 10)
NEAR = 2.0
"""Points by which the ends of numbers that stand below each other may differ."""
FEWEST = 5
"""Numbers of a page, if every line has one; those that go on from another page may be fewer."""
FEWEST_APART = 2
"""Numbers of a page, if every second, fifth or tenth line has one."""
FEWEST_IN_ALL = 3
LEAST_NUMBERED = 0.25
"""Share of the pages: appendices and figures of a manuscript have no numbers."""
MOST_BESIDE = 0.1
"""Share of the rows beside the numbers that may have something else in their column."""
LEAST_COVERED = 0.5
"""Share of the rows of a page that must be beside its numbers."""
LEAST_GOING_ON = 0.15
"""Share of the lines that begin with a small letter, as lines do that go on from the line above."""
LEAST_FULL = 0.25
"""Share of the lines that are about as long as the longest."""
REGULAR = 0.85
SHORTEST = 18
"""Letters of a usual line; the cells of tables are shorter."""
SPEAKER = 3
"""Letters of the mark before a question or an answer."""


@dataclass(slots=True)
class _Run:
    """Numbers of one page that stand below each other and count on."""

    pieces: list[Line]
    first: int
    step: int

    @property
    def following(self) -> int:
        return self.first + self.step * len(self.pieces)


def without_line_numbers(pages: list[list[Line]]) -> tuple[list[list[Line]], list[tuple[int, str]]]:
    """The pages without the numbers of their lines; and the removed numbers, by page.

    Args:
        pages: the pieces of each page from top to bottom.
    """
    found: dict[int, list[_Run]] = {}
    following: dict[int, int] = {}
    for number, page in enumerate(pages):
        if runs := _runs_of(page, following):
            found[number] = runs
            following = {value: run.step for run in runs for value in (run.first, run.following)}
    full = sum(len(page) >= FEWEST for page in pages)
    if len(found) < LEAST_NUMBERED * full or sum(len(run.pieces) for runs in found.values() for run in runs) < FEWEST_IN_ALL:
        return pages, []
    names = {id(piece) for runs in found.values() for run in runs for piece in run.pieces}
    gone = [(number, " ".join(piece.text for run in runs for piece in run.pieces)) for number, runs in found.items()]
    return [[piece for piece in page if id(piece) not in names] for page in pages], gone


def _runs_of(page: list[Line], following: dict[int, int]) -> list[_Run]:
    """The line numbers of a page.

    Args:
        page: its pieces.
        following: the numbers with which those of the page before would go on or begin again, each with their step.
    """
    numbers = [piece for piece in page if NUMBER.fullmatch(piece.text)]
    if len(numbers) < FEWEST_APART and not (numbers and following):
        return []
    runs: list[_Run] = []
    known: set[int] = set()
    expected = dict(following)
    for column in _columns(numbers):
        for run in _counting(column):
            if any(id(piece) in known for piece in run.pieces):
                continue
            goes_on = expected.get(run.first) == run.step or (len(run.pieces) == 1 and run.first in expected)
            if goes_on:
                run.step = expected[run.first]
            names = known | {id(piece) for piece in run.pieces}
            if _are_beside_lines(run, [piece for piece in page if id(piece) not in names], goes_on=goes_on):
                runs.append(run)
                known = names
                expected[run.following] = run.step
    return runs


def _columns(numbers: list[Line]) -> list[list[Line]]:
    """Numbers that stand below each other at their right or their left ends, the most first."""
    columns = []
    for end in ("right", "left"):
        places: Counter[int] = Counter(round(getattr(piece, end)) for piece in numbers)
        for place in places:
            columns.append([piece for piece in numbers if abs(getattr(piece, end) - place) < NEAR])
    return sorted(columns, key=len, reverse=True)


def _counting(column: list[Line]) -> list[_Run]:
    """The parts of a column of numbers that count on by one step."""
    values = [int(piece.text) for piece in column]
    if len(column) == 1:
        return [_Run(column, values[0], 1)]
    steps = Counter(after - before for before, after in pairwise(values))
    step = max(STEPS, key=lambda each: (steps[each], -each))
    runs: list[_Run] = []
    for piece, value in zip(column, values, strict=True):
        if runs and value == runs[-1].following:
            runs[-1].pieces.append(piece)
        else:
            runs.append(_Run([piece], value, step))
    return runs


def _are_beside_lines(run: _Run, others: list[Line], *, goes_on: bool) -> bool:
    """Whether numbers are those of the lines beside them.

    Args:
        run: the numbers.
        others: all else on the page.
        goes_on: whether the numbers go on from those of another page or column.
    """
    if len(run.pieces) < (1 if goes_on else FEWEST if run.step == 1 else FEWEST_APART):
        return False
    top, bottom = run.pieces[0].y, run.pieces[-1].y
    near = 0.5 * max(piece.size for piece in others) if others else 0.0
    rows = rows_of(others)
    without = near + (run.step - 1) * _spacing(rows)
    beside = [row for row in rows if top - without <= row[0].y <= bottom + without]
    left = min(piece.left for piece in run.pieces)
    right = max(piece.right for piece in run.pieces)
    crossing = sum(any(piece.left < right and piece.right > left for piece in row) for row in beside)
    if not beside or crossing > MOST_BESIDE * len(beside):
        return False
    to_the_left = sum(any(piece.right <= left for piece in row) for row in beside) > MOST_BESIDE * len(beside)
    to_the_right = sum(any(piece.left >= right for piece in row) for row in beside) > MOST_BESIDE * len(beside)
    if to_the_left and to_the_right and not goes_on:
        return False
    inner = rows[1:-1] or rows
    if not goes_on and len(beside) < LEAST_COVERED * len(inner):
        return False
    if run.step > 1:
        return _is_every(run, beside, near)
    lines = [[piece for piece in row if (piece.right <= left if to_the_left else piece.left >= right)] for row in beside]
    return goes_on or (_is_regular(run, beside, near) and _are_prose([line for line in lines if line]))


def _spacing(rows: list[list[Line]]) -> float:
    gaps = [after[0].y - before[0].y for before, after in pairwise(rows)]
    return median(gaps) if gaps else 0.0


def _rows_between(run: _Run, rows: list[list[Line]], near: float) -> list[int]:
    """How many rows further down each number is than the one before."""
    heights = [row[0].y for row in rows]
    return [sum(before.y + near < height <= after.y + near for height in heights) for before, after in pairwise(run.pieces)]


def _is_every(run: _Run, rows: list[list[Line]], near: float) -> bool:
    """Whether each number stands as many rows below the one before as it counts on, and not in the next row of a table."""
    if run.first % run.step > 1:
        return False
    between = _rows_between(run, rows, near)
    return not between or sum(abs(each - run.step) <= run.step // 5 for each in between) >= REGULAR * len(between)


def _is_regular(run: _Run, rows: list[list[Line]], near: float) -> bool:
    """Whether each row has its number, or the numbers are printed at one distance, as on the paper of courts."""
    between = _rows_between(run, rows, near)
    if sum(each <= 1 for each in between) >= REGULAR * len(between):
        return True
    gaps = [after.y - before.y for before, after in pairwise(run.pieces)]
    usual = median(gaps)
    return sum(abs(gap - usual) < 0.05 * usual for gap in gaps) >= REGULAR * len(gaps)


def _are_prose(lines: list[list[Line]]) -> bool:
    """Whether lines go on from one to the next: some begin with a small letter, or a script has none, and some are full."""
    lines = [_of_one_column(line) for line in lines]
    if not lines or median(sum(len(piece.text) for piece in line) for line in lines) < SHORTEST:
        return False
    firsts = [found[0] for line in lines if (found := re.search(r"[^\W\d_]", line[0].text))]
    going_on = sum(letter.islower() or letter.upper() == letter.lower() for letter in firsts)
    widths = sorted(line[-1].right - line[0].left for line in lines)
    longest = widths[int(0.9 * (len(widths) - 1))]
    full = sum(width > 0.75 * longest for width in widths)
    return going_on >= LEAST_GOING_ON * len(lines) and full >= LEAST_FULL * len(lines)


def _of_one_column(line: list[Line]) -> list[Line]:
    """The pieces of a row up to the next column of the page or cell of a table."""
    kept = [line[0]]
    for piece in line[1:]:
        if piece.left - kept[-1].right > 2.2 * piece.size and len(kept[-1].text) > SPEAKER:
            break
        kept.append(piece)
    return kept
