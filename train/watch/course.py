"""A training as it went: the losses of its steps, and what each evaluation saw; read back from the trainer's own history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

PREFIX = "eval_"
"""What the trainer's history puts before the figures of an evaluation."""
FAULTS = ("empty", "loop", "cut", "garbage")


@dataclass(frozen=True, slots=True)
class Point:
    """An evaluation. Losses are nats a token; counts are of answers, of rows that were begun, and of tokens."""

    step: int
    loss: float | None = None
    """On held-out rows; None where none are held out."""
    general: float = 0.0
    """Loss on general answers."""
    general_low: float = 0.0
    """The least by which it has risen, as far as a few answers can tell."""
    likeness: float | None = None
    likeness_low: float | None = None
    likeness_high: float | None = None
    asked: int = 0
    empty: int = 0
    loop: int = 0
    cut: int = 0
    garbage: int = 0
    off_topic: int = 0
    echoed: int = 0
    begun: int = 0
    by_heart: int = 0
    longest_run: int = 0
    broken_rows: int = 0
    """Of the rows trained on: those whose own answers go round in a loop or say nothing."""

    @property
    def broken(self) -> int:
        """Answers with a fault."""
        return sum(getattr(self, fault) for fault in FAULTS)

    @property
    def faults(self) -> dict[str, int]:
        """Answers by fault, the most frequent first."""
        found = {fault: getattr(self, fault) for fault in FAULTS if getattr(self, fault)}
        return dict(sorted(found.items(), key=lambda each: -each[1]))

    def as_metrics(self) -> dict[str, float]:
        """For the trainer's history, which takes numbers alone."""
        names = [field.name for field in fields(self) if field.name not in ("step", "loss")]
        return {f"{PREFIX}{name}": getattr(self, name) for name in names if getattr(self, name) is not None}

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Point:
        """Read what `as_metrics` wrote, beside the trainer's own figures.

        Args:
            entry: of the trainer's history.
        """
        names = [field.name for field in fields(cls) if field.name != "step"]
        found = {name: entry[f"{PREFIX}{name}"] for name in names if f"{PREFIX}{name}" in entry}
        return cls(int(entry.get("step", 0)), **found)


@dataclass(frozen=True, slots=True)
class Course:
    """How a training went.

    Args:
        before: what was seen before the first step.
        points: what each evaluation saw.
        losses: step and loss on the rows of the steps up to it.
        steps_per_epoch: optimizer steps.
    """

    before: Point
    points: tuple[Point, ...] = ()
    losses: tuple[tuple[int, float], ...] = ()
    steps_per_epoch: int = 1

    @classmethod
    def of(cls, before: Point, history: Iterable[Mapping[str, Any]], steps_per_epoch: int) -> Course:
        """The course that a trainer's history tells.

        Args:
            before: what was seen before the first step.
            history: the trainer's `log_history`.
            steps_per_epoch: optimizer steps.
        """
        entries = list(history)
        points = tuple(Point.of(entry) for entry in entries if f"{PREFIX}general" in entry)
        losses = tuple((int(entry["step"]), float(entry["loss"])) for entry in entries if "loss" in entry)
        return cls(before, points, losses, steps_per_epoch)

    @property
    def last(self) -> Point:
        """The newest evaluation."""
        return self.points[-1] if self.points else self.before

    def loss_at(self, step: int) -> float | None:
        """The loss on the rows just before a step.

        Args:
            step: the step.
        """
        return next((loss for at, loss in reversed(self.losses) if at <= step), None)

    def ends(self) -> tuple[float, float] | None:
        """The loss on the rows at the beginning and at the end: means of a fifth of the logged ones each."""
        if len(self.losses) < 2:
            return None
        some = max(1, len(self.losses) // 5)
        return _mean([loss for _, loss in self.losses[:some]]), _mean([loss for _, loss in self.losses[-some:]])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
