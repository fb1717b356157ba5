"""The same question answered in two ways: the model learns neither."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

from curate.check import Check
from curate.model import Finding, Pair
from likeness.kinds import KINDS
from likeness.metrics.prose import mask
from likeness.metrics.quantities import UNITS, Quantity, quantities_in, same_clock
from likeness.metrics.questions import Asked, asked, groups_of, keys_of, likeness_of, one_slot, opposed, weight_of
from likeness.metrics.wording import NUMBER_WORDS, Tongue, expanded, fold, is_small, tongue_of
from likeness.metrics.wording import content as content_of

SAME_QUESTION = 0.6
"""Likeness from which two instructions are one question; or else ..."""
COVERED = 0.5
"""... the mean part of each that the other pair speaks of, from which they are."""
FEW, RARELY = 50, 0.005
"""Among more pairs than these, such questions share two things that at most this part of all ask of."""
LONG = 60
"""Words of an answer beyond which it speaks of too much to tell what was asked."""
SPECIAL = 2
"""Or half of that, where both answers have so many telling words in common."""
RAREST, ALONE, MOST, NEIGHBOURS = 6, 8, 12, 4
"""Each pair is looked up by its six rarest words, two at a time, and by a word that at most eight questions have; under each of
them twelve pairs are kept, and the four nearest compared."""
ANSWER = 400
"""Letters of an answer that are looked at for that."""
OFTEN = 5
"""What more pairs ask is no question but a form ("What do you hold of it?"), whose answers have each their own subject."""

BRIEF = 20
"""Words up to which an answer speaks of one thing only."""
FIRST = 160
"""Letters within which an answer gives the amount that it was asked for."""

_YES = r"""yes yea yep yeah aye always certainly of\ course by\ all\ means indeed definitely absolutely sure go\ ahead ja jawohl
    doch natürlich sicher klar selbstverständlich immer gewiss freilich auf\ jeden\ fall oui bien\ sûr certainement toujours
    évidemment tout\ à\ fait absolument sí claro por\ supuesto siempre desde\ luego ciertamente"""
_NO = r"""no nope nay never not hardly certainly\ not of\ course\ not by\ no\ means nein nie niemals keinesfalls
    auf\ keinen\ fall natürlich\ nicht kaum keineswegs non jamais bien\ sûr\ que\ non pas\ du\ tout surtout\ pas certainement\ pas
    nunca jamás claro\ que\ no de\ ninguna\ manera en\ absoluto por\ supuesto\ que\ no tampoco"""


def _start(words: str) -> re.Pattern[str]:
    alternatives = sorted(re.split(r"(?<!\\)\s+", words.strip()), key=len, reverse=True)
    return re.compile(rf"\A[^\w]*(?:(?:well|nun|naja|bueno|eh bien|oh),? )?(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


YES, NO = _start(_YES), _start(_NO)
VERBS = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|may|might|should|would|will|must|shall)"
WHO = r"(?:it|he|she|we|they|you|i|that|this|there|one)"
SAID = re.compile(rf"\A\W*{WHO} (?P<verb>{VERBS})\b(?P<no> not\b)?", re.IGNORECASE)

OPPOSITES: list[tuple[re.Pattern[str], re.Pattern[str]]] = [
    (re.compile(rf"\b(?:{one})\b"), re.compile(rf"\b(?:{other})\b"))
    for one, other in (
        (r"open(?:ed|s)?|offen|geöffnet|ouverte?s?|abiert[oa]s?", r"closed?s?|shut|geschlossen|zu|fermée?s?|cerrad[oa]s?"),
        (
            (
                r"(?:turned|switched|leave it|keep it|is|are|it) on|enabled|eingeschaltet|aktiviert|allumée?s?"
                r"|activée?s?|encendid[oa]s?|activad[oa]s?"
            ),
            r"off|disabled|ausgeschaltet|deaktiviert|éteinte?s?|désactivée?s?|apagad[oa]s?|desactivad[oa]s?",
        ),
        (r"always|immer|toujours|siempre", r"never|nie|niemals|jamais|nunca|jamás"),
        (r"before|vor|bevor|avant|antes", r"after|nach|nachdem|après|después"),
        (
            r"allowed|permitted|welcome|erlaubt|gestattet|willkommen|autorisée?s?|permise?s?|permitid[oa]s?|bienvenid[oa]s?",
            r"forbidden|prohibited|banned|verboten|untersagt|interdite?s?|prohibid[oa]s?",
        ),
        (
            r"safe|harmless|sicher|harmlos|ungefährlich|sûre?s?|segur[oa]s?|inofensiv[oa]s?",
            r"dangerous|unsafe|risky|gefährlich|unsicher|dangereu(?:x|se)s?|peligros[oa]s?",
        ),
        (
            r"required|mandatory|compulsory|necessary|pflicht|nötig|notwendig|erforderlich|obligatoires?"
            r"|nécessaires?|obligatori[oa]s?|necesari[oa]s?",
            r"optional|voluntary|unnecessary|freiwillig|unnötig|überflüssig|facultatifs?|facultatives?|inutiles?"
            r"|opcional(?:es)?|voluntari[oa]s?|innecesari[oa]s?",
        ),
        (r"free|kostenlos|gratis|umsonst|gratuite?s?|gratuit[oa]s?", r"paid|kostenpflichtig|payante?s?|de pago|costs? money"),
        (r"alive|living|lebt|vivante?s?|viv[oa]s?", r"dead|died|tot|gestorben|morte?s?|muert[oa]s?|murió"),
        (r"hot|heiß|chaude?s?|calientes?", r"cold|kalt|froide?s?|frí[oa]s?"),
        (r"left|links|gauche|izquierda", r"right|rechts|droite|derecha"),
        (r"north|norden|nord|norte", r"south|süden|sud|sur"),
        (r"east|osten|est|este", r"west|westen|ouest|oeste"),
        (r"morning|mornings|morgens|matin|mañana", r"evening|evenings|abends|abend|soir|noche|tarde"),
        (r"inside|indoors|drinnen|innen|dedans|intérieur|dentro", r"outside|outdoors|draußen|außen|dehors|extérieur|fuera"),
        (r"full|voll|pleine?s?|llen[oa]s?", r"empty|leer|vides?|vací[oa]s?"),
        (r"summer|sommer|été|verano", r"winter|hiver|invierno"),
        (r"wet|nass|feucht|mouillée?s?|humides?|mojad[oa]s?", r"dry|trocken|sèche?s?|sec|sec[oa]s?"),
        (r"faster|quicker|schneller|plus rapide|más rápid[oa]", r"slower|langsamer|plus lente?|más lent[oa]"),
        (r"cheaper|billiger|günstiger|moins cher|más barat[oa]", r"dearer|more expensive|teurer|plus cher|más car[oa]"),
        (r"public|öffentlich|publique?s?|públic[oa]s?", r"private|privat|privée?s?|privad[oa]s?"),
        (r"stable|stabil|estables?", r"unstable|instabil|instables?|inestables?"),
        (r"works?|funktioniert|fonctionne|funciona", r"broken|kaputt|en panne|cassée?s?|rot[oa]s?|averiad[oa]s?"),
        (r"true|wahr|richtig|vraie?s?|verdader[oa]s?", r"false|falsch|fausse?s?|faux|fals[oa]s?"),
        (r"everybody|everyone|alle|jeder|tout le monde|todos", r"nobody|no one|niemand|keiner|personne|nadie"),
        (
            r"loved?|enjoy(?:ed)?|liebe|liebte|mochte|aimais?|adorais?|encantaba|encantó|gustaba",
            r"hated?|loathed?|detested?|hasse|hasste|détestais?|haïssais?|odiaba|odié|detestaba",
        ),
        (
            r"running|laufen(?: lassen)?|en marche|en marcha",
            r"(?:switch|turn)(?:ed)? [^.!?;,]{0,20}?off|stopp?(?:ed)?|aus(?:schalten|geschaltet|machen)?|arrêt\w*"
            r"|éteindre|apagar|apagad[oa]",
        ),
        (r"raw|roh|crue?s?|crud[oa]s?", r"cooked|gekocht|cuite?s?|cocid[oa]s?"),
        (
            r"manual(?:ly)?|by hand|manuell|von hand|à la main|a mano",
            r"automatic(?:ally)?|automatisch|automatiquement|automáticamente",
        ),
        (
            r"included|inbegriffen|enthalten|comprise?s?|inclus(?:e|es)?|incluid[oa]s?",
            r"excluded|extra|separately|separat|en sus|en plus|aparte",
        ),
        (
            r"increased?|rose|gestiegen|steigt|augment\w+|sub(?:ió|e|ieron)",
            r"decreased?|fell|dropped|gesunken|sinkt|baiss\w+|diminu\w+|baj(?:ó|a|aron)",
        ),
        (r"early|früh|tôt|temprano", r"late|spät|tard"),
        (
            r"accepted|approved|angenommen|genehmigt|acceptée?s?|aceptad[oa]s?|aprobad[oa]s?",
            r"rejected|refused|declined|abgelehnt|refusée?s?|rechazad[oa]s?",
        ),
        (r"won|gewonnen|gewann|gagné|ganó|ganamos", r"lost|verloren|verlor|perdue?|perdió|perdimos"),
        (
            r"happy|glücklich|froh|heureu(?:x|se)|contente?s?|feliz|content[oa]s?",
            r"unhappy|sad|miserable|unglücklich|traurig|malheureu(?:x|se)|triste",
        ),
        (r"easy|leicht|einfach|facile|fácil", r"hard|difficult|schwer|schwierig|difficile|difícil"),
        (r"plenty|a great deal|viel|beaucoup|much[oa]s?", r"nothing|little|nichts|wenig|rien|nada|poc[oa]s?"),
    )
]
"""Words of which not both are true of one thing; in four languages."""
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


def find_contradictions(pairs: Sequence[Pair]) -> Iterable[Finding]:
    """Both of two pairs that ask the same and answer what cannot both be true; each finding names the other pair.

    Reported are a yes and a no, another amount, time, date or version of the same thing, opposites, a statement and its denial,
    another name in the same place. Each pair is compared with the few before it that share its rarest words. Two pairs that
    people wrote, and essays or reflections, which may differ as they like, are left alone, and so is what more than `OFTEN`
    pairs ask. For English, German, French and Spanish; the score is 1.0.
    """
    shown: set[str] = set()
    for first, pair, closely in _asking_the_same(pairs):
        why = contradiction(first.response, pair.response, first.instruction, closely)
        if not why and (asking := asked(pair.instruction).asking) and asking == asked(first.instruction).asking:
            why = contradiction(first.response, pair.response, pair.instruction, closely)
        if why:
            for one, other in ((first, pair), (pair, first)):
                if one.id not in shown:
                    shown.add(one.id)
                    message = f"{other.id} asks the same, and {why}"
                    yield Finding(one.id, "contradictions", "warning", 1.0, message, reason="contradiction")


def _asking_the_same(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Pair, bool]]:
    """Two and two pairs without a conversation before them that ask one question, one of them generated; and whether closely."""
    looked_at = [pair for pair in pairs if len(pair.prompt) == 1 and KINDS[pair.kind].asks != "opinion"]
    questions = [asked(pair.instruction) for pair in looked_at]
    often = Counter(question.said for question in questions)
    keys = [keys_of(question) if often[question.said] <= OFTEN else set() for question in questions]
    common = Counter(key for each in keys for key in each)
    spread = Counter(thing for question in questions for thing in question.things)
    rarely = max(2, RARELY * len(looked_at))
    buckets: dict[Hashable, list[int]] = defaultdict(list)
    for place, (pair, question) in enumerate(zip(looked_at, questions, strict=True)):
        rare = sorted((key for key in keys[place] if common[key] > 1), key=lambda key: (common[key], str(key)))[:RAREST]
        mine: list[Hashable] = [(question.said,), *(key for key in rare if common[key] <= ALONE), *combinations(rare, 2)]
        near = Counter(other for key in mine if keys[place] for other in buckets[key])
        for other, _ in near.most_common(NEIGHBOURS):
            first = looked_at[other]
            if "generator" not in (pair.wrote, first.wrote):
                continue
            together = sum(spread[thing] <= rarely for thing in question.things & questions[other].things)
            closely = _one_question(questions[other], question, first, pair, together >= 2 or len(looked_at) <= FEW)
            if closely is not None:
                yield first, pair, closely
        for key in mine:
            if len(buckets[key]) < MOST:
                buckets[key].append(place)


SIDES = [
    frozenset(pair.split())
    for pair in ("front back", "first second", "first third", "second third", "he she", "his her", "il elle", "él ella")
]
"""Small words of which each question has another where they are two."""


def _one_question(one: Asked, other: Asked, first: Pair, second: Pair, rare: bool = True) -> bool | None:
    """Whether two pairs ask one question; what one lacks of the other, its answer may have.

    Args:
        one: a question.
        other: another.
        first: the pair that asks the one.
        second: the pair that asks the other.
        rare: whether they share enough that few others ask of, for answers to be looked at.

    Returns:
        True where two questions are one; False where a yes to one may be a no to the other; None where they are two.
    """
    ours, others = frozenset(one.said.split()), frozenset(other.said.split())
    if any(side & ours and side & others and not side & ours & others for side in SIDES):
        return None
    if likeness_of(one, other) >= SAME_QUESTION:
        return True
    if not rare or max(len(pair.response.split()) for pair in (first, second)) > LONG:
        return None
    mine, theirs = one.things - other.things, other.things - one.things
    if opposed(mine, theirs, one.tongue) or one_slot(one, other, mine, theirs) or one.numbers != other.numbers:
        return None
    asking, other_asking = one.asking - {"?whether"}, other.asking - {"?whether"}
    if asking and other_asking and not asking & other_asking:
        return None
    said, other_said = (frozenset(content(pair.response[:ANSWER], one.tongue)) for pair in (first, second))
    covered = _covered(one, other.things | other_said) + _covered(other, one.things | said)
    both = {code for code in said & other_said if code[0] not in "¬~?" and weight_of(code, one.tongue) >= 1}
    near = covered >= 2 * COVERED and bool(one.things & other.things or both)
    if not near and not (covered >= COVERED and len(both) >= SPECIAL):
        return None
    return not ("?whether" in one.asking and "?whether" in other.asking)


def _covered(question: Asked, said: frozenset[str]) -> float:
    """The part of what a question is about that is said elsewhere, in the same words or others."""
    groups = frozenset[int]().union(*(groups_of(code, question.tongue) for code in said))
    whole = part = 0.0
    for code in question.things:
        weight = weight_of(code, question.tongue)
        whole += weight
        part += weight if code in said else 0.8 * weight if groups & groups_of(code, question.tongue) else 0.0
    return part / whole if whole else 0.0


def contradiction(one: str, other: str, question: str = "", closely: bool = True) -> str | None:
    """How two answers to one question cannot both be true, in words; None where they can.

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
        closely: whether both were asked it so that yes and no mean the same.
    """
    tongue = tongue_of(f"{question}\n{one}\n{other}")
    one, other = mask(one).replace("’", "'"), mask(other).replace("’", "'")
    about = frozenset(content(question, tongue)) if question else frozenset()
    wanted = asked(question) if question else None
    kinds = wanted.asking if wanted else frozenset[str]()
    says = {_says(one) or _restates(one, about, tongue), _says(other) or _restates(other, about, tongue)}
    if "?whether" in kinds and says != {"yes", "no"}:
        says = {_stance(one, about, tongue), _stance(other, about, tongue)}
        if None in says and (first := next(iter(says - {None}), None)):
            says = {first, *(_toward(answer, about, tongue) for answer in (one, other) if _stance(answer, about, tongue) is None)}
    if closely and says == {"yes", "no"} and not ASKS_MANNER.match(question):
        return "one answers yes where the other answers no"
    agree = len(says) == 1 and None not in says
    return (
        _other_amount(one, other, question, about, tongue)
        or _other_frequency(one, other)
        or _opposite(one, other, about, tongue)
        or (None if agree else _denied(one, other, tongue))
        or _other_name(one, other, question, tongue, "?who" in kinds)
        or (_other_kind(one, other, about, tongue) if about else None)
        or (_other_place(one, other, about, tongue) if "?where" in kinds else None)
    )


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
    "hour": 3600, "stunde": 3600, "heure": 3600, "hora": 3600, "day": 86400, "tag": 86400, "jour": 86400, "día": 86400,
    "week": 604800, "woche": 604800, "semaine": 604800, "semana": 604800, "fortnight": 1209600, "month": 2629800,
    "monat": 2629800,
    "mois": 2629800, "mes": 2629800, "quarter": 7889400, "quartal": 7889400, "trimestre": 7889400, "year": 31557600,
    "jahr": 31557600, "an": 31557600, "année": 31557600, "ans": 31557600, "año": 31557600,
}  # fmt: skip
_UNIT_WORD = (
    r"(?P<unit>hour|day|week|fortnight|month|quarter|year|stunde|tag|woche|monat|quartal|jahr|heure|jour|semaine|mois|trimestre"
    r"|an(?:née)?|hora|día|semana|mes|año)(?:e?[ns]|es)?\b"
)
_SMALL_NUMBER = r"(?P<n>\d+|" + "|".join(NUMBER_WORDS) + ")"
EVERY = re.compile(
    rf"\b(?:every|each|alle|jede[nrs]?|tou(?:te)?s les|chaque|cada)\s+(?:(?P<other>other|second"
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


NO_NAMES = frozenset("whoever whatever yes no ja nein oui non sí mostly never always i mr mrs herr frau señor señora".split())


def _other_name(one: str, other: str, question: str, tongue: Tongue, asks_who: bool) -> str | None:
    """Another name in the same place: "Paul built it" and "Anna built it".

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
        tongue: their language.
        asks_who: whether it asks for a person.
    """
    known = {word.casefold() for word in re.findall(r"\w+", question)}
    ours, theirs = ([n for n in _names(text, tongue) if n.casefold() not in known] for text in (one, other))
    if not ours or not theirs or {n.casefold() for n in ours} & {n.casefold() for n in theirs}:
        return None
    first, second = _sentences(one)[0], _sentences(other)[0]
    mine, yours = one[first[0] : first[1]], other[second[0] : second[1]]
    a, b = next((n for n in ours if n in mine), None), next((n for n in theirs if n in yours), None)
    if a is None or b is None:
        return None
    left, right = (set(content(text.replace(name, " "), tongue)) for text, name in ((mine, a), (yours, b)))
    if asks_who and tongue != "de" and max(len(one.split()), len(other.split())) <= BRIEF:
        return f"one names “{a}” where the other names “{b}”"
    slot = left == right or (len(left & right) >= 2 and len(left & right) >= 0.6 * max(len(left), len(right)))
    short = min(len(mine.split()), len(yours.split())) <= 5
    if tongue == "de" and not slot and not (short and ASKS_NAME.search(question)):
        return None  # every noun has a capital
    if slot or (ASKS_NAME.search(question) and (short or left & right)):
        return f"one names “{a}” where the other names “{b}”"
    return None


CHECK = Check(
    name="contradictions",
    about="One question with answers that cannot both be true.",
    scope="dataset",
    order=100,
    reasons={"contradiction": "contradicts another answer"},
    find=lambda given: find_contradictions(given.pairs),
    cure="one of each two should go",
)
