"""Read Word documents (DOCX): the text as it is printed after all changes are accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.model import BlockKind
from curate.read.markup import Part, is_verse, put_in, raised, tidied
from curate.read.package import Package
from curate.read.reading import Reading, Unreadable, table_row

Element = Any
"""An element of lxml, which is not typed."""
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

_GOOGLE_MARKS = re.compile("[\uec00-\uecff]")
"""What Google Docs writes around its code blocks and chips, in the private use area."""
_P, _TBL, _SDT, _R, _T, _RPR, _PPR = (W + name for name in ("p", "tbl", "sdt", "r", "t", "rPr", "pPr"))
_VAL = W + "val"
_THROUGH = {W + name for name in ("ins", "moveTo", "smartTag", "customXml", "hyperlink", "sdtContent", "dir", "bdo", "fldSimple")}
_GONE = {W + "del": "deleted", W + "moveFrom": "deleted"}
_MONOSPACE = re.compile(r"courier|consolas|menlo|monaco|lucida console|andale mono|cascadia|inconsolata"
                        r"|\bmono(?:space)?\b|source code|fixedsys", re.IGNORECASE)  # fmt: skip
_STYLES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^toc\b|^contents? \d|^table of (?:figures|authorities)|^index(?: \d|$)|^toa heading"), "contents"),
    (re.compile(r"^footnote text|^endnote text|^footnote$|^endnote$"), "footnotes"),
    (re.compile(r"^annotation text|^comment text"), "comments"),
    (re.compile(r"^header$|^footer$"), "page_header"),
    (re.compile(r"^bibliography"), "bibliography"),
    (re.compile(r"quote|quotation|block ?text|epigraph"), "quotation"),
    (re.compile(r"\bcode\b|source|listing|verbatim|preformatted"), "code"),
    (re.compile(r"caption"), "caption"),
    (re.compile(r"verse|poem|poetry|stanza|lyrics"), "verse"),
)
"""The kind of paragraphs by the name of their style. Word's own styles have English names in every language."""
_APPARATUS = {"contents", "footnotes", "comments", "page_header", "bibliography"}
_FIELDS = {"TOC": "contents", "INDEX": "index", "TOA": "contents", "BIBLIOGRAPHY": "bibliography", "PAGE": "page_numbers",
           "NUMPAGES": "page_numbers", "SECTIONPAGES": "page_numbers", "XE": "index", "TC": "contents"}  # fmt: skip
