"""Training, watched: each fault that was planted is found in the real run, and named with its evidence and what helps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from likeness.errors import CallError, GateError
from likeness.recipe.schema import Train
from tests.train.planted_runs import PLANTED, run
from train.preflight import check_reports
from train.watch.choice import choose
from train.watch.course import Course, Point
from train.watch.diagnosis import Finding, diagnose
from train.watch.watch import Watch

SETTINGS = Train(base_model="builtin:tiny")
BEFORE = Point(0, loss=3.0, general=2.0, asked=12, begun=8)
SOUND = Point(30, loss=2.0, general=2.0, asked=12, begun=8)


def course(*points: Point, losses: tuple[float, ...] = (3.0, 2.6, 2.3, 2.0, 1.9)) -> Course:
    steps = points[-1].step if points else 30
    logged = tuple((round(steps * (number + 1) / len(losses)), loss) for number, loss in enumerate(losses))
    return Course(BEFORE, points, logged, steps_per_epoch=10)


def states(*points: Point, kept: Point | None = None, losses: tuple[float, ...] = (3.0, 2.6, 2.3, 2.0, 1.9)) -> list[str]:
    found = diagnose(course(*points, losses=losses), SETTINGS, kept or points[-1])
    return [finding.state for finding in (found.verdict, *found.also)]


# --- the real runs ---


@pytest.mark.slow
@pytest.mark.parametrize("state", PLANTED)
def test_what_is_planted_is_what_is_found(state: str, tiny: Path, tmp_path: Path) -> None:
    trained = run(tmp_path, PLANTED[state])
    assert trained.watched
    verdict = Finding(**trained.watched["verdict"])
    assert verdict.state == state, trained.watched
    assert any(map(str.isdigit, verdict.evidence))
    if verdict.fix.startswith("train: "):  # the exact line: the recipe takes it as it is
        Train.model_validate({"base_model": "builtin:tiny"} | yaml.safe_load(verdict.fix)["train"])
    assert bool(verdict.fix) == (state != "healthy")


@pytest.mark.slow
def test_a_training_that_diverges_is_stopped_at_once(tiny: Path, tmp_path: Path) -> None:
    plan = replace(PLANTED["healthy"], settings="sft: {epochs: 3, learning_rate: 0.5}")
    with pytest.raises(GateError, match="training diverges: the loss on the rows rose") as stopped:
        run(tmp_path, plan)
    assert "train: {sft: {learning_rate: 2.0e-04}}" in str(stopped.value.fix)
    [folder] = (tmp_path / "build/lock/runs").iterdir()
    steps = [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert max(steps) < 12, "of 36"


# --- which checkpoint is kept ---


def test_the_lowest_loss_is_not_kept_where_it_leaks_breaks_or_forgets() -> None:
    spoilt = (
        {"by_heart": 5},
        {"longest_run": 60},
        {"loop": 8},
        {"general": 2.5},
    )
    for fault in spoilt:
        later = replace(SOUND, step=40, loss=1.9, **fault)
        assert choose([SOUND, later], BEFORE)[-1] == SOUND, fault
    assert choose([SOUND, replace(SOUND, step=40, loss=1.9)], BEFORE)[-1].step == 40
    little = replace(SOUND, step=40, loss=1.5, general=2.3)  # it forgets less than it learns
    assert choose([SOUND, little], BEFORE)[-1] == little


def test_the_likest_is_kept_and_of_equals_the_one_with_the_lowest_loss() -> None:
    like = replace(SOUND, likeness=60.0, likeness_low=50.0, likeness_high=70.0)
    less = replace(SOUND, step=40, loss=1.9, likeness=30.0, likeness_low=20.0, likeness_high=40.0)
    equal = replace(less, likeness=55.0, likeness_low=45.0, likeness_high=65.0)
    assert choose([like, less], BEFORE)[-1] == like
    assert choose([less, like], BEFORE)[-1] == like
    assert choose([like, equal], BEFORE)[-1] == equal


def test_the_choice_is_read_back_from_the_trainers_history() -> None:
    points = [replace(SOUND, step=step, loss=loss) for step, loss in ((10, 2.5), (20, 2.2), (30, 2.4))]
    history = [{"step": point.step, "eval_loss": point.loss} | point.as_metrics() for point in points]
    watch = Watch(SETTINGS, 100, 10, before=BEFORE)
    kept = watch.kept(history)
    assert kept == points[1]
    metrics = {"eval_loss": 2.1}

    class State:
        global_step, log_history = 40, history

    watch.look(None, State(), metrics)
    assert metrics["eval_choice"] == 3, "the third that is better than all before"


# --- the verdict ---


def test_each_fault_by_itself() -> None:
    assert states(SOUND) == ["healthy"]
    assert states(replace(SOUND, loop=7, cut=1)) == ["degenerate"]
    assert states(replace(SOUND, by_heart=6)) == ["memorising"]
    assert states(SOUND, losses=(3.0, 2.0, 1.0, 0.5, 0.2)) == ["memorising"]
    assert states(replace(SOUND, general=2.3, general_low=0.1)) == ["forgetting"]
    assert states(replace(SOUND, general=2.3, general_low=-0.1)) == ["healthy"], "chance explains it"
    assert states(replace(SOUND, loss=2.95)) == ["underfitting"]
    assert states(replace(SOUND, loss=3.6), losses=(3.0, 3.4, 3.6, 3.5, 3.5)) == ["diverging"]
    rises = (replace(SOUND, step=15, loss=2.0), replace(SOUND, loss=2.3))
    assert states(*rises, kept=rises[0]) == ["overfitting"]
    falls = (replace(SOUND, step=20, loss=2.5), replace(SOUND, loss=2.0))
    assert states(*falls) == ["underfitting"], "it still fell as fast at its end"


def test_what_the_kept_checkpoint_has_not_is_told_and_no_doubt() -> None:
    later = replace(SOUND, step=40, by_heart=8)
    found = diagnose(course(SOUND, later), SETTINGS, SOUND)
    assert found.verdict.state == "memorising" and not found.spoils
    assert "the checkpoint of step 30 is kept" in found.verdict.evidence
    assert diagnose(course(later), SETTINGS, later).spoils


def test_a_rate_that_is_low_already_is_not_lowered() -> None:
    low = Train.model_validate({"base_model": "x", "sft": {"learning_rate": 1e-6}})
    found = diagnose(course(replace(SOUND, loss=2.99)), low, replace(SOUND, loss=2.99))
    assert found.verdict.fix == "train: {sft: {learning_rate: 2.0e-04}}"


def test_rows_that_loop_themselves_are_the_cause() -> None:
    found = diagnose(course(replace(SOUND, loop=9, broken_rows=40)), SETTINGS)
    assert "40 rows that it learns" in found.verdict.evidence and "reject those rows" in found.verdict.fix


def test_a_loss_that_rises_far_above_where_it_began_stops() -> None:
    watch = Watch(SETTINGS, 100, 10)
    history = [{"loss": 3.0}, {"loss": 4.4}]
    watch.check(history, {"loss": 4.4})
    with pytest.raises(GateError, match=r"rose 3.00 -> 4.60"):
        watch.check([*history, {"loss": 4.6}], {"loss": 4.6})


# --- where the figures go ---


@pytest.mark.slow
def test_the_figures_go_where_the_recipe_says(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    plan = replace(PLANTED["healthy"], train=PLANTED["healthy"].train[:16], settings="sft: {epochs: 1}, report_to: [tensorboard]")
    run(tmp_path, plan)
    [folder] = (tmp_path / "build/lock/runs").iterdir()
    figures = EventAccumulator(str(folder / "tensorboard")).Reload()
    assert {"train/loss", "eval/loss", "eval/general", "eval/by_heart"} <= set(figures.Tags()["scalars"])
    kept = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    held_out = [line["eval_loss"] for line in kept if "eval_loss" in line and line["step"]]
    assert [each.value for each in figures.Scalars("eval/loss") if each.step] == pytest.approx(held_out, abs=1e-4)


def test_a_service_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CallError, match="wandb is not installed") as refused:
        check_reports(Train.model_validate({"base_model": "x", "report_to": ["wandb"]}))
    assert refused.value.fix == "pip install wandb"


@pytest.mark.slow
def test_every_step_is_taken_at_a_rate_above_0() -> None:
    """A run of one step, all of it warmup, would learn nothing."""
    import torch
    from transformers import get_cosine_schedule_with_warmup

    from train.trainer import as_we_train

    def rates(warmup: int, steps: int, made: Any) -> list[float]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        scheduler, found = made(optimizer, warmup, steps), []
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return found

    def ours(optimizer: Any, warmup: int, steps: int) -> Any:
        class Library:
            lr_scheduler, args = None, SimpleNamespace(get_warmup_steps=lambda _: warmup)

        return as_we_train(Library, Path("base"), "sft")().create_scheduler(steps, optimizer)

    assert rates(1, 1, ours) == [0.25] and rates(3, 4, ours) == [0.125, 0.25, 0.375, 0.5]
    assert rates(0, 2, ours) == [0.5, 0.25]
    assert rates(2, 40, ours)[2:] == pytest.approx(rates(2, 40, get_cosine_schedule_with_warmup)[2:])
