"""What a run can be trained on: this machine, and graphics cards that are commonly rented, with their list prices."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Literal

from likeness.errors import CallError
from likeness.metrics.text import count_of

LISTED = Path(__file__).with_name("devices.toml")
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Device:
    """Something to train on.

    `memory_bytes`: of the graphics card, or of the machine where there is none. `tflops`: dense matrix products a second in the
    type that is trained there, bf16 on a GPU and float32 on a CPU. `bandwidth_gb_s`: of that memory, in GB a second.
    `usd_per_hour`: the list price at `where` on `as_of`; None for a machine that is here already.
    """

    name: str
    kind: Literal["cpu", "gpu"]
    memory_bytes: int
    tflops: float
    bandwidth_gb_s: float
    usd_per_hour: float | None = None
    where: str = ""
    as_of: date | None = None


def listed_devices() -> list[Device]:
    """The graphics cards of the price list."""
    entries = tomllib.loads(LISTED.read_text(encoding="utf-8"))["device"]
    return [Device(kind="gpu", memory_bytes=entry.pop("memory_mib") * MIB, **entry) for entry in entries]


def chosen_devices(name: str | None = None) -> list[Device]:
    """This machine and the listed cards, or those of them whose name contains `name`, in any case.

    Raises:
        CallError: none is called so.
    """
    found = [this_machine(), *listed_devices()]
    chosen = [device for device in found if name is None or name.casefold() in device.name.casefold()]
    if not chosen:
        known = ", ".join(device.name for device in found)
        raise CallError(f"no device is called {name!r}", where="--on", fix=f"Known are {known}.")
    return chosen


def this_machine() -> Device:
    """The GPU that torch sees, or else the CPU with the memory of the machine (or of its container), measured as it is now."""
    import torch

    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        known = [each for each in listed_devices() if each.name.rsplit(" ", 2)[0] in card.name]
        speed = max(known, key=lambda each: each.memory_bytes, default=None)
        name = f"{card.name} (here)"
        if speed is not None:
            return Device(name, "gpu", card.total_memory, speed.tflops, speed.bandwidth_gb_s)
        return Device(name, "gpu", card.total_memory, _measured_tflops("cuda"), 500)
    threads = torch.get_num_threads()
    return Device(f"CPU, {count_of(threads, 'thread')} (here)", "cpu", machine_memory(), _measured_tflops("cpu"), 20)


def machine_memory() -> int:
    """Bytes of memory: the machine's, or less where a control group limits it."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if hasattr(os, "sysconf") else []
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # no control group, or "max"
            found.append(int(Path(limit).read_text(encoding="ascii")))
    return min(found, default=8 * 2**30)


def _measured_tflops(kind: Literal["cpu", "cuda"]) -> float:
    """Of matrix products as training makes them: the best of a few, for whoever else is at work only makes them slower."""
    import torch

    side = 1024 if kind == "cpu" else 8192
    dtype = torch.float32 if kind == "cpu" else torch.bfloat16
    one = torch.ones(side, side, dtype=dtype, device=kind)
    best = 0.0
    for _ in range(6):
        began = perf_counter()
        float((one @ one)[0, 0])  # waits for it
        best = max(best, 2 * side**3 / (perf_counter() - began) / 1e12)
    return best
