"""Read plain text: paragraphs from wrapped lines, and the verse, lists, tables and code between them."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from curate.read.lines import NOWHERE, columns, is_verse, join_wrapped, usual_width, vocabulary
from curate.read.reading import LINE_END, Reading

LONG_LINE = 100
"""A line of more columns is a whole paragraph, because no window is as wide."""
HEADING_LENGTH = 80
FEWEST_WORDS_OF_TEXT = 25
LEAST_QUOTED = 100
"""Characters of an indented block that is a quote; a shorter one may be an address or a date."""
GUTENBERG_BEGINS = re.compile(
    r"^\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]{0,400}?(?:\*{3}|\n\n)|^\*END\*? ?THE SMALL PRINT!.*$",
    re.MULTILINE,
)
GUTENBERG_ENDS = re.compile(
    r"^(?:\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG|End of (?:the )?Project Gutenberg).*", re.MULTILINE
)
GUTENBERG_TITLE = re.compile(r"^Title: *(.+(?:\n {4,}\S.*)*)", re.MULTILINE)
CREDITS = re.compile(
    r"\s*(?:\[?(?:\S+ ){0,4}(?:produced|prepared|transcribed) (?:by|from) |credits:|html version by "
    r"|note: *project gutenberg also"
    r"|(?:images of|this file was produced|transcriber['’]s note))",
    re.IGNORECASE,
)
"""How the lines begin that say who typed a book; they are among its first paragraphs."""
FIRST_BLOCKS = 8
APPARATUS = re.compile(r"\s*\[(Illustration|Footnote|Sidenote|Decoration|Music|Transcriber['’]?s? Note)\b", re.IGNORECASE)
INLINE_APPARATUS = re.compile(
    r"\s?\[(?:Illustration|Footnote|Sidenote|Decoration|Transcriber['’]?s? Note)\b[^\[\]]{0,2000}\]", re.IGNORECASE
)
BOLD = re.compile(r"(?<![\w=])=(?=\S)([^=\n]{1,200}?)(?<=\S)=(?![\w=])")
UNDERSCORE = re.compile(r"(?<!\w)_(?=\S)|(?<=\S)_(?!\w)")
"""A mark for italics that go over more than one paragraph."""
ITALICS = re.compile(r"(?<![A-Za-z0-9])_([^_\s](?:[^_]*[^_\s])?)_(?![A-Za-z0-9])")
NOTE_MARK = re.compile(r"\[(?:\d{1,3}|[A-Z]|\*)\]|[ \t]?(?:\[(?:Pg|Page|p\.) ?\d{1,4}\]|\{\d{1,4}\})")
"""The mark of a footnote, and of a page of the printed book."""
PAGE_MARK = re.compile(r"\{\d{1,4}\}|\[(?:Pg|Page|p\.) ?\d{1,4}\]", re.IGNORECASE)
NOTE = re.compile(r"\s*\[(?:\d{1,3}|[A-Z]|\*)\]\s+\S")
BACK_MATTER = re.compile(
    r"\s*(?:foot-?|end-?)?notes?[.:]?\Z|\s*(?:transcriber['’]?s?['’]? (?:end )?notes?|errata)[.:]?\Z", re.IGNORECASE
)
"""The heading above a book's footnotes or the note of whoever typed it."""
TITLE_PAGE = re.compile(
    r"^[ \t]{0,80}by\b|copyright|publish|\bpress\b|london|new york|boston|edinburgh|paris|berlin|leipzig|\b1[5-9]\d\d\b"
    r"|rights reserved|edition|author of"
    r"|contents|illustrat",
    re.IGNORECASE | re.MULTILINE,
)
LISTED = re.compile(
    r"(?:\s\s|\.\.\.)\s?(?:\d{1,4}|[ivxlc]{1,7}|_?frontispiece_?)\Z|^\s*(?:chap(?:ter)?\.?\s+)?page\.?\Z", re.IGNORECASE
)
"""The end of a line of a table of contents."""
CONTENTS = re.compile(
    r"\s*(?:(?:table of )?contents|list of (?:illustrations|plates|figures|maps)|illustrations|index)[ .:]*\Z", re.IGNORECASE
)

