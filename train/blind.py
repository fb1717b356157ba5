"""The blind test: one HTML file to mail to friends, and what their answers come to.

Which answer is whose stands in `blind/key.json` beside the run and nowhere in the page. A result file comes back by mail, or from
Argilla (`curate review blind`).
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from likeness.blind import LETTERS, BlindItem, BlindTest, read_blind_test, tested_runs
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

MOST_ITEMS = 12
SEED = 17
UNDECIDED, BETTER = 0.5, 0.7
"""Shares of choices of the tuned over the prompted answer that the sequential test tells apart (Wald 1945)."""
ERROR = 0.05
Result = dict[str, str]
"""By question the letter that a person chose, or all letters, the best first."""
SIDES = {"real": "their own answer", "tuned": "the tuned model", "prompted": "the base with a prompt"}


def make_test(run: RunView) -> BlindTest:
    """A run's blind test: questions that the author could have answered, the same order for everybody.

    Raises:
        CallError: fewer than three questions have different answers, or the answers are gone.
    """
    if run.lost:
        raise run.lost
    own = {question.id: question.answer for question in _questions(run)}
    by_base, by_tuned = as_used(run.answers, BASE), as_used(run.answers, TUNED)
    draw = random.Random(SEED)  # noqa: S311 - it shuffles, it keeps no secret
    items: list[BlindItem] = []
    whose: dict[str, list[str]] = {}
    for identifier, base in by_base.items():
        tuned = by_tuned.get(identifier)
        if tuned is None or base.about not in KINDS or base.answer.strip() == tuned.answer.strip():
            continue
        sides = [("prompted", base.answer), ("tuned", tuned.answer)] + (
            [("real", own[identifier])] if own.get(identifier) else []
        )
        draw.shuffle(sides)
        items.append(BlindItem(identifier, base.question, [text for _, text in sides]))
        whose[identifier] = [side for side, _ in sides]
    if len(items) < 3:
        fix = "Add controlled questions `about: voice`, with the person's own `answer` where you have one."
        raise CallError(f"a blind test needs three questions with different answers, and this run has {len(items)}", fix=fix)
    items = items[:MOST_ITEMS]
    said = json.dumps([[item.id, item.answers] for item in items], ensure_ascii=False)
    name = hashlib.sha256(said.encode()).hexdigest()[:12]
    return BlindTest(run.folder, name, run.recipe["persona"]["name"], items, {item.id: whose[item.id] for item in items})


def write_page(run: RunView) -> Path:
    """Write the page to mail and, beside it, the questions and the key.

    Raises:
        CallError: the run has too few questions for it.
    """
    test = make_test(run)
    test.write()
    template = environment("train").get_template("blind.html.j2")
    write_atomic(
        test.folder / "blind.html", template.render(test=test.name, persona=test.persona, items=test.items, letters=LETTERS)
    )
    return test.folder / "blind.html"


def add_up(run: RunView, files: Sequence[Path]) -> dict[str, Any]:
    """What the result files come to: choices by side with intervals, the sequential test, and the automatic measure beside it.

    Args:
        run: the run.
        files: result files that came back, or folders of them; a person's last one counts.

    Raises:
        CallError: a file is no result of this test, or there is none.
    """
    test = read_blind_test(run.folder)
    by_person: dict[str, Result] = {}
    replaced: list[str] = []
    for file in _result_files(files):
        person, said = _read(file, test)
        if by_person.get(person, said) != said:
            replaced.append(person)
        by_person[person] = said
    votes = [(item, test.sides[item][LETTERS.index(said[0])]) for result in by_person.values() for item, said in result.items()]
    with_real = [side for item, side in votes if "real" in test.sides[item]]
    between = [
        (item, better) for result in by_person.values() for item, said in result.items() for better in _between(test, item, said)
    ]
    over = [tuned for _, tuned in between]
    return {
        "people": len(by_person),
        "replaced": replaced,
        "votes": len(votes),
        "chosen": {side: share([each == side for each in with_real]) for side in SIDES} if with_real else {},
        "tuned_over_prompted": share(over),
        "test": sequential(over),
        "correlation": _correlation(run, between),
        "judge": _judged(test, between),
    }


def _between(test: BlindTest, item: str, said: str) -> Iterator[bool]:
    """Whether a person puts the tuned answer before the prompted one, if they said so."""
    sides = [test.sides[item][LETTERS.index(letter)] for letter in said]
    both = [side for side in sides if side != "real"]
    if both:
        yield both[0] == "tuned"


def _judged(test: BlindTest, between: Sequence[tuple[str, bool]]) -> dict[str, Any] | None:
    """What Claude chose, and how often it is what most people chose; None if it was not asked about this test.

    Args:
        test: the blind test.
        between: by question, each person's choice of the tuned answer over the prompted one.
    """
    found = json.loads(test.judged.read_text(encoding="utf-8")) if test.judged.is_file() else {}
    if found.get("test") != test.name:
        return None
    chose = {item: tuned for item, tuned in found["tuned"].items() if tuned is not None}
    people: dict[str, list[bool]] = defaultdict(list)
    for item, tuned in between:
        people[item].append(tuned)
    most = {item: 2 * sum(said) > len(said) for item, said in people.items() if 2 * sum(said) != len(said)}
    shared = [chose[item] == most[item] for item in chose if item in most]
    return {
        "model": found["model"],
        "questions": len(found["tuned"]),
        "same_in_both_orders": len(chose),
        "tuned_over_prompted": share(list(chose.values())),
        "agrees_with_people": share(shared) if shared else None,
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
    for person, count in Counter(found["replaced"]).items():
        shown.append(f"  {count + 1} results by {person!r} differ: the last one counts.")
        shown.append("  If they are of different people, change `person` in all but one of the files.")
    shown += [f"  taken for theirs: {SIDES[side]:<24} {score.as_text(percent=True)}" for side, score in found["chosen"].items()]
    shown.append(f"  tuned over prompted: {found['tuned_over_prompted'].as_text(percent=True)}; {found['test']}")
    if found["test"] == "go on":
        shown.append("  Too few choices to stop at: ask more people.")
    if found["correlation"] is not None:
        shown.append(f"  agreement with the automatic measure (rank correlation over questions): {found['correlation']:+.2f}")
    if judge := found["judge"]:
        shown.append(
            f"  {judge['model']} as a judge: the same answer in both orders of {judge['same_in_both_orders']} of "
            f"{judge['questions']} pairs; tuned over prompted: {judge['tuned_over_prompted'].as_text(percent=True)}"
        )
        if agreed := judge["agrees_with_people"]:
            shown.append(f"  it chose as most people did: {agreed.as_text(percent=True)}")
    return shown


def _result_files(named: Sequence[Path]) -> Iterator[Path]:
    for path in named:
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not path.exists():
            raise CallError("there is no such file", where=str(path))
        if not found:
            fix = "Put the files in it that people mailed back."
            raise CallError("there is no result file (*.json) in this folder", where=str(path), fix=fix)
        yield from found


def _read(file: Path, test: BlindTest) -> tuple[str, Result]:
    """Who chose, and what. Files without a name are each of another person."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        said = {str(item): str(letter) for item, letter in dict(data["choices"]).items()}
        said |= {str(item): "".join(letters) for item, letters in dict(data.get("rankings") or {}).items()}
        name, person = str(data["test"]), str(data["person"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CallError("is no result file of a blind test", where=str(file)) from None
    if name != test.name:
        raise _of_another(name, file, test.run)
    for item, letters in said.items():
        offered = LETTERS[: len(test.sides.get(item, ()))]
        if not letters or set(letters) - set(offered) or len(set(letters)) < len(letters):
            raise CallError(f"has a choice that the page does not offer: {item} {letters}", where=str(file))
    return person.strip() or file.name, said


def _of_another(name: str, file: Path, run: Path) -> CallError:
    """The message for a result of another test than this run's: it is added up with the run that its page was made from."""
    for other in tested_runs(run):
        if read_blind_test(other).name == name:
            fix = f"Add it up there: train blind {shlex.quote(str(other))} --results {shlex.quote(str(file))}"
            return CallError(f"is a result of another blind test, that of run {other.name}", where=str(file), fix=fix)
    fix = "Name the run that the mailed page was made from: train blind RUN --results FILE"
    return CallError("is a result of another blind test, of no run here", where=str(file), fix=fix)


def _correlation(run: RunView, between: Sequence[tuple[str, bool]]) -> float | None:
    """Spearman's rank correlation, over questions, of choices with how much nearer the tuned answer is to the author."""
    file = _dataset(run) / AUTHOR
    if not file.is_file():
        return None
    profile = LikenessProfile.from_json(file.read_text(encoding="utf-8"))
    by_base, by_tuned = as_used(run.answers, BASE), as_used(run.answers, TUNED)
    chosen, nearer = [], []
    for item in dict.fromkeys(item for item, _ in between):
        mine = [tuned for voted, tuned in between if voted == item]
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
