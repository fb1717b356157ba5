"""The jobs of a hosted run: rows up, a job on them, its end awaited, its measures home. Each is remembered before the next."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from likeness.errors import MachineError
from likeness.files import write_atomic
from likeness.foreign_words import in_one_line
from train.data import read_manifest
from train.hosted.api import HostApi
from train.hosted.hosts import Host
from train.hosted.rows import HostedRows
from train.hosted.steps import HostedTraining
from train.job import Job

STAGES = ["sft", "preference"]
LOOKS_EVERY = 10.0
"""Seconds between two looks at a job."""
UNDER_WAY = {
    "validating_files": "its files are looked at",
    "queued": "waiting for its turn",
    "running": "training",
    "paused": "paused",
}


class HostedJobs:
    """The supervised job, and the one on preferences that goes on from it.

    Args:
        job: the run.
        host: where it is trained.
        rows: in the host's form.
        api: its API.
        sleep: waits so many seconds.
    """

    def __init__(self, job: Job, host: Host, rows: HostedRows, api: HostApi, sleep: Callable[[float], None]) -> None:
        self.job, self.host, self.rows, self.api, self._sleep = job, host, rows, api, sleep
        self._file = job.folder / "hosted.json"
        self.state: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8")) if self._file.is_file() else {}

    def train(self) -> HostedTraining:
        """Have both jobs done, or the one there is.

        Raises:
            MachineError: the host failed, or a job did.
        """
        began = time.monotonic()
        settings = self.job.settings
        hyper: dict[str, Any] = {"n_epochs": _whole(settings.sft.epochs), "batch_size": settings.sft.batch_size}
        done = [self._done("sft", "train", settings.base_model, {"type": "supervised", "supervised": {"hyperparameters": hyper}})]
        if settings.preference:
            taught = settings.preference
            hyper = {"n_epochs": _whole(taught.epochs), "batch_size": taught.batch_size, "beta": taught.beta}
            method = {"type": "dpo", "dpo": {"hyperparameters": hyper}}
            done.append(self._done("preference", "preference", str(done[0]["fine_tuned_model"]), method))
        if not (self.job.folder / "metrics.jsonl").is_file():
            write_atomic(self.job.folder / "metrics.jsonl", "")
        seconds = self.state.setdefault("seconds", round(time.monotonic() - began, 1))
        self._keep()
        tokens = sum(int(job.get("trained_tokens") or 0) for job in done)
        jobs = {stage: str(self.state[stage]["job"]) for stage in STAGES if stage in self.state}
        return HostedTraining(str(done[-1]["fine_tuned_model"]), jobs, seconds, tokens, self._losses(done[0]))

    def _done(self, stage: str, part: str, model: str, method: dict[str, Any]) -> dict[str, Any]:
        """A job that has succeeded, as the host tells it."""
        known = self.state.setdefault(stage, {})
        if "result" in known:
            return dict(known["result"])
        file = self._uploaded(part)
        if "job" not in known:
            # A call that was killed between the host's answer and this line has a job already: it is found by its file.
            started = self.api.job_on(file) if known.get("asked") else None
            if started is None:
                known["asked"] = True
                self._keep()
                started = self._started(self._body(part, file, model, method), file)
            known["job"] = started["id"]
            self._keep()
        known["result"] = self._awaited(known["job"])
        self._keep()
        return dict(known["result"])

    def _started(self, body: dict[str, Any], file: str) -> dict[str, Any]:
        try:
            return self.api.start(body)
        except MachineError:  # the answer may have got lost, and not the request
            with suppress(MachineError):
                if started := self.api.job_on(file):
                    return started
            raise

    def _body(self, part: str, file: str, model: str, method: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": model, "training_file": file, "method": method, "seed": self.job.settings.seed}
        if part == "train" and self.rows.lines["validation"]:
            body["validation_file"] = self._uploaded("validation")
        return body | {"suffix": re.sub(r"[^a-z0-9-]", "-", self.job.recipe.name.lower())[:18]}

    def _uploaded(self, part: str) -> str:
        """The id of a part's file at the host; uploaded once."""
        files = self.state.setdefault("files", {})
        if part not in files:
            self.job.watch.begin(f"sending {part}.jsonl to {self.host.title}")
            written = self.rows.write(self.job.folder)[part]
            fingerprint = read_manifest(self.job.dataset)["fingerprint"][:8]
            files[part] = self.api.upload(written, f"{self.job.recipe.name}-{fingerprint}-{part}.jsonl")
            self._keep()
        return str(files[part])

    def _awaited(self, name: str) -> dict[str, Any]:
        """Look at a job until it ends; what it says meanwhile is shown once."""
        told: set[str] = set()
        while True:
            job = self.api.job(name)
            for event in self.api.events(name):
                if event["id"] not in told:
                    told.add(event["id"])
                    self.job.watch.line(f"          {self.host.title}: {in_one_line(event['message'], 200)}")
            if job["status"] == "succeeded":
                return job
            if job["status"] not in UNDER_WAY:
                error = (job.get("error") or {}).get("message") or job["status"]
                self.state = {"files": self.state.get("files", {})} | {
                    key: self.state[key] for key in ("sft",) if self._is_done(key)
                }
                self._keep()  # the next call starts another job on the same files
                fix = "Mend what it names; the same command starts another job."
                raise MachineError(f"the job {name} ended: {in_one_line(error, 400)}", where=self.host.title, fix=fix)
            self.job.watch.begin(f"{self.host.title}: {UNDER_WAY[job['status']]}")
            self._sleep(LOOKS_EVERY)

    def _is_done(self, stage: str) -> bool:
        return "result" in self.state.get(stage, {})

    def _losses(self, done: dict[str, Any]) -> tuple[float | None, float | None]:
        """The last training and held-out loss of a job's result file, which is kept as `hosted.csv`."""
        kept = self.job.folder / "hosted.csv"
        if not kept.is_file():
            for file in done.get("result_files") or ():
                content = self.api.content(str(file))
                with suppress(ValueError):  # OpenAI's own are base64
                    content = b64decode(content, validate=True)
                write_atomic(kept, content)
                break
        if not kept.is_file():
            return None, None
        rows = list(csv.DictReader(io.StringIO(kept.read_text(encoding="utf-8", errors="replace"))))
        self._write_history(rows)
        return _last(rows, "train_loss"), _last(rows, "valid_loss")

    def _write_history(self, rows: list[dict[str, str]]) -> None:
        """`metrics.jsonl`, as every run has it for its curve."""
        lines = []
        for number, row in enumerate(rows, 1):
            step = int(_number(row.get("step")) or number)
            for column, name in (("train_loss", "loss"), ("valid_loss", "eval_loss")):
                if (value := _number(row.get(column))) is not None:
                    lines.append(json.dumps({"stage": "sft", "step": step, name: value}))
        write_atomic(self.job.folder / "metrics.jsonl", "".join(f"{line}\n" for line in lines))

    def _keep(self) -> None:
        write_atomic(self._file, json.dumps(self.state, indent=2))


def _whole(epochs: float) -> int:
    """Hosts count whole epochs."""
    return max(1, round(epochs))


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _last(rows: list[dict[str, str]], column: str) -> float | None:
    values = [value for row in rows if (value := _number(row.get(column))) is not None]
    return values[-1] if values else None
