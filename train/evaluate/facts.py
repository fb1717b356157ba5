"""Probe of facts: answers to questions about the sources, with and without retrieval, compared with the person's own answers."""

from __future__ import annotations

from likeness.metrics.text import FUNCTION_WORDS
from likeness.metrics.wording import content, is_operator, tongue_of
from train.evaluate.answers import Answer, Cell
from train.evaluate.probe import Material, Probe, of_answers, shown

NAME = "facts"
MEASURES = "Questions of fact, with and without retrieval: is what the person's own answer says in the model's?"
KINDS = ("facts", "thin")
HELD = 0.6
"""Share of the content words of the person's answer that a right answer must have; it must have every figure, too."""


def holds(answer: str, right: str, question: str) -> bool:
    """Whether an answer has the figures of the right answer, and most of its content words that are not in the question.

    Args:
        answer: the model's.
        right: the person's own answer.
        question: the question.
    """
    return claim_share(answer, right, question) >= HELD


def claim_share(answer: str, right: str, question: str) -> float:
    """The share of the right answer's content beyond the question that an answer has; 0 if one of its figures is missing.

    Args:
        answer: the model's.
        right: the right answer.
        question: the question.
    """
    wanted, said = _content(right) - _content(question), _content(answer)
    wanted = wanted or _content(right)
    figures = {each for each in wanted if any(map(str.isdigit, each))}
    return len(wanted & said) / len(wanted) if wanted and figures <= said else 0.0


def _content(text: str) -> set[str]:
    codes = content(text, tongue_of(text))
    return {code for code in codes if not is_operator(code) and not code.startswith("?") and code not in FUNCTION_WORDS}


def probe(material: Material) -> Probe:
    """The share of facts that base and tuned model answer correctly, without retrieval and with it."""
    right = {question.id: question.answer for question in material.questions if question.answer and question.about in KINDS}
    if not right:
        return Probe(NAME, MEASURES, better="higher", skipped="no controlled question about facts has an `answer`")

    def is_right(answer: Answer) -> bool:
        return answer.id in right and holds(answer.answer, right[answer.id], answer.question)

    table = {}
    for adapter in (False, True):
        for retrieval in (False, True):
            cell = Cell("model", True, adapter, retrieval)
            asked = [other for _, other in material.pairs(KINDS, cell, cell) if other.id in right]
            if asked:
                table[str(cell)] = round(sum(map(is_right, asked)) / len(asked), 4)
    found = of_answers(material, KINDS, is_right)
    misses = [pair for pair in found.misses if pair[0].id in right]
    worse = found.change.high < 0
    return Probe(
        NAME,
        MEASURES,
        better="higher",
        **found.scores,
        alarm=worse,
        finding="facts told right: " + ", ".join(f"{cell} {value:.0%}" for cell, value in table.items()),
        cases=shown(material.case(base, tuned, f"right is: {right[tuned.id]}") for base, tuned in misses),
        details=table,
    )
