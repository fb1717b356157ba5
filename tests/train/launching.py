"""Calls of `train launch`, and what they leave at home."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from tests.make import BIN, House, call, environment

LONGEST = 240.0


class Box(Protocol):
    """What tests launch on."""

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs."""


def start(home: House, box: Box, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """`train launch` in a process that can be killed."""
    return subprocess.Popen(
        [BIN / "train", "launch", home.recipe, *arguments],
        cwd=home.folder,
        env=environment(**box.environment | variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def launch(home: House, box: Box, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return call("train", home.folder, "launch", home.recipe, *arguments, code=code, env=box.environment)


def wait_for(happens: Callable[[], object], what: str, going: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is so; what a launcher said is shown where it ends before."""
    until = time.monotonic() + LONGEST
    while not happens():
        if time.monotonic() > until and going:
            going.kill()
        ended = going and going.poll() is not None
        assert not ended, f"never: {what}\n{going.communicate()[0] if going else ''}"
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.1)


def log_at_home(home: House) -> str:
    file = home.folder / "kitchen/build/kitchen/launch/log.txt"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def record(home: House) -> dict[str, object]:
    found: dict[str, object] = json.loads((home.folder / "kitchen/build/kitchen/launch/launch.json").read_text(encoding="utf-8"))
    return found


def runs(home: House) -> list[str]:
    return sorted(path.name for path in home.folder.glob("kitchen/build/kitchen/runs/*/manifest.json"))
