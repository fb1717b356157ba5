"""Merge and export a trained run again, as the recipe says now. Nothing is trained for it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from likeness.errors import CallError
from likeness.lock import only_one
from train.job import Job, open_job
from train.parts import check_adapter
from train.result import Run, Watcher
from train.run import train_job


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
    """Make a trained run's files as the recipe says now, and measure them.

    Args:
        recipe_path: the recipe's file.
        watch: follows the work.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: nothing of just these inputs has been trained.
        As `train` does.
    """
    return train_job(_trained(recipe_path, watch, settings))


def _trained(recipe_path: Path, watch: Watcher, settings: Sequence[str]) -> Job:
    job = open_job(recipe_path, watch, settings)
    check_adapter(job)
    if not job.adapter.is_dir():
        raise CallError(
            "no adapter was trained with this dataset, base and settings",
            where=str(recipe_path),
            fix=f"Train it first: train run {shlex.quote(str(recipe_path))}",
        )
    return job
