"""Read PDF files: find paragraphs from the positions of letters, without running heads, page numbers and footnotes."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from bisect import bisect, bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

from curate.read.lines import keeps_hyphen, vocabulary
from curate.read.markup import ATTRIBUTION, Part, is_verse, put_in, raised
from curate.read.reading import Reading, Unreadable, table_row

MOST_PAGES = 5_000
MOST_CHARACTERS = 20_000_000
FEWEST_CHARACTERS_OF_A_PAGE = 25
"""A page with fewer characters and a picture is a scanned page."""
LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
LOWER_HALF = 0.6
FEWEST_CELLS = 3
HYPHENS = "-\u2010\u00ad"
_HYPHEN_CODES = {2, 0xFFFE, 0xAD}
"""Character codes that PDFium gives to a hyphen at the end of a line."""
_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
_MONOSPACE = re.compile(r"courier|consol|menlo|monaco|mono|typewriter|cmtt|inconsolata|sourcecode|fixed|ocr-?[ab]", re.IGNORECASE)
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
_ITEM = re.compile(r"(?:[•‣◦▪●○■□➢➤*·–—-]\s+|\(?(?:\d{1,2}|[a-z])[.)]\s+)(?=\S)")
_DASH = re.compile(r"[*·–—-]\s+")
"""A bullet that may also be punctuation at the beginning of a line."""
_BULLET = re.compile(r"[•‣◦▪●○■□➢➤*·–—-]\s+")
_NOTE = re.compile(r"(?:(\d{1,3})|[*†‡§¶]{1,3})[.)]?\s*(?=[\"“‘'(\[]?[^\W\d_])")
_CAPTION = re.compile(
    r"(?:fig(?:ure|\.)|table|plate|abb(?:ildung|\.)|tab(?:elle|leau|la|\.)|figura|foto)\s*\d{1,3}", re.IGNORECASE
)
_LEADERS = re.compile(r"(?<!\.)(?<!\.\s)(?:\.\s?){4,}\s*(?:\d{1,4}|[ivxlc]{1,7})\s*$|(?<!…)…{2,}\s*\d{1,4}\s*$", re.IGNORECASE)
_EQUALS = re.compile(r"\S\s?[=≈≠≤≥<>∈∼→]\s?\S")
_ENDED = re.compile(r"[.!?…:。！？][\"'”’»)\]]*$")


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


@dataclass(slots=True)
class Column:
    """A column of lines, with its margins and line spacing."""

    lines: list[Line]
    left: float
    right: float
    leading: float


@dataclass(slots=True)
class Paragraph:
    """The lines of one paragraph."""

    lines: list[Line]
    column: Column
    gap: bool
    """Whether the space above it is larger than the line spacing."""
    is_verse: bool = False


def read_pdf(path: Path) -> Reading:
    """Read a PDF file.

    Raises:
        Unreadable: it is encrypted or damaged, its pages are scans, or its fonts do not say which letters they show.
    """
    pages, pictures = _pages(path)
    letters = [sum(len(line.text) for line in page) for page in pages]
    empty = [number for number, size in enumerate(letters) if size < FEWEST_CHARACTERS_OF_A_PAGE and pictures[number]]
    if pages and len(empty) * 2 > len(pages) and sum(letters) < 200 * len(pages):
        raise Unreadable(
            f"is scanned: {len(empty)} of its {len(pages)} pages are pictures; run optical character recognition over it "
            "first (`ocrmypdf FILE NEW`)"
        )
    garbled = [number for number, page in enumerate(pages) if _is_garbled("\n".join(line.text for line in page))]
    if garbled and sum(letters[number] for number in garbled) * 2 > sum(letters):
        raise Unreadable(
            "has letters that cannot be decoded (its fonts have no character map); make the PDF again "
            "from its source, or run optical character recognition over it (`ocrmypdf --force-ocr FILE NEW`)"
        )
    reading = Reading()
    if empty:
        reading.note(f"{len(empty)} of {len(pages)} pages are pictures without text")
    for number in garbled:
        reading.leave_out("unreadable", "\n".join(line.text for line in pages[number]))
        pages[number] = []
    if garbled:
        reading.note(f"{len(garbled)} of {len(pages)} pages have letters that cannot be decoded, and were left out")
    put_in(reading, _parts(pages))
    return reading


# --- letters ---


def _pages(path: Path) -> tuple[list[list[Line]], list[bool]]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Unreadable("is encrypted; save a copy without its password") from None
        raise Unreadable(f"cannot be read as PDF ({str(error)[:160]}); open it and save it again") from None
    pages: list[list[Line]] = []
    pictures: list[bool] = []
    total = 0
    try:
        if len(document) > MOST_PAGES:
            raise Unreadable(f"has {len(document):,} pages, and the limit is {MOST_PAGES:,}; split it")
        for number in range(len(document)):
            try:
                page = document[number]
            except pypdfium2.PdfiumError:
                pages.append([])
                pictures.append(False)
                continue
            lines, count = _lines(page, number)
            total += count
            if total > MOST_CHARACTERS:
                raise Unreadable(f"contains more than {MOST_CHARACTERS // 1_000_000} million letters; split it")
            pages.append(lines)
            pictures.append(count < FEWEST_CHARACTERS_OF_A_PAGE * 4 and _has_picture(page))
            page.close()
    finally:
        document.close()
    return pages, pictures


def _has_picture(page: Any) -> bool:
    from pypdfium2 import raw

    return any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _lines(page: Any, number: int) -> tuple[list[Line], int]:
    """The pieces of lines on a page, in the order in which the file has them."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    handle = text_page.raw
    count = raw.FPDFText_CountChars(handle)
    turned: int = page.get_rotation()
    wide, high = (float(side) for side in page.get_size())
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    unicode_of, box_of, origin_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharOrigin
    found: list[Line] = []
    piece = _Piece(number)
    high_half = 0  # of a character beyond U+FFFF, which PDFium gives in two
    for index in range(count):
        code = unicode_of(handle, index)
        if 0xD800 <= code < 0xDC00:
            high_half = code
            continue
        if 0xDC00 <= code < 0xE000 and high_half:
            code = 0x10000 + ((high_half - 0xD800) << 10) + (code - 0xDC00)
        high_half = 0
        if code in (10, 13):
            continue
        if code in (32, 0xA0, 9):
            piece.blank()
            continue
        if not box_of(handle, index, at_box) or not origin_of(handle, index, at_x, at_y):
            continue
        left, right, base, size = box.left, box.right, y.value, abs(box.top - box.bottom)
        if turned:
            left, right, base, size = _turned(turned, wide, high, box, x.value, y.value)
        else:
            base = high - base
        if code in _HYPHEN_CODES:
            said = "-"
        elif code in LIGATURES:
            said = LIGATURES[code]
        elif 0xF020 <= code <= 0xF0FF and (not piece.letters or left > piece.right + 2 * size):
            said = "•"  # a sign of a symbol font
        elif 0x1D400 <= code <= 0x1D7FF or code == 0x210E:
            said = unicodedata.normalize("NFKC", chr(code))  # a letter of a formula
        else:
            said = chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        if 48 <= code <= 57 and not turned and _is_superior(raw, handle, index, y.value, size):
            base, size = base - 0.3 * size, 0.65 * size
        if not piece.takes(left, right, base, size, said):
            _end(piece, found, handle, raw)
            piece = _Piece(number)
            piece.index = index
            piece.takes(left, right, base, size, said)
        piece.last = index
    _end(piece, found, handle, raw)
    text_page.close()
    return found, count


