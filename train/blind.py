"""The blind test: one HTML file to mail to friends, and what their answers come to.

Which answer is whose stands in `blind/key.json` beside the run and nowhere in the page. A result file comes back by mail.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.metrics.likeness import LikenessProfile
from likeness.metrics.text import count_of
from likeness.pages import environment
from likeness.recipe.folders import AUTHOR
from train.compare.runs import RunView
from train.evaluate.answers import BASE, TUNED, as_used
from train.evaluate.evaluate import load_questions
from train.evaluate.likeness import KINDS
from train.evaluate.probe import share

LETTERS = "ABC"
MOST_ITEMS = 12
SEED = 17
UNDECIDED, BETTER = 0.5, 0.7
"""Shares of choices of the tuned over the prompted answer that the sequential test tells apart (Wald 1945)."""
ERROR = 0.05
SIDES = {"real": "their own answer", "tuned": "the tuned model", "prompted": "the base with a prompt"}


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its answers in the order they are shown, and whose each is."""

    id: str
    question: str
    answers: list[str]
    sides: list[str]


def make_items(run: RunView) -> list[Item]:
    """The items of a run's blind test: questions that the author could have answered, the same order for everybody.

    Raises:
        CallError: fewer than three questions have different answers.
    """
    own = {question.id: question.answer for question in _questions(run)}
    by_base, by_tuned = as_used(run.answers, BASE), as_used(run.answers, TUNED)
    draw = random.Random(SEED)  # noqa: S311 - it shuffles, it keeps no secret
    items = []
    for identifier, base in by_base.items():
        tuned = by_tuned.get(identifier)
        if tuned is None or base.about not in KINDS or base.answer.strip() == tuned.answer.strip():
            continue
        sides = [("prompted", base.answer), ("tuned", tuned.answer)] + (
            [("real", own[identifier])] if own.get(identifier) else []
        )
        draw.shuffle(sides)
        items.append(Item(identifier, base.question, [text for _, text in sides], [side for side, _ in sides]))
    if len(items) < 3:
        fix = "Add controlled questions `about: voice`, with the person's own `answer` where you have one."
        raise CallError(f"a blind test needs three questions with different answers, and this run has {len(items)}", fix=fix)
    return items[:MOST_ITEMS]


def write_page(run: RunView) -> Path:
    """Write the page to mail and, beside it, the key.

    Raises:
        CallError: the run has too few questions for it.
    """
    items = make_items(run)
    said = json.dumps([[item.id, item.answers] for item in items], ensure_ascii=False)
    name = hashlib.sha256(said.encode()).hexdigest()[:12]
    folder = run.folder / "blind"
    write_atomic(folder / "key.json", json.dumps({"test": name, "sides": {item.id: item.sides for item in items}}, indent=2))
    persona = run.recipe["persona"]["name"]
    page = environment("train").get_template("blind.html.j2").render(test=name, persona=persona, items=items, letters=LETTERS)
    write_atomic(folder / "blind.html", page)
    return folder / "blind.html"


