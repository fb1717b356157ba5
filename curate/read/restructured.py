"""Read reStructuredText with docutils. Directives and roles of Sphinx are read as the text in them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

import docutils.core
import docutils.nodes as n

from curate.model import BlockKind
from curate.read.lines import join_wrapped
from curate.read.reading import LINE_END, Reading, normalised, table_row

SETTINGS = {
    "file_insertion_enabled": False, "raw_enabled": False, "report_level": 5, "halt_level": 5, "_disable_config": True,
    "doctitle_xform": False, "docinfo_xform": False, "sectsubtitle_xform": False, "smart_quotes": False,
    "syntax_highlight": "none", "warning_stream": False, "line_length_limit": 1_000_000, "input_encoding": "unicode",
}  # fmt: skip
DIRECTIVE = re.compile(r"\.\. +(?P<name>[\w:+.-]+)::(?P<argument>[^\n]*)\n?(?P<options>(?:[ \t]+:[\w-]+:[^\n]*\n?)*)")
ROLE = re.compile(r":[\w:+.-]{1,60}:`(?P<text>[^`]*)`|`(?P<other>[^`]*)`:[\w:+.-]{1,60}:")
PARAMETER = re.compile(r"(?:param|parameter|arg|argument|key|keyword|raises|raise|except|exception|var|ivar|cvar)[ \t]+(?=\S)")
"""The words that Sphinx puts before the name of a parameter."""
CONDITION = {"only", "versionadded", "versionchanged", "deprecated", "tabularcolumns", "if", "ifconfig", "highlight"}
"""Directives whose argument is a version or a condition."""
MARKUP = {"raw", "meta", "role", "default-role", "class", "include", "literalinclude", "graphviz", "uml", "mermaid", "plantuml"}
TARGET = re.compile(r"(?<!\s)\s*<[^<>]*>\Z")
GAP = "\ue002"
AT_GAP = re.compile(rf"[ \t]{{0,3}}{GAP}(?=[.,;:!?)])|{GAP}")
"""The place of a footnote's mark or a picture, with the blank that would stay before punctuation."""
WITH_TEXT = {
    "admonition", "attention", "card", "caution", "centered", "danger", "deprecated", "details", "dropdown", "error", "hint",
    "important", "note", "only", "rubric", "seealso", "tab", "tab-item", "tip", "topic", "versionadded", "versionchanged",
    "warning",
}  # fmt: skip
"""Directives whose argument is part of the text."""
APPARATUS = {
    n.comment: "comments", n.footnote: "footnotes", n.citation: "footnotes", n.docinfo: "front_matter", n.raw: "markup",
}  # fmt: skip
UNWRITTEN = (n.substitution_definition, n.target, n.transition, n.pending, n.meta, n.image, n.decoration, n.generated)


def read_rst(text: str) -> Reading:
    """Read sections, paragraphs, lists, tables and blocks, without the markup of roles, comments, fields and footnotes."""
    reading = Reading()
    _read(LINE_END.sub("\n", text).removeprefix("\ufeff"), reading, _State())
    return reading


@dataclass
class _State:
    """The containers around a node."""

    level: int = 1
    quoted: bool = False
    indent: str = ""
    mark: str = ""
    """The mark of a list item, until it has been written."""
    depth: int = 0
    """The number of directives around a directive."""
    lists: list[int] = field(default_factory=list)


def _read(text: str, reading: Reading, state: _State) -> None:
    tree = docutils.core.publish_doctree(text, settings_overrides=SETTINGS)
    _Walk(reading, state).children(tree)


