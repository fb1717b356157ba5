"""Thin terms, contrast sets, the questions held out, and the interview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from curate.model.documents import Evidence

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
