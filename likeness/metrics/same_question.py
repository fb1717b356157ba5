"""How two questions compare, feature by feature, and how likely they ask the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from functools import cache, lru_cache
from pathlib import Path

from likeness.metrics.question_forms import forms
from likeness.metrics.questions import (
    ASPECTS,
    OPPOSITES,
    STRICT,
    Asked,
    alike,
    contrasted,
    groups_of,
    likeness_of,
    opposed,
    swapped,
    weight_of,
)
from likeness.metrics.trees import Trees
from likeness.metrics.wording import code_of, grams

SPELT_ALIKE, IN_ONE_GROUP, LETTERS = 0.9, 0.8, 0.5
"""How much a word counts that is matched by its spelling, by its meaning; and the letter n-grams two words share to be
matched."""
CAPITAL = re.compile(r"(?<=[\w,] )[A-ZÄÖÜÀÉÈÁÍÓÚÑ][\w'’-]+")


@lru_cache(maxsize=50_000)
def _shared_letters(one: str, other: str) -> float:
    ours, theirs = grams([one]), grams([other])
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def _matched(one: Asked, other: Asked) -> tuple[float, set[str], set[str]]:
    """The weight of the words that two questions share or have for each other, and those left of each."""
    tongue = one.tongue
    weight = sum(weight_of(code, tongue) for code in one.things & other.things)
    ours, theirs = sorted(one.things - other.things), sorted(other.things - one.things)
    for a in list(ours):
        groups, best, partner = groups_of(a, tongue), 0.0, ""
        for b in theirs:
            if opposed((a,), (b,), tongue):
                continue
            worth = SPELT_ALIKE if alike(a, b) else IN_ONE_GROUP if groups & groups_of(b, tongue) else 0.0
            if not worth and min(len(a), len(b)) >= 4 and not (groups and groups_of(b, tongue)):
                letters = _shared_letters(a, b)
                worth = letters if letters >= LETTERS else 0.0
            if worth > best:
                best, partner = worth, b
        if partner:
            weight += best * max(weight_of(a, tongue), weight_of(partner, tongue))
            ours.remove(a)
            theirs.remove(partner)
    return weight, set(ours), set(theirs)


def _covered(question: Asked, said: Collection[str]) -> float:
    """The part of what a question is about that is said elsewhere, in the same words or others."""
    whole = part = 0.0
    missing = []
    for code in question.things:
        weight = weight_of(code, question.tongue)
        whole += weight
        if code in said:
            part += weight
        else:
            missing.append((code, weight))
    if missing:
        groups = frozenset[int]().union(*(groups_of(code, question.tongue) for code in said))
        begun = {code[:3] for code, _ in missing}
        near = [code for code in said if code[:3] in begun]
        for code, weight in missing:
            if groups & groups_of(code, question.tongue) or any(alike(code, each) for each in near):
                part += IN_ONE_GROUP * weight
    return part / whole if whole else 0.0


def _exchanged(one: list[str], other: list[str], mine: set[str], theirs: set[str], one_asked: Asked) -> tuple[float, bool]:
    """The part of two questions that is word for word the same, and whether a thing has another in its place."""
    slot, equal = False, 0
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        equal += i2 - i1 if kind == "equal" else 0
        if kind == "replace" and i2 - i1 <= 4 and j2 - j1 <= 4:
            ours = mine.intersection(code_of(word, one_asked.tongue) for word in one[i1:i2])
            others = theirs.intersection(code_of(word, one_asked.tongue) for word in other[j1:j2])
            slot = slot or bool(ours and others)
    return 2 * equal / max(1, len(one) + len(other)), slot


def compared(
    one: Asked,
    other: Asked,
    said: frozenset[str] = frozenset(),
    other_said: frozenset[str] = frozenset(),
    meaning: float | None = None,
) -> dict[str, float]:
    """What speaks for two questions being one, and against it, by name; each about 0 to 1.

    Args:
        one: a question.
        other: another.
        said: stems that are said beside the one, as in its answer: what only the other question has is not missing there.
        other_said: those beside the other.
        meaning: the cosine of what they mean, where a sentence model says it.
    """
    tongue = one.tongue
    weight, mine, theirs = _matched(one, other)
    mine, theirs = mine.difference(other_said), theirs.difference(said)
    left = sum(weight_of(code, tongue) for code in mine | theirs)
    ours, others = one.said.split(), other.said.split()
    frame, slot = _exchanged(ours, others, mine, theirs, one)
    small = _turning(one) ^ _turning(other)
    asking, other_asking = one.asking - {"?whether"}, other.asking - {"?whether"}
    names, other_names = (_names(each) for each in (one, other))
    unknown = bool(names - other_said - other.things - set(others)) + bool(other_names - said - one.things - set(ours))
    covered = sorted((_covered(one, other.things | other_said), _covered(other, one.things | said)))
    letters, other_letters = grams(ours), grams(others)
    meant = {} if meaning is None else {"meaning": meaning}
    return (
        forms(one, other, weight, mine, theirs, frame)
        | meant
        | {
            "likeness": likeness_of(one, other),
            "matched": min(1.0, weight / 3),
            "covered": covered[0],
            "covered_best": covered[1],
            "same_words": float(one.said == other.said),
            "same_letters": 2 * len(letters & other_letters) / max(1, len(letters) + len(other_letters)),
            "same_asking": float(bool(asking & other_asking)),
            "slot": float(slot),
            "slot_in_frame": frame * slot,
            "opposed": float(opposed(mine, theirs, tongue)),
            "numbers": float(one.numbers != other.numbers) * (1.0 if one.numbers and other.numbers else 0.3),
            "narrower": left / (left + weight) if left and not slot and not (mine and theirs) else 0.0,
            "tongues": float(one.tongue != other.tongue),
            "turned": float(any(pair <= small for pair in OPPOSITES) or _on_two_sides(ours, others)),
            "small": min(1.0, len(small & STRICT) / 2 + len(small) / 6),
            "contrasted": float(contrasted(one, other) or swapped(one, other)),
            "names": unknown / 2,
            "aspect": float(bool(ASPECTS & (mine | theirs))),
            "other_asking": float(bool(asking and other_asking and not asking & other_asking)),
            "one_asking": float(bool(asking) != bool(other_asking)),
            "one_whether": float(("?whether" in one.asking) != ("?whether" in other.asking)),
            "left": left / (left + weight) if left else 0.0,
        }
    )


TELLS_TONGUE = 4
"""Words from which a question's language is known."""
TURNED = 0.3
"""The most that two questions are alike where one turns the other round: too few rows have such a pair to learn its weight."""
GIVES, GETS = frozenset("du tu tú".split()), frozenset("dir dich te toi ti".split())


