"""One build under way: what it is of, where its results go, who watches, and what it has come to so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from curate.engine.engine import Engine, engine_of
from curate.ledger.ledger import Ledger
from curate.ledger.rows import BuildRow
from curate.model import Stage, Usage, stages_as_json
from likeness.errors import CallError
from likeness.lock import only_one
from likeness.recipe.examples import refuse_examples
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_control, load_recipe
from likeness.recipe.schema import ControlQuestion, Recipe
from likeness.sums import changed_table

Agree = Callable[[str], bool]
"""Told what is about to be lost; says whether to go on."""


def never(_question: str) -> bool:
    """Nobody is there to agree."""
    return False


class Watcher(Protocol):
    """Whoever follows a build: a terminal, a log, a test."""

    def stage_begins(self, name: str) -> None:
        """A step starts."""

    def progress(self, done: int, total: int, usd: float = 0.0) -> None:
        """How far the step is.

        Args:
            done: how much is done.
            total: of how much.
            usd: US dollars spent so far.
        """

    def stage_ends(self, stage: Stage) -> None:
        """A step is done."""

    def note(self, text: str) -> None:
        """Something the person should know."""

    def took(self, name: str, what: str, seconds: float) -> None:
        """How long something took that is no step.

        Args:
            name: in a word.
            what: in a few more.
            seconds: that the person waited for it.
        """


@dataclass
class Build:
    """What a build came to."""

    folder: BuildFolder
    version: str = ""
    stages: list[Stage] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    counts: dict[str, int] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    mix: list[dict[str, Any]] = field(default_factory=list)
    """Asked against got, by kind: see `curate.select.mix`."""
    sample: int | None = None
    """How many passages it is of, where it is not of all."""
    typical: list[str] = field(default_factory=list)
    """Ids of the pairs that show what the dataset is like; of a sample, all of its pairs."""
    next: dict[str, str] = field(default_factory=dict)
    """What to do next: `text` and `command`."""
    unchanged: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dataset": str(self.folder.datasets / self.version),
            "version": self.version,
            "unchanged": self.unchanged,
            "sample": self.sample,
            "counts": self.counts,
            "stages": stages_as_json(self.stages),
            "checks": self.checks,
            "mix": self.mix,
            "usage": self.usage.as_dict(),
            "typical": self.typical,
            "report": None if self.sample else str(self.folder.report / "index.html"),
            "index": str(self.folder.index),
            "next": self.next,
        }

    @classmethod
    def from_row(cls, folder: BuildFolder, row: BuildRow) -> Build:
        """A build that was finished before, as the ledger has it."""
        result = row.result or {}
        stages = [Stage(**stage) for stage in result["stages"]]
        kept = {name: result.get(name, []) for name in ("checks", "mix", "typical")}
        return cls(
            folder, row.version or "", stages, counts=result["counts"], unchanged=True, next=result.get("next", {}), **kept
        )


@dataclass
class Job:
    """A build under way. Every step gets it and returns a small result of its own."""

    recipe: Recipe
    path: Path
    """The recipe's file."""
    control: list[ControlQuestion]
    ledger: Ledger
    watch: Watcher
    made: Build
    engine: Engine
    """Where its steps run."""
    wait: bool
    """Whether to stay until the provider's batches have ended."""
    agree: Agree = never
    number: int = 0
    """The build's, in the ledger."""

    @property
    def folder(self) -> BuildFolder:
        """Where results go."""
        return self.made.folder

    @property
    def is_sample(self) -> bool:
        """Whether it is of a few passages only: then nothing of it is the newest, and no gate stops it."""
        return self.made.sample is not None

    @contextmanager
    def stage(self, name: str, *, shown: bool = True) -> Iterator[Stage]:
        """Time a step and tell the watcher of it; one that is not `shown` is neither."""
        stage = Stage(name)
        if shown:
            self.watch.stage_begins(name)
        began = time.monotonic()
        yield stage
        if shown:
            stage.seconds = time.monotonic() - began
            self.made.stages.append(stage)
            self.watch.stage_ends(stage)

    def finished(self, fingerprint: str) -> Build | None:
        """The newest finished build, if it is of just this and its dataset is still there as it was built."""
        row = None if self.is_sample else self.ledger.newest_build(finished=True)
        if row is None or row.fingerprint != fingerprint:
            return None
        try:
            dataset = self.folder.dataset()
            whole = dataset.name == row.version and changed_table(dataset) is None
            return Build.from_row(self.folder, row) if whole else None
        except CallError:
            return None

    def begin(self, fingerprint: str) -> None:
        """Note in the ledger that the build begins."""
        self.number = self.ledger.begin_build(fingerprint, self.made.sample)

    def finish(self) -> Build:
        """Note in the ledger that the build is whole."""
        self.ledger.finish_build(self.number, self.made.version, self.made.as_dict())
        return self.made


@contextmanager
def open_job(
    path: Path,
    watch: Watcher,
    *,
    sample: int | None = None,
    wait: bool = False,
    agree: Agree = never,
    settings: Sequence[str] = (),
) -> Iterator[Job]:
    """A build of the recipe at `path`; nobody else builds it while the block runs.

    Args:
        path: the recipe's file.
        watch: follows the build.
        sample: how many passages it is of, where it is not of all.
        wait: stay until the provider's batches have ended.
        agree: is told what is about to be lost, and says whether to go on.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: the recipe is wrong.
        MachineError: another build of it is running, or its folder cannot be written to.
    """
    recipe = load_recipe(path, settings)
    refuse_examples(recipe)
    control = load_control(Path(recipe.control)).questions if recipe.control else []
    folder = BuildFolder.of(recipe)
    with only_one(folder.root, "build"):
        folder.claim(recipe)
        ledger = Ledger(folder.ledger)
        try:
            with engine_of(recipe) as engine:
                yield Job(recipe, path, control, ledger, watch, Build(folder, sample=sample), engine, wait, agree)
        finally:
            ledger.close()
