"""Read Markdown in the dialects of CommonMark, GitHub, Hugo, Jekyll, Obsidian, Notion and MkDocs."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, backtick
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from curate.model import BlockKind
from curate.read.dialects import HARD_BREAK, Masks, without_dialects
from curate.read.html_parts import CONTAINERS, is_html, name_of, read_html_parts
from curate.read.lines import LONG_LINE, ONE_SPACELESS, columns, is_verse, join_wrapped, usual_width
from curate.read.reading import LINE_END, Reading, normalised, table_row

OUTPUT = {
    "console-output", "err", "log", "logs", "out", "output", "py3tb", "pytb", "result", "results", "stderr", "stdout",
    "text/console-output", "traceback",
}  # fmt: skip
"""Languages of a fenced block that holds the output of a program."""
RAW = re.compile(r"\{=\w+\}")
"""What Pandoc calls a block that is meant for one output format alone, such as page breaks for LaTeX."""
QUERIES = {"base", "dataview", "dataviewjs", "query", "tasks", "toc"}
"""Languages of a fenced block that holds a query, which Obsidian replaces by its results."""
LANGUAGE = re.compile(r"[\s{.]{0,20}(?:code(?:-block|-cell)?\}[\s{.]{0,5})?([\w+#./-]+)")
"""The language in the first line of a fenced block. What follows it is for programs: a title, line numbers, highlighted lines."""
QUOTED_CALLOUTS = {"cite", "quote"}
TAG = r"#[\w/-]{0,40}[^\W\d_][\w/-]{0,40}"
TAGS_ALONE = re.compile(rf"{TAG}(?:[\s,]+{TAG})*\s*\Z")
TAGS_AT_THE_END = re.compile(rf"(?<=[.!?…)\"”’。！？])((?:\s+{TAG})+)\s*\Z")
TAG_LIKE = re.compile(r"</?[A-Za-z][^<>]*>")
CALLOUT = re.compile(r"\[!([\w-]+)[^\]\n]*\][+-]?[ \t]*")
FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]{1,60}\]")
HIGHLIGHT = re.compile(r"(?<![A-Za-z0-9_=])==(?=[^\s=])([^=\n]*[^\s=])==(?![A-Za-z0-9_=])")
SMALL = re.compile(r"(?<=[\w)])(?:~([\w+−-]{1,12})~|\^([\w+−-]{1,12})\^)")
BLOCK_ID = re.compile(r"(?:^|\s)\^(?=[\w-]*[A-Za-z])[A-Za-z0-9-]{2,40}\Z")
FRONT_MATTER = re.compile(r"(?P<mark>---|\+\+\+|;;;)[ \t]*\n")
HEADLESS = re.compile(
    r"((?:(?:title|date|layout|tags|categories|permalink):[^\n]*\n(?:[ \t]*- [^\n]*\n){0,20}){2,12})---[ \t]*\n"
)
"""Front matter as Hexo takes it, without a line above."""
PANDOC_TITLE = re.compile(r"% *([^\n]*(?:\n[ \t]+[^\n]+){0,5})(?:\n% *[^\n]*(?:\n[ \t]+[^\n]+){0,20}){0,2}(?:\n|\Z)")
TAGS_AFTER = re.compile(rf"(?<=\S)((?:[ \t]+{TAG})+)\s*\Z")
TASK = re.compile(
    r"[ \t]{0,3}(?:[📅✅⏳🛫➕❌]\ufe0f?[ \t]*\d{4}-\d\d-\d\d"
    r"|🔁\ufe0f?[ \t]*every[\w ]{1,40}|[⏫🔼🔽🔺⏬]\ufe0f?|🆔[ \t]*\w+|⛔[ \t]*\w+)"
)
"""What Obsidian's Tasks adds to a task: dates, priorities, how often."""
BARE_ADDRESS = re.compile(r"<?https?://\S+>?\Z")
NOTION_PAGE = re.compile(r"(?!https?:)[^?#]*(?:%20|[ -])[0-9a-f]{32}(?:_all)?\.(?:md|csv)\Z")
FILE = re.compile(r"\.\w{1,5}\Z")
ICON = re.compile("\\A\\s*[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]\ufe0f?[ \\t\\n]+")
"""The icon with which Notion begins a callout."""
GRID = re.compile(r"[+|].*[+|]\s*\Z")
"""A line of a table that is drawn with `+---+`."""
ATTRIBUTION = re.compile(r"\s*(?:--|[–—―]+)\s*[^\W\d]")
"""The line below a quote that names its author."""
KEY = re.compile(r"(?:#|\s*\Z|[\"']?[^\W\d][^:\n]{0,80}[\"']?:(?:\s|\Z)|[-\]}])")
NOTION_KEYS = {
    "archived", "area", "assign", "assignee", "attendees", "author", "category", "created", "created at", "created by",
    "created time", "date", "date created", "due", "due date", "event time", "last edited", "last edited by",
    "last edited time", "owner", "parent item", "participants", "priority", "project", "property", "publish date", "published",
    "reviewed", "source", "status", "sub-item", "tag", "tags", "type", "updated", "url", "verification",
}  # fmt: skip
PROPERTY = re.compile(r"([^\W\d_][\w /()&-]{0,40}):(?:[ \t]+\S.*)?\Z")


