"""Read Org, the format of Emacs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from curate.model import BlockKind
from curate.read.lines import is_verse, join_wrapped, usual_width
from curate.read.reading import LINE_END, Reading

HEADLINE = re.compile(r"(\*+)[ \t]+(\S.*)?\Z")
STATE = re.compile(r"(?:TODO|DONE|NEXT|WAITING|HOLD|CANCELL?ED|STARTED|SOMEDAY)[ \t]+|\[#[A-Z0-9]\][ \t]*")
UNSEEN = re.compile(r"COMMENT\b|.*:noexport:[\w@#%:]*[ \t]*\Z")
"""A headline whose whole subtree Org does not export."""
NOTES = {"footnotes"}
"""Headlines below which Org collects its footnotes."""
COOKIE = re.compile(r"[ \t]{0,3}\[\d*(?:%|/\d*)\]")
START = re.compile(r"\[@\d+\][ \t]*")
ATTRIBUTION = re.compile(r"[ \t]*(?:--|[–—―])[ \t]*[^\W\d]")
TAGS = re.compile(r"(?<![ \t])[ \t]+:[\w@#%:]+:[ \t]*\Z")
KEYWORD = re.compile(r"[ \t]*#\+(\w[\w-]*)(?:\[.*\])?:[ \t]*(.*)\Z")
BEGIN = re.compile(r"(?P<indent>[ \t]*)#\+begin_(?P<name>\w+)[ \t]*(?P<language>[^\s:]*)", re.IGNORECASE)
DRAWER = re.compile(r"[ \t]*:[\w-]+:[ \t]*\Z")
END_OF_DRAWER = re.compile(r"[ \t]*:END:[ \t]*\Z", re.IGNORECASE)
PLANNING = re.compile(r"[ \t]*(?:CLOSED|DEADLINE|SCHEDULED|CLOCK):[ \t]*[<\[][^>\]\n]*[>\]]")
ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[-+]|\d+[.)]|(?<=[ \t])\*)[ \t]+(?:\[@\d+\][ \t]*)?(?P<term>.*?[ \t]::(?:[ \t]|\Z))?"
)
ROW = re.compile(r"[ \t]*\|")
FOOTNOTE = re.compile(r"\[fn:[^\]:]*\][ \t]*")
RULE = re.compile(r"[ \t]*-{5,}[ \t]*\Z")
INLINE = re.compile(
    r"\[\[(?P<target>[^\[\]]+)\](?:\[(?P<words>[^\[\]]+)\])?\]"
    r"|(?<![\w*/_=~+])(?P<mark>[*/_+=~])(?P<inner>[^\s*/_=~+](?:[^\n]{0,400}?[^\s])?)(?P=mark)(?![\w*/_=~+])"
    r"|\[fn:[^\]\n:]*(?::(?P<note>[^\]\n]*))?\]"
    r"|(?P<time>[<\[]\d{4}-\d\d-\d\d[^>\]\n]*[>\]](?:--[<\[]\d{4}-\d\d-\d\d[^>\]\n]*[>\]])?)"
    r"|(?P<macro>\{\{\{[^{}\n]{0,1000}\}\}\})|<<(?P<radio><)?(?P<place>[^<>\n]+)>>>?"
    r"|(?P<code>\bsrc_[\w-]{1,30}(?:\[[^\]\n]{0,200}\])?\{(?P<program>[^{}\n]{1,400})\})"
    r"|[ \t]?(?P<citation>\[cite(?:/[\w/]{1,20})?:[^\]\n]{1,300}\])|@@(?P<backend>\w{1,20}):[^@\n]{0,400}@@"
)
PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|pdf)\Z", re.IGNORECASE)
VERBATIM = {"example": "output", "src": "code"}
META = {"author", "date", "email", "filetags", "language", "options", "startup", "tags", "description", "keywords", "property"}


def read_org(text: str) -> Reading:
    """Read headlines, paragraphs, lists, tables and blocks, without drawers, planning lines, comments, tags and addresses."""
    reading = Reading()
    _Org(reading, LINE_END.sub("\n", text).removeprefix("\ufeff").split("\n")).run()
    return reading


@dataclass
class _Org:
    reading: Reading
    lines: list[str]
    at: int = 0
    paragraph: list[str] = field(default_factory=list)
    width: int = 0
    never: set[str] = field(default_factory=set)
    """Names of closing lines that do not occur in the rest of the text."""

    def run(self) -> None:
        """Read all lines."""
        paragraphs = ([line.strip() for line in block.split("\n")] for block in "\n".join(self.lines).split("\n\n"))
        self.width = usual_width(lines for lines in paragraphs if all(line[:1] not in ("#", ":", "|", "*") for line in lines))
        while self.at < len(self.lines):
            self._line(self.lines[self.at])
        self._end()

    def _line(self, line: str) -> None:
        self.at += 1
        if not line.strip():
            self._end()
        elif found := HEADLINE.match(line):
            self._end()
            self._headline(len(found[1]), found[2] or "")
        elif found := BEGIN.match(line):
            self._end()
            self._block(found)
        elif found := KEYWORD.match(line):
            self._end()
            self._keyword(found[1].lower(), found[2])
        elif DRAWER.match(line) and (body := self._until(END_OF_DRAWER)) is not None:
            self._end()
            self.reading.leave_out("properties", "\n".join(body))
        elif PLANNING.match(line):
            self._end()
            self.reading.leave_out("properties", line)
        elif line.lstrip().startswith("# ") or line.strip() == "#":
            self._end()
            self.reading.leave_out("comments", line.lstrip()[2:])
        elif line.startswith("[fn:") and (found := FOOTNOTE.match(line)):
            self._end()
            note = [line, *self._rest_of_note()]
            self.reading.leave_out("footnotes", "\n".join(note))
        elif RULE.match(line):
            self._end()
        elif ROW.match(line):
            self._end()
            rows = [line, *self._while(lambda each: ROW.match(each) is not None)]
            rows = [self._words(row.strip()) for row in rows if not row.lstrip().startswith("|-")]
            self.reading.add("table", "\n".join(rows))
        elif line.lstrip().startswith(": ") or line.strip() == ":":
            self._end()
            fixed = [line, *self._while(lambda each: each.lstrip().startswith(": ") or each.strip() == ":")]
            self.reading.add("output", "\n".join(each.lstrip()[2:] for each in fixed))
        elif ITEM.match(line) and (not self.paragraph or not line[:1].isdigit()):
            self._end()
            self._list(line)
        else:
            self.paragraph.append(line)

    def _rest_of_note(self) -> list[str]:
        """The lines of a footnote below its first one: up to two blank lines, a headline or the next footnote."""
        begin = self.at
        while self.at < len(self.lines) and not HEADLINE.match(line := self.lines[self.at]) and not FOOTNOTE.match(line):
            if not line.strip() and not (self.lines[self.at + 1 : self.at + 2] or [""])[0].strip():
                break
            self.at += 1
        return self.lines[begin : self.at]

    def _headline(self, level: int, words: str) -> None:
        while state := STATE.match(words):
            words = words[state.end() :]
        if UNSEEN.match(words):
            tree = self._while(lambda each: not (below := HEADLINE.match(each)) or len(below[1]) > level)
            self.reading.leave_out("comments", "\n".join([words, *tree]))
            return
        words = COOKIE.sub("", TAGS.sub("", words))
        if words and words.strip().casefold() not in NOTES:
            self.reading.add("heading", f"{'#' * min(level, 6)} {self._words(words)}")

    def _keyword(self, name: str, value: str) -> None:
        if name == "title":
            self.reading.title = f"{self.reading.title} {self._words(value)}".strip()
        elif name == "caption":
            self.reading.add("caption", self._words(value))
        elif name == "results":
            self._results()
        else:
            self.reading.leave_out("front_matter" if name in META else "keywords", f"#+{name}: {value}")

    def _results(self) -> None:
        """Read the table or the drawer with which Org shows the result of a program."""
        following = self.lines[self.at] if self.at < len(self.lines) else ""
        rows = self._while(lambda each: ROW.match(each) is not None)
        if DRAWER.match(following):
            self.at += 1
            rows = self._until(END_OF_DRAWER) or []
        self.reading.add("output", "\n".join(re.sub(r"^[ \t]*:(?: |\Z)", "", row) for row in rows))

    def _block(self, begin: re.Match[str]) -> None:
        name = begin["name"].lower()
        body = self._until(re.compile(rf"[ \t]*#\+end_{re.escape(name)}[ \t]*\Z", re.IGNORECASE))
        if body is None:
            return
        if name == "comment":
            self.reading.leave_out("comments", "\n".join(body))
        elif name in ("src", "example", "export"):
            inside = textwrap.dedent("\n".join(re.sub(r"^([ \t]*),(?=[*,]|#\+)", r"\1", line) for line in body))
            kind: BlockKind = "output" if name == "example" else "code"
            if name == "export":
                self.reading.leave_out("markup", inside)
            else:
                fence = "```" if "```" not in inside else "~~~~~~"
                self.reading.add(kind, f"{fence}{begin['language']}\n{inside}\n{fence}")
        elif name == "verse":
            self.reading.add("verse", self._words(textwrap.dedent("\n".join(body))))
        elif name == "quote":
            parts = [part.split("\n") for part in "\n".join(line.strip() for line in body).strip("\n").split("\n\n")]
            said = [_joined(part, [bool(ATTRIBUTION.match(line)) for line in [*part[1:], ""]]) for part in parts]
            self.reading.add("quotation", "\n\n".join(map(self._words, said)))
        else:  # center, and blocks with names of the author's own
            self.lines[self.at : self.at] = ["", *body, ""]

    def _list(self, first: str) -> None:
        """Read the list that begins here, with everything that is nested in it."""
        items = [[first]]
        indent = len(first) - len(first.lstrip())
        blank = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                following = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
                if blank or not (ITEM.match(following) and len(following) - len(following.lstrip()) >= indent):
                    break
                blank = True
            elif HEADLINE.match(line) or BEGIN.match(line) or KEYWORD.match(line):
                break
            elif ITEM.match(line):
                items.append([line])
                blank = False
            elif len(line) - len(line.lstrip()) > indent:
                items[-1].append(line)
            else:
                break
            self.at += 1
        written = []
        for item in items:
            found = ITEM.match(item[0])
            if found:
                mark = found["mark"] if found["mark"][0].isdigit() else "-"
                item[0] = START.sub("", COOKIE.sub("", item[0]))
                rest = item[0][found.end("mark") :].replace(" :: ", ": ", 1) if found["term"] else item[0][found.end("mark") :]
                written.append(f"{found['indent'].expandtabs()}{mark} {self._words(join_wrapped([rest, *item[1:]]))}")
        self.reading.add("list", textwrap.dedent("\n".join(written)))

    def _end(self) -> None:
        """Append the paragraph that has ended."""
        lines, self.paragraph = self.paragraph, []
        if not lines:
            return
        broken = [line.rstrip().endswith("\\\\") for line in lines[:-1]]
        lines = [re.sub(r"\\\\[ \t]*\Z", "", line) for line in lines]
        if broken and (all(broken) or is_verse(lines, self.width)):
            self.reading.add("verse", self._words("\n".join(line.strip() for line in lines)))
        else:
            self.reading.add("prose", self._words(_joined(lines, [*broken, False])))

    def _until(self, end: re.Pattern[str]) -> list[str] | None:
        """The lines up to the closing line, which is skipped; None if there is no closing line."""
        if end.pattern in self.never:
            return None
        for number in range(self.at, len(self.lines)):
            if end.match(self.lines[number]):
                body, self.at = self.lines[self.at : number], number + 1
                return body
        self.never.add(end.pattern)
        return None

    def _while(self, holds: Callable[[str], bool]) -> list[str]:
        begin = self.at
        while self.at < len(self.lines) and holds(self.lines[self.at]):
            self.at += 1
        return self.lines[begin : self.at]

    def _words(self, text: str) -> str:
        """The text without Org's marks, with inline code in backticks."""
        return INLINE.sub(self._inline, text)

    def _inline(self, found: re.Match[str]) -> str:
        if found["target"]:
            if PICTURE.search(found["target"]) and not found["words"]:
                self.reading.leave_out("image", found["target"])
                return ""
            return found["words"] or re.sub(r"^(?:file|id|\*|#)[:*]?", "", found["target"])
        if found["mark"]:
            return f"`{found['inner']}`" if found["mark"] in "=~" else self._words(found["inner"])
        if found["place"]:
            return found["place"] if found["radio"] else ""
        if found["program"]:
            return f"`{found['program']}`"
        if found["citation"]:
            self.reading.leave_out("citation", found["citation"])
        if found["note"]:
            self.reading.leave_out("footnotes", found["note"])
        elif found["time"] and found["time"][0] == "<":
            return found["time"]
        return found["time"] or ""


def _joined(lines: list[str], broken: list[bool]) -> str:
    """Join wrapped lines, but not those after which the author broke the line."""
    parts: list[list[str]] = [[]]
    for line, ends in zip(lines, broken, strict=True):
        parts[-1].append(line)
        if ends:
            parts.append([])
    return "\n".join(map(join_wrapped, parts))
