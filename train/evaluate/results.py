"""What the steps of the evaluation return."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from likeness.metrics.text import count_of
from train.evaluate.dial import Dial
from train.evaluate.endings import Endings
from train.result import StepResult


@dataclass(frozen=True, slots=True)
class DialStep(StepResult):
    """The dial, or None if there was nothing to measure."""

    dial: Dial | None

    @property
    def metrics(self) -> dict[str, Any]:
        """All notches."""
        return {"dial": self.dial.as_dict() if self.dial else None}

    def __str__(self) -> str:
        return str(self.dial) if self.dial else "not measured: it needs controlled questions and `evaluate.strengths`"


@dataclass(frozen=True, slots=True)
class Asked(StepResult):
    """How many answers an engine gave in how many cells; `endings` of the model's."""

    questions: int
    answers: int
    cells: int
    has_passages: bool
    endings: Endings | None = None

    @property
    def metrics(self) -> dict[str, Any]:
        """How the model's answers end."""
        return {"control": self.endings.as_dict()} if self.endings else {}

    def __str__(self) -> str:
        if not self.questions:
            return "the recipe has no controlled questions"
        asked, cells = count_of(self.questions, "question"), count_of(self.cells, "cell")
        summary = f"{count_of(self.answers, 'answer')} to {asked} in {cells}"
        if not self.endings:
            return summary
        return f"{summary}{'' if self.has_passages else ', no retrieval (export.knowledge)'}; {self.endings}"


@dataclass(frozen=True, slots=True)
class Probed(StepResult):
    """Every probe, as it is in `probes.json`."""

    probes: list[dict[str, Any]]

    def __str__(self) -> str:
        counts = Counter("skipped" if probe["skipped"] else "alarm" if probe["alarm"] else "quiet" for probe in self.probes)
        alarms = ", ".join(probe["name"] for probe in self.probes if probe["alarm"])
        skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
        return f"{counts['quiet']} probes quiet{skipped}" + (f", alarm: {alarms}" if alarms else "")
