"""Convert HTML elements to blocks: the kind of each, and its words as a reader of the page sees them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html

from curate.model import BlockKind
from curate.read.plain import INVISIBLE
from curate.read.reading import LINE_END, Reading, table_row

Element = Any
"""An element of lxml, which is not typed."""
Omitted = dict[Element, str]
"""The elements that are not text, and why. Their descendants are skipped, too."""

BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
    "en-note", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "li",
    "listing", "main", "menu", "ol", "p", "plaintext", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul", "xmp", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
LISTS = {"ul", "ol", "menu", "dl", "dir"}
VERBATIM = {"pre", "listing", "xmp", "plaintext"}
GAP = "\ue002"
"""Stands where the mark of a note was, so that the brackets around it go, too."""
_GAPS = re.compile(rf" ?(?:\[\s?{GAP}\s?\]|\(\s?{GAP}\s?\)|{GAP})(?=[.,;:!?)\]”’»])|\[\s?{GAP}\s?\]|\(\s?{GAP}\s?\)|{GAP}")
FEW_ROWS = 2
UNSAID = {"markup", "media", "controls"}
"""Reasons that are not recorded, because no reader would call such elements text."""

_POEM = re.compile(r"(?:^|[\s_-])(?:poem|poetry|verse|stanza|lyrics|linegroup)(?:$|[\s_-])")
_CAPTION = re.compile(
    r"(?:^|[\s_-])(?:caption|wp-caption-text|tr-caption|thumbcaption|gallerytext|"
    r"(?:image|img|gallery|media|photo)-?caption(?:-text)?|msocaption)(?:$|\s)"
)
_QUOTED = re.compile(
    r"(?:^|[\s_-])(?:pullquote|pull-quote|blockquote|block-quote|dispquote|displayquote|quotations?|quotes?|quote-?(?:block|box|text|body|content|wrapper)"
    r"|msoquote|msointensequote|epigraphs?|epi|extract|ext(?:f|l|m|sig|first|last)?|bq|bquote)\d{0,3}(?:$|[\s_-])"
)
_PULLED = re.compile(r"pull-?quote")
SUBTITLE = re.compile(
    r"(?:^|[\s-])(?:subtitle|sub-title|subheading|standfirst|deck?|dek|abstract|(?:article|post|page)-(?:excerpt|description|summary))"
    r"(?:$|[\s-])"
)
_TITLE = re.compile(r"(?:^|\s)(?:title(?:-western)?|msotitle)(?:$|\s)")
_CHAPTER = re.compile(
    r"(?:^|\s)(?:(?:chapter|chap|part|section|sect)[_-]?(?:title|head|heading|number|num|no|name)|[abc]?[_-]?heading[_-]?\d?)(?:$|\s)"
)
_TYPED = re.compile(r"white-space\s*:\s*(?:pre|break)(-line)?")
"""A style in which line ends are shown; `-line` does not show the blanks."""
_BLANKS = re.compile(r"[\t\n\r\f][ \t\n\r\f]*| [ \t\n\r\f]+")
"""White space that is shown as one blank, and is not just that."""
_LINE_BLANKS = re.compile(r"(?:(?<=\n)|\A) +")
_OUTPUT = re.compile(r"(?:^|[\s_-])(?:output|stdout|stderr|console-output|jp-outputarea|output-area)(?:$|[\s_-])")
_CODE_BLOCK = re.compile(
    r"(?:^|[\s_-])(?:highlight|highlighttable|rouge-table|codehilite|syntaxhighlighter|code-?block|hljs|sourcecode)(?:$|[\s_-])"
)
_SIGNS_OF_CODE = re.compile(r"[{};=<>$\\|]|\w\(|->|::|^[ \t]*(?:#|//|\$|>>>|@)", re.MULTILINE)
_GAP = re.compile(r"(?<=\S)(?: {2,}|[ ]*\t+[ ]*)(?=\S)")
_MARKS = re.compile(r"[\[(]?\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){1,4}[\])]?")
"""Several footnote marks at one place."""
_MARK = re.compile(r"[\[(]?\s*(?:\d{1,4}|[*†‡§¶]{1,4}|[a-z]|[ivxl]{1,6})\s*[\])]?", re.IGNORECASE)
_UNITS = {"cm", "cos", "dm", "ft", "in", "km", "log", "m", "mi", "mm", "nm", "sec", "sin", "tan", "yd", "µm", "μm"}
_SHORT_WORDS = set(
    """a i ah al am an as at au by da de do du ed el en er es et ex go ha he hi ho if il io is it je la le lo ma me my no nu of og
    oh ok on or os ou ox oy ja se si so su te to tu um un up us vi we ye yo zu ob wo da er es im in""".split()
) - {"in"}
"""Words of one or two letters; another one is a variable."""
_SUPERSCRIPTS = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_SHARE = re.compile(
    r"(?:twitter|x)\.com/(?:intent|share)|facebook\.com/(?:sharer|share\.php|dialog)|linkedin\.com/share|//t\.me/share|"
    r"//wa\.me/\?|whatsapp://|reddit\.com/submit|news\.ycombinator\.com/submitlink|getpocket\.com/(?:save|edit)|"
    r"pinterest\.[a-z.]{2,6}/pin/create|tumblr\.com/(?:widgets/)?share|bsky\.app/intent|threads\.net/intent|"
    r"/subscribe(?:$|[?/#])|//(?:www\.)?(?:patreon|ko-fi|buymeacoffee)\.com/|list-manage\.com/subscribe|#/portal|"
    r"[?&]action=share|feeds\.feedburner\.com|/(?:feed|rss)(?:\.xml|/)?$",
    re.IGNORECASE,
)
"""URLs of share and subscribe links, which are the same in every language."""


@dataclass(slots=True)
class Part:
    """A block, or (without a kind) something that is left out."""

    kind: BlockKind | None
    text: str
    reason: str = ""
    tight: bool = False
    linked: float = 0.0
    """The share of its text that is in links, in [0, 1]."""
    level: int = 0
    """The level of a heading, from 1."""
    ready: bool = False
    """Whether its white space is kept as it is."""
    noted: str = ""
    """The superscript mark with which it begins, as a note does."""
    typed: bool = False
    """Whether it is within an element whose line ends are the author's."""


