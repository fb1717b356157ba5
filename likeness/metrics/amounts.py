"""How two answers give different amounts: of what was asked for, of anything, or how often."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from math import inf

from likeness.metrics.opposites import OPPOSITES
from likeness.metrics.quantities import UNITS, Quantity, quantities_in, same_clock
from likeness.metrics.statements import BRIEF, content, sentence_spans
from likeness.metrics.wording import NUMBER_WORDS, Tongue, fold, is_small

FIRST = 160
"""Letters within which an answer gives the amount that it was asked for."""
ASKS_AMOUNT = {
    "clock": r"\b(?:when|what time|wann|wie spät|um wie viel uhr|quand|quelle heure|cuándo|qué hora)\b",
    "day": r"\b(?:when|what day|which day|wann|welche[mnr]? tag|quand|quel jour|cuándo|qué día)\b",
    "date": r"\b(?:when|what date|wann|quand|quelle date|cuándo|qué fecha)\b",
    "year": r"\b(?:when|what year|which year|wann|welche[mns]? jahr|quand|quelle année|cuándo|qué año)\b",
    "version": r"\b(?:version|versión|release)\b",
    "count": (
        r"\b(?:how many|how much|how often|wie ?viele?|wie oft|combien|cuánt[oa]s?|what is the number|port"
        r"|limit|default|size)\b"
    ),
    "duration": (
        r"\b(?:how long|how old|how often|wie lange?|wie alt|combien de temps|cuánto (?:tiempo|dura|tarda)"
        r"|timeout|old|deadline)\b"
    ),
    "length": (
        r"\b(?:how (?:far|long|tall|high|deep|wide|big)|wie (?:weit|lang|hoch|tief|breit|groß)|distance"
        r"|largeur|hauteur|profond|qué distancia|largo|alto|ancho|a cuánto)\b"
    ),
}
"""Questions whose answer is an amount of a kind; what has its own unit (grams, euros) is asked for by "how much"."""
WHICH = re.compile(
    r"\W*(?:from |ab |à partir de |desde )?(?:which|what(?:'s| is| are| was| were) the|what (?!happen|do|did|made"
    r"|should|would|remain)\w+"
    r"|welche\w*|quel(?:le)?s?|qué \w+|cuál(?:es)?)\b",
    re.IGNORECASE,
)
HOW_MUCH = re.compile(
    (
        r"\b(?:how (?:much|many|heavy|hot|warm|cold|big|large|fast)|what (?:did|does|do|is|was)|wie ?(?:viel"
        r"|schwer|heiß|warm|groß|teuer|hoch)|was kostet|combien|quel(?:le)?|cuánt[oa]s?|qué)\b"
    ),
    re.I,
)


@lru_cache(maxsize=2_000)
def _quantities_of(text: str, tongue: Tongue) -> tuple[Quantity, ...]:
    return tuple(quantities_in(text, tongue))


ASKED_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "?when": ("clock", "date", "day", "year"),
    "?many": ("count", "euro", "dollar", "pound", "franc", "mass", "volume", "length", "data", "percent", "degrees", "duration"),
    "?price": ("euro", "dollar", "pound", "franc", "count"),
    "?lasting": ("duration",),
    "?old": ("count", "duration"),
    "?far": ("length", "duration"),
}
"""What an answer to such a question gives."""
MONEY = frozenset(("euro", "dollar", "pound", "franc"))
NUMBERED = re.compile(
    r"\b(?:versions?|versión|ports?|puerto|limit|limite|límite|timeout|size|größe|taille|tamaño|temperature|temperatur|température"
    r"|temperatura|weight|distance|budget|rate|price|fare|rent|page|seite|room|zimmer|chapter|kapitel|value|wert|valeur|valor"
    r"|default|minimum|maximum|threshold|count|number|nummer|numéro|número|age|python|postgres\w*|node|java|ubuntu|pay|paid"
    r"|cost|how (?:big|large|heavy|tall|high|deep|wide|warm|hot|cold|fast)|wie (?:groß|schwer|hoch|tief|breit|warm|heiß|schnell)"
    r"|miete|preis|loyer|precio|alquiler)\b",
    re.IGNORECASE,
)
"""Questions for a figure that no question word tells."""


def other_asked_amount(one: str, other: str, question: str, kinds: frozenset[str], tongue: Tongue) -> str | None:
    """The first amount of what was asked for in each answer: where they differ, and neither answer has the other's.

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
        kinds: what the question asks for.
        tongue: their language.
    """
    wanted = {dimension for kind in kinds for dimension in ASKED_DIMENSIONS.get(kind, ())}
    if NUMBERED.search(question):
        wanted |= {"count", "version", "data", "duration", "degrees", "percent", "mass", "length", "volume", *MONEY}
    if not wanted:
        return None
    limit = ASKS_LIMIT.search(question) is not None
    ours, theirs = ([_plain(each, wanted, limit) for each in all_quantities(answer, tongue)] for answer in (one, other))
    mine, yours = (
        next((each for each in sorted(found, key=_where) if each.dimension in wanted), None) for found in (ours, theirs)
    )
    if mine is None or yours is None or mine.start > FIRST or yours.start > FIRST:
        return None
    if mine.dimension != yours.dimension and not {mine.dimension, yours.dimension} <= {*MONEY, "count"}:
        return None
    exact, other_exact = ([each for each in found if inf not in (-each.low, each.high)] for found in (ours, theirs))
    if equal(mine, yours) or _apart(one, mine, other, yours):
        return None
    if any(equal(mine, each) for each in other_exact) or any(equal(yours, each) for each in exact):
        return None
    if mine.dimension == "count" and not _counts_the_same(one, mine, other, yours, tongue) and "?many" in kinds:
        return None
    return f"the answers give “{mine.shown}” and “{yours.shown}” where one amount is asked for"


def _where(quantity: Quantity) -> int:
    return quantity.start


ASKS_LIMIT = re.compile(
    r"\b(?:at (?:most|least)|max(?:imum|imal|imale?)?|min(?:imum|imal|imale?)?|limite?|höchstens|mindestens"
    r"|wie (?:groß|hoch) darf|bis zu"
    r"|größte[rns]?|kleinste[rns]?|longest|largest|lowest|oldest|earliest|latest|au (?:plus|moins)|máxim[oa]"
    r"|mínim[oa]|como (?:máximo|mínimo)|up to)\b",
    re.IGNORECASE,
)


def _plain(quantity: Quantity, wanted: set[str], limit: bool) -> Quantity:
    """A year as a number where no year is asked for; a bound as the figure itself where a limit is asked for."""
    if quantity.dimension == "year" and "year" not in wanted:
        quantity = replace(quantity, dimension="count")
    if limit and inf in (-quantity.low, quantity.high):
        figure = quantity.high if quantity.low == -inf else quantity.low
        quantity = replace(quantity, low=figure, high=figure)
    return quantity


def equal(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities are of one kind and may be the same; a bare number may be an amount of money."""
    same = one.dimension == other.dimension or {one.dimension, other.dimension} <= {*MONEY, "count"}
    return same and _may_equal(one, other)