def read_markdown(text: str) -> Reading:
    """Read the words of Markdown, without marks, addresses and text that only programs read.

    Headings (`## `), lists with their marks and nesting, tables, hard line breaks, verse, inline code with its backticks and
    code blocks are kept. Code blocks get fences and lose the indentation of their list. The lines of wrapped paragraphs are
    joined.
    """
    reading = Reading()
    text = LINE_END.sub("\n", text).removeprefix("\ufeff")
    text = text[_front_matter(text, reading) :]
    source, masks = without_dialects(text)
    tokens = _parser().parse(source)
    _Walk(reading, masks, source, tokens).run()
    return reading


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 200}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(deflist_plugin).use(dollarmath_plugin, allow_digits=False, allow_space=False)
    parser.inline.ruler.at("backticks", _inline_code_as_it_is)
    parser.inline.ruler.at("emphasis", _emphasis)
    return parser


def _inline_code_as_it_is(state: StateInline, silent: bool) -> bool:
    """The rule for inline code of CommonMark, but blanks at its ends are kept."""
    start, before = state.pos, len(state.tokens)
    found = backtick(state, silent)
    if len(state.tokens) > before and (token := state.tokens[-1]).type == "code_inline":
        token.content = state.src[start + len(token.markup) : state.pos - len(token.markup)]
    return found


