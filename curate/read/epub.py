"""Read books (EPUB) in the order of the spine: the chapters, without cover, title page, imprint, contents, notes and index."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import name2codepoint
from pathlib import Path
from typing import Any

from lxml import etree

from curate.read.book_styles import DOCUMENTS, inset_classes, mark_quotes
from curate.read.furniture import EPUB_TYPE, EPUB_TYPES
from curate.read.markup import (
    BLOCKS,
    HEADINGS,
    Element,
    Omitted,
    Part,
    Renderer,
    is_element,
    one_line,
    parse,
    plain,
    put_in,
    raw_text,
    tidied,
)
from curate.read.package import Package, resolved
from curate.read.page_furniture import furniture
from curate.read.page_notes import is_mark, is_raised, note_at, with_its_sup
from curate.read.reading import Reading, Unreadable

CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
_XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}

_TYPES = EPUB_TYPES | {
    "abstract": "", "acknowledgments": "", "adcard": "advertisement", "bibliography": "bibliography", "brochure": "advertisement",
    "contributors": "about_author", "dedication": "dedication", "errata": "imprint", "foreword": "foreword",
    "frontispiece": "cover",
    "glossary": "", "praise": "advertisement", "publisher-advertisement": "advertisement", "z3998:publisher-advertisement":
    "advertisement", "se:image": "cover",
}  # fmt: skip
"""Reasons by `epub:type`, for whole files and for parts of files."""
_GUIDE = {
    "cover": "cover", "title-page": "title_page", "toc": "contents", "index": "index", "copyright-page": "imprint", "colophon":
    "imprint", "notes": "footnotes", "bibliography": "bibliography", "dedication": "dedication", "foreword": "foreword", "loi":
    "contents", "lot": "contents", "epigraph": "",
}  # fmt: skip
"""Reasons by the type of a reference in the guide of EPUB 2."""
_FILES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?:^|[\d_.-])(?:{names})(?:$|[\d_.-])"), reason)
    for names, reason in (
        ("cover|coverpage|titlecover|backcover|portada|cubierta|couverture|umschlag|copertina|capa|omslag", "cover"),
        ("title-?page|title|halftitle|half-title|titlepg|tp|htp?|bastardtitle|portadilla|anteportada|titelei|titelseite|schmutztitel|"
         "page-?de-?titre|faux-?titre|frontespizio|occhiello|folha-?de-?rosto|titelpagina", "title_page"),
        ("copyright|copyright-?page|copy|cop|crt|imprint|colophon|uncopyright|legal|legalnotice|rights|license|"
         "creditos|colofon|pagina-?legal|impressum|mentions-?legales|acheve|ficha-?tecnica|legales|colofao", "imprint"),
        ("toc|contents|nav|navigation|table-?of-?contents|toc-?page|inline-?toc|loi|lot|ncx|"
         "indice|inhalt|inhaltsverzeichnis|sommaire|tabledesmatieres|indice-?general|sommario|inhoud", "contents"),
        ("notes|endnotes?|footnotes?|fn|en|rearnotes?", "footnotes"),
        ("index", "index"),
        ("about-?the-?author|about-?author|author-?bio|abouttheauthor|aboutauthor|ata|author", "about_author"),
        ("also-?by|alsoby|other-?books|otherbooks|books-?by|catalogo|otros-?titulos|du-?meme-?auteur|dalla-?stessa|leseprobe|"
         "adcard|ad-?card|newsletter|newsletter-?sign-?up|next-?reads|teaser|excerpt|praise|"
         "advertisement|promo|backad|bm-ad", "advertisement"),
    )
)  # fmt: skip
"""Reasons by the file's name."""
_HEADS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?:{words})[\s.:]*", re.IGNORECASE), reason)
    for words, reason in (
        ("(?:table of )?contents|inhalt(?:sverzeichnis)?|table des matières|sommaire|índice(?: general)?|indice|"
         "inhoud(?:sopgave)?|spis treści|innehåll|目次|目录|目錄|содержание|"
         "оглавление|list of (?:illustrations|figures|tables|maps)", "contents"),
        ("(?:end|foot)?-?notes|notes and references|anmerkungen|fußnoten|endnoten|notes de (?:l’auteur|bas de page)|notas|"
         "note|noten|przypisy|注釈|注释|примечания", "footnotes"),
        ("index|register|(?:personen|sach|stichwort)(?:verzeichnis|register)|index of names|indeks|индекс", "index"),
        ("copyright(?: page| notice)?|imprint|impressum|colophon|uncopyright|mentions légales|créditos|colof[óã]n?o?|"
         "página legal|achevé d[’']imprimer|crediti|ficha técnica|利用許諾", "imprint"),
        ("about the authors?|über den autor|über die autorin|à propos de l[’']auteure?|sobre (?:el|la) autora?|"
         "sull[’']autore", "about_author"),
        ("also by .{1,80}|(?:other )?books by .{1,80}|by the same author|praise for .{1,80}|von .{1,60} bei .{1,60} erschienen|"
         "du même auteur|(?:otros títulos|otras obras|más títulos|también) (?:de|del|en) .{1,80}|dello stesso autore|"
         "do mesmo autor|(?:weitere titel|außerdem|bereits) .{0,40}erschienen|dans la même collection|"
         "newsletter(?: sign-?up)?|stay in touch|(?:an? )?(?:excerpt|extract|preview) (?:from|of) .{1,80}|"
         "also available.{0,60}|coming soon.{0,60}|more (?:from|by) .{1,80}|"
         "read on for .{1,120}|keep reading.{0,80}|leseprobe.{0,80}|join (?:our|the) .{1,40}list|what to read next|"
         "discover more.{0,60}|"
         "a note on the type|"
         "about the publisher", "advertisement"),
        ("bibliography|works cited|references|literatur(?:verzeichnis)?|bibliographie|bibliografía|bibliografia", "bibliography"),
    )
)  # fmt: skip
"""Reasons by the first heading of a file, or its name in the contents."""
_IMPRINT = re.compile(
    r"\bISBN\b|©|\bcopyright\b|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos|"
    r"tutti i diritti|library of congress|british library|first (?:published|edition)|printed (?:in|and bound)|"
    r"published by|\be-?isbn\b|depósito legal|quedan prohibid|primera edición|diseño de (?:la )?(?:cubierta|portada|colección)|"
    r"dépôt légal|achevé d[’']imprimer|première édition|conception graphique|interdite?s? (?:sans|de reproduire)|"
    r"umschlaggestaltung|lektorat|satz und|druck und bindung|\d\. auflage|deutsche nationalbibliothek|prima edizione|"
    r"finito di stampare|diritti riservati|progetto grafico|se terminó de imprimir|reservados (?:todos )?(?:los|os) dere?i|"
    r"(?:produced|created|generated|converted) (?:by|with) (?:calibre|sigil|vellum|pandoc|scrivener)|free e-?books|"
    r"licen[cs]e notes|smashwords|licensed for your personal|work of fiction|any resemblance to|"
    r"no part of this (?:e-?)?(?:book|publication)|"
    r"moral rights? of|version \d|cover design|creative commons|public domain|wszelkie prawa",
    re.IGNORECASE,
)
_ADVERTISES = re.compile(
    r"leave a review|write a review|newsletter|sign up|mailing list|thanks? (?:you )?for reading|did you enjoy|if you enjoyed"
    r"|visit (?:me|us|my|our|www)"
    r"|follow (?:me|us)|other (?:books|titles)|available (?:now|from|at)|rezension|bewertung|deja una reseña|laissez un avis",
    re.IGNORECASE,
)
_PAGE = re.compile(r"(?:page|pg|p|seite|pagina|pag)[_.-]?\d{1,4}", re.IGNORECASE)
"""The id of a place where a page of the printed book begins."""
_PAGE_PRINTED = re.compile(
    r"[\[({|]?\s*(?:(?:page|pg|p|seite|s|pagina|pág|pag)\b\.?\s*)?(?:\d{1,4}|[ivxlc]{1,7})\s*[\])}|]?", re.IGNORECASE
)
"""What is printed at such a place."""
_MADE_WITH = re.compile(
    r"\b(?:created|made|generated|converted|produced|formatted|erstellt|erzeugt|créé|generado|creado|gemaakt)\s(?:with|by|using|mit|von"
    r"|avec|par|con|por|met)\b.{0,30}\b(?:calibre|sigil|vellum|pandoc|scrivener|indesign|jutoh|atticus|reedsy|draft2digital"
    r"|kindle create)\b"
    r"|\b(?:e-?book|epub|file)\b.{0,40}\b(?:downloaded|purchased|converted|scanned|digiti[sz]ed)\b",
    re.IGNORECASE,
)
"""A line of the program or the shop that the book went through."""
LONGEST_STAMP = 20
_ENDED = re.compile(r"[.!?…:;。！？]['\"’”»)\]]*$")
SHORT_PAGE = 40
"""A page before the first chapter with at most so many words and no full sentence is a half-title or the like."""


