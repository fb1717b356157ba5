"""The plain data that the steps hand to each other."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from likeness.kinds import KINDS

Severity = Literal["drop", "warning"]
Side = Literal["instruction", "response"]
BlockKind = Literal["prose", "heading", "list", "verse", "table", "code", "output", "quotation", "caption", "other"]
OWN_WORDS: frozenset[BlockKind] = frozenset({"prose", "heading", "list", "verse"})
"""The kinds of block that hold the author's own words."""
SHOWN_OF_LEFT_OUT = 2000


def content_hash(*parts: object, length: int = 16) -> str:
    """A name made of content: hexadecimal SHA-256 over the parts' JSON, cut to `length` characters."""
    canonical = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:length]


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
    """Key of the request whose answer it is in; None for pairs that came ready."""
    words_asked: tuple[int, int] | None = None
    """The word range that the recipe asks of its kind."""
    context: str = ""
    """The passage that the model is given beside the question (kind `grounded`)."""
    replaces: str | None = None
    """The pair that a reviewer sent back, in whose place this one was written."""
    earlier: str | None = None
    """The pair that it was before its document changed; a person is to look at it once more."""
    review: str = ""
    """What reviewers said of it: approved, edited, or nothing as yet."""
    rating: float | None = None
    """How much it sounds like the author, 1 to 5, where reviewers said so."""

    @property
    def wrote(self) -> str:
        """Who wrote the response: `generator`, `author` (in a document), `person` (in a conversation) or `unknown`."""
        return KINDS[self.kind].wrote

    @property
    def instruction(self) -> str:
        """The last thing that was asked."""
        return self.prompt[-1].content

    @property
    def sides(self) -> tuple[tuple[Side, str], tuple[Side, str]]:
        """What a check reads, each with the name that a span gives it."""
        return ("instruction", self.instruction), ("response", self.response)


@dataclass(frozen=True, slots=True)
class Written:
    """A pair as the generator wrote it, and what became of it in a build."""

    pair: Pair
    state: str
    """kept, dropped, awaiting, disputed, rejected, left out, or contrast."""
    build: int
    """The build's number."""


class VoiceSample(NamedTuple):
    """A paragraph that shows how the author writes."""

    document: str
    """The path of its document; empty where the recipe says the paragraph."""
    text: str


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
    reason: str = ""
    """The check's code for it, such as `too_short`."""


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
    """As the reviewer edited it; None where it was left as it was."""
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
    origin: Literal["never_say", "edited", "generator", "earlier_run"]
    """Where the wrong answer is from: what a reviewer said must never be said, their text before an edit, the generator's
    plausible wrong answer, or an earlier run's own answer to the same question."""
    context: str = ""
    """The passage that the model is given beside the question, as in its pair."""
    term: str = ""
    """The term that it is about, where it is of a contrast set."""
    evidence: str = ""
    """The quote that the right answer rests on."""


@dataclass(slots=True)
class Stage:
    """What one step did: rows in, rows out, and why the difference."""

    name: str
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    by_kind: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of the step that asks, by kind, the pairs that no answer brought, by reason."""
    skipped: dict[str, dict[str, int]] = field(default_factory=dict)
    """By check, the rows that it did not look at, counted by their language, which it does not cover."""

    def count(self, reason: str, rows: int = 1) -> None:
        """Note that `rows` rows went no further, and why."""
        self.reasons[reason] = self.reasons.get(reason, 0) + rows

    def count_of_kind(self, kind: str, reason: str, pairs: int) -> None:
        """Note that pairs of a kind were not written, and why.

        Args:
            kind: of the pairs.
            reason: a code.
            pairs: how many.
        """
        reasons = self.by_kind.setdefault(kind, {})
        reasons[reason] = reasons.get(reason, 0) + pairs

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        return {
            "name": self.name,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "seconds": round(self.seconds, 3),
            "reasons": self.reasons,
            **({"by_kind": self.by_kind} if self.by_kind else {}),
            **({"skipped": self.skipped} if self.skipped else {}),
        }

    def skipped_in_words(self) -> list[str]:
        """One line a check and language that was skipped."""
        return [
            f"{check}: skipped for {rows:,} row{'' if rows == 1 else 's'} in {language}"
            for check, languages in self.skipped.items()
            for language, rows in sorted(languages.items(), key=lambda each: (-each[1], each[0]))
        ]


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


class Findings(Mapping[str, Sequence[Finding]]):
    """What the checks found, by pair; in the order in which it was found."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._all = list(findings)
        self._by_pair: dict[str, list[Finding]] = {}
        for finding in self._all:
            self._by_pair.setdefault(finding.pair, []).append(finding)

    def __getitem__(self, pair: str) -> Sequence[Finding]:
        return self._by_pair[pair]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_pair)

    def __len__(self) -> int:
        return len(self._by_pair)

    def all(self) -> Sequence[Finding]:
        """Every finding."""
        return self._all

    @property
    def dropped(self) -> set[str]:
        """Ids of the pairs that a check keeps out of the dataset."""
        return {finding.pair for finding in self._all if finding.severity == "drop"}


