"""A run's blind test in Argilla: a question is a record whose answers people rank. What they said comes back as result files."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.decisions.queue import review_of
from curate.review.argilla import Answered, ReviewDataset, connect_for
from curate.review.page import DIMENSIONS, VECTOR
from curate.review.vectors import vectors_of
from likeness.blind import LETTERS, BlindItem, BlindTest
from likeness.recipe.schema import Recipe

QUESTION = "ranking"
NONE = "There is no such answer here: put it last."


def settings_of(test: BlindTest) -> dict[str, Any]:
    """The page's fields, question and guidelines, as plain values."""
    persona = html.escape(test.persona, quote=False)
    letters = LETTERS[: max(len(item.answers) for item in test.items)]
    answers = [{"name": f"answer_{letter.lower()}", "title": f"Answer {letter}", "use_markdown": False} for letter in letters]
    return {
        "fields": [
            {"name": "question", "title": "The question", "use_markdown": False},
            *answers,
        ],
        "questions": [
            {
                "type": "ranking",
                "name": QUESTION,
                "title": f"Which answer is {test.persona}'s own, or sounds most like it? The likeliest first",
                "values": list(letters),
                "required": True,
            }
        ],
        "terms": [],
        "integers": [],
        "floats": [],
        "vectors": {VECTOR: DIMENSIONS},
        "guidelines": "<p>Every question has answers by different writers. Put first the one that you take for "
        f"<b>{persona}</b>'s own, then the one that sounds most like it. Go by the sound and not by what is true.</p>",
    }


def record_of(test: BlindTest, item: BlindItem) -> dict[str, Any]:
    """The record of a question. Nothing in it says whose an answer is."""
    letters = LETTERS[: max(len(each.answers) for each in test.items)]
    given = dict(zip(letters, item.answers, strict=False))
    fields = {"question": item.question} | {f"answer_{letter.lower()}": given.get(letter) or NONE for letter in letters}
    return {"external_id": item.id, "fields": fields, "suggestions": [], "metadata": {}}


def ask_in_argilla(recipe: Recipe, test: BlindTest, people: int) -> tuple[str, int, list[Path]]:
    """Push the questions that are not there yet, and fetch what people said.

    Args:
        recipe: names the server and the workspace.
        test: the blind test.
        people: how many should answer each question.

    Returns:
        The address of the page, the number of questions pushed, and the result files, one for each person.

    Raises:
        NotRunning: the local server does not run.
        CallError: the key is missing or wrong.
        MachineError: the server failed.
    """
    review = review_of(recipe)
    client, base = connect_for(recipe)
    name = f"{base}-blind-{test.name}"
    dataset = ReviewDataset(client, review.workspace, name, settings_of(test), people, is_local=review.argilla == "local")
    there = {remote.pair: remote.answers for remote in dataset.records()}
    new = [item for item in test.items if item.id not in there]
    texts = [f"{item.question} {' '.join(item.answers)}" for item in new]
    dataset.push([record_of(test, item) for item in new], vectors_of(texts), VECTOR, lambda _done: None)
    return dataset.page, len(new), _keep(test, there)


def _keep(test: BlindTest, answered: Mapping[str, tuple[Answered, ...]]) -> list[Path]:
    by_person: dict[str, dict[str, list[str]]] = {}
    for item in test.items:
        for said in answered.get(item.id, ()):
            if said.status == "submitted" and QUESTION in said.values:
                ranks = {each["value"]: each["rank"] for each in said.values[QUESTION]["value"]}
                letters = sorted(LETTERS[: len(item.answers)], key=lambda letter: ranks.get(letter, len(LETTERS)))
                if len(letters) > 1 and ranks.get(letters[0]) != ranks.get(letters[1]):  # two in the first place: no choice
                    by_person.setdefault(said.reviewer, {})[item.id] = letters
    return [test.write_result(re.sub(r"[^\w.-]+", "-", person), rankings) for person, rankings in by_person.items()]
