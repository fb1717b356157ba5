"""Texts that are nearly the same, found among a million without comparing each with each."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
from rensa import RMinHash, RMinHashLSH

from likeness.metrics.text import FUNCTION_WORDS, SPACELESS, words_of

PERMUTATIONS = 80
BANDS = 20
MIXER = np.uint64(0x9E3779B97F4A7C15)
"""20 bands of 4 rows find a pair of Jaccard similarity 0.7 with probability 1 - (1 - 0.7^4)^20 = 0.996, and one of 0.8 surely.
More bands find little more, and each costs about 150 MB in a million rows."""


Buckets = npt.NDArray[np.uint64]
"""A row for each set, a column for each band; sets with one number in a column share a bucket."""


def buckets_of(members: Collection[str]) -> Buckets:
    """The bucket of each band that a set falls into: only sets that share one can be near by `NearestIndex`."""
    if not members:
        return np.zeros(BANDS, dtype=np.uint64)
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=17)
    minhash.update(list(members))
    rows = np.array(minhash.digest(), dtype=np.uint64).reshape(BANDS, -1)
    mixed = np.zeros(BANDS, dtype=np.uint64)
    for column in rows.T:
        mixed = (mixed ^ column) * MIXER
        mixed ^= mixed >> np.uint64(29)
    return mixed


def together(buckets: Buckets) -> list[list[int]]:
    """Rows that share a bucket with one another or with a third, by union-find: ascending, groups of two and more."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(buckets)
    ones, others = [], []
    for column in buckets.T:
        by_bucket = np.argsort(column, kind="stable")
        same = column[by_bucket[1:]] == column[by_bucket[:-1]]
        ones.append(by_bucket[:-1][same])
        others.append(by_bucket[1:][same])
    one, other = np.concatenate(ones), np.concatenate(others)
    links = coo_array((np.ones(len(one), dtype=np.bool_), (one, other)), shape=(count, count))
    _, group_of = connected_components(links, directed=False)
    by_group = np.argsort(group_of, kind="stable")
    starts = np.flatnonzero(np.diff(group_of[by_group], prepend=-1))
    return [group.tolist() for group in np.split(by_group, starts[1:]) if len(group) > 1]


class NearestIndex:
    """Sets of strings, and the nearest of them to a new one: MinHash with banding (Broder 1997), then counted exactly.

    Args:
        near: Jaccard similarity, in [0, 1], from which two sets count as near.
    """

    def __init__(self, near: float) -> None:
        self._near = near
        self._index = RMinHashLSH(threshold=near, num_perm=PERMUTATIONS, num_bands=BANDS)
        self._members: dict[int, npt.NDArray[np.uint32]] = {}

    def find_or_add(self, key: int, members: Collection[str]) -> tuple[int, float] | None:
        """The nearest set put in before, with its similarity, if it is near; otherwise this one is put in under `key`."""
        minhash, hashes = _sketch(members)
        if (nearest := self._likest(minhash, hashes)) is None:
            self._add(key, minhash, hashes)
        return nearest

    def add(self, key: int, members: Collection[str]) -> None:
        """Put a set in."""
        self._add(key, *_sketch(members))

    def find(self, members: Collection[str]) -> tuple[int, float] | None:
        """The nearest set put in before, with its similarity, if it is near."""
        return self._likest(*_sketch(members))

    def _add(self, key: int, minhash: RMinHash, hashes: npt.NDArray[np.uint32]) -> None:
        if len(hashes):
            self._index.insert(key, minhash)
            self._members[key] = hashes

    def _likest(self, minhash: RMinHash, hashes: npt.NDArray[np.uint32]) -> tuple[int, float] | None:
        if not len(hashes):
            return None
        nearest = max(((jaccard(hashes, self._members[key]), -key) for key in self._index.query(minhash)), default=(0.0, 0))
        return (-nearest[1], nearest[0]) if nearest[0] >= self._near else None


def _sketch(members: Collection[str]) -> tuple[RMinHash, npt.NDArray[np.uint32]]:
    """A set's MinHash, and its members as sorted 32-bit hashes: a twentieth of the strings' memory."""
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=17)
    minhash.update(list(members))
    (hashes,) = RMinHash.hash_token_sets([list(members)])
    return minhash, np.unique(np.array(hashes, dtype=np.uint64).astype(np.uint32))


def jaccard(one: npt.NDArray[np.uint32], other: npt.NDArray[np.uint32]) -> float:
    """Shared members over all members, in [0, 1], of two sorted arrays without repetition."""
    shared = np.intersect1d(one, other, assume_unique=True).size
    return float(shared / (one.size + other.size - shared or 1))


def shingles(words: list[str], length: int) -> set[str]:
    """Every run of `length` words."""
    return {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}


ASKING = frozenset("who whom whose what which where when why how many much old long far often".split())


def asked_of(question: str) -> set[str]:
    """What a question asks: its content words without plural and possessive, and its question words, in no order.

    With fewer than two content words it is the same only word for word: "Who are you?" is not "Who are you to say so?".
    Chinese, Japanese and Thai put no blanks between words: there it is every two neighbouring characters.
    """
    if SPACELESS.search(question):
        characters = "".join(words_of(question))
        return {characters[at : at + 2] for at in range(max(1, len(characters) - 1))}
    words = (re.sub(r"['’]s?$", "", word) for word in re.findall(r"\w+(?:['’]\w+)?", question.casefold()))
    wanted = {word for word in words if word in ASKING or word not in FUNCTION_WORDS}
    if len(wanted - ASKING) < 2:
        return {" ".join(re.findall(r"\w+", question.casefold()))}
    return {word[:-1] if len(word) > 3 and word.endswith("s") else word for word in wanted}
