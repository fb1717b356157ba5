"""Pairs that say the same: a row seen ten times is emitted a thousand times as often (arXiv 2202.06539)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from curate.check import Check
from curate.engine.engine import Engine, Here, parts_of
from curate.model import Finding, Pair
from curate.screen.settings.duplicates import DuplicatesSettings
from likeness.kinds import KINDS
from likeness.metrics.near_duplicates import BANDS, NearestIndex, buckets_of, shingles, together

SHINGLE = 3
AT_ONCE, WORTH_WORKERS = 2_000, 8
"""Rows that are sketched, or compared, as one part of the work; parts below which starting processes takes longer."""


def find_duplicates(pairs: Sequence[Pair], near: float, engine: Engine | None = None) -> Iterable[Finding]:
    """Pairs whose response is that of a better pair, letter for letter or nearly.

    Of a group the author's own words are kept, else the longest response; of equally long ones, the first. Nearness is the
    Jaccard similarity of the responses' word triples, found by MinHash with banding (Broder 1997) and then counted exactly.
    The score is that similarity. Every row is sketched; union-find joins those that share a bucket or a text, and only within
    such a group are rows compared.

    Args:
        pairs: in the recipe's order.
        near: similarity from which two responses count as one.
        engine: where rows are sketched and compared; this process where none is named.
    """
    engine = engine or Here()
    order = best_first(pairs)
    if not order:
        return
    responses = parts_of([pairs[i].response for i in order], AT_ONCE)
    sketched = np.concatenate(list(engine.map(_sketched, None, responses, worth=WORTH_WORKERS)))
    groups = [[pairs[order[place]] for place in group] for group in together(sketched)]
    found = engine.map(_compared, near, list(_runs(groups)), worth=WORTH_WORKERS)
    places = {pairs[i].id: place for place, i in enumerate(order)}
    yield from sorted((each for part in found for each in part), key=lambda finding: places[finding.pair])


def _sketched(_shared: None, responses: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Of each response the buckets that it falls into, and of those with one text another one."""
    found = np.empty((len(responses), BANDS + 1), dtype=np.uint64)
    for row, response in enumerate(responses):
        words, text = _read(response)
        found[row, :BANDS] = buckets_of(shingles(words, SHINGLE))
        found[row, BANDS] = int.from_bytes(text[:8])
    return found


def _runs(groups: Iterable[list[Pair]]) -> Iterator[list[list[Pair]]]:
    """Groups by the run, each with about as many rows."""
    run: list[list[Pair]] = []
    rows = 0
    for group in groups:
        run.append(group)
        rows += len(group)
        if rows >= AT_ONCE:
            yield run
            run, rows = [], 0
    if run:
        yield run


def _compared(near: float, groups: Sequence[Sequence[Pair]]) -> list[Finding]:
    return [finding for group in groups for finding in _nearly_kept(group, near)]


def _read(response: str) -> tuple[list[str], bytes]:
    """A response's words, and a hash of them."""
    words = re.findall(r"\w+", response.casefold())
    return words, hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _nearly_kept(pairs: Sequence[Pair], near: float) -> Iterator[Finding]:
    """Of pairs, the best first, those whose response is nearly that of one that is kept."""
    kept_by_text: dict[bytes, int] = {}
    index = NearestIndex(near)
    for i, pair in enumerate(pairs):
        words, text = _read(pair.response)
        if (same := kept_by_text.get(text)) is not None:
            message = f"exact duplicate of {pairs[same].id}, which is kept: {why_kept(pairs[same], pair)}"
            yield Finding(pair.id, "duplicates", "drop", 1.0, message, reason="exact")
        elif nearest := index.find_or_add(i, shingles(words, SHINGLE)):
            other, similarity = pairs[nearest[0]], nearest[1]
            message = f"near duplicate ({similarity:.2f}) of {other.id}, which is kept: {why_kept(other, pair)}"
            yield Finding(pair.id, "duplicates", "drop", similarity, message, reason="near")
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
    find=lambda given: find_duplicates(given.pairs, given.settings[DuplicatesSettings].near, given.engine),
    settings=DuplicatesSettings,
    warns=False,
    cure="the passages hold no more questions: lower `per_passage` of this kind, or add documents",
)
