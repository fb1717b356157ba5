"""What a machine somewhere else has to be able to do, so that a run can be made there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from likeness.errors import CallError, MachineError
from train.launch.machines import Offer
from train.launch.record import Record


@dataclass(frozen=True, slots=True)
class Target:
    """Where a run is to be made, as the call says it. The record keeps it, so that a later call finds the machine again.

    Args:
        on: a name of `BOXES`.
        host: of ssh.
        train: the command `train` on the box, or the virtual environment that it is in.
        install: make an environment there where there is no `train`.
        usd_per_hour: the price, where the provider does not say it.
        env: names of variables whose values go over; nothing else of the caller's environment does.
    """

    on: str
    host: str = ""
    train: str = ""
    install: bool = False
    usd_per_hour: float | None = None
    env: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.host or self.on


@dataclass(frozen=True, slots=True)
class Poll:
    """What a box says of its run: the log since the byte that was asked from, and how the run is."""

    text: bytes
    state: Literal["running", "ended", "lost"]
    """lost: it neither runs nor came to an end, as after a reboot."""
    exit_code: int | None = None


class Dropped(MachineError):
    """The connection failed; what runs there is not concerned, and asking again may help."""


class Box(Protocol):
    """A machine, or a provider of machines.

    `start`, `stop` and `tear_down` may be called again at any time: what is done already is not done twice.
    All but `offers` raise `Dropped` where the connection fails.
    """

    def offers(self) -> Sequence[Offer]:
        """The machines that can be had. The first contact: what cannot work is said now."""

    def start(self, record: Record, pack: Path, secrets: Mapping[str, str]) -> None:
        """Send the sealed file and start its run, detached from this process.

        Args:
            record: of the launch; the box may keep words of its own in `record.notes`.
            pack: the sealed file.
            secrets: variables of the run's environment. They go into no argument and no file.
        """

    def poll(self, record: Record, seen: int) -> Poll:
        """How the run is, and its log from byte `seen` on."""

    def fetch(self, record: Record, to: Path) -> bool:
        """Copy the sealed result to a file; False where there is none."""

    def salvage(self, record: Record, to: Path) -> bool:
        """Copy what a stopped run has saved into a folder, beside the sealed file; False where that cannot be had."""

    def stop(self, record: Record) -> None:
        """Stop the run, as Ctrl-C would; what it has saved stays there."""

    def tear_down(self, record: Record) -> None:
        """Remove what was made for this run and costs money or room."""

    def close(self) -> None:
        """Drop connections."""


def open_box(target: Target) -> Box:
    """The box that a target names. Each kind is a file of this folder.

    Raises:
        CallError: there is no such kind, or it lacks its host.
    """
    if target.on == "ssh":
        from train.launch.ssh import Ssh

        return Ssh(target)
    if target.on == "hf-jobs":
        from train.launch.hf_jobs import HfJobs

        return HfJobs(target)
    if target.on == "skypilot":
        from train.launch.skypilot import SkyPilot

        return SkyPilot(target)
    raise CallError(f"there is no {target.on!r} to launch on", where="--on", fix="Say: --on ssh HOST, hf-jobs or skypilot.")
