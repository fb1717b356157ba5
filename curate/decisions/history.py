"""Decisions outlive the pairs they were made about: a request that changes by a word gives every pair of it another id."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from curate.decisions.outcomes import IN_WORDS
from curate.ledger.ledger import Ledger
from curate.model import Decision, Pair

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
        if pair.id not in decisions and not pair.replaces and not pair.earlier and (pair.kind, pair.document) in gone:
            new[pair.kind, pair.document].append(pair)
    found: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.earlier and pair.id not in decisions and (old := ledger.pair(pair.earlier)):
            found[pair.id].append(old)
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
    """What people said of the pair that this one replaces, or that it was before it changed; in words.

    Args:
        pair: the pair.
        earlier: earlier versions of it.
        decisions: by pair, oldest first.
    """
    if pair.replaces:
        return [said("Rewritten. Before: ", decision) for decision in decisions.get(pair.replaces, ())]
    shown = [said("It has changed. Before: ", decision) for old in earlier for decision in decisions.get(old.id, ())]
    return list(dict.fromkeys(shown))  # the same under several ids


def said(opening: str, decision: Decision) -> str:
    """A decision in words, with all that the reviewer wrote."""
    reasons = f" ({', '.join(decision.reasons)})" if decision.reasons else ""
    shown = f"{opening}{IN_WORDS[decision.verdict]} by {decision.reviewer}{reasons}"
    for what, text in (
        ("the question changed to", decision.instruction),
        ("the answer changed to", decision.response),
        ("must never say", decision.never_say),
    ):
        if text:
            shown += f"; {what} “{text}”"
    rating = f"; sounds like me: {decision.rating}" if decision.rating else ""
    return shown + rating + (f": {decision.note}" if decision.note else "")