_GALLERIES = {"Table of Contents": "contents", "Bibliographies": "bibliography", "Cover Pages": "title_page",
              "Page Numbers": "page_numbers", "Watermarks": "page_header"}  # fmt: skip
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"),
          (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


def read_word(path: Path) -> Reading:
    """Read a DOCX file: headings, lists, tables, block quotes and code by their styles.

    Notes, comments, headers, and hidden, deleted or struck-out text are left out and recorded.

    Raises:
        Unreadable: it is no such file, or is encrypted or damaged.
    """
    with Package(path, "DOCX") as package:
        main = next((name for kind, name in package.links("").values() if kind == "officeDocument"), "word/document.xml")
        document = package.required(main)
        body = document.find(W + "body")
        if body is None:
            raise Unreadable("cannot be read as DOCX (it has no body); open it in its program and save it again")
        try:
            writer = _Writer(package, main)
            writer.blocks(body)
            return writer.finished()
        except RecursionError:
            raise Unreadable("is nested too deeply; open it in its program and save it again") from None


@dataclass(slots=True)
class _Style:
    """The properties of a style, with those of the style that it is based on."""

    name: str = ""
    kind: str = ""
    level: int = 0
    """The level of a heading, 1 to 6; 0 otherwise."""
    list_: tuple[str, int] | None = None
    monospace: bool = False
    hidden: bool = False


@dataclass(slots=True)
class _Paragraph:
    """A paragraph. Whether monospace means code is decided when the whole document is known."""

    kind: str
    text: str
    level: int = 0
    marker: str = ""
    monospace: bool = False
    set_in: bool = False
    """Whether it is indented on one side only."""


@dataclass(slots=True)
class _Level:
    """One level of a numbered or bulleted list."""

    form: str = "bullet"
    start: int = 1
    text: str = ""


@dataclass(slots=True)
class _Field:
    """A field (table of contents, page number, link) that has begun."""

    instruction: str = ""
    in_result: bool = False

    @property
    def reason(self) -> str:
        words = self.instruction.split(None, 1)
        return _FIELDS.get(words[0].upper(), "") if words else ""


class _Writer:
    """Visits the body once and collects its blocks."""

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        self._links = package.links(main)
        self._styles = self._read_styles()
        self._numbers, self._levels = self._read_numbering()
        self._counts: dict[str, list[int]] = {}
        self._notes: dict[str, dict[str, str]] = {}
        self._fields: list[_Field] = []
        self._out: list[_Paragraph | Part] = []
        self._gone: list[Part] = []
        self._boxes: list[Element] = []
        self._seen_boxes: set[str] = set()
        self._held = ""  # text before a deleted paragraph end, or a drop cap
        self._plain: dict[str, str] = {}
        self._title = ""

    def _part(self, kind: str) -> Element:
        name = next((name for each, name in self._links.values() if each == kind), "")
        return self._package.xml(name) if name else None

    # --- styles and numbers ---

    def _read_styles(self) -> dict[str, _Style]:
        root = self._part("styles")
        if root is None:
            return {}
        elements = {each.get(W + "styleId") or "": each for each in root.iterfind(W + "style")}
        styles: dict[str, _Style] = {}

        def style(name: str, depth: int = 0) -> _Style:
            if name in styles:
                return styles[name]
            element = elements.get(name)
            if element is None or depth > 30:
                return _Style()
            based = element.find(W + "basedOn")
            base = style(based.get(_VAL) or "", depth + 1) if based is not None else _Style()
            styles[name] = found = self._style(element, base)
            return found

        for name in elements:
            style(name)
        return styles

    def _style(self, element: Element, base: _Style) -> _Style:
        named = element.find(W + "name")
        name = (named.get(_VAL) or "").lower() if named is not None else ""
        found = _Style(name, base.kind, base.level, base.list_, base.monospace, base.hidden)
        kind = next((kind for pattern, kind in _STYLES if pattern.search(name)), "")
        if kind and not (kind == "code" and element.get(W + "type") == "character"):
            found.kind = kind
        if heading := re.match(r"heading (\d)$", name):
            found.level = min(int(heading[1]), 6)
        elif name == "title":
            found.level = 1
        properties = element.find(_PPR)
        if properties is not None:
            if (outline := properties.find(W + "outlineLvl")) is not None and (outline.get(_VAL) or "9").isdigit():
                level = int(outline.get(_VAL) or "9")
                found.level = min(level + 1, 6) if level < 9 else 0
            if (numbered := properties.find(W + "numPr")) is not None:
                found.list_ = _numbered(numbered, found.list_)
        runs = element.find(_RPR)
        if runs is not None:
            if (fonts := runs.find(W + "rFonts")) is not None:
                found.monospace = bool(_MONOSPACE.search(fonts.get(W + "ascii") or ""))
            found.hidden = found.hidden or _is_on(runs, "vanish")
        return found

    def _read_numbering(self) -> tuple[dict[str, str], dict[str, list[_Level]]]:
        root = self._part("numbering")
        if root is None:
            return {}, {}
        levels = {}
        for abstract in root.iterfind(W + "abstractNum"):
            found = [_Level() for _ in range(9)]
            for level in abstract.iterfind(W + "lvl"):
                place = level.get(W + "ilvl") or ""
                if place.isdigit() and int(place) < 9:
                    found[int(place)] = _level(level)
            levels[abstract.get(W + "abstractNumId") or ""] = found
        numbers = {}
        for number in root.iterfind(W + "num"):
            abstract = number.find(W + "abstractNumId")
            key = number.get(W + "numId") or ""
            numbers[key] = abstract.get(_VAL) or "" if abstract is not None else ""
            for override in number.iterfind(W + "lvlOverride"):
                place, start = override.get(W + "ilvl") or "", override.find(W + "startOverride")
                if start is not None and place.isdigit() and int(place) < 9 and numbers[key] in levels:
                    own = [_Level(each.form, each.start, each.text) for each in levels[numbers[key]]]
                    own[int(place)].start = int(start.get(_VAL) or 1)
                    numbers[key] = f"own {key}"
                    levels[numbers[key]] = own
        return numbers, levels

    def _marker(self, list_: tuple[str, int]) -> str:
        """The `- ` or the number of the next list item, with its indentation; "" if the list shows none."""
        number, depth = list_
        key = self._numbers.get(number)
        levels = self._levels.get(key or "")
        if number == "0":
            return ""
        if not key or not levels:
            return "  " * depth + "- "
        counts = self._counts.setdefault(key, [level.start - 1 for level in levels])
        counts[depth] += 1
        counts[depth + 1 :] = [level.start - 1 for level in levels[depth + 1 :]]
        level = levels[depth]
        if level.form == "bullet":
            return "  " * depth + "- "
        if level.form == "none":
            return ""
        end = ")" if level.text.rstrip().endswith(")") else "."
        return "  " * depth + _counted(counts[depth], level.form) + end + " "

    # --- blocks ---

    def blocks(self, container: Element) -> None:
        """Collect everything in a body, a table cell or a text box."""
        for child in container:
            tag = child.tag
            if tag == _P:
                self._paragraph(child)
            elif tag == _TBL:
                self._table(child)
            elif tag == _SDT:
                gallery = child.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
                reason = _GALLERIES.get(gallery.get(_VAL) or "", "") if gallery is not None else ""
                if reason:
                    self._out.append(Part(None, _all_text(child), reason))
                elif (content := child.find(W + "sdtContent")) is not None:
                    self.blocks(content)
            elif tag in _THROUGH:
                self.blocks(child)
            elif tag in _GONE:
                self._out.append(Part(None, _all_text(child), "deleted"))
            elif tag == MC + "AlternateContent" and len(child):
                self.blocks(child[0])

    def _paragraph(self, element: Element) -> None:
        properties = element.find(_PPR)
        style, list_, level, ends_here, framed, indented = self._said_of(properties)
        if style.hidden:
            self._out.append(Part(None, _all_text(element), "hidden"))
            return
        words: list[str] = []
        fonts = [0, 0]  # characters in monospace, all characters
        self._plain = {}
        self._inline(element, words, fonts, style)
        if self._fields and not self._fields[-1].in_result:
            self._fields.pop()
        text = self._held + "".join(words)
        self._held = ""
        if not ends_here or framed:
            self._held = text.rstrip("\n") if not framed else text.strip()
            self._out += self._gone
            self._gone = []
            return
        kind = style.kind
        if kind in _APPARATUS:
            self._out.append(Part(None, text, kind))
        elif level and kind not in ("code", "quotation", "verse"):
            if style.name == "title" and not self._title:
                self._title = " ".join(text.split())
            self._out.append(_Paragraph("heading", text, level=level))
        else:
            monospace = (style.monospace and fonts[1] == 0) or (fonts[1] > 0 and fonts[0] == fonts[1])
            marker = self._marker(list_) if list_ and text.strip() else ""
            if not kind and not marker and indented == 2 and text.strip():
                kind = "quotation"
            kind = kind or ("list" if marker else "prose")
            self._out.append(_Paragraph(kind, text, marker=marker, monospace=monospace, set_in=indented == 1))
        self._out += self._gone
        self._gone = []
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            said = _all_text(box)
            if said in self._seen_boxes:
                continue
            self._seen_boxes.add(said)
            self.blocks(box)

    def _said_of(self, properties: Element) -> tuple[_Style, tuple[str, int] | None, int, bool, bool, int]:
        """Style, list, heading level, whether the paragraph ends, whether it is a drop cap, number of sides with an indent."""
        if properties is None:
            return self._styles.get("Normal", _Style()), None, 0, True, False, 0
        named = properties.find(W + "pStyle")
        style = self._styles.get((named.get(_VAL) or "") if named is not None else "Normal", _Style())
        level, list_ = style.level, style.list_
        ends, framed, indented = True, False, 0
        for each in properties:
            tag = each.tag
            if tag == W + "numPr":
                list_ = _numbered(each, list_)
            elif tag == W + "outlineLvl":
                value = each.get(_VAL) or "9"
                level = min(int(value) + 1, 6) if value.isdigit() and int(value) < 9 else level
            elif tag == _RPR:
                ends = each.find(W + "del") is None and each.find(W + "moveFrom") is None
            elif tag == W + "framePr":
                framed = (each.get(W + "dropCap") or "none") != "none"
            elif tag == W + "ind":
                left = each.get(W + "left") or each.get(W + "start") or "0"
                right = each.get(W + "right") or each.get(W + "end") or "0"
                hanging = each.get(W + "hanging") or each.get(W + "firstLine")
                indented = 2 if _twips(left) >= 360 and _twips(right) >= 360 else int(_twips(left) >= 560 and not hanging)
        return style, list_, level, ends, framed, indented

    def _table(self, element: Element) -> None:
        rows = []
        for row in _rows(element):
            properties = row.find(W + "trPr")
            if properties is not None and properties.find(W + "del") is not None:
                self._out.append(Part(None, _all_text(row), "deleted"))
            else:
                rows.append([cell for cell in row.iter(W + "tc") if _row_of(cell) is row])
        longest = max((len(_all_text(cell)) for row in rows for cell in row), default=0)
        if max(map(len, rows), default=0) < 2 or longest > 400 or (len(rows) == 1 and longest > 120):
            for row in rows:  # it only arranges the page
                for cell in row:
                    self.blocks(cell)
            return
        lines = []
        before, self._out = self._out, []
        gone: list[Part] = []
        for row in rows:
            texts = []
            for cell in row:
                self.blocks(cell)
                texts.append(
                    " ".join(" ".join(each.marker + each.text for each in self._out if isinstance(each, _Paragraph)).split())
                )
                gone += [each for each in self._out if isinstance(each, Part)]
                self._out = []
            if any(texts):
                lines.append(table_row(texts))
        self._out = [*before, _Paragraph("table", "\n".join(lines)), *gone]

    # --- words ---

    def _inline(self, element: Element, words: list[str], fonts: list[int], style: _Style) -> None:
        for child in element:
            tag = child.tag
            if tag == _R:
                self._run(child, words, fonts, style)
            elif tag in _THROUGH:
                if tag == W + "fldSimple":
                    field = _Field(child.get(W + "instr") or "", True)
                    if field.reason:
                        self._gone.append(Part(None, _all_text(child), field.reason))
                        continue
                self._inline(child, words, fonts, style)
            elif tag == _SDT:
                content = child.find(W + "sdtContent")
                placeholder = child.find(f"{W}sdtPr/{W}showingPlcHdr")
                if content is not None and placeholder is None:
                    self._inline(content, words, fonts, style)
            elif tag in _GONE:
                self._gone.append(Part(None, _all_text(child), "deleted"))
            elif tag in (MATH + "oMath", MATH + "oMathPara"):
                words.append("".join(each.text or "" for each in child.iter(MATH + "t")))

    def _run(self, run: Element, words: list[str], fonts: list[int], style: _Style) -> None:
        reason, is_raised, monospace = "", False, style.monospace
        for child in run:
            tag = child.tag
            if tag == _RPR:
                reason, is_raised, monospace = self._said_of_run(child, monospace)
                continue
            said = ""
            if tag == _T:
                said = _GOOGLE_MARKS.sub("", child.text or "")
            elif tag == W + "tab":
                said = "\t"
            elif tag in (W + "br", W + "cr"):
                said = "\n" if (child.get(W + "type") or "textWrapping") == "textWrapping" else " "
            elif tag == W + "noBreakHyphen":
                said = "-"
            elif tag == W + "sym":
                said = _symbol(child)
            elif tag == W + "fldChar":
                self._field(child.get(W + "fldCharType") or "")
            elif tag == W + "instrText":
                if self._fields and not self._fields[-1].in_result:
                    self._fields[-1].instruction += child.text or ""
            elif tag in (W + "footnoteReference", W + "endnoteReference"):
                self._note("footnotes" if tag.endswith("footnoteReference") else "endnotes", child, "footnotes")
            elif tag == W + "commentReference":
                self._note("comments", child, "comments")
            elif tag == W + "ruby":
                base = child.find(W + "rubyBase")
                said = _all_text(base) if base is not None else ""
            elif tag in (W + "drawing", W + "pict", MC + "AlternateContent"):
                self._boxed(child)
            if not said or any(not field.in_result for field in self._fields):
                continue
            gone = reason or next((field.reason for field in self._fields if field.reason), "")
            if gone:
                if self._gone and self._gone[-1].reason == gone:
                    self._gone[-1].text += said
                else:
                    self._gone.append(Part(None, said, gone))
                continue
            if is_raised and said.strip():
                marked = raised("".join(words[-3:]), said.strip())
                if marked is None:
                    self._gone.append(Part(None, said, "footnotes"))
                    continue
                said = marked
            words.append(said)
            fonts[0] += len(said.strip()) if monospace else 0
            fonts[1] += len(said.strip())

    def _said_of_run(self, properties: Element, monospace: bool) -> tuple[str, bool, bool]:
        reason, is_raised = "", False
        for each in properties:
            tag = each.tag
            if tag == W + "rFonts":
                font = each.get(W + "ascii") or each.get(W + "hAnsi") or ""
                monospace = bool(_MONOSPACE.search(font)) if font else monospace
            elif tag == W + "rStyle":
                style = self._styles.get(each.get(_VAL) or "", _Style())
                monospace = monospace or style.monospace
                if style.hidden:
                    reason = "hidden"
            elif tag == W + "vertAlign":
                is_raised = each.get(_VAL) == "superscript"
            elif tag in (W + "vanish", W + "specVanish"):
                reason = "hidden" if _on(each) else reason
            elif tag in (W + "strike", W + "dstrike") and _on(each):
                reason = reason or "struck_out"
        return reason, is_raised, monospace

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            self._fields[-1].in_result = True
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _note(self, part: str, reference: Element, reason: str) -> None:
        if part not in self._notes:
            root = self._part(part)
            self._notes[part] = {each.get(W + "id") or "": _all_text(each) for each in root} if root is not None else {}
        if text := self._notes[part].get(reference.get(W + "id") or ""):
            self._gone.append(Part(None, text, reason))

    def _boxed(self, element: Element) -> None:
        if element.tag == MC + "AlternateContent":
            if not len(element):
                return
            element = element[0]
        self._boxes += [
            each for each in element.iter(W + "txbxContent") if next(each.iterancestors(W + "txbxContent", _P)).tag == _P
        ]

    # --- the end ---

    def finished(self) -> Reading:
        """The finished reading."""
        if self._held.strip():
            self._out.append(_Paragraph("prose", self._held))
        paragraphs = [each for each in self._out if isinstance(each, _Paragraph) and each.text.strip()]
        monospace = sum(each.monospace for each in paragraphs)
        if monospace * 2 > len(paragraphs):  # a typescript, not a program
            for each in paragraphs:
                each.monospace = False
        prose = [each for each in paragraphs if each.kind == "prose"]
        set_in = [each for each in prose if each.set_in and not each.monospace]
        if len(set_in) * 4 <= len(prose):  # few paragraphs are indented: block quotes
            for each in set_in:
                each.kind = "quotation"
        for kind, name in self._links.values():
            if kind in ("header", "footer") and (root := self._package.xml(name)) is not None:
                self._out.append(Part(None, _all_text(root), "page_header"))
        reading = Reading(self._title)
        put_in(reading, tidied(list(_parts(self._out))))
        if not reading.title and not reading.first_heading():
            core = self._package.xml("docProps/core.xml")
            title = core.find("{http://purl.org/dc/elements/1.1/}title") if core is not None else None
            reading.title = (title.text or "") if title is not None else ""
        return reading


def _parts(paragraphs: list[_Paragraph | Part]) -> list[Part]:
    """Convert paragraphs to blocks. Neighbouring lines of code are one block; list items are not separated by blank lines."""
    parts: list[Part] = []
    code: list[str] = []
    blanks = 0

    def end_code() -> None:
        nonlocal blanks
        if code:
            parts.append(Part("code", "\n".join(code)))
            code.clear()
        blanks = 0

    for each in paragraphs:
        if isinstance(each, Part):
            if each.text.strip():
                end_code()
                parts.append(each)
            continue
        if not each.text.strip():
            blanks += 1
            continue
        lines = each.text.split("\n")
        if each.kind == "code" or (each.monospace and each.kind == "prose"):
            if code:
                code.extend([""] * blanks)
            blanks = 0
            code.append(each.text)
            continue
        end_code()
        kind: BlockKind
        if each.kind == "heading":
            parts.append(Part("heading", "#" * each.level + " " + " ".join(each.text.split()), level=each.level))
        elif each.kind == "list" or each.marker:
            tight = bool(parts) and parts[-1].kind == "list"
            first, *rest = [line.strip() for line in lines if line.strip()]
            text = "\n".join([each.marker + first, *(" " * len(each.marker) + line for line in rest)])
            parts.append(Part("list", text, tight=tight))
        elif each.kind in ("quotation", "caption", "table", "verse"):
            kind = each.kind  # type: ignore[assignment]
            parts.append(Part(kind, each.text))
        else:
            parts.append(Part("verse" if is_verse([line for line in lines if line.strip()]) else "prose", each.text))
    end_code()
    return parts


def _is_on(properties: Element, name: str) -> bool:
    each = properties.find(W + name)
    return each is not None and _on(each)


def _on(element: Element) -> bool:
    return (element.get(_VAL) or "true") not in ("0", "false", "off", "none")


def _numbered(properties: Element, before: tuple[str, int] | None) -> tuple[str, int] | None:
    number, level = properties.find(W + "numId"), properties.find(W + "ilvl")
    name = (number.get(_VAL) or "0") if number is not None else (before[0] if before else "0")
    depth = (level.get(_VAL) or "0") if level is not None else str(before[1] if before else 0)
    return (name, min(int(depth), 8) if depth.isdigit() else 0) if name != "0" else None


def _level(element: Element) -> _Level:
    def said(name: str) -> str:
        each = element.find(W + name)
        return (each.get(_VAL) or "") if each is not None else ""

    start = said("start")
    return _Level(said("numFmt") or "decimal", int(start) if start.isdigit() else 1, said("lvlText"))


def _counted(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        text = ""
        for value, sign in _ROMAN:
            text += sign * (number // value)
            number %= value
        return text.upper() if form == "upperRoman" else text
    return str(number)


def _twips(value: str) -> int:
    return int(float(value)) if re.fullmatch(r"-?\d{1,6}(?:\.\d{1,6})?", value) else 0


def _symbol(element: Element) -> str:
    try:
        code = int(element.get(W + "char") or "0", 16)
    except ValueError:
        return ""
    return "" if 0xE000 <= code <= 0xF8FF or code < 32 else chr(code)


def _rows(table: Element) -> list[Element]:
    return [row for row in table.iter(W + "tr") if next(row.iterancestors(_TBL)) is table]


def _row_of(cell: Element) -> Element:
    return next(cell.iterancestors(W + "tr"), None)


def _all_text(element: Element) -> str:
    """All words below an element, one line for each paragraph, to record text that is left out."""
    out: list[str] = []
    for each in element.iter(_P, _T, W + "delText", W + "tab", W + "br"):
        tag = each.tag
        out.append("\n" if tag == _P else " " if tag in (W + "tab", W + "br") else each.text or "")
    return "".join(out).strip()
