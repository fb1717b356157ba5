"""Mark what a web page shows only by its layout: quotes that are indented, and poems whose lines are elements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from lxml import etree

from curate.read.book_styles import inset_classes, mark_quotes
from curate.read.markup import VERBATIM, Element, is_element, names_of, one_line

LENGTH = re.compile(r"(?:^|;|\s)(?:margin|padding)-left\s*:\s*([\d.]{1,6})(px|pt|em|rem|in|cm|%)", re.IGNORECASE)
LEAST = {"px": 20.0, "pt": 15.0, "em": 1.5, "rem": 1.5, "in": 0.25, "cm": 0.6, "%": 4.0}
"""The least indentation of a quote, by unit."""
HANGING = re.compile(r"text-indent\s*:\s*-", re.IGNORECASE)
LINE = re.compile(r"(?:^|\s)(?:(?:poem|verse|stanza|lyrics?)?[-_]?line|vers?e?|l)\d{0,2}(?:\s|$)")
"""Names that pages give to a line of a poem."""
CODE = re.compile(r"code|highlight|syntax|terminal|console|gutter|ec-line|cm-|ace_|table|list|timeline")
UNREAD = {"script", "style", "template", "noscript"}
NOT_QUOTED = ("h1", "h2", "h3", "li", "table", "pre", "img", "form")
"""What is in no `div` that indents a quote: its margin is the page's layout."""
FEWEST_LINES = 3
LONGEST_LINE, USUAL_LINE = 140, 75
SHORTEST_QUOTE = 60
MOST_QUOTED = 0.7
MOST_INDENTED = 0.4
"""Share of the text of a page's paragraphs. If more of it is indented, that is the page's layout."""


def mark_layout(page: Element) -> None:
    """Name indented paragraphs as block quotes, and put lines that follow each other into a poem."""
    _mark_indented(page)
    _mark_indented_by_docs(page)
    _free_whole_pages(page)
    for parent in {each.getparent() for each in page.iter("div", "p", "span") if each.attrib and _is_line(each)}:
        if parent is not None:
            _join_lines(parent)


def _mark_indented(page: Element) -> None:
    indented = [each for each in page.iter("p", "div") if each.get("style") and _is_indented(each)]
    indented = [each for each in indented if next(each.iterancestors("li", "td", "blockquote"), None) is None]
    if not indented or sum(map(_size, indented)) > MOST_INDENTED * _size(page):
        return
    for each in indented:
        each.set("class", f"{each.get('class') or ''} blockquote")


def _mark_indented_by_docs(page: Element) -> None:
    """Name the indented paragraphs of Google Docs as block quotes: it writes their margins in a style sheet."""
    body = page.find("body")
    if body is not None and "doc-content" in (body.get("class") or ""):
        css = "".join("".join(each.itertext()) for each in page.iter("style"))
        mark_quotes([body], inset_classes(css, least_right=0.0))


def _free_whole_pages(page: Element) -> None:
    """Rename block quotes that hold most of a page: they only give it margins."""
    quotes = [each for each in page.iter("blockquote") if next(each.iterancestors("blockquote"), None) is None]
    if not quotes:
        return
    size = _size(page)
    for each in quotes:
        if _size(each) > MOST_QUOTED * size:
            each.tag = "div"


def _size(element: Element) -> int:
    """About how many characters an element holds, without scripts."""
    tails = sum(len(each.tail.strip()) for each in element.iterdescendants() if each.tail)
    return tails + sum(len(each.text.strip()) for each in element.iter(etree.Element) if each.text and each.tag not in UNREAD)


def _is_indented(paragraph: Element) -> bool:
    style = (paragraph.get("style") or "")[:1000]
    found = LENGTH.search(style)
    if not found or HANGING.search(style) or "mso-list" in style or "MsoList" in (paragraph.get("class") or ""):
        return False
    if paragraph.tag == "div" and next(paragraph.iter(*NOT_QUOTED), None) is not None:
        return False
    return float(found[1].rstrip(".") or 0) >= LEAST[found[2].lower()] and len(one_line(paragraph, {}, 200)) >= SHORTEST_QUOTE


def _is_line(element: Element) -> bool:
    style, named = element.get("style"), element.get("class")
    if style and element.tag != "span" and HANGING.search(style[:1000]) and "mso-" not in style:
        return True
    return named is not None and LINE.search(named.lower()) is not None


def _join_lines(parent: Element) -> None:
    """Move each run of lines into an element that is named as a poem."""
    if any(
        each.tag in VERBATIM or each.tag == "code" or CODE.search(names_of(each)) for each in (parent, *parent.iterancestors())
    ):
        return
    run: list[Element] = []
    for child in [*parent, None]:
        if child is not None and not is_element(child):
            continue
        if child is not None and (_is_line(child) or (run and _is_gap(child))) and not (run and (run[-1].tail or "").strip()):
            run.append(child)
            continue
        while run and _is_gap(run[-1]):
            run.pop()
        if len(run) >= FEWEST_LINES and _are_short(run):
            _wrap(run)
        run = [child] if child is not None and _is_line(child) else []


def _is_gap(element: Element) -> bool:
    return element.tag in ("div", "p", "span", "br") and not one_line(element, {}, 10)


def _are_short(run: Iterable[Element]) -> bool:
    sizes = [len(one_line(each, {}, LONGEST_LINE + 1)) for each in run if not _is_gap(each)]
    return len(sizes) >= FEWEST_LINES and max(sizes) <= LONGEST_LINE and sum(sizes) <= USUAL_LINE * len(sizes)


def _wrap(run: list[Element]) -> None:
    poem = etree.Element("div", {"class": "poem"})
    run[0].addprevious(poem)
    poem.tail = run[-1].tail
    ends = {each for before, each in pairwise(run) if each.tag == "br" and before.tag == "span" and not _is_gap(before)}
    for each in run:
        if each in ends:
            each.getparent().remove(each)
            continue
        if each.tag == "br" or not one_line(each, {}, 10):
            each.text = "\xa0"
            for child in list(each):
                each.remove(child)
        each.tail = None
        each.tag = "div"
        for name in ("class", "style"):
            each.attrib.pop(name, None)
        poem.append(each)
