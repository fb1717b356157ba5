"""Take out the syntax that Hugo, Jekyll, Obsidian, Pandoc and MkDocs add to CommonMark, before a parser of CommonMark runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape

OPEN, DIGITS, CLOSE = "\ufdd0", "\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5\ufdd6\ufdd7\ufdd8\ufdd9\ufdda", "\ufddb"
HARD_BREAK = "\ufddc"
"""Marks the end of a line that the author broke on purpose."""
OURS = re.compile(r"[\ufdd0-\ufddf]")
"""Characters from Unicode's private use area, which no text contains."""
MASK = re.compile(f"{OPEN}([{DIGITS}]+){CLOSE}")
TO_DIGITS = str.maketrans("0123456789", DIGITS)
FROM_DIGITS = str.maketrans(DIGITS, "0123456789")
SHOWN = 200
"""Most lines that a template tag may span."""

FENCE = re.compile(r"(?P<before>(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]))*[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>.*)")
ITEM = re.compile(r"[ \t]*(?:[-*+:]|\d{1,9}[.)]|\[\^[^\]\n]{1,60}\]:|!!!|\?\?\?\+?|===)(?:[ \t]|\Z)")
"""The beginning of a list item, a definition, a footnote or an admonition, below which text is indented."""
TICKS = re.compile(r"`+")
RUN = re.compile(r"([\[!(<{*_~^$&\\])\1{39,}|(?:!\[){20,}|(?:\^\[){20,}|(?:\[\^){20,}")
"""A row of marks that has no meaning, but that takes a Markdown parser long to parse."""
INLINE = re.compile(
    r"(?P<embed>!\[\[[^\[\]\n`]{1,400}\]\]|\(\([0-9a-f]{8}-[0-9a-f-]{20,30}\)\))"
    r"|(?P<wiki>\[\[(?P<target>[^\[\]|\n`]{0,300}?)(?:\\?\|(?P<alias>[^\[\]\n`]{1,300}))?\]\](?!\())"
    r"|(?P<comment>(?<![^\s(])%%(?!%)[^%\n]+(?:%[^%\n]+)*%%(?!%))"
    r"|(?P<shortcode>\{\{[<%](?:(?!\}\}|\{\{).){1,1000}[>%]\}\}|\{%(?:(?!%\}|\{%).){1,1000}%\}"
    r"|\{\{(?:(?!\}\}|\{\{).){1,1000}\}\}|<%(?:(?!%>).){1,1000}%>)"
    r"|(?P<property>[\[(][^\W\d_][\w \-]{0,30}::[ \t][^\[\]()\n`]{1,300}[\])])"
    r"|\[(?P<span>[^\[\]\n`]{1,300})\]\{[#.][^{}\n]{1,200}\}"
    r"|(?P<citation>[ \t]?\[(?:[^\[\]\n@`]{0,80}[\s;])?-?@\w[^\[\]\n`]{0,300}\](?![(\[:]))"
    r"|(?P<attributes>\{::?[^{}\n]{1,200}\}|(?<=[)\]`])\{[#.:\w][^{}\n`]{0,200}\}|(?<!\S)\{[#.][\w:-][^{}\n`]{0,200}\}(?=\s*\Z))"
    r"|<code>(?P<html_code>[^<>`\n]{1,300})</code>"
    r"|(?P<formula>\\\((?:(?!\\\)).){1,400}\\\))"
)
WITH_CODE = re.compile(r"(?<![^\s(])%%(?!%)[^%\n]*`[^%\n]*%%(?!%)")
PROPERTY = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(?:\*\*)?[^\W\d_][\w \-]{0,30}(?:\*\*)?::(?:[ \t]+\S.*|[ \t]*)\Z")
RAW = re.compile(r"\{=\w{1,20}\}")
"""Pandoc's mark for inline code that is HTML or TeX."""
ABBREVIATION = re.compile(r"\*\[[^\[\]\n]{1,60}\]:[ \t]")
"""A definition of an abbreviation, which kramdown and PHP Markdown Extra show only when the reader points at it."""
EXAMPLE = re.compile(r"([ ]{0,3})\(@[\w-]{0,40}\)[ \t]+(?=\S)")
"""The mark of an example, which Pandoc numbers itself through the whole text."""
EMBED = re.compile(r"@\[[\w-]{1,30}\]\([^()\n]{1,300}\)[ \t]*\Z")
"""What Zenn and others put a video or a card in the place of."""
COLUMNS = re.compile(r"[ \t]*-{2,}(?:[ \t]+-{2,})+[ \t]*\Z")
"""The line below the head of a table as Pandoc writes it, whose dashes show the columns."""
TEX = re.compile(
    r"[ \t]*\\(?:newpage|pagebreak|clearpage|noindent|[vh]space\*?\{[^{}\n]{0,40}\}"
    r"|(?:begin|end)\{center\}|(?:small|med|big)skip)[ \t]*\Z"
)
"""TeX commands about the page."""
TOC = re.compile(r"[ \t]*(?:\[TOC\]|\[\[_?TOC_?\]\]|\$\{toc\}|<!--[ \t]*(?:TOC|toc).*-->)[ \t]*\Z", re.IGNORECASE)
COLONS = re.compile(r"[ \t]*:{3,}(?:[ \t]*(?:\{[^}\n]*\}|[\w-]+)(?P<title>.*))?\Z")
ADMONITION = re.compile(r"(?P<indent> *)(?:!!!|\?\?\?\+?|===!?\+?)[ \t]+(?=[\w\"])[\w \t-]*(?:\"(?P<title>[^\"\n]*)\")?[ \t]*\Z")
PROMPT = re.compile(r">>> \S*.*(?:[=()\[\]+*/{}]|(?<=>>> )(?:import|from|del|print)\b)")
"""A line of a Python session, which CommonMark would read as three nested block quotes."""
TIMES = re.compile(r"(?<=\d)\*(?=\d)")
TAG_WITH_CODE = re.compile(
    r"[ \t]*\{(?:\{[<%]|%-?)[ \t]*(?P<name>highlight|codeblock|code|mermaid|plantuml|graphviz|d2|chart|vega-lite|tikz)"
    r"\b[ \t]*(?P<language>[\w+#-]*)[^\n]*?(?:[>%]\}|%)\}[ \t]*\Z"
)
TAG_OF_QUOTE = re.compile(r"[ \t]*\{[{%][<%]?-?[ \t]*(?P<end>/|end)?(?:blockquote|quote|epigraph)\b[^\n]*\}[ \t]*\Z")
TAG_OF_COMMENT = re.compile(r"[ \t]*(?:\{%-?[ \t]*comment[ \t]*-?%\}|\{::comment\})")
TAG_BEGINS = re.compile(r"[ \t]*(?:\{\{[<%]|\{%)")
MODULE = re.compile(r"import[ \t](?:.*from[ \t]+)?['\"].*['\"];?\Z|export[ \t]+const[ \t]+\w+[ \t]*=")
"""An import or export statement of MDX."""
LONGEST_LINE = 20_000
"""Characters; longer lines are not searched for the syntax of dialects."""