class _Walk:
    def __init__(self, reading: Reading, state: _State) -> None:
        self.reading = reading
        self.state = state

    def children(self, node: n.Element) -> None:
        """Read all elements in a node."""
        for child in node.children:
            if isinstance(child, n.Element):
                self.block(child)

    def block(self, node: n.Element) -> None:
        """Append a block."""
        state = self.state
        if reason := next((why for kind, why in APPARATUS.items() if isinstance(node, kind)), ""):
            self.reading.leave_out(reason, node.astext())
        elif isinstance(node, UNWRITTEN):
            if isinstance(node, n.image):
                self.reading.leave_out("image", node.get("alt", "") or node.get("uri", ""))
        elif isinstance(node, n.section):
            state.level += 1
            self.children(node)
            state.level -= 1
        elif isinstance(node, n.title | n.subtitle):
            if isinstance(node.parent, n.Admonition | n.topic | n.sidebar | n.table):
                self._add("prose", self._words(node))
            else:
                self.reading.add("heading", f"{'#' * max(1, min(6, state.level - 1))} {self._words(node)}")
        elif isinstance(node, n.rubric) and isinstance(node.next_node(descend=False, siblings=True), n.footnote | n.citation):
            self.reading.leave_out("footnotes", node.astext())
        elif isinstance(node, n.paragraph):
            self._add("prose", self._words(node))
        elif isinstance(node, n.literal_block | n.doctest_block | n.math_block):
            self._code(node)
        elif isinstance(node, n.line_block):
            self._add("verse", "\n".join(self._verse(node, "")))
        elif isinstance(node, n.block_quote):
            before, state.quoted = state.quoted, True
            self.children(node)
            state.quoted = before
        elif isinstance(node, n.field_list):
            self._fields(node)
        elif isinstance(node, n.bullet_list | n.enumerated_list):
            self._list(node)
        elif isinstance(node, n.definition_list | n.option_list):
            self._definitions(node)
        elif isinstance(node, n.table):
            self._table(node)
        elif isinstance(node, n.caption):
            self.reading.add("caption", self._words(node))
        elif isinstance(node, n.system_message):
            self._unknown(node)
        elif isinstance(node, n.topic) and "contents" in node.get("classes", ()):
            return
        elif node.children and all(isinstance(child, n.Text | n.Inline) for child in node.children):
            self._add("prose", self._words(node))
        else:
            self.children(node)

    def _add(self, kind: BlockKind, text: str, *, tight: bool = False) -> None:
        """Append a block, with the kind that it has within its containers."""
        state = self.state
        if state.quoted:
            kind = "quotation"
        elif state.lists and kind in ("prose", "verse"):
            kind = "list"
        text = normalised(kind, text)
        if not text:
            return
        first = state.indent[: len(state.indent) - len(state.mark)] + state.mark if state.mark else state.indent
        tight = tight or bool(state.mark and self._is_item_before())
        state.mark = ""
        lines = text.split("\n")
        text = "\n".join([first + lines[0], *(state.indent + line if line else "" for line in lines[1:])])
        self.reading.add(kind, text, tight=tight, ready=True)

    def _is_item_before(self) -> bool:
        """Whether the previous block belongs to the same list."""
        blocks = self.reading.blocks
        return bool(blocks) and blocks[-1].kind == "list" and len(blocks) > self.state.lists[0]

    def _code(self, node: n.Element) -> None:
        text = node.astext()
        if isinstance(node, n.math_block):
            self._add("other", text)
            return
        language = next((each for each in node.get("classes", ()) if each != "code"), "")
        kind: BlockKind = "output" if language in ("console-output", "output", "pytb", "text-output") else "code"
        if "code" in node.get("classes", ()):
            fence = "```" if "```" not in text else "~~~~~~"
            text = f"{fence}{language}\n{text}\n{fence}"
        lines = text.split("\n")
        self.reading.add(kind, "\n".join(self.state.indent + line if line else "" for line in lines))

    def _verse(self, node: n.Element, indent: str) -> list[str]:
        lines: list[str] = []
        for child in node.children:
            if isinstance(child, n.line_block):
                lines += self._verse(child, indent + "  ")
            elif isinstance(child, n.Element):
                lines.append(indent + self._words(child))
        return lines

    def _list(self, node: n.Element) -> None:
        state = self.state
        state.lists.append(len(self.reading.blocks))
        for number, item in enumerate(node.children, node.get("start", 1)):
            if not isinstance(item, n.Element):
                continue
            mark = "- "
            if isinstance(node, n.enumerated_list):
                mark = f"{_ordinal(number, node.get('enumtype', 'arabic'))}{node.get('suffix', '.')} "
            before = state.indent
            state.indent, state.mark = before + " " * len(mark), mark
            self.children(item)
            state.indent, state.mark = before, ""
        state.lists.pop()

    def _fields(self, node: n.Element) -> None:
        """Leave out the fields of the page (author, date), whose title becomes the document's; the others are a list."""
        if all(block.kind == "heading" for block in self.reading.blocks):
            titles = [field[1].astext() for field in node.findall(n.field) if field[0].astext().casefold() == "title"]
            self.reading.title = self.reading.title or "".join(titles)
            said = node.rawsource or "\n".join(f"{field[0].astext()}: {field[1].astext()}" for field in node.findall(n.field))
            self.reading.leave_out("front_matter", said)
            return
        self.state.lists.append(len(self.reading.blocks))
        for field_node in node.findall(n.field):
            name = field_node[0].astext()
            if name.split(maxsplit=1)[0].casefold() in ("type", "rtype", "vartype", "meta"):
                self.reading.leave_out("properties", f"{name}: {field_node[1].astext()}")
                continue
            name = PARAMETER.sub("", name)
            self._add("prose", f"{name}: {self._words(field_node[1])}".strip(), tight=True)
        self.state.lists.pop()

    def _definitions(self, node: n.Element) -> None:
        state = self.state
        state.lists.append(len(self.reading.blocks))
        for item in node.children:
            before = state.indent
            for child in item.children:
                if isinstance(child, n.option_group):
                    self._add("prose", ", ".join(option.astext() for option in child.findall(n.option)))
                elif isinstance(child, n.term):
                    self._add("prose", self._words(child))
                elif isinstance(child, n.definition | n.description):
                    state.indent = before + "  "
                    self.children(child)
                    state.indent = before
        state.lists.pop()

    def _table(self, node: n.Element) -> None:
        for title in node.findall(n.title):
            self.reading.add("caption", self._words(title))
        rows = [
            [" ".join(self._words(entry).split()).replace("|", "\\|") for entry in row.children if isinstance(entry, n.Element)]
            for row in node.findall(n.row)
        ]
        self.reading.add("table", "\n".join(map(table_row, rows)))

    def _unknown(self, node: n.Element) -> None:
        """Read the text in a directive that docutils does not know. A table of contents and the like is left out."""
        raw = next((child.astext() for child in node.children if isinstance(child, n.literal_block)), "")
        found = DIRECTIVE.match(raw)
        if not found:
            if raw and node.get("level", 0) >= 3:
                self.reading.leave_out("markup", raw)
            return
        body = textwrap.dedent(raw[found.end() :]).strip("\n")
        argument = found["argument"].strip()
        if found["name"] in MARKUP:
            self.reading.leave_out("markup", raw)
            return
        if found["name"] in CONDITION:
            argument = argument if len(argument.split()) > 1 and found["name"] != "only" else ""
        if "code" in found["name"] or found["name"] in ("prompt", "jupyter-execute", "ipython", "testcode", "doctest"):
            self.reading.add("code", f"```{argument}\n{body}\n```")
        elif found["name"] == "testoutput":
            self.reading.add("output", body)
        elif found["name"] in ("toctree", "contents", "index") or not body.strip() or self.state.depth > 20:
            is_text = found["name"] in WITH_TEXT and argument
            self.reading.leave_out("directive", raw) if not is_text else self._add("prose", argument)
        else:
            if argument and found["name"] in WITH_TEXT:
                body = f"{argument}\n\n{body}"
            self.state.depth += 1
            _read(body, self.reading, self.state)
            self.state.depth -= 1

    def _words(self, node: n.Node) -> str:
        """The words of a paragraph, with inline code in backticks and wrapped lines joined."""
        out: list[str] = []
        for child in node.children:
            if isinstance(child, n.Text):
                out.append(str(child))
            elif isinstance(child, n.footnote_reference | n.citation_reference):
                out.append(GAP)
            elif isinstance(child, n.literal):
                out.append(f"``{child.astext()}``" if "`" in child.astext() else f"`{child.astext()}`")
            elif isinstance(child, n.problematic):
                out.append(ROLE.sub(_role, child.astext()))
            elif isinstance(child, n.image):
                self.reading.leave_out("image", child.get("alt", "") or child.get("uri", ""))
                out.append(GAP)
            elif isinstance(child, n.raw):
                self.reading.leave_out("markup", child.astext())
            elif not isinstance(child, n.system_message | n.target):
                out.append(self._words(child))
            elif isinstance(child, n.target):
                out.append(child.astext())
        text = AT_GAP.sub("", "".join(out))
        return join_wrapped(text.split("\n")) if isinstance(node, n.paragraph | n.title | n.term | n.line) else text


def _role(found: re.Match[str]) -> str:
    """The text that a role shows: the words of `words <target>`, the name in `~package.name` and `!name`."""
    text = found["text"] if found["text"] is not None else found["other"]
    words = TARGET.sub("", text) if TARGET.search(text) and not text.startswith("<") else text
    return words[1:].rpartition(".")[2] if words.startswith("~") else words.removeprefix("!")


def _ordinal(number: int, kind: str) -> str:
    if kind == "loweralpha":
        return chr(ord("a") + (number - 1) % 26)
    if kind == "upperalpha":
        return chr(ord("A") + (number - 1) % 26)
    if kind.endswith("roman"):
        digits = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"))
        out = ""
        for value, mark in (*digits, (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
            out += mark * (number // value)
            number %= value
        return out if kind == "lowerroman" else out.upper()
    return str(number)
