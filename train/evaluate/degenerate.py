"""Probe of degenerate answers: those that are empty, loop, are cut off, or are in another language."""

from __future__ import annotations

from collections import Counter

from likeness.metrics.degenerate import SAID, fault_of
from train.evaluate.answers import Answer
from train.evaluate.probe import Material, Probe, of_answers, shown

NAME = "degenerate"
MEASURES = "Answers that are empty, go round in a loop, do not end, or are in another language than the question."
MOST = 0.1


def fault(answer: Answer) -> str | None:
    """The fault of an answer."""
    return fault_of(answer.answer, stopped=answer.stopped, question=answer.question)


def probe(material: Material) -> Probe:
    """The share of degenerate answers, and their faults."""
    found = of_answers(material, (), lambda answer: fault(answer) is not None)
    if not found.number:
        return Probe(NAME, MEASURES, skipped="there are no controlled questions")
    kinds = Counter(fault(tuned) for _, tuned in found.hits)
    alarm = found.tuned.low > MOST and found.change.low > 0
    faults = ", ".join(f"{number} {name}" for name, number in kinds.most_common())
    return Probe(
        NAME,
        MEASURES,
        **found.scores,
        alarm=alarm,
        finding=f"{len(found.hits)} of {found.number} answers are broken" + (f": {faults}" if faults else ""),
        cases=shown(material.case(base, tuned, SAID[fault(tuned) or "empty"]) for base, tuned in found.hits),
        details={str(name): number for name, number in kinds.items()},
    )
