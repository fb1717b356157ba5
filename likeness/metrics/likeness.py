"""Likeness: how far answers have come from a base model towards an author, with an interval. Plain texts in, numbers out.

0 is the base model with the system prompt, answering the same questions; 100 is the author's own writing, held out. In each of
four blocks of style features (`likeness.metrics.style`) the base and the author are two points, and the line between them is the
way to go. A text has come as far as its point lies along that line (its reach), less what it strays from the line beyond what the
author's own held-out documents stray. Points are rates standardised by the author's own spread between stretches, as in
Argamon's quadratic form of Burrows's Delta (2008, Literary and Linguistic Computing 23:2). All inner products are freed of the
part that chance adds to them (the trace of the means' covariance), so that few answers do not look far from everything.
Likeness is the mean over the blocks in which base and author differ by more than chance.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.metrics.style import BLOCKS, FORMAT, MOST_STRETCHES, STRETCH, Counted, StyleFeatures, stretches_of

Numbers = NDArray[np.float64]

FEWEST_WORDS = 1_500
"""Of the author: below this nothing is measured."""
FOLDS = 8
RESAMPLES = 400
SEED = 17
CARICATURE = 110.0
OVERDONE = 1.1
"""Times the author's way from the base, in most blocks: beyond it, and surely beyond all of the author's own, is overdone."""
LEAST_REACH = 0.3
"""Of the author's own held-out documents: below this a block tells base and author apart by chance only."""
RECOGNISED = 0.95
"""Share of the author's own samples that have to be told from every voice of the panel before a length counts as enough."""
SAMPLE_WORDS = (120, 240, 480, 960, 1920)


@dataclass(frozen=True)
class Block:
    """One block of features: likeness, how far along the line the answers are, and how far beside it, as shares of the line."""

    name: str
    likeness: float
    reach: float
    stray: float
    informative: bool
    """Whether base and author differ in it by more than chance; if not, it counts for nothing."""


@dataclass(frozen=True)
class Likeness:
    """How like the author some answers are. 0 = base with the system prompt, 100 = the author's own held-out writing.

    `low` and `high` bound the central 95 % of a bootstrap over questions and the author's documents. `value` is None where it
    cannot be measured, and `why_not` says the reason.
    """

    value: float | None
    low: float | None
    high: float | None
    words: int
    blocks: tuple[Block, ...] = ()
    why_not: str = ""
    reach: float | None = None
    """How far the answers have come from the base, as a share of the author's way: the median of the blocks."""
    reach_low: float | None = None
    own_reach: float | None = None
    """The same of that one of the author's held-out parts which reaches furthest."""
    repeats: tuple[float, ...] = field(default=(), repr=False)

    @property
    def is_caricature(self) -> bool:
        """Whether the answers overshoot the author: by more than a tenth, and surely by something.

        Overdone habits are no nearer to the author: they stray as well, and the likeness falls. So the reach is looked at too.
        """
        if self.value is None or self.low is None or self.reach is None or self.reach_low is None or self.own_reach is None:
            return False
        overdone = self.reach > OVERDONE and self.reach_low > max(1.0, self.own_reach)
        return overdone or (self.value > CARICATURE and self.low > 100)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = asdict(self) | {"caricature": self.is_caricature}
        told.pop("repeats")
        return told

    def __str__(self) -> str:
        if self.value is None:
            return f"not measured: {self.why_not}"
        told = f"{self.value:.0f} ({self.low:.0f} to {self.high:.0f})"
        return f"{told}, a caricature: its habits go {self.reach:.2f} times the author's way" if self.is_caricature else told


@dataclass(frozen=True)
class Enough:
    """Whether there is enough text to measure likeness with, said before anything is trained."""

    words: int
    """Of the author."""
    recognised_from: int | None
    """Words of a sample that tell the author from every voice of the panel in 95 of 100 cases; None: no length tried does."""
    shares: dict[int, float]
    """By words of a sample: the share told right."""

    @property
    def enough(self) -> bool:
        """Whether likeness says anything."""
        return self.words >= FEWEST_WORDS and self.recognised_from is not None

    def __str__(self) -> str:
        if self.words < FEWEST_WORDS:
            return f"too little text to measure likeness: {self.words:,} of the author's own words, {FEWEST_WORDS:,} are needed"
        if self.recognised_from is None:
            best = max(self.shares.values(), default=0.0)
            return f"{self.words:,} words of the author's own do not tell them from other authors (right in {best:.0%} at best)"
        return (
            f"{self.words:,} words of the author's own; answers of {self.recognised_from:,} words together are enough to tell "
            "them from other authors"
        )


