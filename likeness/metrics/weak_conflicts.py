"""What two answers may disagree on if they answer one question: signs too weak to say so alone."""

from __future__ import annotations

import re

from likeness.metrics.amounts import all_quantities, equal
from likeness.metrics.prose import mask
from likeness.metrics.questions import Asked, groups_of, weight_of
from likeness.metrics.statements import NAME, content
from likeness.metrics.wording import Tongue

DENIES = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|isn't|aren't|wasn't|don't|doesn't|didn't|can't|won't"
    r"|haven't|hasn't|nope|nah|nein|nee|nicht|nichts|nie|niemals|niemand|kein\w{0,2}|ohne|weder|non|pas|jamais|rien|personne"
    r"|aucune?|sans|ni|nunca|jamás|nada|nadie|ningun[oa]?|ningún|tampoco|sin"
    r"|un(?:paid|signed|done|safe|usual|known|able|available|touched))\b|不|没|無|ない|ません|いいえ",
    re.IGNORECASE,
)
SENTENCES = re.compile(r"[^.!?;\n。！？]+")
FEW = 9
"""Words up to which an answer is but what was asked for."""
FIRST = 300
"""Letters of an answer that are looked at."""
SHARED = 0.7
"""Weight of the words that two sentences share if they speak of one thing."""


def weak_conflicts(asking: Asked, said: str, other_asking: Asked, other_said: str) -> dict[str, float]:
    """Signs of a conflict, each 0 or 1: another polarity, other figures, other names, nothing in common.

    Args:
        asking: a question.
        said: its answer.
        other_asking: another.
        other_said: its answer.
    """
    tongue = asking.tongue
    texts = [mask(text[:FIRST]).replace("’", "'") for text in (said, other_said)]
    questions = asking.text, other_asking.text
    brief = [len(text.split()) <= FEW for text in texts]
    ours, theirs = (
        [each for each in all_quantities(text, tongue) if each.dimension != "count" or short]
        for text, short in zip(texts, brief, strict=True)
    )
    of_one_kind = {each.dimension for each in ours} & {each.dimension for each in theirs}
    spoken = " ".join(questions).casefold()
    names, other_names = ({name for name in NAME.findall(text) if name.casefold() not in spoken} for text in texts)
    return {
        "polarity": float(_one_denies(texts, questions, tongue)),
        "numbers_apart": float(bool(of_one_kind) and not any(equal(a, b) for a in ours for b in theirs)),
        "names_apart": float(tongue != "de" and bool(names and other_names) and not names & other_names),
        "words_apart": float(all(brief) and not _shared(texts[0], texts[1], tongue)),
    }


def _shared(one: str, other: str, tongue: Tongue) -> bool:
    mine, yours = ({code for code in content(text, tongue) if code[0] not in "¬~?"} for text in (one, other))
    groups = [frozenset[int]().union(*(groups_of(code, tongue) for code in side)) for side in (mine, yours)]
    return not mine or not yours or bool(mine & yours or groups[0] & groups[1])


def _one_denies(texts: list[str], questions: tuple[str, str], tongue: Tongue) -> bool:
    """Whether the first sentence of one answer has a denial and that of the other none, and both speak of one thing."""
    firsts = [next((found[0].strip() for found in SENTENCES.finditer(text) if found[0].strip()), "") for text in texts]
    if not all(firsts) or bool(DENIES.search(firsts[0])) == bool(DENIES.search(firsts[1])):
        return False
    mine, yours = (
        {code for code in (*content(question, tongue), *content(first, tongue)) if code[0] not in "¬~?"}
        for question, first in zip(questions, firsts, strict=True)
    )
    shared = sum(weight_of(code, tongue) for code in mine & yours)
    groups = [frozenset[int]().union(*(groups_of(code, tongue) for code in side - (mine & yours))) for side in (mine, yours)]
    return shared + 0.5 * bool(groups[0] & groups[1]) >= SHARED