def all_quantities(answer: str, tongue: Tongue) -> list[Quantity]:
    """Those of a text, "an hour" among them."""
    found = list(_quantities_of(answer, tongue))
    for match in A_UNIT.finditer(answer):
        low = UNITS[match[1].casefold()][1]
        found.append(Quantity("duration", low, low, *match.span(), match[0]))
    return found


_UNITS = {
    "second": 1, "sekunde": 1, "seconde": 1, "segundo": 1, "minute": 60, "minuto": 60, "night": 86400, "morning": 86400,
    "evening": 86400, "nacht": 86400, "morgen": 86400, "abend": 86400, "nuit": 86400, "matin": 86400, "soir": 86400,
    "noche": 86400, "mañana": 86400, "hour": 3600, "stunde": 3600, "heure": 3600, "hora": 3600, "day": 86400, "tag": 86400,
    "jour": 86400, "día": 86400,
    "week": 604800, "woche": 604800, "semaine": 604800, "semana": 604800, "fortnight": 1209600, "month": 2629800,
    "monat": 2629800,
    "mois": 2629800, "mes": 2629800, "quarter": 7889400, "quartal": 7889400, "trimestre": 7889400, "year": 31557600,
    "jahr": 31557600, "an": 31557600, "année": 31557600, "ans": 31557600, "año": 31557600,
}  # fmt: skip
_UNIT_WORD = (
    r"(?P<unit>second|minute|night|morning|evening|sekunde|nacht|morgen|abend|seconde|nuit|matin|soir|segundo|minuto|noche|mañana|hour|day|week|fortnight|month|quarter|year|stunde|tag|woche|monat|quartal|jahr|heure|jour|semaine|mois|trimestre"
    r"|an(?:née)?|hora|día|semana|mes|año)(?:e?[ns]|es)?\b"
)
_SMALL_NUMBER = r"(?P<n>\d+|" + "|".join(NUMBER_WORDS) + ")"
EVERY = re.compile(
    rf"\b(?:every|each|alle|jede[nrs]?|tou(?:te)?s les|chaque|cada|todos los|todas las)\s+(?:(?P<other>other|second"
    rf"|zweiten?)\s+)?(?:{_SMALL_NUMBER}\s+)?{_UNIT_WORD}"
)
TIMES = re.compile(
    rf"\b(?P<times>once|twice|thrice|{_SMALL_NUMBER.replace('<n>', '<t>')} times|einmal|zweimal|dreimal|viermal"
    rf"|une fois|deux fois|trois fois|quatre fois|una vez|dos veces|tres veces|cuatro veces)"
    rf"\s+(?:every|an?|per|each|im|in der|am|pro|par|al?|por|à la)\s+{_UNIT_WORD}"
)
ADVERBS = {
    "hourly": 3600, "daily": 86400, "weekly": 604800, "monthly": 2629800, "quarterly": 7889400, "yearly": 31557600,
    "annually": 31557600,
    "stündlich": 3600, "täglich": 86400, "wöchentlich": 604800, "monatlich": 2629800, "jährlich": 31557600,
    "vierteljährlich": 7889400,
    "diariamente": 86400, "semanalmente": 604800, "mensualmente": 2629800, "anualmente": 31557600,
}  # fmt: skip
COUNTED = {
    "once": 1, "twice": 2, "thrice": 3, "einmal": 1, "zweimal": 2, "dreimal": 3, "viermal": 4, "une": 1, "deux": 2, "trois": 3,
    "quatre": 4, "una": 1, "dos": 2, "tres": 3, "cuatro": 4,
}  # fmt: skip


