"""Read exports of Evernote (ENEX) and Day One (JSON), and a reader's own notes among the highlights of a Kindle."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lxml import etree

from curate.read.markdown import read_markdown
from curate.read.markup import Element, Part, parse, put_in
from curate.read.package import Package
from curate.read.reading import Reading, Unreadable
from curate.read.web import fragment_parts

HIGHLIGHTS = "holds highlights of books on a Kindle, which are other people's words; leave it out with `exclude`"
_KINDLE_NOTE = re.compile(
    r"- (?:(?:your|tu|su|la tua|ihre|deine|votre|a sua|sua|uw|je|min|din) )?"
    r"(?:note|nota|notiz|notitie|aantekening|anotação|anotações|notas|notering|заметка|notatka|poznámka)\b"
    r"|- .{0,40}(?:的笔记|的筆記|メモ|메모)",
    re.IGNORECASE,
)
"""The second line of an entry that the reader wrote; of the others it says highlight, bookmark or clipping."""
_CLIPPING = re.compile(r"^\ufeff?.{1,300}\n- .{5,200}\n\s*\n", re.MULTILINE)
_CODE_BLOCK = re.compile(r"-en-codeblock\s*:\s*true")
_KINDLE_PAGE = re.compile(r"class\s*=\s*['\"]noteHeading['\"]")


def is_clippings(text: str) -> bool:
    """Whether a text is a Kindle's `My Clippings.txt`, in any language: entries of four lines, separated by ten `=`."""
    entries = re.split(r"^={10}[ \t\r]*$", text[:200_000], flags=re.MULTILINE)
    return len(entries) > 1 and _CLIPPING.match(entries[0].replace("\r\n", "\n").lstrip()) is not None


def read_clippings(text: str) -> Reading:
    """The notes that a reader wrote into books on a Kindle, each below the passage that it is about.

    Raises:
        Unreadable: there are highlights only.
    """
    reading, title, passage = Reading(), "", ""
    for entry in re.split(r"^={10}[ \t\r]*$", text.replace("\r\n", "\n").replace("\ufeff", ""), flags=re.MULTILINE):
        book, _, rest = entry.strip("\n").partition("\n")
        kind, _, words = rest.partition("\n")
        if not _KINDLE_NOTE.match(kind):
            reading.leave_out("highlight", words)
            passage = words.strip()
            continue
        if book != title:
            reading.add("heading", f"# {book}")
        reading.add("quotation", passage)
        for paragraph in re.split(r"\n[ \t]*\n", words.strip()):
            reading.add("prose", paragraph)
        title, passage = book, ""
    if not any(block.kind == "prose" for block in reading.blocks):
        raise Unreadable(HIGHLIGHTS)
    return reading


def is_kindle_page(text: str) -> bool:
    """Whether a web page is a notebook that a Kindle exported."""
    return _KINDLE_PAGE.search(text[:200_000]) is not None


def read_evernote(path: Path) -> Reading:
    """The notes of an ENEX file, each below its title. Clipped web pages are left out, because others wrote them.

    Raises:
        Unreadable: it is no such file.
    """
    reading = Reading(path.stem)
    try:
        notes = etree.iterparse(path, tag="note", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        for _, note in notes:
            title = " ".join((note.findtext("title") or "").split())
            content = re.sub(r"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE[^>]*>)?", "", note.findtext("content") or "")
            source = note.findtext("note-attributes/source") or ""
            parts = fragment_parts(_with_code(content))
            if source.startswith("web.clip"):
                put_in(reading, [Part(None, "\n".join([title, *(part.text for part in parts)]), "web_clip")])
            elif any(part.kind for part in parts):
                put_in(reading, [Part("heading", f"# {title}" if title else "", level=1), *parts])
            note.clear()
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"cannot be read as ENEX ({str(error)[:160]}); export the notes again") from None
    return reading


def _with_code(content: str) -> Element:
    """A note with its code blocks, which are a `div` for each line, as `pre`, and without encrypted text."""
    note = parse(content)
    for block in [each for each in note.iter("div") if _CODE_BLOCK.search(each.get("style") or "")]:
        lines = ["".join(line.itertext()) for line in block] or ["".join(block.itertext())]
        tail = block.tail
        block.clear()
        block.tag, block.text, block.tail = "pre", "\n".join(lines), tail
    etree.strip_elements(note, "en-crypt", with_tail=False)
    return note


def read_day_one(path: Path) -> Reading:
    """The entries of a Day One journal, ordered by date, from its JSON file or the ZIP file that contains it.

    Raises:
        Unreadable: it is some other JSON or ZIP file.
    """
    if path.suffix.lower() == ".zip":
        with Package(path, "ZIP") as package:
            names = [name for name in package.parts if re.fullmatch(r"[^/]+\.json", name)]
            texts = [package.read(name) for name in names]
    else:
        texts = [path.read_bytes()]
    entries = [entry for text in texts for entry in _entries(text)]
    if not entries:
        what = "is a ZIP file and no journal of Day One; unpack it and name what is in it"
        if path.suffix.lower() == ".json":
            what = (
                "is JSON and no journal of Day One; conversations are read with `as: conversations`, pairs of a question and "
                "an answer with `as: pairs`"
            )
        raise Unreadable(what)
    reading = Reading(path.stem)
    for entry in sorted(entries, key=lambda each: str(each.get("creationDate") or "")):
        reading.append(read_markdown(str(entry.get("text") or "")))
    return reading


def _entries(text: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return []
    entries = found.get("entries") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        return []
    return [entry for entry in entries if isinstance(entry, dict) and "creationDate" in entry]
