"""The most memory that a run holds at once, term by term."""

from __future__ import annotations

from typing import Literal

from train.workload import Workload


def memory_terms(work: Workload, kind: Literal["cpu", "gpu"], method: Literal["lora", "qlora"]) -> dict[str, int]:
    """Bytes by what they are for; their sum is the most that is held at once.

    Args:
        work: the run.
        kind: what it is computed on.
        method: LoRA or QLoRA.
    """
    wide = 4 if kind == "cpu" else 2
    return {"weights": work.shape.parameters * wide, "adapter": 16 * work.adapter_weights}
