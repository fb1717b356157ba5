"""The interview in Argilla: a separate dataset with one question in each record and an empty answer to type or dictate."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from curate.decisions.queue import review_of
from curate.ledger.ledger import Ledger
from curate.model import Interviewed
from curate.review.argilla import ReviewDataset
from curate.review.page import DIMENSIONS, VECTOR, clean
from curate.review.vectors import vectors_of
from likeness.metrics.text import count_words
from likeness.recipe.schema import Recipe

QUEUE = "interview"


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The page's fields, questions, metadata, vectors and guidelines, as plain values."""
    return {
        "fields": [
            {"name": "question", "title": "What you are asked", "use_markdown": True},
            {"name": "why", "title": "Why", "use_markdown": True},
        ],
        "questions": [
            {"type": "text", "name": "answer", "title": "Your answer, as you would say it", "required": True},
            {"type": "text", "name": "choice", "title": "Of a decision: what you would do, in a few words", "required": False},
        ],
        "terms": ["kind", "about"],
        "integers": [],
        "floats": [],
        "vectors": {VECTOR: DIMENSIONS},
        "guidelines": (
            f"<p>A model will learn to answer as <b>{html.escape(recipe.persona.name, quote=False)}</b> does. These are questions"
            " that the documents leave open; your own words are worth more than anything a generator can write.</p>\n\n"
            "One at a time. Shift+Enter begins an answer; your system's dictation works in the field. *Discard* skips one.\n\n"
            "Of a decision, say in a few words what you would do: it is never trained on, and every model is asked it."
        ),
    }


def name_of(asked: Interviewed) -> str:
    """The external id of a question's record. A decision that is asked once more has a record of its own."""
    return f"interview-{asked.key}" + (f"-{asked.retests}" if asked.retests else "")


def record_of(open_question: Interviewed, why: str) -> dict[str, Any]:
    """The record of a question."""
    return {
        "external_id": name_of(open_question),
        "fields": {
            "question": f"<h3>{_escaped(open_question.question)}</h3>",
            "why": f"<p>{_escaped(open_question.about)}: {_escaped(why)}</p>",
        },
        "suggestions": [],
        "metadata": {"kind": open_question.kind, "about": open_question.about[:200]},
    }


def open_dataset(client: Any, recipe: Recipe, base: str) -> ReviewDataset:
    """The recipe's interview dataset, which is created if it is missing.

    Args:
        client: Argilla's.
        recipe: the recipe.
        base: the name of its datasets there.

    Raises:
        CallError: the key lacks the permission.
        MachineError: the server failed.
    """
    review = review_of(recipe)
    name = f"{base}-interview"
    return ReviewDataset(client, review.workspace, name, settings_of(recipe), 1, is_local=review.argilla == "local")


def push(dataset: ReviewDataset, ledger: Ledger, asked: Sequence[tuple[Interviewed, str]], server: str) -> int:
    """Push new questions, each with the reason for asking it; return their number.

    Args:
        dataset: of questions.
        ledger: of the recipe.
        asked: questions, each with the reason for asking it.
        server: its address.
    """
    there = {remote.pair for remote in dataset.records()}
    new = [(each, why) for each, why in asked if name_of(each) not in there]
    for each, _ in new:
        ledger.add_interviewed(each)
    ledger.note_pushed(server, QUEUE, [(name_of(each), "") for each, _ in new])
    dataset.push([record_of(*each) for each in new], vectors_of([each.question for each, _ in new]), VECTOR, lambda done: None)
    return len(new)


def pull(dataset: ReviewDataset, ledger: Ledger) -> int:
    """Fetch answers into the ledger; return the number of new ones. Discarding a question skips it, or takes its answer back."""
    said = ledger.interviewed()
    waiting = {name_of(each): each for each in said if each.answered_at < 0}
    answered = {(each.key, each.who, each.retests): (each.answer, each.choice) for each in said if each.answered_at >= 0}
    new = 0
    for remote in dataset.records():
        question = waiting.get(remote.pair)
        for answer in remote.answers if question else ():
            if question is None or answer.status not in ("submitted", "discarded"):
                continue
            text = _text(answer.values, "answer") if answer.status == "submitted" else ""
            choice = _text(answer.values, "choice") if answer.status == "submitted" else ""
            if question.kind == "decision" and not choice and count_words(text) <= 12:
                choice = text
            if answered.get((question.key, answer.reviewer, question.retests)) == (text, choice):
                continue
            said_now = replace(question, id=0, answer=text, choice=choice, who=answer.reviewer, answered_at=0.0)
            ledger.add_interviewed(said_now)
            new += 1
    return new


def _text(values: Mapping[str, Any], name: str) -> str:
    return clean(values[name]["value"]) if name in values else ""


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")
