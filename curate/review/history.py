"""Decisions outlive the pairs they were made about: a request that changes by a word gives every pair of it another id."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from curate.ledger import Ledger
from curate.model import Decision, Pair
from curate.review.decisions import IN_WORDS

ALIKE = 0.6
"""Similarity of two texts, in [0, 1], from which one counts as the other's earlier version (difflib's ratio, over words)."""


def earlier_versions(pairs: Sequence[Pair], decisions: Mapping[str, Sequence[Decision]], ledger: Ledger) -> dict[str, list[Pair]]:
    """What pairs were when people decided about them, by the pair's id: only of those that nobody has decided as they are now.

    Args:
        pairs: a build's, all of them.
        decisions: by pair.
        ledger: knows the pairs that are gone.
    """
    here = {pair.id for pair in pairs}
    gone: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for identifier in decisions:
        if identifier not in here and (old := ledger.pair(identifier)):
            gone[old.kind, old.document].append(old)
    new: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.id not in decisions and not pair.replaces and (pair.kind, pair.document) in gone:
            new[pair.kind, pair.document].append(pair)
    found: defaultdict[str, list[Pair]] = defaultdict(list)
    for place, changed in new.items():
        for pair, old in _sharing_words(changed, gone[place]):
            if difflib.SequenceMatcher(None, old.response.split(), pair.response.split(), autojunk=False).ratio() >= ALIKE:
                found[pair.id].append(old)
    return dict(found)


def _sharing_words(some: Sequence[Pair], others: Sequence[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Those of which half the words are the same: to count them all at once is far quicker than to compare texts."""
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(analyzer=str.split, binary=True, norm=None, alternate_sign=False)
    these, those = (words.transform([pair.response for pair in each]) for each in (some, others))
    shared = (these @ those.T).tocoo()
    size, sizes = these.getnnz(axis=1), those.getnnz(axis=1)
    for row, column, count in zip(shared.row, shared.col, shared.data, strict=True):
        if 4 * count >= size[row] + sizes[column]:
            yield some[row], others[column]


def history_of(pair: Pair, earlier: Sequence[Pair], decisions: Mapping[str, Sequence[Decision]]) -> list[str]:
    """What people said of the pair that this one replaces, or that it was before it changed; in words."""
    if pair.replaces:
        return [said("Written anew. Before: ", decision) for decision in decisions.get(pair.replaces, ())]
    told = [said("It has changed. Before: ", decision) for old in earlier for decision in decisions[old.id]]
    return list(dict.fromkeys(told))  # the same under several ids


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
