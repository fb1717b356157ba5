"""How far a text's style is from an author's, against how far the author's own text strays from it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.metrics.text import count_words, words_of

Numbers = NDArray[np.float64]

LENGTHS = (30, 60, 120, 240, 480)
"""Words of the windows that the author's own spread is measured on: the shorter a text, the farther it strays."""

FOLDS = 5

COMMON_WORDS = 100

MEASURES = 5
LONG = 240
"""Words from which windows stray in ways of their own: a letter among essays."""
MARKS = ',;:.!?–-()"&…'
SENTENCE_END = re.compile(r"[.!?…](?=\s)")  # the last sign of a run
BATCH = 5_000
"""Responses measured at once: bounds memory."""


class Style:
    """What is measured of a text against an author's: five numbers, none of them about what the text says.

    Distance of its letter triples (TF-IDF, cosine) from those of the author; mean letters of a word; share of its words that
    are among the author's hundred commonest; words of a sentence (logarithm); how far the rates of its marks, and of capitals,
    are from the author's. The second and third catch flat prose, whose triples lie near anybody's.
    """

    def __init__(self, author: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.triples = TfidfVectorizer(
            analyzer="char", ngram_range=(3, 3), max_features=3000, sublinear_tf=True, dtype=np.float32
        )
        centre = np.asarray(self.triples.fit_transform(author).mean(axis=0)).ravel()
        self.centre = centre / np.linalg.norm(centre)
        self.common = frozenset(common_words(author))
        self.marks = np.mean([mark_rates(text) for text in author], axis=0)

    def measure(self, texts: Sequence[str]) -> Numbers:
        """Shape (texts, 5), in the order above."""
        rows = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            near = self.triples.transform(batch) @ self.centre
            for text, cosine in zip(batch, near, strict=True):
                words = words_of(text) or [""]
                letters = sum(map(len, words)) / len(words)
                sentences = len(SENTENCE_END.findall(text)) + 1
                marks = float(np.abs(mark_rates(text) - self.marks).sum())
                common = sum(word in self.common for word in words) / len(words)
                rows.append((1 - cosine, letters, common, math.log(len(words) / sentences), marks))
        return np.array(rows, dtype=np.float64).reshape(-1, MEASURES)


class Voice:
    """An author's style and its own spread. Made by `voice_of`.

    Every window of the author's is measured by a style learnt from the others, at several lengths. What is usual at a
    length is the median and the spread (1.4826 times the median absolute deviation) of these; a text's five measures,
    so standardised, make one distance with the author's own covariance (Mahalanobis 1936).
    """

    def __init__(self, pieces: Sequence[str], lengths: tuple[int, ...] = LENGTHS) -> None:
        self.lengths = lengths
        self.style = Style([text for piece in pieces for text in cut_words(piece, 120)])
        measured: dict[int, list[Numbers]] = {length: [] for length in lengths}
        edges = [len(pieces) * fold // FOLDS for fold in range(FOLDS + 1)]
        for start, end in zip(edges, edges[1:], strict=False):  # neighbours together: other matter than what is learnt from
            learnt = Style([text for piece in [*pieces[:start], *pieces[end:]] for text in cut_words(piece, 120)])
            for length in lengths:
                measured[length].append(
                    learnt.measure([text for piece in pieces[start:end] for text in cut_words(piece, length)])
                )
        own = [np.vstack(measured[length]) for length in lengths]
        self.middle = np.array([np.median(each, axis=0) for each in own])
        self.spread = np.array([1.4826 * np.median(abs(each - np.median(each, axis=0)), axis=0) + 1e-6 for each in own])
        repeated = np.repeat(lengths, [len(each) for each in own])
        usual = self._standard(np.vstack(own), repeated)
        self.inverse = np.linalg.inv(np.cov(usual.T) + 0.05 * np.eye(MEASURES))
        distances = self._distance(usual)
        self.own = np.sort(distances)
        self.own_of_length = [np.sort(distances[repeated == length]) for length in lengths]

    def percentiles(self, texts: Sequence[str]) -> Numbers:
        """For each text the share, in [0, 1], of the author's own windows that are nearer to their style.

        0.5 is an ordinary window of theirs; NaN stands for a text of fewer than 30 words, of which nothing can be said.
        """
        distances = self._measured(texts)
        shares: Numbers = np.searchsorted(self.own, distances).astype(np.float64) / len(self.own)
        lengths = np.array([count_words(text) for text in texts], dtype=np.int64)
        # A long window strays in other ways than a short one: a text is far if it is so among those of about its length as well.
        nearest = abs(np.log(np.maximum(lengths, 1))[:, None] - np.log(self.lengths)).argmin(axis=1)
        for at, own in enumerate(self.own_of_length):
            like = (nearest == at) & (self.lengths[at] >= LONG)
            shares[like] = np.minimum(shares[like], np.searchsorted(own, distances[like]) / len(own))
        shares[np.isnan(distances)] = np.nan
        return shares

    def distances(self, texts: Sequence[str]) -> list[float | None]:
        """For each text its distance from the author's style, where 1 is the median of their own windows.

        Shares stop at 1 where no window of theirs is as far; distances go on. None stands for a text of fewer than 30 words.
        """
        usual = float(np.median(self.own))
        return [None if np.isnan(each) else float(each) / usual for each in self._measured(texts)]

    def _measured(self, texts: Sequence[str]) -> Numbers:
        if not texts:
            return np.zeros(0)
        lengths = np.array([count_words(text) for text in texts])
        # A longer text is measured on its first window of the longest kind, which is all that its spread is known of.
        clipped = [
            text if n <= self.lengths[-1] else next(cut_words(text, self.lengths[-1]))
            for text, n in zip(texts, lengths, strict=True)
        ]
        distances = self._distance(self._standard(self.style.measure(clipped), lengths))
        distances[lengths < LENGTHS[0]] = np.nan
        return distances

    def _standard(self, measured: Numbers, lengths: NDArray[np.int64]) -> Numbers:
        at, known = np.log(np.maximum(lengths, 1)), np.log(self.lengths)
        middle = np.array([np.interp(at, known, column) for column in self.middle.T]).T
        spread = np.array([np.interp(at, known, column) for column in self.spread.T]).T
        standard: Numbers = (measured - middle) / spread
        return standard

    def _distance(self, standard: Numbers) -> Numbers:
        distances: Numbers = np.sqrt(np.einsum("ij,jk,ik->i", standard, self.inverse, standard))
        return distances


def burrows_delta(author: Sequence[str], others: Sequence[str]) -> tuple[float | None, float]:
    """Burrows's Delta of other samples against an author's, and of the author's own against each other: medians.

    Delta is the mean absolute z-score of the rates of the author's hundred commonest words (Burrows 2002, Literary and
    Linguistic Computing 17:3), standardised by the author's samples. Samples are of like length. On a single response it
    is mostly noise (it found none of 25 flat ones that `find_voice` found), so it is given for the whole only.
    """
    common = common_words(author)
    rates, other_rates = _rates(author, common), _rates(others, common)
    own = []
    for i in range(len(rates)):
        rest = np.delete(rates, i, axis=0)
        own.append(np.mean(abs(rates[i] - rest.mean(axis=0)) / (rest.std(axis=0, ddof=1) + 1e-6)))
    z = abs(other_rates - rates.mean(axis=0)) / (rates.std(axis=0, ddof=1) + 1e-6)
    return (_rounded(np.median(z.mean(axis=1))) if len(others) else None), _rounded(np.median(own))


def common_words(texts: Iterable[str]) -> list[str]:
    """The hundred commonest words: in running prose, the function words of whatever language it is."""
    return [word for word, _ in Counter(word for text in texts for word in words_of(text)).most_common(COMMON_WORDS)]


def mark_rates(text: str) -> Numbers:
    """How many of each mark, and capitals, a text has for a word: square roots, so that rare ones count (Hellinger)."""
    plain = text.replace("—", "–").replace(" - ", " – ").replace("“", '"').replace("”", '"').replace("„", '"')
    plain = plain.replace("«", '"').replace("»", '"')
    counts = [plain.count(mark) for mark in MARKS] + [sum(map(str.isupper, plain))]
    return np.sqrt(np.array(counts, dtype=np.float64) / max(1, len(plain.split())))


def cut_words(text: str, words: int) -> Iterator[str]:
    """Whole windows of so many words."""
    running = text.split()
    return (" ".join(running[start : start + words]) for start in range(0, len(running) - words + 1, words))


def _rates(texts: Sequence[str], words: Sequence[str]) -> Numbers:
    counts = [Counter(words_of(text)) for text in texts]
    rates = [[count[word] / count.total() for word in words] for count in counts]
    return np.array(rates, dtype=np.float64).reshape(-1, len(words))


def _rounded(value: Any) -> float:
    return round(float(value), 4)
