"""Describe thin terms and contrast sets in words, for a terminal and a report."""

from __future__ import annotations

from collections.abc import Mapping

from likeness.metrics.text import count_of

KINDS = ("unexplained", "unanswered", "inconsistent")


def counts_line(counts: Mapping[str, int]) -> str:
    """One line with the number of thin terms by kind, and of contrast sets that nobody has seen.

    >>> counts_line({"unexplained": 14, "unanswered": 1, "inconsistent": 0, "sets": 7, "awaiting": 7})
    '15 thin terms: 14 unexplained, 1 unanswered; 7 contrast sets, 7 of them nobody has seen'
    """
    thin = sum(counts.get(kind, 0) for kind in KINDS)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts.get(kind))
    sets = f"; {count_of(counts['sets'], 'contrast set')}" if counts.get("sets") else ""
    waiting = f", {counts['awaiting']} of them nobody has seen" if counts.get("awaiting") else ""
    return f"{count_of(thin, 'thin term')}{f': {kinds}' if kinds else ''}{sets}{waiting}"
