"""Gates: the thresholds of a recipe, and whether a run meets them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from likeness.recipe.schema import Gates


@dataclass(frozen=True, slots=True)
class Gate:
    """A threshold of the recipe's `evaluate.gates`, and whether the run meets it."""

    name: str
    probe: str
    limit: str
    found: str
    passed: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name}: {self.found}, {self.limit} is asked"


def check_gates(gates: Gates, probes: list[dict[str, Any]]) -> list[Gate]:
    """Compare the results of probes with the recipe's thresholds. A skipped probe neither passes nor fails a gate.

    Args:
        gates: the recipe's thresholds.
        probes: every probe in the format of `probes.json`.
    """
    by_name = {probe["name"]: probe for probe in probes if not probe["skipped"]}
    made = []
    if (found := by_name.get("likeness")) and gates.likeness is not None:
        value = found["tuned"]["value"]
        made.append(Gate("likeness", "likeness", f"at least {gates.likeness:g}", f"{value:.0f}", value >= gates.likeness))
    if found := by_name.get("unknown"):
        value = found["tuned"]["value"]
        limit = f"at least {gates.invented_declined:.0%}"
        made.append(Gate("invented_declined", "unknown", limit, f"{value:.0%}", value >= gates.invented_declined))
    if found := by_name.get("known"):
        value = found["tuned"]["value"]
        limit = f"at most {gates.known_declined:.0%}"
        made.append(Gate("known_declined", "known", limit, f"{value:.0%}", value <= gates.known_declined))
    if found := by_name.get("forgetting"):
        drop = max(0.0, -found["change"]["value"])
        if gates.general_drop is None:
            limit, passed = "nothing beyond the noise floor", not found["alarm"]
        else:
            limit, passed = f"at most {gates.general_drop:.0%}", drop <= gates.general_drop
        made.append(Gate("general_drop", "forgetting", limit, f"{drop:.0%}", passed))
    if found := by_name.get("memorised"):
        longest = found["details"]["longest"]
        limit = f"fewer than {gates.longest_run} tokens"
        made.append(Gate("longest_run", "memorised", limit, f"{longest} tokens", longest < gates.longest_run))
    return made
