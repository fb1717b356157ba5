"""The parts of a probe: a measure of base and tuned model with its uncertainty, and the answers and rows behind it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from likeness.metrics.likeness import LikenessProfile
from train.evaluate.answers import BASE, TUNED, Answer, Cell, Question
from train.evaluate.behind import Behind
from train.evaluate.engine import Model

RESAMPLES = 1000
SEED = 17
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Score:
    """A value with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def as_text(self, percent: bool) -> str:
        """The rounded value with its bounds."""
        if percent:
            return f"{self.value:.0%} ({self.low:.0%} to {self.high:.0%})"
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True, slots=True)
class Case:
    """An answer that is an example of a finding, and the rows that may have caused it: ids, each with a reason."""

    question: str
    asked: str
    tuned: str
    base: str = ""
    why: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of one probe.

    `base` and `tuned` are the scores of the two models. `change` is tuned minus base over the same questions, and `noise` is how
    much the tuned score varies between seeds. `alarm` is true if the fault was found. `finding` describes the result, and
    `skipped` says why there is none.
    """

    name: str
    measures: str
    unit: str = "share"
    better: str = "lower"
    base: Score | None = None
    tuned: Score | None = None
    change: Score | None = None
    noise: float | None = None
    alarm: bool = False
    finding: str = ""
    skipped: str = ""
    cases: list[Case] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TrainRow:
    """A training row. `own` is true if its answer is the author's own text."""

    id: str
    kind: str
    question: str
    response: str
    quote: str
    own: bool


@dataclass
class Material:
    """The data that probes use."""

    answers: list[Answer]
    questions: list[Question]
    rows: list[TrainRow]
    system_prompt: str
    profile: LikenessProfile | None
    model: Callable[[], Model]
    """Gives the model, which is loaded on the first call."""
    progress: Callable[[float, float], None] = lambda _done, _total: None
    held_out: list[TrainRow] = field(default_factory=list)
    """Rows of the same dataset that were not trained on."""

    @cached_property
    def by_cell(self) -> dict[Cell, dict[tuple[str, int], Answer]]:
        """Answers by cell, then by question and sample."""
        found: dict[Cell, dict[tuple[str, int], Answer]] = defaultdict(dict)
        for answer in self.answers:
            found[answer.cell][answer.id, answer.sample] = answer
        return found

    @cached_property
    def behind(self) -> Behind:
        """The index of rows, to look up those that may have caused an answer."""
        return Behind([(row.id, row.question, row.response) for row in self.rows])

    def pairs(self, kinds: Sequence[str] = (), one: Cell = BASE, other: Cell = TUNED) -> list[tuple[Answer, Answer]]:
        """Pairs of answers of two cells to the same questions and samples.

        Args:
            kinds: of the questions; all if None.
            one: the first cell, by default the base with the system prompt.
            other: the second cell, by default the same with the adapter.
        """
        first, second = self.by_cell.get(one, {}), self.by_cell.get(other, {})
        drawn = any(sample for _, sample in second)  # nobody uses a model greedily, and small models then loop
        keys = [key for key, answer in first.items() if key in second and (not kinds or answer.about in kinds)]
        keys = [key for key in keys if key[1] or not drawn]
        return [(first[key], second[key]) for key in sorted(keys)]

    def case(self, base: Answer | None, tuned: Answer, why: str) -> Case:
        """An answer with the rows behind it.

        Args:
            base: the base's answer to the same question, if there is one.
            tuned: the tuned model's answer.
            why: the reason why it is shown.
        """
        rows = self.behind.rows(tuned.question, tuned.answer)
        return Case(tuned.id, tuned.question, tuned.answer, base.answer if base else "", why, rows)


def share(hits: Sequence[bool] | Sequence[float]) -> Score:
    """A share with Wilson's interval (1927), which is valid for few cases, too.

    Args:
        hits: whether each case is a hit.
    """
    n = len(hits)
    if not n:
        return Score(0.0, 0.0, 1.0)
    p, z = sum(map(float, hits)) / n, 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Score(round(p, 4), round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4))