def read_epub(path: Path) -> Reading:
    """An EPUB file: its chapters in order, as one document.

    Raises:
        Unreadable: it is no EPUB, is copy-protected, or holds no chapter.
    """
    with Package(path, "EPUB") as package:
        _refuse_protected(package)
        container = package.required("META-INF/container.xml")
        rootfile = next(container.iter(CONTAINER + "rootfile"), None)
        main = (rootfile.get("full-path") or "") if rootfile is not None else ""
        book = _Book(package, main)
        reading = Reading(book.title)
        files = list(book.files())
        _omit_notes_elsewhere(files)
        mark_quotes([file.root for file in files], book.inset_classes() | DOCUMENTS)
        started = False
        open_end: Part | None = None
        for file in files:
            renderer = Renderer(file.omitted, bylines=False)
            renderer.walk(file.root)
            parts = _with_heading(list(tidied(renderer.parts)), file.label)
            words = sum(len(part.text.split()) for part in parts if part.kind)
            reason = file.reason or _reason_within(file, words, parts, started=started, title=book.title)
            if reason:
                text = "\n".join(part.text for part in renderer.parts)
                put_in(reading, [*_held(open_end), Part(None, text or one_line(file.root, {}), reason)])
                open_end = None
                continue
            started = started or words > SHORT_PAGE or any(part.kind == "verse" for part in parts)
            if open_end is not None:
                parts = _continued(open_end, parts)
            open_end = None
            for part in parts[-3:]:
                if part.kind == "prose" and len(part.text.split()) <= LONGEST_STAMP and _MADE_WITH.search(part.text):
                    part.kind, part.reason = None, "imprint"
            last = max((number for number, part in enumerate(parts) if part.kind), default=-1)
            if last >= 0 and parts[last].kind == "prose" and not _ENDED.search(parts[last].text):
                open_end = parts.pop(last)
            put_in(reading, parts)
        put_in(reading, _held(open_end))
        if not reading.blocks and not reading.left_out:
            raise Unreadable("contains no readable chapter; open it in its program and save it again")
        return reading


