"""Whether an answer says yes or no, for or against, and what it likes."""

from __future__ import annotations

import re

from likeness.metrics.questions import groups_of
from likeness.metrics.statements import BRIEF, NEGATED, sentence_spans, statement
from likeness.metrics.wording import Tongue, expanded

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


def denies(answer: str) -> bool:
    """Whether an answer begins with a no, or with nobody and nothing."""
    return answers_with(answer) == "no" or bool(NOTHING.match(answer.casefold()))


def affirms(answer: str) -> bool:
    """Whether an answer's first sentence states something, with no denial and no condition in it."""
    lowered = expanded(answer)
    first = next((lowered[s:e] for s, e in sentence_spans(lowered)), "")
    return bool(first) and not (NEGATED.search(first) or FORBIDS.search(first) or HEDGED.search(first) or NOTHING.match(first))


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
    for s, e in sentence_spans(lowered)[:2]:
        liked, disliked = LIKING.search(lowered, s, e), DISLIKING.search(lowered, s, e)
        if disliked and not liked:
            return "disliked"
        if liked and not disliked:
            return "disliked" if NEGATED.search(lowered[s : liked.start()]) or NEGATED.search(lowered[s:e]) else "liked"
    return None


def other_attitude(one: str, other: str) -> str | None:
    """What the one likes, the other dislikes."""
    if {_attitude(one), _attitude(other)} == {"liked", "disliked"}:
        return "one likes what the other dislikes"
    return None


def answers_with(answer: str) -> str | None:
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


def stance(answer: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Whether an answer to a question of yes or no says yes or no, if not in a word, in its first sentence.

    Args:
        answer: an answer.
        about: the question's content words.
        tongue: their language.
    """
    said = answers_with(answer)
    if said:
        return said
    lowered = expanded(answer)
    first = next((lowered[s:e] for s, e in sentence_spans(lowered)), "")
    words, negated = statement(first, tongue)
    if NOTHING.match(first):
        return None
    if negated != (FORBIDS.search(first) is not None):
        return "no"
    if negated or HEDGED.search(first):
        return None
    return "yes" if GRANTS.search(first) or (words & about and len(first.split()) <= BRIEF) else None


NOTHING = re.compile(r"\W*(?:nothing|nobody|nichts|niemand|rien|personne|nada|nadie)\b")


def toward(answer: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Whether one of an answer's first sentences denies what the question is about.

    Args:
        answer: an answer.
        about: the question's content words.
        tongue: their language.
    """
    lowered = expanded(answer)
    for s, e in sentence_spans(lowered)[:2]:
        words, negated = statement(lowered[s:e], tongue)
        near = words & about or frozenset[int]().union(*(groups_of(w, tongue) for w in words)) & frozenset[int]().union(
            *(groups_of(w, tongue) for w in about)
        )
        if near and not NOTHING.match(lowered[s:e]) and negated != (FORBIDS.search(lowered[s:e]) is not None):
            return "no"
    return None


def restates(answer: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Whether an answer's first sentence is the question as a statement ("The export works."), or that denied.

    Args:
        answer: an answer.
        about: the question's content words.
        tongue: their language.
    """
    first = next((answer[s:e] for s, e in sentence_spans(answer)), "")
    words, negated = statement(first, tongue)
    asked_for = {code for code in about if code[0] not in "¬~?"}
    if not words or 2 * len(words) < len(asked_for) or not words <= about or any(code[0].isdigit() for code in words):
        return None
    return "no" if negated else "yes"
