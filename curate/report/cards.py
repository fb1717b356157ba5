"""A pair as the report opens it: what was asked and answered, beside the passage with its quote marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from curate.check import is_private
from curate.model import Written
from curate.report.figures import Figures

AROUND = 700
"""Characters of a passage that are shown on either side of the quote."""


@dataclass(frozen=True, slots=True)
class Card:
    """A pair in full. Of one with private data no text is there."""

    id: str
    kind: str
    state: str
    document: str
    heading: str
    turns: tuple[tuple[str, str], ...]
    """(who speaks, what is said), the response last."""
    before: str
    quote: str
    after: str
    findings: tuple[tuple[str, str, str], ...]
    """(check, severity, message)."""
    private: bool = False


def cards_of(identifiers: Iterable[str], figures: Figures) -> list[Card]:
    """The cards of pairs, each once, in the order in which they are named; ids that the build does not have are left out."""
    return [_card(figures.written[each], figures) for each in dict.fromkeys(identifiers) if each in figures.written]


def _card(written: Written, figures: Figures) -> Card:
    pair, state = written.pair, written.state
    findings = figures.findings.get(pair.id, ())
    found = tuple((finding.check, finding.severity, finding.message) for finding in findings)
    passage = figures.sources.passage_of(pair)
    heading = passage.heading or "" if passage else ""
    if any(map(is_private, findings)):
        return Card(pair.id, pair.kind, state, pair.document, heading, (), "", "", "", found, private=True)
    turns = (*((turn.role, turn.content) for turn in pair.prompt), ("assistant", pair.response))
    before = quote = after = ""
    if pair.evidence and (document := figures.sources.documents.get(pair.evidence.document)):
        start, end = pair.evidence.start, pair.evidence.end
        first = max(passage.start if passage else 0, start - AROUND)
        last = min(max(end, passage.end) if passage else len(document.text), end + AROUND)
        before, quote, after = document.text[first:start], document.text[start:end], document.text[end:last]
        before = ("…" if passage and first > passage.start else "") + before
        after += "…" if passage and last < passage.end else ""
    return Card(pair.id, pair.kind, state, pair.document, heading, turns, before, quote, after, found)
