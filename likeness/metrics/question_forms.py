"""How two questions compare in form: how they begin and end, whom and what time they speak of, how much of each is left over."""

from __future__ import annotations

import re
from collections.abc import Collection

from likeness.metrics.questions import Asked, groups_of, weight_of

HOW = re.compile(
    r"\bhow (?:do|can|to|would|should|could|does|did|are|is|may)\b|\bhow\?|, how\b"
    r"|\bwie (?:kann|macht?|mache|geht|bekomm\w?|stelle?|leg\w|setz\w|krieg\w|find\w|seh\w|\w{2,20}e ich|\w{2,20}t man)\b"
    r"|\b(?:comment|cómo|como)\b|怎么|如何|どうやって|方法"
    r"|\b(?:procedure|process|steps|way to|command|method|vorgehen|befehl|schritte|weg|procédure|commande|étapes|moyen)\b"
    r"|\b(?:procedimiento|comando|pasos)\b"
)
"""A way to do something is asked for."""
SPOKEN_TO = re.compile(
    r"\b(?:you|yours?|yourself|u|ur|du|dich|dir|dein\w{0,2}|sie|ihr|ihnen|ihre[mnrs]?|euch|euer|eure\w?|tu|te|toi|ton|ta|tes|vous"
    r"|votre|vos|tú|ti|tus|usted|sus?|le|vosotros|t'|os)\b"
)
SPEAKING = re.compile(
    r"\b(?:i|my|mine|we|our|us|ich|mich|mir|mein\w{0,2}|wir|uns|unser\w{0,2}|je|j'|mon|ma|mes|nous|notre|nos|yo|mis?|nosotros"
    r"|nuestr[oa]s?)\b"
)
OTHERS = re.compile(r"\b(?:he|him|his|she|her|they|their|them|er|ihn|ihm|seine?\w?|ils?|elles?|leurs?|él|ella|ellos)\b")
BEFORE = re.compile(
    r"\b(?:was|were|did|had|last|yesterday|ago|used to|war|waren|hatten?|wurden?|gestern|letzt\w{1,2}|früher|hast|habt|était"
    r"|avait|étiez|aviez|hier|dernière?|avez|as-tu|fue|era|ayer|pasad[oa]|antes|\w{2,20}(?:aste|iste|ed))\b"
)
TO_COME = re.compile(
    r"\b(?:will|won't|going to|gonna|next|tomorrow|soon|wird|werden|wirst|morgen|nächst\w{1,2}|sera|serez|demain|prochaine?"
    r"|mañana|próxim[oa]|vas? a)\b"
)
DENIES = re.compile(
    r"\b(?:not|never|no longer|nobody|nothing|without|\w{2,6}n't|nicht|nie|kein\w{0,2}|ohne|pas|jamais|sans|plus|no"
    r"|nunca|sin|nadie)\b"
)
SIDES = {"second": SPOKEN_TO, "first": SPEAKING, "third": OTHERS, "past": BEFORE, "future": TO_COME, "denial": DENIES}
"""What only one of two questions may have."""


def forms(
    one: Asked, other: Asked, weight: float, mine: Collection[str], theirs: Collection[str], frame: float
) -> dict[str, float]:
    """How two questions compare in form, by name; each about 0 to 1.

    Args:
        one: a question.
        other: another.
        weight: of the words that they share or have for each other.
        mine: things that only the one has.
        theirs: things that only the other has.
        frame: the part of both that is word for word the same.
    """
    known = [sum(bool(groups_of(code, one.tongue)) for code in left) for left in (mine, theirs)]
    unknown = [len(left) - count for left, count in zip((mine, theirs), known, strict=True)]
    left = [sum(weight_of(code, one.tongue) for code in codes) for codes in (mine, theirs)]
    ours, others = one.said.split(), other.said.split()
    lengths = sorted((len(ours), len(others)))
    things = sorted((len(one.things), len(other.things)))
    text, other_text = (each.text.casefold().replace("’", "'") for each in (one, other))
    how = bool(HOW.search(text)), bool(HOW.search(other_text))
    asks = [bool(each.asking - {"?whether"}) for each in (one, other)]
    has = {name: (bool(side.search(text)), bool(side.search(other_text))) for name, side in SIDES.items()}
    words, other_words = set(ours), set(others)
    return {
        **{name: float(side != other_side) for name, (side, other_side) in has.items()},
        "tense": float((has["past"][0] and has["future"][1]) or (has["future"][0] and has["past"][1])),
        "frame": frame,
        "words_shared": len(words & other_words) / max(1, len(words | other_words)),
        "shorter": lengths[0] / 20,
        "longer": lengths[1] / 30,
        "lengths": lengths[0] / max(1, lengths[1]),
        "unknown_least": min(unknown) / 3,
        "unknown_most": max(unknown) / 4,
        "known_least": min(known) / 3,
        "known_most": max(known) / 4,
        "left_least": min(left) / 3,
        "left_most": max(left) / 4,
        "things_least": things[0] / 5,
        "things_most": things[1] / 8,
        "weight": weight / 4,
        "weight_of_all": weight / (weight + max(left)) if weight else 0.0,
        "weight_of_most": weight / (weight + min(left)) if weight else 0.0,
        "how_for_other": float((how[0] and asks[1]) or (how[1] and asks[0])),
        "how_both": float(all(how)),
        "how_one": float(how[0] != how[1]),
        "begins": float(ours[:2] == others[:2]),
        "begins_word": float(ours[:1] == others[:1]),
        "ends": float(ours[-1:] == others[-1:]),
        "things_shared": len(one.things & other.things) / 5,
    }
