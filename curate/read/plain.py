"""Markup to plain text. What stays of the form are headings (`# Title`), blank lines between paragraphs and `- ` items."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

BLOCKS = {
    "address", "article", "blockquote", "body", "dd", "div", "dl", "dt", "figure", "header", "hr", "html", "li", "main",
    "ol", "p", "pre", "section", "table", "tr", "ul", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
NOT_PROSE = (
    "script", "style", "template", "noscript", "nav", "footer", "aside", "form", "button", "iframe", "svg", "math",
    "head", "figcaption", "sup > a[href^='#']", "a[href^='#'] > sup", "a[role='doc-noteref']", "a[role='doc-backlink']",
    "[role='doc-footnotes']", "[role='doc-endnotes']", "[role='navigation']", "[role='banner']", "[role='contentinfo']",
    "[hidden]", "[aria-hidden='true']", ".footnote", ".footnotes", ".endnotes", ".noteref", ".breadcrumb", ".breadcrumbs",
    ".cookie-banner", ".share", ".sidebar",
)  # fmt: skip
NOTE_TYPES = {
    "noteref",
    "footnote",
    "footnotes",
    "endnote",
    "endnotes",
    "rearnote",
    "rearnotes",
    "backlink",
    "toc",
    "pagebreak",
}
"""Values of epub:type (EPUB Structural Semantics Vocabulary) that are apparatus, not text."""

INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]"
)


def html_to_plain(html: str) -> tuple[str, str]:
    """Title ("" where there is none) and plain text of an HTML or XHTML page."""
    soup = BeautifulSoup(html, "html.parser")
    title = tidy(soup.title.get_text()) if soup.title else ""
    for selector in NOT_PROSE:
        for element in soup.select(selector):
            element.decompose()
    for element in soup.select("[epub\\:type]"):
        if not element.decomposed and NOTE_TYPES & set(str(element["epub:type"]).split()):
            element.decompose()
    root = soup.find("main") or soup.find("article") or soup.body or soup
    if len(soup.find_all("article")) > 1:  # a page of several articles is read whole
        root = soup.find("main") or soup.body or soup
    return title, tidy(_blocks(root))


def _blocks(node: Tag) -> str:
    """The text below `node`, a blank line around each block. Walks without recursion: pages nest a thousand deep."""
    out: list[str] = []
    stack: list[Tag | NavigableString | str] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, NavigableString):
            if type(item) is NavigableString:  # comments and the like are its subclasses
                out.append(re.sub(r"\s+", " ", item))
        elif isinstance(item, str):
            out.append(item)
        elif item.name == "br":
            out.append("\n")
        else:
            before, after = _around(item)
            stack.append(after)
            stack.extend(reversed(list(item.children)))  # type: ignore[arg-type]
            stack.append(before)
    return "".join(out)


def _around(element: Tag) -> tuple[str, str]:
    if level := HEADINGS.get(element.name):
        return "\n\n" + "#" * level + " ", "\n\n"
    if element.name == "li":
        return "\n- ", "\n"
    if element.name in ("td", "th"):
        return " ", " "
    if element.name in BLOCKS:
        return "\n\n", "\n\n"
    return "", ""


def markdown_to_plain(text: str) -> tuple[str, str]:
    """Title ("" where there is none) and plain text of Markdown: front matter, links and emphasis unwrapped."""
    title = ""
    if front := re.match(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", text, re.DOTALL):
        text = text[front.end() :]
        if named := re.search(r"^title:\s*[\"']?(.+?)[\"']?\s*$", front[1], re.MULTILINE):
            title = named[1]
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)", "", text)
    text = re.sub(r"\[([^\]\n]+)\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"\[([^\]\n]+)\]\[[^\]\n]*\]", r"\1", text)  # links by reference, and where they point
    text = re.sub(r"^ {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\S+.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"<((?:https?://|mailto:)[^>\s]+)>", r"\1", text)
    text = re.sub(r"\[\^[^\]\s]+\]:.*(?:\n[ \t]+.*)*", "", text)  # footnotes and the marks that point to them
    text = re.sub(r"\[\^[^\]\s]+\]", "", text)
    text = re.sub(r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])", r"\2", text)
    text = re.sub(r"(?<!\w)(_{1,3})(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)", r"\2", text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+\-.!>~|])", r"\1", text)
    text = re.sub(r"^[ \t]*>[ \t]?", "", text, flags=re.MULTILINE)
    text = re.sub(r"^([^\n#].*)\n(=+|-{3,})[ \t]*$", _underlined_heading, text, flags=re.MULTILINE)
    text = re.sub(r"^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^([ \t]*)[*+] ", r"\1- ", text, flags=re.MULTILINE)
    return title, tidy(text)


def _underlined_heading(match: re.Match[str]) -> str:
    return ("# " if match[2][0] == "=" else "## ") + match[1]


def pdf_to_plain(text: str) -> str:
    """Paragraphs from the hard-wrapped lines of a PDF: page numbers and running heads out, hyphens at line ends joined."""
    pages = [page.strip("\n") for page in text.split("\f") if page.strip()]
    edges: dict[str, int] = {}
    for page in pages:
        lines = [line.strip() for line in page.splitlines() if line.strip()]
        for line in {*lines[:1], *lines[-1:]}:
            edges[line] = edges.get(line, 0) + 1
    running = {line for line, times in edges.items() if times > 2 and times > len(pages) / 2}
    kept = [
        line.strip()
        for page in pages
        for line in page.splitlines()
        if line.strip() not in running
        and not re.fullmatch(r"\s*(?:[-–]\s*)?(?:page\s+)?\d{1,4}(?:\s*[-–])?\s*", line, re.IGNORECASE)
    ]
    text = "\n".join(kept)
    text = re.sub(r"(?<=\w)-\n(?=[a-zß-ÿ])", "", text)
    return tidy(re.sub(r"(?<=\S)[ \t]*\n(?=[^\s#\-])", " ", text))


def tidy(text: str) -> str:
    """Prose, normalised: besides what `as_laid_out` does, one space between words, one blank line between blocks."""
    text = re.sub(r"[^\S\n]+", " ", _one_line_end(text))
    text = re.sub(r" *\n *", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    text = re.sub(r"^(#{1,6}) *\n+", "", text, flags=re.MULTILINE)
    return text.strip()


def as_laid_out(text: str) -> str:
    """Normalised (NFC) text with its lines and their indentation, which is what code in it means: no invisible or control
    characters, nothing around it, no blanks that nobody sees at the end of a line, one kind of line end."""
    return textwrap.dedent(re.sub(r"[^\S\n]+$", "", _one_line_end(text), flags=re.MULTILINE)).strip()


def _one_line_end(text: str) -> str:
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return re.sub(r"\r\n?|\u2028|\u2029|\x0b|\x0c|\x85", "\n", text)
