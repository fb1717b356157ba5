"""What a run and its steps come to, how a run is watched, and what stays of it on disk."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from likeness.errors import CallError
from likeness.files import write_atomic
from train.parts import are_answers_whole, are_weights_whole, damaged_ggufs
from train.runs import read_part


class Watcher(Protocol):
    """Whoever follows a run: a terminal, a log, a test."""

    def begin(self, label: str) -> None:
        """A step starts."""

    def update(self, done: float, total: float, usd: float = 0.0, note: str = "") -> None:
        """How far the step is.

        Args:
            done: steps, or whatever is counted.
            total: of how many.
            usd: spent so far.
            note: what to show beside the bar.
        """

    def line(self, text: str) -> None:
        """Something that stays to be read."""


class StepResult:
    """What a step returns. `str` gives the line that sums it up."""

    __slots__ = ()

    @property
    def metrics(self) -> dict[str, Any]:
        """What the run's manifest and report keep of it, by key."""
        return {}

    @property
    def notes(self) -> Sequence[str]:
        """Lines that people should read."""
        return ()


@dataclass
class Run:
    """What a run came to."""

    folder: Path
    dataset: str
    verdict: str = "unfinished"
    reasons: list[str] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    gguf: list[str] = field(default_factory=list)
    unchanged: bool = False

    @property
    def hosted(self) -> str | None:
        """The model's name at the host that trained it; None where it was trained here."""
        hosted: dict[str, Any] = self.metrics.get("hosted", {})
        return hosted.get("model")

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": str(self.folder),
            "dataset": self.dataset,
            "adapter": None if self.hosted else str(self.folder / "adapter"),
            "merged": None if self.hosted else str(self.folder / "merged"),
            "hosted": self.hosted,
            "gguf": [str(self.folder / name) for name in self.gguf],
            "verdict": self.verdict,
            "reasons": self.reasons,
            "metrics": self.metrics,
            "steps": self.steps,
            "unchanged": self.unchanged,
        }


def finished(folder: Path, evaluate: dict[str, Any], export: dict[str, Any]) -> Run | None:
    """The run of a folder, if it came to its end, is measured and exported as the recipe says now, and all of it is whole.

    Args:
        folder: the run's.
        evaluate: the recipe's `evaluate`.
        export: the recipe's `export`.
    """
    try:
        manifest = read_part(folder, "manifest.json")
    except (CallError, NotADirectoryError):
        return None
    if (manifest.get("evaluate"), manifest.get("export")) != (evaluate, export):
        return None
    kept = {key: manifest[key] for key in ("dataset", "verdict", "reasons", "metrics", "steps", "gguf")}
    run = Run(folder, **kept, unchanged=True)
    return run if _is_whole(run) else None


def _is_whole(run: Run) -> bool:
    folder = run.folder
    if run.hosted:
        return are_answers_whole(folder)
    files = [folder / name for name in run.gguf]
    damaged = (damaged_ggufs(made) for made in {file.parent for file in files})
    return (
        (folder / "adapter").is_dir()
        and are_weights_whole(folder / "merged")
        and all(file.is_file() for file in files)
        and not any(damaged)
        and are_answers_whole(folder)
    )


def write_manifest(run: Run, **facts: Any) -> None:
    """The run's manifest, which makes it a finished one.

    Args:
        run: what it came to.
        facts: what it was made from.
    """
    manifest = {
        "run": run.folder.name,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": run.dataset,
        **facts,
        "versions": versions(),
        "verdict": run.verdict,
        "reasons": run.reasons,
        "gguf": run.gguf,
        "steps": run.steps,
        "metrics": run.metrics,
    }
    write_atomic(run.folder / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")


def peak_memory_gb() -> float | None:
    """The most memory that this process has held, in GB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1000
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 2)


def versions() -> dict[str, str]:
    """Of what a run rests on, by package."""
    from importlib.metadata import version

    names = ("likeness", "torch", "transformers", "peft", "trl", "gguf", "llama-cpp-python")
    return {name: version(name) for name in names}
