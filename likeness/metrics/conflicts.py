"""How two answers to one question cannot both be true."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from math import inf

from likeness.metrics.opposites import OPPOSITES
from likeness.metrics.prose import mask
from likeness.metrics.quantities import UNITS, Quantity, quantities_in, same_clock
from likeness.metrics.questions import asked, groups_of, opposed
from likeness.metrics.wording import NUMBER_WORDS, Tongue, expanded, fold, is_small, tongue_of
from likeness.metrics.wording import content as content_of

KINDS_OF_CONFLICT = (
    "yes_no", "no_or_fact", "asked_amount", "amount", "frequency", "attitude", "opposite", "denied", "name", "kind", "place"
)  # fmt: skip
"""What two answers may disagree on."""

BRIEF = 20
"""Words up to which an answer speaks of one thing only."""
FIRST = 160
"""Letters within which an answer gives the amount that it was asked for."""

_YES = r"""yes yes+ yea+h* yep yup yea aye always certainly of\ course by\ all\ means indeed definitely absolutely sure\ thing
    sure go\ ahead totally obviously yessir ja jap jawohl jo klar ja\ klar doch natürlich sicher selbstverständlich immer gewiss
    freilich gern gerne auf\ jeden\ fall unbedingt oui ouais bien\ sûr certainement toujours évidemment tout\ à\ fait absolument
    carrément volontiers sí si+p? claro claro\ que\ sí por\ supuesto siempre desde\ luego ciertamente vale"""
_NO = r"""no+ nope nah nay never not hardly certainly\ not of\ course\ not by\ no\ means not\ yet i'm\ afraid\ not afraid\ not
    unfortunately\ not sadly\ not no\ longer nein nee nö ne nie niemals keinesfalls auf\ keinen\ fall natürlich\ nicht kaum
    keineswegs noch\ nicht nicht leider\ nicht leider\ nein leider\ noch\ nicht non nan jamais bien\ sûr\ que\ non pas\ du\ tout
    surtout\ pas certainement\ pas pas\ encore toujours\ pas malheureusement\ pas malheureusement\ non hélas\ non pas
    plus\ maintenant nunca jamás claro\ que\ no de\ ninguna\ manera en\ absoluto por\ supuesto\ que\ no tampoco todavía\ no
    aún\ no qué\ va para\ nada ya\ no nanay"""
_FILLERS = r"""well nun naja na bueno eh\ bien oh ah ach och ugh hmm* uh um god lol haha sorry lo\ siento désolé mais bah ben tja
    tut\ mir\ leid leider pues uy ay hombre mate honestly ehrlich\ gesagt actually i'm\ afraid unfortunately aber"""


def _any(words: str) -> str:
    return "|".join(sorted(re.split(r"(?<!\\)\s+", words.strip()), key=len, reverse=True))


def _start(words: str) -> re.Pattern[str]:
    """Text that begins with one of these words, fillers before it left out."""
    return re.compile(rf"\A[^\w]*(?:(?:{_any(_FILLERS)})\b[^\w]*){{0,2}}(?:{_any(words)})(?!\w)", re.IGNORECASE)


YES, NO = _start(_YES), _start(_NO)
VERBS = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|may|might|should|would|will|must|shall)"
WHO = r"(?:it|he|she|we|they|you|i|that|this|there|one)"
SAID = re.compile(rf"\A\W*{WHO} (?P<verb>{VERBS})\b(?P<no> not\b)?", re.IGNORECASE)

