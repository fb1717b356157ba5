"""Starts the processes that train together, shows what the main one says, and tells in one message how they ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from likeness import errors
from likeness.command import shown
from likeness.errors import LikenessError, MachineError
from likeness.recipe.schema import Launch
from train.delivery import sampling_of
from train.job import Job
from train.parallel.machines import WHERE, Machines, command, machines_of
from train.parallel.task import FOLDER, Look, Task
from train.preflight import Prepared, stop_ids
from train.result import Run
from train.sft import Trained
from train.trainer import Progress

SECONDS_TO_END = 30
FAILED = re.compile(r"rank\s*:\s*(\d+).*\n\s*exitcode\s*:\s*(-?\d+)")
"""What torch writes of each process that failed."""
KILLED_FROM_OUTSIDE = ("-9", "-6", "-7", "-11")
"""Torch itself ends the others with SIGTERM (-15)."""
JOINED = "joined"
"""The verdict of a machine that is not the first: it computed its share, and the first one goes on."""


def fine_tune_together(job: Job, prepared: Prepared) -> Trained:
    """Train the run's adapter in several processes; see `train_together`.

    Args:
        job: the run.
        prepared: its tokenizer and rows.
    """
    template = prepared.template
    look = Look(
        template,
        {template.stop, *stop_ids(prepared.tokenizer, job.base)},
        job.recipe.persona.system_prompt,
        sampling_of(job),
        job.dataset,
    )
    task = Task(job.settings, prepared.rows, job.sft_adapter, job.begins_with, look)
    return train_together(task, job.base, job.progress, job.watch.line)


def train_together(task: Task, base: Path, progress: Progress, tell: Callable[[str], None]) -> Trained:
    """Train an adapter in several processes. What is trained already stays; killed ones go on from their last good checkpoint.

    Args:
        task: what is trained.
        base: the model's folder.
        progress: called with steps done, steps in all, and the losses in words.
        tell: shows a line that stays.

    Raises:
        LikenessError: of the kind that one process would raise.
        MachineError: a process ended.
    """
    launch, run = task.settings.launch, task.adapter.parent
    assert launch
    figures, folder = run / "trained.json", run / FOLDER
    if not figures.is_file():
        task.write(folder)
        run_processes(launch, machines_of(launch), folder, base, progress, tell)
        shutil.rmtree(folder, ignore_errors=True)
    return Trained(**json.loads(figures.read_text(encoding="utf-8")))


def join(job: Job) -> Run:
    """Compute this machine's share, where it is not the first one, which does everything else.

    Args:
        job: the run.

    Raises:
        MachineError: a process ended.
    """
    launch = job.settings.launch
    assert launch
    machines = machines_of(launch)
    job.made.verdict = JOINED
    if (job.folder / "trained.json").is_file():
        return job.made
    job.watch.begin("train")
    job.watch.line(
        f"machine {machines.rank + 1} of {machines.number}: waits for the first one, {machines.address}, and trains with it"
    )
    run_processes(launch, machines, job.folder / FOLDER, job.base, job.progress, job.watch.line)
    return job.made


def run_processes(
    launch: Launch, machines: Machines, folder: Path, base: Path, progress: Progress, tell: Callable[[str], None]
) -> None:
    """Start this machine's processes and wait for them.

    Args:
        launch: the recipe's `train.launch`.
        machines: this one among all.
        folder: with the task; their standard error goes there.
        base: the model's folder.
        progress: called with steps done, steps in all, and the losses in words.
        tell: shows a line that stays.

    Raises:
        LikenessError: what a process said before it ended.
        MachineError: one ended without a word.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"log-{machines.rank}.txt"
    call = command(launch, machines, "train.parallel.worker", [str(folder), str(base)])
    here = launch.processes // machines.number
    environment = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // here)), **os.environ, "PYTHONSAFEPATH": "1"}
    said: list[dict[str, Any]] = []
    with log.open("wb") as errors_file, _started(call, environment, errors_file) as process:
        assert process.stdout
        for line in process.stdout:
            event = _event(line)
            if "progress" in event:
                progress(*event["progress"])
            elif "line" in event:
                tell(event["line"])
            elif "error" in event:
                said.append(event["error"])
        code = process.wait()
    if code:
        raise _what_happened(said, log, launch.processes)


@contextmanager
def _started(call: list[str], environment: dict[str, str], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The processes, and no longer: they end when their standard input does."""
    process = subprocess.Popen(
        call,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us: we end them
    )

    def end() -> None:
        process.wait()
        with suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]

    ending = threading.Thread(target=end, daemon=True)
    ending.start()  # where accelerate itself is killed, its processes are to end as well
    try:
        yield process
    finally:
        with suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _what_happened(said: list[dict[str, Any]], log: Path, processes: int) -> LikenessError:
    """One error for all of them: what the first of ours said, else which one was killed, else the last words."""
    for error in said:
        if error["kind"] != "fault":
            kind: type[LikenessError] = getattr(errors, error["kind"])
            return kind(error["what"], where=error["where"], fix=error["fix"])
    kept = f"Finished checkpoints are kept, and the same command goes on from the last; {shown(log)} has the details."
    for rank, code in FAILED.findall(log.read_text(encoding="utf-8", errors="replace")):
        if code in KILLED_FROM_OUTSIDE:
            name = signal.Signals(-int(code)).name
            what = f"process {int(rank) + 1} of {processes} was killed ({name})"
            return MachineError(what, where=WHERE, fix=f"The system does that where memory runs out. {kept}")
    last = next((error["what"] for error in said), "without a word")
    return MachineError(f"the {processes} processes ended: {last}", where=WHERE, fix=kept)
