"""Whether two questions ask the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import combinations, product

from likeness.metrics.cjk import CJK, asking_in
from likeness.metrics.everyday_words import EVERYDAY
from likeness.metrics.needles import Needled
from likeness.metrics.synonyms import ANTONYMS, ASKED_FOR, GROUPS, KINDS_OF_THING, PHRASES
from likeness.metrics.wording import ASKING, Tongue, code_of, content, fold, grams, is_operator, stem, tongue_of, words_in

OPPOSITES = {
    frozenset(pair.split())
    for pair in (
        "~on ~off",
        "~before ~after",
        "~since ~until",
        "~up ~down",
        "~under ~over",
        "~less ~more",
        "~first ~last",
        "~old ~new",
        "~next ~last",
        "~first ~next",
        "~+ein ~+aus",
        "~+auf ~+zu",
    )
}
STRICT = frozenset({"¬", "~or", "~off", "~only", "~before", "~after", "~until"})
"""Small words of which one alone makes another question."""
DENYING = frozenset(
    stem(word, tongue)
    for tongue, words in {
        "en": "refuse fail forget lack prevent avoid stop decline unable impossible miss",
        "de": "verweigern weigern vergessen fehlen verhindern vermeiden scheitern",
        "fr": "refuser échouer oublier manquer empêcher éviter",
        "es": "negar fallar olvidar faltar impedir evitar",
    }.items()
    for word in words.split()
)
"""Stems that deny as "not" does: who refuses to answer does not answer."""
EXCHANGED_KINDS = """
    with | without | for | against | into | out | can could may might | must should ought shall need | will would | did was
    were had have has | much many | little few | already yet | mit | ohne | für | gegen | kann können darf dürfen | muss
    müssen soll sollte sollen | wird werden würde | war hatte hat habe hast wurde | viel viele | wenig wenige | noch | schon |
    avec | sans | pour | contre | peut peux puis peuvent | doit dois faut doivent devrait | sera seront serait | était avait a
    ont as | beaucoup | peu | encore | déjà | con | sin | para | contra | puede puedo pueden | debe debo deben debería hay
    tengo | será serán sería | fue era había ha han | mucho mucha | poco poca | todavía aún | ya
"""
"""Small words of one kind for another, where both questions have one: "may" for "must"."""
ADDED_KINDS = """
    all every each everybody everyone everything | any some | both | either | only | most | least | best | worst | right |
    wrong | more | less fewer | enough | again | still | first | last | next | before | after | during | undo avoid prevent |
    always | sometimes | alle jeder jede jedes | einige manche | beide | entweder | nur | meisten | wenigsten | beste besten
    bester | schlechteste schlimmste | richtig | falsch | mehr | weniger | genug | wieder | zuerst | zuletzt | vor | während |
    vermeiden verhindern | immer | manchmal | tous toutes chaque | certains | seulement | meilleur meilleure | pire | bonne
    bon | mauvaise mauvais | moins | assez | toujours | avant | après | pendant | éviter empêcher | parfois | todos todas cada
    | algunos algunas | ambos | sólo solo | mejor | peor | más | menos | bastante | antes | después | durante | evitar impedir
    | siempre
"""
"""Those that turn a question as well where the other has none: "again", "only", "worst"."""
POLITE = frozenset("best right besten richtig meilleur meilleure mejor".split())
"""Of these, what is also said of the way to do a thing."""


def _by_word(kinds: str) -> dict[str, int]:
    return {word: number for number, kind in enumerate(kinds.split("|")) for word in kind.split()}


EXCHANGED_SMALL, ADDED_SMALL = _by_word(EXCHANGED_KINDS), _by_word(ADDED_KINDS)
ASPECTS = frozenset(
    fold(word, tongue)
    for tongue, words in {
        "en": "benefit advantage drawback disadvantage downside history origin definition difference risk danger effect future",
        "de": "vorteil nachteil geschichte ursprung unterschied risiko gefahr wirkung zukunft regel",
        "fr": "avantage inconvénient histoire origine différence risque danger effet avenir règle",
        "es": "ventaja desventaja inconveniente historia origen diferencia riesgo peligro efecto futuro regla",
    }.items()
    for word in words.split()
)
"""Sides of a subject: a question for one of them is not the question for the subject."""
PLAIN = frozenset(
    """use work make thing time good work give take get put set happen write mean learn differ exampl today photograph help
    handl deal cope manag step list summari overview detail short brief bitte machen geb utilis hac usar""".split()
)
"""Stems that are in questions of every kind: they count for less."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question asks."""

    said: str
    """Its words."""
    things: frozenset[str]
    small: frozenset[str]
    """Operators."""
    asking: frozenset[str]
    """What it asks for: a time, a person, an amount ..."""
    order: tuple[str, ...]
    tongue: Tongue
    text: str
    """The question itself."""
    anchored: frozenset[tuple[str, str]]
    """Words of direction and order with the thing that follows: "from A", "than B", "before C"."""

    @property
    def numbers(self) -> frozenset[str]:
        """Its figures."""
        return frozenset(each for each in self.things if each[0].isdigit())


