"""How the controlled answers end: by themselves, in a loop, or cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from likeness.metrics.degenerate import loops


@dataclass(frozen=True, slots=True)
class Endings:
    """Counts over the controlled questions; `looping` and so on are the ids of those whose answer loops."""

    questions: int
    stopped: int
    looping: list[str]
    greedy_looping: list[str]
    base_looping: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For the manifest and the report."""
        return asdict(self)

    def __str__(self) -> str:
        looping = f", {len(self.looping)} loop" if self.looping else ""
        return f"{self.stopped} of {self.questions} ended by themselves{looping}"


def count_endings(answers: Sequence[dict[str, Any]]) -> Endings:
    """Count how answers end.

    Args:
        answers: of base and tuned model, a row a question.
    """

    def looping(column: str) -> list[str]:
        return [answer["id"] for answer in answers if loops(answer[column])]

    return Endings(
        questions=len(answers),
        stopped=sum(answer["tuned_stopped"] for answer in answers),
        looping=looping("tuned"),
        greedy_looping=looping("tuned_greedy"),
        base_looping=looping("base"),
    )
