"""How far a response's style lies from the author's, against how far the author's own stretches lie from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.model import Finding, Pair
from curate.screen.broken import READY
from curate.screen.sources import SourceTexts
from curate.words import stretches_of, words_of

Numbers = NDArray[np.float64]

LENGTHS = (30, 60, 120, 240, 480)
"""Words of the stretches that the author's own spread is measured on: the shorter a text, the farther it strays."""

FEWEST_PIECES = 10
"""Fewer stretches of 480 words say too little about how far an author strays."""

MOST_PIECES = 400
"""Of more, as many are taken, evenly spread: 192,000 words say all there is to say."""

FOLDS = 5
COMMON_WORDS = 100
SAMPLE_WORDS = 480
MOST_RESPONSES = 2_000
"""Responses, evenly spread, that samples for Delta are cut from."""

BATCH = 5_000
"""Responses measured at once: bounds memory."""


class Style:
    """What is measured of a text against an author's: three numbers, none of them about what the text says.

    Distance of its letter triples (TF-IDF, cosine) from those of the author; mean letters of a word; share of its words that
    are among the author's hundred commonest. The last two catch flat prose, whose triples lie near anybody's.
    """

    def __init__(self, author: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.triples = TfidfVectorizer(
            analyzer="char", ngram_range=(3, 3), max_features=3000, sublinear_tf=True, dtype=np.float32
        )
        centre = np.asarray(self.triples.fit_transform(author).mean(axis=0)).ravel()
        self.centre = centre / np.linalg.norm(centre)
        self.common = frozenset(common_words(author))

    def measure(self, texts: Sequence[str]) -> Numbers:
        """Shape (texts, 3), in the order above."""
        rows = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            near = self.triples.transform(batch) @ self.centre
            for text, cosine in zip(batch, near, strict=True):
                words = words_of(text) or [""]
                letters = sum(map(len, words)) / len(words)
                rows.append((1 - cosine, letters, sum(word in self.common for word in words) / len(words)))
        return np.array(rows, dtype=np.float64).reshape(-1, 3)


class Voice:
    """An author's style and its own spread. Made by `voice_of`.

    Every stretch of the author's is measured by a style learnt from the others, at several lengths. What is usual at a
    length is the median and the spread (1.4826 times the median absolute deviation) of these; a text's three measures,
    so standardised, make one distance with the author's own covariance (Mahalanobis 1936).
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.style = Style([text for piece in pieces for text in cut_words(piece, 120)])
        measured: dict[int, list[Numbers]] = {length: [] for length in LENGTHS}
        edges = [len(pieces) * fold // FOLDS for fold in range(FOLDS + 1)]
        for start, end in zip(edges, edges[1:], strict=False):  # neighbours together: other matter than what is learnt from
            learnt = Style([text for piece in [*pieces[:start], *pieces[end:]] for text in cut_words(piece, 120)])
            for length in LENGTHS:
                measured[length].append(
                    learnt.measure([text for piece in pieces[start:end] for text in cut_words(piece, length)])
                )
        own = [np.vstack(measured[length]) for length in LENGTHS]
        self.middle = np.array([np.median(each, axis=0) for each in own])
        self.spread = np.array([1.4826 * np.median(abs(each - np.median(each, axis=0)), axis=0) + 1e-6 for each in own])
        lengths = np.repeat(LENGTHS, [len(each) for each in own])
        usual = self._standard(np.vstack(own), lengths)
        self.inverse = np.linalg.inv(np.cov(usual.T) + 0.05 * np.eye(3))
        self.own = np.sort(self._distance(usual))

    def percentiles(self, texts: Sequence[str]) -> Numbers:
        """For each text the share, in [0, 1], of the author's own stretches that lie nearer to their style.

        0.5 is an ordinary stretch of theirs; NaN stands for a text of fewer than 30 words, of which nothing can be said.
        """
        if not texts:
            return np.zeros(0)
        lengths = np.array([len(text.split()) for text in texts])
        # A longer text is measured on its first stretch of the longest kind, which is all that its spread is known of.
        clipped = [
            text if n <= LENGTHS[-1] else next(cut_words(text, LENGTHS[-1])) for text, n in zip(texts, lengths, strict=True)
        ]
        distances = self._distance(self._standard(self.style.measure(clipped), lengths))
        shares: Numbers = np.searchsorted(self.own, distances).astype(np.float64) / len(self.own)
        shares[lengths < LENGTHS[0]] = np.nan
        return shares

    def _standard(self, measured: Numbers, lengths: NDArray[np.int64]) -> Numbers:
        at, known = np.log(np.maximum(lengths, 1)), np.log(LENGTHS)
        middle = np.array([np.interp(at, known, column) for column in self.middle.T]).T
        spread = np.array([np.interp(at, known, column) for column in self.spread.T]).T
        standard: Numbers = (measured - middle) / spread
        return standard

    def _distance(self, standard: Numbers) -> Numbers:
        distances: Numbers = np.sqrt(np.einsum("ij,jk,ik->i", standard, self.inverse, standard))
        return distances


def voice_of(sources: SourceTexts) -> Voice | None:
    """The voice of the documents' author; None where there are fewer than about 4,800 words to know it by."""
    return _learnt(tuple(document.text for document in sources.documents.values()))


@lru_cache(maxsize=1)
def _learnt(texts: tuple[str, ...]) -> Voice | None:
    pieces = list(stretches_of(texts, LENGTHS[-1]))
    if len(pieces) < FEWEST_PIECES:
        return None
    return Voice(pieces[:: -(-len(pieces) // MOST_PIECES)])


def find_voice(pairs: Sequence[Pair], farther_than: float, sources: SourceTexts) -> Iterable[Finding]:
    """Generated pairs whose response lies farther from the author's writing than a share of the author's own stretches.

    The score is that share, in [0, 1]. Where the sources are too few to know the author by, nothing is found.
    """
    voice = voice_of(sources)
    written = [pair for pair in pairs if pair.kind not in READY]
    if voice is None or not written:
        return
    for pair, share in zip(written, voice.percentiles([pair.response for pair in written]), strict=True):
        if share > farther_than:  # NaN is not
            yield Finding(
                pair.id,
                "voice",
                "warning",
                round(float(share), 4),
                f"not your voice: farther from your writing than {_so_many(share)} of this length",
            )


def _so_many(share: float) -> str:
    return "any stretch of your own" if share == 1 else f"{int(share * 1000) / 10:g} % of your own stretches"


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """How near a dataset's generated responses lie to the author's voice."""

    judged: int
    """Generated responses of 30 words and more; 0 where the sources are too few to judge by, and `note` says so."""
    median: float | None
    """Of the responses' percentiles: 0.5 is as near as the author's own."""
    beyond_95: float | None
    """Share of responses farther than 95 % of the author's own stretches; 0.05 is as near as the author's own."""
    delta: float | None
    """Burrows's Delta (2002) of the responses, taken together: median over samples of 480 words."""
    delta_own: float | None
    """The same of the author's own samples, each against the others."""
    note: str = ""
    tenths: tuple[int, ...] = ()
    """Responses whose percentile lies in each tenth; the author's own stretches would fill all ten alike."""

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def voice_report(pairs: Sequence[Pair], sources: SourceTexts) -> VoiceReport:
    """The voice of a whole dataset; responses that people wrote are left out."""
    responses = [pair.response for pair in pairs if pair.kind not in READY]
    voice = voice_of(sources)
    if voice is None:
        words = sum(len(document.text.split()) for document in sources.documents.values())
        note = f"not judged: your documents have {words:,} words, and a voice is known by 5,000 and more"
        return VoiceReport(0, None, None, None, None, note)
    shares = voice.percentiles(responses)
    shares = shares[~np.isnan(shares)]
    if not len(shares):
        return VoiceReport(0, None, None, None, None, "not judged: no generated response has 30 words and more")
    some = responses[:: max(1, len(responses) // MOST_RESPONSES)]
    author = list(stretches_of((document.text for document in sources.documents.values()), SAMPLE_WORDS))[:MOST_PIECES]
    delta, delta_own = burrows_delta(author, list(stretches_of(some, SAMPLE_WORDS))[:MOST_PIECES])
    tenths = tuple(int(count) for count in np.histogram(shares, bins=10, range=(0, 1))[0])
    beyond = _rounded(np.mean(shares > 0.95))
    return VoiceReport(len(shares), _rounded(np.median(shares)), beyond, delta, delta_own, tenths=tenths)


def burrows_delta(author: Sequence[str], others: Sequence[str]) -> tuple[float | None, float]:
    """Burrows's Delta of other samples against an author's, and of the author's own against each other: medians.

    Delta is the mean absolute z-score of the rates of the author's hundred commonest words (Burrows 2002, Literary and
    Linguistic Computing 17:3), standardised by the author's samples. Samples are of like length. On a single response it
    is mostly noise (it found none of 25 flat ones that `find_voice` found), so it is told of the whole only.
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


def cut_words(text: str, words: int) -> Iterator[str]:
    """Whole stretches of so many words."""
    running = text.split()
    return (" ".join(running[start : start + words]) for start in range(0, len(running) - words + 1, words))


def _rates(texts: Sequence[str], words: Sequence[str]) -> Numbers:
    counts = [Counter(words_of(text)) for text in texts]
    rates = [[count[word] / count.total() for word in words] for count in counts]
    return np.array(rates, dtype=np.float64).reshape(-1, len(words))


def _rounded(value: Any) -> float:
    return round(float(value), 4)
