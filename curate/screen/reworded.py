"""Pairs that say the same in other words, which no run of words gives away."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from curate.check import Check
from curate.model import Finding, Pair
from curate.screen.duplicates import best_first, why_kept
from curate.screen.settings.duplicates import DuplicatesSettings
from likeness.metrics.embedding import Embedding
from likeness.metrics.questions import close_groups_of
from likeness.metrics.wording import Tongue, code_of, tongue_of

LENGTHS, NEAR = (50, 150), (0.33, 0.5)
"""Cosine of two answers' weighted words from which they say the same, by an answer's length: long ones share more by chance."""
SURELY, SHARED = 0.6, 3
"""Below this cosine, two answers that say the same have so many stems in common: not one rare word alone."""
STANDS_OUT, FIFTH = 1.4, 5
"""And it must be so many times that of the fifth nearest answer: where one subject fills a dataset, all are near."""
SAMPLED = 1_000
"""Beyond `EXACT` rows, the fourth of so many stands for the fifth."""
FEWEST = 5
"""Words with a content, below which an answer says nothing without its question."""
EXACT = 3_000
"""Up to so many pairs each is compared with each; beyond, with its neighbours in the reduced space."""
DIMENSIONS = 100
SAMPLE = 20_000
"""Rows from which the dimensions are learnt: more of them change little and cost minutes."""
BANDS, BITS = 32, 20
"""Two rows of cosine 0.95 in the reduced space share a bit with probability 1 - arccos(0.95)/pi = 0.90, so one of 32 bands of 20
bits with 1 - (1 - 0.90^20)^32 = 0.98 (Charikar 2002)."""
ANSWERS, QUESTIONS = 0.68, 0.65
"""Cosines of the embeddings of two answers and of two questions from which they say the same in quite other words."""
MOST_ALIKE = 20
"""Better rows with whose answers an answer is held, those first whose questions are nearest."""
NEIGHBOURS = 4
"""With how many better rows of its bucket a row is compared: enough for a group, and never quadratic."""


Places = npt.NDArray[np.int64]


def find_reworded(pairs: Sequence[Pair], action: Literal["flag", "drop"], meaning: Embedding | None = None) -> Iterable[Finding]:
    """Pairs that ask and answer what a better pair does, in other words; the better is the one that `duplicates` would keep.

    The score is the cosine of the answers' stems and of the groups of words that mean the same, weighted by TF-IDF: one question
    may be asked of one thing in many ways, and two questions in one way. Of many pairs latent semantic analysis (Deerwester et
    al. 1990) brings those with like words together, and random hyperplanes put them into buckets; only what shares a bucket is
    compared. A rewording that keeps no word is found only by a model of meaning, where one is installed, and is then a warning.

    Args:
        pairs: those to look at.
        action: what becomes of the worse of two.
        meaning: a model of meaning, where one is installed.
    """
    order = best_first(pairs)
    features = [_features(pairs[i]) for i in order]
    if not any(features):
        return
    weighted, stems = _weighted(features)
    needed = np.interp([len(pairs[i].response.split()) for i in order], LENGTHS, NEAR)
    better, worse = _all_near(weighted) if len(pairs) <= EXACT else _neighbours(_reduced(weighted))
    cosines = np.fromiter(_cosines(weighted, better, worse), dtype=np.float32, count=len(better))
    near = cosines >= np.maximum(needed[better], needed[worse])
    better, worse, cosines = better[near], worse[near], cosines[near]
    many = (cosines >= SURELY) | (_shared(weighted[:, stems], better, worse) >= SHARED)
    better, worse, cosines = better[many], worse[many], cosines[many]
    usual = _usual(weighted, np.unique(worse))
    nearest: dict[int, tuple[float, int]] = {}
    for cosine, one, other in zip(cosines.tolist(), better.tolist(), worse.tolist(), strict=True):
        if cosine >= STANDS_OUT * usual.get(other, 0.0):
            nearest[other] = max(nearest.get(other, (0.0, 0)), (float(cosine), -one))
    if meaning:
        yield from _same_in_meaning(pairs, order, nearest.keys(), meaning)
    for place, (cosine, minus_kept) in sorted(nearest.items()):
        kept, pair = pairs[order[-minus_kept]], pairs[order[place]]
        message = f"reworded: says in other words what {kept.id} says, the better one, as {why_kept(kept, pair)}"
        yield Finding(pair.id, "reworded", "drop" if action == "drop" else "warning", cosine, message, reason="reworded")


def _same_in_meaning(
    pairs: Sequence[Pair], order: Sequence[int], known: Collection[int], meaning: Embedding
) -> Iterator[Finding]:
    """Pairs whose questions and answers mean what those of a better pair do: answers are read where questions are near, for
    reading a long one takes ten times as long."""
    alike = _asked_alike(meaning.vectors([pairs[i].instruction for i in order]), known)
    places = sorted({*alike, *chain.from_iterable(each.tolist() for each in alike.values())})
    answers = dict(zip(places, meaning.vectors([pairs[order[place]].response for place in places]), strict=True))
    for place, better in alike.items():
        cosines = np.array([answers[each] @ answers[place] for each in better.tolist()])
        best = int(cosines.argmax())
        if cosines[best] >= ANSWERS:
            kept, pair, cosine = pairs[order[better[best]]], pairs[order[place]], float(cosines[best])
            message = f"reworded: means (meaning {cosine:.2f}) what {kept.id} says, the better one, as {why_kept(kept, pair)}"
            yield Finding(pair.id, "reworded", "warning", round(cosine, 2), message, reason="reworded")


def _asked_alike(questions: npt.NDArray[np.float32], known: Collection[int]) -> dict[int, Places]:
    """By row that is not known yet, the better rows whose questions are nearest to its own."""
    found: dict[int, Places] = {}
    for start in range(0, len(questions), 1_000):
        cosines = questions[start : start + 1_000] @ questions.T
        for place, row in enumerate(cosines, start):
            near = np.flatnonzero(row[:place] >= QUESTIONS)
            if len(near) and place not in known:
                found[place] = near[np.argsort(-row[near], kind="stable")[:MOST_ALIKE]]
    return found


def _weighted(features: list[list[str]]) -> tuple[Any, Places]:
    """TF-IDF, a sparse row of length 1 for each text, of zeros where it has no word; and which columns are stems."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True, max_features=100_000, dtype=np.float32)
    weighted = vectorizer.fit_transform(features)
    return weighted, np.flatnonzero([" " not in name for name in vectorizer.get_feature_names_out()])