class LikenessProfile:
    """An author's style as numbers: the counts of their text by stretches, and which document each is of. It holds no sentence.

    Args:
        features: what is counted.
        own: the author's stretches.
        documents: for each stretch the number of its document.
    """

    def __init__(self, features: StyleFeatures, own: Counted, documents: Sequence[int]) -> None:
        self.features = features
        self.own = own
        self.documents = np.asarray(documents, dtype=np.int64)

    @classmethod
    def of(cls, texts: Sequence[str]) -> LikenessProfile:
        """Learn an author from their own prose.

        Args:
            texts: one text a document.
        """
        pieces = [(number, piece) for number, text in enumerate(_joined(texts)) for piece in stretches_of(text)]
        pieces = pieces[:: max(1, -(-len(pieces) // MOST_STRETCHES))]
        features = StyleFeatures.of([piece for _, piece in pieces])
        return cls(features, features.count([piece for _, piece in pieces]), [number for number, _ in pieces])

    @property
    def words(self) -> int:
        """How many of the author's words it knows."""
        return self.own.words

    def to_json(self) -> str:
        """As JSON: numbers, the author's function words and letter triples with the topic masked."""
        return json.dumps(
            {
                "format": FORMAT,
                "words": self.words,
                "stretch": STRETCH,
                "kept": self.features.kept,
                "triples": self.features.triples,
                "documents": self.documents.tolist(),
                "counts": [_sparse(row) for row in self.own.counts],
                "sizes": self.own.sizes.astype(int).tolist(),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> LikenessProfile:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is of another format, or is not one.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("this author profile was written by another version; build the dataset again")
        features = StyleFeatures(tuple(data["kept"]), tuple(data["triples"]))
        counts = np.zeros((len(data["counts"]), len(features.names)))
        for row, held in zip(counts, data["counts"], strict=True):
            row[held[::2]] = held[1::2]
        sizes = np.array(data["sizes"], dtype=np.float64).reshape(-1, len(BLOCKS))
        return cls(features, Counted(counts, sizes), data["documents"])

    @cached_property
    def scale(self) -> Numbers:
        """The author's spread of each feature between stretches, never less than chance alone gives; shape (features,)."""
        rates = self.own.counts / np.maximum(self.own.sizes[:, self.features.block_of], 1)
        size = self.own.sizes.mean(axis=0)[self.features.block_of]
        total = self.own.sizes.sum(axis=0)[self.features.block_of]
        chance = np.sqrt((self.own.counts.sum(axis=0) + 1) / total / np.maximum(size, 1))
        scale: Numbers = np.maximum(rates.std(axis=0), chance)
        return scale

    @cached_property
    def folds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Stretches held out and the others, eight times: whole documents where there are as many, else runs of neighbours."""
        documents = np.unique(self.documents)
        folds = min(FOLDS, len(self.own))
        if len(documents) >= folds:
            fold_of = np.array([_fold(documents, each, folds) for each in self.documents])
        else:
            fold_of = np.arange(len(self.own)) * folds // max(1, len(self.own))
        rows = np.arange(len(self.own))
        return [(rows[fold_of == fold], rows[fold_of != fold]) for fold in range(folds)]

    def measure(self, answers: Sequence[str], base: Sequence[str], *, paired: bool = True) -> Likeness:
        """The likeness of answers.

        Args:
            answers: of the model that is measured.
            base: the base model's, with the system prompt.
            paired: whether answer and base answer at one position are to the same question.

        Raises:
            ValueError: paired texts are not equally many.
        """
        return self.measure_counted(self.features.count(answers), self.features.count(base), paired=paired)

    def measure_counted(self, answers: Counted, base: Counted, *, paired: bool = True) -> Likeness:
        """As `measure`, of texts that were counted before.

        Args:
            answers: counts of the answers.
            base: counts of the base's answers.
            paired: whether rows at one position answer the same question.

        Raises:
            ValueError: paired texts are not equally many.
        """
        if paired and len(answers) != len(base):
            raise ValueError(f"{len(answers)} answers stand beside {len(base)} of the base")
        if self.words < FEWEST_WORDS:
            return Likeness(None, None, None, answers.words, why_not=f"the author's own text has {self.words:,} words")
        if len(answers) < 3 or answers.words < STRETCH or base.words < STRETCH:
            return Likeness(None, None, None, answers.words, why_not=f"{len(answers)} answers have {answers.words:,} words")
        point = self._blocks(answers, base, paired)
        if not any(block.informative for block in point):
            why = "the base writes like the author already, as far as this much text can tell"
            return Likeness(None, None, None, answers.words, tuple(point), why)
        value = _mean(point, point)
        repeats, reaches = self._repeats(answers, base, paired, [block.informative for block in point])
        spread = np.quantile(repeats, [0.025, 0.975]) - np.median(repeats)
        reach = float(np.median([block.reach for block in point if block.informative]))
        return Likeness(
            round(value, 1),
            round(value + float(spread[0]), 1),
            round(value + float(spread[1]), 1),
            answers.words,
            tuple(point),
            reach=round(reach, 3),
            own_reach=round(self._own_reach(base, [block.informative for block in point]), 3),
            reach_low=round(reach + float(np.quantile(reaches, 0.025) - np.median(reaches)), 3),
            repeats=tuple(np.round(repeats - np.median(repeats) + value, 2).tolist()),
        )

    def _blocks(self, answers: Counted, base: Counted, paired: bool) -> list[Block]:
        """Reach and stray of each block."""
        author, x, b = (self._point(each) for each in (self.own, answers, base))
        shared = self._shared(x, b) if paired else np.zeros(len(BLOCKS))
        way, along, gone = self._products(author.mean, x.mean, b.mean)
        way, along, gone = _without_chance(way, along, gone, author, x, b, shared)
        noise = 4 * math.sqrt(2) * (author.chance + b.chance) / np.sqrt(np.bincount(self.features.block_of))
        own = self._own(b)
        own_reach, own_stray = (np.mean([fold[each] for fold in own], axis=0) for each in (0, 1))
        reach, stray, value = _scores(way, along, gone, own_reach, own_stray)
        informative = (way > noise) & (own_reach > LEAST_REACH)
        return [
            Block(name, *_rounded(value[block], reach[block], stray[block]), bool(informative[block]))
            for block, name in enumerate(BLOCKS)
        ]

    def _own_reach(self, base: Counted, informative: Sequence[bool]) -> float:
        """The furthest that one of the author's held-out parts reaches: what goes no further overdoes nothing."""
        return max(float(np.median(reach[np.array(informative)])) for reach, _ in self._own(self._point(base)))

    def _repeats(self, answers: Counted, base: Counted, paired: bool, informative: Sequence[bool]) -> tuple[Numbers, Numbers]:
        """Likeness and reach of bootstrap samples of questions, of the author's documents and of the folds, (RESAMPLES,) each."""
        random = np.random.default_rng(SEED)
        asked = _drawn(random, len(answers))
        of_base = asked if paired else _drawn(random, len(base))
        names, place = np.unique(self.documents, return_inverse=True)
        if len(names) < FOLDS:  # few documents: their stretches are drawn
            place = np.arange(len(self.own))
        documents = _drawn(random, int(place.max()) + 1)[:, place]
        author, x, b = (self._point(each) for each in (self.own, answers, base))
        shared = self._shared(x, b) if paired else np.zeros(len(BLOCKS))
        means = (self._means(self.own, documents), self._means(answers, asked), self._means(base, of_base))
        way, along, gone = self._products(*means)
        for _ in range(2):  # a sample of a sample holds chance twice
            way, along, gone = _without_chance(way, along, gone, author, x, b, shared)
        own = self._own(b)
        folds = random.integers(0, len(own), (RESAMPLES, len(own)))
        own_reach, own_stray = (np.array([fold[each] for fold in own])[folds].mean(axis=1) for each in (0, 1))
        line = _without_chance(*self._products(author.mean, x.mean, b.mean), author, x, b, shared)[0]
        way = np.maximum(way, line / 2)  # a way that a sample happens to make nearly nothing is none to divide by
        reach, _, value = _scores(way, along, gone, own_reach, own_stray)
        kept = np.array(informative)
        return value[:, kept].mean(axis=1), np.median(reach[:, kept], axis=1)

    def _means(self, counted: Counted, weights: Numbers) -> Numbers:
        """The standardised rates of texts that count as often as the weights say; shape (repeats, features)."""
        totals = np.maximum(weights @ counted.sizes, 1)[:, self.features.block_of]
        means: Numbers = weights @ counted.counts / totals / self.scale
        return means

    def _products(self, author: Numbers, x: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """By block: the squared way from base to author, how far the answers are along it, and how far from the base."""
        u, v = author - b, x - b
        return self._by_block(u * u), self._by_block(u * v), self._by_block(v * v)

    def _own(self, b: _Point) -> list[tuple[Numbers, Numbers]]:
        """Reach and stray of the author's own held-out documents, fold by fold: their mean is the 100, their spread its error."""
        found = []
        for held, rest in self.folds:
            author, x = self._point(self.own[rest]), self._point(self.own[held])
            way, along, gone = self._products(author.mean, x.mean, b.mean)
            way, along, gone = _without_chance(way, along, gone, author, x, b, np.zeros(len(BLOCKS)))
            reach = along / np.maximum(way, 1e-9)
            found.append((reach, np.sqrt(np.maximum(0.0, gone / np.maximum(way, 1e-9) - reach**2))))
        return found

    def _point(self, counted: Counted) -> _Point:
        """The standardised rates of texts together, and how much chance there is in each block's squared length."""
        blocks = self.features.block_of
        sizes = np.maximum(counted.sizes[:, blocks], 0)
        total = np.maximum(sizes.sum(axis=0), 1)
        mean = counted.counts.sum(axis=0) / total / self.scale
        number = len(counted)
        parts = (counted.counts / self.scale - sizes * mean) / total * math.sqrt(number / max(1, number - 1))
        return _Point(mean, parts, self._by_block((parts**2).sum(axis=0)))

    def _shared(self, one: _Point, other: _Point) -> Numbers:
        """What chance adds to both points alike, because they answer the same questions; shape (blocks,)."""
        return self._by_block((one.parts * other.parts).sum(axis=0))

    def _by_block(self, values: Numbers) -> Numbers:
        """Values of features added up; the last axis becomes the blocks."""
        starts = np.searchsorted(self.features.block_of, np.arange(len(BLOCKS)))
        sums: Numbers = np.add.reduceat(values, starts, axis=-1)
        return sums

    @cached_property
    def enough(self) -> Enough:
        """Whether there is enough text, found by trying: held-out samples of the author against a panel of other voices."""
        if self.words < FEWEST_WORDS:
            return Enough(self.words, None, {})
        random = np.random.default_rng(SEED)
        voices = [self._point(counted).mean for counted in self.panel.values()]
        shares: dict[int, float] = {}
        for words in SAMPLE_WORDS:
            pieces = max(1, round(words / STRETCH))
            right = tried = 0
            for held, rest in self.folds:
                author = self._point(self.own[rest]).mean
                for _ in range(40):
                    sample = self._point(self.own[random.choice(held, pieces)]).mean
                    own_distance = self._far(sample, author)
                    right += all(own_distance < self._far(sample, voice) for voice in voices)
                    tried += 1
            shares[words] = round(right / tried, 3)
        sure = [words for words, share in shares.items() if share >= RECOGNISED]
        return Enough(self.words, sure[0] if sure else None, shares)

    def nearest_voices(self, answers: Counted) -> dict[str, float]:
        """How far answers are from the author and from each voice of the panel: mean over the blocks, in the author's spread.

        Args:
            answers: the counts of the answers.
        """
        x = self._point(answers).mean
        found = {"the author": self._far(x, self._point(self.own).mean)}
        found |= {name: self._far(x, self._point(counted).mean) for name, counted in self.panel.items()}
        return dict(sorted(((name, round(far, 3)) for name, far in found.items()), key=lambda each: each[1]))

    def panel_likeness(self, base: Counted) -> dict[str, float]:
        """What every voice of the panel would score in place of the answers: what is no better than this is no likeness.

        Args:
            base: the counts of the base's answers.
        """
        found = {}
        for name, counted in self.panel.items():
            blocks = self._blocks(counted, base, False)
            if any(block.informative for block in blocks):
                found[name] = round(_mean(blocks, blocks), 1)
        return found

    @cached_property
    def panel(self) -> Mapping[str, Counted]:
        """The counts of other authors' prose: eight invented voices that come with the package."""
        lines = files("likeness.metrics").joinpath("panel.jsonl").read_text(encoding="utf-8").splitlines()
        voices = (json.loads(line) for line in lines)
        return {each["voice"]: self.features.count(stretches_of(each["text"], STRETCH // 2)) for each in voices}

    def _far(self, one: Numbers, other: Numbers) -> float:
        """Root of the mean squared difference, limited per feature, averaged over the blocks."""
        squared = np.minimum((one - other) ** 2, 16.0)
        return float(np.sqrt(np.bincount(self.features.block_of, squared) / np.bincount(self.features.block_of)).mean())


@dataclass(frozen=True)
class _Point:
    """Where texts are: standardised rates, each text's part in their spread, and the chance in each block's squared length."""

    mean: Numbers
    parts: Numbers
    chance: Numbers


def _drawn(random: np.random.Generator, number: int) -> Numbers:
    """How often each of so many is drawn, for every repeat; shape (RESAMPLES, number)."""
    return random.multinomial(number, np.full(number, 1 / number), RESAMPLES).astype(np.float64)


def _without_chance(
    way: Numbers, along: Numbers, gone: Numbers, author: _Point, x: _Point, b: _Point, shared: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Inner products without what chance adds to them; `shared` is chance that answers and base have in common."""
    return way - author.chance - b.chance, along - b.chance + shared, gone - x.chance - b.chance + 2 * shared


def _scores(
    way: Numbers, along: Numbers, gone: Numbers, own_reach: Numbers, own_stray: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Reach, stray and likeness by block.

    A reach counts as a share of the author's own: 1 from there to the author's mean, which is no caricature, more beyond both.
    """
    line = np.maximum(way, 1e-9)
    reach = along / line
    stray = np.sqrt(np.maximum(0.0, gone / line - reach**2))
    own = np.maximum(own_reach, LEAST_REACH)
    share = np.where(reach < own, reach / own, 1 + np.maximum(0.0, reach - np.maximum(own, 1.0)))
    return reach, stray, 100 * (share - np.maximum(0.0, stray - own_stray))


def _rounded(value: float, reach: float, stray: float) -> tuple[float, float, float]:
    return round(float(value), 4), round(float(reach), 4), round(float(stray), 4)


def _mean(blocks: Sequence[Block], chosen: Sequence[Block]) -> float:
    values = [block.likeness for block, choice in zip(blocks, chosen, strict=True) if choice.informative]
    return float(np.mean(values))


def _fold(documents: NDArray[np.int64], document: int, folds: int) -> int:
    return int(np.searchsorted(documents, document)) % folds


def _joined(texts: Sequence[str]) -> list[str]:
    """Short texts (messages, answers) with their neighbours, so that each is long enough to be cut into stretches."""
    joined: list[str] = []
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text.split())
        if size >= 2 * STRETCH:
            joined.append("\n\n".join(held))
            held, size = [], 0
    return [*joined, *(["\n\n".join(held)] if held else [])]


def _sparse(row: Numbers) -> list[int]:
    """The counts that are not 0, each behind its position."""
    places = np.flatnonzero(row)
    return [int(value) for place in places for value in (place, row[place])]