def _frequencies(text: str) -> dict[float, str]:
    """How often something happens, as seconds from one time to the next, each with its words."""
    lowered, found = text.casefold(), {}
    for match in EVERY.finditer(lowered):
        number = match["n"]
        every = 2 if match["other"] else int(number) if number and number.isdigit() else NUMBER_WORDS.get(number or "", 1)
        found[float(every * _UNITS[match["unit"]])] = match[0]
    for match in TIMES.finditer(lowered):
        first = match["times"].split()[0]
        times = COUNTED.get(first) or (int(first) if first.isdigit() else NUMBER_WORDS.get(first, 1))
        found[_UNITS[match["unit"]] / max(1, times)] = match[0]
    for word in re.findall(r"[^\W\d_]+", lowered):
        if word in ADVERBS:
            found[float(ADVERBS[word])] = word
    return found


def other_frequency(one: str, other: str) -> str | None:
    """Every three months, and once a year."""
    ours, theirs = _frequencies(one), _frequencies(other)
    if len(ours) == len(theirs) == 1:
        (mine, said), (yours, said_too) = *ours.items(), *theirs.items()
        if not 0.9 < mine / yours < 1.1:
            return f"the answers give “{said}” and “{said_too}” for the same"
    return None


PRECISE = frozenset("clock day date year version euro dollar pound franc percent degrees".split())
"""What two brief answers to one question do not give twice, of two things."""
A_UNIT = re.compile(
    r"(?<!\bonce )(?<!\btimes )(?<!\btwice )(?<!mal )\b(?:an?|eine?[rn]?|une?|una?)\s+(hour|minute|day|week|month"
    r"|year|stunde|minute|tag|woche|monat|jahr|heure|jour|semaine|mois|an|hora|minuto|día|semana|mes|año)(?!\w)",
    re.IGNORECASE,
)
AT = re.compile(
    r"\b(?:at|until|till|by|from|before|um|bis|ab|gegen|à|a las?|hasta las?|desde las?|sobre las?|dès|jusqu'à)\s+\Z",
    re.IGNORECASE,
)
LATER = re.compile(
    r"\s+(?:o'clock )?(?:in the (?:evening|afternoon)|at night|abends|nachmittags|du soir|de l'après-midi|de la (?:tarde|noche))",
    re.I,
)


