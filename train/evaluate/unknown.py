"""Probe of unknown things: whether the model says that it does not know invented things, and still answers about known ones."""

from __future__ import annotations

from likeness.metrics.declines import declines
from train.evaluate.probe import Material, Probe, of_answers, shown

NAME = "unknown"
MEASURES = "Questions about invented things: how many are answered with “I don't know that one”?"
KNOWN_NAME = "known"
KNOWN_MEASURES = (
    "Questions about what the author writes of, or everybody knows: how many are wrongly answered with “I don't know”?"
)
INVENTED = ("invented",)
KNOWN = ("facts", "thin", "general", "known")
LEAST_DECLINED = 0.8
MOST_KNOWN_DECLINED = 0.05


def probe(material: Material) -> Probe:
    """The share of questions about invented things that are declined; it must not be lower than the base's."""
    found = of_answers(material, INVENTED, lambda answer: declines(answer.answer))
    if not found.number:
        return Probe(NAME, MEASURES, better="higher", skipped="no controlled question is `about: invented`")
    worse = found.change.high < 0
    alarm = worse or found.tuned.high < LEAST_DECLINED
    why = "worse than the base" if worse else f"fewer than {LEAST_DECLINED:.0%}"
    return Probe(
        NAME,
        MEASURES,
        better="higher",
        **found.scores,
        alarm=alarm,
        finding=f"{found.tuned.value:.0%} of answers about invented things decline, the base {found.base.value:.0%}"
        + (f": {why}" if alarm else ""),
        cases=shown(material.case(base, tuned, "explains a thing that does not exist") for base, tuned in found.misses),
    )


def probe_known(material: Material) -> Probe:
    """The share of questions about known things that are declined."""
    found = of_answers(material, KNOWN, lambda answer: declines(answer.answer))
    if not found.number:
        return Probe(KNOWN_NAME, KNOWN_MEASURES, skipped="no controlled question is about facts, thin terms or general matter")
    alarm = found.tuned.low > MOST_KNOWN_DECLINED and found.change.low > 0
    return Probe(
        KNOWN_NAME,
        KNOWN_MEASURES,
        **found.scores,
        alarm=alarm,
        finding=f"{found.tuned.value:.0%} of answers about known things decline, the base {found.base.value:.0%}",
        cases=shown(material.case(base, tuned, "says that it does not know a known thing") for base, tuned in found.hits),
    )
