"""Which machine a run is made on, and what it is to cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from likeness.errors import GateError


@dataclass(frozen=True, slots=True)
class Offer:
    """A machine that can be had. `usd_per_hour` is None where it is not paid by the hour, or nobody says."""

    name: str
    kind: Literal["cpu", "gpu"]
    memory_bytes: int
    usd_per_hour: float | None
    card: str = ""
    """The graphics card, where the name is the provider's own."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run takes on a device."""

    seconds: float | None
    usd: float | None


def choose(offers: Sequence[Offer], recipe_path: Path, settings: Sequence[str]) -> tuple[Offer, Forecast]:
    """The cheapest machine that the run fits on."""
    if not offers:
        raise GateError("nothing can be had there")
    return min(offers, key=lambda each: each.usd_per_hour or 0.0), Forecast(None, None)
