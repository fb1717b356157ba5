"""What the controlled answers sound like: whether they end, whether they loop, how near to the author they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from likeness.metrics.degenerate import loops

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Nearness:
    """How far answers are from the author's style, where 1 is how far the author's own text usually is.

    Args:
        base: median distance of the base's answers, with the same system prompt.
        tuned: of the tuned model's.
        own: of the author's writing that was held out of training; None where there is none.
        gain: mean over questions of how much nearer the tuned model's answer is than the base's.
        interval: 95 % bootstrap interval of that mean.
        questions: those whose two answers have words enough to be measured.
    """

    base: float
    tuned: float
    own: float | None
    gain: float
    interval: tuple[float, float]
    questions: int

    def __str__(self) -> str:
        low, high = self.interval
        told = f"style distance {self.base:.2f} -> {self.tuned:.2f}"
        told += f" (the author's own held-out writing {self.own:.2f})" if self.own is not None else ""
        return f"{told}, nearer by {self.gain:.2f} [{low:.2f}, {high:.2f}]"


@dataclass(frozen=True, slots=True)
class Heard:
    """Counts over the controlled questions; `looping` and `greedy_looping` name those whose answer loops."""

    questions: int
    stopped: int
    looping: list[str]
    greedy_looping: list[str]
    base_looping: list[str]
    nearness: Nearness | None

    def as_dict(self) -> dict[str, Any]:
        """For the manifest and the report."""
        return asdict(self)

    def __str__(self) -> str:
        told = f"{self.questions} controlled questions, {self.stopped} answers ended by themselves"
        told += f", {len(self.looping)} loop" if self.looping else ""
        return f"{told}; {self.nearness}" if self.nearness else told


def hear(answers: Sequence[dict[str, Any]], writing: tuple[list[str], list[str]]) -> Heard:
    """Measure the answers.

    Args:
        answers: rows of `answer_control`.
        writing: the author's own, trained on and held out.
    """

    def looping(column: str) -> list[str]:
        return [answer["id"] for answer in answers if loops(answer[column])]

    return Heard(
        questions=len(answers),
        stopped=sum(answer["tuned_stopped"] for answer in answers),
        looping=looping("tuned"),
        greedy_looping=looping("tuned_greedy"),
        base_looping=looping("base"),
        nearness=_nearness(answers, *writing),
    )


def own_writing(dataset: Path) -> tuple[list[str], list[str]]:
    """The author's own prose in a dataset, trained on and held out: the answers of rows that the author wrote."""
    import pyarrow.parquet as pq

    from likeness.kinds import KINDS

    written = {kind.name for kind in KINDS.values() if kind.wrote == "author"}
    found: list[list[str]] = []
    for split in ("train", "validation"):
        path = dataset / "sft" / f"{split}.parquet"
        rows = pq.read_table(path).to_pylist() if path.is_file() else []
        found.append([row["completion"][-1]["content"] for row in rows if row.get("kind") in written])
    return found[0], found[1]


def _nearness(answers: Sequence[dict[str, Any]], learnt: list[str], held_out: list[str]) -> Nearness | None:
    """None where there is too little of the author's writing, or too few answers, to say anything."""
    import numpy as np

    from likeness.metrics.author import AuthorProfile

    voice = AuthorProfile(learnt).voice
    if voice is None:
        return None
    base, tuned = (voice.distances([answer[whose] for answer in answers]) for whose in ("base", "tuned"))
    pairs = [(one, other) for one, other in zip(base, tuned, strict=True) if one is not None and other is not None]
    if len(pairs) < 5:
        return None
    gains = [one - other for one, other in pairs]
    drawn = np.random.default_rng(17).choice(gains, size=(RESAMPLES, len(gains))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    own = [distance for distance in voice.distances(held_out) if distance is not None]
    return Nearness(
        base=round(median(one for one, _ in pairs), 3),
        tuned=round(median(other for _, other in pairs), 3),
        own=round(median(own), 3) if own else None,
        gain=round(float(np.mean(gains)), 3),
        interval=(round(float(low), 3), round(float(high), 3)),
        questions=len(pairs),
    )
