"""Read OpenDocument texts (ODT, of LibreOffice): the text as it is printed after all changes are accepted.

Its elements are few and much like HTML's, so they are put into HTML's and read as a piece of a page is
(OASIS OpenDocument 1.3, part 3).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from curate.read.markup import Element, Part, put_in
from curate.read.package import Package
from curate.read.reading import Reading, Unreadable
from curate.read.web import fragment_parts

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"

AS_HTML = {
    f"{TEXT}span": "span", f"{TEXT}a": "a", f"{TEXT}list-item": "li", f"{TEXT}list-header": "li", f"{TEXT}section": "div",
    f"{TABLE}table": "table", f"{TABLE}table-row": "tr", f"{TABLE}table-cell": "td", f"{TEXT}ruby": "span",
    f"{TABLE}table-header-rows": "tbody", f"{TABLE}table-rows": "tbody", f"{DRAW}frame": "div", f"{DRAW}text-box": "div",
    f"{TEXT}ruby-base": "span", f"{TEXT}meta": "span", f"{TEXT}numbered-paragraph": "li", f"{DRAW}a": "span",
}  # fmt: skip
GONE = {
    f"{TEXT}note": "footnotes", f"{OFFICE}annotation": "comments", f"{TEXT}tracked-changes": "deleted",
    f"{TEXT}table-of-content": "contents", f"{TEXT}illustration-index": "contents", f"{TEXT}table-index": "contents",
    f"{TEXT}alphabetical-index": "index", f"{TEXT}user-index": "index", f"{TEXT}bibliography": "bibliography",
    f"{TEXT}page-number": "page_numbers", f"{TEXT}page-count": "page_numbers", f"{TEXT}hidden-text": "hidden",
    f"{TEXT}hidden-paragraph": "hidden", f"{TEXT}ruby-text": "", f"{TEXT}sequence-decls": "", f"{OFFICE}forms": "",
    f"{TEXT}bibliography-mark": "footnotes", f"{TEXT}soft-page-break": "", f"{DRAW}image": "", f"{OFFICE}annotation-end": "",
}  # fmt: skip
"""What is no part of the text, with the reason that is recorded."""
KINDS = (
    (re.compile(r"quotation|quote|block.?text|zitat|citation|cita", re.IGNORECASE), "blockquote"),
    (re.compile(r"preformatted|source|listing|\bcode\b", re.IGNORECASE), "pre"),
    (re.compile(r"^title$", re.IGNORECASE), "h1"),
    (re.compile(r"^(?:footnote|endnote|header|footer|contents)\b", re.IGNORECASE), ""),
)
"""The element of a paragraph by the name of its style; LibreOffice's own have English names in every language."""


def read_odt(path: Path) -> Reading:
    """An OpenDocument text. Notes, comments, indexes, and hidden or deleted text are left out and recorded.

    Raises:
        Unreadable: it is no such file, or is encrypted or damaged.
    """
    with Package(path, "ODT") as package:
        content = package.required("content.xml")
        styles = package.xml("styles.xml")
        body = content.find(f"{OFFICE}body/{OFFICE}text")
        if body is None:
            raise Unreadable("cannot be read as ODT (it has no text); open it in its program and save it again")
        try:
            writer = _Writer([each for each in (styles, content) if each is not None])
            page = etree.Element("div")
            writer.put(body, page)
            reading = Reading()
            put_in(reading, [*fragment_parts(page), *writer.gone])
            return reading
        except RecursionError:
            raise Unreadable("is nested too deeply; open it in its program and save it again") from None


class _Writer:
    """Puts a document's elements into HTML's."""

    def __init__(self, roots: list[Any]) -> None:
        self.gone: list[Part] = []
        found = [each for root in roots for each in root.iter(f"{STYLE}style")]
        self._parents = {each.get(f"{STYLE}name"): each.get(f"{STYLE}parent-style-name") for each in found}
        texts = {each.get(f"{STYLE}name"): each.find(f"{STYLE}text-properties") for each in found}
        self._hidden = {name for name, said in texts.items() if said is not None and said.get(f"{TEXT}display") == "none"}
        lists = [each for root in roots for each in root.iter(f"{TEXT}list-style")]
        self._numbered = {
            each.get(f"{STYLE}name") for each in lists if len(each) and each[0].tag == f"{TEXT}list-level-style-number"
        }

    def put(self, element: Element, into: Element) -> None:
        """Put what an element holds into one of HTML's."""
        _say(into, element.text)
        for child in element:
            if isinstance(child.tag, str):
                self._child(child, into)
            _say(into, child.tail)

    def _child(self, child: Element, into: Element) -> None:
        tag, style = child.tag, child.get(f"{TEXT}style-name")
        if tag in GONE or style in self._hidden:
            words = "".join(child.itertext()).strip()
            if words and (reason := GONE.get(tag, "hidden")):
                self.gone.append(Part(None, words, reason))
        elif tag == f"{TEXT}s":
            _say(into, " " * min(int(child.get(f"{TEXT}c") or 1), 200))
        elif tag == f"{TEXT}tab":
            _say(into, "\t")
        elif tag == f"{TEXT}line-break":
            etree.SubElement(into, "br")
        elif tag == f"{TEXT}h":
            level = child.get(f"{TEXT}outline-level") or "1"
            self.put(child, etree.SubElement(into, f"h{level if level in '123456' else 6}"))
        elif tag == f"{TEXT}p":
            self._paragraph(child, into, self._kind(style))
        elif tag == f"{TEXT}list":
            self.put(child, etree.SubElement(into, "ol" if style in self._numbered else "ul"))
        elif tag in AS_HTML:
            self.put(child, etree.SubElement(into, AS_HTML[tag]))
        else:  # fields and marks: their words, where they have any
            self.put(child, into)

    def _paragraph(self, child: Element, into: Element, kind: str | None) -> None:
        if kind == "":
            self.gone.append(Part(None, "".join(child.itertext()), "page_header"))
        elif kind == "pre":
            before = into[-1] if len(into) and into[-1].tag == "pre" else None
            block = before if before is not None else etree.SubElement(into, "pre")
            if before is not None:
                _say(block, "\n")
            self.put(child, block)
        elif kind == "blockquote":
            before = into[-1] if len(into) and into[-1].tag == "blockquote" else None
            self.put(child, etree.SubElement(before if before is not None else etree.SubElement(into, "blockquote"), "p"))
        else:
            self.put(child, etree.SubElement(into, kind or "p"))

    def _kind(self, style: str | None) -> str | None:
        """The element for a paragraph of a style, by its name or that of one that it is based on; "" for what is no text."""
        for _ in range(20):
            if not style:
                break
            name = style.replace("_20_", " ")
            for pattern, kind in KINDS:
                if pattern.search(name):
                    return kind
            style = self._parents.get(style)
        return None


def _say(into: Element, words: str | None) -> None:
    if not words:
        return
    if len(into):
        into[-1].tail = (into[-1].tail or "") + words
    else:
        into.text = (into.text or "") + words
