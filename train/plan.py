"""What a run would do, said before it is started: everything is checked and nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from likeness.metrics.text import count_of
from train.base import parameters
from train.devices import chosen_devices
from train.disk import disk_free, disk_needed, in_mb
from train.forecast import Forecast, Method, forecast
from train.forecast_table import table
from train.job import Job, open_job
from train.preflight import Prepared, prepare
from train.replay import wanted
from train.replay_trial import check_trial, trial_lengths, trial_steps
from train.result import Watcher
from train.sft import steps_in_all
from train.workload import Workload, workload


@dataclass(frozen=True)
class Plan:
    """A run's rows and what they come to."""

    dataset: str
    base_model: str
    parameters: int
    steps: int
    trial_steps: int
    """Of the short trainings that choose `train.replay.share`; 0 where there are none."""
    prepared: Prepared
    forecasts: tuple[Forecast, ...]
    """Of each device with LoRA and with QLoRA."""
    method: Method
    disk: tuple[int, int]
    """About how many bytes the run takes on the disk, and how many are free here."""
    dealt: str = ""
    """To how many processes the rows of a step are dealt, in words."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dataset": self.dataset,
            "base_model": self.base_model,
            "parameters": self.parameters,
            "steps": self.steps,
            "trial_steps": self.trial_steps,
            "rows": self.prepared.rows.counts(),
            "disk": {"needed": self.disk[0], "free": self.disk[1]},
            "notes": self.prepared.notes,
            "forecasts": [each.as_dict() for each in self.forecasts],
        }

    def lines(self) -> list[str]:
        """For people."""
        rows = self.prepared.rows
        learnt = sum(row.learnt for row in rows.train)
        said = [
            f"base      {self.base_model}, {self.parameters / 1e6:,.1f} million parameters",
            f"rows      {rows}",
            f"loss      on {learnt:,} tokens ({learnt / rows.tokens:.0%}): answers and the mark that ends each",
            f"steps     {self.steps} at most{self.dealt}",
            f"disk      about {in_mb(self.disk[0])}; {in_mb(self.disk[1])} are free here",
        ]
        if rows.taught_elsewhere:
            again = count_of(rows.taught_elsewhere, "earlier answer")
            said.append(f"turns     {again} learnt in rows of their own, and not again in longer ones")
        if self.trial_steps:
            said.append(f"trial     {self.trial_steps} steps before them, in short trainings that choose train.replay.share")
        said += [f"template  {note}" for note in self.prepared.template.notes]
        said += [f"room      {note}" for note in self.prepared.room.notes]
        said += [f"export    {note}" for note in self.prepared.larger]
        said += [f"left out  {row.id}: {row.message}" for row in rows.left_out]
        return [*said, "", *table(self.forecasts, self.method, together=bool(self.dealt))]


def plan(recipe_path: Path, watch: Watcher, settings: Sequence[str] = (), on: str | None = None) -> Plan:
    """Check the recipe, its dataset and its base model against each other, and make the rows.

    Args:
        recipe_path: the recipe's file.
        watch: follows the progress.
        settings: `key=value` of the command line, merged over the recipe.
        on: part of a device's name; all devices where none is given.

    Raises:
        CallError: the run would fail, or no device is called so.
        MachineError: the base model cannot be fetched or made.
    """
    devices = chosen_devices(on)
    job = open_job(recipe_path, watch, settings)
    watch.begin("rows")
    prepared = prepare(job)
    check_trial(job.settings, prepared.rows)
    rows = len(prepared.rows.train)
    steps = steps_in_all(rows + wanted(rows, job.settings), job.settings.sft)
    work = workload_of(job, prepared)
    forecasts = tuple(forecast(work, device, method) for device in devices for method in ("lora", "qlora"))
    dealt = ""
    if launch := job.settings.launch:
        dealt = f" of {job.settings.sft.batch_size} rows, dealt to {launch.processes} processes ({launch.config})"
    facts = (job.dataset.name, job.settings.base_model, parameters(job.base), steps, trial_steps(prepared.rows, job.settings))
    return Plan(*facts, prepared, forecasts, job.settings.method, (disk_needed(job), disk_free(job.folder)), dealt)


def workload_of(job: Job, prepared: Prepared) -> Workload:
    """What a run has to compute.

    Args:
        job: the run.
        prepared: its rows.
    """
    rows, preferences = prepared.rows, prepared.preferences
    general = islice(cycle(rows.train), wanted(len(rows.train), job.settings))  # not made yet: as long as the others
    work = workload(job.base, job.settings, [*rows.train, *general], rows.validation, preferences.train if preferences else ())
    return replace(work, trial=tuple(trial_lengths(rows, job.settings)))
