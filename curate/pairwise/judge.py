"""Claude as a blind pairwise judge of a run's blind test.

Claude sees samples of the person's own writing, a question, and the tuned and the prompted answer without a name. Each pair is
asked in both orders, because a judge favours what comes first; where its choice changes with the order, it has chosen neither.
Answers are in the ledger like all others: paid for once, and counted against the recipe's budget.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from jinja2 import ChoiceLoader, PackageLoader
from pydantic import BaseModel, ConfigDict

from curate.generate.voice_samples import voice_samples
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.ask import ask_missing, key_of
from curate.llm.live import Progress
from curate.llm.prompts import SHARED, environment
from curate.llm.request import Request, as_object
from curate.model import Stage, Usage
from curate.read.read import find_files, read_sources
from likeness.blind import BlindItem, BlindTest
from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.recipe.schema import Generate, Recipe

ORDERS = (("tuned", "prompted"), ("prompted", "tuned"))
WORDS = (10, 40)
"""Of a judgement."""


class Preference(BaseModel):
    """Which of two answers sounds more like the person."""

    model_config = ConfigDict(extra="forbid")
    answer: Literal["A", "B"]
    why: str


SCHEMA = as_object(answer={"type": "string", "enum": ["A", "B"]}, why={"type": "string"})


def judge_run(recipe: Recipe, test: BlindTest, ledger: Ledger, model: str, progress: Progress, *, wait: bool) -> Usage:
    """Have Claude choose between the tuned and the prompted answer to every question of a blind test, and keep what it chose.

    Args:
        recipe: of the run; its `generate` says the budget and how to ask.
        test: the blind test.
        ledger: of the recipe.
        model: Claude's name.
        progress: called with (requests done, requests in all, US dollars spent now).
        wait: stay until batches have ended.

    Returns:
        What was asked and paid now.

    Raises:
        CallError: the recipe asks nobody, or there is nothing of the person's own to show.
        GateError: the budget is reached.
        MachineError: Claude could not be reached.
    """
    asking = asking_of(recipe, model)
    requests = _requests(test, _own_writing(recipe, ledger))
    keyed = {key_of(request, model): request for _, _, request in requests}
    from curate.llm.claude import Claude  # here: its library takes half a second

    usage = Usage()
    ask_missing(keyed, Claude(asking), ledger, asking, usage, progress, wait=wait)
    chosen: dict[str, list[str]] = {item.id: [] for item in test.items}
    for item, order, request in requests:
        said = answer_in(ledger.responses(key_of(request, model)), Preference)
        if isinstance(said, Preference):
            chosen[item.id].append(order["AB".index(said.answer)])
    tuned = {
        item: sides[0] == "tuned" if len(sides) == len(ORDERS) and len(set(sides)) == 1 else None
        for item, sides in chosen.items()
    }
    write_atomic(test.judged, json.dumps({"test": test.name, "model": model, "chosen": chosen, "tuned": tuned}, indent=1))
    return usage


def asking_of(recipe: Recipe, model: str) -> Generate:
    """The recipe's own ways of asking (how many at once, live or batched, the budget), with the judge's model.

    Raises:
        CallError: the recipe generates nothing, so it has no budget either.
    """
    given = recipe.generate
    if given is None:
        fix = "Add `generate` with a `budget_usd`: the judge is asked as pairs are, and within the same budget."
        raise CallError("the recipe asks no model", where=str(recipe.file), fix=fix)
    same = given.provider == "anthropic" and given.model == model
    update = {"provider": "anthropic", "recordings": None, "model": model, "price": given.price if same else None}
    return given.model_copy(update=update)


def _own_writing(recipe: Recipe, ledger: Ledger) -> list[str]:
    """Samples of the person's own writing, those that prompts for pairs show too."""
    files = find_files(recipe, recipe.file.parent)
    documents = read_sources(files, ledger, Stage("read"), lambda *_: None).documents.by_path
    samples = voice_samples(recipe, ledger, documents).shown
    if not samples:
        fix = "Add a source with their own texts, or `persona.samples`."
        raise CallError("there is nothing of the person's own writing to show a judge", where=str(recipe.file), fix=fix)
    return samples


def _requests(test: BlindTest, samples: Sequence[str]) -> list[tuple[BlindItem, tuple[str, str], Request]]:
    """Each pair of answers in both orders."""
    ours = environment(ChoiceLoader([PackageLoader("curate.pairwise", "prompts"), SHARED]))
    system, pair = ours.get_template("system.md.j2").render(samples=samples), ours.get_template("pair.md.j2")
    made = []
    for item in test.items:
        by_side = dict(zip(test.sides[item.id], item.answers, strict=True))
        for order in ORDERS:
            user = pair.render(question=item.question, a=by_side[order[0]], b=by_side[order[1]])
            request = Request("judge", test.run.name, item.id, 0, "", 1, WORDS, system, user, SCHEMA, Preference)
            made.append((item, order, request))
    return made


def report(test: BlindTest) -> tuple[int, int, int]:
    """Of the newest judgement: pairs, those chosen alike in both orders, and those of these that went to the tuned answer."""
    tuned: dict[str, bool | None] = json.loads(Path(test.judged).read_text(encoding="utf-8"))["tuned"]
    alike = [each for each in tuned.values() if each is not None]
    return len(tuned), len(alike), sum(alike)
