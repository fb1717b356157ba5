"""SkyPilot: the cheapest cloud that has the card. It makes a machine for a run; what runs there is the same as over ssh.

`sky` is called as a command: `launch` with a task file, `queue`, `cancel`, `down` (docs.skypilot.co/en/latest/reference/cli).
It names the machine in the user's ssh configuration, so that the log, the result and what was saved come as from any ssh box.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from likeness.errors import MachineError
from train.devices import listed_devices
from train.launch.box import Dropped, Poll, Target
from train.launch.machines import Offer
from train.launch.record import Record
from train.launch.ssh import Ssh, job_of, remote_folder

STATE = re.compile(r"\b(INIT|PENDING|SETTING_UP|RUNNING|SUCCEEDED|FAILED\w*|CANCELLED)\b")
IDLE_MINUTES = 120
"""After which the machine is torn down by itself, should nobody fetch the result."""
SETUP = """
python3 -m venv ~/.likeness/venv
~/.likeness/venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt "$(echo "$PWD"/*.whl)[train]"
"""
RUN = """
umask 077
mkdir -p "{folder}" && cp {name}.pack "{folder}/" && cd "{folder}"
echo $$ >pid
export PYTHONUNBUFFERED=1
exec >log 2>&1
{job}
"""


class SkyPilot:
    """The box of `--on skypilot`."""

    def __init__(self, target: Target) -> None:
        if shutil.which("sky") is None:
            fix = "Install it and set a cloud up: pip install skypilot, then sky check."
            raise MachineError("there is no `sky` on this machine", fix=fix)
        self.target = target
        self._machine: Ssh | None = None

    def close(self) -> None:
        """Close the connection to the machine."""
        if self._machine:
            self._machine.close()

    def offers(self) -> list[Offer]:
        """The cards of our price list, by SkyPilot's names; it looks for the cheapest place itself."""
        return [
            Offer(_sky_name(each.name), "gpu", each.memory_bytes, self.target.usd_per_hour or each.usd_per_hour, each.name)
            for each in listed_devices()
        ]

    def start(self, record: Record, pack: Path, secrets: Mapping[str, str]) -> None:
        """Write the task file, and have SkyPilot make the machine and start the job, unless it has one.

        Args:
            record: of the launch.
            pack: the sealed file.
            secrets: variables of the run's environment.
        """
        from train.launch.wheel import constraints, make_wheel

        if self._jobs(record):
            return
        if "made" in record.notes:
            fix = f"It was idle for {IDLE_MINUTES} minutes, or somebody took it down. The same command begins anew."
            raise MachineError("the machine is gone, and its result with it", where=_cluster(record), fix=fix)
        with tempfile.TemporaryDirectory(prefix="likeness-") as place:
            work = Path(place, "work")
            work.mkdir()
            make_wheel(work)
            (work / "constraints.txt").write_text(constraints(), encoding="utf-8")
            shutil.copy(pack, work)
            task = Path(place, "task.yaml")
            task.write_text(task_file(record, work), encoding="utf-8")
            names = [word for name in secrets for word in ("--secret", name)]  # it takes the values from the environment
            self._sky("launch", "--yes", "--detach-run", "--cluster", _cluster(record), *names, str(task))
        record.notes["made"] = "yes"

    def poll(self, record: Record, seen: int) -> Poll:
        """As over ssh; a job that has not come so far as to have a folder waits in SkyPilot's queue."""
        poll = self._ssh(record).poll(record, seen)
        waits = poll.state == "lost" and not poll.text and self._jobs(record) & {"INIT", "PENDING", "SETTING_UP"}
        return Poll(b"", "running") if waits else poll

    def fetch(self, record: Record, to: Path) -> bool:
        """As over ssh."""
        return self._ssh(record).fetch(record, to)

    def salvage(self, record: Record, to: Path) -> bool:
        """As over ssh."""
        return self._ssh(record).salvage(record, to)

    def stop(self, record: Record) -> None:
        """Ask the run to end, and cancel its job."""
        if self._jobs(record):
            self._ssh(record).stop(record)
            self._sky("cancel", "--yes", "--all", _cluster(record))

    def tear_down(self, record: Record) -> None:
        """Give the machine back, with or without a job on it."""
        done = self._call("down", "--yes", _cluster(record))
        if done.returncode and not _is_no_machine(done):
            raise Dropped(_last_line(done), where="sky down")

    def _jobs(self, record: Record) -> set[str]:
        """The states of the machine's jobs, as the queue says them; none where there is no machine."""
        done = self._call("queue", _cluster(record))
        if done.returncode and not _is_no_machine(done):
            raise Dropped(_last_line(done), where="sky queue")  # that it cannot say does not mean that there is none
        return set() if done.returncode else set(STATE.findall(done.stdout))

    def _ssh(self, record: Record) -> Ssh:
        if self._machine is None:
            self._machine = Ssh(replace(self.target, on="ssh", host=_cluster(record)))
        return self._machine

    def _sky(self, *words: str) -> None:
        done = self._call(*words)
        if done.returncode:
            raise MachineError(_last_line(done), where=f"sky {words[0]}")

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sky", *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, start_new_session=True
        )


def task_file(record: Record, work: Path) -> str:
    """The task as SkyPilot reads it (docs.skypilot.co/en/latest/reference/yaml-spec.html).

    Args:
        record: of the launch.
        work: the folder that goes to the machine.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import LiteralScalarString

    job = job_of(record, "~/.likeness/venv/bin/train")
    run = RUN.format(folder=remote_folder(record), name=shlex.quote(record.name), job=job)
    resources: dict[str, Any] = {
        "accelerators": f"{record.device}:1",
        "autostop": {"idle_minutes": IDLE_MINUTES, "down": True},
    }
    text = io.StringIO()
    YAML().dump(
        {
            "name": _cluster(record),
            "workdir": str(work),
            "resources": resources,
            "setup": LiteralScalarString(SETUP.lstrip()),
            "run": LiteralScalarString(run.lstrip()),
        },
        text,
    )
    return text.getvalue()


def _is_no_machine(done: subprocess.CompletedProcess[str]) -> bool:
    said = (done.stdout + done.stderr).lower()
    return "not found" in said or "does not exist" in said


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[-1] if lines else f"ended with {done.returncode}"


def _cluster(record: Record) -> str:
    return f"likeness-{record.id}"


def _sky_name(card: str) -> str:
    """SkyPilot's name of a card of our list.

    >>> _sky_name("L4 24 GB"), _sky_name("RTX 4090 24 GB"), _sky_name("A100 80 GB")
    ('L4', 'RTX4090', 'A100-80GB')
    """
    model, size, _ = card.rsplit(" ", 2)
    return "A100-80GB" if (model, size) == ("A100", "80") else model.replace(" ", "")
