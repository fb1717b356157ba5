"""How two answers to one question cannot both be true."""

from __future__ import annotations

import re
from collections.abc import Iterator

from likeness.metrics.amounts import all_quantities, equal, other_amount, other_asked_amount, other_frequency
from likeness.metrics.prose import mask
from likeness.metrics.questions import asked
from likeness.metrics.slots import none_or_some, other_choice, other_figure, other_path
from likeness.metrics.stances import affirms, answers_with, denies, other_attitude, restates, stance, toward
from likeness.metrics.statements import content, denied_said, opposite_said, other_kind, other_name, other_place
from likeness.metrics.wording import tongue_of

KINDS_OF_CONFLICT = (
    "yes_no", "no_or_fact", "asked_amount", "amount", "frequency", "attitude", "opposite", "denied", "name", "kind", "place",
    "choice", "none", "path", "figure"
)  # fmt: skip
"""What two answers may disagree on."""
ASKS_MANNER = re.compile(r"\b(?:why|warum|wieso|weshalb|pourquoi|por qué)\b", re.I)


def contradiction(one: str, other: str, question: str = "", closely: bool = True) -> str | None:
    """How two answers to one question cannot both be true, in words; None where they can.

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
        closely: whether both were asked it so that yes and no mean the same.
    """
    return next((why for kind, why in conflicts(one, other, question) if closely or kind != "yes_no"), None)


def conflicts(one: str, other: str, question: str = "") -> Iterator[tuple[str, str]]:
    """What two answers to one question disagree on, the surest first: the kind, and why in words.

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
    """
    tongue = tongue_of(f"{question}\n{one}\n{other}")
    shown = (one, other)
    one, other = mask(one).replace("’", "'"), mask(other).replace("’", "'")
    about = frozenset(content(question, tongue)) if question else frozenset[str]()
    wanted = asked(question) if question else None
    kinds = wanted.asking if wanted else frozenset[str]()
    said = (answers_with(one) or restates(one, about, tongue), answers_with(other) or restates(other, about, tongue))
    says = set(said)
    if "?whether" in kinds and says != {"yes", "no"}:
        says = {stance(one, about, tongue), stance(other, about, tongue)}
        if None in says and (first := next(iter(says - {None}), None)):
            says = {first, *(toward(answer, about, tongue) for answer in (one, other) if stance(answer, about, tongue) is None)}
    if says == {"yes", "no"} and not ASKS_MANNER.match(question):
        yield "yes_no", "one answers yes where the other answers no"
    elif (
        {denies(one), denies(other)} == {True, False}
        and affirms(other if denies(one) else one)
        and not any(equal(a, b) for a in all_quantities(one, tongue) for b in all_quantities(other, tongue))
    ):
        yield "no_or_fact", "one answers no where the other answers as if it were so"
    agree = len(says) == 1 and None not in says
    for kind, why in (
        ("asked_amount", other_asked_amount(one, other, question, kinds, tongue)),
        ("amount", other_amount(one, other, question, about, tongue)),
        ("frequency", other_frequency(one, other)),
        ("attitude", other_attitude(one, other)),
        ("opposite", opposite_said(one, other, about, tongue)),
        ("denied", None if agree else denied_said(one, other, tongue)),
        ("name", other_name(one, other, question, tongue, "?who" in kinds)),
        ("kind", other_kind(one, other, about, tongue) if about else None),
        ("place", other_place(one, other, about, tongue) if "?where" in kinds else None),
        ("choice", other_choice(one, other, question)),
        ("none", none_or_some(one, other) if "?many" in kinds else None),
        ("path", other_path(*shown) if "?where" in kinds else None),
        ("figure", other_figure(one, other, question)),
    ):
        if why:
            yield kind, why