NEGATED = re.compile(
    r"\b(?:not|never|no|nor|cannot|without|nobody|none|nicht|kein\w*|nie|niemals|ohne|pas|jamais|sans|aucune?"
    r"|nunca|jamás|sin|ningun[oa]?|tampoco)\b"
    r"|\b(?:no)\b",
)
NO_DENIAL = re.compile(
    r"\bnot (?:only|just)\b|\bnicht nur\b|\bpas seulement\b|\bno s[oó]lo\b|\bor (?:none|not|no)\b", re.IGNORECASE
)
SENTENCE = re.compile(r"[^.!?;\n]+(?:\.(?=\d)[^.!?;\n]*)*")
NAME = re.compile(r"(?<![\w.])[A-ZÄÖÜÀÉÈÁÍÓÚÑ][\w'’-]*[^\W_](?!\w)")
ASKS_NAME = re.compile(
    (
        r"\b(?:who|whom|whose|where|which|wer|wen|wem|wo|woher|wohin|welche[rsnm]?|qui|où|quel(?:le)?s?"
        r"|quién(?:es)?|dónde|cuál(?:es)?)\b|\bwhat(?:'s| is| was| are)? (?:the |its |his |her |your )?(?:name"
        r"|language|city|town|tool|database|colour|color)\b|\bname\b"
    ),
    re.I,
)
ASKS_MANNER = re.compile(r"\b(?:why|warum|wieso|weshalb|pourquoi|por qué)\b", re.I)
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


@lru_cache(maxsize=20_000)
def content(text: str, tongue: Tongue) -> tuple[str, ...]:
    """As `wording.content`, once for each answer that is compared with several."""
    return tuple(content_of(text, tongue))


@lru_cache(maxsize=2_000)
def _quantities(text: str, tongue: Tongue) -> tuple[Quantity, ...]:
    return tuple(quantities_in(text, tongue))


@lru_cache(maxsize=2_000)
def _opposites_in(text: str) -> dict[int, tuple[re.Match[str] | None, re.Match[str] | None]]:
    """Of which of `OPPOSITES` a text has the one or the other word."""
    found = ((number, (x.search(text), y.search(text))) for number, (x, y) in enumerate(OPPOSITES))
    return {number: both for number, both in found if any(both)}


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
    one, other = mask(one).replace("’", "'"), mask(other).replace("’", "'")
    about = frozenset(content(question, tongue)) if question else frozenset[str]()
    wanted = asked(question) if question else None
    kinds = wanted.asking if wanted else frozenset[str]()
    said = (_says(one) or _restates(one, about, tongue), _says(other) or _restates(other, about, tongue))
    says = set(said)
    if "?whether" in kinds and says != {"yes", "no"}:
        says = {_stance(one, about, tongue), _stance(other, about, tongue)}
        if None in says and (first := next(iter(says - {None}), None)):
            says = {first, *(_toward(answer, about, tongue) for answer in (one, other) if _stance(answer, about, tongue) is None)}
    if says == {"yes", "no"} and not ASKS_MANNER.match(question):
        yield "yes_no", "one answers yes where the other answers no"
    elif (
        {_denies(one), _denies(other)} == {True, False}
        and _affirms(other if _denies(one) else one)
        and not any(_equal(a, b) for a in _all_quantities(one, tongue) for b in _all_quantities(other, tongue))
    ):
        yield "no_or_fact", "one answers no where the other answers as if it were so"
    agree = len(says) == 1 and None not in says
    for kind, why in (
        ("asked_amount", _other_asked_amount(one, other, question, kinds, tongue)),
        ("amount", _other_amount(one, other, question, about, tongue)),
        ("frequency", _other_frequency(one, other)),
        ("attitude", _other_attitude(one, other, tongue)),
        ("opposite", _opposite(one, other, about, tongue)),
        ("denied", None if agree else _denied(one, other, tongue)),
        ("name", _other_name(one, other, question, tongue, "?who" in kinds)),
        ("kind", _other_kind(one, other, about, tongue) if about else None),
        ("place", _other_place(one, other, about, tongue) if "?where" in kinds else None),
    ):
        if why:
            yield kind, why


def _denies(answer: str) -> bool:
    """Whether an answer begins with a no, or with nobody and nothing."""
    return _says(answer) == "no" or bool(NOTHING.match(answer.casefold()))


def _affirms(answer: str) -> bool:
    """Whether an answer's first sentence states something, with no denial and no condition in it."""
    lowered = expanded(answer)
    first = next((lowered[s:e] for s, e in _sentences(lowered)), "")
    return bool(first) and not (NEGATED.search(first) or FORBIDS.search(first) or HEDGED.search(first) or NOTHING.match(first))


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