MARKED_HEADING = re.compile(r"#{1,6} \S")
UNDERLINE = re.compile(r"(=+|-+|~+|\*+|#+|_+)\Z")
SEPARATOR = re.compile(r"[ \t]*(?:[*=_~#•·+.-][ \t]*){3,}\Z|[ \t]*[*⁂§•~#][ \t]*\Z")
FENCE = re.compile(r"(`{3,}|~{3,})[\w+#.-]*[ \t]*\Z")
BULLET = r"[-*+•‣◦▪●○]"
ITEM = re.compile(rf"(?P<indent>[ \t]*)(?P<mark>{BULLET}|(?:\d{{1,3}}|[a-zA-Z])[.)]|\((?:\d{{1,3}}|[a-z])\))[ \t]+(?=\S)")
CHAPTER = re.compile(
    r"[ \t]*(?:(?:chapter|book|part|canto|act|scene|section|volume|kapitel|buch|teil|chapitre|livre|partie|cap[íi]tulo|capitolo|"
    r"libro|parte|hoofdstuk|глава|часть|книга|rozdzia[łl]|kapitola)[ \t]+(?:[ivxlcdm]+|\d+|(?:the[ \t]+)?\w+)\b[.:]?.{0,60}"
    r"|第[〇一二三四五六七八九十百千\d]{1,6}[章回节節话話卷部].{0,40}|[IVXLC]{1,7}\.?)\Z",
    re.IGNORECASE,
)
PAGE_NUMBER = re.compile(
    r"[ \t]+(?:[-–—] ?)?\d{1,4}(?: ?[-–—])?\Z|[-–—] ?\d{1,4} ?[-–—]\Z|(?:page|seite|p\.)[ \t]+\d{1,4}\Z", re.IGNORECASE
)
PAGE_BREAK = re.compile(
    r"(?<=[^\s.!?:…\"»”])[ \t]*\n{1,3}\f[ \t]*([-–—]? ?\d{1,4}(?: ?[-–—])?(?=[ \t]*\n)|)[ \t]*\n{0,3}(?=[^\W\d_A-ZÄÖÜÉÀÈÊÇ])"
)
"""Between two pages, within a sentence; what it holds is the page's number."""
ATTRIBUTION = re.compile(r"[ \t]+((?:--|[–—―])[ \t]*[^\W\d].{1,70})\Z")
"""The line below a quote that names its author."""
GAP = re.compile(r"\S(?: {3,}|\t+)\S")
BORDER = re.compile(r"[ \t]*[+|][-=+|: ]{3,}[+|][ \t]*\Z")
PROGRAM = re.compile(
    r"(?:def|class|func|fn|public|private|static|int|void)\b[^.!?]*\([^.!?]*\)[^.!?]*[:{]\s*\Z|#include <|\$ \w|import \w+\Z|#!/"
)
"""The first line of a program that is not indented."""
CODE_LIKE = re.compile(
    r"[{};]\s*$|[=!<>]=|\w\(.*\)|->|=>|\w=\w"
    r"|^\s*(?:def|class|import|from|return|if|for|while|function|const|let|var|#include|public|private)\b.*[:;({]\s*$"
)


def read_plain_text(text: str) -> Reading:
    """Read plain text. Wrapped lines are joined; lines that the author broke on purpose are kept.

    A line longer than any window is a paragraph. Project Gutenberg's header and footer are left out.
    """
    reading = Reading()
    for number in PAGE_BREAK.findall(text := text.replace("\r\n", "\n")):
        reading.leave_out("page_numbers", number)
    text = LINE_END.sub("\n", PAGE_BREAK.sub("\n", text)).removeprefix("\ufeff")
    begin, end, is_gutenberg = _gutenberg(text)
    if is_gutenberg:
        if title := GUTENBERG_TITLE.search(text, 0, begin):
            reading.title = " ".join(title[1].split())
        reading.leave_out("gutenberg", text[:begin])
    _PlainText(reading, text[begin:end].split("\n"), is_gutenberg).run()
    if is_gutenberg:
        reading.leave_out("gutenberg", text[end:])
    return reading