def stages_as_json(stages: Iterable[Stage]) -> list[dict[str, Any]]:
    """Stages for the ledger and `--json`."""
    return [stage.as_dict() for stage in stages]


Thinness = Literal["unexplained", "unanswered", "inconsistent"]


@dataclass(frozen=True, slots=True)
class ThinTerm:
    """A distinctive term of the sources that a model would have to guess about."""

    term: str
    key: str
    """What all its forms have in common."""
    kind: Thinness
    """`unexplained`: mentioned, and explained nowhere; `unanswered`: explained in the sources, and no pair asks for it or
    explains it; `inconsistent`: explained or spelt in two ways."""
    mentions: tuple[Evidence, ...]
    """Every place where it stands, with the sentence around it."""
    why: str
    risk: Literal["high", "medium", "low"]
    """high: answers say it, so the model will as well; medium: the sources come back to it; low: it is mentioned in passing."""
    said_by: tuple[str, ...] = ()
    """Ids of pairs whose answers say it."""
    explanations: tuple[Evidence, ...] = ()
    """Sentences that say what it is."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""

        def shown(places: tuple[Evidence, ...]) -> list[dict[str, Any]]:
            return [{"document": at.document, "start": at.start, "end": at.end, "sentence": at.quote} for at in places]

        return {
            "term": self.term,
            "kind": self.kind,
            "risk": self.risk,
            "why": self.why,
            "mentions": shown(self.mentions),
            "explanations": shown(self.explanations),
            "said_by": list(self.said_by),
        }


@dataclass(frozen=True, slots=True)
class TermDecision:
    """What a person said of a term: that it matters, that it is another's other name, that it is nothing, or what it is."""

    term: str
    action: Literal["add", "merge", "dismiss", "explain"]
    into: str = ""
    """The term that it is merged into."""
    text: str = ""
    """The person's own explanation."""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person says that a term is, in their own words."""

    term: str
    key: str
    """The term's key; "" where only its text is known."""
    text: str


Role = Literal["statement", "neighbour", "premise", "known", "invented", "marked"]


@dataclass(frozen=True, slots=True)
class ContrastItem:
    """One question of a contrast set, with the right answer and a plausible wrong one."""

    role: Role
    """`statement`: what the term is; `neighbour`: how it differs from what it is confused with; `premise`: a question that
    takes for granted what is not so; `known`: a question that the sources answer; `invented`: a question of the same form about
    something that does not exist; `marked`: an answer that somebody marked as wrong."""
    about: str
    """The term, its neighbour, or the invented name."""
    question: str
    chosen: str
    rejected: str
    evidence: Evidence | None = None
    other_question: str = ""
    """The statement's question in other words, which is held out."""


@dataclass(frozen=True, slots=True)
class ContrastSet:
    """All that is drafted about one term, reviewed as one unit."""

    id: str
    term: str
    key: str
    document: str
    """The one that mentions it most."""
    items: tuple[ContrastItem, ...]
    mentions: tuple[Evidence, ...]
    ask: str = ""
    """What the person is asked, where the sources say too little to write a true statement."""
    request: str | None = None
    pair: str = ""
    """The pair from whose review it comes: then it adds no pair of its own."""


def named_items(drafted: ContrastSet) -> list[tuple[str, ContrastItem]]:
    """The items of a set, each with its name on the review's page: `statement`, `premise`, `known_1`, `invented_1`, …"""
    numbers: Counter[str] = Counter()
    found = []
    for item in drafted.items:
        numbers[item.role] += 1
        several = item.role in ("known", "invented")
        found.append((f"{item.role}_{numbers[item.role]}" if several else str(item.role), item))
    return found


@dataclass(frozen=True, slots=True)
class ContrastDecision:
    """What one person said of one contrast set."""

    contrast_set: str
    reviewer: str
    verdict: Literal["approve", "dismiss", "later"]
    texts: Mapping[str, str]
    """What they wrote, by the question's name on the page: `explain`, `statement_chosen`, …; only what they changed."""


@dataclass(frozen=True, slots=True)
class ContrastTask:
    """An answer of a model that a person or a probe marked as wrong."""

    term: str
    question: str
    wrong: str
    run: str = ""
    rows: tuple[str, ...] = ()
    """Ids of the training rows that are nearest to it."""


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """A question held out of training: about something invented, or about a term that the data explains."""

    id: str
    about: Literal["invented", "known"]
    question: str
    term: str
    contrast_set: str


@dataclass(frozen=True, slots=True)
class Interviewed:
    """One question of the interview with the person's own answer."""

    key: str
    """Names the question, so that it is not asked twice."""
    about: str
    """The term, topic or kind that it is about."""
    kind: Literal["term", "topic", "decision", "register", "form", "follow_up"]
    question: str
    answer: str
    """Empty where they skipped it."""
    choice: str = ""
    """Of a decision: what they would do, in a few words."""
    who: str = ""
    follows: int | None = None
    answered_at: float = 0.0
    retests: int | None = None
    """The earlier answer that this one repeats."""
    id: int = 0
