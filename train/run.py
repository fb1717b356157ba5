"""The order of the steps from a dataset to a model that talks, and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from likeness.errors import CallError
from likeness.lock import only_one
from train.job import Job, open_job
from train.result import Run, Watcher, finished


def train(recipe_path: Path, watch: Watcher, settings: Sequence[str] = ()) -> Run:
    """Train, measure, merge, export. Each step is done once; a killed run continues where it stopped.

    Args:
        recipe_path: the recipe's file.
        watch: follows the run.
        settings: `key=value` of the command line, such as `train.lora.r=32`, merged over the recipe.

    Raises:
        CallError: the recipe or the base model is wrong, or no dataset has been built.
        GateError: a check failed; what was made is kept for a look.
        MachineError: the machine failed.
    """
    job = open_job(recipe_path, watch, settings)
    if done := finished(job.folder, job.measured_by, job.delivered_as):
        return done
    with only_one(job.folder, "training run"):
        return _steps(job)


def merge_again(recipe_path: Path, watch: Watcher, settings: Sequence[str] = ()) -> Path:
    """Merge a trained adapter into its base, for other programs; gives the folder. What is merged already stays.

    Args:
        recipe_path: the recipe's file.
        watch: follows the work.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: nothing of just these inputs has been trained.
        GateError: the merged model does not answer as the adapted one does.
        MachineError: the machine failed.
    """
    from train.delivery import begin_delivery, merge
    from train.preflight import prepare

    job = _trained(recipe_path, watch, settings)
    with only_one(job.folder, "training run"):
        begin_delivery(job)
        job.step("merge", merge, job, job.step("rows", prepare, job))
    return job.folder / "merged"


def export_again(recipe_path: Path, watch: Watcher, settings: Sequence[str] = ()) -> Run:
    """Make a trained run's files as the recipe says now, and measure them; nothing is trained.

    Args:
        recipe_path: the recipe's file.
        watch: follows the work.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: nothing of just these inputs has been trained.
        As `train` does.
    """
    _trained(recipe_path, watch, settings)
    return train(recipe_path, watch, settings)


def _trained(recipe_path: Path, watch: Watcher, settings: Sequence[str]) -> Job:
    job = open_job(recipe_path, watch, settings)
    if not job.adapter.is_dir():
        raise CallError(
            "no adapter was trained with this dataset, base and settings",
            where=str(recipe_path),
            fix=f"Train it first: train run {shlex.quote(str(recipe_path))}",
        )
    return job


def _steps(job: Job) -> Run:
    """The steps in their order. They are imported here: where nothing has changed, their libraries are not waited for."""
    from train.delivery import begin_delivery, export, merge
    from train.evaluate.evaluate import Evaluation
    from train.finish import finish
    from train.preference import prefer
    from train.preflight import prepare
    from train.sft import fine_tune

    job.keep_recipe()
    begin_delivery(job)
    prepared = job.step("rows", prepare, job)
    job.step("train", fine_tune, job, prepared)
    if prepared.preferences:
        job.step("prefer", prefer, job, prepared.tokenizer, prepared.preferences)
    evaluation = Evaluation(job, prepared)
    job.step("dial", evaluation.dial)
    job.step("answer", evaluation.ask_model)
    job.step("merge", merge, job, prepared)
    exported = job.step("export", export, job, prepared)
    job.step("ask file", evaluation.ask_file, exported)
    probed = job.step("probe", evaluation.probe)
    return finish(job, exported, probed.probes, evaluation.beside())
