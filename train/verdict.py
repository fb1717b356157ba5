"""Whether a run may be trusted, and what a person should look at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from likeness.recipe.schema import Gates
from train.delivery import Exported
from train.evaluate.gates import check_gates
from train.watch.diagnosis import Finding


def judge(
    metrics: dict[str, Any], exported: Exported, probes: Sequence[dict[str, Any]] = (), gates: Gates | None = None
) -> tuple[str, list[str]]:
    """The verdict and its reasons.

    `failed`: a file that the recipe asks for was not delivered, or a gate of the recipe is missed; `train run` ends with 1, and
    the run is kept. Who waits for that file must not be told that all is well because another file is. `doubtful`: something
    for a person to look at. Else `passed`.

    Args:
        metrics: the run's; gets `gates`.
        exported: the files, and what was withheld.
        probes: every probe as it is in `probes.json`.
        gates: the recipe's thresholds, if it has any.
    """
    checked = check_gates(gates, list(probes)) if gates else []
    metrics["gates"] = [gate.as_dict() for gate in checked]
    failures = [f"{name} is withheld: {_why(exported, name)}" for name in exported.withheld]
    failures += [f"gate {gate}" for gate in checked if not gate.passed]
    named = {gate.probe for gate in checked}
    doubts = [f"{probe['name']}: {probe['finding']}" for probe in probes if probe["alarm"] and probe["name"] not in named]
    reasons = failures + _doubts(metrics) + doubts
    return "failed" if failures else "doubtful" if reasons else "passed", reasons


def _why(exported: Exported, name: str) -> str:
    return "; ".join(str(check["message"]) for check in exported.failed if check["file"] == name)


def _doubts(metrics: dict[str, Any]) -> list[str]:
    watched = metrics.get("watched")
    findings = [Finding(**finding) for finding in (watched["verdict"], *watched["also"])] if watched else []
    doubts = [f"training: {finding}" for finding in findings if finding.spoils]
    sft, control = metrics["sft"], metrics["control"]
    if sft["held_out_loss"] is not None and sft["held_out_loss"] >= sft["held_out_loss_before"]:
        doubts.append("held-out loss did not fall: the model learnt nothing that carries over")
    if control["questions"] and control["stopped"] < 0.9 * control["questions"]:
        doubts.append(f"{control['questions'] - control['stopped']} of {control['questions']} answers did not end by themselves")
    if looping := control["looping"]:
        doubts.append(
            f"{len(looping)} of {control['questions']} answers loop ({', '.join(looping[:5])}): "
            "raise export.sampling.temperature or repeat_penalty, or train longer"
        )
    return doubts + list(metrics.get("preference", {}).get("doubts", []))
