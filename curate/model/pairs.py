"""A pair, what checks find in it, and what people say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from curate.model.documents import Evidence
from likeness.kinds import KINDS

Severity = Literal["drop", "warning"]
Side = Literal["instruction", "response"]


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
