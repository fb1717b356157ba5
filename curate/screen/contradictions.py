"""The same question answered in two ways: the model learns neither."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from curate.check import Check
from curate.model import Finding, Pair
from likeness.kinds import KINDS
from likeness.metrics.near_duplicates import NearestIndex
from likeness.metrics.prose import mask
from likeness.metrics.quantities import Quantity, quantities_in, same_clock
from likeness.metrics.questions import asked, likeness_of
from likeness.metrics.wording import Tongue, content, expanded, fold, is_small, tongue_of

NEIGHBOUR = 0.45
"""Jaccard similarity of what is asked from which two instructions are looked at ..."""
SAME_QUESTION = 0.75
"""... and likeness from which they are one question."""
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
            r"required|mandatory|compulsory|necessary|pflicht|nötig|notwendig|erforderlich|obligatoires?|nécessaires?|obligatori[oa]s?|necesari[oa]s?",
            r"optional|voluntary|unnecessary|freiwillig|unnötig|überflüssig|facultatifs?|facultatives?|inutiles?|opcional(?:es)?|voluntari[oa]s?|innecesari[oa]s?",
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
        (r"plenty|a great deal|viel|beaucoup|much[oa]s?", r"nothing|little|nichts|wenig|rien|nada|poc[oa]s?"),
    )
]
"""Words of which not both are true of one thing; in four languages."""
NEGATED = re.compile(
    r"\b(?:not|never|no|nor|cannot|without|nobody|none|nicht|kein\w*|nie|niemals|ohne|pas|jamais|sans|aucune?|nunca|jamás|sin|ningun[oa]?|tampoco)\b"
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
HOW_MUCH = re.compile(
    (
        r"\b(?:how (?:much|many|heavy|hot|warm|cold|big|large|fast)|what (?:did|does|do|is|was)|wie ?(?:viel"
        r"|schwer|heiß|warm|groß|teuer|hoch)|was kostet|combien|quel(?:le)?|cuánt[oa]s?|qué)\b"
    ),
    re.I,
)


def find_contradictions(pairs: Sequence[Pair]) -> Iterable[Finding]:
    """Both of two pairs that ask the same and answer what cannot both be true; each finding names the other pair.

    Reported are a yes and a no, another amount, time, date or version of the same thing, opposites, a statement and its denial,
    another name in the same place. Each pair is compared with the first that asked its question. Two pairs that people wrote,
    and essays or reflections, which may differ as they like, are left alone, and so is what more than `OFTEN` pairs ask.
    For English, German, French and Spanish; the score is 1.0. Questions that ask the same with no word in
    common are not found: by a model of meaning, seven of ten such findings were wrong.
    """
    for first, *others in _asking_the_same(pairs):
        shown: set[str] = set()
        for pair in others if len(others) < OFTEN else ():
            if "generator" in (first.wrote, pair.wrote) and (
                why := contradiction(first.response, pair.response, first.instruction)
            ):
                for one, other in ((first, pair), (pair, first)):
                    if one.id not in shown:
                        shown.add(one.id)
                        message = f"{other.id} asks the same, and {why}"
                        yield Finding(one.id, "contradictions", "warning", 1.0, message, reason="contradiction")


def _asking_the_same(pairs: Sequence[Pair]) -> Iterable[list[Pair]]:
    """Pairs without a conversation before them, those together that ask one question."""
    index = NearestIndex(NEIGHBOUR)
    groups: dict[int, list[Pair]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        if len(pair.prompt) == 1 and KINDS[pair.kind].asks != "opinion":
            found = asked(pair.instruction)
            members = {*found.things, *found.small, *found.asking} if len(found.things) > 1 else {found.said}
            nearest = index.find(members)
            if nearest and likeness_of(asked(pairs[nearest[0]].instruction), found) >= SAME_QUESTION:
                groups[nearest[0]].append(pair)
            else:
                index.add(place, members)
                groups[place].append(pair)
    return groups.values()


def contradiction(one: str, other: str, question: str = "") -> str | None:
    """How two answers to one question cannot both be true, in words; None where they can.

    Args:
        one: an answer.
        other: another answer.
        question: that both answer.
    """
    tongue = tongue_of(f"{question}\n{one}\n{other}")
    one, other = mask(one).replace("’", "'"), mask(other).replace("’", "'")
    about = frozenset(content(question, tongue)) if question else frozenset()
    says = {_says(one) or _restates(one, about, tongue), _says(other) or _restates(other, about, tongue)}
    if says == {"yes", "no"} and not ASKS_MANNER.match(question):
        return "one answers yes where the other answers no"
    agree = len(says) == 1 and None not in says
    return (
        _other_amount(one, other, question, about, tongue)
        or _opposite(one, other, about, tongue)
        or (None if agree else _denied(one, other, tongue))
        or _other_name(one, other, question, tongue)
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


def _other_amount(one: str, other: str, question: str, about: frozenset[str], tongue: Tongue) -> str | None:
    ours: dict[str, list[Quantity]] = defaultdict(list)
    theirs: dict[str, list[Quantity]] = defaultdict(list)
    for answer, found in ((one, ours), (other, theirs)):
        for quantity in quantities_in(answer, tongue):
            found[quantity.dimension].append(quantity)
    if ("year" in ours and "count" in theirs) or ("count" in ours and "year" in theirs):
        for found in (ours, theirs):
            found["count"] += found.pop("year", [])
    brief = max(len(one.split()), len(other.split())) <= BRIEF
    for dimension in sorted(ours.keys() & theirs.keys()):
        mine, yours = ours[dimension], theirs[dimension]
        if any(_may_equal(a, b) for a in mine for b in yours):
            continue
        asks = re.search(ASKS_AMOUNT[dimension], question, re.I) if dimension in ASKS_AMOUNT else HOW_MUCH.search(question)
        lone = len(mine) == len(yours) == 1
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
    for x, y in OPPOSITES:
        for ours, theirs in ((x, y), (y, x)):
            a, b = ours.search(first), theirs.search(second)
            if not a or not b or theirs.search(first) or ours.search(second):
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
            if len(shared) >= 0.5 * min(len(left), len(right)) or max(len(mine.split()), len(yours.split())) <= 5:
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


def _statement(sentence: str, tongue: Tongue) -> tuple[set[str], bool]:
    codes = content(NO_DENIAL.sub(" ", sentence), tongue)
    return {code for code in codes if code[0] not in "¬~?"}, "¬" in codes


def _names(text: str, tongue: Tongue) -> Iterator[str]:
    """Capitalised words that are names: within a sentence, or at its beginning where no small word is capitalised there."""
    for match in NAME.finditer(text):
        inside = re.search(r"[\w,] \Z", text[: match.start()]) is not None
        if (inside or not is_small(match[0].casefold(), tongue)) and match[0].casefold() not in NO_NAMES:
            yield match[0]


NO_NAMES = frozenset("yes no ja nein oui non sí mostly never always i mr mrs herr frau señor señora".split())


def _other_name(one: str, other: str, question: str, tongue: Tongue) -> str | None:
    """Another name in the same place: "Paul built it" and "Anna built it"."""
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
