"""Which pairs show what a dataset is like: of every kind the plainest, the commonest kind first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from statistics import median

from curate.model import Pair, content_hash


def typical_pairs(pairs: Sequence[Pair], flagged: Collection[str], count: int) -> list[Pair]:
    """Up to `count` pairs: the kinds take turns, the commonest first, and each gives the pair nearest to its median length.

    A pair that no check has anything to say of comes before one that a check flagged, and one of a document that has not
    been shown before one of a document that has.

    Args:
        pairs: of a dataset.
        flagged: ids of those that a check found something in.
        count: how many.
    """
    middle = {kind: median(len(pair.response) for pair in pairs if pair.kind == kind) for kind in {pair.kind for pair in pairs}}
    kinds = [kind for kind, _ in sorted(Counter(pair.kind for pair in pairs).items(), key=lambda item: (-item[1], item[0]))]
    left = {kind: [pair for pair in pairs if pair.kind == kind] for kind in kinds}
    chosen: list[Pair] = []
    shown: set[str] = set()
    while len(chosen) < min(count, len(pairs)):
        for kind in kinds:
            if left[kind] and len(chosen) < count:
                best = min(
                    left[kind],
                    key=lambda pair: (
                        pair.id in flagged,
                        pair.document in shown,
                        abs(len(pair.response) - middle[pair.kind]),
                        content_hash("typical", pair.id),
                    ),
                )
                left[kind].remove(best)
                chosen.append(best)
                shown.add(best.document)
    return chosen