def is_element(item: Element) -> bool:
    """Whether a node is an element, not a comment or the like."""
    return isinstance(item.tag, str)


def names_of(element: Element) -> str:
    """The classes and the id of an element, in lower case."""
    return f"{element.get('class') or ''} {element.get('id') or ''}".strip().lower()


def raw_text(element: Element, omitted: Omitted, limit: int = 0) -> str:
    """All text below an element with its white space. A `br` and the end of a block become line ends.

    Args:
        element: of the tree.
        omitted: elements to skip.
        limit: stop after so many characters; 0 for all.
    """
    out: list[str] = []
    length = 0
    walk = etree.iterwalk(element, events=("start", "end", "comment"))
    for event, item in walk:
        said = ""
        if event == "start":
            if item is not element and item in omitted:
                walk.skip_subtree()
                continue
            if (
                item.tag in ("br", "div", "p", "tr", "li")
                and (out or item.tag == "br")
                and not (out[-1:] and item.tag != "br" and out[-1].endswith("\n"))
            ):
                out.append("\n")
            said = item.text or ""
        elif item is not element:
            if event == "end" and item not in omitted:
                if item.tag in ("div", "p", "li", "tr") and out and not out[-1].endswith("\n"):
                    out.append("\n")
                elif item.tag in ("td", "th"):
                    out.append(" ")
            said = item.tail or ""
        if said:
            out.append(said)
            length += len(said)
            if limit and length > limit:
                break
    return "".join(out)


def one_line(element: Element, omitted: Omitted, limit: int = 0) -> str:
    """All text below an element as one line.

    Args:
        element: of the tree.
        omitted: elements that are not text.
        limit: characters after which the rest is cut off; 0 for none.
    """
    return " ".join(raw_text(element, omitted, limit).split())