def _roles_exchanged(one: Asked, other: Asked) -> bool:
    """Whether who is asked does in one question what is done to them in the other: "taught you", "did you teach"."""
    if one.tongue != other.tongue:
        return False
    if one.tongue == "en":
        (before, after), (other_before, other_after) = _around_you(one.said), _around_you(other.said)
        return bool(before & other_after - after) or bool(after & other_before - before)
    ours, others = set(one.said.split()), set(other.said.split())
    return any(
        GIVES & a and not GETS & a and GETS & b and not GIVES & b and one.things & other.things
        for a, b in ((ours, others), (others, ours))
    )


@lru_cache(maxsize=50_000)
def _around_you(said: str) -> tuple[frozenset[str], frozenset[str]]:
    """The stems right before and right after "you"."""
    words = said.split()
    places = [place for place, word in enumerate(words) if word == "you"]
    before, after = (
        frozenset(code for place in places if 0 <= place + step < len(words) and (code := code_of(words[place + step], "en")))
        for step in (-1, 1)
    )
    return before, after


SIDES = [
    frozenset(pair.split())
    for pair in (
        "front back", "first second", "first third", "second third", "first last", "zum zuletzt", "zuerst zuletzt", "ersten zuletzt",  # noqa: E501
        "both either", "usually last", "he she", "his her", "old new", "left right",
        "erste zweite", "ersten zweiten", "erste letzte", "erster letzter", "ersten letzten", "premier dernier",
        "premier deuxième", "première dernière", "il elle", "él ella", "primer segundo", "primer último", "primera última"
    )
]  # fmt: skip
"""Small words of which each question has another where they are two."""


def _on_two_sides(one: list[str], other: list[str]) -> bool:
    ours, others = set(one), set(other)
    return any(side & ours and side & others and not side & ours & others for side in SIDES)


def _turning(question: Asked) -> frozenset[str]:
    """Its small words, without two of which it asks which is true: "before or after"."""
    return question.small.difference(*(pair for pair in OPPOSITES if pair <= question.small))


def _names(question: Asked) -> set[str]:
    """Words with a capital within a sentence, folded; not of German, where every noun has one."""
    if question.tongue == "de":
        return set()
    return {word for found in CAPITAL.findall(question.text) if (word := code_of(found.casefold(), question.tongue))}


def _length(question: Asked) -> int:
    return len(question.said.split())


@cache
def _model(name: str) -> Trees:
    return Trees.load(Path(__file__).with_name(name))


def chance_of(features: Mapping[str, float]) -> float:
    """How likely two questions are one, by how they compare, and by their meaning where it is among that."""
    return _model("same_meaning.json" if "meaning" in features else "same_question.json").probability(features)


def likely_same(
    one: Asked, other: Asked, least: float, said: frozenset[str] = frozenset(), meaning: float | None = None
) -> float:
    """How likely two questions ask the same, in [0, 1].

    Args:
        one: a question.
        other: another.
        least: below it, the answer is 0.
        said: stems that are said beside the one: what only the other has is not missing there.
        meaning: the cosine of what they mean, where a sentence model says it.
    """
    if one.said == other.said:
        return 1.0
    if not one.things or not other.things or (one.tongue != other.tongue and min(map(_length, (one, other))) >= TELLS_TONGUE):
        return 0.0
    features = compared(one, other, said, meaning=meaning)
    likely = chance_of(features)
    if features["turned"] or features["contrasted"] or _roles_exchanged(one, other):
        likely = min(likely, TURNED)
    return min(0.99, likely) if likely >= least else 0.0