@dataclass
class Masks:
    """Pieces taken out of Markdown, each replaced by a placeholder that Markdown gives no meaning."""

    originals: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def put(self, original: str, *, reason: str = "", shown: str = "") -> str:
        """Store a piece of text and return the placeholder for it.

        Args:
            original: the piece as it is in the file; it is put back if it turns out to be code.
            reason: why it is left out; "" if it is only markup, or is shown.
            shown: the part of it that is text.
        """
        self.originals.append(original)
        self.reasons.append(reason)
        self.shown.append(shown)
        return OPEN + str(len(self.originals) - 1).translate(TO_DIGITS) + CLOSE

    def as_text(self, text: str) -> str:
        """Replace each placeholder by the text that is shown for it."""
        return self._with(self.shown, text)

    def without_left_out(self, text: str) -> str:
        """Remove the placeholders of pieces that are not shown."""
        return MASK.sub(lambda mark: mark[0] if self.shown[_number(mark)] else "", text) if OPEN in text else text

    def restored(self, text: str) -> str:
        """Replace each placeholder by the piece as it is in the file."""
        return self._with(self.originals, text)

    def left_out(self, text: str) -> Iterator[tuple[str, str]]:
        """(reason, original) of each piece that is left out of a text."""
        for number in map(_number, MASK.finditer(text) if OPEN in text else ()):
            if self.reasons[number]:
                yield self.reasons[number], self.originals[number]

    @staticmethod
    def _with(instead: list[str], text: str) -> str:
        while OPEN in text:  # a piece may contain placeholders
            text = MASK.sub(lambda mark: instead[_number(mark)], text)
        return text


