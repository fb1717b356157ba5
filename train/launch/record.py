"""What is under way, on disk before anything is started: a launcher that is killed is followed by one that finds the run."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from likeness.files import write_atomic
from likeness.foreign_words import without_keys
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that would move a terminal's cursor, or do more: what a box says is shown as text."""


def now() -> str:
    """The time, as it is written down."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Record:
    """One launch, from before its start until its machine is torn down."""

    name: str
    """Of the recipe, and of its sealed file."""
    dataset: str
    seal: str
    """SHA-256 of the sealed file's seal: another one is another run."""
    target: dict[str, Any]
    device: str = ""
    usd_per_hour: float = 0.0
    max_usd: float | None = None
    seconds: float | None = None
    """How long it is to take, by the forecast."""
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    """Names the remote folder, job label or cluster, so that what was started can be found."""
    started_at: str = field(default_factory=now)
    ended_at: str | None = None
    """When the machine was torn down."""
    notes: dict[str, str] = field(default_factory=dict)
    """What the box has to know again, such as a job's id."""
    run: str | None = None
    """The run's folder, once it is home."""
    over: bool = False
    """Whether the machine is torn down."""

    def elapsed(self) -> float:
        """Seconds from the start to the end, or until now."""
        return (datetime.fromisoformat(self.ended_at or now()) - datetime.fromisoformat(self.started_at)).total_seconds()

    def spent(self) -> float:
        """US dollars so far: the price of the time since the start, which is never less than what a provider counts."""
        return self.elapsed() / 3600 * self.usd_per_hour

    def limit(self) -> float | None:
        """Seconds after which the ceiling is reached; None where nothing is paid or no ceiling is set."""
        return self.max_usd / self.usd_per_hour * 3600 if self.max_usd is not None and self.usd_per_hour else None


@dataclass(frozen=True)
class Place:
    """`build/<name>/launch/`: the record, the sealed file while it is under way, and the box's log."""

    folder: Path

    @classmethod
    def of(cls, recipe_path: Path) -> Place:
        """The place of a recipe.

        Raises:
            CallError: the recipe is wrong.
        """
        return cls(BuildFolder.of(load_recipe(recipe_path)).root / "launch")

    @property
    def log(self) -> Path:
        """The box's log, as far as it is home. Its size is where the next look goes on."""
        return self.folder / "log.txt"

    def pack(self, name: str) -> Path:
        """The sealed file of a recipe's name."""
        return self.folder / f"{name}.pack"

    def result(self, name: str) -> Path:
        """The sealed result of a recipe's name."""
        return self.folder / f"{name}.result"

    def read(self) -> Record | None:
        """The newest launch; None where there was none."""
        try:
            return Record(**json.loads((self.folder / "launch.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def write(self, record: Record) -> None:
        """Keep a launch.

        Raises:
            MachineError: the folder cannot be written to.
        """
        write_atomic(self.folder / "launch.json", json.dumps(asdict(record), indent=2) + "\n")

    def seen(self) -> int:
        """Bytes of the box's log that are home."""
        return self.log.stat().st_size if self.log.is_file() else 0

    def keep_log(self, text: bytes) -> list[str]:
        """Add to the log; gives its lines, to be shown."""
        with self.log.open("ab") as file:
            file.write(said := without_keys(text.decode("latin-1")).encode("latin-1"))
        return CONTROLS.sub("", said.decode("utf-8", errors="replace")).splitlines()
