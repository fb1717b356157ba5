"""Probe of length and shape: whether answers have the right length, and are prose rather than lists."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict

from likeness.metrics.text import count_words
from train.evaluate.probe import Material, Probe, Score, mean, shown

NAME = "shape"
MEASURES = "Words of an answer by kind of question, and how many answers have lists or headings, against the base and the rows."
TOO_SHORT, TOO_LONG = 0.4, 2.5
"""Bounds of the median length, as multiples of the base's."""
SHORT = 40
"""Words below which the median answer to an open question may count as short."""
OPEN = ("voice", "decision", "journaling", "off-topic")
LISTS = re.compile(r"^[^\S\n]*(?:[-*•]|\d{1,2}[.)]|#{1,6})\s|\*\*", re.MULTILINE)


def probe(material: Material) -> Probe:
    """Median lengths by kind, and the share of answers with lists."""
    pairs = material.pairs()
    if not pairs:
        return Probe(NAME, MEASURES, unit="words", skipped="there are no controlled questions")
    kinds: dict[str, dict[str, float]] = {}
    lengths: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one, other in pairs:
        lengths[one.about].append((count_words(one.answer), count_words(other.answer)))
    for kind, found in lengths.items():
        kinds[kind] = {"base": statistics.median(a for a, _ in found), "tuned": statistics.median(b for _, b in found)}
    rows = statistics.median(count_words(row.response) for row in material.rows) if material.rows else 0.0
    lists = [(bool(LISTS.search(one.answer)), bool(LISTS.search(other.answer))) for one, other in pairs]
    row_lists = sum(bool(LISTS.search(row.response)) for row in material.rows) / max(1, len(material.rows))
    asked = [pair for pair in pairs if pair[0].about in OPEN] or pairs
    base = [float(count_words(one.answer)) for one, _ in asked]
    tuned = [float(count_words(other.answer)) for _, other in asked]
    middle, of_base = statistics.median(tuned), max(1.0, statistics.median(base))
    short = middle < TOO_SHORT * of_base and middle < SHORT
    long = middle > TOO_LONG * of_base and middle > 2 * rows
    listed = sum(other for _, other in lists) / len(lists)
    more_lists = listed > 0.3 and listed > 2 * max(row_lists, sum(one for one, _ in lists) / len(lists))
    why = [text for text, so in (("short", short), ("long", long), ("full of lists", more_lists)) if so]
    return Probe(
        NAME,
        MEASURES,
        unit="words",
        better="as the rows",
        base=mean(base),
        tuned=mean(tuned),
        change=_difference(base, tuned),
        alarm=bool(why),
        finding=f"an open question is answered in {middle:.0f} words, by the base in {of_base:.0f}; rows have {rows:.0f}"
        + (f": too {' and '.join(why)}" if why else ""),
        cases=shown(
            material.case(one, other, f"{count_words(other.answer)} words, the base {count_words(one.answer)}")
            for one, other in asked
            if (short and count_words(other.answer) < SHORT) or (more_lists and LISTS.search(other.answer))
        ),
        details={"kinds": kinds, "rows": rows, "lists": round(listed, 3), "short": short, "long": long},
    )


def _difference(base: list[float], tuned: list[float]) -> Score:
    return mean([other - one for one, other in zip(base, tuned, strict=True)])