def raised(before: str, text: str) -> str | None:
    """Superscript as text, such as an exponent or the ending of an ordinal; None if it is the mark of a footnote.

    Args:
        before: the text before it.
        text: the superscript.
    """
    if re.fullmatch(r"\[[^\[\]]{1,40}\]", text):
        return None
    if not text or (before[-1:].isspace() and text.isdigit()):
        return None if text else ""
    if re.fullmatch(r"[+−-]\d{1,3}", text) and before[-1:].isalnum():
        return text.translate(_SUPERSCRIPTS)
    if _MARKS.fullmatch(text) and not before[-1:].isdigit():
        return None
    bracketed = text[0] in "[(" and not before[-1:].isdigit()
    if not _MARK.fullmatch(text) or ((text.isalpha() and text not in "n") and not bracketed):
        return text
    if bracketed or not text.strip("*†‡§¶"):
        return None
    if text.isdigit() or text == "n":
        word = re.search(r"(?:[^\W\d_]+|\d+|.)$", before[-40:])
        if word is None or (word[0].isalpha() and text != "n" and not _takes_a_power(word[0])):
            return None
        if word[0].isdigit():
            return None if re.fullmatch(r"1[5-9]\d\d|20\d\d", word[0]) else text.translate(_SUPERSCRIPTS)
        if word[0].isalpha() or (word[0] == ")" and re.search(r"\((?:[a-z]|[^()\s]{0,6}[+*/−-][^()\s]{1,6})\)$", before[-16:])):
            return text.translate(_SUPERSCRIPTS)
        return None
    return text


def _takes_a_power(word: str) -> bool:
    """Whether a word may have an exponent: a unit, a variable or a function."""
    return word.lower() in _UNITS or (len(word) <= 2 and word.lower() not in _SHORT_WORDS)


def looks_like_code(text: str) -> bool:
    """Whether preformatted text of unknown kind looks like a program rather than a poem."""
    lines = [line for line in text.splitlines() if line.strip()]
    signs = sum(bool(_SIGNS_OF_CODE.search(line)) for line in lines)
    return signs * 3 >= len(lines)


def is_set_in_columns(text: str) -> bool:
    """Whether preformatted text is a table: most of its lines have two wide gaps or more."""
    lines = [line for line in text.splitlines() if line.strip()]
    gaps = sum(len(_GAP.findall(line)) > 1 for line in lines)
    return len(lines) >= 3 and gaps * 3 >= len(lines) * 2


def is_verse(lines: list[str]) -> bool:
    """Whether lines that were broken on purpose are a poem: three or more, none of them long."""
    lengths = [len(line) for line in lines]
    return len(lines) >= 3 and max(lengths) <= 90 and sum(lengths) / len(lengths) <= 60


