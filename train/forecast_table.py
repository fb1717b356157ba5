"""Forecasts as lines for people."""

from __future__ import annotations

from collections.abc import Sequence

from train.forecast import Forecast, Method

NAMES = {"lora": "LoRA", "qlora": "QLoRA"}


def table(forecasts: Sequence[Forecast], method: Method, *, together: bool = False) -> list[str]:
    """A line for each device, LoRA beside QLoRA, and what makes it fit where it does not.

    Args:
        forecasts: of each device, with both methods.
        method: the recipe's; changes are proposed for it.
        together: whether several processes train.
    """
    width = max(len(each.device.name) for each in forecasts)
    lines = [f"{'device':<{width}} {'has':>8}  {'LoRA needs':<38} QLoRA needs"]
    for lora, qlora in zip(forecasts[::2], forecasts[1::2], strict=True):
        device = lora.device
        lines.append(f"{device.name:<{width}} {device.memory_bytes / 1e9:>5.1f} GB  {_needs(lora):<38} {_needs(qlora)}")
        own = lora if method == "lora" else qlora
        if not own.fits:
            advice = own.advice or ("nothing in the recipe but a smaller base_model makes it fit",)
            lines += [f"{'':<{width}}           {line}" for line in advice]
    if any(each.device.kind == "cpu" for each in forecasts):
        lines.append("On the CPU up to a third more is held where there is memory to spare: that is faster.")
    if together:
        lines.append("Memory is of one process on one card, and of all on the CPU; time and price are of all together.")
    listed = [each.device for each in forecasts if each.device.as_of]
    if listed:
        makers = ", ".join(sorted({device.where.split()[0].rstrip(",") for device in listed}))
        dates = " and ".join(sorted({str(device.as_of) for device in listed}))
        lines.append(
            f"List prices of {makers} as of {dates}, to be checked before renting; --json says which machine each is of."
        )
    if any(each.device.kind == "gpu" and each.device.as_of for each in forecasts):
        lines.append(
            "Figures of listed cards are computed, not measured, and of training alone: without set-up, answers, export."
        )
    return lines


def _needs(found: Forecast) -> str:
    price = "" if found.usd is None else ", under 0.01 USD" if found.usd < 0.01 else f", {found.usd:.2f} USD"
    memory = f"{found.memory_bytes / 1e9:.1f} GB"
    return f"{memory}, {time_in_words(found.seconds)}{price}" if found.fits else f"{memory}: does not fit"


def time_in_words(seconds: float) -> str:
    """Such as 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
