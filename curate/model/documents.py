"""A document, what its blocks are, what was left out of it, and its passages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal, NamedTuple

BlockKind = Literal["prose", "heading", "list", "verse", "table", "code", "output", "quotation", "caption", "other"]
OWN_WORDS: frozenset[BlockKind] = frozenset({"prose", "heading", "list", "verse"})
"""The kinds of block that hold the author's own words."""
SHOWN_OF_LEFT_OUT = 2000


def canonical(value: object) -> str:
    """JSON that is the same for the same value."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))  # making one takes longer than using it


def content_hash(*parts: object, length: int = 16) -> str:
    """A name made of content: hexadecimal SHA-256 over the parts' JSON, cut to `length` characters."""
    return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class Block:
    """What one window of a document is: characters `start` to `end` of its text.

    Only `prose`, `heading`, `list` and `verse` are the author's own words; the rest is other people's, a program's, or
    figures. Blocks are in order and do not overlap; between two of them is white space only.
    """

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in the file that is not in the document's text, and why."""

    reason: str
    """A code, such as `comments`, `navigation`, `front_matter`, `footnotes`, `markup`, `signature`, `quoted_mail`."""
    at: int
    """Where it would be: an offset into the kept text."""
    text: str
    """Its beginning, at most `SHOWN_OF_LEFT_OUT` characters."""
    characters: int
    """How long it is."""


@dataclass(frozen=True, slots=True)
class Document:
    """A source file's text, cleaned of markup. `path` is relative to the recipe's folder.

    A document without `blocks` is prose from end to end.
    """

    path: str
    title: str
    text: str
    rights: str
    blocks: tuple[Block, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    characters: int = 0
    """How many the file holds, once decoded; 0 where it is not known."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read: a guessed encoding, half of it left out."""

    @property
    def own_text(self) -> str:
        """The author's own words: without quotations, code, output, tables and captions."""
        if not self.blocks:
            return self.text
        return "\n\n".join(self.text[block.start : block.end] for block in self.blocks if block.kind in OWN_WORDS)

    @property
    def id(self) -> str:
        """Named by path and text: another text is another document."""
        return content_hash("document", self.path, self.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """A window of a document: `text == document.text[start:end]`, offsets in characters."""

    document: str
    """The document's path."""
    start: int
    end: int
    text: str
    heading: str = ""

    @property
    def id(self) -> str:
        """Named by path and text, so that a change elsewhere in the document leaves it as it was."""
        return content_hash("passage", self.document, self.text)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim quote: `quote == document.text[start:end]`, offsets in characters.

    Where private data was taken out of a pair it is out of the quote as well; the offsets are still the document's.
    """

    document: str
    start: int
    end: int
    quote: str


class VoiceSample(NamedTuple):
    """A paragraph that shows how the author writes."""

    document: str
    """The path of its document; empty where the recipe says the paragraph."""
    text: str
