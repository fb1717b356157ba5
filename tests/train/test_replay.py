"""Replay: the base's own answers to general questions are learnt beside the rows, and the base forgets less."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from likeness.errors import CallError
from likeness.metrics.text import words_of
from likeness.progress import Silent
from likeness.recipe.schema import TRIED_SHARES, Replay, Train
from tests.make import House
from train import replay_trial
from train.data import Row, Rows
from train.evaluate.engine import GREEDILY, Model
from train.evaluate.forgetting import tasks
from train.job import open_job
from train.plan import plan
from train.preflight import load_tokenizer, prepare, stop_ids
from train.replay import questions, replay, rows_for, wanted
from train.replay_trial import Losses, choose
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


NOISE = Losses(0.02, 0.03)
BASE = Losses(5.0, 4.0)


@pytest.mark.parametrize(
    ("general", "voice", "chosen", "said"),
    [
        ((4.3, 4.1, 4.09), (3.0, 3.01, 3.0), 0.1, "general loss +0.100 in place of +0.300 without replay"),
        ((4.3, 4.2, 4.1), (3.0, 3.01, 3.01), 0.2, "general loss +0.100 in place of +0.300 without replay"),
        ((4.3, 4.2, 4.1), (3.0, 3.01, 3.05), 0.1, "0.2 costs the voice +0.050"),
        ((4.02, 4.01, 4.0), (3.0, 3.0, 3.0), 0.0, "general loss +0.020; 0.1 keeps no more; 0.2 keeps no more"),
        ((4.3, 4.1, 4.0), (3.0, 3.1, 3.2), 0.0, "general loss +0.300; 0.1 costs the voice +0.100; 0.2 costs the voice +0.200"),
    ],
)
def test_the_smallest_share_that_forgets_nothing_and_costs_no_voice(general, voice, chosen, said):
    shares = {share: Losses(*losses) for share, losses in zip(TRIED_SHARES, zip(voice, general, strict=True), strict=True)}
    share, why = choose(BASE, shares, NOISE)
    assert share == chosen and said in why


@pytest.mark.slow
def test_a_trial_chooses_the_share_once_whatever_kills_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("train.replay.share=auto", "train.sft.epochs=1")
    job = open_job(home.folder / home.recipe, Silent(), settings)
    prepared = prepare(job)
    made, train = [], replay_trial.train_sft

    def killed_in_the_third(*given: Any) -> Any:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(given[4])
        return train(*given)

    monkeypatch.setattr(replay_trial, "train_sft", killed_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        replay_trial.try_shares(job, prepared)
    made.append("killed")
    trial = replay_trial.try_shares(job, prepared)
    assert len(made) == 5 and trial.share in TRIED_SHARES and not (job.folder / "replay-trial").exists()
    losses = [trial.base, *trial.shares.values()]
    assert len({each.voice for each in losses}) == len({each.general for each in losses}) == 4
    assert all(each.voice < trial.base.voice for each in trial.shares.values())
    assert replay_trial.try_shares(job, prepared) == trial and len(made) == 5
    replayed = replay(job, prepared)
    assert replayed.wanted == len(prepared.rows.replay) == rows_for(trial.share, len(prepared.rows.train))

    planned = plan(home.folder / home.recipe, Silent(), settings, on="here")
    said = plan(home.folder / home.recipe, Silent(), ("train.replay.share=0.2", "train.sft.epochs=1"), on="here")
    assert planned.steps == said.steps and said.trial_steps == 0 < planned.trial_steps
    assert all(one.seconds > other.seconds for one, other in zip(planned.forecasts, said.forecasts, strict=True))
    assert any(line.startswith(f"trial     {planned.trial_steps} steps") for line in planned.lines())


@pytest.mark.parametrize("share", [0, 0.9, True, "atuo", float("nan")])
def test_another_share_is_answered_with_one_sentence(share):
    with pytest.raises(ValidationError) as refused:
        Replay.model_validate({"share": share})
    (error,) = refused.value.errors()
    assert error["loc"] == ("share",) and "expected auto, or a number above 0 and at most 0.5" in error["msg"]


def test_the_largest_seed_that_numpy_takes_has_another_beside_it():
    settings = Train(base_model="x", seed=2**32 - 1)
    assert [seed for _, seed in replay_trial._plans(settings)] == [2**32 - 1, 0, 2**32 - 1, 2**32 - 1]
    with pytest.raises(ValidationError, match="less than or equal to 4294967295"):
        Train(base_model="x", seed=2**32)


def test_a_trial_needs_rows_that_are_held_out():
    settings = Train.model_validate({"base_model": "x", "replay": {"share": "auto"}})
    with pytest.raises(CallError, match="held-out rows"):
        replay_trial.check_trial(settings, Rows(train=[Row("a", [1], [1])]))


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
