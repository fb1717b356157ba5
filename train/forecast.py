"""What a run will need of a device, before it is started: memory, time, price, and what to change where it does not fit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from likeness.recipe.schema import WEIGHTS_SHARED, Train
from train.compute import seconds_for
from train.devices import Device
from train.memory import memory_terms, recomputed
from train.workload import Workload

Method = Literal["lora", "qlora"]
Changes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A run on a device. `usd` is None on a machine that is here. `advice` holds lines for the recipe where it does not fit; with
    each of them it does."""

    device: Device
    method: Method
    memory_bytes: int
    seconds: float
    usd: float | None
    fits: bool
    advice: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        device = self.device
        return {
            "device": device.name,
            "method": self.method,
            "memory_bytes": self.memory_bytes,
            "of_bytes": device.memory_bytes,
            "seconds": round(self.seconds),
            "usd": None if self.usd is None else round(self.usd, 2),
            "usd_per_hour": device.usd_per_hour,
            "price": f"list price, {device.where}, {device.as_of}" if device.as_of else None,
            "fits": self.fits,
            "advice": list(self.advice),
        }


def forecast(work: Workload, device: Device, method: Method | None = None) -> Forecast:
    """What the run will need of the device. Of the run it is the training; the model that is made is asked and exported after it.

    Args:
        work: the run; `train.workload.workload` makes it.
        device: one of `train.devices`.
        method: LoRA or QLoRA; the recipe's where none is given.
    """
    method = method or work.settings.method
    memory = _memory(work, device, method)
    seconds = seconds_for(work, device, method)
    usd = None if device.usd_per_hour is None else seconds / 3600 * device.usd_per_hour * work.settings.processes
    fits = memory <= device.memory_bytes
    return Forecast(device, method, memory, seconds, usd, fits, () if fits else tuple(_advice(work, device, method)))


def _memory(work: Workload, device: Device, method: Method) -> int:
    one = sum(memory_terms(work, device.kind, method).values())
    return one * work.settings.processes if device.kind == "cpu" else one  # a CPU's memory holds all of them


def _advice(work: Workload, device: Device, method: Method) -> Iterator[str]:
    """What makes it fit: each change that does so by itself, or else all of them and shorter rows."""
    sft, launch = work.settings.sft, work.settings.launch
    quantizes = method == "lora" and not (launch and launch.config in WEIGHTS_SHARED)
    smaller = [n for n in range(work.settings.rows_at_once - 1, 0, -1) if sft.batch_size % (n * work.settings.processes) == 0]
    padded: Changes = {"packing": False} if sft.packing else {}
    changes: list[Changes] = [{"sft": padded | {"micro_batch_size": n}} for n in smaller]
    fitting = [change for change in changes if _fits(work, device, method, change)][:1]
    if not recomputed(work, device.kind):
        fitting += [change for change in [{"gradient_checkpointing": True}] if _fits(work, device, method, change)]
    if quantizes:
        fitting += [change for change in [{"method": "qlora"}] if _fits(work, device, method, change)]
    fitting += [change for change in [_shorter(work, device, method, {})] if change]
    if not fitting:
        least: Changes = ({"method": "qlora"} if quantizes else {}) | {
            "gradient_checkpointing": True,
            "sft": padded | {"micro_batch_size": 1},
        }
        found = least if _fits(work, device, method, least) else _shorter(work, device, method, least)
        fitting = [found] if found else []
    for change in fitting:
        changed = _changed(work, change)
        left_out = len(work.rows) - len(changed.rows)
        what = f"{_memory(changed, device, change.get('method', method)) / 1e9:.1f} GB"
        yield f"train: {_flow(change)}   # {what}{f', {left_out} rows left out' if left_out else ''}"


def _fits(work: Workload, device: Device, method: Method, change: Changes) -> bool:
    return bool(_changed(work, change).rows) and _small_enough(work, device, method, change)


def _shorter(work: Workload, device: Device, method: Method, others: Changes) -> Changes | None:
    """The longest rows that fit, with other changes made already. What is shorter needs less, so halves are searched."""
    longest = max(*work.rows, 0, *(longer for longer, _ in work.preferences))
    lengths = [others | {"sft": others.get("sft", {}) | {"max_length": length}} for length in range(64, longest, 64)]
    first = bisect_left(lengths, True, key=lambda change: not _small_enough(work, device, method, change))
    return lengths[first - 1] if first and _fits(work, device, method, lengths[first - 1]) else None


def _small_enough(work: Workload, device: Device, method: Method, change: Changes) -> bool:
    changed = _changed(work, change)
    return not changed.rows or _memory(changed, device, change.get("method", method)) <= device.memory_bytes


def _changed(work: Workload, change: Changes) -> Workload:
    """The run with some of the recipe's `train` changed."""
    said = work.settings.model_dump()
    settings = Train.model_validate(said | change | {"sft": said["sft"] | change.get("sft", {})})
    most = settings.sft.max_length
    return replace(
        work,
        settings=settings,
        rows=tuple(length for length in work.rows if length <= most),
        held_out=tuple(length for length in work.held_out if length <= most),
        trial=tuple(length for length in work.trial if length <= most),
        preferences=tuple(pair for pair in work.preferences if pair[0] <= most),
    )


def _flow(change: Changes) -> str:
    """A change in YAML's flow style."""
    parts = [f"{key}: {_flow(value) if isinstance(value, dict) else str(value).lower()}" for key, value in change.items()]
    return "{" + ", ".join(parts) + "}"