def _gutenberg(text: str) -> tuple[int, int, bool]:
    """Where the text between Project Gutenberg's header and footer begins and ends, and whether the file has them."""
    if "gutenberg" not in text[:20_000].lower():
        return 0, len(text), False
    begins = GUTENBERG_BEGINS.search(text)
    ends = GUTENBERG_ENDS.search(text, begins.end() if begins else len(text) // 2)
    return begins.end() if begins else 0, ends.start() if ends else len(text), bool(begins or ends)


@dataclass
class _PlainText:
    reading: Reading
    lines: list[str]
    is_gutenberg: bool
    width: int = 0
    margin: int = 0
    """The indentation of most paragraphs."""
    words: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Read all lines."""
        blocks = list(_blocks(self.lines))
        self.width = usual_width(block for block in blocks if max(map(len, block)) <= LONG_LINE and not FENCE.match(block[0]))
        margins = Counter(min(len(line) - len(line.lstrip()) for line in block) for block in blocks if len(block) > 1)
        self.margin = margins.most_common(1)[0][0] if margins else 0
        if any(line.endswith("-") for line in self.lines):
            self.words = vocabulary(self.lines)
        listed = left_out = ""
        begin = _end_of_title_page(blocks) if self.is_gutenberg else 0
        self.reading.leave_out("title_page", "\n\n".join("\n".join(block) for block in blocks[:begin]))
        for number, block in enumerate(blocks[begin:], begin):
            is_heading = len(block) == 1 and CONTENTS.match(block[0]) is not None
            if is_heading:
                listed, left_out = block[0], ""
                continue
            if listed and (_is_listed(block) or (not left_out and len(block) > 2)):
                self.reading.leave_out("contents", "\n".join([listed, *block] if not left_out else block))
                left_out = listed
                continue
            if listed and not left_out:
                self._block([listed], is_first=False)
            listed = ""
            if self.is_gutenberg and len(block) == 1 and number * 2 > len(blocks) and BACK_MATTER.match(block[0]):
                self.reading.leave_out("footnotes", "\n\n".join("\n".join(each) for each in blocks[number:]))
                break
            self._block(block, is_first=number < FIRST_BLOCKS)

    def _block(self, block: list[str], *, is_first: bool) -> None:
        """Append the lines between two blank lines."""
        if FENCE.match(block[0]):
            self.reading.add("code", "\n".join(block))
            return
        if self.is_gutenberg and (reason := _apparatus(block[0], is_first=is_first)):
            self.reading.leave_out(reason, "\n".join(block))
            return
        if len(block) == 1 and SEPARATOR.match(block[0]):
            return
        if len(block) == 1 and PAGE_NUMBER.match(block[0]):
            self.reading.leave_out("page_numbers", block[0])
            return
        if (
            len(block) > 1
            and all(line[:1].isspace() for line in block)
            and (by := ATTRIBUTION.match(block[-1]))
            and not ITEM.match(block[0])
        ):
            said = textwrap.dedent("\n".join(block[:-1])).split("\n")
            words = "\n".join(said) if is_verse(said, self.width) else join_wrapped(said, self.words)
            self.reading.add("quotation", self._plain(f"{words}\n{by[1]}"))
            return
        if (rest := self._heading(block)) is not None:
            if rest:
                self._block(rest, is_first=False)
        elif all(line.lstrip().startswith(">") for line in block):
            inner = [re.sub(r"^\s*(?:> ?)+", "", line) for line in block]
            self.reading.add("quotation", "\n".join(inner) if is_verse(inner, self.width) else join_wrapped(inner, self.words))
        elif _is_table(block):
            self.reading.add("table", self._plain("\n".join(block)))
        elif _is_code(block):
            self.reading.add("code", "\n".join(block))
        elif self.margin == 0 and self._is_set_in(block):
            said = textwrap.dedent("\n".join(block)).split("\n")
            words = "\n".join(said) if is_verse(said, self.width) else join_wrapped(said, self.words)
            self.reading.add("quotation", self._plain(words))
        elif (at := _first_item(block)) is not None:
            if at:
                self._prose(block[:at])
            self._list(block[at:])
        else:
            self._prose(block)

    def _heading(self, block: list[str]) -> list[str] | None:
        """Append the heading with which a block begins; return the lines below it, None if there is no heading."""
        first = block[0].strip()
        if MARKED_HEADING.match(first) and len(first) <= 2 * HEADING_LENGTH and block[0][:1] == "#":
            self.reading.add("heading", first)
            return block[1:]
        if len(first) > HEADING_LENGTH:
            return None
        if len(block) > 1 and UNDERLINE.match(block[1].strip()) and 3 <= len(block[1].strip()) <= columns(first) + 4:
            self.reading.add("heading", self._plain(first))
            return block[2:]
        if len(block) <= 2 and (CHAPTER.match(first) or (len(block) == 1 and _in_capitals(first))):
            self.reading.add("heading", self._plain(" ".join(block)))
            return []
        return None

    def _is_set_in(self, block: list[str]) -> bool:
        """Whether a block is quoted: all its lines are indented, and it is prose, or a line with a colon introduces it."""
        if len(block) < 2 or _first_item(block) is not None or min(len(line) - len(line.lstrip()) for line in block) < 2:
            return False
        text = self.reading.text.rstrip()
        introduced = text.endswith((":", "：", ":--", ":—", ":-")) and bool(self.reading.blocks)
        said = textwrap.dedent("\n".join(block)).split("\n")
        return introduced or (not is_verse(said, self.width) and sum(map(len, said)) > LEAST_QUOTED)

    def _prose(self, block: list[str]) -> None:
        for lines in _paragraphs(block, self.width):
            if len(lines) > 1 and max(map(columns, lines)) <= LONG_LINE and is_verse(lines, self.width):
                self.reading.add("verse", self._plain(textwrap.dedent("\n".join(lines))))
            else:
                self.reading.add("prose", self._plain(join_wrapped(lines, self.words)))

    def _list(self, block: list[str]) -> None:
        items: list[list[str]] = []
        for line in block:
            if (found := ITEM.match(line)) and (not items or _is_next(items[-1], line)):
                mark = "-" if re.fullmatch(BULLET, found["mark"]) else found["mark"]
                items.append([f"{found['indent'].expandtabs(4)}{mark} {line[found.end() :]}"])
            else:
                items[-1].append(line)
        joined = []
        for item in items:
            indent = item[0][: len(item[0]) - len(item[0].lstrip())]
            joined.append(indent + join_wrapped(item, self.words))
        self.reading.add("list", self._plain(textwrap.dedent("\n".join(joined))))

    def _plain(self, text: str) -> str:
        """The text without Project Gutenberg's marks for italics and footnotes."""
        if not self.is_gutenberg:
            return text
        for apparatus in INLINE_APPARATUS.findall(text):
            self.reading.leave_out("footnotes", apparatus)
        text = BOLD.sub(r"\1", ITALICS.sub(r"\1", INLINE_APPARATUS.sub("", text)))
        return NOTE_MARK.sub("", UNDERSCORE.sub("", text))


def _end_of_title_page(blocks: Sequence[list[str]]) -> int:
    """The number of the first block below a book's title page and its contents; 0 if it has no title page."""
    first = next((number for number, block in enumerate(blocks[:200]) if _is_text(block)), 0)
    begin = first
    for number in range(first - 1, max(first - 4, -1), -1):
        if CHAPTER.match(blocks[number][0]):
            begin = number
            break
    else:
        begin -= first > 0 and _in_capitals(" ".join(blocks[first - 1]).strip())
    text = "\n".join(line for block in blocks[:begin] for line in block)
    return begin if len(set(map(str.lower, TITLE_PAGE.findall(text)))) > 1 else 0


def _is_text(block: list[str]) -> bool:
    """Whether a block is a paragraph of prose."""
    words = len(" ".join(block).split())
    return (
        words >= FEWEST_WORDS_OF_TEXT and not CREDITS.match(block[0]) and not APPARATUS.match(block[0]) and not _is_listed(block)
    )


def _is_listed(block: list[str]) -> bool:
    """Whether a block is part of a table of contents: most of its lines end in a page number."""
    return sum(LISTED.search(line.rstrip()[-40:]) is not None for line in block) * 2 >= len(block)


def _apparatus(line: str, *, is_first: bool) -> str:
    """Why a block with this beginning is left out of a book; "" if it is kept."""
    if is_first and CREDITS.match(line):
        return "gutenberg"
    if NOTE.match(line):
        return "footnotes"
    if PAGE_MARK.fullmatch(line.strip()):
        return "page_numbers"
    found = APPARATUS.match(line)
    return "" if not found else "image" if found[1].lower() in ("illustration", "decoration", "music") else "footnotes"


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """The groups of lines between blank lines; fenced code is one group."""
    block: list[str] = []
    fence = ""
    for number, line in enumerate(lines):
        if fence:
            block.append(line)
            if line.strip() == fence:
                yield block
                block, fence = [], ""
        elif (found := FENCE.match(line)) and any(each.strip() == found[1] for each in lines[number + 1 : number + 400]):
            if block:
                yield block
            block, fence = [line], found[1]
        elif line.strip():
            block.append(line.rstrip())
        elif block:
            yield block
            block = []
    if block:
        yield block


def _paragraphs(block: list[str], width: int) -> Iterator[list[str]]:
    """Split neighbouring lines into paragraphs: at lines longer than any window, and at indented lines."""
    unwrapped = LONG_LINE < width < NOWHERE
    if len(block) > 1 and (unwrapped or any(columns(line) > LONG_LINE for line in block)):
        held: list[str] = []
        for line in block:
            if columns(line) > LONG_LINE or unwrapped:
                if held:
                    yield held
                    held = []
                yield [line]
            else:
                held.append(line)
        if held:
            yield held
        return
    indents = [len(line) - len(line.lstrip()) for line in block]
    least = min(indents)
    begins = [number for number, indent in enumerate(indents) if indent > least]
    edges = sorted({0, *begins, len(block)})
    chunks = [block[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    if any(len(chunk) > 1 and not is_verse(chunk, width) for chunk in chunks):
        yield from chunks
    else:
        yield block


def _first_item(block: list[str]) -> int | None:
    """The number of the line where a list begins: the first one of the block, or the one below an introduction."""
    items = [number for number, line in enumerate(block) if ITEM.match(line)]
    if not items:
        return None
    if items[0] == 0 and (found := ITEM.match(block[0])):
        is_initial = re.fullmatch(r"[A-Za-z][.)]", found["mark"]) and len(items) == 1
        return None if is_initial else 0
    return items[0] if len(items) > 1 and (block[items[0] - 1].rstrip().endswith((":", "："))) else None


def _is_next(item: list[str], line: str) -> bool:
    """Whether a line is the next list item, and not a wrapped line that happens to begin with a number."""
    ours, first = ITEM.match(line), ITEM.match(item[0])
    if not ours or not first:
        return False
    bullets = [re.fullmatch(BULLET, each["mark"]) is not None for each in (first, ours)]
    numbers = not bullets[1] and ours["indent"] == first["indent"] and re.fullmatch(r"[(]?1[.)]", ours["mark"])
    return bullets[0] == bullets[1] or len(ours["indent"]) > len(first["indent"]) or bullets[1] or bool(numbers)


def _is_table(block: list[str]) -> bool:
    if any(map(BORDER.match, block)) and len(block) > 2:
        return True
    gaps = sum(GAP.search(line) is not None for line in block)
    return len(block) > 1 and gaps > 1 and gaps >= 0.6 * len(block) and sum(map(len, map(GAP.findall, block))) > gaps - 1


def _is_code(block: list[str]) -> bool:
    """Whether a block is code: it is indented, and most of its lines look like code."""
    if not all(line.startswith(("    ", "\t")) for line in block) and not (len(block) > 1 and PROGRAM.match(block[0])):
        return False
    return sum(CODE_LIKE.search(line) is not None for line in block) >= 0.6 * len(block)


def _in_capitals(line: str) -> bool:
    letters = [character for character in line if character.isalpha()]
    return len(letters) > 2 and line == line.upper() and line != line.lower() and line[-1] not in ',;!?:"”'