KINDS = [(kind, Needled(re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"))) for kind, pattern in ASKED_FOR]
PHRASE = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)) + r")\b")
HYPHEN = re.compile(r"(?<=[^\W\d_]{2})-(?=[^\W\d_]{3})")
UNTIL = re.compile(r"until|till|how late|bis|jusqu|hasta")
SINCE = re.compile(r"since|from|seit|ab|depuis|dès|desde")
WHOM = re.compile(r"\bwho(?:m)? (?:did|do|does|will|would|can|should|have|has) |\b(?:wen|wem)\b|\bà qui\b|\ba quién\b")
"""Who is asked for as the one to whom something is done."""
OPEN = re.compile(r"\b(?:open|opened|geöffnet|offen|ouverte?s?|ouvre|abiert[oa]s?|abren?)\b")
CLOSE: dict[Tongue, str] = {"de": "schließen", "fr": "fermer", "es": "cerrar"}
"""What is open until six closes at six."""
RELATIVE = frozenset("when who whom where whose wer wen wem wo wann qui où quand".split())
"""Question words that also begin a clause: "the man who", "when it rains"."""
TELLING = frozenset("know tell me say wonder remember us sag sagen mir weißt sais dis dire dites dime decir sabes".split())
WHETHER = re.compile(
    r"\W*(?:is|are|was|were|am|do|does|did|has|have|had|should|must|may|might|will|ist|sind|war|waren|hat|haben"
    r"|hast|hatte|darf|dürfen"
    r"|muss|müssen|soll|sollte|wird|werden|est-ce|est-il|peut-on|faut-il|doit-on|puis-je|can|could|kann|können"
    r"|(?:es|está|son|hay|puedo|se puede|se pueden|debo))\b"
)
"""How a question begins that is answered with yes or no."""
REQUEST = re.compile(
    r"\W*(?:can|could|will|would|kannst|könnt(?:e|est)?|können|kann) (?:you|du|sie|ihr|mir) "
    r"(?:please |mir |uns |bitte )*(?:tell|explain|describe|say|give|show|walk|help|list|sagen|erklären|zeigen|beschreiben)"
)
ASKS_WORDS: dict[str, frozenset[str]] = {
    kind: frozenset(stem(word, tongue) for tongue, words in by_tongue.items() for word in words.split())
    for kind, by_tongue in {
        "?price": {
            "en": "cost price pay fee charge expensive spend",
            "de": "kosten kostet preis zahlen zahle bezahlen teuer",
            "fr": "coûter coûte coûtent prix tarif payer",
            "es": "cuesta cuestan precio pagar vale valen",
        },
        "?when": {"en": "time day date year", "de": "uhr tag zeit jahr", "fr": "heure jour année", "es": "hora día año"},
        "?lasting": {
            "en": "last take need time duration",
            "de": "dauern dauert brauchen braucht müssen zeit dauer",
            "fr": "durer dure durée falloir temps",
            "es": "durar dura duración tarda tiempo",
        },
        "?opinion": {"en": "think feel opinion", "de": "meinung", "fr": "avis penser", "es": "opinión"},
    }.items()
}
"""Words that say no more than what is asked for."""


