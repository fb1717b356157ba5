"""Steps that tests map: workers import them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np


def add(shared: int, part: list[int]) -> int:
    return shared + sum(part)


def where(_shared: None, _part: int) -> int:
    """The process that runs it, busy long enough for another to take the next part."""
    time.sleep(0.1)
    return os.getpid()


def killed_once(shared: Path, part: int) -> int:
    """Its process is killed, as by a system without memory, the first time that part 3 is done."""
    marker = shared / "was killed"
    if part == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return part * part


def killed_always(_shared: None, part: int) -> int:
    if part == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def wrong(_shared: None, part: int) -> int:
    from likeness.errors import CallError

    if part == 2:
        raise CallError("part two is wrong", where="here", fix="Leave it out.")
    return part


def slow(shared: Path, part: int) -> int:
    (shared / f"{os.getpid()}").touch()
    time.sleep(0.2)
    return part


def large(shared: np.ndarray, part: int) -> np.ndarray:
    """20 MB."""
    return np.full(2_500_000, part + shared[0], dtype=np.int64)