def _held(part: Part | None) -> list[Part]:
    return [part] if part is not None else []


def _continued(open_end: Part, parts: list[Part]) -> list[Part]:
    """Join a paragraph that a file breaks off with the first one of the next file, if that begins with a small letter."""
    first = next((number for number, part in enumerate(parts) if part.kind is not None), None)
    if (
        first is not None
        and parts[first].kind == "prose"
        and re.match(r"[^\W\d_]", parts[first].text)
        and parts[first].text[0].islower()
    ):
        parts[first].text = f"{open_end.text} {parts[first].text}"
        return parts
    return [open_end, *parts]


def _with_heading(parts: list[Part], label: str) -> list[Part]:
    """Make a heading of a first paragraph that equals the chapter's name in the table of contents."""
    if label and not any(part.kind == "heading" for part in parts[:3]):
        for part in parts[:2]:
            if part.kind == "prose" and plain(part.text) == plain(label):
                part.kind, part.level, part.text = "heading", 2, "## " + " ".join(part.text.split())
    return parts


def _refuse_protected(package: Package) -> None:
    encryption = package.xml("META-INF/encryption.xml")
    if encryption is None:
        return
    for each in encryption.iter("{http://www.w3.org/2001/04/xmlenc#}CipherReference"):
        if re.search(r"\.(?:x?html?|xml|opf|ncx)$", each.get("URI") or "", re.IGNORECASE):
            raise Unreadable(
                "is copy-protected and cannot be read; use a copy without protection, which its publisher may give you"
            )


@dataclass(slots=True)
class _File:
    """One file of the spine."""

    name: str
    root: Element
    omitted: Omitted = field(default_factory=dict)
    reason: str = ""
    label: str = ""
    """Its name in the table of contents."""


