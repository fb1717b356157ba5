"""One decision for many pairs: all that are like one of them in the way that was the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from curate.model import Decision, Finding, Pair
from likeness.metrics.near_duplicates import NearestIndex
from likeness.metrics.text import words_of

REVIEWER = "command line"
NEAR = 0.5
"""Similarity of two responses' word triples, in [0, 1], from which one rejection may be for both."""


def with_check(pair: Pair, pairs: Sequence[Pair], findings: Mapping[str, Sequence[Finding]], check: str) -> list[Pair]:
    """Pairs of which a check says what it says of `pair`; where it says different things, with the same message.

    Args:
        pair: the pair.
        pairs: the pairs to look at.
        findings: by pair.
        check: the check's name.
    """
    mine = {finding.message for finding in findings.get(pair.id, ()) if finding.check == check}
    theirs = {p.id: {f.message for f in findings.get(p.id, ()) if f.check == check} for p in pairs}
    same = [p for p in pairs if theirs[p.id] & mine]
    return same if len(same) > 1 else [p for p in pairs if theirs[p.id]]


def with_phrase(pairs: Sequence[Pair], phrase: str) -> list[Pair]:
    """Pairs with a phrase in their question or answer, whatever its case and white space; whole words only."""
    wanted = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, phrase.split())) + r"(?!\w)", re.IGNORECASE)
    return [pair for pair in pairs if any(wanted.search(text) for _, text in pair.sides)]


def near(pair: Pair, pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs whose answer is nearly that of `pair`, itself among them: Jaccard similarity of word triples of `NEAR` and more."""
    index = NearestIndex(NEAR)
    index.add(0, _triples(pair.response))
    return [other for other in pairs if other.id == pair.id or index.find(_triples(other.response))]


def decide(pairs: Sequence[Pair], verdict: str, reason: str | None, note: str) -> list[Decision]:
    """The same decision about each of them.

    Args:
        pairs: the pairs that it is about.
        verdict: what is decided.
        reason: why.
        note: for the generator, or for whoever reads it later.
    """
    reasons = (reason,) if reason else ()
    return [Decision(pair.id, REVIEWER, "applied", verdict, reasons=reasons, note=note) for pair in pairs]  # type: ignore[arg-type]


def _triples(text: str) -> set[str]:
    words = words_of(text)
    return {" ".join(words[at : at + 3]) for at in range(len(words) - 2)}
