"""Decisions outlive the pairs they were made about: a request that changes by a word gives every pair of it another id."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from curate.ledger import Ledger
from curate.model import Decision, Pair
from curate.review.decisions import IN_WORDS

ALIKE = 0.6
"""Similarity of two texts, in [0, 1], from which one counts as the other's earlier version (difflib's ratio)."""


def earlier_versions(pairs: Sequence[Pair], decisions: Mapping[str, Sequence[Decision]], ledger: Ledger) -> dict[str, list[Pair]]:
    """What pairs were when people decided about them, by the pair's id: only of those that nobody has decided as they are now.

    Args:
        pairs: a build's, all of them.
        decisions: by pair.
        ledger: knows the pairs that are gone.
    """
    here = {pair.id for pair in pairs}
    gone: defaultdict[tuple[str, str], list[tuple[Pair, set[str]]]] = defaultdict(list)
    for identifier in decisions:
        if identifier not in here and (old := ledger.pair(identifier)):
            gone[old.kind, old.document].append((old, set(old.response.split())))
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.id in decisions or pair.replaces or (pair.kind, pair.document) not in gone:
            continue
        words = set(pair.response.split())
        # Texts that share few words are not alike, and to count words is a thousand times quicker than to compare texts.
        near = [old for old, theirs in gone[pair.kind, pair.document] if 4 * len(words & theirs) >= len(words) + len(theirs)]
        if earlier := [old for old in near if _alike(old, pair)]:
            found[pair.id] = earlier
    return found


def history_of(pair: Pair, earlier: Sequence[Pair], decisions: Mapping[str, Sequence[Decision]]) -> list[str]:
    """What people said of the pair that this one replaces, or that it was before it changed; in words."""
    if pair.replaces:
        return [said("Written anew. Before: ", decision) for decision in decisions.get(pair.replaces, ())]
    return [said("It has changed. Before: ", decision) for old in earlier for decision in decisions[old.id]]


def said(opening: str, decision: Decision) -> str:
    """A decision in words, with all that the reviewer wrote."""
    reasons = f" ({', '.join(decision.reasons)})" if decision.reasons else ""
    told = f"{opening}{IN_WORDS[decision.verdict]} by {decision.reviewer}{reasons}"
    for what, text in (
        ("the question mended to", decision.instruction),
        ("the answer mended to", decision.response),
        ("must never say", decision.never_say),
    ):
        if text:
            told += f"; {what} “{text}”"
    rating = f"; sounds like me: {decision.rating}" if decision.rating else ""
    return told + rating + (f": {decision.note}" if decision.note else "")


def _alike(one: Pair, other: Pair) -> bool:
    matcher = difflib.SequenceMatcher(None, one.response, other.response, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE
