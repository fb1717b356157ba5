"""The review steps of a build: fetch decisions before it, and push pairs that need a person after it."""

from __future__ import annotations

import shlex
from pathlib import Path

from curate.decisions.outcomes import Reviewed
from curate.job import Job
from likeness.errors import GateError, LikenessError
from likeness.metrics.text import count_of


def fetch_decisions(job: Job) -> None:
    """Fetch new decisions into the ledger. If the server cannot be reached, the build goes on with a warning."""
    from curate.review.sync import pull

    try:
        pull(job.recipe, job.ledger)
    except LikenessError as error:
        job.watch.note(f"warning: decisions could not be fetched, those fetched before count: {error}")


def push_for_review(job: Job) -> int:
    """Push pairs that need a person and print where. If the server cannot be reached, the build goes on with a warning.

    A sample build pushes nothing.

    Returns:
        The number of decisions that arrived meanwhile.
    """
    recipe, ledger, watch = job.recipe, job.ledger, job.watch
    if job.is_sample or (recipe.review is None and not ledger.anything_pushed()):
        return 0
    from curate.review.argilla import NotRunning
    from curate.review.sync import standing, sync

    so_far = standing(recipe, ledger)
    waiting = so_far.awaiting + so_far.disputed
    if not (waiting or so_far.contrasts) and not ledger.anything_pushed():
        return 0
    try:
        synced = sync(recipe, ledger, watch.progress)
    except NotRunning:
        if waiting:
            watch.note(f"{count_of(waiting, 'pair', 'await')} review: {review_command(job.path)}")
    except LikenessError as error:
        watch.note(f"warning: the pairs could not be pushed for review: {error}")
    else:
        if synced.decisions:  # made during the build, or missing in a new ledger
            arrived, by = count_of(synced.decisions, "decision"), "it" if synced.decisions == 1 else "them"
            watch.note(f"note: {arrived} arrived while this was built; the next build goes by {by}")
        if waiting := synced.awaiting + synced.disputed:
            watch.note(f"{count_of(waiting, 'pair', 'await')} review at {synced.url}: {review_command(job.path)}")
        return synced.decisions
    return 0


def review_command(recipe_path: Path) -> str:
    """The command that opens the review."""
    return f"curate review {shlex.quote(str(recipe_path))}"


def nothing_published(recipe_path: Path, reviewed: Reviewed, arrived: int, *, held: bool) -> GateError:
    """The error for a build without a dataset: all pairs were dropped or rejected, or still await review.

    Args:
        recipe_path: for the commands in the message.
        reviewed: the pairs after the decisions.
        arrived: number of decisions that arrived too late for this build.
        held: whether the recipe publishes nothing while a pair awaits review.
    """
    waiting = len(reviewed.awaiting) + len(reviewed.disputed)
    if not waiting:
        return GateError("no pair is left to publish", fix="The lines above say why each was left out.")
    if arrived:
        fix = f"Build again to go by them: curate build {shlex.quote(str(recipe_path))}"
        return GateError("nothing is published without the decisions that arrived while this was built", fix=fix)
    if held:
        why, fix = "this recipe publishes nothing before", "`awaiting: leave_out` publishes without them."
    else:
        why = "no other pair is left to publish" if reviewed.rejected else "nothing is decided yet"
        fix = "`awaiting: keep` publishes them all the same."
    fix = f"Review: {review_command(recipe_path)}\n{fix}"
    return GateError(f"{count_of(waiting, 'pair', 'await')} review, {why}", where="review.awaiting", fix=fix)