def _features(pair: Pair) -> list[str]:
    """Stems and groups of the answer's words; of a brief answer those of its question as well."""
    tongue = tongue_of(pair.response[:400])
    found = [each for word in WORDS.findall(pair.response.casefold()) for each in _features_of(word, tongue)]
    if len(found) < FEWEST:
        found += [each for word in WORDS.findall(pair.instruction.casefold()) for each in _features_of(word, tongue)]
    return found


WORDS = re.compile(r"[^\W_]+")


@lru_cache(maxsize=200_000)
def _features_of(word: str, tongue: Tongue) -> tuple[str, ...]:
    code = code_of(word, tongue)
    if not code or code[0] in "¬~?":
        return ()
    return (code, *(f"{tongue} {group}" for group in sorted(close_groups_of(code, tongue))))


def _reduced(weighted: Any) -> npt.NDArray[np.float32]:
    """The rows in the few dimensions in which they differ most."""
    from sklearn.decomposition import TruncatedSVD

    rows, words = weighted.shape
    sample = np.random.default_rng(17).permutation(rows)[:SAMPLE]
    model = TruncatedSVD(min(DIMENSIONS, words), n_iter=2, random_state=17).fit(weighted[sample])
    return np.asarray(model.transform(weighted), dtype=np.float32)


def _usual(weighted: Any, rows: Places) -> dict[int, float]:
    """Of these rows, the cosine of the fifth nearest other, as a measure of how much is shared by chance."""
    count = weighted.shape[0]
    if count <= 2 * FIFTH:
        return {}
    many = count > EXACT
    beside = weighted[np.random.default_rng(17).permutation(count)[:SAMPLED]] if many else weighted
    place = -4 if many else -1 - FIFTH  # a row is nearest to itself
    found: dict[int, float] = {}
    for start in range(0, len(rows), 1_000):
        chunk = rows[start : start + 1_000]
        found.update(
            zip(
                chunk.tolist(),
                np.partition((weighted[chunk] @ beside.T).toarray(), place, axis=1)[:, place].tolist(),
                strict=True,
            )
        )
    return found


def _all_near(weighted: Any) -> tuple[Places, Places]:
    """Pairs of rows that are near, the better first."""
    better, worse = np.nonzero(np.triu((weighted @ weighted.T).toarray() >= min(NEAR), 1))
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


def _shared(weighted: Any, one: Places, other: Places) -> Places:
    """How many stems two rows share."""
    counts = [
        np.diff(weighted[one[start : start + 50_000]].multiply(weighted[other[start : start + 50_000]]).tocsr().indptr)
        for start in range(0, len(one), 50_000)
    ]
    return np.concatenate([np.zeros(0, dtype=np.int64), *counts]).astype(np.int64)


CHECK = Check(
    name="reworded",
    about="Pairs that say in other words what a better pair says.",
    scope="dataset",
    order=90,
    reasons={"reworded": "reworded"},
    find=lambda given: find_reworded(given.pairs, given.settings[DuplicatesSettings].reworded, given.meaning),
    settings=DuplicatesSettings,
    cure="the passages hold no more questions: lower `per_passage` of this kind, or add documents",
)