@lru_cache(maxsize=100_000)
def asked(question: str) -> Asked:
    """What a question asks, however it is worded."""
    tongue = tongue_of(question)
    text = question.casefold().replace("’", "'")
    if not CHATTED[tongue].keys().isdisjoint(re.findall(r"[\w-]+", text)):
        text = CHAT[tongue].sub(lambda match: CHATTED[tongue][match[0]], text)
    text = PHRASE.sub(lambda match: PHRASES[match[0]], text)
    asking = set()
    edge = "~whom" if WHOM.search(text) else ""
    for kind, pattern in KINDS:
        if match := pattern.search(text):
            asking.add(f"?{kind}")
            if kind == "when" and SINCE.match(match[0]):
                edge = "~since"
            if kind == "when" and UNTIL.match(match[0]):
                edge = "" if OPEN.search(text) else "~until"
                text = OPEN.sub("close" if tongue == "en" else CLOSE[tongue], text)
                match = pattern.search(text) or match
            if kind != "price":
                text = f"{text[: match.start()]} {text[match.end() :]}"
            break
    codes = content(HYPHEN.sub(" ", text), tongue)
    if not asking and CJK.search(text):
        asking = asking_in(text)
    if not asking:
        asking = {_KIND_OF.get(code, code) for code in _asking_words(text, tongue)}
    if not asking and WHETHER.match(text) and not REQUEST.match(text):
        asking = {"?whether"}
    spent = frozenset[str]().union(*(ASKS_WORDS.get(kind, ()) for kind in asking))
    things = [code for code in codes if not is_operator(code) and not code.startswith("?")]
    if len(things) > 1:
        things = [code for code in things if code not in spent] or things
    small = Counter(code for code in [*codes, edge] if is_operator(code) and code not in ("~long", "~often"))
    return Asked(
        said_in(question),
        frozenset(things),
        frozenset(small),
        frozenset(asking),
        tuple(things),
        tongue,
        question,
        _anchored(text, tongue),
    )