def mean(values: Sequence[float]) -> Score:
    """A mean with a bootstrap interval.

    Args:
        values: one number for each case.
    """
    if not len(values):
        return Score(0.0, 0.0, 0.0)
    data = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(SEED)
    means = data[random.integers(0, len(data), (RESAMPLES, len(data)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Score(round(float(data.mean()), 4), round(float(low), 4), round(float(high), 4))


def change(base: Sequence[float], tuned: Sequence[float], groups: Sequence[str]) -> Score:
    """Tuned minus base over the same cases, with a bootstrap interval over questions; samples of one question are averaged.

    Args:
        base: one number for each case.
        tuned: one number for each case.
        groups: the question of each case.
    """
    by_question: dict[str, list[float]] = defaultdict(list)
    for one, other, group in zip(base, tuned, groups, strict=True):
        by_question[group].append(float(other) - float(one))
    return mean([sum(values) / len(values) for values in by_question.values()])


def noise(tuned: Sequence[tuple[int, float]]) -> float | None:
    """The noise floor: the mean distance of one seed's score from the score of all seeds; None if there is only one seed.

    Args:
        tuned: sample and value of each case.
    """
    by_sample: dict[int, list[float]] = defaultdict(list)
    for sample, value in tuned:
        by_sample[sample].append(float(value))
    if len(by_sample) < 2:
        return None
    scores = [sum(values) / len(values) for values in by_sample.values()]
    middle = sum(scores) / len(scores)
    return round(sum(abs(score - middle) for score in scores) / len(scores), 4)


@dataclass(frozen=True)
class Found:
    """A yes-or-no measure in two cells. `hits` and `misses` are pairs of answers (base's, tuned's), by the tuned result."""

    number: int
    base: Score
    tuned: Score
    change: Score
    noise: float | None
    hits: list[tuple[Answer, Answer]]
    misses: list[tuple[Answer, Answer]]

    @property
    def scores(self) -> dict[str, Any]:
        """The scores as arguments of a Probe."""
        return {"base": self.base, "tuned": self.tuned, "change": self.change, "noise": self.noise}


def of_answers(
    material: Material,
    kinds: Sequence[str],
    is_so: Callable[[Answer], bool],
    cells: tuple[Cell, Cell] = (BASE, TUNED),
) -> Found:
    """A yes-or-no measure of the base's and the tuned model's answers.

    Args:
        material: the answers.
        kinds: of the questions to measure.
        is_so: the measure.
        cells: the two cells to compare.
    """
    pairs = material.pairs(kinds, *cells)
    base = [is_so(one) for one, _ in pairs]
    tuned = [is_so(other) for _, other in pairs]
    return Found(
        number=len(pairs),
        base=share(_by_question(pairs, base)),
        tuned=share(_by_question(pairs, tuned)),
        change=change(base, tuned, [one.id for one, _ in pairs]),
        noise=noise([(other.sample, so) for (_, other), so in zip(pairs, tuned, strict=True)]),
        hits=[pair for pair, so in zip(pairs, tuned, strict=True) if so],
        misses=[pair for pair, so in zip(pairs, tuned, strict=True) if not so],
    )


def _by_question(pairs: Sequence[tuple[Answer, Answer]], values: Sequence[bool]) -> list[float]:
    """One value for each question, the mean of its samples, because samples of one question are not independent."""
    found: dict[str, list[bool]] = defaultdict(list)
    for (one, _), value in zip(pairs, values, strict=True):
        found[one.id].append(value)
    return [sum(each) / len(each) for each in found.values()]


def shown(cases: Iterator[Case]) -> list[Case]:
    """The first few cases, at most one for each question."""
    found: dict[str, Case] = {}
    for case in cases:
        found.setdefault(case.question, case)
        if len(found) == MOST_SHOWN:
            break
    return list(found.values())
