"""The order of the steps from documents to a dataset, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate.contrast.interview import interviewed_pairs, without_answered
from curate.contrast.step import contrast, with_contrasts
from curate.contrast.step import record as record_contrasts
from curate.decisions.step import decide
from curate.fingerprint import fingerprint_of
from curate.generate.step import generate, keep_decided, plan_requests
from curate.job import Agree, Build, Watcher, never, open_job
from curate.publish.step import publish
from curate.read.read import find_files
from curate.read.step import cut, hold, read
from curate.report.step import report
from curate.review.step import fetch_decisions, push_for_review
from curate.screen.step import judge, screen
from curate.select.step import record, select
from curate.validate.step import make_gate, stop_where_nothing_is_published, validate


def build(
    recipe: Path,
    watch: Watcher,
    *,
    sample: int | None = None,
    wait: bool = False,
    agree: Agree = never,
    settings: Sequence[str] = (),
) -> Build:
    """Build a recipe's dataset: read, cut, generate, screen, review, select, contrast, validate, publish.

    What has not changed since an earlier build is taken from the ledger; if nothing has, nothing is done.

    Args:
        recipe: the recipe's file.
        watch: follows the build.
        sample: build this many passages only, end to end, into `dataset/sample`; the newest dataset stays what it was,
            failed expectations stop nothing, and a later build asks only for the rest.
        wait: stay until the provider's batches have ended.
        agree: is told which of people's decisions must go, before anything else is done, and says whether to go on.
        settings: `key=value` of the command line, such as `balance.per_document=8`, merged over the recipe.

    Raises:
        CallError: the recipe or a source is wrong.
        GateError: an expectation failed, or batches are under way; the newest dataset stays what it was.
        MachineError: the provider or the machine failed; what was done is kept.
    """
    with open_job(recipe, watch, sample=sample, wait=wait, agree=agree, settings=settings) as job:
        fetch_decisions(job)
        interviewed = interviewed_pairs(job)
        files = find_files(job.recipe, job.path.absolute().parent)
        fingerprint = fingerprint_of(job.recipe, files, job.ledger)
        if finished := job.finished(fingerprint):
            push_for_review(job)  # the server may not have run the last time
            return finished
        job.begin(fingerprint)
        gate = make_gate(job)  # beside what follows: its library takes seconds
        sources = read(job, files)
        texts = cut(job, sources)
        plan = plan_requests(job, sources, texts)
        before = keep_decided(job, plan, texts, sources.pairs + interviewed)
        gate.wait(job.watch)  # before anything is paid for: it may be wrong
        generated = generate(job, plan, texts, before)
        texts = hold(job, texts, sources)
        decided = decide(job, sources.pairs + interviewed + without_answered(job, generated.pairs, interviewed))
        checked = screen(job, decided, texts)
        screened = judge(job, checked, decided, texts)
        chosen = select(job, screened, decided, texts)
        contrasted = contrast(job, decided, chosen, texts)
        selected = with_contrasts(chosen, contrasted)
        record(job, screened, decided, selected)
        record_contrasts(job, contrasted)
        arrived = push_for_review(job)
        stop_where_nothing_is_published(job, plan, generated, decided, selected, arrived)
        validate(job, gate, screened, selected, texts)
        publish(job, screened, selected, sources, texts, contrasted.probes)
        report(job, selected, set(screened.findings), texts)
        return job.finish()
