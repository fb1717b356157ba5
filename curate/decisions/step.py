"""The step that resolves what people said of the pairs. It is done once in a build; later steps are given the outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curate.decisions.outcomes import Outcome, outcomes_of
from curate.decisions.queue import review_of
from curate.job import Job
from curate.model import Decision, Pair


@dataclass(frozen=True, slots=True)
class Decided:
    """A build's pairs with what people said of them."""

    pairs: Sequence[Pair]
    """All of the build."""
    decisions: Mapping[str, Sequence[Decision]]
    """By pair, oldest first."""
    outcomes: Mapping[str, Outcome]
    """By pair, of every pair."""

    @property
    def refused(self) -> list[Pair]:
        """Those that reviewers rejected or sent back; no check has to look at them."""
        return [pair for pair in self.pairs if self.outcomes[pair.id].state in ("reject", "rewrite")]

    @property
    def open(self) -> list[Pair]:
        """All others."""
        return [pair for pair in self.pairs if self.outcomes[pair.id].state not in ("reject", "rewrite")]

    def approved(self, pair: Pair) -> bool:
        """Whether a person approved it."""
        return self.outcomes[pair.id].state == "approve"


def decide(job: Job, pairs: Sequence[Pair]) -> Decided:
    """What people said of each pair; a decision about a text counts for the same text under another id."""
    job.ledger.carry_decisions(pairs)
    decisions = job.ledger.decisions()
    return Decided(pairs, decisions, outcomes_of((pair.id for pair in pairs), decisions, review_of(job.recipe)))
