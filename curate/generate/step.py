"""The step that asks: passages become requests, requests become pairs, and what reviewers sent back is written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from curate.generate.asked_again import asked_again
from curate.generate.decided_before import DecidedBefore, decided_before, without_surplus
from curate.generate.generate import NOT_RECORDED, Generated, generate_pairs
from curate.generate.planned import Plan
from curate.generate.planning import make_plan, nothing_planned
from curate.generate.providers import make_provider
from curate.generate.requests import Asking, sample_of
from curate.generate.rewrite import rewrite_pairs
from curate.generate.voice_samples import VoiceSamples, voice_samples
from curate.job import Job
from curate.llm.prices import unknown_model
from curate.llm.request import Request
from curate.model import Pair, Usage
from curate.read.read import Sources
from curate.sources import SourceTexts
from likeness.errors import CallError
from likeness.llama.smollm2 import SMOLLM2, TRYING
from likeness.metrics.text import count_of


def plan_requests(job: Job, sources: Sources, texts: SourceTexts) -> Plan:
    """Everything that the recipe asks of its generator; of a sample, what is about its passages.

    Args:
        job: the build.
        sources: what was read.
        texts: the documents and their passages.
    """
    if job.recipe.generate is None:
        return nothing_planned(Asking(job.recipe, VoiceSamples()), job.ledger)
    asking = Asking(job.recipe, voice_samples(job.recipe, job.ledger, texts.documents))
    plan = make_plan(asking, sources.documents.by_path, job.ledger, job.engine).plan
    if job.made.sample:
        plan.keep_sample(sample_of(texts.passages, job.made.sample))
    return plan


def keep_decided(job: Job, plan: Plan, texts: SourceTexts, ready: Sequence[Pair]) -> DecidedBefore:
    """The pairs of before that hold a person's work and are taken along; says so where some must go, and asks.

    It also says how many answers are asked again because the model or a prompt is another.

    Args:
        job: the build.
        plan: all that the recipe asks for.
        texts: of the documents.
        ready: pairs that came ready.

    Raises:
        CallError: some must go, and nobody agreed.
    """
    if job.is_sample:
        return DecidedBefore()
    before = decided_before(job.recipe, job.ledger, texts.documents, plan, ready)
    if before.lost:
        question = (
            f"{count_of(len(before.lost), 'pair')} that people approved, edited or sent back must go, for what they rest on is "
            f"no longer there: {before.lost_in_words()}"
        )
        if not job.agree(question):
            fix = "Put back what they rest on, or let them go: the same command with --yes. `curate plan` shows it too."
            raise CallError(question, fix=fix)
    if before.stay:
        job.watch.note(f"note: {count_of(len(before.stay), 'decided pair', 'stay')}: the quotes they rest on are still there")
    if before.second_look:
        job.watch.note(
            f"note: {count_of(len(before.second_look), 'decided pair', 'await')} a second look: their quotes have changed"
        )
    if job.recipe.generate and (again := asked_again(plan, before.covered(), job.recipe.generate, job.ledger)):
        job.watch.note(f"note: {again.in_words()}")
    return before


def generate(job: Job, plan: Plan, texts: SourceTexts, before: DecidedBefore) -> Generated:
    """The pairs of all requests, those among them that reviewers sent back written again, and what was decided before.

    Args:
        job: the build.
        plan: what to ask.
        texts: the author's documents and passages.
        before: pairs of before that are taken along; what they cover is not asked again.

    Raises:
        CallError: the key, the model or the recipe is wrong.
        GateError: the budget is reached, or batches are under way.
        MachineError: requests stayed without an answer; what did arrive is kept.
    """
    settings = job.recipe.generate
    if settings is None:
        return Generated([], Usage())
    provider = make_provider(settings)
    if settings.provider == "llama-cpp" and settings.model == SMOLLM2:
        job.watch.note(f"note: {TRYING}")
    if settings.provider == "anthropic" and (unknown := unknown_model(settings.model)):
        job.watch.note(f"warning: {unknown}")
    free = settings.provider == "recorded"
    covered = set() if free else before.covered()
    with job.stage("generate") as stage:
        ask = partial(generate_pairs, ledger=job.ledger, stage=stage, progress=job.watch.progress, wait=job.wait)
        generated = ask(plan.without(covered), provider, settings=settings)
        missing = stage.reasons.get(NOT_RECORDED, 0)
        if before.pairs:
            _take_along(generated, before, {} if free else plan)
        job.ledger.carry_decisions(generated.pairs)
        rewrite_pairs(generated, job.recipe, job.ledger.decisions(), texts.documents, ask)
        job.made.usage = generated.usage
        stage.rows_in, stage.rows_out = generated.asked, len(generated.pairs)
    if missing:
        job.watch.note(
            f"note: {missing} of {len(plan)} requests have no recording, so nothing was made of those passages; "
            "`provider: anthropic` has Claude write the pairs"
        )
    return generated


def _take_along(generated: Generated, before: DecidedBefore, limited: Mapping[str, Request]) -> None:
    """Put decided pairs of before beside the new ones; each is known by the request that asks about its place now."""
    new, along = without_surplus(generated.pairs, before, limited)
    generated.pairs = new + along
    for pair in along:
        if pair.request and pair.id in before.in_place_of:
            generated.others[pair.request] = before.in_place_of[pair.id][1]
