"""Convert the HTML of a mail to lines: quoted lines begin with `> `, code keeps its lines, each row of a table is a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from curate.read.mail_words import CUT

LARGEST_HTML = 5_000_000
SKIPPED = {"script", "style", "head", "title", "template", "svg", "object", "form", "button", "textarea"}
BLOCKS = {
    "address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "header", "html",
    "li", "main", "nav", "section", "tr",
}  # fmt: skip
PARAGRAPHS = {"p", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"}
SIGNATURE = re.compile(
    r"gmail_signature|moz-signature|applemailsignature|mobile-signature|protonmail_signature|^signature$", re.I
)
OTHERS_MAIL = re.compile(
    r"divrplyfwdmsg|appendonsend|__quoted_text__|mail-editor-reference-message|yahoo_quoted|zmail_extra", re.I
)
HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none", re.I)


def html_lines(html: str) -> str:
    """The text of a mail's HTML, line by line. Signatures that the mail program marked are left out."""
    import lxml.etree
    import lxml.html

    parser = lxml.html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = lxml.html.document_fromstring(html[:LARGEST_HTML].encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError):  # no element in it
        return ""
    lines = _Lines()
    for begins, element in _walk(root):
        (lines.begin if begins else lines.end)(element)
    lines.end_line()
    return "\n".join(lines.lines)


def _walk(root: Any) -> Iterator[tuple[bool, Any]]:
    """Each element at its start and at its end, without recursion, because mail may nest a thousand levels deep."""
    stack = [(True, root)]
    while stack:
        begins, element = stack.pop()
        yield begins, element
        if begins:
            stack.append((False, element))
            if not _left_out(element):
                stack.extend((True, child) for child in reversed(element) if isinstance(child.tag, str))


def _names(element: Any) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''} {element.get('data-marker') or ''}"[:500]


def _left_out(element: Any) -> bool:
    if element.tag in SKIPPED or HIDDEN.search((element.get("style") or "")[:2000]):
        return True
    names = _names(element)
    return bool(names.strip()) and (bool(OTHERS_MAIL.search(names)) or any(SIGNATURE.search(name) for name in names.split()))


class _Lines:
    """Collects lines. A line is a list of pieces until it ends."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []
        self._written = False  # whether the line has words
        self._above = False  # whether the line above has
        self._quotes = 0
        self._pre = 0
        self._lists: list[int | None] = []  # the next number of each open list; None for bullets

    def begin(self, element: Any) -> None:
        """Begin an element and add the text before its first child."""
        tag = element.tag
        self._break(tag)
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            if self._lists and number is not None:
                self._lists[-1] = number + 1
            self._add("  " * (len(self._lists) - 1) + ("- " if number is None else f"{number}. "))
        elif tag == "br":
            self.end_line()
        elif tag == "hr":
            self._whole_line("_" * 10)
        elif tag in ("td", "th") and self._written:
            self._add(" ")
        if not _left_out(element):
            self._text(element.text)
        elif OTHERS_MAIL.search(_names(element)):
            self._whole_line(CUT)

    def end(self, element: Any) -> None:
        """End an element and add the text that follows it."""
        tag = element.tag
        self._break(tag)
        if tag == "blockquote":
            self._quotes -= 1
        elif tag == "pre":
            self._pre -= 1
        elif tag in ("ul", "ol"):
            self._lists.pop()
        self._text(element.tail)

    def end_line(self) -> None:
        """End the line and begin the next one."""
        self.lines.append("> " * self._quotes + "".join(self._line).rstrip(" "))
        self._line, self._above, self._written = [], self._written, False

    def _whole_line(self, text: str) -> None:
        self.end_line()
        self._line = [text]
        self.end_line()

    def _break(self, tag: str) -> None:
        if tag not in BLOCKS and tag not in PARAGRAPHS:
            return
        if self._written:
            self.end_line()
        if tag in PARAGRAPHS and self._above and not (tag in ("ul", "ol") and self._lists):
            self.end_line()

    def _add(self, text: str) -> None:
        self._line.append(text)
        self._written = self._written or bool(text.strip())

    def _text(self, text: str | None) -> None:
        if not text:
            return
        if self._pre:
            first, *more = text.split("\n")
            self._add(first)
            for line in more:
                self.end_line()
                self._add(line)
        else:
            text = re.sub(r"[ \t\r\n\f]+", " ", text)
            self._add(text if self._line else text.lstrip(" "))
