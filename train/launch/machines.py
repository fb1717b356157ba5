"""Which machine a run is made on, and what it is to cost: the forecast, asked for every machine that can be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from likeness.errors import CallError, MachineError
from likeness.progress import in_words
from train.devices import Device, listed_devices
from train.forecast import Forecast, forecast
from train.result import Watcher
from train.workload import Workload

CPU_TFLOPS, CPU_GB_S = 0.1, 20.0
"""Of a processor that nobody has measured: a few cores."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A machine that can be had. `usd_per_hour` is None where it is not paid by the hour, or nobody says."""

    name: str
    kind: Literal["cpu", "gpu"]
    memory_bytes: int
    usd_per_hour: float | None
    card: str = ""
    """The graphics card, where the name is the provider's own."""

    def device(self) -> Device:
        """As the forecast wants it: speeds are those of the card on our list; of one that is not there, those of the slowest."""
        if self.kind == "cpu":
            return Device(self.name, "cpu", self.memory_bytes, CPU_TFLOPS, CPU_GB_S, self.usd_per_hour)
        listed = listed_devices()
        words = (self.card or self.name).replace("-", " ").split()
        alike = [each for each in listed if each.name.rsplit(" ", 2)[0].split()[-1] in words]
        speed = max(alike, key=lambda each: each.memory_bytes) if alike else min(listed, key=lambda each: each.tflops)
        return replace(
            speed, name=self.name, memory_bytes=self.memory_bytes, usd_per_hour=self.usd_per_hour, where="", as_of=None
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The machine for a run. `forecast` is None where the base is not on this machine, and nothing can be said beforehand."""

    offer: Offer
    forecast: Forecast | None

    def __str__(self) -> str:
        price = self.offer.usd_per_hour
        said = self.offer.name + (f", ${price:,.2f} an hour" if price else "")
        if self.forecast is None:
            return f"{said}; no forecast, for the base is not on this machine (`train plan` fetches it)"
        needs = f"needs {self.forecast.memory_bytes / 1e9:.1f} of {self.offer.memory_bytes / 1e9:.0f} GB"
        usd = self.forecast.usd or 0.0
        whole = f", ${usd:,.2f} in all" if usd >= 0.01 else ", under $0.01 in all" if usd else ""
        return f"{said}; training {needs}, {in_words(self.forecast.seconds)}{whole}"


def choose(
    offers: Sequence[Offer], recipe_path: Path, watch: Watcher, settings: Sequence[str] = (), wanted: str | None = None
) -> Choice:
    """The cheapest machine that the run fits on; of those that cost nothing, the quickest.

    Args:
        offers: what can be had.
        recipe_path: the recipe's file.
        watch: follows the making of the rows.
        settings: `key=value` of the command line, merged over the recipe.
        wanted: the name of an offer, which then is the only one.

    Raises:
        CallError: none is so called, it fits on none, or which one cannot be said.
        MachineError: nothing can be had.
    """
    if not offers:
        raise MachineError("nothing can be had there")
    names = ", ".join(each.name for each in offers)
    if wanted is not None:
        offers = [each for each in offers if each.name == wanted]
        if not offers:
            raise CallError("is not to be had there", where=f"--device {wanted}", fix=f"To be had: {names}.")
    work = _work(recipe_path, watch, settings)
    if work is None:
        if len(offers) == 1:
            return Choice(offers[0], None)
        fix = f"`train plan` fetches it. Or say which machine, with --device: {names}."
        raise CallError(
            "the base is not on this machine, so that nothing chooses between the machines", where="train.base_model", fix=fix
        )
    choices = [(each, forecast(work, each.device())) for each in offers]
    fitting = [(offer, said) for offer, said in choices if said.fits]
    if not fitting:
        largest, said = max(choices, key=lambda each: each[0].memory_bytes)
        needs = f"the run needs {said.memory_bytes / 1e9:.1f} GB, and {largest.name} has {largest.memory_bytes / 1e9:.1f}"
        raise CallError(needs, where="the forecast", fix="\n".join(said.advice) or "Choose a smaller base, or a larger machine.")
    offer, said = min(fitting, key=lambda each: (each[1].usd or 0.0, each[0].usd_per_hour or 0.0, each[1].seconds))
    return Choice(offer, said)


def _work(recipe_path: Path, watch: Watcher, settings: Sequence[str]) -> Workload | None:
    """What the run has to compute; None where its base would have to be fetched first.

    Raises:
        CallError: the run would fail.
    """
    from likeness.recipe.load import load_recipe
    from train.job import open_job
    from train.plan import workload_of
    from train.preflight import prepare

    recipe = load_recipe(recipe_path, settings)
    if recipe.train is None:
        raise CallError("this recipe trains nothing: it has no `train` section", where=str(recipe_path))
    if not _is_here(recipe.train.base_model):
        return None
    job = open_job(recipe_path, watch, settings)
    watch.begin("rows")
    return workload_of(job, prepare(job))


def _is_here(base: str) -> bool:
    """Whether a base needs no fetching. The two that are built in are small."""
    if base.startswith("builtin:") or Path(base).is_absolute():
        return True
    from huggingface_hub import snapshot_download

    try:
        return any(Path(snapshot_download(base, local_files_only=True)).glob("*.safetensors"))
    except Exception:  # however the client says that it is not
        return False