def add_up(run: RunView, files: Sequence[Path]) -> dict[str, Any]:
    """What the result files come to: choices by side with intervals, the sequential test, and the automatic measure beside it.

    Args:
        run: the run.
        files: result files that came back; a person's last one counts.

    Raises:
        CallError: a file is no result of this test.
    """
    try:
        key = json.loads((run.folder / "blind" / "key.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CallError(
            "this run has no blind test yet", where=str(run.folder), fix="`train blind RUN` makes its page."
        ) from None
    by_person: dict[str, dict[str, str]] = {}
    for file in files:
        by_person |= _read(file, key)
    votes: list[tuple[str, str]] = []
    for choices in by_person.values():
        votes += [(item, key["sides"][item][LETTERS.index(letter)]) for item, letter in choices.items()]
    with_real = [side for item, side in votes if "real" in key["sides"][item]]
    between = [side == "tuned" for _, side in votes if side != "real"]
    return {
        "people": len(by_person),
        "votes": len(votes),
        "chosen": {side: share([each == side for each in with_real]) for side in SIDES} if with_real else {},
        "tuned_over_prompted": share(between),
        "test": sequential(between),
        "correlation": _correlation(run, votes),
    }


def sequential(tuned: Sequence[bool]) -> str:
    """Wald's sequential test of the choices between tuned and prompted: `tuned is better`, `no better`, or `go on`.

    Args:
        tuned: for each choice, in order, whether it was of the tuned answer.
    """
    upper, lower = math.log((1 - ERROR) / ERROR), math.log(ERROR / (1 - ERROR))
    total = 0.0
    for hit in tuned:
        total += math.log(BETTER / UNDECIDED) if hit else math.log((1 - BETTER) / (1 - UNDECIDED))
        if total >= upper:
            return "tuned is better"
        if total <= lower:
            return "no better"
    return "go on"


def lines(found: dict[str, Any]) -> list[str]:
    """For the terminal."""
    shown = [f"{found['people']} {'person' if found['people'] == 1 else 'people'}, {count_of(found['votes'], 'choice')}"]
    shown += [f"  taken for theirs: {SIDES[side]:<24} {score.as_text(percent=True)}" for side, score in found["chosen"].items()]
    shown.append(f"  tuned over prompted: {found['tuned_over_prompted'].as_text(percent=True)}; {found['test']}")
    if found["test"] == "go on":
        shown.append("  Too few choices to stop at: ask more people.")
    if found["correlation"] is not None:
        shown.append(f"  agreement with the automatic measure (rank correlation over questions): {found['correlation']:+.2f}")
    return shown


def _read(file: Path, key: dict[str, Any]) -> dict[str, dict[str, str]]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        choices = {str(item): str(letter) for item, letter in dict(data["choices"]).items()}
        test, person = str(data["test"]), str(data["person"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CallError("is no result file of a blind test", where=str(file)) from None
    if test != key["test"]:
        raise CallError("is a result of another blind test, with other answers", where=str(file), fix="Mail the newest page.")
    for item, letter in choices.items():
        if item not in key["sides"] or letter not in LETTERS[: len(key["sides"][item])] or len(letter) != 1:
            raise CallError(f"has a choice that the page does not offer: {item} {letter}", where=str(file))
    return {person: choices}


def _correlation(run: RunView, votes: Sequence[tuple[str, str]]) -> float | None:
    """Spearman's rank correlation, over questions, of choices with how much nearer the tuned answer is to the author."""
    file = _dataset(run) / AUTHOR
    if not file.is_file():
        return None
    profile = LikenessProfile.from_json(file.read_text(encoding="utf-8"))
    by_base, by_tuned = as_used(run.answers, BASE), as_used(run.answers, TUNED)
    chosen, nearer = [], []
    for item in dict.fromkeys(item for item, _ in votes):
        mine = [side == "tuned" for voted, side in votes if voted == item and side != "real"]
        if mine and item in by_base and item in by_tuned:
            counted = (profile.features.count([each[item].answer]) for each in (by_base, by_tuned))
            far = [profile.nearest_voices(each)["the author"] for each in counted]
            chosen.append(sum(mine) / len(mine))
            nearer.append(far[0] - far[1])
    if len(chosen) < 4 or len(set(chosen)) < 2 or len(set(nearer)) < 2:
        return None
    from scipy.stats import spearmanr

    return round(float(spearmanr(chosen, nearer).statistic), 3)


def _questions(run: RunView) -> list[Any]:
    import pyarrow.parquet as pq

    file = _dataset(run) / "control" / "test.parquet"
    return load_questions(_dataset(run), pq.read_table(file).to_pylist()) if file.is_file() else []


def _dataset(run: RunView) -> Path:
    return run.folder.parent.parent / "dataset" / str(run.manifest["dataset"])
