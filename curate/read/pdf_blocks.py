"""Tell the kinds of a PDF's paragraphs: headings, lists, tables, quotes, code, formulas, verse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from statistics import median

from curate.read.lines import keeps_hyphen
from curate.read.markup import ATTRIBUTION, Part
from curate.read.pdf_columns import FEWEST_CELLS
from curate.read.pdf_heads import CAPTION, ENDED
from curate.read.pdf_lines import Line
from curate.read.pdf_paragraphs import BULLET, DASH, HYPHENS, ITEM, Paragraph, with_verse
from curate.read.reading import table_row

_LEADERS = re.compile(r"(?<!\.)(?<!\.\s)(?:\.\s?){4,}\s*(?:\d{1,4}|[ivxlc]{1,7})\s*$|(?<!…)…{2,}\s*\d{1,4}\s*$", re.IGNORECASE)
_EQUALS = re.compile(r"\S\s?[=≈≠≤≥<>∈∼→]\s?\S")


def blocks_of(paragraphs: list[Paragraph], body: float, words: Counter[str], gone: list[tuple[int, str, str]]) -> Iterator[Part]:
    """The blocks of paragraphs, and what is left out in its place.

    Args:
        paragraphs: of all pages, in reading order.
        body: the font size of most letters, in points.
        words: the text's vocabulary, for words that are hyphenated at line ends.
        gone: what is left out: the page, the reason, the text.
    """
    paragraphs = with_verse(paragraphs)
    sizes = sorted({round(each.lines[0].size) for each in paragraphs if _is_heading(each, body)}, reverse=True)
    gone.sort(key=lambda each: each[0])
    contents: list[str] = []
    tight = False
    quoted = ""
    for number, each in enumerate(paragraphs):
        while gone and gone[0][0] < each.lines[0].page:
            _, reason, said = gone.pop(0)
            yield Part(None, said, reason)
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
        elif CAPTION.match(text) and (lines[0].size < 0.97 * body or len(text.split()) < 40):
            yield Part("caption", text)
        elif last == "quotation" and ATTRIBUTION.fullmatch(text):
            yield Part("quotation", text)
        elif _is_item(lines[0].text) and (was_tight or _has_neighbour(paragraphs, number) or not DASH.match(lines[0].text)):
            yield Part("list", BULLET.sub("- ", text, count=1), tight=was_tight)
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
    for _, reason, said in gone:
        yield Part(None, said, reason)


def _is_beside_table(paragraphs: list[Paragraph], number: int) -> bool:
    """Whether one row is the head or the end of the table below or above it."""
    cells = len(paragraphs[number].lines[0].cells)
    return any(
        len(each.lines[0].cells) == cells
        for each in paragraphs[max(number - 1, 0) : number] + paragraphs[number + 1 : number + 2]
    )


def _is_formula(each: Paragraph, text: str) -> bool:
    """Whether a short indented paragraph is a formula: it has a sign between its sides, and hardly a word."""
    if len(text) > 120 or "://" in text or each.lines[0].left < each.column.left + each.lines[0].size or not _EQUALS.search(text):
        return False
    words = sum(len(word) for word in re.findall(r"[^\W\d_]{4,}", text))
    return words * 2 < len(text)


def _is_above_table(paragraphs: list[Paragraph], number: int) -> bool:
    """Whether a line is the head of the table below it, with gaps too narrow to show its cells."""
    if number + 1 == len(paragraphs):
        return False
    lines, table = paragraphs[number].lines, paragraphs[number + 1].lines
    line, row = lines[0], table[0]
    if len(lines) > 1 or len(row.cells) < FEWEST_CELLS or line.page != row.page or ENDED.search(line.text):
        return False
    return (
        0 < row.y - line.y < 2.5 * line.size
        and len(line.text.split()) <= 2 * len(row.cells) + 2
        and abs(line.left - row.left) < 2 * line.size
        and abs(line.right - row.right) < 4 * line.size
    )


def _is_item(text: str) -> bool:
    return ITEM.match(text) is not None and any(map(str.isalnum, text))


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
