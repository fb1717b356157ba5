"""What sentences of two answers state: opposites, denials, names, kinds and places that cannot both be so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from likeness.metrics.opposites import OPPOSITES
from likeness.metrics.quantities import UNITS
from likeness.metrics.questions import groups_of, opposed
from likeness.metrics.wording import Tongue, expanded, fold, is_small
from likeness.metrics.wording import content as content_of

BRIEF = 20
"""Words up to which an answer speaks of one thing only."""
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


@lru_cache(maxsize=20_000)
def content(text: str, tongue: Tongue) -> tuple[str, ...]:
    """As `wording.content`, once for each answer that is compared with several."""
    return tuple(content_of(text, tongue))


@lru_cache(maxsize=2_000)
def _opposites_in(text: str) -> dict[int, tuple[re.Match[str] | None, re.Match[str] | None]]:
    """Of which of `OPPOSITES` a text has the one or the other word."""
    found = ((number, (x.search(text), y.search(text))) for number, (x, y) in enumerate(OPPOSITES))
    return {number: both for number, both in found if any(both)}


PLACED = re.compile(
    r"\b(?:in|on|at|under|behind|beside|near|above|below|inside|by|next to|unter|hinter|neben|auf|im|am|beim|über"
    r"|dans|sur|sous|derrière|à côté|près"
    r"|en|sobre|bajo|debajo|detrás|junto|al lado|encima|cuelga\w*)\b"
)


def other_place(one: str, other: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Two brief answers that each name a place and have no word in common but the question's.

    Args:
        one: an answer.
        other: another answer.
        about: the question's content words.
        tongue: their language.
    """
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


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence."""
    return [match.span() for match in SENTENCE.finditer(text) if match[0].strip()]


def opposite_said(one: str, other: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Two words of which not both are true, of a thing that both answers speak of.

    Args:
        one: an answer.
        other: another answer.
        about: the question's content words.
        tongue: their language.
    """
    first, second = expanded(one), expanded(other)
    mine_has, yours_has = _opposites_in(first), _opposites_in(second)
    for number in sorted(mine_has.keys() & yours_has.keys()):
        for this, that in ((0, 1), (1, 0)):
            a, b = mine_has[number][this], yours_has[number][that]
            if not a or not b or mine_has[number][that] or yours_has[number][this]:
                continue
            (s, e), (s2, e2) = (
                next((span for span in sentence_spans(text) if span[0] <= m.start() < span[1]), (0, len(text)))
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


def denied_said(one: str, other: str, tongue: Tongue) -> str | None:
    """The content of two sentences that have nearly the same, of which only one is negated.

    Args:
        one: an answer.
        other: another answer.
        tongue: their language.
    """
    theirs = [statement(other[s:e], tongue) for s, e in sentence_spans(other)]
    for s, e in sentence_spans(one):
        words, negated = statement(one[s:e], tongue)
        for their_words, their_negated in theirs:
            shared = words & their_words
            if negated != their_negated and len(shared) >= 2 and len(shared) >= 0.7 * max(len(words), len(their_words)):
                return f"one says what the other denies, about {', '.join(sorted(shared)[:4])}"
    return None


APART = frozenset(
    "day week month year tag woche monat jahr jour semain mois annee semana mes ano dia first second third last man woman".split()
)
"""Stems of opposites that are in any two answers."""


def other_kind(one: str, other: str, about: frozenset[str], tongue: Tongue) -> str | None:
    """Opposites, or two of a kind (green and white, May and August), in sentences that share something.

    Args:
        one: an answer.
        other: another answer.
        about: the question's content words.
        tongue: their language.
    """
    for s, e in sentence_spans(one)[:2]:
        for s2, e2 in sentence_spans(other)[:2]:
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


def statement(sentence: str, tongue: Tongue) -> tuple[set[str], bool]:
    """A sentence's content words, and whether it is denied."""
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
    (start, _), (_, end) = (sentence_spans(text)[:2] or [(0, 0)])[0], (sentence_spans(text)[:2] or [(0, 0)])[-1]
    said = text[start:end]
    if tongue == "de":
        return [match["name"] for match in GIVEN_NAME.finditer(said)]
    return list(_names(said, tongue))


def other_name(one: str, other: str, question: str, tongue: Tongue, asks_who: bool) -> str | None:
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
    first, second = sentence_spans(one)[0], sentence_spans(other)[0]
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