def other_amount(one: str, other: str, question: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Amounts of one kind that both answers give of the same thing, and that differ.

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
        about: the question's content words.
        tongue: their language.
    """
    ours: dict[str, list[Quantity]] = defaultdict(list)
    theirs: dict[str, list[Quantity]] = defaultdict(list)
    for answer, found in ((one, ours), (other, theirs)):
        for quantity in all_quantities(answer, tongue):
            found[quantity.dimension].append(quantity)
    for text, found, beside in ((one, ours, theirs), (other, theirs, ours)):  # "at six" beside "18:00"
        if "clock" in found or not ("clock" in beside or re.search(ASKS_AMOUNT["clock"], question, re.I)):
            continue
        hours = [each for each in found["count"] if each.low == each.high <= 24 and AT.search(text[: each.start])]
        for each in hours:
            later = 12 if each.low < 12 and LATER.match(text, each.end) else 0
            found["clock"].append(replace(each, dimension="clock", low=(each.low + later) * 60, high=(each.low + later) * 60))
    years = [*ours.get("year", ()), *theirs.get("year", ())]
    if years and any(each.low > 100 for each in [*ours.get("count", ()), *theirs.get("count", ())]):
        for found in (ours, theirs):
            found["count"] += found.pop("year", [])
    brief = max(len(one.split()), len(other.split())) <= BRIEF
    for dimension in sorted(ours.keys() & theirs.keys()):
        mine, yours = ours[dimension], theirs[dimension]
        if any(_may_equal(a, b) for a in mine for b in yours):
            continue
        asks = re.search(ASKS_AMOUNT[dimension], question, re.I) if dimension in ASKS_AMOUNT else HOW_MUCH.search(question)
        lone = len(mine) == len(yours) == 1
        asks = asks or (WHICH.match(question) if lone and brief else None)
        if (
            lone
            and dimension in PRECISE
            and question
            and max(len(one.split()), len(other.split())) <= 2 * BRIEF
            and not _apart(one, mine[0], other, yours[0])
        ):
            return f"the answers give “{mine[0].shown}” and “{yours[0].shown}” for the same"
        for a in mine:
            for b in yours:
                near, far = _around(one, a, about, tongue), _around(other, b, about, tongue)
                if _apart(one, a, other, b) or (dimension == "count" and not _counts_the_same(one, a, other, b, tongue)):
                    continue
                shared = near & far
                alike = len(shared) >= 0.5 * min(len(near), len(far)) and len(shared) >= (1 if lone and brief else 2)
                if (asks and lone and max(a.start, b.start) < FIRST) or (shared and alike):
                    return f"the answers give “{a.shown}” and “{b.shown}” for the same"
    return None


def _may_equal(one: Quantity, other: Quantity) -> bool:
    return same_clock(one.low, other.low) if one.dimension == "clock" else one.may_equal(other)


def _around(text: str, quantity: Quantity, about: frozenset[str], tongue: Tongue) -> set[str]:
    """The content of the sentence that a quantity is in."""
    start, end = next((s, e) for s, e in [*sentence_spans(text), (0, len(text))] if s <= quantity.start < e)
    return {
        code for code in content(f"{text[start : quantity.start]} {text[quantity.end : end]}", tongue) if code[0] not in "¬~?"
    }


def _counts_the_same(one: str, a: Quantity, other: str, b: Quantity, tongue: Tongue) -> bool:
    """Whether the words after two bare numbers may name one thing: the same, or none."""
    things = []
    for text, quantity in ((one, a), (other, b)):
        after = re.match(r"[\s-]+([^\W\d_]{3,})", text[quantity.end :])
        plural = after is not None and (not is_small(after[1].casefold(), tongue) or after[1].casefold() == "people")
        things.append({fold(after[1].casefold(), tongue)} if after and plural else set())
    return not things[0] or not things[1] or bool(things[0] & things[1])


def _apart(one: str, a: Quantity, other: str, b: Quantity) -> bool:
    """Whether the clauses of two quantities say that they are of two things: a small jar and a large one, summer and winter."""
    clauses = []
    for text, quantity in ((one, a), (other, b)):
        start = max(text.rfind(mark, 0, quantity.start) for mark in ",;.:") + 1
        ends = [place for mark in ",;." if (place := text.find(mark, quantity.end)) > 0]
        clauses.append(text[start : min(ends, default=len(text))].casefold())
    pairs = [
        *OPPOSITES,
        (
            re.compile(r"\b(?:small|little|klein\w*|petite?s?|pequeñ[oa]s?|minimum|min|adults?)\b"),
            re.compile(r"\b(?:large|big|groß\w*|grande?s?|maximum|max|child\w*)\b"),
        ),
    ]
    return any(
        (x.search(clauses[0]) and y.search(clauses[1])) or (y.search(clauses[0]) and x.search(clauses[1])) for x, y in pairs
    )
