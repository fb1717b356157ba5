"""The steps that check: every check that runs here, and Claude as a judge where a recipe asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from curate.decisions.queue import review_of
from curate.decisions.step import Decided
from curate.job import Job
from curate.model import Findings, Pair
from curate.screen.judge import judge as ask_judge
from curate.screen.screen import screen as run_checks
from curate.screen.settings.judge import JudgeSettings
from curate.sources import SourceTexts


@dataclass(frozen=True, slots=True)
class Screened:
    """What the checks let pass, and what they found."""

    passed: list[Pair]
    findings: Findings


def screen(job: Job, decided: Decided, texts: SourceTexts) -> Screened:
    """Run every check on the pairs that no reviewer refused.

    What a person approved passes, and so does what one sent back and is to see again, whatever the checks say.

    Args:
        job: the build.
        decided: what people said of the pairs.
        texts: the author's documents and passages.
    """
    reviewed_again = review_of(job.recipe).pairs != "none"
    with job.stage("screen") as stage:
        pairs = decided.open
        spared = {pair.id for pair in pairs if decided.approved(pair) or (pair.replaces and reviewed_again)}
        passed, found = run_checks(pairs, job.recipe.screen, texts, stage, spared, job.engine)
        stage.rows_in, stage.rows_out = len(pairs), len(passed)
    for line in stage.skipped_in_words():
        job.watch.note(f"note: {line}")
    return Screened(passed, Findings(found))


def judge(job: Job, screened: Screened, decided: Decided, texts: SourceTexts) -> Screened:
    """The same with what Claude finds in the pairs that nobody approved, where the recipe asks for a judge.

    Args:
        job: the build.
        screened: the pairs that passed, and the findings.
        decided: what people said of the pairs.
        texts: the author's documents and passages.

    Raises:
        As `generate` does.
    """
    if JudgeSettings not in job.recipe.screen:
        return screened
    with job.stage("judge") as stage:
        pairs = [pair for pair in screened.passed if not decided.approved(pair)]
        found, usage = ask_judge(pairs, screened.findings, texts, job.recipe, job.ledger, job.watch.progress, wait=job.wait)
        job.made.usage.add(usage)
        stage.rows_in = stage.rows_out = len(screened.passed)
        stage.reasons = {"with claims that its passage does not support": len(found)} if found else {}
    return Screened(screened.passed, Findings([*screened.findings.all(), *found]))