def _other_asked_amount(one: str, other: str, question: str, kinds: frozenset[str], tongue: Tongue) -> str | None:
    """The first amount of what was asked for in each answer: where they differ, and neither answer has the other's."""
    wanted = {dimension for kind in kinds for dimension in ASKED_DIMENSIONS.get(kind, ())}
    if NUMBERED.search(question):
        wanted |= {"count", "version", "data", "duration", "degrees", "percent", "mass", "length", "volume", *MONEY}
    if not wanted:
        return None
    limit = ASKS_LIMIT.search(question) is not None
    ours, theirs = ([_plain(each, wanted, limit) for each in _all_quantities(answer, tongue)] for answer in (one, other))
    mine, yours = (
        next((each for each in sorted(found, key=_where) if each.dimension in wanted), None) for found in (ours, theirs)
    )
    if mine is None or yours is None or mine.start > FIRST or yours.start > FIRST:
        return None
    if mine.dimension != yours.dimension and not {mine.dimension, yours.dimension} <= {*MONEY, "count"}:
        return None
    exact, other_exact = ([each for each in found if inf not in (-each.low, each.high)] for found in (ours, theirs))
    if _equal(mine, yours) or _apart(one, mine, other, yours):
        return None
    if any(_equal(mine, each) for each in other_exact) or any(_equal(yours, each) for each in exact):
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


def _equal(one: Quantity, other: Quantity) -> bool:
    same = one.dimension == other.dimension or {one.dimension, other.dimension} <= {*MONEY, "count"}
    return same and _may_equal(one, other)


def _all_quantities(answer: str, tongue: Tongue) -> list[Quantity]:
    """Those of a text, "an hour" among them."""
    found = list(_quantities(answer, tongue))
    for match in A_UNIT.finditer(answer):
        low = UNITS[match[1].casefold()][1]
        found.append(Quantity("duration", low, low, *match.span(), match[0]))
    return found


LIKING = re.compile(
    r"\b(?:love|loved|adore|adored|like it|liked it|enjoy(?:ed)?|fond of|obsessed|delight\w*|fantastic|brilliant"
    r"|wonderful|great|amazing"
    r"|lovely|excellent|favou?rite|liebe|liebte|geliebt|mag|mochte|gefällt|gefiel|toll|großartig|wunderbar|herrlich|super|begeistert"
    r"|adore|adorais|adoré|aime|aimais|aimé|génial\w*|magnifique|formidable|excellente?|ravie?|top|encanta|encantó|encantaba|gusta"
    r"|gustó|gustaba|genial|maravillos[oa]|estupend[oa]|fantástic[oa])\b"
)
DISLIKING = re.compile(
    r"\b(?:hate|hated|loathe|loathed|detest\w*|dislike\w*|can(?:not|'t) stand|awful|horrible|terrible|dreadful|boring|disgusting"
    r"|rubbish|hasse|hasste|gehasst|zuwider|schrecklich|furchtbar|grauenhaft|ekelhaft|langweilig|nie leiden|nicht leiden"
    r"|nicht ausstehen|déteste|détestais|détesté|horreur|affreu(?:x|se)|nulle?|ennuyeu(?:x|se)|odio|odié|odiaba|horrible|asco"
    r"|detesto|detestaba|aburrid[oa]|fatal)\b"
)


def _attitude(answer: str) -> str | None:
    """Whether an answer's first two sentences say that something is liked or disliked."""
    lowered = expanded(answer)
    for s, e in _sentences(lowered)[:2]:
        liked, disliked = LIKING.search(lowered, s, e), DISLIKING.search(lowered, s, e)
        if disliked and not liked:
            return "disliked"
        if liked and not disliked:
            return "disliked" if NEGATED.search(lowered[s : liked.start()]) or NEGATED.search(lowered[s:e]) else "liked"
    return None


def _other_attitude(one: str, other: str, tongue: Tongue) -> str | None:
    """What the one likes, the other dislikes."""
    if {_attitude(one), _attitude(other)} == {"liked", "disliked"}:
        return "one likes what the other dislikes"
    return None


def _says(answer: str) -> str | None:
    """Whether an answer begins with a yes or a no, in a word or as "it is not"."""
    answer = expanded(answer[:200])
    if NO.match(answer):
        return "no"
    if YES.match(answer):
        return "yes"
    if said := SAID.match(answer):
        rest = answer[said.end() :]
        if said["no"]:
            return "no"
        return "yes" if re.match(r"\s*(?:[.,;!]|\Z)", rest) else None
    return None


