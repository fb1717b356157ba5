"""The step that validates: the recipe's expectations are a gate before publication."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from threading import Thread
from typing import Any

from curate.decisions.step import Decided
from curate.engine.engine import IMPORTS
from curate.generate.generate import Generated
from curate.generate.planned import Plan
from curate.job import Job, Watcher
from curate.model import Findings
from curate.review.step import nothing_published
from curate.screen.step import Screened
from curate.select.mix import asked_against_got, mix_lines
from curate.select.step import Selected
from curate.select.yields import FEW_ROWS, yield_warnings, yields_of
from curate.sources import SourceTexts
from curate.validate.frame import COSTLY, frame_of
from curate.validate.gate import check_as_json, hold_gate
from curate.validate.suite import make_suite
from curate.validate.suite import validate as run_suite
from likeness.recipe.load import locate
from likeness.recipe.schema import Recipe


class Gate:
    """The recipe's suite of expectations, made beside other work: its library takes seconds to import.

    It is there before the first answer has come, or soon after. What is wrong with it is raised when it is asked for.
    """

    def __init__(self, recipe: Recipe, path: Path) -> None:
        self._suite: Any = None
        self._wrong: BaseException | None = None
        self._thread = Thread(target=self._make, args=(recipe, path), daemon=True, name=IMPORTS)
        self._thread.start()

    def _make(self, recipe: Recipe, path: Path) -> None:
        try:
            self._suite = make_suite(recipe, path)
        except BaseException as error:  # raised where the suite is asked for
            self._wrong = error

    def wait(self, watch: Watcher) -> None:
        """Wait until the suite is there, and say how long that took.

        Args:
            watch: is told.

        Raises:
            RecipeError: as `suite`.
        """
        began = time.monotonic()
        self.suite()
        watch.took("expect", "the library of expectations", time.monotonic() - began)

    def suite(self) -> Any:
        """The suite.

        Raises:
            RecipeError: an expectation does not take what it is given; names every one.
        """
        self._thread.join()
        if self._wrong is not None:
            raise self._wrong
        return self._suite


def make_gate(job: Job) -> Gate:
    """The recipe's expectations, made beside the reading of documents; `wait` tells a wrong one before anything is paid for."""
    return Gate(job.recipe, job.path)


def stop_where_nothing_is_published(
    job: Job, plan: Plan, generated: Generated, decided: Decided, selected: Selected, arrived: int
) -> None:
    """Show what was asked against what was got, and stop where the recipe publishes nothing before people have decided.

    Args:
        job: the build.
        plan: what is asked of the generator.
        generated: what that came to.
        decided: all pairs.
        selected: those to publish.
        arrived: decisions that came while this was built.

    Raises:
        GateError: nothing is to be published.
    """
    written = [pair for pair in decided.pairs if not pair.replaces]  # what replaces another was not asked for twice
    job.made.mix = asked_against_got(plan.sizes(), written, selected.sides.pairs, generated.usd_by_kind)
    job.watch.note("\n".join(mix_lines(job.made.mix)))
    _warn_of_yields(job, selected)
    held = not job.is_sample and bool(selected.waiting) and job.recipe.review is not None and job.recipe.review.awaiting == "hold"
    if held or not selected.sides.pairs:
        raise nothing_published(job.path, selected.reviewed, arrived, held=held)


def _warn_of_yields(job: Job, selected: Selected) -> None:
    """Say which kinds brought little, and why; a sample's kinds too, but not that it is small."""
    unwritten = next((stage.by_kind for stage in job.made.stages if stage.name == "generate"), {})
    written = {each.pair.id: each for each in job.ledger.written_in(job.number)}
    findings = Findings(job.ledger.findings_in(job.number))
    published = {pair.id for pair in selected.sides.pairs}
    recorded = job.recipe.generate is not None and job.recipe.generate.provider == "recorded"
    yields = yields_of(job.made.mix, unwritten, written, findings, published, recorded=recorded)
    for line in yield_warnings(yields, FEW_ROWS if job.is_sample else len(published)):
        job.watch.note(line)


def validate(job: Job, gate: Gate, screened: Screened, selected: Selected, texts: SourceTexts) -> None:
    """Hold the rows against the recipe's expectations.

    Args:
        job: the build.
        gate: the expectations.
        screened: the pairs that passed, and the findings.
        selected: the pairs to publish.
        texts: the author's documents and passages.

    Raises:
        GateError: a critical expectation failed; nothing is published.
    """
    docs = job.folder.report / "expectations"
    with job.stage("validate") as stage:
        measured = [column for column in COSTLY if column in str(job.recipe.expect)]
        frame = frame_of(selected.sides, texts, screened.findings, selected.reviewed, measured, job.engine)
        job.made.checks = [check_as_json(outcome) for outcome in run_suite(frame, gate.suite(), docs)]
        stage.rows_in = stage.rows_out = len(frame)
        counts = Counter(bool(check["success"]) for check in job.made.checks)
        stage.reasons = {
            f"expectation{'' if counts[held] == 1 else 's'} {'held' if held else 'failed'}": counts[held]
            for held in (True, False)
            if counts[held]
        }
    where = f"{locate(job.path, ('expect',))}: expect"
    hold_gate(job.made.checks, docs / "index.html", job.watch, where=where, enforced=not job.is_sample)
