"""Probe of echo: phrases of the data in answers where they do not belong."""

from __future__ import annotations

from collections import Counter

from likeness.metrics.phrases import phrases
from likeness.metrics.text import FUNCTION_WORDS, spaced
from train.evaluate.answers import Answer
from train.evaluate.probe import Material, Probe, TrainRow, of_answers, shown

NAME = "echo"
MEASURES = "Signature phrases of the data in answers to questions that have nothing to do with them."
OFF_TOPIC = ("off-topic", "general", "invented")
LEAST_SHARE = 0.04
"""Least share of rows that contain a signature phrase."""
FEWEST_ROWS = 3
MOST_PHRASES = 60
MOST = 0.2


def signatures(rows: list[TrainRow], base: list[str]) -> list[str]:
    """Phrases that many rows have and the base rarely uses: with two content words, or three words and one content word.

    Args:
        rows: the training rows.
        base: the base's answers, whose common phrases are not signatures.
    """
    responses = [row.response for row in rows]
    fewest = max(FEWEST_ROWS, round(LEAST_SHARE * len(responses)))
    common = [spaced(text) for text in base]
    found = []
    for phrase, held, _ in phrases(responses, (), fewest):
        content = [word for word in phrase.split() if word not in FUNCTION_WORDS]
        if len(content) < 2 and not (content and len(phrase.split()) > 2):
            continue  # a single word is not a signature
        by_base = sum(f" {phrase} " in text for text in common) / max(1, len(common))
        if by_base <= len(held) / len(responses) / 3:
            found.append((len(held) * len(content), phrase))
    return [phrase for _, phrase in sorted(found, reverse=True)[:MOST_PHRASES]]


def echoed(answer: str, question: str, phrases_of_data: list[str]) -> list[str]:
    """The signature phrases in an answer that are not in its question.

    Args:
        answer: the answer.
        question: the question.
        phrases_of_data: the signature phrases.
    """
    text, asked = spaced(answer), spaced(question)
    return [phrase for phrase in phrases_of_data if f" {phrase} " in text and f" {phrase} " not in asked]


def probe(material: Material) -> Probe:
    """The share of off-topic answers that contain a signature phrase."""
    base = [answer.answer for answer in material.answers if not answer.adapter and not answer.retrieval and answer.system]
    telling = signatures(material.rows, base)
    if not telling:
        return Probe(NAME, MEASURES, skipped="no phrase is in enough rows to be a signature of the data")

    def is_echo(answer: Answer) -> bool:
        return bool(echoed(answer.answer, answer.question, telling))

    found = of_answers(material, OFF_TOPIC, is_echo)
    if not found.number:
        return Probe(NAME, MEASURES, skipped="no controlled question is `about: off-topic`, `general` or `invented`")
    counts = Counter(phrase for _, tuned in material.pairs(OFF_TOPIC) for phrase in echoed(tuned.answer, tuned.question, telling))
    alarm = found.tuned.low > MOST and found.change.low > 0
    worst = ", ".join(f"“{phrase}” {number}x" for phrase, number in counts.most_common(4))
    return Probe(
        NAME,
        MEASURES,
        **found.scores,
        alarm=alarm,
        finding=f"{found.tuned.value:.0%} of off-topic answers hold a signature phrase" + (f": {worst}" if worst else ""),
        cases=shown(
            material.case(one, other, f"says “{echoed(other.answer, other.question, telling)[0]}”") for one, other in found.hits
        ),
        details={"phrases": dict(counts.most_common(20))},
    )
