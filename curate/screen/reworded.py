"""Pairs that say the same in other words, which no run of words gives away."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from curate.check import Check
from curate.model import Finding, Pair
from curate.screen.duplicates import best_first, why_kept
from likeness.metrics.embedding import Embedding, embedding
from likeness.metrics.text import FUNCTION_WORDS

NEAR = 0.55
"""Cosine of two pairs' weighted words from which they say the same. Rewordings lie at 0.6 to 0.8, other pairs on one subject of
one author below 0.35."""
EXACT = 3_000
"""Up to so many pairs each is compared with each; beyond, with its neighbours in the reduced space."""
DIMENSIONS = 100
SAMPLE = 20_000
"""Rows from which the dimensions are learnt: more of them change little and cost minutes."""
BANDS, BITS = 32, 20
"""Two rows of cosine 0.95 in the reduced space share a bit with probability 1 - arccos(0.95)/pi = 0.90, so one of 32 bands of 20
bits with 1 - (1 - 0.90^20)^32 = 0.98 (Charikar 2002)."""
ANSWERS, QUESTIONS = 0.68, 0.4
"""Cosines of the embeddings of two answers and of two questions from which they say the same in quite other words."""
NEIGHBOURS = 4
"""With how many better rows of its bucket a row is compared: enough for a group, and never quadratic."""


Places = npt.NDArray[np.int64]


def find_reworded(pairs: Sequence[Pair], action: Literal["flag", "drop"], meaning: Embedding | None = None) -> Iterable[Finding]:
    """Pairs that ask and answer what a better pair does, in other words; the better is the one that `duplicates` would keep.

    The score is the cosine of the words of instruction and response, weighted by TF-IDF. Of many pairs latent semantic analysis
    (Deerwester et al. 1990) brings those with like words together, and random hyperplanes put them into buckets; only what
    shares a bucket is compared. Words are compared as they are written: a rewording that keeps none is found only by a model of
    meaning, where one is installed, and is then a warning.

    Args:
        pairs: those to look at.
        action: what becomes of the worse of two.
        meaning: a model of meaning, where one is installed.
    """
    order = best_first(pairs)
    texts = [f"{pairs[i].instruction}\n{pairs[i].response}" for i in order]
    if not any(map(_content, texts)):
        return
    weighted = _weighted(texts)
    better, worse = _all_near(weighted) if len(pairs) <= EXACT else _neighbours(_reduced(weighted))
    nearest: dict[int, tuple[float, int]] = {}
    for cosine, one, other in zip(_cosines(weighted, better, worse), better.tolist(), worse.tolist(), strict=True):
        if cosine >= NEAR:
            nearest[other] = max(nearest.get(other, (0.0, 0)), (float(cosine), -one))
    if meaning:
        yield from _same_in_meaning(pairs, order, nearest.keys(), meaning)
    for place, (cosine, minus_kept) in sorted(nearest.items()):
        kept, pair = pairs[order[-minus_kept]], pairs[order[place]]
        message = f"reworded: says in other words ({cosine:.2f}) what {kept.id} says, the better one, as {why_kept(kept, pair)}"
        yield Finding(pair.id, "reworded", "drop" if action == "drop" else "warning", cosine, message, reason="reworded")


def _same_in_meaning(
    pairs: Sequence[Pair], order: Sequence[int], known: Collection[int], meaning: Embedding
) -> Iterator[Finding]:
    questions = meaning.vectors([pairs[i].instruction for i in order])
    answers = meaning.vectors([pairs[i].response for i in order])
    for start in range(0, len(order), 1_000):
        rows = slice(start, start + 1_000)
        cosines = answers[rows] @ answers.T
        cosines[questions[rows] @ questions.T < QUESTIONS] = 0
        for place in range(start, min(start + 1_000, len(order))):
            if place in known or not place:
                continue
            best = int(cosines[place - start, :place].argmax())
            cosine = float(cosines[place - start, best])
            if cosine >= ANSWERS:
                kept, pair = pairs[order[best]], pairs[order[place]]
                message = f"reworded: means (meaning {cosine:.2f}) what {kept.id} says, the better one, as {why_kept(kept, pair)}"
                yield Finding(pair.id, "reworded", "warning", round(cosine, 4), message, reason="reworded")


def _weighted(texts: list[str]) -> Any:
    """TF-IDF, a sparse row of length 1 for each text; a text without a word is a row of zeros."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer=_content, sublinear_tf=True, max_features=100_000, dtype=np.float32)
    return vectorizer.fit_transform(texts)


def _content(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", text.casefold()) if word not in FUNCTION_WORDS]


def _reduced(weighted: Any) -> npt.NDArray[np.float32]:
    """The rows in the few dimensions in which they differ most."""
    from sklearn.decomposition import TruncatedSVD

    rows, words = weighted.shape
    sample = np.random.default_rng(17).permutation(rows)[:SAMPLE]
    model = TruncatedSVD(min(DIMENSIONS, words), n_iter=2, random_state=17).fit(weighted[sample])
    return np.asarray(model.transform(weighted), dtype=np.float32)


def _all_near(weighted: Any) -> tuple[Places, Places]:
    """Pairs of rows that are near, the better first."""
    better, worse = np.nonzero(np.triu((weighted @ weighted.T).toarray() >= NEAR, 1))
    return better, worse


def _neighbours(points: npt.NDArray[np.float32]) -> tuple[Places, Places]:
    """Pairs of rows that share a bucket, the better first: each row with a few of those before it."""
    rows = len(points)
    found = []
    for band in range(BANDS):
        planes = np.random.default_rng(band).standard_normal((points.shape[1], BITS), dtype=np.float32)
        buckets = (points @ planes > 0) @ (1 << np.arange(BITS))
        by_bucket = np.argsort(buckets, kind="stable")
        for step in range(1, NEIGHBOURS + 1):
            first, second = by_bucket[:-step], by_bucket[step:]
            same = buckets[first] == buckets[second]
            found.append(first[same].astype(np.int64) * rows + second[same])
    together = np.unique(np.concatenate(found))
    return together // rows, together % rows


def _cosines(weighted: Any, one: Places, other: Places) -> Iterator[float]:
    for start in range(0, len(one), 50_000):
        chunk = slice(start, start + 50_000)
        yield from np.asarray(weighted[one[chunk]].multiply(weighted[other[chunk]]).sum(axis=1)).ravel().tolist()


CHECK = Check(
    name="reworded",
    about="Pairs that say in other words what a better pair says.",
    scope="dataset",
    order=90,
    reasons={"reworded": "reworded"},
    find=lambda given: find_reworded(given.pairs, given.settings.duplicates.reworded, embedding(len(given.pairs))),
    setting="duplicates",
    cure="the passages hold no more questions: lower `per_passage` of this kind, or add documents",
)
