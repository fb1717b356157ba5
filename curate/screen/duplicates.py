"""Pairs that say the same: a row seen ten times is emitted a thousand times as often (arXiv 2202.06539)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from curate.check import Check
from curate.model import Finding, Pair
from curate.screen.settings.duplicates import DuplicatesSettings
from likeness.kinds import KINDS
from likeness.metrics.near_duplicates import NearestIndex, shingles

SHINGLE = 3


def find_duplicates(pairs: Sequence[Pair], near: float) -> Iterable[Finding]:
    """Pairs whose response is that of a better pair, letter for letter or nearly.

    Of a group the author's own words are kept, else the longest response; of equally long ones, the first. Nearness is the
    Jaccard similarity of the responses' word triples, found by MinHash with banding (Broder 1997) and then counted exactly.
    The score is that similarity.

    Args:
        pairs: in the recipe's order.
        near: similarity from which two responses count as one.
    """
    kept_by_text: dict[bytes, int] = {}
    index = NearestIndex(near)
    for i in best_first(pairs):
        words = re.findall(r"\w+", pairs[i].response.casefold())
        text = hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if (same := kept_by_text.get(text)) is not None:
            message = f"exact duplicate of {pairs[same].id}, which is kept: {why_kept(pairs[same], pairs[i])}"
            yield Finding(pairs[i].id, "duplicates", "drop", 1.0, message, reason="exact")
        elif nearest := index.find_or_add(i, shingles(words, SHINGLE)):
            other, similarity = pairs[nearest[0]], nearest[1]
            message = f"near duplicate ({similarity:.2f}) of {other.id}, which is kept: {why_kept(other, pairs[i])}"
            yield Finding(pairs[i].id, "duplicates", "drop", similarity, message, reason="near")
        else:
            kept_by_text[text] = i


def best_first(pairs: Sequence[Pair]) -> list[int]:
    """Positions of pairs in the order in which one of a group is kept: by kind (the author's own words first), then the
    longest, the first."""
    return sorted(range(len(pairs)), key=lambda i: (-KINDS[pairs[i].kind].kept_before, -len(pairs[i].response), i))


def why_kept(kept: Pair, other: Pair) -> str:
    """Which rule of `best_first` decided between two pairs."""
    kind = KINDS[kept.kind]
    if kind.kept_before > KINDS[other.kind].kept_before:
        return kind.kept_because
    return "it is longer" if len(kept.response) > len(other.response) else "it came first"


CHECK = Check(
    name="duplicates",
    about="Answers that are in the dataset already, word for word or nearly.",
    scope="dataset",
    order=80,
    reasons={"exact": "exact duplicate", "near": "near duplicate"},
    find=lambda given: find_duplicates(given.pairs, given.settings[DuplicatesSettings].near),
    settings=DuplicatesSettings,
    warns=False,
    cure="the passages hold no more questions: lower `per_passage` of this kind, or add documents",
)
