"""The contrast step of a build: find thin terms, draft contrast sets for them, and make rows from the sets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from curate.contrast.answers import earlier_answers, on_policy
from curate.contrast.marked import as_decided, sets_of_reviews, sets_of_tasks
from curate.contrast.private import answers_without_private, without_private
from curate.contrast.rows import decided, rows_of
from curate.contrast.sets import draft_sets
from curate.contrast.terms import thin_terms
from curate.decisions.explanations import explained
from curate.decisions.queue import review_of
from curate.decisions.step import Decided
from curate.generate.providers import make_provider
from curate.generate.voice_samples import voice_samples
from curate.job import Job
from curate.model import Contrast, Pair, ProbeQuestion, Stage, ThinTerm
from curate.screen.screen import screen as run_checks
from curate.screen.settings.private_data import PrivateDataSettings
from curate.select.step import Selected
from curate.sources import SourceTexts
from likeness.metrics.text import count_of

NOBODY = frozenset[str]()
"""Approving a pair does not spare the wrong answers to it: nobody has approved what is private in those."""


@dataclass
class Contrasted:
    """The rows and questions that contrasts add to a dataset."""

    terms: list[ThinTerm] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    preferences: list[Contrast] = field(default_factory=list)
    """All of the dataset: those of pair reviews, as people corrected them, and those of contrast sets."""
    probes: list[ProbeQuestion] = field(default_factory=list)


def contrast(job: Job, decided_pairs: Decided, selected: Selected, texts: SourceTexts) -> Contrasted:
    """Find thin terms, draft their sets, and make rows from them. In a sample build nothing is drafted.

    Args:
        job: the build.
        decided_pairs: people's decisions about the pairs.
        selected: the pairs to publish.
        texts: the author's documents and passages.

    Raises:
        As `generate` does.
    """
    recipe, private, reviewed = job.recipe, job.recipe.screen[PrivateDataSettings], selected.reviewed
    if recipe.contrast is None or job.is_sample:
        stage = Stage("contrast")
        published = without_private(reviewed.contrasts, private, NOBODY, stage)
        if dropped := stage.reasons.get("private data"):
            job.watch.note(f"note: {count_of(dropped, 'wrong answer')} of reviewers with private data: not published")
        return Contrasted(preferences=published)
    assert recipe.generate is not None
    ledger, sides = job.ledger, selected.sides
    with job.stage("contrast") as stage:
        documents = list(texts.documents.values())
        terms = thin_terms(documents, sides.pairs, ledger.term_decisions())
        samples = voice_samples(recipe, ledger, texts.documents).shown
        sets, usage = draft_sets(
            recipe, terms, texts, samples, make_provider(recipe.generate), ledger, stage, job.watch.progress, wait=job.wait
        )
        job.made.usage.add(usage)
        from_reviews = sets_of_reviews(sides.pairs, decided_pairs.outcomes)
        sets += sets_of_tasks(ledger.contrast_tasks()) + from_reviews
        ledger.add_thin_terms(job.number, terms)
        ledger.add_contrast_sets(job.number, sets)
        decisions = ledger.contrast_decisions()
        explanations, explained_only = explained(sets, ledger.explanations(), ledger.term_decisions())
        keep_awaiting = review_of(recipe).awaiting == "keep"
        kept = decided(explained_only + sets, decisions, explanations, keep_awaiting=keep_awaiting)
        rows = rows_of(kept, len(sides.pairs), recipe.contrast.share, decisions, explanations)
        approved = {pair.id for pair in rows.pairs if pair.review}
        passed, _ = run_checks(rows.pairs, recipe.screen, texts, stage, approved, job.engine)
        ids = {pair.id for pair in passed}
        spared = approved | {name for name, decision in decisions.items() if decision.verdict == "approve"}
        preferences = without_private([each for each in rows.preferences if each.pair in ids], private, spared, stage)
        probes = without_private(rows.probes, private, spared, stage)
        answers = answers_without_private(earlier_answers(job.folder), private)
        preferences = on_policy(preferences, sides.pairs + passed, answers)
        marked = without_private(as_decided(reviewed.contrasts, from_reviews, decisions), private, NOBODY, stage)
        for reason, number in rows.reasons.items():
            stage.count(reason, number)
        stage.rows_in, stage.rows_out = len(terms), len(passed)
    waiting = sum(each.id not in decisions for each in sets)
    if waiting:
        found = f"{count_of(len(terms), 'thin term')}, {count_of(waiting, 'contrast set')}"
        job.watch.note(f"{found} nobody has seen yet: curate review {job.path}")
    return Contrasted(terms, passed, marked + preferences, probes)


def with_contrasts(selected: Selected, made: Contrasted) -> Selected:
    """The pairs to publish and the contrast rows, each in the split of its document: nothing held out is trained on."""
    sides = selected.sides
    held = [pair for pair in made.pairs if pair.document in sides.held_documents]
    others = [pair for pair in made.pairs if pair.document not in sides.held_documents]
    return replace(
        selected,
        sides=replace(sides, train=sides.train + others, validation=sides.validation + held),
        reviewed=replace(selected.reviewed, contrasts=made.preferences),
    )


def record(job: Job, made: Contrasted) -> None:
    """Keep the contrast rows in the ledger, beside the pairs."""
    if made.pairs:
        with job.ledger.transaction():
            job.ledger.add_pairs(job.number, [replace(pair, review="") for pair in made.pairs], "contrast")
