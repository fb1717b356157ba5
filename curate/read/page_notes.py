"""Find the footnotes of a web page and their marks, whether they are links or typed."""

from __future__ import annotations

import re
from collections import Counter

from lxml import etree

from curate.read.markup import BLOCKS, HEADINGS, VERBATIM, Element, Omitted, Part, one_line, raw_text

_MARK = re.compile(
    r"[\[(]?\s*(?:\d{1,4}|[¹²³⁰⁴-⁹]{1,3}|[*†‡§¶#]{1,4}|[a-z]{1,2}|[ivxlc]{1,7}|(?:fn|note)\.?\s*\d{1,4})\s*[\])]?", re.IGNORECASE
)
"""The text of a footnote mark."""
_BRACKETED = re.compile(r"\[\s?(?:\d{1,3}|[*†‡§]{1,3})\s?\]")
_NOTE = re.compile(r"(?:- )?[\[(]?(\d{1,3}|[*†‡§]{1,3}|[¹²³⁰⁴-⁹]{1,3})[\])]?[.:]?\s*\S")
_TYPED = re.compile(
    r"(?:(?<=[\w.,;:!?”\"’')])(?:\*{1,3}|[†‡§]{1,2})|(?:(?<=[^\W\d_]{4})|(?<=[.,;:!?”\"’')]))[¹²³⁰⁴-⁹]{1,3}"
    r"|(?<=[\w.,;:!?”\"’')]) ?\[\d{1,3}\])(?=[\s.,;:)!?”’]|$)"
)
"""A mark of a note that is typed after a word."""
_SIGN = re.compile(r"[*†‡§¹²³⁰⁴-⁹]|\[\d")
"""What each such mark has. Most paragraphs have none, and are not searched further."""
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
LONGEST_NOTE = 4_000


def omit_notes(page: Element, omitted: Omitted) -> None:
    """Leave out marks that link to a note on the same page, and the notes."""
    places: dict[Element, int] = {}
    named: dict[str, Element] = {}
    links = []
    for place, element in enumerate(page.iter(etree.Element)):
        for name in (element.get("id"), element.get("name") if element.tag == "a" else None):
            if name:
                named.setdefault(name, element)
                places[element] = place
        if element.tag == "a" and "#" in (href := element.get("href") or ""):
            places[element] = place
            links.append((element, href.partition("#")[2]))
    found: dict[str, Element | None] = {}
    for link, name in links:
        words = one_line(link, {}, 40)
        target = named.get(name)
        raised = is_raised(link)
        if not is_mark(words) and link.get("rel") != "footnote":
            continue
        if target is None:
            href = link.get("href") or ""
            if (raised and "://" not in href[:8]) or (href.startswith("#") and _BRACKETED.fullmatch(words)):
                omitted.setdefault(with_its_sup(link), "footnotes")
            continue
        if places[target] < places[link] and not raised:
            continue  # a link from a note back to its mark; it goes with the note
        if name not in found:
            found[name] = note_at(target)
        note = found[name]
        if note is None or any(above is note for above in link.iterancestors()):
            continue
        if not raised and words.isdigit() and not _begins_with(note, words) and not _links_back(note, link):
            continue  # a link to a numbered part of the text
        reason = "comments" if name.startswith(("cmnt", "_cmnt", "_msocom")) else "footnotes"
        omitted.setdefault(with_its_sup(link), reason)
        if places[target] > places[link]:
            box = note.getparent()  # Google Docs puts all paragraphs of a comment in one
            boxed = reason == "comments" and box is not None and box.tag == "div" and box[0] is note
            omitted.setdefault(box if boxed else note, reason)
    _omit_whole_lists(omitted)


def _begins_with(note: Element, mark: str) -> bool:
    """Whether a note is in a list, which numbers it, or begins with its mark."""
    return note.tag in ("li", "dd", "dt") or re.match(rf"[\[(]?{mark}\b", one_line(note, {}, 40)) is not None


def _links_back(note: Element, link: Element) -> bool:
    names = {name for each in (link, link.getparent()) if each is not None for name in (each.get("id"), each.get("name")) if name}
    return any((each.get("href") or "").partition("#")[2] in names for each in note.iter("a"))


