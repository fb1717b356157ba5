"""Find the running heads and page numbers of PDF pages."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

from curate.read.pdf_lines import Line, rows_of, usual_size

_ROMAN = re.compile(r"(?=[ivxlc])x{0,3}(?:l?x{0,3}|x[lc])(?:ix|iv|v?i{0,3})", re.IGNORECASE)
_NUMBER = r"(\d{1,4}|[ivxlcIVXLC]{1,7})"
_NUMBER_FIRST = re.compile(rf"(?:[^\W\d]{{1,6}}\.?\s+)?[-–—\[(|·•\s]*{_NUMBER}(?![\w.,]|\s*[-–]\s*\d)")
_NUMBER_LAST = re.compile(rf"(?:^|[\s\-–—\[(|·•]){_NUMBER}[-–—\])|·•\s]*(?:(?:/|of|von|de|sur|di|van)\s*\d{{1,4}})?$")
_NUMBER_ALONE = re.compile(
    rf"(?:[^\W\d]{{1,6}}\.?\s+)?[-–—\[(|·•\s]*{_NUMBER}[-–—\])|·•\s]*(?:(?:/|of|von|de|sur|di|van)\s*\d{{1,4}})?", re.IGNORECASE
)
_PRINTED = re.compile(
    r"^(?:https?|file)://\S+(?:\s+\d{1,4}/\d{1,4})?$|^\d{1,2}[./]\d{1,2}[./]\d{2,4},? \d{1,2}:\d\d(?: [AP]M)?(?:\s|$)"
)
"""The address or the time that a browser prints at the edge of a page."""
NOTE = re.compile(r"(?:(\d{1,3})|[*†‡§¶]{1,3})[.)]?\s*(?=[\"“‘'(\[]?[^\W\d_])")
CAPTION = re.compile(
    r"(?:fig(?:ure|\.)|table|plate|abb(?:ildung|\.)|tab(?:elle|leau|la|\.)|figura|foto)\s*\d{1,3}", re.IGNORECASE
)
ENDED = re.compile(r"[.!?…:。！？][\"'”’»)\]]*$")


def without_running_heads(pages: list[list[Line]]) -> tuple[list[list[Line]], list[tuple[int, str]]]:
    """The pages without page numbers and lines that recur at the edges of pages; and the removed lines."""
    rows = [rows_of(page) for page in pages]
    body = usual_size([piece for page in pages for piece in page])
    gone: list[list[list[Line]]] = [[] for _ in pages]
    for _ in range(2):  # a head may have two lines
        edges = []
        for number, lines in enumerate(rows):
            kept = [line for line in lines if line not in gone[number]]
            if kept and len(kept) + len(gone[number]) == len(lines):
                edges += [
                    (number, edge, kept[place]) for edge, place in (("top", 0), ("foot", -1)) if len(kept) > 1 or edge == "foot"
                ]
        found = _furniture(edges, rows, body)
        if not found:
            break
        for number, line in found:
            gone[number].append(line)
    furniture = [(number, _text_of(line)) for number, lines in enumerate(gone) for line in lines]
    names = {id(piece) for lines in gone for line in lines for piece in line}
    return [[piece for piece in page if id(piece) not in names] for page in pages], furniture


def _furniture(
    edges: list[tuple[int, str, list[Line]]], rows: list[list[list[Line]]], body: float
) -> list[tuple[int, list[Line]]]:
    """The running heads and page numbers among the outermost lines of pages (page, "top" or "foot", line)."""
    filled = sum(bool(lines) for lines in rows)
    offsets: Counter[tuple[str, bool, int]] = Counter()
    texts: Counter[tuple[str, str, int]] = Counter()
    for number, edge, line in edges:
        offsets.update({(edge, roman, value - number) for roman, value in _numbers(_text_of(line))})
        texts.update({(edge, _without_figures(_text_of(line)), round((line[0].y + shift) / 8)) for shift in (0, 4)})
    gone: list[tuple[int, list[Line]]] = []
    heights: Counter[tuple[str, int]] = Counter()
    title = _title_of(rows, body)
    for number, edge, line in edges:
        text = _text_of(line)
        key = _without_figures(text)
        apart = _is_apart(line, rows[number], edge)
        repeated = max(texts[edge, key, round((line[0].y + shift) / 8)] for shift in (0, 4)) if re.search(r"\w", key) else 0
        counts = [offsets[edge, roman, value - number] for roman, value in _numbers(text)]
        numbered = bool(counts) and (max(counts) >= 3 or (max(counts) >= 2 and max(counts) * 2 >= filled))
        alone = _NUMBER_ALONE.fullmatch(text) is not None and (numbered or filled < 3 or text.strip("-–— []()").isdigit())
        if (
            alone
            or _PRINTED.search(text)
            or (len(text.split()) <= 14 and apart and (numbered or repeated >= (3 if filled > 8 else 2)))
            or (number and apart and _is_head(line, text, title, body) and not _is_of_text(line, rows[number], edge, text))
        ):
            gone.append((number, line))
            heights[edge, round(line[0].y / 4)] += 1
    for number, edge, line in edges:  # the running head of a chapter that has it on one page only
        at = sum(heights[edge, round(line[0].y / 4) + shift] for shift in (-1, 0, 1))
        small = len(_text_of(line).split()) <= 12 and line[0].size < 1.1 * body
        if at * 3 >= filled >= 4 and number and small and (number, line) not in gone and _is_apart(line, rows[number], edge):
            gone.append((number, line))
    return gone


def _title_of(rows: list[list[list[Line]]], body: float) -> str:
    """The text in the largest letters of the first page, in small letters; "" if none are larger than usual."""
    first = rows[0] if rows else []
    largest = max((line[0].size for line in first), default=0.0)
    return " ".join(_text_of(line) for line in first if line[0].size == largest > 1.1 * body).casefold()


def _is_head(line: list[Line], text: str, title: str, body: float) -> bool:
    """Whether a line at the edge of a page is a running head though no other page has it: it is small, or has the title."""
    if len(text.split()) > 14 or line[0].noted or CAPTION.match(text) or len(line) > 3:
        return False
    small = _size_of(line) < 0.9 * body and not ENDED.search(text)
    return small or (len(title.split()) > 1 and title in text.casefold())


def _is_of_text(line: list[Line], rows: list[list[Line]], edge: str, text: str) -> bool:
    """Whether a line is a footnote at the foot of a page, or a row of a table."""
    if edge == "foot" and NOTE.match(text):
        return True
    return len(line) > 1 and len(rows) > 1 and len(rows[1 if edge == "top" else -2]) == len(line)


def _size_of(line: list[Line]) -> float:
    """The font size of a line, which is not that of the bullet in front."""
    return max(line, key=lambda piece: len(piece.text)).size


def _text_of(line: list[Line]) -> str:
    return " ".join(piece.text for piece in line)


def _without_figures(text: str) -> str:
    text = re.sub(r"\d+", "#", text.casefold())
    return re.sub(r"(?:^[ivxlc]{1,7}\s|\s[ivxlc]{1,7}$)", "#", text).strip(" #|·•-–—")


def _numbers(text: str) -> list[tuple[bool, int]]:
    """The page numbers that a line at the edge may hold: (whether it is a Roman numeral, the number)."""
    found = []
    for match in (_NUMBER_FIRST.match(text), _NUMBER_LAST.search(text)):
        if match:
            number = match[1]
            if number.isdigit():
                found.append((False, int(number)))
            elif _ROMAN.fullmatch(number):
                found.append((True, _arabic(number.lower())))
    return found


def _arabic(roman: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in roman]
    return sum(-value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True))


def _is_apart(line: list[Line], rows: list[list[Line]], edge: str) -> bool:
    """Whether a line at the edge is set apart from the text by more space than usual, or by another font size."""
    number = rows.index(line)
    inner = number + 1 if edge == "top" else number - 1
    if not 0 <= inner < len(rows) or len(rows) < 3:
        return True
    gaps = [following[0].y - row[0].y for row, following in zip(rows, rows[1:], strict=False)]
    other = _size_of(rows[inner])
    return abs(gaps[min(number, inner)]) > 1.25 * median(gaps) or abs(_size_of(line) - other) > 0.06 * other
