"""What a run will need of a device, before it is started: memory, time, price, and what to change where it does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from train.devices import Device
from train.memory import memory_terms
from train.workload import Workload

Method = Literal["lora", "qlora"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A run on a device. `usd` is None for a machine that is here; `advice` holds lines for the recipe, each of which makes it fit."""

    device: Device
    method: Method
    memory_bytes: int
    seconds: float
    usd: float | None
    fits: bool
    advice: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "device": self.device.name,
            "method": self.method,
            "memory_bytes": self.memory_bytes,
            "of_bytes": self.device.memory_bytes,
            "seconds": round(self.seconds),
            "usd": None if self.usd is None else round(self.usd, 2),
            "usd_per_hour": self.device.usd_per_hour,
            "price": self.device.where and f"{self.device.where}, {self.device.as_of}",
            "fits": self.fits,
            "advice": list(self.advice),
        }


def forecast(work: Workload, device: Device, method: Method | None = None) -> Forecast:
    """What the run will need of the device.

    Args:
        work: the run; `train.workload.workload` makes it.
        device: one of `train.devices`.
        method: LoRA or QLoRA; the recipe's where none is given.
    """
    method = method or work.settings.method
    memory = sum(memory_terms(work, device.kind, method).values())
    seconds = 0.0
    usd = None if device.usd_per_hour is None else seconds / 3600 * device.usd_per_hour
    return Forecast(device, method, memory, seconds, usd, memory <= device.memory_bytes)