def _omit_whole_lists(omitted: Omitted) -> None:
    """Leave out the notes of a list that nothing links to, if most others of the list are left out."""
    notes = [each for each, reason in omitted.items() if reason == "footnotes" and each.tag in ("li", "p", "div", "dd")]
    for parent, count in Counter(each.getparent() for each in notes if each.getparent() is not None).items():
        if parent.tag in ("ol", "ul", "dl") and count * 2 >= len(parent):
            omitted.setdefault(parent, "footnotes")


def is_mark(words: str) -> bool:
    """Whether the words of a link may be the mark of a note."""
    return _MARK.fullmatch(words) is not None


def is_raised(link: Element) -> bool:
    """Whether a link is a superscript."""
    return (
        next(link.iterancestors("sup"), None) is not None
        or link.find(".//sup") is not None
        or re.search(r"vertical-align\s*:\s*super", link.get("style") or "") is not None
    )


def with_its_sup(link: Element) -> Element:
    """The `sup` that contains only this link, else the link itself."""
    parent = link.getparent()
    alone = (
        parent is not None
        and parent.tag == "sup"
        and len(parent) == 1
        and not (parent.text or "").strip()
        and not (link.tail or "").strip()
    )
    return parent if alone else link


def note_at(target: Element) -> Element | None:
    """The note to which a mark points; None if the target is a heading or a part of the text."""
    note = target
    while note.tag not in BLOCKS and note.getparent() is not None:
        note = note.getparent()
    if note.tag in ("html", "body", "main", "article") or note.tag in HEADINGS or note.find(".//h2") is not None:
        return None
    if note.tag in VERBATIM or len(raw_text(note, {}, LONGEST_NOTE)) > LONGEST_NOTE:
        return None
    parent = note.getparent()
    while parent is not None and parent.tag in ("li", "div", "dd") and len(parent) == 1 and not (parent.text or "").strip():
        note, parent = parent, parent.getparent()
    return note


def without_unlinked_notes(parts: list[Part]) -> list[Part]:
    """Leave out notes whose marks are not links: `3` in the text, `3. Of the upper pond.` below.

    They are at the end of the post, or two and more in a row in its second half.
    """
    marks = {
        _bare(mark)
        for part in parts
        if part.reason == "footnotes" and part.kind is None
        for mark in re.split(r"[\s,;]+", part.text[:200])
    }
    marks = {mark for mark in marks if re.fullmatch(r"\d{1,3}|[*†‡§]{1,3}", mark)}
    typed: dict[str, set[str]] = {}
    for part in parts:
        if part.kind in ("prose", "list", "quotation") and _SIGN.search(part.text):
            for mark in _TYPED.findall(part.text):
                typed.setdefault(_bare(mark), set()).add(mark)
    known = marks | set(typed)
    if not known:
        return parts
    notes = {id(part) for part in parts if _is_note(part, known)}
    at_end: list[Part] = []
    for part in reversed(parts):
        if part.kind and id(part) not in notes:
            break
        at_end += [part] if part.kind else []
    run: list[Part] = []
    gone = at_end
    for part in [*parts[len(parts) // 2 :], Part("other", "")]:
        if part.kind == "prose" and id(part) in notes:
            run.append(part)
        elif part.kind:
            gone += run if len(run) > 1 else []
            run = []
    found = {form for part in gone if (mark := _NOTE.match(part.text)) for form in typed.get(_bare(mark[1]), ())}
    left_out = {id(part) for part in gone}
    for part in parts:
        if id(part) in left_out:
            part.kind, part.reason = None, "footnotes"
        elif found and part.kind in ("prose", "list", "quotation"):
            part.text = _TYPED.sub(lambda mark: "" if mark[0] in found else mark[0], part.text)
    return parts


def _is_note(part: Part, marks: set[str]) -> bool:
    if part.kind not in ("prose", "list"):
        return False
    found = _NOTE.match(part.text)
    return part.noted in marks or (found is not None and _bare(found[1]) in marks)


def _bare(mark: str) -> str:
    """A mark without brackets; superscript digits become digits."""
    return mark.strip("[]() ").translate(_DIGITS)