def _is_superior(raw: Any, handle: Any, index: int, base: float, size: float) -> bool:
    """Whether a figure is a superscript of the font's own, which stands on the line like any other letter."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(handle, index, *map(ctypes.byref, (left, right, bottom, top))):
        return False
    return bottom.value - base > 0.18 * size and top.value - bottom.value < 0.6 * size


def _turned(turned: int, wide: float, high: float, box: Any, x: float, y: float) -> tuple[float, float, float, float]:
    """The position of a letter on a page that is rotated by 90, 180 or 270 degrees."""
    if turned == 90:
        return box.bottom, box.top, x, abs(box.right - box.left)
    if turned == 180:
        return wide - box.right, wide - box.left, y, abs(box.top - box.bottom)
    return wide - box.top, wide - box.bottom, high - x, abs(box.right - box.left)


class _Piece:
    """A piece of a line while its letters are added."""

    __slots__ = (
        "base",
        "index",
        "last",
        "last_left",
        "left",
        "letters",
        "page",
        "raised",
        "right",
        "runs",
        "size",
        "sizes",
        "space",
    )

    def __init__(self, page: int) -> None:
        self.page = page
        self.index = self.last = 0
        self.left = self.right = self.last_left = self.base = self.size = 0.0
        self.runs: list[list[Any]] = []  # text; 1 superscript, -1 subscript, 0 neither
        self.sizes: Counter[float] = Counter()
        self.letters = 0
        self.space = False

    def blank(self) -> None:
        self.space = True

    def takes(self, left: float, right: float, base: float, size: float, said: str) -> bool:
        """Add a letter and return True; return False if the letter begins another piece."""
        if not self.letters:
            self.left, self.right, self.last_left, self.base, self.size = left, right, left, base, size
            self._add(said, 0, size)
            return True
        shift = self.base - base
        place = 0
        if abs(shift) > 0.12 * self.size or size < 0.82 * self.size:
            if size > 1.15 * self.size and self.letters <= 4 and abs(shift) < 0.7 * size:
                for run in self.runs:  # the first letters were raised
                    run[1] = 1 if shift < 0 else -1
                self.base, self.size, shift = base, size, 0.0
            elif abs(shift) > 0.65 * max(self.size, size) or (size > 0.9 * self.size and abs(shift) > 0.3 * self.size):
                return False
            else:
                place = 1 if shift > 0.08 * self.size else -1 if shift < -0.05 * self.size else 0
        if left < self.last_left - 0.6 * self.size or left > self.right + 1.2 * self.size:
            return False
        if self.space or left > self.right + 0.35 * self.size:
            self.runs[-1][0] += " " if not self.runs[-1][0].endswith(" ") else ""
        self._add(said, place, size)
        self.right, self.last_left = max(self.right, right), left
        return True

    def _add(self, said: str, place: int, size: float) -> None:
        self.space = False
        self.letters += 1
        if place == 0:
            self.sizes[round(size, 1)] += 1
        if self.runs and self.runs[-1][1] == place:
            self.runs[-1][0] += said
        else:
            self.runs.append([said, place])


def _end(piece: _Piece, found: list[Line], handle: Any, raw: Any) -> None:
    if not piece.letters:
        return
    size = piece.sizes.most_common(1)[0][0] if piece.sizes else round(piece.size, 1)
    text, marks, noted = "", set(), False
    for number, (run, place) in enumerate(piece.runs):
        if place == 1 and run.strip():
            if number == 0 and len(piece.runs) > 1:
                noted = bool(re.fullmatch(r"\d{1,3}|[*†‡§¶]{1,3}", run.strip()))
                text += run.strip() + " "
                continue
            said = raised(text, run.strip())
            if said is None:
                marks.add(run.strip())
                text += " " if run.endswith(" ") else ""
            else:
                text += said + (" " if run.endswith(" ") else "")
        else:
            text += run
    name = ctypes.create_string_buffer(80)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(handle, piece.index, name, 80, ctypes.byref(flags))
    font = name.value.decode("utf-8", "replace")
    line = Line(piece.page, piece.left, piece.right, piece.base, size, text.strip(), piece.index, marks=marks, noted=noted)
    raw.FPDFText_GetFontInfo(handle, piece.last, name, 80, ctypes.byref(flags))
    bold_to_the_end = _BOLD.search(name.value.decode("utf-8", "replace")) or raw.FPDFText_GetFontWeight(handle, piece.last) >= 650
    line.bold = bool(bold_to_the_end) and (bool(_BOLD.search(font)) or raw.FPDFText_GetFontWeight(handle, piece.index) >= 650)
    line.monospace = bool(_MONOSPACE.search(font)) or bool(flags.value & 1 and not font)
    if len(line.text) == 1 and abs(raw.FPDFText_GetCharAngle(handle, piece.index)) > 0.3:
        return  # a letter of vertical text in the margin
    if line.text:
        found.append(line)


def _is_garbled(text: str) -> bool:
    """Whether the letters of a page make no words, because the font does not say which letters its codes stand for."""
    letters = [letter for letter in text if not letter.isspace()]
    if len(letters) < 60:
        return False
    nameless = sum(
        letter < " " or letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or "\x7f" <= letter < "\xa0" for letter in letters
    )
    if nameless * 10 > len(letters):
        return True
    latin = [letter for letter in letters if letter.isascii() and letter.isalpha()]
    words = [word for word in text.split() if len(word) > 1]
    if len(latin) * 2 < len(letters) or len(words) < 20:
        signs = sum(letter.isascii() and not letter.isalnum() for letter in letters)
        return (
            signs * 2 > len(letters) and len(latin) * 4 < len(letters) and len(words) >= 20 and not re.search(r"[._-]{8}", text)
        )
    vowels = sum(letter in "aeiouyAEIOUY" for letter in latin)
    mixed = sum(
        bool(re.search(r"[a-z][A-Z]|[^\W\d_][\"#$%&*+<=>?@\[\\\]^{|}~!]+[^\W\d_]|[^\W\d_]\d[^\W\d_]", word)) for word in words
    )
    return vowels * 100 < 17 * len(latin) or mixed * 3 > len(words)


# --- pages ---


def _parts(pages: list[list[Line]]) -> Iterator[Part]:
    """The blocks of all pages."""
    ordered, furniture = _without_running_heads([_on_baselines(page) for page in pages])
    body = _usual([line for page in ordered for line in page])
    columns: list[Column] = []
    noted = False
    out: list[tuple[int, str]] = [(place, text) for place, text in furniture]
    for number, page in enumerate(ordered):
        marks = {mark for line in page for mark in line.marks}
        lowest = max((line.y for line in page), default=0.0)
        noted_here = False
        for column in _columns(page):
            at_the_foot = column.lines[-1].y > LOWER_HALF * lowest
            kept, notes = _without_footnotes(column, body, marks, continued=noted) if at_the_foot else (column.lines, [])
            noted_here = noted_here or bool(notes)
            if notes:
                out.append((number, "\0" + "\n".join(line.text for line in notes)))
            if kept:
                columns.append(_column(kept))
        noted = noted_here
    everything = [line for column in columns for line in column.lines]
    if sum(line.monospace for line in everything) * 2 > len(everything):
        for line in everything:
            line.monospace = False
    paragraphs = list(_paragraphs(columns, body))
    yield from _blocks(paragraphs, body, vocabulary(line.text for line in everything), out)


def _usual(lines: list[Line]) -> float:
    """The font size of most letters."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _on_baselines(pieces: list[Line]) -> list[Line]:
    """Pieces sorted from top to bottom and left to right."""
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda each: (each.y, each.left)):
        if rows and abs(rows[-1][0].y - piece.y) <= 0.35 * min(rows[-1][0].size, piece.size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [piece for row in rows for piece in sorted(row, key=lambda each: each.left)]


def _rows(pieces: list[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for piece in pieces:
        if rows and abs(rows[-1][0].y - piece.y) <= 0.35 * min(rows[-1][0].size, piece.size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _without_running_heads(pages: list[list[Line]]) -> tuple[list[list[Line]], list[tuple[int, str]]]:
    """The pages without page numbers and lines that recur at the edges of pages; and the removed lines."""
    rows = [_rows(page) for page in pages]
    body = _usual([piece for page in pages for piece in page])
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
            or (number and apart and _is_head(line, text, title, body))
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
    if len(text.split()) > 14 or line[0].noted or _NOTE.match(text) or _CAPTION.match(text) or len(line) > 3:
        return False
    small = line[0].size < 0.9 * body and not _ENDED.search(text)
    return small or (len(title.split()) > 1 and title in text.casefold())


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
    other = rows[inner][0]
    return abs(gaps[min(number, inner)]) > 1.25 * median(gaps) or abs(line[0].size - other.size) > 0.06 * other.size


# --- columns ---


def _columns(page: list[Line]) -> list[Column]:
    """The columns of a page in reading order."""
    return [_column(lines) for lines in _split(page, 0) if lines]


def _split(pieces: list[Line], depth: int) -> list[list[Line]]:
    gutter = _gutter(pieces) if depth < 3 else None
    if gutter is None:
        if depth == 0 and _is_interleaved(pieces):
            return [_merged(_on_baselines(flow)) for flow in _flows(pieces)]
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

    for row in _rows(pieces):
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
    rows = _rows(pieces)
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
    rows = [row for row in _rows(pieces) if len(row) > 1]
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
    pieces_of_rows: list[list[str]] = []
    for row in _rows(pieces):
        row.sort(key=lambda each: each.left)
        line = row[0]
        cells = [line.text]
        pieces_of_rows.append([piece.text for piece in row])
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
        if len(found) >= FEWEST_CELLS and any(len(each) == len(found) for each in beside):
            line.cells = found  # a table with narrow gaps
    return lines


def _column(lines: list[Line]) -> Column:
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


def _without_footnotes(column: Column, body: float, marks: set[str], *, continued: bool) -> tuple[list[Line], list[Line]]:
    """The lines of a column, and the footnotes below them: in a smaller font, or with a number that is a mark in the text."""
    lines = column.lines
    start = len(lines)
    while start > 0 and lines[start - 1].size < 0.94 * body:
        start -= 1
    small = lines[start:]
    first = next((number for number, line in enumerate(small) if line.noted or _NOTE.match(line.text)), None)
    if first is not None:
        begin = start if continued and first > 0 else start + first
        return lines[:begin], lines[begin:]
    if small and continued and start > 0:
        return lines[:start], small
    for number in range(max(len(lines) - 12, 1), len(lines)):
        found = _NOTE.match(lines[number].text)
        if (lines[number].noted and found) or (
            found and found[1] in marks and lines[number].y - lines[number - 1].y > 1.15 * column.leading
        ):
            return lines[:number], lines[number:]
    return lines, []


# --- paragraphs ---


def _paragraphs(columns: list[Column], body: float) -> Iterator[Paragraph]:
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
    if line.size > 1.12 * column.leading:
        gap = line.y - before.y > 1.6 * line.size
    if gap or _is_other_kind(before, line):
        return True, gap
    if len(line.cells) > 1:
        return False, False
    item = bool(_ITEM.match(current.lines[0].text))
    if _DASH.match(line.text) and not item and line.left < column.left + 0.5 * line.size:
        ended = bool(_ENDED.search(before.text))
        return ended and _ended_early(before, line, column), False
    if _ITEM.match(line.text) and (item or line.left > column.left + 0.5 * line.size or _BULLET.match(line.text)):
        return True, False
    step = line.left - before.left
    if abs(step) > 0.6 * line.size:
        centred = abs(line.left + line.right - before.left - before.right) < line.size
        if centred and (line.text[:1].islower() or _CAPTION.match(current.lines[0].text)):
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
    return room > 0.25 * width or (room > 0.03 * width and bool(_ENDED.search(before.text)))


def _breaks_over(current: Paragraph, line: Line, column: Column, *, indented: bool) -> bool:
    """Whether the first line of a column or page begins a paragraph."""
    before = current.lines[-1]
    if before.monospace and line.monospace:
        return False
    if _is_other_kind(before, line) or (
        _ITEM.match(line.text) and not (_DASH.match(line.text) and not _ENDED.search(before.text))
    ):
        return True
    if len(line.cells) > 1:
        return False
    if line.left - column.left > 0.6 * line.size:
        return True
    if not _ENDED.search(before.text):
        return line.text[:1].isupper() and _ended_early(before, line, current.column)
    if indented:
        return False
    return line.text[:1].isupper() or _ended_early(before, line, current.column)


# --- blocks ---


def _blocks(paragraphs: list[Paragraph], body: float, words: Counter[str], gone: list[tuple[int, str]]) -> Iterator[Part]:
    paragraphs = _with_verse(paragraphs)
    sizes = sorted({round(each.lines[0].size) for each in paragraphs if _is_heading(each, body)}, reverse=True)
    gone.sort(key=lambda each: each[0])
    contents: list[str] = []
    tight = False
    quoted = ""
    for number, each in enumerate(paragraphs):
        while gone and gone[0][0] < each.lines[0].page:
            yield _gone(gone.pop(0)[1])
        lines = each.lines
        text = _joined(lines, words)
        if (
            _LEADERS.search(text)
            and len(lines) <= 60
            and sum(bool(_LEADERS.search(line.text[-200:])) for line in lines) * 2 >= len(lines)
        ):
            contents.append("\n".join(line.text for line in lines))
            continue
        if contents:
            yield Part(None, "\n".join(contents), "contents")
            contents = []
        was_tight, tight = tight, False
        last, quoted = quoted, ""
        if lines[0].monospace and all(line.monospace for line in lines):
            yield Part("code", _as_code(lines, each.column.leading))
        elif len(lines[0].cells) > 1 and (len(lines) > 1 or _is_beside_table(paragraphs, number)):
            yield Part("table", "\n".join(table_row(line.cells or [line.text]) for line in lines))
        elif each.is_verse:
            yield Part("verse", "\n".join(line.text for line in lines))
        elif _is_formula(each, text):
            yield Part("other", text)
        elif _is_heading(each, body):
            following = paragraphs[number + 1] if number + 1 < len(paragraphs) else None
            if following is not None and _LEADERS.search(following.lines[0].text[-200:]):
                contents.append(text)
                continue
            if (
                following is not None
                and len(following.lines[0].cells) == len(text.split()) > 1
                and following.lines[0].size < 1.1 * body
            ):
                yield Part("table", table_row(text.split()))
                continue
            level = min(sizes.index(round(lines[0].size)) + 1, 6)
            yield Part("heading", "#" * level + " " + text, level=level)
        elif _CAPTION.match(text) and (lines[0].size < 0.97 * body or len(text.split()) < 40):
            yield Part("caption", text)
        elif last == "quotation" and ATTRIBUTION.fullmatch(text):
            yield Part("quotation", text)
        elif _is_item(lines[0].text) and (was_tight or _has_neighbour(paragraphs, number) or not _DASH.match(lines[0].text)):
            yield Part("list", _BULLET.sub("- ", text, count=1), tight=was_tight)
            tight = True
        elif _is_above_table(paragraphs, number):
            yield Part("table", table_row([text]))
        elif _is_set_in(each, body):
            quoted = "quotation"
            yield Part("quotation", text)
        else:
            yield Part("prose", text)
    if contents:
        yield Part(None, "\n".join(contents), "contents")
    for _, text in gone:
        yield _gone(text)


def _is_beside_table(paragraphs: list[Paragraph], number: int) -> bool:
    """Whether one row is the head or the end of the table below or above it."""
    cells = len(paragraphs[number].lines[0].cells)
    return any(
        len(each.lines[0].cells) == cells
        for each in paragraphs[max(number - 1, 0) : number] + paragraphs[number + 1 : number + 2]
    )


def _is_formula(each: Paragraph, text: str) -> bool:
    """Whether a short indented paragraph is a formula: it has a sign between its sides, and hardly a word."""
    if len(text) > 120 or each.lines[0].left < each.column.left + each.lines[0].size or not _EQUALS.search(text):
        return False
    words = sum(len(word) for word in re.findall(r"[^\W\d_]{4,}", text))
    return words * 2 < len(text)


def _is_above_table(paragraphs: list[Paragraph], number: int) -> bool:
    """Whether a line is the head of the table below it, with gaps too narrow to show its cells."""
    if number + 1 == len(paragraphs):
        return False
    lines, table = paragraphs[number].lines, paragraphs[number + 1].lines
    line, row = lines[0], table[0]
    if len(lines) > 1 or len(row.cells) < FEWEST_CELLS or line.page != row.page or _ENDED.search(line.text):
        return False
    return (
        0 < row.y - line.y < 2.5 * line.size
        and len(line.text.split()) <= 4 * len(row.cells)
        and abs(line.left - row.left) < 2 * line.size
        and abs(line.right - row.right) < 4 * line.size
    )


def _is_item(text: str) -> bool:
    return _ITEM.match(text) is not None and any(map(str.isalnum, text))


def _gone(text: str) -> Part:
    return Part(None, text[1:], "footnotes") if text.startswith("\0") else Part(None, text, "page_header")


def _has_neighbour(paragraphs: list[Paragraph], number: int) -> bool:
    around = paragraphs[max(number - 1, 0) : number + 2]
    return sum(_is_item(each.lines[0].text) for each in around) > 1


def _is_heading(each: Paragraph, body: float) -> bool:
    lines = each.lines
    words = sum(len(line.text.split()) for line in lines)
    text = lines[-1].text
    if words > 20 or len(lines) > 4 or not re.search(r"[^\W\d_]", lines[0].text) or lines[0].monospace or len(lines[0].cells) > 1:
        return False
    if lines[0].size > 1.1 * body:
        return len(lines[0].text) > 1
    if text.endswith((".", ",", ";", ":")) and not (lines[0].bold and words <= 8 and text.endswith(".") and text[:1].isdigit()):
        return False
    if all(line.bold for line in lines):
        return each.gap or words <= 12
    column = each.column
    middle = (column.left + column.right) / 2
    near = 0.03 * (column.right - column.left)
    centred = all(abs((line.left + line.right) / 2 - middle) < near and line.left - column.left > 2 * line.size for line in lines)
    return centred and each.gap and words <= 10 and len(lines) <= 2


def _is_set_in(each: Paragraph, body: float) -> bool:
    """Whether a paragraph is indented on both sides, as a block quote is."""
    column = each.column
    if len(each.lines) < 2:
        return False
    inset = 1.0 * body
    return all(line.left - column.left > inset for line in each.lines) and all(
        column.right - line.right > 0.7 * inset for line in each.lines
    )


def _with_verse(paragraphs: list[Paragraph]) -> list[Paragraph]:
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
        single = len(each.lines) == 1 and not line.monospace and len(line.cells) < 2 and not _ITEM.match(line.text)
        if run and (not single or each.gap or run[-1].lines[0].size != line.size or run[-1].column is not each.column):
            end_run()
        if single:
            run.append(each)
        else:
            out.append(each)
    end_run()
    return out


def _as_code(lines: list[Line], leading: float) -> str:
    widths = [(line.right - line.left) / len(line.text) for line in lines if len(line.text) > 3]
    width = median(widths) if widths else lines[0].size * 0.5
    left = min(line.left for line in lines)
    out = []
    for number, line in enumerate(lines):
        if number and line.page == lines[number - 1].page and line.y - lines[number - 1].y > 1.6 * leading:
            out.append("")
        out.append(" " * round((line.left - left) / width) + line.text)
    return "\n".join(out)


def _joined(lines: list[Line], words: Counter[str]) -> str:
    """Join lines, and the words that are hyphenated at line ends."""
    text = lines[0].text
    for line in lines[1:]:
        end = re.search(rf"([^\W\d_]+(?:[-‐][^\W\d_]+)*)[{HYPHENS}]$", text[-60:])
        start = re.match(r"[^\W\d_]+", line.text)
        if not end or not start:
            text += ("" if text.endswith(("-", "–", "—")) and re.search(r"\S[-–—]$", text) else " ") + line.text
            continue
        keeps = keeps_hyphen(end[1], start[0], words)
        text = (text[:-1] + "-" if keeps else text[:-1]) + line.text
    return text
