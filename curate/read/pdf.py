"""Read PDF files: find paragraphs from the positions of letters, without running heads, page numbers and footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from curate.read.lines import vocabulary
from curate.read.markup import Part, put_in
from curate.read.pdf_blocks import blocks_of
from curate.read.pdf_columns import Column, column_of, columns_of
from curate.read.pdf_heads import NOTE, without_running_heads
from curate.read.pdf_letters import FEWEST_CHARACTERS_OF_A_PAGE, Page, pages_of
from curate.read.pdf_line_numbers import without_line_numbers
from curate.read.pdf_lines import Line, on_baselines, usual_size
from curate.read.pdf_paragraphs import paragraphs_of
from curate.read.reading import Reading, Unreadable

LOWER_HALF = 0.6


def read_pdf(path: Path) -> Reading:
    """Read a PDF file.

    Raises:
        Unreadable: it is encrypted or damaged, its pages are scans, or its fonts do not say which letters they show.
    """
    pages = pages_of(path)
    letters = [sum(len(line.text) for line in page.lines) for page in pages]
    empty = [number for number, size in enumerate(letters) if size < FEWEST_CHARACTERS_OF_A_PAGE and pages[number].is_picture]
    if pages and len(empty) * 2 > len(pages) and sum(letters) < 200 * len(pages):
        raise Unreadable(
            f"is scanned: {len(empty)} of its {len(pages)} pages are pictures; run optical character recognition over it "
            "first (`ocrmypdf FILE NEW`)"
        )
    garbled = [number for number, page in enumerate(pages) if _is_garbled("\n".join(line.text for line in page.lines))]
    if garbled and sum(letters[number] for number in garbled) * 2 > sum(letters):
        raise Unreadable(
            "has letters that cannot be decoded (its fonts have no character map); make the PDF again "
            "from its source, or run optical character recognition over it (`ocrmypdf --force-ocr FILE NEW`)"
        )
    reading = Reading()
    if empty:
        reading.note(f"{len(empty)} of {len(pages)} pages are pictures without text")
    for number in garbled:
        reading.leave_out("unreadable", "\n".join(line.text for line in pages[number].lines))
        pages[number].lines = []
    if garbled:
        reading.note(f"{len(garbled)} of {len(pages)} pages have letters that cannot be decoded, and were left out")
    put_in(reading, _parts(pages))
    return reading


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


def _parts(pages: list[Page]) -> Iterator[Part]:
    """The blocks of all pages."""
    numbered, line_numbers = without_line_numbers([on_baselines(page.lines) for page in pages])
    ordered, furniture = without_running_heads(numbered)
    body = usual_size([line for page in ordered for line in page])
    columns: list[Column] = []
    noted = False
    out = [(number, "turned_text", page.turned) for number, page in enumerate(pages) if page.turned]
    out += [(number, "line_numbers", text) for number, text in line_numbers]
    out += [(number, "page_header", text) for number, text in furniture]
    for number, page in enumerate(ordered):
        marks = {mark for line in page for mark in line.marks}
        lowest = max((line.y for line in page), default=0.0)
        noted_here = False
        for column in columns_of(page):
            at_the_foot = column.lines[-1].y > LOWER_HALF * lowest
            kept, notes = _without_footnotes(column, body, marks, continued=noted) if at_the_foot else (column.lines, [])
            noted_here = noted_here or bool(notes)
            if notes:
                out.append((number, "footnotes", "\n".join(line.text for line in notes)))
            if kept:
                columns.append(column_of(kept))
        noted = noted_here
    everything = [line for column in columns for line in column.lines]
    if sum(line.monospace for line in everything) * 2 > len(everything):
        for line in everything:
            line.monospace = False
    paragraphs = list(paragraphs_of(columns, body))
    yield from blocks_of(paragraphs, body, vocabulary(line.text for line in everything), out)


def _without_footnotes(column: Column, body: float, marks: set[str], *, continued: bool) -> tuple[list[Line], list[Line]]:
    """The lines of a column, and the footnotes below them: in a smaller font, or with a number that is a mark in the text."""
    lines = column.lines
    start = len(lines)
    while start > 0 and lines[start - 1].size < 0.94 * body:
        start -= 1
    small = lines[start:]
    first = next((number for number, line in enumerate(small) if line.noted or NOTE.match(line.text)), None)
    if first is not None:
        begin = start if continued and first > 0 else start + first
        return lines[:begin], lines[begin:]
    if small and continued and start > 0:
        return lines[:start], small
    for number in range(max(len(lines) - 12, 1), len(lines)):
        found = NOTE.match(lines[number].text)
        if (lines[number].noted and found) or (
            found and found[1] in marks and lines[number].y - lines[number - 1].y > 1.15 * column.leading
        ):
            return lines[:number], lines[number:]
    return lines, []