class Renderer:
    """Walks a tree without recursion, because pages may nest thousands of levels deep, and collects its blocks in `parts`."""

    def __init__(self, omitted: Omitted, *, bylines: bool = True) -> None:
        self.parts: list[Part] = []
        self._bylines = bylines  # whether short lines in a header name author and date
        self._omitted = omitted
        self._words: list[str] = []
        self._gone: list[Part] = []  # left out of the current paragraph; added after it
        self._linked = 0
        self._shared = 0
        self._links = 0
        self._heading = 0
        self._quotes = 0
        self._pulled = 0
        self._captions = 0
        self._headers = 0
        self._subtitles = 0
        self._poems = 0
        self._as_typed: list[bool] = []  # open elements whose line ends are the author's; whether their blanks are, too
        self._lines: list[str] = []
        self._lists: list[list[Any]] = []
        self._marker = ""
        self._word_marker = ""
        self._after_item = False
        self._ruby_open = False
        self._noted = ""
        self._indents: list[Element] = []  # open lists without items

    def walk(self, root: Element) -> None:
        """Collect the blocks below `root`."""
        walk = etree.iterwalk(root, events=("start", "end", "comment"))
        for event, element in walk:
            if event == "start":
                if (element in self._omitted and element is not root) or not self._open(element):
                    if element in self._omitted:
                        self._omit(element)
                    walk.skip_subtree()
                elif element.text:
                    self._say(element.text)
                continue
            if event == "end" and (element is root or element not in self._omitted):
                self._close(element)
            if element is not root and element.tail:
                self._say(element.tail)
        self._flush()
        self._end_stanza()

    # --- elements ---

    def _open(self, element: Element) -> bool:
        """Begin an element; return False if its descendants are to be skipped."""
        tag = element.tag
        names = names_of(element) if element.get("class") or element.get("id") else ""
        if tag in BLOCKS:
            self._flush()
            if tag in VERBATIM:
                self._verbatim(element, names)
                return False
            if tag == "table" and self._table(element, names):
                return False
            if tag in LISTS and _only_indents(element, tag):
                self._end_stanza()
                self._quotes += 1
                self._indents.append(element)
            elif tag in LISTS:
                if not self._lists and _is_contents(element, self._omitted):
                    self.parts.append(Part(None, one_line(element, self._omitted), "contents"))
                    return False
                self._open_list(element, tag)
            elif tag in ("li", "dt", "dd"):
                if not (self._quotes and tag == "dd" and not self._lists):
                    self._open_item(element, tag)
            elif tag in HEADINGS:
                self._heading = HEADINGS[tag]
            elif tag == "p" and _is_in_hgroup(element):
                self._heading = 2
            elif tag == "blockquote":
                self._end_stanza()
                self._quotes += 1
            elif tag in ("figcaption", "caption"):
                self._captions += 1
            elif tag == "header":
                self._headers += 1
            if tag in ("p", "div", "td", "aside", "figure", "section") and names:
                self._open_named(element, tag, names)
            self._open_typed(style := element.get("style") or "")
            if "mso-list" in style and (level := re.search(r"mso-list\s*:\s*l\d+ level(\d)", style)):
                self._word_marker = "  " * (int(level[1]) - 1) + "- "
            return True
        return self._open_inline(element, tag, names)

    def _open_named(self, element: Element, tag: str, names: str) -> None:
        if _CAPTION.search(names):
            self._captions += 1
        elif _QUOTED.search(names):
            self._quotes += 1
            self._pulled += bool(_PULLED.search(names))
        elif _POEM.search(names):
            self._poems += 1
        elif SUBTITLE.search(names):
            self._subtitles += 1
        elif tag == "p" and _TITLE.search(names):
            self._heading = 1
        elif tag in ("p", "div") and _CHAPTER.search(names) and len(one_line(element, self._omitted, 200)) <= 200:
            self._heading = 2

    def _close_named(self, element: Element, tag: str, names: str) -> None:
        if _CAPTION.search(names):
            self._captions -= 1
        elif _QUOTED.search(names):
            self._quotes -= 1
            self._pulled -= bool(_PULLED.search(names))
        elif _POEM.search(names):
            if tag == "p" or len(element) > 0 or self._as_typed:
                self._end_stanza()
            self._poems -= 1
        elif SUBTITLE.search(names):
            self._subtitles -= 1
        elif tag in ("p", "div"):
            self._heading = 0

    def _open_inline(self, element: Element, tag: str, names: str) -> bool:
        if tag == "br":
            self._words.append("\n")
        elif tag == "sup" or (tag == "span" and "super" in (element.get("style") or "") and len(element) == 0):
            self._raise(element)
            return False
        elif tag == "q":
            self._words.append("“")
        elif tag == "rt":
            self._ruby_open = bool(self._words and not self._words[-1].endswith(("(", "（")))
            if self._ruby_open and (element.text or len(element)):
                self._words.append("(")
            else:
                self._ruby_open = False
        elif tag == "a":
            size = len(one_line(element, self._omitted, 400))
            self._links += size > 0
            self._linked += size
            if _SHARE.search((element.get("href") or "")[:500]):
                self._shared += size
        elif tag == "img":
            if re.search(r"(?:^|\s)(?:emoji|wp-smiley)(?:$|\s)", names):
                self._words.append(element.get("alt") or "")
            return False
        elif tag in ("math", "script") or "katex-mathml" in names:
            formula = element if tag == "script" else element.find(".//annotation")
            source = "".join(formula.itertext()).strip() if formula is not None else one_line(element, self._omitted)
            self._words.append(f"${source}$")
            return False
        elif tag == "code" and element.find(".//br") is not None and not self._words:
            self._verbatim(element, names)
            return False
        elif element.get("data-marker") is not None:
            marker = one_line(element, {})
            indentation = self._word_marker[: len(self._word_marker) - len(self._word_marker.lstrip())]
            self._word_marker = indentation + (f"{marker} " if re.search(r"[^\W_]", marker) and len(marker) > 1 else "- ")
            return False
        self._open_typed(element.get("style") or "")
        return True

    def _open_typed(self, style: str) -> None:
        if "white-space" in style and (found := _TYPED.search(style)):
            self._as_typed.append(found[1] != "-line")

    def _close(self, element: Element) -> None:
        tag = element.tag
        if tag in VERBATIM:
            return
        if tag in BLOCKS:
            self._flush()
            if self._indents and self._indents[-1] is element:
                self._end_stanza()
                self._quotes -= 1
                self._indents.pop()
            elif tag in LISTS and self._lists and self._lists[-1][0] is element:
                self._lists.pop()
                self._after_item = self._after_item and bool(self._lists)
            elif tag in ("li", "dt", "dd"):
                self._marker = ""
            elif tag in HEADINGS or (tag == "p" and _is_in_hgroup(element)):
                self._heading = 0
            elif tag == "blockquote":
                self._end_stanza()
                self._quotes -= 1
            elif tag in ("figcaption", "caption"):
                self._captions -= 1
            elif tag == "header":
                self._headers -= 1
            elif tag == "p" and self._poems and len(element):
                self._end_stanza()
            if tag in ("p", "div", "td", "aside", "figure", "section") and (names := names_of(element)):
                self._close_named(element, tag, names)
        elif tag == "q":
            self._words.append("”")
        elif tag == "rt" and self._ruby_open:
            self._words.append(")")
            self._ruby_open = False
        if tag != "sup" and "white-space" in (style := element.get("style") or "") and _TYPED.search(style):
            self._as_typed.pop()

    def _omit(self, element: Element) -> None:
        if element.tag in BLOCKS:
            self._flush()
        reason = self._omitted[element]
        if reason == "footnotes" and element.tag not in BLOCKS and self._words:
            self._words.append(GAP)
        if reason not in UNSAID and (text := raw_text(element, {}).strip()):
            self._gone.append(Part(None, "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip()), reason))
        if element.tag in BLOCKS:
            self._flush()

    # --- lists, tables, code ---

    def _open_list(self, element: Element, tag: str) -> None:
        number = element.get("start") or "1"
        level = re.search(r"lst-kix\S*-(\d+)", element.get("class") or "")  # Google Docs nests by name
        self._lists.append(
            [element, tag, int(number) if re.fullmatch(r"-?\d{1,6}", number) else 1, int(level[1]) if level else None]
        )

    def _open_item(self, element: Element, tag: str) -> None:
        if tag == "dd":
            self._marker = "  "
        elif tag == "dt" or not self._lists or self._lists[-1][1] != "ol":
            self._marker = "" if tag == "dt" else "- "
        else:
            value = element.get("value") or ""
            if re.fullmatch(r"-?\d{1,6}", value):
                self._lists[-1][2] = int(value)
            self._marker = f"{self._lists[-1][2]}. "
            self._lists[-1][2] += 1
        if tag == "dt":
            self._marker = "\0"  # an item without a mark

    def _item(self, lines: list[str]) -> None:
        depth = self._lists[-1][3] if self._lists and self._lists[-1][3] is not None else max(len(self._lists) - 1, 0)
        indentation = "  " * min(depth, 12)
        marker = self._marker if self._marker else "  "
        first = indentation + marker.replace("\0", "")
        following = " " * len(first)
        text = "\n".join((following if number else first) + line.strip() for number, line in enumerate(lines))
        self.parts.append(Part("list", text, tight=self._after_item, linked=self._share_of_links(lines)))
        self._marker = ""
        self._after_item = True

    def _table(self, element: Element, names: str) -> bool:
        """Add a data table as one block and return True; return False for a table that only arranges the page."""
        if element.find(".//pre") is None and element.find(".//code") is not None:
            code = next(
                (each for each in element.iter("td") if "code" in names_of(each).split() and each not in self._omitted), None
            )
            if code is not None:
                self._verbatim(code, "code")
                return True
        if (lines := [each for each in element.iter("td") if "blob-code" in names_of(each).split()]) and len(lines) > 0:
            self._put("code", "\n".join(raw_text(each, self._omitted).rstrip() for each in lines))  # of a gist
            return True
        if _CODE_BLOCK.search(names) or element.find(".//pre") is not None:
            code = next(
                (
                    each
                    for each in element.iter(*VERBATIM)
                    if each not in self._omitted
                    and not _above_in(each, self._omitted)
                    and not re.fullmatch(r"[\d\s]*", raw_text(each, self._omitted, 5000))
                ),
                None,
            )
            if code is not None:
                if element.find(".//p") is None:
                    self._verbatim(code, names)
                    return True
                return False
        if element.get("role") in ("presentation", "none") or _CAPTION.search(names) or "tr-caption-container" in names:
            return False
        if len(list(element.iter("tr"))) <= FEW_ROWS and any(cell.find(".//br") is not None for cell in element.iter("td")):
            return False  # lines of verse side by side
        rows: list[list[str]] = []
        texts = cells = 0
        arranges = element.get("border") == "0" and element.find(".//th") is None
        for cell in element.iter("tr", "td", "th", "table", "h1", "h2", "h3", "blockquote"):
            if cell.tag == "tr":
                rows.append([])
            elif cell in self._omitted:
                continue
            elif cell.tag in ("td", "th"):
                cells += 1
                text = one_line(cell, self._omitted)
                texts = max(texts, len(text))
                if not rows:
                    rows.append([])
                rows[-1].append(text)
            elif cell is not element:
                return False
            if texts > (80 if arranges else 400):
                return False
        if cells == 0 or max(sum(map(bool, row)) for row in rows) < 2:
            return False
        caption = element.find("caption")
        if caption is not None and caption not in self._omitted:
            self._put("caption", one_line(caption, self._omitted))
        self._put("table", "\n".join(table_row(row) for row in rows if any(row)))
        return True

    def _verbatim(self, element: Element, names: str) -> None:
        text = raw_text(element, self._omitted)
        text = text.removeprefix("\r").removeprefix("\n") if element.tag in VERBATIM else text.replace("\xa0", " ").strip("\n")
        text = text.rstrip("\n\r \t")
        around = f"{names} {names_of(element)} {names_of(element.getparent()) if element.getparent() is not None else ''}"
        said = (
            element.find(".//code") is not None
            or element.tag == "code"
            or re.search(r"lang|hljs|prism|highlight|code|brush:|input_area", around)
        )
        if element.find(".//samp") is not None or _OUTPUT.search(around):
            kind: BlockKind = "output"
        elif not said and not _POEM.search(around) and is_set_in_columns(text):
            kind = "table"
        elif _POEM.search(around) or (not said and not looks_like_code(text)):
            kind = "quotation" if self._quotes else "verse"
        else:
            kind = "code"
        self._put(kind, text)
        if kind == "verse" and text.strip():  # its white space belongs to the poem
            part = self.parts[-1]
            part.text, part.ready = unicodedata.normalize("NFC", INVISIBLE.sub("", LINE_END.sub("\n", text))).strip("\n"), True

    # --- words ---

    def _say(self, text: str) -> None:
        if self._as_typed:
            text = re.sub(r"[\t\f\r]+", " ", text)
            if self._as_typed[-1]:
                text = _LINE_BLANKS.sub(lambda blanks: "\xa0" * len(blanks[0]), text)
            self._words.append(text)
        else:
            self._words.append(_BLANKS.sub(" ", text))

    def _raise(self, element: Element) -> None:
        text = one_line(element, self._omitted)
        text = "" if text in ("[]", "()") else text  # the mark in the brackets is omitted
        before = "".join(self._words[-3:]).replace(GAP, "")
        marked = raised(before, text)
        if marked is None:
            if not "".join(self._words).strip():
                self._noted = text.strip("[]() ")
            else:
                self._words.append(GAP)
            self._gone.append(Part(None, text, "footnotes"))
        else:
            self._words.append(marked)
        for child in element.iter():
            if is_element(child) and child in self._omitted and self._omitted[child] not in UNSAID:
                self._gone.append(Part(None, one_line(child, {}), self._omitted[child]))

    def _flush(self) -> None:
        before = len(self.parts)
        self._flush_words()
        if self._noted and len(self.parts) > before:
            self.parts[before].noted = self._noted
        self._noted = ""
        self.parts += self._gone
        self._gone.clear()

    def _flush_words(self) -> None:
        if not self._words:
            return
        text = "".join(self._words)
        self._words = []
        if GAP in text:
            text = _GAPS.sub("", text)
        paragraphs: list[list[str]] = [[]]
        for line in text.split("\n"):
            if line.strip():
                paragraphs[-1].append(_with_blanks_in_front(line.strip(" ")))
            elif paragraphs[-1]:
                paragraphs.append([])
        lines = [line for paragraph in paragraphs for line in paragraph]
        if not lines and self._poems and ("\n" in text or "\xa0" in text):
            self._end_stanza()
        size = sum(len(line) for line in lines)
        if size and self._shared * 2 >= size:
            self.parts.append(Part(None, "\n".join(line.strip() for line in lines), "share"))
        else:
            for paragraph in paragraphs:
                if paragraph:
                    self._paragraph(paragraph)
        self._linked = self._shared = self._links = 0

    def _paragraph(self, lines: list[str]) -> None:
        if self._heading and not self._quotes:
            self._put("heading", "#" * self._heading + " " + " ".join(line.strip() for line in lines), level=self._heading)
        elif self._captions:
            self._put("caption", "\n".join(lines))
        elif self._poems:
            self._lines += lines
        elif self._quotes:
            if self._lists:
                lines = [
                    self._marker.replace("\0", "") + line.strip() if number == 0 else line for number, line in enumerate(lines)
                ]
                self._marker = ""
            self._put(
                "quotation",
                "\n".join(line if is_verse(lines) or number == 0 else line.strip() for number, line in enumerate(lines)),
            )
        elif self._word_marker:
            self._lists.append([None, "ul", 1, 0])
            self._marker, self._word_marker = self._word_marker, ""
            self._item(lines)
            self._lists.pop()
        elif self._lists and (self._marker or self._after_item):
            self._item(lines)
        elif self._bylines and self._headers and not self._subtitles and sum(len(line.split()) for line in lines) < 20:
            self.parts.append(Part(None, " ".join(lines), "byline"))
        elif is_verse(lines):
            self._put("verse", "\n".join(lines))
        else:
            self._put("prose", "\n".join(line.strip() for line in lines))

    def _end_stanza(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._put("quotation" if self._quotes else "verse", "\n".join(lines))

    def _put(self, kind: BlockKind, text: str, level: int = 0) -> None:
        if self._lines and kind not in ("verse", "quotation"):
            self._end_stanza()
        self._after_item = False
        reason = "pull_quote" if self._pulled else ""
        linked = self._share_of_links([text])
        self.parts.append(Part(kind, text, reason, level=level, linked=linked, typed=bool(self._as_typed)))

    def _share_of_links(self, lines: list[str]) -> float:
        if not self._linked:
            return 0.0
        size = sum(len(re.sub(r"[\s|·•\[\]/,–-]+", "", line)) for line in lines)
        return self._linked / size if size else 0.0


def _is_in_hgroup(paragraph: Element) -> bool:
    """Whether it belongs to a heading: a subtitle, or the title below the number of a chapter."""
    parent = paragraph.getparent()
    return parent is not None and parent.tag == "hgroup"


def _only_indents(element: Element, tag: str) -> bool:
    """Whether a list has no items: pages of the 1990s indented text so, mostly what they quoted."""
    if tag == "dl":
        return element.find("dd") is not None and element.find(".//dt") is None
    return element.find(".//li") is None


def _above_in(element: Element, omitted: Omitted) -> bool:
    return any(above in omitted for above in element.iterancestors())


def _with_blanks_in_front(line: str) -> str:
    words = line.lstrip()
    return line[: len(line) - len(words)].replace("\xa0", " ") + words


def _is_contents(element: Element, omitted: Omitted) -> bool:
    """Whether a list consists of links to places on the same page."""
    links = list(element.iter("a"))
    if len(links) < 3 or not all((link.get("href") or "").startswith("#") for link in links):
        return False
    return len(one_line(element, omitted)) <= 1.3 * sum(len(one_line(link, omitted)) + 1 for link in links) + 4 * len(links)


ATTRIBUTION = re.compile(r"(?:--|[–—―~])\s?((?:[^\W\d_]|[“\"(])[^\n]{1,80}?)[.)]?")
"""A line that names the author of a quote."""


def tidied(parts: list[Part]) -> Iterator[Part]:
    """Leave out headings whose text was left out, and pull quotes, which repeat a sentence of the text."""
    pulled = any(part.reason == "pull_quote" for part in parts)
    said = plain(" ".join(part.text for part in parts if part.kind == "prose")) if pulled else ""
    for number, part in enumerate(parts):
        if part.kind == "prose" and ("\n" in part.text or part.typed) and _is_beside_verse(parts, number):
            part.kind = "verse"
        if part.kind and part.reason == "pull_quote" and plain(part.text) in said:
            yield Part(None, part.text, "pull_quote")
            continue
        if part.kind in ("prose", "list") and part.text[-2:].strip("\ufe0e")[-1:] in ("↩", "⤴", "↵", "⏎"):
            part.text = part.text.rstrip("\ufe0e↩⤴↵⏎ ")
        if _is_quoted(part, parts[max(number - 1, 0) : number], parts[number + 1 : number + 2]):
            part.kind = "quotation"
        if part.kind == "heading" and number > 0:
            following = parts[number + 1 : number + 40]
            omitted = next((each for each in following if each.kind is None), None)
            kept = next((each for each in following if each.kind is not None), None)
            stands_alone = kept is None or (kept.kind == "heading" and kept.level <= part.level)
            if (
                omitted is not None
                and following[0] is omitted
                and stands_alone
                and omitted.reason not in ("byline", "struck_out", "page_numbers", "embedded")
            ):
                yield Part(None, part.text.lstrip("# "), omitted.reason)
                continue
        yield part


def _is_quoted(part: Part, before: list[Part], following: list[Part]) -> bool:
    """Whether a paragraph is a quote, or names whose words a quote has: `— Ann` below it, or `>` before all lines.

    Args:
        part: the paragraph.
        before: the part before it, if there is one.
        following: the part after it, if there is one.
    """
    if part.kind not in ("prose", "verse"):
        return False
    lines = part.text.split("\n")
    if all(line.lstrip().startswith(">") for line in lines):
        return True
    if part.kind == "prose" and before and before[0].kind == "quotation" and ATTRIBUTION.fullmatch(part.text):
        return True
    opens = part.text.lstrip()[:1] in "\"“„«‘'"
    if len(lines) > 1 and (by := ATTRIBUTION.fullmatch(lines[-1].strip())):
        return opens or len(by[1].split()) > 1
    return opens and bool(following) and following[0].kind == "prose" and bool(ATTRIBUTION.fullmatch(following[0].text.strip()))


def _is_beside_verse(parts: list[Part], number: int) -> bool:
    """Whether short lines are another stanza of a poem before or after them."""
    beside = parts[max(number - 1, 0) : number] + parts[number + 1 : number + 2]
    return any(part.kind == "verse" for part in beside) and all(len(line) <= 60 for line in parts[number].text.splitlines())


def plain(text: str) -> str:
    """The words of a text without punctuation and capitals, to compare titles."""
    return re.sub(r"\W+", " ", text).strip().casefold()


def put_in(reading: Reading, parts: Iterable[Part]) -> None:
    """Append the parts to a reading."""
    for part in parts:
        if part.kind is None:
            reading.leave_out(part.reason, part.text)
        else:
            reading.add(part.kind, part.text, tight=part.tight, ready=part.ready)


def parse(text: str) -> Element:
    """Parse a page, however broken it is. Elements that nest too deep for the parser are flattened."""
    text = re.sub(r"[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff]", "", text)
    text = _with_word_lists_marked(text)
    page, whole = _parsed(text)
    if not whole:
        page, whole = _parsed(re.sub(r"</?(?:div|span|font|section|b|i|em|strong|a|center|small|big|u)\b[^<>]*>", " ", text))
    if not whole:
        page, _ = _parsed("<p>" + re.sub(r"<[^<>]*>", "\n", text))
    return page


def _parsed(text: str) -> tuple[Element, bool]:
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True, no_network=True)
    try:
        page = html.document_fromstring(text.encode(), parser=parser, ensure_head_body=False)
    except etree.ParserError:  # there is nothing in it
        return html.document_fromstring(b"<p></p>"), True
    return page, not any("depth" in entry.message for entry in parser.error_log)


def _with_word_lists_marked(text: str) -> str:
    """Put each bullet or number that Word writes for programs without lists into an element of its own."""
    for start in ("<![if !supportLists]>", "<!--[if !supportLists]-->"):
        first, *rest = text.split(start)
        if not rest:
            continue
        out = [first]
        for part in rest:
            marker, end, after = part.partition("<![endif]")
            if not end:
                marker, end, after = part.partition("<!--[endif]--")
            out.append(f'<span data-marker="">{marker.removesuffix("<!--")}</span>{after.lstrip("->")}' if end else part)
        text = "".join(out)
    return text
