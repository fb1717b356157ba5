"""Read the letters of PDF pages as pieces of lines."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.read.markup import raised
from curate.read.pdf_lines import Line
from curate.read.reading import Unreadable

MOST_PAGES = 5_000
MOST_CHARACTERS = 20_000_000
FEWEST_CHARACTERS_OF_A_PAGE = 25
"""A page with fewer characters and a picture is a scanned page."""
LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
WIDE_GAP = 0.9
"""Of the font size: hardly a gap between two words of a justified line is wider."""
NARROW_GAP = 0.5
"""Of the font size: a gap that parts the number of a line from the line."""
_HYPHEN_CODES = {2, 0xFFFE, 0xAD}
"""Character codes that PDFium gives to a hyphen at the end of a line."""
LETTERS_LOOKED_AT = 150
LEANING = 25
"""Degrees by which upright letters may lean: programs make italics so."""
_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
_MONOSPACE = re.compile(r"courier|consol|menlo|monaco|mono|typewriter|cmtt|inconsolata|sourcecode|fixed|ocr-?[ab]", re.IGNORECASE)


@dataclass(slots=True)
class Page:
    """The letters of a page as pieces of lines."""

    lines: list[Line]
    turned: str = ""
    """Text in another direction than most of the page's: stamps along the margin, watermarks."""
    is_picture: bool = False
    """Whether it is nearly empty and has a picture."""


def pages_of(path: Path) -> list[Page]:
    """The pages of a PDF file.

    Raises:
        Unreadable: the file is encrypted, damaged or too large.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Unreadable("is encrypted; save a copy without its password") from None
        raise Unreadable(f"cannot be read as PDF ({str(error)[:160]}); open it and save it again") from None
    pages: list[Page] = []
    total = 0
    try:
        if len(document) > MOST_PAGES:
            raise Unreadable(f"has {len(document):,} pages, and the limit is {MOST_PAGES:,}; split it")
        for number in range(len(document)):
            try:
                page = document[number]
            except pypdfium2.PdfiumError:
                pages.append(Page([]))
                continue
            read, count = _read(page, number)
            total += count
            if total > MOST_CHARACTERS:
                raise Unreadable(f"contains more than {MOST_CHARACTERS // 1_000_000} million letters; split it")
            read.is_picture = count < FEWEST_CHARACTERS_OF_A_PAGE * 4 and _has_picture(page)
            pages.append(read)
            page.close()
    finally:
        document.close()
    return pages


def _has_picture(page: Any) -> bool:
    from pypdfium2 import raw

    return any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _read(page: Any, number: int) -> tuple[Page, int]:
    """The pieces of lines on a page, in the order in which the file has them; and how many characters the page has."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    handle = text_page.raw
    count = raw.FPDFText_CountChars(handle)
    rotation: int = page.get_rotation()
    turned = _direction(raw, handle, count, rotation)
    wide, high = (float(side) for side in page.get_size())
    if (turned - rotation) % 180:
        wide, high = high, wide
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    unicode_of, box_of, origin_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharOrigin
    found: list[Line] = []
    piece = _Piece(number)
    aside: list[str] = []
    is_aside = False
    high_half = 0  # of a character beyond U+FFFF, which PDFium gives in two
    for index in range(count):
        code = unicode_of(handle, index)
        if 0xD800 <= code < 0xDC00:
            high_half = code
            continue
        if 0xDC00 <= code < 0xE000 and high_half:
            code = 0x10000 + ((high_half - 0xD800) << 10) + (code - 0xDC00)
        high_half = 0
        if code in (10, 13, 32, 0xA0, 9):
            if is_aside and aside[-1] != " ":
                aside.append(" ")
            if code > 13 or code == 9:
                piece.blank()
            continue
        if not box_of(handle, index, at_box) or not origin_of(handle, index, at_x, at_y):
            continue
        left, right, base, top = box.left, box.right, y.value, box.top
        size = abs(top - box.bottom)
        # only turned letters begin elsewhere than at the left and between the top and the bottom of their box
        odd = turned or x.value - left > 0.05 * size or base > top - 0.05 * size
        is_aside = bool(odd) and _turn_of(raw, handle, index) != turned
        if is_aside:
            aside.append(chr(code) if code < 0x110000 else "\ufffd")
            continue
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
    return Page(found, "".join(aside).strip()), count


def _turn_of(raw: Any, handle: Any, index: int) -> int:
    """By how many degrees (0, 90, 180, 270) the page must be turned so that a letter stands upright; -1 for a slanting one."""
    quarters, rest = divmod(math.degrees(raw.FPDFText_GetCharAngle(handle, index)) + LEANING, 90)
    return -int(quarters) * 90 % 360 if rest <= 2 * LEANING else -1


def _direction(raw: Any, handle: Any, count: int, rotation: int) -> int:
    """The direction of most letters of a page, by looking at some of them; the page's own rotation if it has none."""
    places = range(0, count, max(count // LETTERS_LOOKED_AT, 1))
    turns = Counter(
        _turn_of(raw, handle, index) for index in places if raw.FPDFText_GetUnicode(handle, index) not in (10, 13, 32, 0xA0, 9)
    )
    del turns[-1]
    return turns.most_common(1)[0][0] if turns else rotation


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
        gap = left - self.right
        if left < self.last_left - 0.6 * self.size or gap > WIDE_GAP * self.size:
            return False
        if gap > NARROW_GAP * self.size and self._is_number_beside(said, size):
            return False
        if self.space or left > self.right + 0.35 * self.size:
            self.runs[-1][0] += " " if not self.runs[-1][0].endswith(" ") else ""
        self._add(said, place, size)
        self.right, self.last_left = max(self.right, right), left
        return True

    def _is_number_beside(self, said: str, size: float) -> bool:
        """Whether a letter ends or begins a number in the margin: one that is alone, or in smaller type than the line."""
        alone = len(self.runs) == 1 and self.letters <= 4 and self.runs[0][0].strip().isdigit()
        return alone or (said.isdigit() and size < 0.9 * self.size)

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
    if line.text:
        found.append(line)
