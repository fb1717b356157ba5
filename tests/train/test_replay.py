"""Replay: the base's own answers to general questions are learnt beside the rows, and the base forgets less."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from likeness.metrics.text import words_of
from likeness.recipe.schema import Train
from tests.make import House
from train.evaluate.engine import GREEDILY, Model
from train.evaluate.forgetting import tasks
from train.preflight import load_tokenizer, stop_ids
from train.replay import questions, wanted
from train.template import study


def test_a_share_of_the_mix_and_never_more_than_there_are_questions():
    assert wanted(90, Train(base_model="x")) == 0
    assert wanted(90, Train.model_validate({"base_model": "x", "replay": {"share": 0.1}})) == 10
    assert wanted(90, Train.model_validate({"base_model": "x", "replay": {}})) == 10
    assert wanted(100_000, Train.model_validate({"base_model": "x", "replay": {"share": 0.5}})) == len(questions())


def test_no_question_is_one_that_measures_forgetting():
    choices, answers = tasks()
    measured = [set(words_of(row["question"].lower())) for row in (*choices, *answers)]
    for question in questions():
        words = set(words_of(question.lower()))
        near = max(measured, key=lambda other: len(words & other) / len(words | other))
        assert len(words & near) / len(words | near) < 0.7, (question, near)
    assert len(questions()) == len(set(questions())) > 150


@pytest.mark.slow
def test_the_base_is_asked_once_and_forgets_less(trained: tuple[House, dict[str, Any]], tiny: Path, tmp_path: Path) -> None:
    first, without = trained
    shutil.copytree(first.folder, tmp_path / "house", ignore=shutil.ignore_patterns("merged", "export", "runs"))
    house = House(tmp_path / "house")
    cache = tmp_path / "cache"
    shutil.copytree(Path.home() / ".cache/likeness", cache / "likeness", ignore=lambda folder, names: set(names) - kept(names))

    def run(*more: str) -> dict[str, Any]:
        said = house.call("train", "run", house.recipe, "--json", *more, XDG_CACHE_HOME=str(cache))
        result: dict[str, Any] = json.loads(said.stdout)
        return result

    replayed = run("--set", "train.replay.share=0.4")
    rows = replayed["metrics"]["rows"]
    share = replayed["metrics"]["replay"]["rows"] / (replayed["metrics"]["replay"]["rows"] + rows["train"])
    assert share == pytest.approx(0.4, abs=0.02)
    (answers,) = (cache / "likeness/replay").glob("*.json")
    before = answers.read_bytes()
    assert set(json.loads(before)) <= set(questions())

    known = json.loads(before)
    unasked = {question: known[question] for question in list(known)[-12:]}  # the last ones: too many were answered for the share
    assert departed(replayed, tiny, unasked) < departed(without, tiny, unasked)
    again = run("--set", "train.replay.share=0.4", "--set", "train.seed=5")
    assert again["run"] != replayed["run"]
    assert answers.read_bytes() == before
    planned = house.json("train", "plan", house.recipe, "--set", "train.replay.share=0.4")
    assert planned["steps"] >= replayed["metrics"]["sft"]["steps"] > without["metrics"]["sft"]["steps"]


def departed(said: dict[str, Any], base: Path, answers: dict[str, str]) -> float:
    """How much less likely the tuned model finds the base's own answers, in nats a token."""
    tokenizer = load_tokenizer(base, "base")
    template = study(tokenizer, stop_ids(tokenizer, base), "base")
    tokenizer.chat_template = template.text
    model = Model(base, Path(said["run"]) / "adapter", tokenizer, template, GREEDILY)
    pairs = []
    for question, answer in answers.items():
        pairs.append(
            (model.ids([{"role": "user", "content": question}]), tokenizer(answer, add_special_tokens=False)["input_ids"])
        )
    found = []
    for strength in (0.0, 1.0):
        with model.adapted(strength):
            found.append(sum(model.log_likelihood(pairs)) / sum(len(rest) for _, rest in pairs))
    return found[0] - found[1]


def kept(names: list[str]) -> set[str]:
    """What a run of builtin:tiny needs of the cache."""
    return {name for name in names if not name.startswith(("replay", "gguf-", "smollm2", "real-inputs", "argilla"))}