_CHATTED: dict[Tongue, str] = {
    "en": """u you|r are|ur your|ya you|pls please|plz please|thx thanks|whats what is|hows how is|wheres where is|whos who is
            |whens when is|whys why is|whatd what did|howd how did|whered where did|wanna want to|gonna going to|gotta have to
            |tmrw tomorrow|2moro tomorrow|tonite tonight|2nite tonight|bday birthday|fave favourite|fav favourite|coz because
            |cos because|cuz because|didnt did not|dont do not|doesnt does not|isnt is not|arent are not|cant can not
            |wont will not|wasnt was not|havent have not|hasnt has not|msg message|pw password|msgs messages
            |wfh work from home|pto leave
            |eta arrival time|2fa two-factor authentication|mfa two-factor authentication|appt appointment|mtg meeting
            |repo repository|env environment|prod production|docs documentation|dept department|pkgs packages|pkg package
            |cmd command|svc service|btwn between|abt about|wld would|shld should|cld could|urs yours|rly really|rn right now
            |tho though|bc because|b4 before|2day today|wknd weekend|sat saturday|thurs thursday|tues tuesday|weds wednesday
            |fri friday|hrs hours|mins minutes|yrs years|w/o without|ppl people|smth something|sth something|ty thank you""",
    "de": """hab habe|nix nichts|haste hast du|biste bist du|kannste kannst du|willste willst du|gehts geht es|gibts gibt es
            |we wochenende|pls bitte|pw passwort|2fa zwei-faktor-authentifizierung|n ein|nen einen|ne eine|heim nach hause
            |zuhaus zuhause
            |vlt vielleicht|vllt vielleicht|std stunden|mtl monatlich|tel telefon|haste hast du|isses ist es|wieviel wie viel""",
    "fr": """jsp je ne sais pas|pk pourquoi|pkoi pourquoi|pq pourquoi|qd quand|bcp beaucoup|tt tout|ds dans|we week-end
            |ciné cinéma|resto restaurant|boulot travail|taf travail|bouquin livre|gosse enfant|bagnole voiture|fric argent
            |pote ami|appart appartement|stp s'il te plaît|svp s'il vous plaît|mdp mot de passe|rdv rendez-vous|koi quoi
            |pr pour|fé fais|bcp beaucoup|pb problème|ordi ordinateur|aprem après-midi
            |dispo disponible|qd quand|pk pourquoi|pkoi pourquoi|pq pourquoi|slt salut|bjr bonjour|auj aujourd'hui
            |ajd aujourd'hui|vac vacances|jai j'ai|jsuis je suis|t'as tu as|t'es tu es|c'est quand quand est
            |2fa authentification à deux facteurs|prêtes prêter""",
    "es": """q que|xq por qué|pq por qué|k que|tb también|bn bien|finde fin de semana|peli película|cole colegio|curro trabajo
            |curras trabajas|profe profesor|porfa por favor|msj mensaje|msjs mensajes|cumple cumpleaños|tfno teléfono
            |uni universidad|insti instituto|bici bicicleta|cdo cuando
            |cnd cuando|xfa por favor|ke qué|kien quién|dnd dónde|mñn mañana|peque niño|peques niños""",
}
CHATTED: dict[Tongue, dict[str, str]] = {
    tongue: {short: full for line in lines.split("|") for short, _, full in [line.strip().partition(" ")]}
    for tongue, lines in _CHATTED.items()
}
"""What is written in haste, in full. A figure for a word ("2" for "to") stays a figure."""
CHAT = {
    tongue: re.compile(r"(?<![\w'-])(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")(?![\w'-])")
    for tongue, words in CHATTED.items()
}


ANCHORS = frozenset("from than before after instead von als vor statt avant après depuis desde antes después".split())


def _anchored(text: str, tongue: Tongue) -> frozenset[tuple[str, str]]:
    words, found = words_in(text), set()
    for place, word in enumerate(words):
        if word in ANCHORS:
            codes = (code_of(each, tongue) for each in words[place + 1 : place + 5])
            if thing := next((code for code in codes if code and not is_operator(code) and not code.startswith("?")), None):
                found.add((word, thing))
    return frozenset(found)


_KIND_OF = {"?far": "?many", "?whose": "?who", "?whither": "?where"}


def _asking_words(text: str, tongue: Tongue) -> set[str]:
    """Question words that ask; those that begin a clause ("the man who") do not."""
    words = words_in(text)
    found = set()
    for place, word in enumerate(words):
        code = ASKING.get(word)
        if code is None:
            continue
        asks = place < 2 or place == len(words) - 1 or words[place - 1] in TELLING or f", {word}" in text
        if word not in RELATIVE or asks:
            found.add(code)
    return found


@lru_cache(maxsize=100_000)
def groups_of(code: str, tongue: Tongue) -> frozenset[int]:
    """The groups of `GROUPS` that a stem is in; of an ending that the stemmer leaves, those of the stem without it."""
    known = _groups(tongue)
    if code in known:
        return known[code]
    shorter = ENDING[tongue].sub("", code) if tongue in ENDING else code
    return known.get(shorter, frozenset())


ENDING: dict[Tongue, re.Pattern[str]] = {
    "de": re.compile(r"(?<=...)(?:st|t|en|e)$"),
    "es": re.compile(r"(?:(?<=...)|(?<=^ir)|r)(?:te|me|se|l[aeo]s?|nos)$"),
}


@cache
def _groups(tongue: Tongue) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for number, group in enumerate(f"{GROUPS[tongue]}|{EVERYDAY[tongue]}".split("|")):
        for word in group.split():
            found[fold(word, tongue)].add(number)
            found[stem(word, tongue)].add(number)
    return {code: frozenset(numbers) for code, numbers in found.items()}


CORE = {tongue: groups.count("|") + 1 for tongue, groups in GROUPS.items()}
"""Groups that name one thing; what is exchanged in questions, after them, is too loose for the words of answers."""


def close_groups_of(code: str, tongue: Tongue) -> frozenset[int]:
    """As `groups_of`, of words that may stand for each other in any text."""
    return frozenset(group for group in groups_of(code, tongue) if group < CORE[tongue])


@cache
def _opposites(tongue: Tongue) -> dict[str, frozenset[str]]:
    """Stems that another may not stand for."""
    found: dict[str, set[str]] = defaultdict(set)
    for groups, all_differ in ((ANTONYMS[tongue], False), (KINDS_OF_THING, True)):
        for group in groups.split("|"):
            stems = [{fold(word, tongue), stem(word, tongue)} for word in group.split()]
            for one, other in combinations(stems, 2) if all_differ else product(stems[:1], stems[1:]):
                for code in one:
                    found[code] |= other
                for code in other:
                    found[code] |= one
    return {code: frozenset(others - {code}) for code, others in found.items()}


def opposed(mine: Iterable[str], theirs: Collection[str], tongue: Tongue) -> bool:
    """Whether one of these stems is the opposite of one of those, or another of its kind.

    Args:
        mine: some stems.
        theirs: others.
        tongue: the language of both.
    """
    return any(not _opposites(tongue).get(code, frozenset()).isdisjoint(theirs) for code in mine)


def likeness_of(one: Asked, other: Asked, said: Collection[str] = (), other_said: Collection[str] = ()) -> float:
    """How far two questions ask the same, in [0, 1]: shared content over all content, 0 where a small word makes them two.

    A number, a negation, "off" for "on", "who" for "where" make another question, whatever else is shared. Words of one group
    of `GROUPS` may stand for each other. A thing in whose place the other has another weighs more than one that is only added.

    Args:
        one: a question.
        other: another.
        said: stems that the answer to the one holds: what only the other question has is not missing there.
        other_said: those of the answer to the other.
    """
    if one.said == other.said:
        return 1.0
    if not one.things or not other.things or not may_be_one(one, other):
        return 0.0
    tongue = one.tongue
    unlike = one.small ^ other.small
    if "¬" in unlike and DENYING & (one.things if "¬" in other.small else other.things):
        unlike -= {"¬"}
        one, other = (replace(each, things=each.things - DENYING or each.things) for each in (one, other))
    mine, theirs = set(one.things - other.things), set(other.things - one.things)
    if opposed(mine, theirs, tongue):
        return 0.0
    shared = one.things & other.things
    weight = sum(weight_of(code, tongue) for code in shared) + OPERATOR * len(one.small & other.small)
    matched = len(one.small & other.small)
    slot = bool(mine or theirs) and one_slot(one, other, mine, theirs)
    if one.asking & other.asking & TELLS_MUCH:
        weight, matched = weight + SAME_ASKED, matched + 1
    same = bool(shared)
    for a in sorted(mine):
        groups = groups_of(a, tongue)
        for b in sorted(theirs):
            spelt = alike(a, b)
            if spelt or (not slot and groups & groups_of(b, tongue)):
                same = same or spelt
                weight += max(weight_of(a, tongue), weight_of(b, tongue))
                matched += 1
                mine.discard(a)
                theirs.discard(b)
                break
    if not weight:
        return 0.0
    mine, theirs = mine.difference(other_said), theirs.difference(said)
    if len(shared) + matched == 1 and (mine or theirs):
        return 0.0  # one word in common is a subject, no question
    ours, others = (sum(weight_of(code, tongue) for code in left) for left in (mine, theirs))
    exchanged, added = min(ours, others), abs(ours - others)
    if not exchanged:
        added = sum(weight_of(code, tongue) ** 2 for code in mine | theirs)  # one more thing weighs more than a common word
    if exchanged:
        known = [sum(bool(groups_of(code, tongue)) for code in left) for left in (mine, theirs)]
        own = min(len(mine) - known[0], len(theirs) - known[1])
        exchanged *= EXCHANGED_KNOWN if all(known) else EXCHANGED
        exchanged += EXCHANGED_OWN * max(0, own - 1)  # two things of its own on either side are no other wording
    score = weight / (weight + exchanged + ADDED * added)
    if not same:
        score *= NONE_SAME
    if ASPECTS & (mine | theirs):
        score -= 0.2
    if slot and (mine or theirs):
        score *= ONE_SLOT
    score -= sum(0.03 if code in ("~up", "~down", "~out", "~over") or code.startswith("~+") else 0.1 for code in unlike)
    if one.asking != other.asking:
        score -= 0.12 if TELLS_APART & (one.asking ^ other.asking) else 0.06
    if contrasted(one, other) or (one.things == other.things and unlike & TURNING):
        score = min(score, CONTRASTED)
    if len(shared) > 1 and swapped(one, other):
        score = min(score, CONTRASTED)
    return min(0.99, max(0.0, score))


TELLS_APART = frozenset("?why ?when ?lasting ?often ?price ?old ?opinion ?many ?who ?where".split())
TELLS_MUCH = frozenset("?when ?price ?where ?who ?lasting ?often ?many ?old ?opinion".split())
CONTRASTED, SAME_ASKED, OPERATOR, EXCHANGED_KNOWN, EXCHANGED, EXCHANGED_OWN, ADDED, ONE_SLOT, NONE_SAME = (
    0.5,
    0.4,
    0.5,
    1.2,
    0.8,
    1.0,
    0.4,
    0.6,
    0.7,
)


def one_slot(one: Asked, other: Asked, mine: Collection[str], theirs: Collection[str]) -> bool:
    """Whether two questions are word for word the same but in one place.

    Args:
        one: a question.
        other: another.
        mine: things that only the one has.
        theirs: things that only the other has.
    """
    ours, others = one.said.split(), other.said.split()
    start = next((at for at, (a, b) in enumerate(zip(ours, others, strict=False)) if a != b), min(len(ours), len(others)))
    back = list(zip(ours[start:][::-1], others[start:][::-1], strict=False))
    end = next((at for at, (a, b) in enumerate(back) if a != b), len(back))
    longest = max(len(ours), len(others)) - start - end
    return start + end >= max(3, longest) and longest <= 4 and len(mine) <= 2 and len(theirs) <= 2


def may_be_one(one: Asked, other: Asked) -> bool:
    """Whether no number, negation or other small word makes two questions of them."""
    unlike = one.small ^ other.small
    if "¬" in unlike and (DENYING & (one.things if "¬" in other.small else other.things)):
        unlike -= {"¬"}
    if (
        one.numbers != other.numbers
        or (unlike & STRICT and _worded_alike(one, other))
        or any(pair <= unlike for pair in OPPOSITES)
    ):
        return False
    return not (one.asking and other.asking and not one.asking & other.asking)


def contrasted(one: Asked, other: Asked) -> bool:
    """Whether nearly all words are the same but small ones that turn the question: such a pair is no rewording."""
    ours, others = set(one.said.split()), set(other.said.split())
    mine, theirs = ours - others, others - ours
    if len(mine) > 2 or len(theirs) > 2 or len(ours & others) < 3:
        return False
    added, their_added = (
        {ADDED_SMALL[word] for word in side if word in ADDED_SMALL} for side in (mine - POLITE, theirs - POLITE)
    )
    if added != their_added or (mine & POLITE and theirs & ADDED_SMALL.keys()) or (theirs & POLITE and mine & ADDED_SMALL.keys()):
        return True
    turns, their_turns = ({EXCHANGED_SMALL[word] for word in side if word in EXCHANGED_SMALL} for side in (mine, theirs))
    return bool(turns and their_turns and not turns & their_turns)


def _worded_alike(one: Asked, other: Asked) -> bool:
    """Whether two questions share so much that a small word is what sets them apart, and not another wording."""
    return 2 * len(one.things ^ other.things) <= len(one.things & other.things) + 1


TURNING = frozenset("~out ~off ~under ~more ~less ~last ~next ~whom ~since".split())
"""Small words that turn a question which is the same but for them: "check in" and "check out"."""
JOINED = frozenset("and or und oder et ou y o between zwischen entre versus vs".split())


def swapped(one: Asked, other: Asked) -> bool:
    """Whether words have changed places ("from A to B", "from B to A"), which may turn the question.

    What is only said first ("on the hill, how many", "how many on the hill") has not, nor have two words that "and" joins.
    """
    if any(
        word == other_word and thing != other_thing and thing in other.things and other_thing in one.things
        for word, thing in one.anchored
        for other_word, other_thing in other.anchored
    ):
        return True
    ours, others = one.said.split(), other.said.split()
    if ours == others or sorted(ours) != sorted(others) or ours[0] != others[0]:
        return False
    moved = [place for place, (a, b) in enumerate(zip(ours, others, strict=True)) if a != b]
    first, last = moved[0], moved[-1]
    return not (JOINED.intersection(ours[first : last + 1]) and last - first <= 3)


@lru_cache(maxsize=100_000)
def weight_of(code: str, tongue: Tongue) -> float:
    """How much a stem says: what is in questions of every kind says little, a word of no group the most."""
    if code in PLAIN:
        return 0.35
    return 0.7 if groups_of(code, tongue) else 1.0


TURNING_PREFIXES = frozenset(
    "un in im il ir dis de des non pre pré prä post ent miss mis anti re over under sub ein aus auf zu ab an vor".split()
)
"""What makes another word of one: "install" and "uninstall", "production" and "preproduction"."""


@lru_cache(maxsize=100_000)
def alike(one: str, other: str) -> bool:
    """Whether two stems are spellings or derivations of one word."""
    if min(len(one), len(other)) < 5 or one[0].isdigit():
        return False
    if one in other or other in one:  # a part of a compound, but "do" is not "undo"
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return not (longer.endswith(shorter) and longer.removesuffix(shorter) in TURNING_PREFIXES)
    if one[:3] != other[:3]:
        return False
    ours, theirs = grams([one]), grams([other])
    return len(ours & theirs) >= 0.6 * min(len(ours), len(theirs)) and abs(len(one) - len(other)) <= 4


def keys_of(each: Asked) -> set[str | int]:
    """What questions are looked up by: beginnings of stems, and groups of words that mean the same."""
    keys: set[str | int] = {code[:4] for code in each.things}
    return keys.union(*(groups_of(code, each.tongue) for code in each.things))


def words_said(text: str) -> list[str]:
    """The words of a text as they are said: in one case, with no marks."""
    return re.findall(r"\w+", text.casefold().replace("’", "").replace("'", ""))


def said_in(text: str) -> str:
    """The same as one string."""
    return " ".join(words_said(text))