class _Book:
    """The package document: title, spine, and the properties of the files."""

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        self._folder = posixpath.dirname(main)
        opf = package.required(main)
        title = next(opf.iter(DC + "title"), None)
        self.title = " ".join("".join(title.itertext()).split()) if title is not None else ""
        self._items = {each.get("id") or "": each for each in opf.iter(OPF + "item")}
        self._spine = [(each.get("idref") or "", each.get("linear") or "yes") for each in opf.iter(OPF + "itemref")]
        self._reasons: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        for each in opf.iter(OPF + "reference"):
            reason = _GUIDE.get((each.get("type") or "").lower().removeprefix("other."), "")
            if reason and "#" not in (each.get("href") or ""):
                self._reasons[resolved(self._folder, each.get("href") or "")] = reason
        for item in self._items.values():
            if "nav" in (item.get("properties") or "").split():
                self._read_navigation(resolved(self._folder, item.get("href") or ""))
            elif item.get("media-type") == "application/x-dtbncx+xml":
                self._read_ncx(resolved(self._folder, item.get("href") or ""))

    def _read_navigation(self, name: str) -> None:
        root = _tree(self._package, name)
        if root is None:
            return
        self._reasons.setdefault(name, "contents")
        folder = posixpath.dirname(name)
        for nav in root.iter("nav"):
            types = _types_of(nav)
            for link in nav.iter("a"):
                href = link.get("href") or ""
                target = resolved(folder, href)
                if "landmarks" in types and "#" not in href:
                    for kind in _types_of(link):
                        if _TYPES.get(kind):
                            self._reasons.setdefault(target, _TYPES[kind])
                elif "toc" in types:
                    self._labels.setdefault(target, one_line(link, {}))

    def _read_ncx(self, name: str) -> None:
        root = self._package.xml(name)
        space = "{http://www.daisy.org/z3986/2005/ncx/}"
        for point in root.iter(space + "navPoint") if root is not None else ():
            content, label = point.find(space + "content"), point.find(f"{space}navLabel/{space}text")
            if content is not None and label is not None:
                target = resolved(posixpath.dirname(name), content.get("src") or "")
                self._labels.setdefault(target, " ".join((label.text or "").split()))

    def inset_classes(self) -> set[str]:
        """The classes of paragraphs that the book's style sheets set in on both sides."""
        sheets = [item for item in self._items.values() if item.get("media-type") == "text/css"]
        names = [resolved(self._folder, item.get("href") or "") for item in sheets]
        return {each for name in names for each in inset_classes((self._package.read(name) or b"").decode("utf-8", "replace"))}

    def files(self) -> Iterator[_File]:
        """The files of the spine in order."""
        seen = set()
        for key, linear in self._spine:
            item = self._items.get(key)
            name = resolved(self._folder, item.get("href") or "") if item is not None else ""
            if item is None or not name or name in seen or "html" not in (item.get("media-type") or "html"):
                continue
            seen.add(name)
            root = _tree(self._package, name)
            if root is None:
                continue
            body = root.find("body")
            file = _File(name, body if body is not None else root, label=self._labels.get(name, ""))
            file.omitted = furniture(file.root, book=True)
            _omit_page_marks(file)
            stem = posixpath.splitext(posixpath.basename(name))[0].lower()
            by_name = next(
                (reason for pattern, reason in _FILES if pattern.search(re.sub(r"^[a-z0-9]*\d{6,}[a-z0-9]*_", "", stem))), ""
            )
            file.reason = _marked(file) or self._reasons.get(name, "") or ("footnotes" if linear == "no" else "")
            if not file.reason and by_name:
                links = sum(1 for _ in file.root.iter("a"))
                short = len(raw_text(file.root, file.omitted, 20_000).split()) < 1500
                file.reason = by_name if (links >= 10 if by_name == "index" else short or links >= 10) else ""
            if not file.reason:
                file.reason = _headed(file)
            yield file


def _omit_page_marks(file: _File) -> None:
    """Leave out the numbers that show where a page of the printed book begins."""
    for each in file.root.iter("a", "span"):
        names = [each.get("id") or "", *(each.get("class") or "").split()]
        if each.get("href") or not any(_PAGE.fullmatch(name) or name in ("page", "pagebreak") for name in names):
            continue
        if _PAGE_PRINTED.fullmatch(one_line(each, {}, 40)):
            file.omitted.setdefault(each, "page_numbers")


def _types_of(element: Element) -> list[str]:
    return (element.get(EPUB_TYPE) or element.get("epub:type") or "").split()


def _marked(file: _File) -> str:
    """Why a file is left out, by the `epub:type` of its body or of the only section in it."""
    elements = [file.root, *(file.root if len(file.root) == 1 else ())]
    return next((_TYPES[kind] for each in elements for kind in _types_of(each) if _TYPES.get(kind)), "")


def _headed(file: _File) -> str:
    """Why a file is left out, by its first heading or its name in the table of contents."""
    heading = next((each for each in file.root.iter(*HEADINGS) if each not in file.omitted), None)
    names = [file.label, one_line(heading, file.omitted, 120) if heading is not None else ""]
    names.append(next((words for each in file.root.iter("p") if (words := one_line(each, file.omitted, 120))), ""))
    reason = next((reason for name in names for pattern, reason in _HEADS if name and pattern.fullmatch(name)), "")
    if reason in ("contents", "footnotes", "index") and _is_prose(file):
        return ""  # a chapter that is called so
    return reason


