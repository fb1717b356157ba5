"""Find the columns of a PDF page, and their lines."""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

from curate.read.pdf_lines import Line, on_baselines, rows_of

FEWEST_CELLS = 3


@dataclass(slots=True)
class Column:
    """A column of lines, with its margins and line spacing."""

    lines: list[Line]
    left: float
    right: float
    leading: float


def columns_of(page: list[Line]) -> list[Column]:
    """The columns of a page in reading order."""
    return [column_of(lines) for lines in _split(page, 0) if lines]


def _split(pieces: list[Line], depth: int) -> list[list[Line]]:
    gutter = _gutter(pieces) if depth < 3 else None
    if gutter is None:
        if depth == 0 and _is_interleaved(pieces):
            return [_merged(on_baselines(flow)) for flow in _flows(pieces)]
        bands = _bands(pieces) if depth == 0 else []
        if any(has_columns for _, has_columns in bands):
            return [lines for band, _ in bands for lines in _split(band, 1)]
        return [_merged(pieces)]
    out: list[list[Line]] = []
    left: list[Line] = []
    right: list[Line] = []
    across: list[Line] = []

    def end_band() -> None:
        nonlocal left, right
        for side in (left, right):
            if side:
                out.extend(_split(side, depth + 1))
        left, right = [], []

    for row in rows_of(pieces):
        crossing = [piece for piece in row if piece.left < gutter - 2 and piece.right > gutter + 2]
        if crossing or (across and _is_centred_below(across, row)):
            end_band()
            across += row
            continue
        if across:
            out.append(_merged(across))
            across = []
        left += [piece for piece in row if piece.right <= gutter + 2]
        right += [piece for piece in row if piece.right > gutter + 2]
    if across:
        out.append(_merged(across))
    end_band()
    return out


def _is_centred_below(across: list[Line], row: list[Line]) -> bool:
    """Whether a row is the short last line of a centred paragraph that reaches over the columns."""
    last, line = across[-1], row[0]
    middle = abs(line.left + line.right - last.left - last.right) / 2
    return len(row) == 1 and line.size == last.size and line.y - last.y < 1.6 * line.size and middle < line.size


def _bands(pieces: list[Line]) -> list[tuple[list[Line], bool]]:
    """Cut a page at empty horizontal bands; each part with whether it has columns. Neighbours without columns are joined."""
    rows = rows_of(pieces)
    gaps = [following[0].y - row[0].y for row, following in zip(rows, rows[1:], strict=False)]
    usual = median(gaps) if gaps else 0.0
    parts: list[list[Line]] = [[]]
    for number, row in enumerate(rows):
        if number and gaps[number - 1] > 1.5 * usual:
            parts.append([])
        parts[-1] += row
    bands: list[tuple[list[Line], bool]] = []
    for part in parts:
        has_columns = _gutter(part) is not None
        if bands and not has_columns and not bands[-1][1]:
            bands[-1][0].extend(part)
        else:
            bands.append((part, has_columns))
    return bands


def _is_interleaved(pieces: list[Line]) -> bool:
    """Whether many pieces on one baseline are far apart in the file, as the pieces of two columns or of a figure are."""
    place = {id(piece): number for number, piece in enumerate(sorted(pieces, key=lambda each: each.first))}
    rows = [row for row in rows_of(pieces) if len(row) > 1]
    apart = sum(any(abs(place[id(a)] - place[id(b)]) > 1 for a, b in zip(row, row[1:], strict=False)) for row in rows)
    return apart >= 4 and apart * 3 >= len(rows)


def _flows(pieces: list[Line]) -> list[list[Line]]:
    """Pieces in the order of the file, split wherever the next piece is higher up or to the side."""
    flows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda each: each.first):
        last = flows[-1][-1] if flows else None
        if (
            last is None
            or piece.y < last.y - 0.6 * last.size
            or piece.y > last.y + 4 * last.size
            or (
                piece.y > last.y + 0.5 * last.size
                and (piece.left > last.right or piece.right < min(each.left for each in flows[-1][-3:]))
            )
        ):
            flows.append([])
        flows[-1].append(piece)
    return flows


