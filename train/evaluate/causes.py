"""Put the rows behind an answer in the order of how much of them the adapter took over: by how far their loss fell.

Rows are found by the phrases that they share with an answer (`behind`). Of several that share one, the adapter has it from those
that it learnt.
"""

from __future__ import annotations

from typing import Any

from train.evaluate import learnt
from train.evaluate.probe import Material


def order_causes(probes: list[dict[str, Any]], material: Material) -> None:
    """Order the rows of every case of the probes that alarm, those learnt best first, and say in `why` what their losses did.

    Args:
        probes: in the format of `probes.json`; their cases are changed.
        material: the rows, and the model that scores those whose losses `learnt` has not measured.
    """
    cases = [case for probe in probes if probe["alarm"] and probe["name"] != learnt.NAME for case in probe["cases"]]
    named = {row["id"] for case in cases for row in case["rows"]}
    losses: dict[str, list[float]] = {}
    for probe in probes:
        losses |= probe["details"].get("losses", {})
    missing = [row for row in material.rows if row.id in named and row.id not in losses]
    for row, before, after in learnt.losses_of(material, missing, learnt.BESIDE):
        losses[row.id] = [round(before, 3), round(after, 3)]
    for case in cases:
        case["rows"].sort(key=lambda row: -_fall(losses.get(row["id"])))
        for row in case["rows"]:
            if known := losses.get(row["id"]):
                row["why"] += f"; its loss went {known[0]:.2f} -> {known[1]:.2f}"


def _fall(losses: list[float] | None) -> float:
    return losses[0] - losses[1] if losses else 0.0
