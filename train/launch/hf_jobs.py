"""Hugging Face Jobs: a container for one command, on hardware of the Hub's list, paid by the minute.

The sealed file goes into a private dataset repository of the user's, which is made for this run and removed with it; the job
reads it from there and puts its result there. API: huggingface.co/docs/huggingface_hub/guides/jobs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from likeness.errors import CallError, MachineError
from likeness.foreign_words import in_one_line
from train.launch.box import Dropped, Poll, Target
from train.launch.machines import Offer
from train.launch.record import Record

IMAGE = "python:3.12"
"""With a compiler, for llama.cpp; torch brings CUDA along."""
LONGEST = 24 * 3600
"""Seconds that a job may take where no ceiling says less; the Hub's own default is half an hour."""
ENDED = ("COMPLETED", "CANCELED", "ERROR", "DELETED")
LABEL = "likeness"
GB = 1000**3
SCRIPT = """
set -e
cd "$(mktemp -d)"
pip install --quiet --disable-pip-version-check huggingface_hub
hf download "$LIKENESS_REPO" --repo-type dataset --local-dir . --quiet >/dev/null
pip install --quiet --disable-pip-version-check --constraint constraints.txt "$(echo "$PWD"/*.whl)[train]"
mkdir out
code=0
train run "$LIKENESS_NAME.pack" --json >answer.json || code=$?
echo "$code" >out/exit
[ ! -f "$LIKENESS_NAME.result" ] || mv "$LIKENESS_NAME.result" out/
for pause in 0 5 15 45 120 300; do
    sleep "$pause"
    ! hf upload "$LIKENESS_REPO" out out --repo-type dataset --private --quiet >/dev/null || exit "$code"
done
exit 3
"""


