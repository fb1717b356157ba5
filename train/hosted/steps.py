"""What the steps of a hosted run return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from train.hosted.price import Price
from train.hosted.rows import HostedRows
from train.result import StepResult


@dataclass(frozen=True)
class HostedRowsStep(StepResult):
    """The rows, and what training on them costs."""

    rows: HostedRows
    price: Price
    title: str

    @property
    def metrics(self) -> dict[str, Any]:
        """Counts as every run has them."""
        left = [{"id": row, "reason": "host", "message": why} for row, why in self.rows.left_out]
        lines = self.rows.lines
        counts = {
            "train": len(lines["train"]),
            "replay": 0,
            "held_out": len(lines["validation"]),
            "too_long": 0,
            "left_out": left,
        }
        return {"rows": counts | {"tokens": self.rows.tokens}, "usd_forecast": self.price.usd}

    @property
    def notes(self) -> Sequence[str]:
        """The price, and rows that the host would refuse."""
        return [self.price.words, *(f"left out: {row} {why}" for row, why in self.rows.left_out[:5])]

    def __str__(self) -> str:
        return f"{self.rows} for {self.title}"


@dataclass(frozen=True)
class HostedTraining(StepResult):
    """The tuned model's name at the host, and what its jobs came to."""

    model: str
    jobs: dict[str, str]
    seconds: float
    tokens: int
    losses: tuple[float | None, float | None]
    """Training and held-out loss at the end, where the host tells them."""

    @property
    def metrics(self) -> dict[str, Any]:
        """As every run has them; a host tells no loss from before."""
        train, held_out = self.losses
        sft = {"steps": 0, "seconds": self.seconds, "train_loss": train, "held_out_loss": None, "held_out_loss_before": None}
        rest = {
            "best_step": 0,
            "tokens_per_second": self.tokens / self.seconds if self.seconds else 0.0,
            "trainable_parameters": 0,
        }
        told = {"model": self.model, "jobs": self.jobs, "trained_tokens": self.tokens, "held_out_loss": held_out}
        return {"sft": sft | rest, "hosted": told, "export": [], "dial": None}

    def __str__(self) -> str:
        return f"{self.model}, {self.tokens:,} tokens trained on"
