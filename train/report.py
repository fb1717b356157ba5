"""A run on one page: what it came to, how the loss went, and what base and tuned model answer to the controlled questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from recipes.schema import Recipe

WIDTH, HEIGHT, MARGIN = 640, 240, 44


def run_report(
    run: Path, recipe: Recipe, metrics: dict[str, Any], verdict: str, reasons: list[str], answers: list[dict[str, Any]]
) -> str:
    """The page as HTML, self-contained."""
    environment = Environment(loader=PackageLoader("train"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    history = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return environment.get_template("run.html.j2").render(
        run=run.name,
        recipe=recipe,
        metrics=metrics,
        verdict=verdict,
        reasons=reasons,
        answers=answers,
        curve=loss_curve(history),
    )


def loss_curve(history: list[dict[str, float]]) -> dict[str, Any]:
    """Points of the two loss lines, and the ticks of both axes, in the picture's units."""
    training = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    held_out = [(entry["step"], entry["eval_loss"]) for entry in history if "eval_loss" in entry]
    everything = training + held_out
    if not everything:
        return {}
    last = max(step for step, _ in everything) or 1
    low, high = min(loss for _, loss in everything), max(loss for _, loss in everything)
    span = (high - low) or 1.0

    def place(step: float, loss: float) -> tuple[float, float]:
        x = MARGIN + step / last * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN + (low - loss) / span * (HEIGHT - 2 * MARGIN)
        return round(x, 1), round(y, 1)

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "training": " ".join("{},{}".format(*place(*point)) for point in training),
        "held_out": [place(*point) for point in held_out],
        "steps": [(place(step, low)[0], f"{step:g}") for step in (0, last // 2, last)],
        "losses": [(place(0, loss)[1], f"{loss:.2f}") for loss in (low, (low + high) / 2, high)],
    }
