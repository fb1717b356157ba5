"""Read HTML within Markdown: its blocks and their kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from curate.model import BlockKind

INLINE_TAGS = frozenset(
    """a abbr acronym audio b bdi bdo big br button cite code data del dfn em font i iframe img input ins kbd label map mark
    math meter nobr object output picture progress q rp rt ruby s samp select small source span strike strong sub sup svg
    textarea time tt u var video wbr""".split()
)
BLOCK_TAGS = frozenset(
    """address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer
    form frame frameset h1 h2 h3 h4 h5 h6 head header hr html legend li link main menu meta nav noscript ol optgroup option p
    param pre script search section style summary table tbody td template tfoot th thead title tr track ul""".split()
)
UNSEEN = frozenset("head iframe math noscript object script style svg template".split())
CONTAINERS = frozenset("article aside center details div figure footer header main section span summary".split())
"""Tags between which people write Markdown."""
NAME = re.compile(r"</?([A-Za-z][\w.:-]*)")


@dataclass
class Part:
    """One block of a piece of HTML."""

    kind: BlockKind
    text: str
    level: int = 0
    """Of a heading."""


@dataclass
class Html:
    """What a piece of HTML holds."""

    parts: list[Part] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """(reason, text)."""
    quotes: int = 0
    """The number of block quotes that it opens without closing them; negative if it closes more than it opens."""
    tags: set[str] = field(default_factory=set)


def name_of(tag: str) -> str:
    """The name of a tag, in lower case; "" if it is not a tag."""
    found = NAME.match(tag)
    return found[1].lower() if found else ""


def is_html(name: str) -> bool:
    """Whether HTML has an element of this name."""
    return name in INLINE_TAGS or name in BLOCK_TAGS


def read_html_parts(html: str) -> Html:
    """The text of a piece of HTML, which may begin or end within an element."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_part()
    return reader.html


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.html = Html()
        self.words: list[str] = []
        self.unseen: list[str] = []
        self.hidden: list[str] = []
        self.open: list[str] = []
        self.row: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.html.tags.add(tag)
        if self.unseen or tag in UNSEEN:
            if tag in UNSEEN:
                self.unseen.append(tag)
            return
        if tag == "br":
            self.words.append("\n")
        elif tag == "img":
            self.html.left_out.append(("image", dict(attrs).get("alt") or ""))
        elif tag in BLOCK_TAGS:
            self._between(tag)
            if tag not in ("hr", "link", "meta"):
                self.open.append(tag)
            if tag == "blockquote":
                self.html.quotes += 1
            elif tag == "li":
                self.words.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if self.unseen:
            if tag == self.unseen[-1]:
                self.unseen.pop()
                if not self.unseen:
                    self.html.left_out.append(("not_shown", "".join(self.hidden)))
                    self.hidden.clear()
            return
        if tag not in BLOCK_TAGS:
            return
        self._between(tag)
        if tag == "blockquote":
            self.html.quotes -= 1
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        (self.hidden if self.unseen else self.words).append(data if "pre" in self.open else re.sub(r"\s+", " ", data))

    def handle_comment(self, data: str) -> None:
        self.html.left_out.append(("comments", data))

    def unknown_decl(self, data: str) -> None:
        self.words.append(data.removeprefix("CDATA["))

    def _between(self, tag: str) -> None:
        """A block begins or ends here."""
        if tag in ("td", "th"):
            if cell := " ".join("".join(self.words).split()):
                self.row.append(cell)
            self.words.clear()
        elif "table" in self.open and tag in ("tr", "table", "thead", "tbody", "tfoot"):
            if self.row:
                self._add(Part("table", f"| {' | '.join(self.row)} |"))
            self.row.clear()
        elif not {"td", "th"} & set(self.open):
            self.end_part()

    def _add(self, part: Part) -> None:
        last = self.html.parts[-1] if self.html.parts else None
        if last and last.kind == part.kind and part.kind in ("table", "list"):
            last.text += f"\n{part.text}"
        else:
            self.html.parts.append(part)

    def end_part(self) -> None:
        """Keep the block that ends."""
        text = "".join(self.words)
        self.words.clear()
        if self.row:
            text = f"| {' | '.join(self.row)} |{text}"
            self.row.clear()
        if not text.strip() or text.strip() == "-":
            return
        if "pre" in self.open:
            self._add(Part("code", text.strip("\n")))
            return
        heading = next((tag for tag in self.open if re.fullmatch("h[1-6]", tag)), "")
        kind: BlockKind = "prose"
        if "blockquote" in self.open:
            kind = "quotation"
        elif heading:
            kind = "heading"
        elif {"figcaption", "caption"} & set(self.open):
            kind = "caption"
        elif "li" in self.open:
            kind = "list"
        self._add(Part(kind, text.strip(), int(heading[1]) if heading else 0))
