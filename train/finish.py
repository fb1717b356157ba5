"""The end of a run: its verdict, its page, its manifest, and the page that leads to all."""

from __future__ import annotations

import shlex
from typing import Any

from likeness.files import write_atomic
from likeness.pages.index import write_index
from likeness.recipe.folders import BuildFolder
from train.base import identity
from train.data import read_manifest
from train.delivery import Exported
from train.job import Job
from train.report import next_steps, run_report
from train.result import Run, peak_memory_gb, write_manifest
from train.verdict import judge


def finish(job: Job, exported: Exported, probes: list[dict[str, Any]], answers: list[dict[str, Any]]) -> Run:
    """Judge a run and write down what it came to; from then on it is finished.

    Args:
        job: the run.
        exported: the files.
        probes: every probe as it is in `probes.json`.
        answers: of base and tuned model, a row a question.
    """
    run = job.made
    run.gguf = exported.files
    run.verdict, run.reasons = judge(run.metrics, exported, probes, job.recipe.evaluate.gates)
    run.metrics["peak_memory_gb"] = peak_memory_gb()
    page = run_report(run.folder, job.recipe, run.metrics, run.verdict, run.reasons, answers, job.recipe_path, probes)
    write_atomic(run.folder / "report.html", page)
    fingerprint = read_manifest(job.dataset)["fingerprint"]
    facts: dict[str, Any] = {
        "base_model": job.settings.base_model,
        "evaluate": job.measured_by,
        "export": job.delivered_as,
        "set": list(job.set),
    }
    if not run.hosted:
        facts["base"] = identity(job.base)
    write_manifest(run, dataset_fingerprint=fingerprint, **facts)
    first = next_steps(run.metrics, shlex.quote(str(job.recipe_path)), run.folder.name, probes)[0]
    step_next = {"text": first["title"], "command": first["command"]}
    write_index(BuildFolder(run.folder.parents[1]), job.recipe.name, job.recipe_path, step_next)
    return run
