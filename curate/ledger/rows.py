"""Rows of the ledger as the data that steps hand to each other, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curate.model import Block, Document, Evidence, Finding, LeftOut, Pair, Span, Turn


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as it was asked."""

    key: str
    kind: str
    document: str
    passage: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A response as it arrived."""

    provider: str
    model: str
    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    usd: float

    @property
    def tokens_read(self) -> int:
        """Input tokens, whatever the cache did with them."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens


@dataclass(frozen=True, slots=True)
class SendingRow:
    """One time that a request was sent."""

    id: int
    batch: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch of requests that was handed to the provider."""

    id: int
    remote: str | None
    """The provider's name for it; None where the process ended before it was known."""
    created_at: float


@dataclass(frozen=True, slots=True)
class BuildRow:
    """A build, finished or not."""

    id: int
    fingerprint: str
    version: str | None
    result: dict[str, Any] | None
    """What it came to, as `--json` gives it; None where it was not finished."""

    @property
    def is_finished(self) -> bool:
        """Whether it came to its end."""
        return self.result is not None


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that was read before, without its text."""

    id: str
    notes: tuple[str, ...]
    """What a person should know of how it was read."""
    is_newest: bool
    """Whether it is what was read last at its path."""


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage where it stands in its document."""

    document: str
    """The document's path."""
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked for over all builds; recordings cost nothing and are not counted."""

    requests: int
    input_tokens: int
    output_tokens: int
    usd: float


def reading_json(document: Document) -> str:
    """How a file was read, as JSON: blocks, what was left out, notes."""
    return json.dumps(
        {
            "blocks": [[block.kind, block.start, block.end] for block in document.blocks],
            "left_out": [[left.reason, left.at, left.text, left.characters] for left in document.left_out],
            "characters": document.characters,
            "notes": document.notes,
        },
        ensure_ascii=False,
    )


def document_row(row: sqlite3.Row | Mapping[str, Any]) -> Document:
    """A document, from its row, or from something with the same names."""
    reading = json.loads(row["reading"])
    return Document(
        path=row["path"],
        title=row["title"],
        text=row["text"],
        rights=row["rights"],
        blocks=tuple(Block(*block) for block in reading.get("blocks", ())),
        left_out=tuple(LeftOut(*left) for left in reading.get("left_out", ())),
        characters=reading.get("characters", 0),
        notes=tuple(reading.get("notes", ())),
    )


def finding_row(row: sqlite3.Row) -> Finding:
    """A finding, from its row."""
    span = Span(*json.loads(row["span"])) if row["span"] else None
    return Finding(row["pair"], row["check_name"], row["severity"], row["score"], row["message"], span, row["reason"])


def pair_row(row: sqlite3.Row) -> Pair:
    """A pair, from its row."""
    evidence = json.loads(row["evidence"]) if row["evidence"] else None
    words = json.loads(row["words_asked"]) if row["words_asked"] else None
    return Pair(
        id=row["id"],
        kind=row["kind"],
        prompt=tuple(Turn(role, content) for role, content in json.loads(row["prompt"])),
        response=row["response"],
        document=row["document"],
        evidence=Evidence(*evidence) if evidence else None,
        request=row["request"],
        words_asked=tuple(words) if words else None,
        context=row["context"],
        replaces=row["replaces"],
        earlier=row["earlier"],
    )


def prompt_json(pair: Pair) -> str:
    """A pair's prompt as it is stored."""
    return json.dumps([[turn.role, turn.content] for turn in pair.prompt], ensure_ascii=False)
