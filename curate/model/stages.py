"""What the steps of a build did and spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Stage:
    """What one step did: rows in, rows out, and why the difference."""

    name: str
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    by_kind: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of the step that asks, by kind, the pairs that no answer brought, by reason."""
    skipped: dict[str, dict[str, int]] = field(default_factory=dict)
    """By check, the rows that it did not look at, counted by their language, which it does not cover."""

    def count(self, reason: str, rows: int = 1) -> None:
        """Note that `rows` rows went no further, and why."""
        self.reasons[reason] = self.reasons.get(reason, 0) + rows

    def count_of_kind(self, kind: str, reason: str, pairs: int) -> None:
        """Note that pairs of a kind were not written, and why.

        Args:
            kind: of the pairs.
            reason: a code.
            pairs: how many.
        """
        reasons = self.by_kind.setdefault(kind, {})
        reasons[reason] = reasons.get(reason, 0) + pairs

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        return {
            "name": self.name,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "seconds": round(self.seconds, 3),
            "reasons": self.reasons,
            **({"by_kind": self.by_kind} if self.by_kind else {}),
            **({"skipped": self.skipped} if self.skipped else {}),
        }

    def skipped_in_words(self) -> list[str]:
        """One line a check and language that was skipped."""
        return [
            f"{check}: skipped for {rows:,} row{'' if rows == 1 else 's'} in {language}"
            for check, languages in self.skipped.items()
            for language, rows in sorted(languages.items(), key=lambda each: (-each[1], each[0]))
        ]


@dataclass(slots=True)
class Usage:
    """What a build's calls to a provider came to. Recorded answers cost nothing."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0

    def add(self, more: Usage) -> None:
        """Count further calls."""
        self.requests += more.requests
        self.input_tokens += more.input_tokens
        self.output_tokens += more.output_tokens
        self.usd += more.usd

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        tokens = {"input": self.input_tokens, "output": self.output_tokens}
        return {"requests": self.requests, "tokens": tokens, "usd": round(self.usd, 6)}


def stages_as_json(stages: Iterable[Stage]) -> list[dict[str, Any]]:
    """Stages for the ledger and `--json`."""
    return [stage.as_dict() for stage in stages]
