"""The order of the steps from a dataset to a model that talks, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from likeness.lock import only_one
from train.job import Job, is_hosted, open_job
from train.parts import check_adapter
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
    if is_hosted(recipe_path, settings):
        from train.hosted.run import train_hosted

        return train_hosted(recipe_path, watch, settings)
    return train_job(open_job(recipe_path, watch, settings))


def train_job(job: Job) -> Run:
    """Do the steps of a run that are not done yet.

    Raises:
        As `train` does.
    """
    if job.settings.launch:
        from train.parallel.machines import machines_of

        if machines_of(job.settings.launch).rank:
            from train.parallel.start import join

            return join(job)
    check_adapter(job)
    if done := finished(job.folder, job.measured_by, job.delivered_as):
        return done
    with only_one(job.folder, "training run"):
        return _steps(job)


def _steps(job: Job) -> Run:
    """The steps in their order. They are imported here: where nothing has changed, their libraries are not waited for."""
    from train.allocator import spare_memory
    from train.delivery import begin_delivery, export, merge
    from train.disk import check_disk
    from train.evaluate.evaluate import Evaluation
    from train.finish import finish
    from train.plan import workload_of
    from train.preference import prefer
    from train.preflight import prepare
    from train.replay import replay
    from train.replay_trial import try_shares
    from train.sft import fine_tune
    from train.triage import mark_unknown

    job.keep_recipe()
    begin_delivery(job)
    prepared = job.step("rows", prepare, job)
    check_disk(job)
    spare_memory(workload_of(job, prepared))
    if job.settings.sft.known_last:
        job.step("triage", mark_unknown, job, prepared)
    if job.settings.replay and job.settings.replay.share == "auto":
        job.step("trial", try_shares, job, prepared)
    if job.settings.replay:
        job.step("replay", replay, job, prepared)
    if job.settings.launch:
        from train.parallel.start import fine_tune_together

        job.step("train", fine_tune_together, job, prepared)
    else:
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
