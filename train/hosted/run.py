"""The order of the steps of a hosted run: rows, price, upload, job, answers, probes, and nothing else.

What was uploaded and started is in the run's `hosted.json` the moment it is known, so that a killed run pays nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from likeness.errors import CallError
from likeness.lock import only_one
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe
from train.control import checked_dataset
from train.data import manifest_for_others
from train.delivery import Exported
from train.finish import finish
from train.hosted.api import api_of
from train.hosted.evaluation import HostedEvaluation
from train.hosted.hosts import Host, hosts
from train.hosted.jobs import HostedJobs
from train.hosted.price import priced
from train.hosted.rows import check_files, rows_for
from train.hosted.steps import HostedRowsStep
from train.job import Job, run_folder
from train.result import Run, Watcher, finished


def train_hosted(
    recipe_path: Path, watch: Watcher, settings: Sequence[str] = (), sleep: Callable[[float], None] = time.sleep
) -> Run:
    """Have a host train, ask its model the controlled questions, and measure the answers. A killed run goes on where it was.

    Args:
        recipe_path: the recipe's file.
        watch: follows the run.
        settings: `key=value` of the command line, merged over the recipe.
        sleep: waits so many seconds.

    Raises:
        CallError: the recipe, the rows or the key are wrong, or it would cost more than the budget.
        MachineError: the host failed, or its job did.
    """
    job, host = prepare(recipe_path, watch, settings)
    if done := finished(job.folder, job.measured_by, job.delivered_as):
        return done
    host.check_open(datetime.now(UTC).date())
    api = api_of(job.settings, host, sleep, watch.begin)  # before any work: the key may be missing
    with only_one(job.folder, "training run"):
        job.keep_recipe()
        rows = job.step("rows", make_rows, job, host)
        trained = job.step("train", HostedJobs(job, host, rows.rows, api, sleep).train)
        evaluation = HostedEvaluation(job, trained, api)
        job.step("answer", evaluation.ask_model)
        probed = job.step("probe", evaluation.probe)
        return finish(job, Exported([], [], []), probed.probes, evaluation.beside())


def prepare(recipe_path: Path, watch: Watcher, settings: Sequence[str]) -> tuple[Job, Host]:
    """The job that a recipe describes, and its host.

    Args:
        recipe_path: the recipe's file.
        watch: follows the run.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: the recipe is wrong, or no dataset has been built.
    """
    recipe: Recipe = load_recipe(recipe_path, settings)
    if recipe.train is None or recipe.train.hosted is None:
        raise CallError(
            "this recipe trains at no host", where=str(recipe_path), fix="Give `train: {backend: hosted, hosted: …}`."
        )
    build = BuildFolder.of(recipe)
    dataset = checked_dataset(build, recipe)
    folder = run_folder(build, recipe, dataset, {"host": recipe.train.base_model})
    job = Job(recipe_path, recipe, recipe.train, dataset, folder, watch, Run(folder, dataset.name), tuple(settings))
    return job, hosts()[recipe.train.hosted.host]


def make_rows(job: Job, host: Host) -> HostedRowsStep:
    """The rows in the host's form, held against its rules, and what training on them costs.

    Raises:
        CallError: there are too few or too many, or they cost more than the budget.
        GateError: some were flagged as private: they leave this machine for nobody.
    """
    manifest_for_others(job.dataset)
    rows = rows_for(host, job.dataset, job.settings.sft.turns)
    if not job.settings.preference:
        rows.lines["preference"] = []
    check_files(host, rows)
    return HostedRowsStep(rows, priced(host, job.settings, rows), host.title)
