"""Probe of echo: phrases of the data in answers where they do not belong, more often than the author says them.

Every author has phrases that they say about everything, and a model that answers in their voice says them too: that is no echo.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from likeness.metrics.languages import IN, languages_of
from likeness.metrics.phrases import phrases
from likeness.metrics.text import FUNCTION_WORDS, spaced
from train.evaluate.answers import Answer
from train.evaluate.probe import Material, Probe, TrainRow, of_answers, shown

NAME = "echo"
MEASURES = "Phrases of the data in answers that have nothing to do with them, more often than the author says them."
OFF_TOPIC = ("off-topic", "general", "invented")
LEAST_SHARE = 0.04
"""Least share of rows that contain a signature phrase."""
FEWEST_ROWS = 3
MOST_PHRASES = 60
MOST = 0.1
FEWEST_OWN_WORDS = 1_000
"""Of the author's own text: with fewer, the rows say how often a phrase is to be expected."""
MOST_EXPECTED = 0.25
"""Share of unrelated answers that may hold a phrase of matter, however often the author says it about their own matter."""
CHANCE = 0.05
"""Chance of taking any phrase for too frequent in answers of an author who says it no more often than in their own text."""


def signatures(rows: list[TrainRow], base: list[str]) -> list[str]:
    """Phrases that many rows have and the base rarely uses: with two content words, or three words and one content word.

    Args:
        rows: the training rows.
        base: the base's answers, whose common phrases are not signatures.
    """
    responses = [row.response for row in rows]
    fewest = max(FEWEST_ROWS, round(LEAST_SHARE * len(responses)))
    common = [spaced(text) for text in base]
    tongues = languages_of(responses)
    found = []
    for phrase, held, _ in phrases(responses, (), fewest):
        content = [word for word in phrase.split() if word not in FUNCTION_WORDS and not tongues.intersection(IN.get(word, ()))]
        if len(content) < 2 and not (content and len(phrase.split()) > 2):
            continue  # a single word is not a signature
        by_base = sum(f" {phrase} " in text for text in common) / max(1, len(common))
        if by_base <= len(held) / len(responses) / 3:
            found.append((len(held) * len(content), phrase))
    return [phrase for _, phrase in sorted(found, reverse=True)[:MOST_PHRASES]]


def own_text(rows: Sequence[TrainRow]) -> str:
    """What the author is known to have written: rows in their own words, and the quotes behind the others; else all rows."""
    texts = dict.fromkeys([row.response for row in rows if row.own] + [row.quote for row in rows if row.quote])
    words = spaced(" ".join(texts))
    return words if words.count(" ") > FEWEST_OWN_WORDS else spaced(" ".join(row.response for row in rows))


def overused(answers: Sequence[tuple[str, str]], telling: Sequence[str], own: str) -> list[str]:
    """The signature phrases that surely stand in more answers than the author's own rate of them explains.

    Args:
        answers: question and answer; several answers to one question count as one.
        telling: the signature phrases.
        own: the author's text, from `own_text`.
    """
    from scipy.stats import binom

    asked = len({question for question, _ in answers})
    words = sum(spaced(answer).count(" ") for _, answer in answers) / max(1, len(answers))
    holding: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for question, answer in answers:
        said = set(echoed(answer, question, telling))
        for phrase in telling:
            holding[phrase][question].append(phrase in said)
    found = []
    for phrase, by_question in holding.items():
        hits = math.floor(sum(sum(each) / len(each) for each in by_question.values()))
        expected = min(MOST_EXPECTED, 1 - math.exp(-words * (own.count(f" {phrase} ") + 1) / own.count(" ")))
        if binom.sf(hits - 1, asked, expected) < CHANCE / len(telling):
            found.append(phrase)
    return found


def echoed(answer: str, question: str, phrases_of_data: Sequence[str]) -> list[str]:
    """The given phrases that are in an answer and not in its question.

    Args:
        answer: the answer.
        question: the question.
        phrases_of_data: the phrases.
    """
    text, asked = spaced(answer), spaced(question)
    return [phrase for phrase in phrases_of_data if f" {phrase} " in text and f" {phrase} " not in asked]


def probe(material: Material) -> Probe:
    """The share of off-topic answers that contain a phrase which stands in too many of them."""
    base = [answer.answer for answer in material.answers if not answer.adapter and not answer.retrieval and answer.system]
    telling = signatures(material.rows, base)
    if not telling:
        return Probe(NAME, MEASURES, skipped="no phrase is in enough rows to be a signature of the data")
    said = [(tuned.id, tuned.question, tuned.answer) for _, tuned in material.pairs(OFF_TOPIC)]
    if not said:
        return Probe(NAME, MEASURES, skipped="no controlled question is `about: off-topic`, `general` or `invented`")
    by_question = [(question or identifier, answer) for identifier, question, answer in said]
    too_often = overused(by_question, telling, own_text(material.rows))

    def is_echo(answer: Answer) -> bool:
        return bool(echoed(answer.answer, answer.question, too_often))

    found = of_answers(material, OFF_TOPIC, is_echo)
    counts = {phrase: sum(bool(echoed(answer, question, [phrase])) for _, question, answer in said) for phrase in too_often}
    worst = sorted(counts.items(), key=lambda each: -each[1])
    alarm = found.tuned.low > MOST and found.change.low > 0
    named = ", ".join(f"“{phrase}” {number}x" for phrase, number in worst[:4])
    return Probe(
        NAME,
        MEASURES,
        **found.scores,
        alarm=alarm,
        finding=f"{found.tuned.value:.0%} of off-topic answers hold a phrase more often than the author says it: {named}"
        if worst
        else "off-topic answers hold no phrase of the data more often than the author says it",
        cases=shown(
            material.case(one, other, f"says “{echoed(other.answer, other.question, too_often)[0]}”") for one, other in found.hits
        ),
        details={"phrases": dict(worst[:20])},
    )