def _emphasis(state: StateInline, silent: bool) -> bool:
    """The rule for emphasis of CommonMark, but a Chinese or Japanese character beside the marks counts as a blank does.

    CommonMark does not see the end of `**注意：**不要` because no blank follows the mark.
    """
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    found = state.scanDelims(state.pos, marker == "*")
    end = state.pos + found.length
    before, after = state.src[state.pos - 1 : state.pos], state.src[end : end + 1]
    can_open = found.can_open or bool(after.strip() and before and ONE_SPACELESS.match(before) and marker == "*")
    can_close = found.can_close or bool(before.strip() and after and ONE_SPACELESS.match(after) and marker == "*")
    for _ in range(found.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(Delimiter(ord(marker), found.length, len(state.tokens) - 1, -1, open=can_open, close=can_close))
    state.pos = end
    return True


def _front_matter(text: str, reading: Reading) -> int:
    """Where the text after the front matter begins. The title in it becomes the document's; the rest is left out."""
    begin = len(text) - len(text.lstrip())
    if opened := FRONT_MATTER.match(text, begin):
        mark = opened["mark"]
        closed = re.compile(rf"^(?:{re.escape(mark)}{'|[.]{3}' if mark == '---' else ''})[ \t]*(?:\n|\Z)", re.MULTILINE)
        end = closed.search(text, opened.end())
        inner = text[opened.end() : end.start()] if end else ""
        if not end or (mark == "---" and not KEY.match(inner)):
            return 0
        reading.title = {"---": _yaml_title, "+++": _toml_title, ";;;": _json_title}[mark](inner)
        reading.leave_out("front_matter", inner)
        return end.end()
    if headless := HEADLESS.match(text, begin):
        reading.title = _yaml_title(headless[1])
        reading.leave_out("front_matter", headless[1])
        return headless.end()
    if titled := PANDOC_TITLE.match(text, begin):
        reading.title = " ".join(titled[1].split())
        reading.leave_out("front_matter", titled[0])
        return titled.end()
    if text.startswith("{\n", begin):
        try:
            found, end_at = json.JSONDecoder().raw_decode(text, begin)
        except (ValueError, RecursionError):
            return 0
        if text[end_at : end_at + 1] in ("", "\n"):
            reading.title = str(found.get("title") or "")
            reading.leave_out("front_matter", text[begin:end_at])
            return end_at
    return 0


def _yaml_title(inner: str) -> str:
    found = re.search(r"^(?:title|Title):[ \t]*(.*(?:\n[ \t]+\S.*)*)", inner, re.MULTILINE)
    if not found:
        return ""
    value = found[1].strip()
    if value[:1] not in ("'", '"', ">", "|", "&", "!"):
        return re.sub(r"\s+#.*", "", " ".join(value.split()))
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        title = YAML(typ="safe", pure=True).load(f"title: {found[1]}\n")["title"]
    except (YAMLError, ValueError, KeyError):
        return value.strip("'\"")
    return " ".join(str(title or "").split())


def _toml_title(inner: str) -> str:
    try:
        return str(tomllib.loads(inner).get("title") or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        found = re.search(r"^title[ \t]*=[ \t]*[\"'](.*)[\"'][ \t]*$", inner, re.MULTILINE)
        return found[1] if found else ""


def _json_title(inner: str) -> str:
    try:
        return str(json.loads(inner).get("title") or "")
    except (ValueError, AttributeError, RecursionError):
        return ""


@dataclass
class _Container:
    """A list item, a block quote or a callout that is open."""

    kind: str
    mark: str = ""
    """The `- ` or number of an item, or the `[!` of a callout, until it has been used."""
    indent: int = 0


@dataclass
class _Walk:
    """Visits the tokens once and appends blocks to the reading."""

    reading: Reading
    masks: Masks
    source: str
    tokens: Sequence[Token]
    containers: list[_Container] = field(default_factory=list)
    quotes: int = 0
    """The number of open HTML block quotes around the Markdown."""
    held: list[str] = field(default_factory=list)
    """The pieces of the list or block quote that is being collected, and the line ends between them."""
    held_kind: BlockKind = "list"
    pictured: str = ""
    """The words of the picture that was the last paragraph."""

    def __post_init__(self) -> None:
        self.width = usual_width(
            token.content.split("\n")
            for before, token in zip(self.tokens, self.tokens[1:], strict=False)
            if before.type == "paragraph_open" and "\n" in token.content
        )
        self.lower = self.source.lower()

    def run(self) -> None:
        """Read all tokens."""
        at = 0
        while at < len(self.tokens):
            at = self._step(at)
        self._flush()

    def _step(self, at: int) -> int:
        """Read the token at `at`; return the index of the next one."""
        token = self.tokens[at]
        match token.type:
            case "heading_open":
                if self._is_list_of_contents(at + 3):
                    self.reading.leave_out("contents", self.masks.restored(self.tokens[at + 1].content))
                    return at + 3
                self._heading(int(token.tag[1]), self.tokens[at + 1])
                return at + 3
            case "paragraph_open":
                self._paragraph(self.tokens[at + 1], tight=token.hidden)
                return at + 3
            case "fence" | "code_block":
                self._code(token)
            case "html_block":
                self._html(token.content)
            case "math_block" | "math_block_label":
                self._emit("other", self.masks.restored(f"$$\n{token.content.strip()}\n$$"))
            case "blockquote_open":
                self._open_quotation(self.tokens[at + 2])
            case "bullet_list_open" | "ordered_list_open" if not self.containers:
                if self._is_list_of_contents(at):
                    end = self._end_of(at)
                    texts = [each.content for each in self.tokens[at:end] if each.type == "inline"]
                    self.reading.leave_out("contents", self.masks.restored("\n".join(texts)))
                    return end + 1
            case "list_item_open":
                mark = "- " if token.markup in "-*+" else f"{token.info}{token.markup} "
                self.containers.append(_Container("item", mark, len(mark)))
            case "dt_open":
                self.containers.append(_Container("item"))
                self._paragraph(self.tokens[at + 1])
                self.containers.pop()
                return at + 3
            case "dd_open":
                self.containers.append(_Container("item", "  ", 2))
            case "blockquote_close" | "list_item_close" | "dd_close":
                self.containers.pop()
                if token.type == "blockquote_close" and not self.containers:
                    self._flush()
            case "bullet_list_close" | "ordered_list_close" | "dl_close" if not self.containers:
                self._flush()
            case "table_open":
                end = self._end_of(at)
                self._table(self.tokens[at:end])
                return end + 1
            case "footnote_block_open":
                end = self._end_of(at)
                for each in self.tokens[at:end]:
                    self.reading.leave_out("footnotes", self.masks.restored(each.content))
                return end + 1
        return at + 1

    def _end_of(self, at: int) -> int:
        """The index of the token that closes the one at `at`."""
        level, closes = self.tokens[at].level, self.tokens[at].type.replace("_open", "_close")
        return next(n for n in range(at + 1, len(self.tokens)) if self.tokens[n].level == level and self.tokens[n].type == closes)

    # what is around a block

    def _kind(self, kind: BlockKind) -> BlockKind:
        """The kind of a block within the open containers. Code and tables keep their own kind."""
        if kind in ("code", "output", "table"):
            return kind
        if self.quotes or any(container.kind == "quotation" for container in self.containers):
            return "quotation"
        if any(container.kind == "item" for container in self.containers):
            return "list"
        return kind

    def _emit(self, kind: BlockKind, text: str, *, tight: bool = False, apart: bool = False) -> None:
        """Append a normalised block. Lists and block quotes are held until they are complete.

        Args:
            kind: its kind outside of all containers.
            text: its text.
            tight: whether no blank line comes before it within its list.
            apart: whether it stands outside its list, so that none of its characters changes.
        """
        if not text.strip():
            return
        kind = self._kind(kind)
        if kind not in ("list", "quotation") or (self.held and self.held_kind != kind):
            self._flush()
        text = text if apart else self._indented(text)
        if kind not in ("list", "quotation"):
            self.reading.add(kind, text, ready=True)
            return
        if self.held:
            self.held.append("\n" if tight else "\n\n")
        self.held.append(text)
        self.held_kind = kind

    def _indented(self, text: str) -> str:
        """Indent a text for the open list items, and put their marks before it if they are not written yet."""
        items = [container for container in self.containers if container.kind == "item"]
        if not items:
            return text
        first = "".join(container.mark or " " * container.indent for container in items)
        rest = " " * sum(container.indent for container in items)
        for container in items:
            container.mark = ""
        lines = text.split("\n")
        return "\n".join([first + lines[0], *(rest + line if line else "" for line in lines[1:])])

    def _flush(self) -> None:
        if self.held:
            self.reading.add(self.held_kind, "".join(self.held), ready=True)
            self.held.clear()

    def _open_quotation(self, first: Token) -> None:
        found = CALLOUT.match(first.content) if first.type == "inline" else None
        is_callout = found is not None and found[1].casefold() not in QUOTED_CALLOUTS
        if not self.containers:
            self._flush()
        self.containers.append(_Container("callout" if is_callout else "quotation", "[!" if found else ""))

    def _is_list_of_contents(self, at: int) -> bool:
        """Whether a list begins at `at` that consists of links to places on the same page, as a table of contents does."""
        if at >= len(self.tokens) or self.tokens[at].type not in ("bullet_list_open", "ordered_list_open") or self.containers:
            return False
        inlines = [each for each in self.tokens[at : self._end_of(at)] if each.type == "inline"]
        return len(inlines) > 1 and all(_is_link_within(each.children or ()) for each in inlines)

    # blocks

    def _heading(self, level: int, inline: Token) -> None:
        text = self._inline(inline.children or ()).replace(HARD_BREAK, "")
        self._say_what_is_left_out(text)
        text = self._normalised("heading", self._without_tags(BLOCK_ID.sub("", text), TAGS_AFTER))
        if text and self._kind("heading") == "heading":
            text = f"{'#' * level} {text}"
        self._emit("heading", text)

    def _paragraph(self, inline: Token, *, tight: bool = False) -> None:
        text = self._inline(inline.children or ())
        pictured, self.pictured = self.pictured, "".join(each.content for each in inline.children or () if each.type == "image")
        self._say_what_is_left_out(text)
        raw, lines = inline.content.split("\n"), text.split("\n")
        if len(raw) != len(lines):
            raw = lines
        filled = [number for number, line in enumerate(lines) if self.masks.as_text(line).strip()]
        raw, lines = [raw[number] for number in filled], [lines[number] for number in filled]
        if not lines:
            return
        if self.containers and self.containers[-1].mark == "[!":
            self.containers[-1].mark = ""
            title = lines[0][found.end() :] if (found := CALLOUT.match(lines[0])) else lines[0]
            self._emit("prose", self._normalised("prose", title))
            raw, lines = raw[1:], lines[1:]
        elif self._is_about_the_page(lines):
            self.reading.leave_out("properties", self.masks.restored(inline.content))
            return
        if not lines:
            return
        if (not self.containers or self.containers[-1].kind == "item") and _is_address(inline.children or (), lines):
            self.reading.leave_out("link", "\n".join(lines))
            return
        if len(lines) > 2 and all(map(GRID.match, raw)):
            self._emit("table", self.masks.restored("\n".join(raw)))
            return
        tags = [number for number, line in enumerate(lines) if TAGS_ALONE.match(self.masks.as_text(line).strip())]
        if tags:
            self.reading.leave_out("tags", "\n".join(lines[number] for number in tags))
            raw = [line for number, line in enumerate(raw) if number not in tags]
            lines = [line for number, line in enumerate(lines) if number not in tags]
        if not lines:
            return
        if caption := self._caption(inline.children or (), lines, pictured):
            self._emit("caption", self._normalised("prose", caption))
            return
        lines[-1] = BLOCK_ID.sub("", lines[-1].rstrip())
        is_task = bool(self.containers) and self.containers[-1].kind == "item" and re.match(r"\[.\] ", lines[0])
        if is_task:
            lines = [TASK.sub("", line) for line in lines]
        lines[-1] = self._without_tags(lines[-1], TAGS_AFTER if is_task else TAGS_AT_THE_END)
        kind, text = self._joined(lines, raw)
        self._emit(kind, self._normalised(kind, text), tight=tight)

    def _caption(self, children: Sequence[Token], lines: Sequence[str], pictured: str) -> str:
        """The words below a picture in italics, or Pandoc's below a table (`: Herons by morning`); "" if they are neither."""
        kinds = [each.type for each in children if each.content.strip() or each.type != "text"]
        if "image" in kinds[:2] and kinds[-1] == "em_close" and kinds.count("em_open") == 1:
            return " ".join(lines) if kinds[: kinds.index("em_open")][-1] in ("softbreak", "hardbreak") else ""
        if pictured and " ".join(lines) == pictured:
            return pictured  # Notion writes a picture's words as its name and below it
        after_table = not self.containers and self.reading.blocks and self.reading.blocks[-1].kind == "table"
        found = re.match(r"(?:Table)?: +(?=\S)", lines[0])
        return " ".join(lines)[found.end() :] if after_table and found else ""

    def _without_tags(self, text: str, pattern: re.Pattern[str]) -> str:
        """The text without the tags at its end, which are recorded."""
        if "#" not in text or not (tags := pattern.search(text)):
            return text
        self.reading.leave_out("tags", tags[1])
        return text[: tags.start()]

    def _joined(self, lines: Sequence[str], raw: Sequence[str]) -> tuple[BlockKind, str]:
        """The kind and the text of a paragraph's lines: verse, or prose.

        Args:
            lines: rendered; lines that the author broke on purpose end in `HARD_BREAK`.
            raw: as they are in the file.
        """
        if len(lines) == 1:
            return "prose", lines[0].replace(HARD_BREAK, "")
        if all(re.match(r"\|(?: |\Z)", line) for line in lines) and not any(
            line.rstrip().endswith("|") and line[1:] for line in lines
        ):
            return "verse", "\n".join(line[2:] for line in lines)  # Pandoc's line block
        broken = [line.endswith(HARD_BREAK) for line in lines[:-1]]
        lines = [line.replace(HARD_BREAK, "") for line in lines]
        if self._kind("prose") == "quotation" and ATTRIBUTION.match(lines[-1]):
            broken[-1] = True
        is_listed = any(container.kind == "item" for container in self.containers)
        if (all(broken) and len(broken) > 1 and max(map(columns, raw)) <= LONG_LINE) or (
            not is_listed and not any(broken) and is_verse(raw, self.width)
        ):
            return "verse", "\n".join(lines)
        wrapped: list[list[str]] = [[]]
        for line, ends in zip(lines, [*broken, False], strict=True):
            wrapped[-1].append(line)
            if ends:
                wrapped.append([])
        return "prose", "\n".join(map(join_wrapped, wrapped))

    def _is_about_the_page(self, lines: Sequence[str]) -> bool:
        """Whether a paragraph holds the properties that Notion writes below a page's title."""
        if self.containers or len(self.reading.blocks) != 1 or self.reading.blocks[0].kind != "heading":
            return False
        keys = [found[1].casefold() if (found := PROPERTY.match(self.masks.as_text(line).strip())) else "" for line in lines]
        return all(keys) and any(key in NOTION_KEYS for key in keys)

    def _code(self, token: Token) -> None:
        language = found[1] if (found := LANGUAGE.match(self.masks.restored(token.info))) else ""
        if language.casefold() in QUERIES or RAW.fullmatch(self.masks.restored(token.info).strip()):
            self.reading.leave_out("query", self.masks.restored(token.content))
            return
        is_output = language.casefold() in OUTPUT or token.content.startswith("Traceback (most recent call last)")
        content = self.masks.restored(token.content)
        if token.type == "code_block" and self.containers:
            content = textwrap.dedent(content)
        mark = "```" if "```" not in content else token.markup or "~" * 12
        code = f"{mark}{language}\n{content.removesuffix(chr(10))}\n{mark}"
        self._emit("output" if is_output else "code", normalised("code", code), apart=True)

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[str]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                cell = self._inline(token.children or ()).replace(HARD_BREAK, "")
                self._say_what_is_left_out(cell)
                rows[-1].append(self._normalised("heading", cell).replace("|", "\\|"))
        self._emit("table", "\n".join(map(table_row, rows)))

    def _html(self, content: str) -> None:
        html = read_html_parts(TAG_LIKE.sub(lambda tag: tag[0] if self._is_tag(tag[0]) else escape(tag[0]), content))
        for reason, text in html.left_out:
            self.reading.leave_out(reason, self.masks.restored(text))
        closes = max(0, -html.quotes)
        if closes:
            self.quotes = max(0, self.quotes - closes)
            self._flush()
        for part in html.parts:
            self._say_what_is_left_out(part.text)
            if part.kind == "code":
                self._emit("code", normalised("code", self.masks.restored(part.text)))
                continue
            text = part.text
            if html.tags <= CONTAINERS and "\n" not in text:
                (inline,) = _parser().parseInline(text)
                text = self._inline(inline.children or ()).replace(HARD_BREAK, "")
            if "aside" in html.tags:
                text = ICON.sub("", text)
            text = self._normalised(part.kind, text)
            self._emit(part.kind, f"{'#' * part.level} {text}" if part.kind == "heading" else text)
        if html.quotes > 0 and "</blockquote" in self.lower:
            self._flush()
            self.quotes += html.quotes

    # what is in a line

    def _inline(self, children: Sequence[Token]) -> str:
        """The words of a paragraph. Inline code and formulas are masked, so that later steps do not change them."""
        out: list[str] = []
        for child in children:
            match child.type:
                case "text" | "text_special":
                    out.append(child.content)
                case "softbreak":
                    out.append("\n")
                case "hardbreak":
                    out.append(f"{HARD_BREAK}\n")
                case "code_inline":
                    out.append(self._inline_code(child))
                case "html_inline":
                    out.append(self._inline_html(child.content))
                case "image":
                    self.reading.leave_out("image", self.masks.restored(child.content))
                case "math_inline" | "math_inline_double":
                    formula = self.masks.restored(f"{child.markup}{child.content}{child.markup}")
                    out.append(self.masks.put(formula, shown=formula))
        text = "".join(out)
        if "==" in text:
            text = HIGHLIGHT.sub(r"\1", text)
        if "~" in text or "^" in text:
            text = SMALL.sub(_small, FOOTNOTE_MARK.sub("", text))
        return text

    def _inline_code(self, token: Token) -> str:
        content = self.masks.restored(token.content)
        if content.startswith(("= this.", "$= ", "= date(")):
            return self.masks.put(content, reason="query")
        code = f"{token.markup}{content}{token.markup}".replace("\n", " ")
        return self.masks.put(code, shown=code)

    def _inline_html(self, tag: str) -> str:
        if tag.startswith("<!--"):
            self.reading.leave_out("comments", self.masks.restored(tag[4:].removesuffix("-->")))
            return ""
        name = name_of(tag)
        if name == "br":
            return f"{HARD_BREAK}\n"
        if name == "img":
            for _, text in read_html_parts(tag).left_out:
                self.reading.leave_out("image", text)
            return ""
        return "" if self._is_tag(tag) else tag

    def _is_tag(self, tag: str) -> bool:
        """Whether text in angle brackets is markup, and not a placeholder such as `<name>` or code such as `List<T>`."""
        name = name_of(tag)
        if not name:
            return tag.startswith(("<!", "<?"))
        return is_html(name) or " " in tag or tag.endswith("/>") or (f"</{name}" in self.lower and f"<{name}" in self.lower)

    def _normalised(self, kind: BlockKind, text: str) -> str:
        """The text of a block in the form that is kept."""
        return self.masks.as_text(normalised(kind, self.masks.without_left_out(text))).strip()

    def _say_what_is_left_out(self, text: str) -> None:
        for reason, original in self.masks.left_out(text):
            self.reading.leave_out(reason, original)


def _small(found: re.Match[str]) -> str:
    """Text for subscript and superscript: H~2~O becomes H2O and 4^th^ becomes 4th, but 10^3^ becomes 10^3."""
    return found[1] or (found[2] if found[2].isalpha() else f"^{found[2]}")


def _is_address(children: Sequence[Token], lines: Sequence[str]) -> bool:
    """Whether a paragraph is only a URL, or only a link to another page or file of a Notion export."""
    if len(lines) == 1 and BARE_ADDRESS.match(lines[0].strip()):
        return True
    if len(children) < 3 or children[0].type != "link_open" or children[-1].type != "link_close":
        return False
    links = [unquote(str(child.attrGet("href"))) for child in children if child.type == "link_open"]
    if len(links) == 1 and "://" not in links[0] and FILE.search(links[0]):
        return links[0].rpartition("/")[2] == "".join(lines).strip() or bool(NOTION_PAGE.match(links[0]))
    depth = 0
    for child in children:
        depth += child.nesting
        if depth == 0 and child.content.strip():
            return False
    return all(map(NOTION_PAGE.match, links))


def _is_link_within(children: Sequence[Token]) -> bool:
    """Whether a paragraph begins and ends with a link, the first to a place on the same page."""
    return (
        len(children) > 2
        and children[0].type == "link_open"
        and children[-1].type == "link_close"
        and str(children[0].attrGet("href")).startswith("#")
    )