def _is_prose(file: _File) -> bool:
    paragraphs = [len(one_line(each, file.omitted).split()) for each in file.root.iter("p", "li", "dd")]
    links = sum(1 for _ in file.root.iter("a"))
    return bool(paragraphs) and sum(paragraphs) / len(paragraphs) >= 40 and links < len(paragraphs)


def _reason_within(file: _File, words: int, parts: list[Part], *, started: bool, title: str) -> str:
    """Why a file without any mark is left out, judged by its text (an imprint, contents, an index, notes); "" if it is kept."""
    text = "\n".join(part.text for part in parts if part.kind)
    signs = len({found.lower() for found in _IMPRINT.findall(text)})
    if (
        started
        and 0 < words <= 40
        and signs
        and re.search(r"calibre|sigil|vellum|pandoc|scrivener|e-?books", text, re.IGNORECASE)
    ):
        return "imprint"
    if started and words <= 200 and len({found.lower() for found in _ADVERTISES.findall(text)}) >= 2:
        return "advertisement"
    if words <= 600 and signs >= (4 if started else 2):
        return "imprint"
    links = [one_line(link, {}, 200) for link in file.root.iter("a") if link.get("href") and link not in file.omitted]
    linked = sum(len(link.split()) for link in links)
    if len(links) >= 3 and linked >= 0.6 * words:
        return "contents" if not started or words < 2000 else "index"
    notes = [part.text for part in parts if part.reason == "footnotes"]
    if len(notes) >= 3 and sum(len(note.split()) for note in notes) > words:
        return "footnotes"
    sentences = [
        part for part in parts if part.kind not in (None, "heading") and len(part.text.split()) >= 8 and _ENDED.search(part.text)
    ]
    if not started and 0 < words <= SHORT_PAGE and not sentences:
        headed = (
            any(part.kind == "heading" for part in parts) and plain(text) not in plain(title) and plain(title) not in plain(text)
        )
        return "" if headed else "title_page"
    return ""


def _omit_notes_elsewhere(files: list[_File]) -> None:
    """Leave out notes that are in another file than their marks, and the marks."""
    named = {file.name: file for file in files}
    ids: dict[str, dict[str, Element]] = {}
    for file in files:
        folder = posixpath.dirname(file.name)
        for link in file.root.iter("a") if file.reason not in ("index", "contents") else ():
            href = link.get("href") or ""
            target, _, fragment = href.partition("#")
            if not target or not fragment or "://" in href[:10] or not is_mark(one_line(link, {}, 40)) or _begins_its_block(link):
                continue
            other = named.get(resolved(folder, target))
            if other is None or other is file:
                continue
            if other.name not in ids:
                ids[other.name] = {
                    name: each for each in other.root.iter(etree.Element) if (name := each.get("id") or each.get("name"))
                }
            note = ids[other.name].get(fragment)
            block = note_at(note) if note is not None and not _PAGE.fullmatch(fragment) and _begins_its_block(note) else None
            if block is not None or is_raised(link):
                file.omitted.setdefault(with_its_sup(link), "footnotes")
            if block is not None:
                other.omitted.setdefault(block, "footnotes")


def _begins_its_block(link: Element) -> bool:
    """Whether no word comes before a link in its block, as in a note that links back to its mark."""
    element = link
    while element.tag not in BLOCKS:
        previous = element.getprevious()
        while previous is not None:
            if (previous.tail or "").strip() or (is_element(previous) and one_line(previous, {}, 20)):
                return False
            previous = previous.getprevious()
        element = element.getparent()
        if element is None:
            return True
        if (element.text or "").strip():
            return False
    return True


def _tree(package: Package, name: str) -> Any:
    """The tree of an XHTML file, without namespaces; a file that is not valid XML is parsed as HTML."""
    data = package.read(name)
    if not data:
        return None
    text = _decoded(data)
    text = re.sub(r"&(\w{1,12});", _entity, re.sub(r"<!DOCTYPE[^<>\[]*(?:\[[^\]]*\]\s*)?>", "", text, count=1))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_pis=True, encoding="utf-8"
    )
    try:
        root = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).strip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return parse(text)
    for element in root.iter(etree.Element):
        element.tag = element.tag.rpartition("}")[2].lower()
    return root


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    return chr(name2codepoint[name]) if name in name2codepoint and name not in _XML_ENTITIES else match[0]


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    declared = re.match(rb"\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.-]{1,40})", data)
    for encoding in ((declared[1].decode() if declared else "utf-8"), "utf-8-sig", "windows-1252"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", "replace")
