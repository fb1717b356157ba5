"""Probe of likeness, by kind and by cell: 0 is the base with the system prompt, 100 is the author's own held-out writing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from likeness.metrics.likeness import Likeness
from likeness.metrics.style import Counted
from train.evaluate.answers import BASE
from train.evaluate.probe import Material, Probe, Score, shown

NAME = "likeness"
MEASURES = "How like the author answers are: 0 is the base with the system prompt, 100 the author's own held-out writing."
KINDS = ("voice", "decision", "journaling", "off-topic")
"""Kinds of the questions to which an answer shows the author's style."""


def probe(material: Material) -> Probe:
    """The likeness of every cell, pooled and by kind, and the scores of other authors."""
    profile = material.profile
    if profile is None:
        return Probe(NAME, MEASURES, "likeness", "higher", skipped="the dataset has no author profile; build it again")
    kinds = [kind for kind, number in Counter(q.about for q in material.questions).items() if kind in KINDS and number >= 3]
    if not kinds:
        return Probe(NAME, MEASURES, "likeness", "higher", skipped="fewer than three controlled questions are `about: voice`")
    layers: dict[str, dict[str, Any]] = {}
    for cell in material.by_cell:
        pairs = material.pairs(kinds, BASE, cell)
        if pairs and cell != BASE:
            layers[str(cell)] = _measured(material, [(one.answer, other.answer) for one, other in pairs]).as_dict()
    pairs = material.pairs(kinds)
    if not pairs:
        return Probe(NAME, MEASURES, "likeness", "higher", skipped="there are no answers of base and tuned model")
    found = _measured(material, [(one.answer, other.answer) for one, other in pairs])
    by_kind = {
        kind: _measured(material, [(one.answer, other.answer) for one, other in material.pairs([kind])]).as_dict()
        for kind in kinds
    }
    base: Counted = profile.features.count([one.answer for one, _ in pairs])
    others = profile.panel_likeness(base)
    nearest = profile.nearest_voices(profile.features.count([other.answer for _, other in pairs]))
    details: dict[str, Any] = {
        "layers": layers,
        "kinds": by_kind,
        "blocks": found.as_dict()["blocks"],
        "panel": others,
        "nearest": nearest,
        "enough": str(profile.enough),
        "is_enough": profile.enough.enough,
    }
    if found.value is None or found.low is None or found.high is None:
        return Probe(NAME, MEASURES, "likeness", "higher", skipped=found.why_not, details=details)
    best_other = max(others.values(), default=0.0)
    overdone = [kind for kind, measured in by_kind.items() if measured["caricature"]]
    alarm = found.is_caricature or found.low <= 0 or bool(overdone)
    finding = f"{found}"
    if overdone and not found.is_caricature:
        finding += f": a caricature in answers of kind {', '.join(overdone)}"
    if found.low <= 0:
        finding += ": no nearer to the author than the base with its prompt, as far as can be told"
    finding += f"; the best of {len(others)} other authors would score {best_other:.0f}; nearest voice: {next(iter(nearest))}"
    seeds = {
        sample: [(one.answer, other.answer) for one, other in pairs if one.sample == sample]
        for sample in {one.sample for one, _ in pairs}
    }
    repeats = [value for each in seeds.values() if len(seeds) > 1 and (value := _measured(material, each).value) is not None]
    noise = sum(abs(value - sum(repeats) / len(repeats)) for value in repeats) / len(repeats) if len(repeats) > 1 else None
    worst = _farthest(material, kinds) if alarm else []
    return Probe(
        NAME,
        MEASURES,
        "likeness",
        "higher",
        base=Score(0.0, 0.0, 0.0),
        tuned=Score(found.value, found.low, found.high),
        change=Score(found.value, found.low, found.high),
        noise=round(noise, 2) if noise is not None else None,
        alarm=alarm,
        finding=finding,
        cases=worst,
        details=details,
    )


def _measured(material: Material, pairs: list[tuple[str, str]]) -> Likeness:
    assert material.profile is not None
    return material.profile.measure([other for _, other in pairs], [one for one, _ in pairs])


def _farthest(material: Material, kinds: list[str]) -> list[Any]:
    """The answers that are farthest from the author's style, measured one by one."""
    profile = material.profile
    assert profile is not None
    pairs = material.pairs(kinds)
    far = [profile.nearest_voices(profile.features.count([other.answer]))["the author"] for _, other in pairs]
    ranked = sorted(zip(far, pairs, strict=True), key=lambda each: -each[0])
    return shown(
        material.case(one, other, f"{distance:.2f} spreads from the author's mean") for distance, (one, other) in ranked[:6]
    )
