"""What a hosted run would do and cost. Nothing is sent, and no key is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from train.hosted.hosts import Host
from train.hosted.price import Price
from train.hosted.rows import HostedRows

SHOWN = 5


@dataclass(frozen=True)
class HostedPlan:
    """The rows in the host's form, those it would refuse, and the price."""

    dataset: str
    base_model: str
    host: Host
    rows: HostedRows
    price: Price

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dataset": self.dataset,
            "base_model": self.base_model,
            "host": self.host.name,
            "rows": {part: len(lines) for part, lines in self.rows.lines.items()},
            "tokens": self.rows.tokens,
            "left_out": [{"id": row, "reason": why} for row, why in self.rows.left_out],
            "usd": self.price.usd,
            "ends": self.host.ends or None,
        }

    def lines(self) -> list[str]:
        """For people."""
        told = [f"dataset {self.dataset}, {self.base_model} at {self.host.title}", f"rows: {self.rows}"]
        told += [f"  left out: {row} {why}" for row, why in self.rows.left_out[:SHOWN]]
        if len(self.rows.left_out) > SHOWN:
            told.append(f"  … and {len(self.rows.left_out) - SHOWN} more")
        told.append(f"price: {self.price.words}")
        told.append(f"the host: {self.host.note}")
        if self.host.ends:
            told.append(f"          it takes new jobs until {self.host.ends}")
        return told


def plan_hosted(recipe_path: Path, settings: Sequence[str] = ()) -> HostedPlan:
    """Check what a hosted run needs, but for its key.

    Args:
        recipe_path: the recipe's file.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: the rows do not suit the host, it has stopped, or it would cost more than the budget.
    """
    from likeness.progress import Silent
    from train.hosted.run import make_rows, prepare

    job, host = prepare(recipe_path, Silent(), settings)
    host.check_open(datetime.now(UTC).date())
    made = make_rows(job, host)
    return HostedPlan(job.dataset.name, job.settings.base_model, host, made.rows, made.price)
