"""Read presentations (PPTX): titles, texts and speaker notes in the order of the slides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.read.markup import Part, put_in
from curate.read.package import Package
from curate.read.reading import Reading, Unreadable, table_row

Element = Any
"""An element of lxml, which is not typed."""
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_FURNITURE = {"sldNum": "page_numbers", "dt": "page_header", "ftr": "page_header", "hdr": "page_header", "sldImg": "page_header"}
"""Placeholders with the same text on every slide."""


def read_slides(path: Path) -> Reading:
    """Read a PPTX file. Speaker notes, the prose of a talk, follow their slide. Hidden slides are left out.

    Raises:
        Unreadable: it is no such file, or is encrypted or damaged.
    """
    with Package(path, "PPTX") as package:
        main = next((name for kind, name in package.links("").values() if kind == "officeDocument"), "ppt/presentation.xml")
        presentation = package.required(main)
        links = package.links(main)
        reading = Reading()
        try:
            for each in presentation.iterfind(f"{P}sldIdLst/{P}sldId"):
                kind, name = links.get(each.get(R + "id") or "", ("", ""))
                slide = package.xml(name) if kind == "slide" else None
                if slide is not None:
                    _add_slide(package, name, slide, reading)
        except RecursionError:
            raise Unreadable("is nested too deeply; open it in its program and save it again") from None
        return reading


def _add_slide(package: Package, name: str, slide: Element, reading: Reading) -> None:
    parts = list(_shapes(slide.find(f"{P}cSld/{P}spTree")))
    if (slide.get("show") or "1") in ("0", "false"):
        reading.leave_out("hidden", "\n".join(part.text.lstrip("# ") for part in parts))
        return
    titles = [part for part in parts if part.kind == "heading"]
    put_in(reading, titles + [part for part in parts if part.kind != "heading"])
    for kind, other in package.links(name).values():
        notes = package.xml(other) if kind == "notesSlide" else None
        if notes is not None:
            put_in(reading, _shapes(notes.find(f"{P}cSld/{P}spTree"), in_notes=True))


def _shapes(tree: Element, *, in_notes: bool = False) -> Iterator[Part]:
    for shape in tree if tree is not None else ():
        if shape.tag == P + "grpSp":
            yield from _shapes(shape, in_notes=in_notes)
        elif shape.tag == P + "graphicFrame":
            for table in shape.iter(A + "tbl"):
                rows = [table_row([_line(cell) for cell in row.iterfind(A + "tc")]) for row in table.iterfind(A + "tr")]
                yield Part("table", "\n".join(rows))
        elif shape.tag == P + "sp" and (body := shape.find(P + "txBody")) is not None:
            placeholder = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
            kind = (placeholder.get("type") or "body") if placeholder is not None else ""
            if kind in _FURNITURE:
                yield Part(None, _line(body), _FURNITURE[kind])
            elif kind in ("title", "ctrTitle"):
                yield Part("heading", f"## {_line(body)}" if _line(body) else "", level=2)
            else:
                yield from _paragraphs(body, listed=kind == "body" and not in_notes)


def _paragraphs(body: Element, *, listed: bool) -> Iterator[Part]:
    """The paragraphs of a shape. They are list items if the layout shows them as a list or they have a bullet of their own."""
    tight = False
    for paragraph in body.iterfind(A + "p"):
        text = _words(paragraph)
        if not text.strip():
            continue
        properties = paragraph.find(A + "pPr")
        depth, item = 0, listed
        if properties is not None:
            level = properties.get("lvl") or "0"
            depth = min(int(level), 8) if level.isdigit() else 0
            if properties.find(A + "buNone") is not None:
                item = False
            elif properties.find(A + "buChar") is not None or properties.find(A + "buAutoNum") is not None:
                item = True
        if item:
            yield Part("list", "  " * depth + "- " + " ".join(text.split()), tight=tight)
        else:
            yield Part("prose", text)
        tight = item


def _words(paragraph: Element) -> str:
    out = []
    for each in paragraph:
        if each.tag == A + "r":
            strike = each.find(A + "rPr")
            said = each.find(A + "t")
            if said is not None and (strike is None or (strike.get("strike") or "noStrike") == "noStrike"):
                out.append(said.text or "")
        elif each.tag == A + "br":
            out.append("\n")
        elif (
            each.tag == A + "fld"
            and (each.get("type") or "") not in ("slidenum",)
            and not (each.get("type") or "").startswith("datetime")
        ):
            out.append("".join(text.text or "" for text in each.iter(A + "t")))
    return "".join(out)


def _line(element: Element) -> str:
    return " ".join(" ".join(_words(paragraph) for paragraph in element.iter(A + "p")).split())
