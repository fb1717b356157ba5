"""The blind test of a run, as it lies in the run's folder: what is asked, whose each answer is, and what people chose.

`train blind` makes it and adds it up; `curate review blind` asks it in Argilla, `curate judge` asks Claude.

    blind/questions.json   the test's name, the persona, and each question with its answers in the order they are shown
    blind/key.json         whose each answer is: tuned, prompted, or real
    blind/results/         a file for each person: of every question the letter chosen, or all letters, the best first
    blind/judge.json       what Claude chose, each pair of answers in both orders
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.files import write_atomic

LETTERS = "ABC"


@dataclass(frozen=True, slots=True)
class BlindItem:
    """A question with its answers in the order they are shown."""

    id: str
    question: str
    answers: list[str]


@dataclass(frozen=True, slots=True)
class BlindTest:
    """A run's blind test. `sides` says by question whose each answer is."""

    run: Path
    name: str
    persona: str
    items: list[BlindItem]
    sides: dict[str, list[str]]

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.run / "blind"

    @property
    def results(self) -> Path:
        """The folder of results."""
        return self.folder / "results"

    @property
    def judged(self) -> Path:
        """What Claude chose."""
        return self.folder / "judge.json"

    def write(self) -> None:
        """Write the questions and, beside them, the key."""
        key = {"test": self.name, "sides": self.sides}
        asked = {"test": self.name, "persona": self.persona, "items": [asdict(item) for item in self.items]}
        write_atomic(self.folder / "key.json", json.dumps(key, indent=2))
        write_atomic(self.folder / "questions.json", json.dumps(asked, ensure_ascii=False, indent=1))

    def write_result(self, person: str, rankings: Mapping[str, Sequence[str]]) -> Path:
        """Keep a person's rankings in the form of a result that came by mail.

        Args:
            person: a name that can be part of a file's.
            rankings: by question the letters, the best first.
        """
        said = {
            "test": self.name,
            "person": person,
            "choices": {item: letters[0] for item, letters in rankings.items()},
            "rankings": {item: list(letters) for item, letters in rankings.items()},
        }
        file = self.results / f"{person}.json"
        write_atomic(file, json.dumps(said, indent=1))
        return file


def read_blind_test(run: Path) -> BlindTest:
    """The blind test of a run.

    Args:
        run: the run's folder.

    Raises:
        CallError: it has none.
    """
    try:
        key: dict[str, Any] = json.loads((run / "blind" / "key.json").read_text(encoding="utf-8"))
        asked: dict[str, Any] = json.loads((run / "blind" / "questions.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        fix = "`train blind RUN` makes it."
        if others := tested_runs(run):
            fix += f" Results of an earlier page belong to the run that it was made from: {', '.join(map(str, others))}."
        raise CallError("this run has no blind test yet", where=str(run), fix=fix) from None
    return BlindTest(run, key["test"], asked["persona"], [BlindItem(**item) for item in asked["items"]], key["sides"])


def tested_runs(run: Path) -> list[Path]:
    """The runs of the same recipe that have a blind test, the newest first."""
    return sorted((file.parents[1] for file in run.parent.glob("*/blind/questions.json")), reverse=True)
