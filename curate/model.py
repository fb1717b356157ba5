"""The plain data that the steps hand to each other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["drop", "warning"]
Side = Literal["instruction", "response"]


def content_hash(*parts: object, length: int = 16) -> str:
    """A name made of content: hexadecimal SHA-256 over the parts' JSON, cut to `length` characters."""
    canonical = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class Document:
    """A source file's text, cleaned of markup. `path` is relative to the recipe's folder."""

    path: str
    title: str
    text: str
    rights: str

    @property
    def id(self) -> str:
        """Named by path and text: another text is another document."""
        return content_hash("document", self.path, self.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document: `text == document.text[start:end]`, offsets in characters."""

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


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What the model is to learn: when asked `prompt`, answer `response`."""

    id: str
    kind: str
    prompt: tuple[Turn, ...]
    response: str
    document: str
    """Path of the file that it comes from."""
    evidence: Evidence | None = None
    request: str | None = None
    """Key of the request whose answer it stands in; None for pairs that came ready."""
    words_asked: tuple[int, int] | None = None
    """The word range that the recipe asks of its kind."""
    context: str = ""
    """The passage that the model is given beside the question (kind `grounded`)."""
    replaces: str | None = None
    """The pair that a reviewer sent back, in whose place this one was written."""
    review: str = ""
    """What reviewers said of it: approved, edited, or nothing as yet."""
    rating: float | None = None
    """How much it sounds like the author, 1 to 5, where reviewers said so."""

    @property
    def instruction(self) -> str:
        """The last thing that was asked."""
        return self.prompt[-1].content

    @property
    def sides(self) -> tuple[tuple[Side, str], tuple[Side, str]]:
        """What a check reads, each with the name that a span gives it."""
        return ("instruction", self.instruction), ("response", self.response)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a finding points: characters `start` to `end` of one side of the pair."""

    part: Side
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of a pair. `score` is the check's own measure, `drop` keeps the pair out of the dataset."""

    pair: str
    check: str
    severity: Severity
    score: float
    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person said of one pair."""

    pair: str
    reviewer: str
    queue: Literal["review", "tie-break", "applied"]
    """Where: in the review itself, over reviewers who disagreed, or on many pairs at once from the command line."""
    verdict: Literal["approve", "reject", "rewrite", "withdrawn"]
    """`withdrawn` takes back what the same person said of it before, in the same queue."""
    instruction: str | None = None
    """As the reviewer mended it; None where it was left as it stood."""
    response: str | None = None
    reasons: tuple[str, ...] = ()
    rating: int | None = None
    never_say: str = ""
    """What the model must never answer to this."""
    note: str = ""
    """For the generator, or for whoever reads it later."""
    taken_at: float = 0.0
    """When it came to the ledger; seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Of two answers to a prompt, the one that is right and the one that must never be given."""

    pair: str
    prompt: tuple[Turn, ...]
    chosen: str
    rejected: str
    document: str
    origin: Literal["never_say", "edited"]
    context: str = ""
    """The passage that the model is given beside the question, as in its pair."""


@dataclass(slots=True)
class Stage:
    """What one step did: rows in, rows out, and why the difference."""

    name: str
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)

    def count(self, reason: str, rows: int = 1) -> None:
        """Note that `rows` rows went no further, and why."""
        self.reasons[reason] = self.reasons.get(reason, 0) + rows

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        return {
            "name": self.name,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "seconds": round(self.seconds, 3),
            "reasons": self.reasons,
        }


@dataclass(slots=True)
class Usage:
    """What a build's calls to a provider came to. Recorded answers cost nothing."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0

    def add(self, more: Usage) -> None:
        """Count further calls."""
        self.requests += more.requests
        self.input_tokens += more.input_tokens
        self.output_tokens += more.output_tokens
        self.usd += more.usd

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        tokens = {"input": self.input_tokens, "output": self.output_tokens}
        return {"requests": self.requests, "tokens": tokens, "usd": round(self.usd, 6)}