FORBIDS = re.compile(
    r"\b(?:forbidden|prohibited|banned|closed|refused?|impossible|unnecessary|optional|against the rules"
    r"|off limits|stopped|too (?:risky|dangerous|hot|cold|late)"
    r"|verboten|untersagt|geschlossen|unmöglich|unnötig|freiwillig|überflüssig|interdite?s?|fermée?s?|impossible"
    r"|inutile|facultati(?:f|ve)|défendue?s?"
    r"|prohibid[oa]s?|cerrad[oa]s?|imposible|innecesari[oa]s?|opcional(?:es)?|vetad[oa]s?)\b"
)
GRANTS = re.compile(
    r"\b(?:must|have to|has to|need(?:s|ed)?|required|mandatory|compulsory|allowed|permitted|welcome|fine|okay"
    r"|part of|included|free to|may|can|will"
    r"|muss|müssen|erlaubt|gestattet|willkommen|nötig|erforderlich|pflicht|darf|dürfen|kann|können|inbegriffen|dabei"
    r"|faut|doit|doivent|autorisée?s?|permise?s?|bienvenue?s?|obligatoires?|nécessaires?|requise?s?|peut|peuvent|comprise?s?"
    r"|hay que|debe[ns]?|permitid[oa]s?|admiten|bienvenid[oa]s?|obligatori[oa]s?|necesari[oa]s?|puede[ns]?|incluid[oa]s?)\b"
)
HEDGED = re.compile(
    r"\b(?:only|unless|except|depends?|sometimes|mostly|partly|if|when|nur|außer|manchmal|kommt darauf|wenn|teils"
    r"|seulement|sauf|parfois|dépend|si"
    r"|s[óo]lo|solamente|salvo|excepto|depende|a veces|cuando)\b"
)


