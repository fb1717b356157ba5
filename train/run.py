"""The order of the steps from a dataset to a model that talks, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from likeness.lock import only_one
from train.job import Job, begin, settings_of, take_up
from train.result import Run, Watcher, finished, step


def train(recipe_path: Path, watch: Watcher, settings: Sequence[str] = ()) -> Run:
    """Train, measure, merge, export. Each step is done once; a killed run continues where it stopped.

    Args:
        recipe_path: the recipe's file.
        watch: is told how it goes.
        settings: `key=value` of the command line, such as `train.lora.r=32`, merged over the recipe.

    Raises:
        CallError: the recipe or the base model is wrong, or no dataset has been built.
        GateError: a check failed; what was made is kept for a look.
        MachineError: the machine failed.
    """
    job = take_up(recipe_path, watch, settings)
    if done := finished(job.folder, settings_of(job)):
        return done
    with only_one(job.folder, "training run"):
        begin(job)
        return _steps(job, watch)


def _steps(job: Job, watch: Watcher) -> Run:
    from train.evaluate.endings import count_endings
    from train.evaluate.evaluate import Evaluation, told
    from train.preflight import prepare

    run = Run(job.folder, job.dataset.name)
    with step(run, watch, "rows") as tell:
        prepared = prepare(job)
        run.metrics["rows"] = prepared.rows.counts()
        tell(str(prepared.rows))
    for note in prepared.template.notes:
        watch.line(f"          {note}")

    with step(run, watch, "train") as tell:
        from train.sft import train_sft

        trained = train_sft(
            job.base,
            prepared.tokenizer,
            prepared.rows,
            job.settings,
            job.sft_adapter,
            lambda done, total, note: watch.update(done, total, note=note),
        )
        run.metrics["sft"] = trained.as_dict()
        tell(str(trained))

    if prepared.preferences:
        with step(run, watch, "prefer") as tell:
            from train.preference import train_preference

            preferred = train_preference(
                job.base,
                prepared.tokenizer,
                prepared.preferences,
                job.settings,
                (job.sft_adapter, job.adapter),
                lambda done, total, note: watch.update(done, total, note=note),
            )
            run.metrics["preference"] = prepared.preferences.counts() | preferred.as_dict()
            tell(str(preferred))

    evaluation = Evaluation(job, prepared, watch)
    with step(run, watch, "dial") as tell:
        dial = evaluation.dial()
        run.metrics["dial"] = dial.as_dict() if dial else None
        tell(str(dial) if dial else "not measured: it needs controlled questions and `evaluate.strengths`")

    with step(run, watch, "answer") as tell:
        evaluation.ask_model()
        endings = count_endings(evaluation.beside())
        run.metrics["control"] = endings.as_dict()
        tell(f"{evaluation.told('model')}; {endings}")

    evaluation.close()

    with step(run, watch, "merge") as tell:
        from train.delivery import merge

        merged = merge(job, prepared)
        run.metrics["merge"] = merged.as_dict()
        tell(str(merged))

    with step(run, watch, "export") as tell:
        from train.delivery import export

        exported = export(job, prepared, watch)
        run.metrics["export"], run.gguf = exported.checks, exported.files
        tell(str(exported))
    for note in exported.notes:
        watch.line(f"          {note}")

    with step(run, watch, "ask file") as tell:
        tell(evaluation.ask_gguf(run.folder / run.gguf[0]))

    with step(run, watch, "probe") as tell:
        probes = evaluation.probes()
        tell(told(probes))
    evaluation.close()

    from train.finish import finish

    return finish(job, run, exported, probes, evaluation.beside())
