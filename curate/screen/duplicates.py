"""Pairs that say the same: a row seen ten times is emitted a thousand times as often (arXiv 2202.06539)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rensa import RMinHash, RMinHashLSH

from curate.model import Finding, Pair

PERMUTATIONS = 128
BANDS = 32
"""32 bands of 4 rows find a pair of Jaccard similarity 0.7 with probability 1 - (1 - 0.7^4)^32 = 0.9998."""

SHINGLE = 3


def find_duplicates(pairs: Sequence[Pair], near: float) -> Iterable[Finding]:
    """Pairs whose response is that of a better pair, letter for letter or nearly.

    Of a group the longest response is kept; of equally long ones, the first. Nearness is the Jaccard similarity of the
    responses' word triples, found by MinHash with banding (Broder 1997) and then counted exactly. The score is that
    similarity.

    Args:
        pairs: in the recipe's order.
        near: similarity from which two responses count as one.
    """
    ranked = sorted(range(len(pairs)), key=lambda i: (-len(pairs[i].response), i))
    words = [re.findall(r"\w+", pair.response.casefold()) for pair in pairs]
    kept_by_text: dict[tuple[str, ...], int] = {}
    shingles: dict[int, set[str]] = {}
    index = RMinHashLSH(threshold=near, num_perm=PERMUTATIONS, num_bands=BANDS)
    for i in ranked:
        if (same := kept_by_text.get(tuple(words[i]))) is not None:
            yield Finding(pairs[i].id, "duplicates", "drop", 1.0, f"exact duplicate of {pairs[same].id}")
            continue
        mine = {" ".join(words[i][at : at + SHINGLE]) for at in range(len(words[i]) - SHINGLE + 1)}
        if mine:
            minhash = RMinHash(num_perm=PERMUTATIONS, seed=17)
            minhash.update(sorted(mine))
            likest = max(((jaccard(mine, shingles[j]), -j) for j in index.query(minhash)), default=(0.0, 0))
            if likest[0] >= near:
                other = pairs[-likest[1]].id
                yield Finding(pairs[i].id, "duplicates", "drop", likest[0], f"near duplicate ({likest[0]:.2f}) of {other}")
                continue
            index.insert(i, minhash)
            shingles[i] = mine
        kept_by_text[tuple(words[i])] = i


def jaccard(one: set[str], other: set[str]) -> float:
    """Shared members over all members, in [0, 1]."""
    return len(one & other) / (len(one | other) or 1)
