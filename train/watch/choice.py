"""Which checkpoint is kept: by what leaks and what breaks, then by likeness, then by held-out loss with what is forgotten.

The lowest held-out loss is not the best model: by then it may say rows by heart, or have forgotten what the base knew. So a
checkpoint whose answers neither leak rows nor break comes first; of equals one that is not less like the author than another, as
far as a few answers can tell; and among those the lowest cost decides: held-out loss, and what the loss on general answers rose
beyond what is allowed, nat for nat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from train.evaluate.forgetting import WORSE
from train.evaluate.memorised import LONGEST, MOST_BY_HEART
from train.evaluate.probe import share
from train.watch.course import Point

MOST_BROKEN = 0.1
"""Share of answers."""


def forgotten(point: Point, before: Point) -> float:
    """By how many nats a token the loss on general answers rose."""
    return point.general - before.general


def leaks(point: Point, before: Point) -> bool:
    """Whether rows are said by heart, and were not before, by more than chance explains."""
    if point.longest_run >= LONGEST > before.longest_run:
        return True
    return _least(point.by_heart, point.begun) > max(MOST_BY_HEART, _share(before.by_heart, before.begun))


def breaks(point: Point, before: Point) -> bool:
    """Whether more answers are broken than before, by more than chance explains."""
    return _least(point.broken, point.asked) > max(MOST_BROKEN, _share(before.broken, before.asked))


def harm(point: Point, before: Point) -> int:
    """How many faults the answers of a checkpoint have."""
    return leaks(point, before) + breaks(point, before)


def cost(point: Point, before: Point) -> float:
    """Held-out loss, and what was forgotten beyond what is allowed, both in nats a token."""
    found = (point.loss or 0.0) + max(0.0, forgotten(point, before) - WORSE)
    return found if math.isfinite(found) else math.inf


def choose(points: Sequence[Point], before: Point) -> list[Point]:
    """The checkpoints that were the best when they were made, in their order; the last is the one that is kept.

    Args:
        points: what the evaluations saw, oldest first.
        before: what was seen before the first step.
    """
    kept: list[Point] = []
    for number, point in enumerate(points):
        if not kept or _better(point, kept[-1], points[: number + 1], before):
            kept.append(point)
    return kept


def _better(new: Point, best: Point, seen: Sequence[Point], before: Point) -> bool:
    harms = harm(new, before), harm(best, before)
    if harms[0] != harms[1]:
        return harms[0] < harms[1]
    alike = [point for point in seen if point.likeness is not None and harm(point, before) == harms[0]]
    if alike:
        likest = max(alike, key=lambda point: point.likeness or 0.0)
        if _less_like(new, likest):
            return False
        if _less_like(best, likest):
            return True
    return cost(new, before) < cost(best, before)


def _less_like(point: Point, other: Point) -> bool:
    """Whether a checkpoint is surely less like the author than another: its likeness is below the other's interval."""
    return point.likeness is not None and other.likeness_low is not None and point.likeness < other.likeness_low


def _least(hits: int, number: int) -> float:
    """The lower bound of a share."""
    return share([True] * hits + [False] * (number - hits)).low


def _share(hits: int, number: int) -> float:
    return hits / number if number else 0.0