def _stance(answer: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Whether an answer to a question of yes or no says yes or no, if not in a word, in its first sentence."""
    said = _says(answer)
    if said:
        return said
    lowered = expanded(answer)
    first = next((lowered[s:e] for s, e in _sentences(lowered)), "")
    words, negated = _statement(first, tongue)
    if NOTHING.match(first):
        return None
    if negated != (FORBIDS.search(first) is not None):
        return "no"
    if negated or HEDGED.search(first):
        return None
    return "yes" if GRANTS.search(first) or (words & about and len(first.split()) <= BRIEF) else None


NOTHING = re.compile(r"\W*(?:nothing|nobody|nichts|niemand|rien|personne|nada|nadie)\b")


def _toward(answer: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Whether one of an answer's first sentences denies what the question is about."""
    lowered = expanded(answer)
    for s, e in _sentences(lowered)[:2]:
        words, negated = _statement(lowered[s:e], tongue)
        near = words & about or frozenset[int]().union(*(groups_of(w, tongue) for w in words)) & frozenset[int]().union(
            *(groups_of(w, tongue) for w in about)
        )
        if near and not NOTHING.match(lowered[s:e]) and negated != (FORBIDS.search(lowered[s:e]) is not None):
            return "no"
    return None


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


def _other_frequency(one: str, other: str) -> str | None:
    """Every three months, and once a year."""
    ours, theirs = _frequencies(one), _frequencies(other)
    if len(ours) == len(theirs) == 1:
        (mine, said), (yours, said_too) = *ours.items(), *theirs.items()
        if not 0.9 < mine / yours < 1.1:
            return f"the answers give “{said}” and “{said_too}” for the same"
    return None


PLACED = re.compile(
    r"\b(?:in|on|at|under|behind|beside|near|above|below|inside|by|next to|unter|hinter|neben|auf|im|am|beim|über"
    r"|dans|sur|sous|derrière|à côté|près"
    r"|en|sobre|bajo|debajo|detrás|junto|al lado|encima|cuelga\w*)\b"
)


def _other_place(one: str, other: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Two brief answers that each name a place and have no word in common but the question's."""
    if (
        max(len(one.split()), len(other.split())) > BRIEF
        or not PLACED.search(one.casefold())
        or not PLACED.search(other.casefold())
    ):
        return None
    mine, yours = ({code for code in content(text, tongue) if code[0] not in "¬~?"} - about for text in (one, other))
    groups = [frozenset[int]().union(*(groups_of(code, tongue) for code in side)) for side in (mine, yours)]
    if len(mine) < 2 or len(yours) < 2 or mine & yours or len(groups[0] & groups[1]) > 1:
        return None
    return f"the answers name two places, “{one.strip()[:60]}” and “{other.strip()[:60]}”"


def _restates(answer: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Whether an answer's first sentence is the question as a statement ("The export works."), or that denied."""
    first = next((answer[s:e] for s, e in _sentences(answer)), "")
    words, negated = _statement(first, tongue)
    asked_for = {code for code in about if code[0] not in "¬~?"}
    if not words or 2 * len(words) < len(asked_for) or not words <= about or any(code[0].isdigit() for code in words):
        return None
    return "no" if negated else "yes"


def _sentences(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in SENTENCE.finditer(text) if match[0].strip()]


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


def _other_amount(one: str, other: str, question: str, about: frozenset[str], tongue: Tongue) -> str | None:
    ours: dict[str, list[Quantity]] = defaultdict(list)
    theirs: dict[str, list[Quantity]] = defaultdict(list)
    for answer, found in ((one, ours), (other, theirs)):
        for quantity in _quantities(answer, tongue):
            found[quantity.dimension].append(quantity)
        for match in A_UNIT.finditer(answer):
            low = UNITS[match[1].casefold()][1]
            found["duration"].append(Quantity("duration", low, low, *match.span(), match[0]))
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
    start, end = next((s, e) for s, e in [*_sentences(text), (0, len(text))] if s <= quantity.start < e)
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


def _opposite(one: str, other: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Two words of which not both are true, of a thing that both answers speak of."""
    first, second = expanded(one), expanded(other)
    mine_has, yours_has = _opposites_in(first), _opposites_in(second)
    for number in sorted(mine_has.keys() & yours_has.keys()):
        for this, that in ((0, 1), (1, 0)):
            a, b = mine_has[number][this], yours_has[number][that]
            if not a or not b or mine_has[number][that] or yours_has[number][this]:
                continue
            (s, e), (s2, e2) = (
                next((span for span in _sentences(text) if span[0] <= m.start() < span[1]), (0, len(text)))
                for text, m in ((first, a), (second, b))
            )
            mine, yours = first[s:e], second[s2:e2]
            if bool(NEGATED.search(mine)) != bool(NEGATED.search(yours)):
                continue  # "not open" and "closed" are one
            left = set(content(mine.replace(a[0], " "), tongue)) - about
            right = set(content(yours.replace(b[0], " "), tongue)) - about
            shared = left & right
            brief = max(len(mine.split()), len(yours.split())) <= (BRIEF if about and (s, s2) == (0, 0) else 5)
            if len(shared) >= 0.5 * min(len(left), len(right)) or brief:
                return f"one says “{a[0]}” where the other says “{b[0]}”"
    return None


def _denied(one: str, other: str, tongue: Tongue) -> str | None:
    """The content of two sentences that have nearly the same, of which only one is negated."""
    theirs = [_statement(other[s:e], tongue) for s, e in _sentences(other)]
    for s, e in _sentences(one):
        words, negated = _statement(one[s:e], tongue)
        for their_words, their_negated in theirs:
            shared = words & their_words
            if negated != their_negated and len(shared) >= 2 and len(shared) >= 0.7 * max(len(words), len(their_words)):
                return f"one says what the other denies, about {', '.join(sorted(shared)[:4])}"
    return None


APART = frozenset(
    "day week month year tag woche monat jahr jour semain mois annee semana mes ano dia first second third last man woman".split()
)
"""Stems of opposites that are in any two answers."""


def _other_kind(one: str, other: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Opposites, or two of a kind (green and white, May and August), in sentences that share something."""
    for s, e in _sentences(one)[:2]:
        for s2, e2 in _sentences(other)[:2]:
            mine, yours = ({code for code in content(text, tongue) if code[0] not in "¬~?"} for text in (one[s:e], other[s2:e2]))
            ours, theirs = mine - yours - about - APART, yours - mine - about - APART
            if not opposed(ours, theirs, tongue) or ("¬" in content(one[s:e], tongue)) != ("¬" in content(other[s2:e2], tongue)):
                continue
            if (
                (mine & yours or (mine & about and yours & about))
                and not opposed(mine, mine, tongue)
                and not opposed(yours, yours, tongue)
            ):
                word = next(code for code in sorted(ours) if opposed([code], theirs, tongue))
                return f"one says “{word}” where the other says the opposite or another of its kind"
    return None


def _statement(sentence: str, tongue: Tongue) -> tuple[set[str], bool]:
    codes = content(NO_DENIAL.sub(" ", sentence), tongue)
    return {code for code in codes if code[0] not in "¬~?"}, "¬" in codes


def _names(text: str, tongue: Tongue) -> Iterator[str]:
    """Capitalised words that are names: within a sentence, or at its beginning where no known word is capitalised there."""
    for match in NAME.finditer(text):
        word = match[0].casefold()
        inside = re.search(r"[\w,] \Z", text[: match.start()]) is not None
        known = is_small(word, tongue) or (groups_of(fold(word, tongue), tongue) and " " in text.strip())
        if (inside or not known) and word not in NO_NAMES and word not in UNITS:
            yield match[0]


NO_NAMES = frozenset(
    """mr mrs ms miss madame mademoiselle monsieur mme mlle sir lady don doña der die das and but whoever whatever yes no ja nein
    oui non sí mostly never always i herr frau señor señora""".split()
)


GIVEN_NAME = re.compile(
    r"(?:\b(?:Herrn?|Frau|Onkel|Tante|Familie|Dr\.)\s+|\b(?:in|nach|aus|bei|von"
    r"|[Ii]m Raum)\s+(?=[A-ZÄÖÜ]))(?P<name>[A-ZÄÖÜ][\w'-]+)"
)
"""A name in German, where every noun has a capital: after a title, or after a preposition with no article."""


def _names_given(text: str, tongue: Tongue) -> list[str]:
    """The names in the first two sentences of an answer."""
    (start, _), (_, end) = (_sentences(text)[:2] or [(0, 0)])[0], (_sentences(text)[:2] or [(0, 0)])[-1]
    said = text[start:end]
    if tongue == "de":
        return [match["name"] for match in GIVEN_NAME.finditer(said)]
    return list(_names(said, tongue))


def _other_name(one: str, other: str, question: str, tongue: Tongue, asks_who: bool) -> str | None:
    """Another name where a name is asked for, or in the same place: "Paul built it" and "Anna built it".

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
        tongue: their language.
        asks_who: whether it asks for a person.
    """
    known = set(re.findall(r"\w+", question.casefold()))
    if asks_who or ASKS_NAME.search(question):
        words = [known | set(re.findall(r"\w+", text.casefold())) for text in (one, other)]
        mine, yours = (
            next((name for name in _names_given(text, tongue) if name.casefold() not in known), None) for text in (one, other)
        )
        if mine and yours and mine.casefold() not in words[1] and yours.casefold() not in words[0]:
            return f"one names “{mine}” where the other names “{yours}”"
    ours, theirs = ([n for n in _names(text, tongue) if n.casefold() not in known] for text in (one, other))
    if not ours or not theirs or {n.casefold() for n in ours} & {n.casefold() for n in theirs}:
        return None
    first, second = _sentences(one)[0], _sentences(other)[0]
    first_said, second_said = one[first[0] : first[1]], other[second[0] : second[1]]
    a, b = next((n for n in ours if n in first_said), None), next((n for n in theirs if n in second_said), None)
    if a is None or b is None:
        return None
    left, right = (set(content(text.replace(name, " "), tongue)) for text, name in ((first_said, a), (second_said, b)))
    slot = left == right or (len(left & right) >= 2 and len(left & right) >= 0.6 * max(len(left), len(right)))
    short = min(len(first_said.split()), len(second_said.split())) <= 5
    if slot or (short and ASKS_NAME.search(question)):
        return f"one names “{a}” where the other names “{b}”"
    return None
