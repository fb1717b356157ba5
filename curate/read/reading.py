"""The result of reading a file: its blocks in order, the parts that were left out, and notes for a person."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from curate.model import SHOWN_OF_LEFT_OUT, Block, BlockKind, Document, LeftOut
from curate.read.plain import INVISIBLE
from curate.read.speakers import with_other_speakers

VERBATIM: frozenset[BlockKind] = frozenset({"code", "output"})
"""Kinds of block whose characters are kept, except for line ends and control characters."""
INDENTED: frozenset[BlockKind] = frozenset({"list", "verse", "table", "quotation"})
"""Kinds of block whose lines keep their indentation."""
LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
HEADING_MARK = re.compile(r"#{1,6} ")


class Unreadable(Exception):
    """A file cannot be read; the text gives the reason and the fix."""


class OthersSpeak(Unreadable):
    """A file holds a conversation, and was to be read as the author's own words."""


class Reading:
    """A document while it is read. A reader appends blocks in the order of the file.

    Each block is normalised by its kind. Code keeps its characters, but has one kind of line end and no control characters.
    Lists, verse, tables and block quotes keep their lines and indentation. In all other blocks, words are separated by one
    blank. Except in code, text is NFC and has no invisible characters. Blocks are joined by a blank line.
    """

    def __init__(self, title: str = "") -> None:
        self.title = title
        self.blocks: list[Block] = []
        self.left_out: list[LeftOut] = []
        self.notes: list[str] = []
        self._parts: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        """The text that is kept so far; `text[block.start:block.end]` is the text of a block."""
        return "".join(self._parts)

    def add(self, kind: BlockKind, text: str, *, tight: bool = False, ready: bool = False) -> None:
        """Append a block, unless it has only white space.

        Args:
            kind: of the block. A heading begins with its marks (`## `), a list item with `- ` or a number.
            text: with its line ends; lines that were only wrapped must be joined already.
            tight: whether no blank line comes before it (a list item after another).
            ready: whether the text is normalised already, or has inline code that must not change.
        """
        text = text if ready else normalised(kind, text)
        if not text:
            return
        if kind in ("prose", "verse", "list") and not any(map(str.isalnum, text)):
            kind = "other"  # an ornament between two scenes
        if self._length:
            gap = "\n" if tight else "\n\n"
            self._parts.append(gap)
            self._length += len(gap)
        self._parts.append(text)
        self.blocks.append(Block(kind, self._length, self._length + len(text)))
        self._length += len(text)

    def leave_out(self, reason: str, text: str) -> None:
        """Record a part that is left out at this place. Pure markup (marks, tags, addresses) is not recorded.

        Args:
            reason: a code; see `LeftOut.reason`.
            text: the part that is left out, as a person would recognise it.
        """
        text = CONTROL.sub("", LINE_END.sub("\n", text)).strip()
        if not text:
            return
        characters = len(text)
        if self.left_out and (last := self.left_out[-1]).reason == reason and last.at == self._length:
            text = f"{last.text}\n{text}"
            characters += last.characters
            self.left_out.pop()
        self.left_out.append(LeftOut(reason, self._length, text[:SHOWN_OF_LEFT_OUT], characters))

    def append(self, other: Reading) -> None:
        """Append all of another reading: its blocks, and what was left out between them.

        Args:
            other: one entry or note of a file that holds several.
        """
        text, end = other.text, 0
        gone = list(other.left_out)
        for block in other.blocks:
            while gone and gone[0].at <= block.start:
                each = gone.pop(0)
                self.leave_out(each.reason, each.text)
            tight = end > 0 and text[end : block.start] == "\n"
            self.add(block.kind, text[block.start : block.end], tight=tight, ready=True)
            end = block.end
        for each in gone:
            self.leave_out(each.reason, each.text)

    def note(self, text: str) -> None:
        """Add a note for a person on how the file was read. The same note is added only once."""
        if text not in self.notes:
            self.notes.append(text)

    def first_heading(self) -> str:
        """The words of the first heading of level 1 or 2, "" if there is none."""
        text = self.text
        headings = (text[block.start : block.end] for block in self.blocks if block.kind == "heading")
        return next((HEADING_MARK.sub("", heading, count=1) for heading in headings if re.match("##? ", heading)), "")

    def document(self, path: str, rights: str, *, stem: str, characters: int = 0) -> Document:
        """Make the document.

        Args:
            path: its name in the ledger and the dataset.
            rights: why it may be used.
            stem: its title, if the file has none.
            characters: the number of characters in the file; 0 for the sum of those kept and left out.
        """
        gone = sum(each.characters for each in self.left_out)
        if gone > self._length:
            reasons: Counter[str] = Counter()
            for each in self.left_out:
                reasons[each.reason] += each.characters
            most = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common(3))
            self.note(f"more than half of it was left out ({most} characters); {self._length:,} characters were kept")
        return Document(
            path=path,
            title=normalised("heading", self.title) or self.first_heading() or stem,
            text=self.text,
            rights=rights,
            blocks=tuple(with_other_speakers(self.text, self.blocks)),
            left_out=tuple(self.left_out),
            characters=characters or self._length + gone,
            notes=tuple(self.notes),
        )


def normalised(kind: BlockKind, text: str) -> str:
    """Normalise the text of a block by its kind. Normalising it again changes nothing."""
    lines = LINE_END.sub("\n", text).split("\n")
    if kind in VERBATIM:
        lines = [CONTROL.sub("", line) for line in lines]
        return "\n".join(lines[slice(*_filled(lines))])
    lines = unicodedata.normalize("NFC", INVISIBLE.sub("", "\n".join(lines))).split("\n")
    if kind == "table":
        lines = [line.rstrip() for line in lines]
    else:
        indented = kind in INDENTED
        lines = [(_indentation(line) if indented else "") + " ".join(line.split()) for line in lines]
    lines = lines[slice(*_filled(lines))]
    if kind == "heading":
        return " ".join(line for line in lines if line)
    return "\n".join(line for number, line in enumerate(lines) if line or lines[number - 1])


def _filled(lines: list[str]) -> tuple[int, int]:
    """The range of lines without the blank ones at both ends."""
    filled = [number for number, line in enumerate(lines) if line and not line.isspace()]
    return (filled[0], filled[-1] + 1) if filled else (0, 0)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())] if line.strip() else ""


def table_row(cells: Sequence[str]) -> str:
    """A row of a table as text. No line of dashes follows the first row: it is markup."""
    return f"| {' | '.join(cells)} |"