def _gutter(pieces: list[Line]) -> float | None:
    """The horizontal position of the gap between two columns of prose; None if there are no two columns."""
    if len(pieces) < 12:
        return None
    start, end = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    letters = sum(len(piece.text) for piece in pieces)
    places = [start + (end - start) * step / 120 for step in range(18, 103)]
    changes = [0] * (len(places) + 1)
    for piece in pieces:
        changes[bisect(places, piece.left + 1)] += len(piece.text)
        changes[max(bisect_left(places, piece.right - 1), bisect(places, piece.left + 1))] -= len(piece.text)
    crossing = list(accumulate(changes[:-1]))
    for amount in sorted({each for each in crossing if each * 6 <= letters}):
        for first, last in _runs([each <= amount for each in crossing]):
            x = (places[first] + places[last]) / 2
            left = [piece for piece in pieces if piece.right <= x + 1]
            right = [piece for piece in pieces if piece.left >= x - 1]
            if _is_column(left, letters) and _is_column(right, letters) and _side_by_side(left, right):
                return x
    return None


def _runs(flags: list[bool]) -> list[tuple[int, int]]:
    """First and last index of each run of true flags, longest run first."""
    runs: list[tuple[int, int]] = []
    for number, flag in enumerate(flags):
        if flag and runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        elif flag:
            runs.append((number, number))
    return sorted(runs, key=lambda run: run[0] - run[1])


def _is_column(pieces: list[Line], letters: int) -> bool:
    """Whether pieces are lines of prose, most of them equally long, and not the cells of a table."""
    if len(pieces) < 5 or sum(len(piece.text) for piece in pieces) * 6 < letters:
        return False
    widths = sorted(piece.right - piece.left for piece in pieces if len(piece.text) > 3)
    if len(widths) < 5:
        return False
    usual = widths[int(0.8 * len(widths))]
    full = sum(len(piece.text) for piece in pieces if piece.right - piece.left > 0.7 * usual)
    return full * 2 >= sum(len(piece.text) for piece in pieces) and median(len(piece.text) for piece in pieces) >= 14


def _side_by_side(left: list[Line], right: list[Line]) -> bool:
    top, bottom = max(left[0].y, right[0].y), min(left[-1].y, right[-1].y)
    height = max(left[-1].y, right[-1].y) - min(left[0].y, right[0].y)
    return bottom - top > 0.25 * height


def _merged(pieces: list[Line]) -> list[Line]:
    """Merge the pieces on each baseline into one line."""
    lines: list[Line] = []
    pieces_of_rows: list[list[tuple[float, float, str]]] = []
    for row in rows_of(pieces):
        row.sort(key=lambda each: each.left)
        line = row[0]
        line.size = max(row, key=lambda each: len(each.text)).size  # and not that of a bullet
        cells = [line.text]
        pieces_of_rows.append([(piece.left, piece.right, piece.text) for piece in row])
        for piece in row[1:]:
            if piece.left - line.right > 2.2 * line.size:
                cells.append(piece.text)
            else:
                cells[-1] += " " + piece.text
            line.text += " " + piece.text
            line.right = max(line.right, piece.right)
            line.marks |= piece.marks
            line.bold = line.bold and piece.bold
            line.monospace = line.monospace and piece.monospace
        line.cells = cells
        lines.append(line)
    for number, (line, found) in enumerate(zip(lines, pieces_of_rows, strict=True)):
        beside = pieces_of_rows[max(number - 1, 0) : number] + pieces_of_rows[number + 1 : number + 2]
        if len(found) >= FEWEST_CELLS and any(_are_aligned(found, each, 0.5 * line.size) for each in beside):
            line.cells = [text for _, _, text in found]  # a table with narrow gaps
    return lines


def _are_aligned(row: list[tuple[float, float, str]], other: list[tuple[float, float, str]], near: float) -> bool:
    """Whether the pieces of two rows stand below each other, at their left or right ends or in the middle."""
    return len(row) == len(other) and all(
        min(abs(left - a), abs(right - b), abs(left + right - a - b) / 2) < near
        for (left, right, _), (a, b, _) in zip(row, other, strict=True)
    )


def column_of(lines: list[Line]) -> Column:
    """Lines as a column, with its margins and line spacing."""
    lefts: Counter[int] = Counter()
    for line in lines:
        lefts[round(line.left)] += len(line.text)
    most = lefts.most_common(1)[0][0]
    left = min((place for place, weight in lefts.items() if weight * 4 >= lefts[most]), default=most)
    rights = sorted(line.right for line in lines)
    gaps = [
        following.y - line.y
        for line, following in zip(lines, lines[1:], strict=False)
        if 0 < following.y - line.y < 3 * line.size
    ]
    leading = median(gaps) if gaps else 1.2 * lines[0].size
    tight = [gap for gap in gaps if gap <= 1.2 * min(gaps)] if gaps else []
    if len(tight) * 3 >= len(gaps) and tight:
        leading = median(tight)
    return Column(lines, float(left), rights[int(0.95 * (len(rights) - 1))], leading)
