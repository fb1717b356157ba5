"""The step that selects: by what reviewers decided, by caps, and for one side of the split or the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from curate.check import is_private
from curate.decisions.history import earlier_versions
from curate.decisions.outcomes import Reviewed, apply_decisions
from curate.decisions.queue import needing_review, review_of
from curate.decisions.step import Decided
from curate.generate.rewrite import not_rewritten
from curate.job import Job
from curate.model import Finding, Findings
from curate.screen.settings.echo import EchoSettings
from curate.screen.step import Screened
from curate.select.balance import balance
from curate.select.split import Split, split
from curate.sources import SourceTexts


@dataclass(frozen=True, slots=True)
class Selected:
    """What is to be published, and what reviewers' decisions came to."""

    sides: Split
    reviewed: Reviewed
    left_out: list[Finding] = field(default_factory=list)
    """Pairs that a cap or the split has no room for, and why."""

    @property
    def waiting(self) -> int:
        """Pairs that a person has yet to decide."""
        return len(self.reviewed.awaiting) + len(self.reviewed.disputed)


def select(job: Job, screened: Screened, decided: Decided, texts: SourceTexts) -> Selected:
    """The pairs to publish, on their sides of the split.

    Args:
        job: the build.
        screened: the pairs that passed, and the findings.
        decided: what people said of the pairs.
        texts: the author's documents and passages.
    """
    recipe, review = job.recipe, review_of(job.recipe)
    sent_back = [pair for pair in decided.refused if decided.outcomes[pair.id].state == "rewrite"]
    for line in not_rewritten(decided.pairs, sent_back, recipe):
        job.watch.note(line)
    passed, refused, findings = screened.passed, decided.refused, screened.findings
    with job.stage("review", shown=recipe.review is not None or bool(decided.decisions)) as stage:
        changed = earlier_versions(decided.pairs, decided.decisions, job.ledger)
        needing = needing_review(passed, findings, review, changed) if recipe.review else set()
        private = {finding.pair for finding in findings.all() if is_private(finding)}
        reviewed = apply_decisions(passed + refused, needing, decided.outcomes, private)
        with_awaiting = review.awaiting == "keep" or job.is_sample  # a sample is there to be looked at
        kept = reviewed.published(with_awaiting, findings.dropped, [pair.id for pair in decided.pairs])
        stage.rows_in, stage.rows_out = len(passed) + len(refused), len(kept)
        stage.reasons = reviewed.counted()
    left_out: list[Finding] = []
    if recipe.balance:
        with job.stage("balance") as stage:
            stage.rows_in = len(kept)
            kept, left_out = balance(kept, recipe.balance, findings, recipe.screen[EchoSettings].times, texts, stage)
            stage.rows_out = len(kept)
    with job.stage("split", shown=bool(recipe.split.validation)) as stage:
        sides = split(kept, recipe.split, stage)
        stage.rows_in, stage.rows_out = len(kept), len(sides.pairs)
    if recipe.split.validation and (note := sides.note()):
        job.watch.note(f"note: {note}")
    left_out += sides.left_out
    reviewed.leave_out({finding.pair for finding in left_out})
    return Selected(sides, reviewed, left_out)


def record(job: Job, screened: Screened, decided: Decided, selected: Selected) -> None:
    """Keep in the ledger what became of every pair, and every finding.

    Args:
        job: the build.
        screened: the pairs that passed, and the findings.
        decided: what people said of the pairs.
        selected: the pairs to publish.
    """
    passed, refused = screened.passed, decided.refused
    gone = {finding.pair for finding in selected.left_out}
    kept_or_refused = {pair.id for pair in passed + refused}
    states = selected.reviewed.by_state(passed) | {
        "left out": [pair for pair in passed if pair.id in gone],
        "dropped": [pair for pair in decided.pairs if pair.id not in kept_or_refused],
    }
    with job.ledger.transaction():
        for state, pairs in states.items():
            job.ledger.add_pairs(job.number, pairs, state)
        job.ledger.add_findings(job.number, Findings([*screened.findings.all(), *selected.left_out]).all())