class HfJobs:
    """The box of `--on hf-jobs`. The token is HF_TOKEN's; it goes to the job as a secret, for the repository is private."""

    def __init__(self, target: Target) -> None:
        token = os.environ.get("HF_TOKEN")
        if not token:
            fix = "Make a token that may write repositories and start jobs: huggingface.co/settings/tokens."
            raise CallError("is not set in the environment", where="HF_TOKEN", fix=fix)
        from huggingface_hub import HfApi

        self._token, self.api = token, HfApi(token=token)

    def close(self) -> None:
        """Nothing is held open."""

    def offers(self) -> list[Offer]:
        """The Hub's hardware that has one GPU, or none."""
        with _asking():
            listed = self.api.list_jobs_hardware()
        offers = []
        for each in listed:
            price = each.unit_cost_usd * {"minute": 60, "hour": 1}[each.unit_label]
            if each.accelerator is None:
                offers.append(Offer(each.name, "cpu", _bytes(each.ram), price))
            elif each.accelerator.quantity == "1" and each.accelerator.type == "gpu":
                offers.append(Offer(each.name, "gpu", _bytes(each.accelerator.vram), price, each.accelerator.model))
        return offers

    def start(self, record: Record, pack: Path, secrets: Mapping[str, str]) -> None:
        """Upload the sealed file and this version of likeness, and start the job, unless it was.

        Args:
            record: of the launch.
            pack: the sealed file.
            secrets: variables of the run's environment.
        """
        from train.launch.wheel import constraints, make_wheel

        if self._job(record):
            return
        repo = self._repo(record)
        with _asking(), tempfile.TemporaryDirectory() as place:
            wheel = make_wheel(Path(place))
            self.api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
            for source, name in ((pack, pack.name), (wheel, wheel.name), (constraints().encode(), "constraints.txt")):
                self.api.upload_file(path_or_fileobj=source, path_in_repo=name, repo_id=repo, repo_type="dataset")
            record.notes["job"] = self.api.run_job(
                image=IMAGE,
                command=["sh", "-c", SCRIPT],
                env={"LIKENESS_REPO": repo, "LIKENESS_NAME": record.name, "PYTHONUNBUFFERED": "1"},
                secrets={"HF_TOKEN": self._token, **secrets},
                flavor=record.device,
                timeout=int(record.limit() or LONGEST),  # the ceiling holds where nobody watches, too
                labels={LABEL: record.id},
                namespace=self._user,
            ).id

    def poll(self, record: Record, seen: int) -> Poll:
        """The job's stage, then its log: one that has ended is read whole."""
        job = self._job(record)
        if job is None:
            return Poll(b"", "lost")
        with _asking():
            stage = self.api.inspect_job(job_id=job, namespace=self._user).status.stage
            lines = self.api.fetch_job_logs(job_id=job, namespace=self._user, follow=False)
            text = "".join(f"{line.rstrip()}\n" for line in lines).encode()[seen:]
        match stage:
            case "COMPLETED" | "ERROR":
                return Poll(text, "ended", self._exit_code(record))
            case "CANCELED":
                return Poll(text, "ended", 130)
            case "DELETED":
                return Poll(text, "lost")
        return Poll(text, "running")

    def fetch(self, record: Record, to: Path) -> bool:
        """Download the result."""
        return self._download(record, f"out/{record.name}.result", to)

    def salvage(self, record: Record, to: Path) -> bool:
        """A container takes what it saved with it."""
        return False

    def stop(self, record: Record) -> None:
        """Cancel the job, if it has not ended."""
        if job := self._job(record):
            with _asking():
                if self.api.inspect_job(job_id=job, namespace=self._user).status.stage not in ENDED:
                    self.api.cancel_job(job_id=job, namespace=self._user)

    def tear_down(self, record: Record) -> None:
        """Cancel the job and remove the repository."""
        self.stop(record)
        with _asking():
            self.api.delete_repo(self._repo(record), repo_type="dataset", missing_ok=True)

    @cached_property
    def _user(self) -> str:
        with _asking():
            return str(self.api.whoami()["name"])

    def _repo(self, record: Record) -> str:
        return f"{self._user}/likeness-{record.id}"

    def _job(self, record: Record) -> str | None:
        """The job's id: as it was noted, or by its label where the launcher was killed before it could."""
        if "job" not in record.notes:
            with _asking():
                found = next(iter(self.api.list_jobs(labels={LABEL: record.id}, namespace=self._user)), None)
            if found is None:
                return None
            record.notes["job"] = found.id
        return record.notes["job"]

    def _exit_code(self, record: Record) -> int | None:
        """What the job wrote down; None where it did not come so far."""
        with tempfile.TemporaryDirectory() as place:
            file = Path(place, "exit")
            return int(file.read_text(encoding="utf-8")) if self._download(record, "out/exit", file) else None

    def _download(self, record: Record, name: str, to: Path) -> bool:
        from huggingface_hub.errors import RemoteEntryNotFoundError

        with tempfile.TemporaryDirectory(dir=to.parent) as place, _asking():
            try:
                found = self.api.hf_hub_download(self._repo(record), name, repo_type="dataset", local_dir=place)
            except RemoteEntryNotFoundError:
                return False
            shutil.move(found, to)
        return True


@contextmanager
def _asking() -> Iterator[None]:
    """Give the client's errors our names: what may pass, what the token may not do, what else the Hub refuses."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    http_error: Any = next(each for each in HfHubHTTPError.__mro__ if each.__name__ == "HTTPError")  # of httpx, or its successor
    try:
        yield
    except HfHubHTTPError as error:
        status, what = error.response.status_code, in_one_line(error.server_message or error, 400)
        if status in (408, 429) or status >= 500:
            raise Dropped(what, where="Hugging Face") from None
        if status in (401, 403):
            fix = "Give HF_TOKEN the rights to write repositories and to start jobs."
            raise CallError(what, where="Hugging Face", fix=fix) from None
        paid = "Jobs are paid in advance: huggingface.co/settings/billing." if status == 402 else None
        raise MachineError(what, where="Hugging Face", fix=paid) from None
    except (http_error, LocalEntryNotFoundError) as error:
        raise Dropped(str(error).splitlines()[0] if str(error) else type(error).__name__, where="Hugging Face") from None


def _bytes(said: str) -> int:
    """Of a size as the Hub writes it, such as "16 GB"."""
    number, _, unit = said.partition(" ")
    return int(float(number) * {"MB": GB // 1000, "GB": GB, "TB": GB * 1000}[unit])