def _number(mark: re.Match[str]) -> int:
    return int(mark[1].translate(FROM_DIGITS))


def without_dialects(text: str) -> tuple[str, Masks]:
    """The text as CommonMark, and the pieces that were taken out. Code blocks stay as they are."""
    dialect = _Dialect(OURS.sub("\ufffd", text).split("\n"))
    dialect.run()
    return "\n".join(dialect.out), dialect.masks


@dataclass
class _Dialect:
    lines: list[str]
    masks: Masks = field(default_factory=Masks)
    out: list[str] = field(default_factory=list)
    never: set[str] = field(default_factory=set)
    """Names of closing marks that do not occur in the rest of the text."""

    examples: int = 0
    """How many Pandoc would have numbered so far."""
    listed: bool = False
    """Whether a list is open, whose items are indented like code."""
    coded: bool = False
    """Whether the line before is indented code."""

    def run(self) -> None:
        """Read all lines."""
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if (fence := FENCE.match(line)) and not (fence["mark"][0] == "`" and "`" in fence["info"]):
                if at and (above := self.lines[at - 1].strip()).startswith("<") and above.endswith(">"):
                    self.out.append("")  # or HTML would end only at the next blank line
                at = self._fence(at, fence)
            elif self._is_indented_code(at):
                self.out.append(line)
                at += 1
            elif (end := self._over_lines(at, line)) is not None:
                at = end
            else:
                self.out.append(self._line(line))
                at += 1

    def _is_indented_code(self, at: int) -> bool:
        """Whether a line is code because it is indented, outside of any list."""
        line = self.lines[at]
        if not line.strip():
            return False
        indented = line.startswith(("    ", "\t"))
        after_blank = not at or not self.lines[at - 1].strip()
        if not indented and (after_blank or ITEM.match(line)):
            self.listed = ITEM.match(line) is not None or (self.listed and line[0] in " \t")
        self.coded = indented and not self.listed and (self.coded or after_blank)
        return self.coded

    def _fence(self, at: int, opened: re.Match[str]) -> int:
        """Keep a code block; return the number of the line after it."""
        mark, quoted = opened["mark"], ">" in opened["before"]
        indent = len(opened["before"].expandtabs(4)) + 3
        closing = re.compile(rf"(?P<before>[ \t>]*){re.escape(mark[0])}{{{len(mark)},}}[ \t]*\Z")
        before = (
            opened["before"]
            if not opened["before"].strip() and len(opened["before"].expandtabs(4)) > 3 and not self.listed
            else ""
        )
        self.out += ["", opened[0][len(before) :]] if before else [self.lines[at]]
        for number in range(at + 1, len(self.lines)):
            line = self.lines[number].removeprefix(before)
            if quoted and not line.lstrip().startswith(">"):
                return number
            self.out.append(line)
            if (closed := closing.match(line)) and len(closed["before"].expandtabs(4)) <= indent:
                return number + 1
        return len(self.lines)

    def _over_lines(self, at: int, line: str) -> int | None:
        """Take out a construct of whole lines that begins at `at`; return the line after it, None if there is none."""
        bare = line.strip()
        if not bare:
            return None
        first = bare[0]
        if first == "{":
            return self._template(at, line)
        if first == ">" and line.startswith(">>> ") and (at == 0 or not self.lines[at - 1].strip()) and PROMPT.match(line):
            return self._session(at)
        if first == "%" and bare.startswith("%%") and bare.count("%%") == 1:
            return self._until(at, "%%", "comments")
        if first in "[$<" and TOC.match(line):
            self.out.append(self.masks.put(line, reason="contents"))
            return at + 1
        if first == ":" and (colons := COLONS.match(line)):
            title = (colons["title"] or "").strip()
            self.out += ["", title, ""]
            return at + 1
        if first == "-" and self.out and self.out[-1].strip() and COLUMNS.match(line):
            return self._simple_table(at, line)
        if first in "!?=" and (found := ADMONITION.match(line)):
            return self._admonition(at, found)
        if first == "(" and (example := EXAMPLE.match(line)):
            self.examples += 1
            self.out.append(f"{example[1]}{self.examples}. {line[example.end() :]}")
            return at + 1
        if first == "@" and EMBED.match(line):
            self.out += ["", self.masks.put(line, reason="embed"), ""]
            return at + 1
        if first == "*" and ABBREVIATION.match(line):
            self.out.append(self.masks.put(line, reason="abbreviations"))
            return at + 1
        if first == "\\" and TEX.match(line):
            self.out += ["", self.masks.put(line, reason="markup"), ""]
            return at + 1
        if first in "ie" and MODULE.match(line):
            self.out.append(self.masks.put(line, reason="imports"))
            return at + 1
        if "::" in line and PROPERTY.match(line):
            self.out += ["", self.masks.put(line, reason="properties"), ""]
            return at + 1
        if at + 1 < len(self.lines) and self.lines[at + 1].strip() == "{:toc}":
            self.out.append(self.masks.put(f"{line}\n{self.lines[at + 1]}", reason="contents"))
            return at + 2
        return None

    def _template(self, at: int, line: str) -> int | None:
        if code := TAG_WITH_CODE.match(line):
            ends = re.compile(rf"[ \t]*\{{(?:\{{[<%]|%-?)[ \t]*(?:/[ \t]*|end){code['name']}\b[^\n]*\}}[ \t]*\Z")
            end = self._find(at + 1, lambda each: ends.match(each) is not None, f"end of {code['name']}")
            if end is not None:
                inside = textwrap.dedent("\n".join(self.lines[at + 1 : end])).split("\n")
                fence = "```" if not any("```" in each for each in inside) else "~" * 12
                named = re.search(r"\blang:([\w+#-]+)", line)
                self.out += ["", fence + (named[1] if named else code["language"]), *inside, fence, ""]
                return end + 1
        if quote := TAG_OF_QUOTE.match(line):
            self.out += ["", "</blockquote>" if quote["end"] else "<blockquote>", ""]
            return at + 1
        if TAG_OF_COMMENT.match(line):
            return self._until(at, "endcomment" if "%" in line else "{:/comment}", "comments")
        if TAG_BEGINS.match(line) and "}" not in line:
            end = self._find(at + 1, lambda each: "%}" in each or "}}" in each, "end of a tag")
            if end is not None and end - at < SHOWN:
                self.out += ["", self.masks.put("\n".join(self.lines[at : end + 1]), reason="shortcode"), ""]
                return end + 1
        return None

    def _session(self, at: int) -> int | None:
        """A Python session, up to the next blank line."""
        end = at
        while end < len(self.lines) and self.lines[end].strip():
            if self.lines[end].startswith(">") and not self.lines[end].startswith(">>>"):
                return None
            end += 1
        self.out += ["```pycon", *self.lines[at:end], "```"]
        return end

    def _until(self, at: int, mark: str, reason: str) -> int | None:
        end = at if self.lines[at].rfind(mark) > 2 else self._find(at + 1, lambda each: mark in each, mark)
        if end is None:
            return None
        self.out += ["", self.masks.put("\n".join(self.lines[at : end + 1]), reason=reason), ""]
        return end + 1

    def _find(self, at: int, is_it: Callable[[str], bool], name: str) -> int | None:
        """The first line at or after `at` for which `is_it` holds; None if there is none. `name` is then never searched again."""
        if name in self.never:
            return None
        found = next((number for number in range(at, len(self.lines)) if is_it(self.lines[number])), None)
        if found is None:
            self.never.add(name)
        return found

    def _simple_table(self, at: int, line: str) -> int:
        """Write a table of Pandoc, whose columns begin and end with the dashes, as a table with bars."""
        starts = [found.start() for found in re.finditer(r"-+", line)]
        ends = [*starts[1:], None]
        end = at + 1
        while end < len(self.lines) and self.lines[end].strip() and not COLUMNS.match(self.lines[end]):
            end += 1
        starts[0] = 0
        head = self.out.pop()
        rows = [head, *self.lines[at + 1 : end]]
        cells = [[row[a:b].strip().replace("|", "\\|") for a, b in zip(starts, ends, strict=True)] for row in rows]
        written = [f"| {' | '.join(row)} |" for row in cells]
        self.out += ["", written[0], f"|{' --- |' * len(starts)}", *written[1:], ""]
        return end + (end < len(self.lines) and bool(COLUMNS.match(self.lines[end])))

    def _admonition(self, at: int, found: re.Match[str]) -> int | None:
        """An admonition of MkDocs: its title, and the indented lines below it, which are its text."""
        indent = found["indent"] + "    "
        below = at + 1
        while below < len(self.lines) and (self.lines[below].startswith(indent) or not self.lines[below].strip()):
            below += 1
        body = self.lines[at + 1 : below]
        if not any(line.strip() for line in body):
            return None
        self.lines[at + 1 : below] = [found["indent"] + line[len(indent) :] for line in body]
        self.out += ["", found["indent"] + (found["title"] or ""), ""]
        return at + 1

    def _line(self, line: str) -> str:
        """Mask everything in a line that is not CommonMark, except in inline code."""
        line = RUN.sub(lambda run: self.masks.put(run[0], shown=run[0]), line)
        if "*" in line:
            line = TIMES.sub(lambda times: self.masks.put("*", shown="*"), line)
        if len(line) > LONGEST_LINE or not any(
            mark in line for mark in ("[[", "%%", "{", "::", "((", "\\(", "@", "<%", "<code>")
        ):
            return line
        out = []
        at = 0
        if line.count("%%") > 1:
            line = self._without_comments(line)
        for start, end in code_spans(line):
            out.append(self._without_marks(line, at, start))
            raw = RAW.match(line, end)
            at = raw.end() if raw else end
            out.append(self.masks.put(line[start:at], reason="markup") if raw else line[start:at])
        return "".join([*out, self._without_marks(line, at, len(line))])

    def _without_comments(self, line: str) -> str:
        """Mask the comments of Obsidian that hold inline code; those without are masked with everything else."""
        spans = code_spans(line)

        def masked(found: re.Match[str]) -> str:
            in_code = any(start < found.start() < end for start, end in spans)
            return found[0] if in_code else self.masks.put(found[0], reason="comments")

        return WITH_CODE.sub(masked, line)

    def _without_marks(self, line: str, start: int, end: int) -> str:
        """Mask the text between two pieces of inline code. Attributes right after the first piece may belong to it."""
        out = []
        at = start
        for found in INLINE.finditer(line, start, end):
            out += [line[at : found.start()], self._masked(found)]
            at = found.end()
        return "".join([*out, line[at:end]])

    def _masked(self, found: re.Match[str]) -> str:
        original = found[0]
        match found.lastgroup:
            case "embed":
                return self.masks.put(original, reason="embed")
            case "comment":
                return self.masks.put(original, reason="comments")
            case "shortcode":
                return self.masks.put(original, reason="shortcode")
            case "property":
                return self.masks.put(original, reason="properties")
            case "html_code":
                return self.masks.put(original, shown=f"`{unescape(found['html_code'])}`")
            case "span":
                return found["span"]
            case "citation":
                return self.masks.put(original, reason="citation")
            case "attributes":
                return self.masks.put(original)
            case "formula":
                return self.masks.put(original, shown=original) if re.search(r"[\\^_=]", original[2:-2]) else original
        target = found["target"]
        name, _, place = target.partition("#")
        shown = found["alias"] or name.partition("^")[0].rpartition("/")[2] or place.lstrip("^")
        return self.masks.put(original, shown=shown.strip()) if shown.strip() else original


def code_spans(line: str) -> list[tuple[int, int]]:
    """Where inline code begins and ends in a line: from a row of backticks to the next row of the same length."""
    if "`" not in line:
        return []
    rows = [match.span() for match in TICKS.finditer(line)]
    by_length: dict[int, list[int]] = {}
    for number in range(len(rows) - 1, -1, -1):  # the nearest last, to be taken from the end
        by_length.setdefault(rows[number][1] - rows[number][0], []).append(number)
    spans = []
    at = 0
    while at < len(rows):
        start, end = rows[at]
        following = by_length[end - start]
        while following and following[-1] <= at:
            following.pop()
        if following:
            at = following.pop()
            spans.append((start, rows[at][1]))
        at += 1
    return spans
