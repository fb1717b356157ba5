"""What reviewers said becomes what is done: approved, edited, left out, rewritten, or put to one more person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from curate.model import Contrast, Decision, Pair, Turn
from likeness.recipe.schema import Review

IN_WORDS = {"approve": "approved", "reject": "left out", "rewrite": "sent back", "withdrawn": "taken back"}
"""Verdicts in words for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all decisions about one pair come to."""

    state: Literal["approve", "reject", "rewrite", "awaiting", "disputed"]
    instruction: str | None = None
    response: str | None = None
    reasons: tuple[str, ...] = ()
    rating: float | None = None
    never_say: tuple[str, ...] = ()
    note: str = ""


AWAITING = Outcome("awaiting")


def outcome_of(decisions: Sequence[Decision], min_submitted: int) -> Outcome:
    """What the decisions about a pair come to; only each reviewer's last one counts.

    A tie-break settles it, and so does a decision applied to many pairs at once, until enough reviewers say otherwise later.
    Else it takes `min_submitted` reviewers, and all must agree: on the verdict, and on the text where several edited it.

    Args:
        decisions: about one pair, oldest first.
        min_submitted: reviewers that each pair needs.
    """
    standing = _standing(decisions)
    settling = max((at for at, decision in enumerate(standing) if decision.queue != "review"), default=-1)
    settled = standing[settling] if settling >= 0 else None
    if settled and settled.queue == "tie-break":
        return _outcome([settled])
    last = list({decision.reviewer: decision for decision in standing[settling + 1 :]}.values())
    if len(last) < min_submitted:
        return _outcome([settled]) if settled else AWAITING
    outcome = _outcome(last)
    texts = {(decision.instruction, decision.response) for decision in last} - {(None, None)}
    if len({decision.verdict for decision in last}) > 1 or (outcome.state == "approve" and len(texts) > 1):
        return replace(outcome, state="disputed")
    return outcome


def outcomes_of(pairs: Iterable[str], decisions: Mapping[str, Sequence[Decision]], review: Review) -> dict[str, Outcome]:
    """What the decisions about each pair come to, by its id.

    Args:
        pairs: ids.
        decisions: by pair, oldest first.
        review: the recipe's.
    """
    return {pair: outcome_of(decisions.get(pair, ()), review.min_submitted) for pair in pairs}


def _standing(decisions: Sequence[Decision]) -> list[Decision]:
    """Without what was taken back."""
    standing: list[Decision] = []
    for decision in decisions:
        if decision.verdict == "withdrawn":
            who = (decision.reviewer, decision.queue)
            standing = [earlier for earlier in standing if (earlier.reviewer, earlier.queue) != who]
        else:
            standing.append(decision)
    return standing


def _outcome(decisions: Sequence[Decision]) -> Outcome:
    ratings = [decision.rating for decision in decisions if decision.rating]
    notes = [decision.note for decision in decisions if decision.note]
    return Outcome(
        state=cast(Literal["approve", "reject", "rewrite"], decisions[-1].verdict),
        instruction=next((d.instruction for d in reversed(decisions) if d.instruction is not None), None),
        response=next((d.response for d in reversed(decisions) if d.response is not None), None),
        reasons=tuple(dict.fromkeys(reason for decision in decisions for reason in decision.reasons)),
        rating=sum(ratings) / len(ratings) if ratings else None,
        never_say=tuple(dict.fromkeys(decision.never_say for decision in decisions if decision.never_say)),
        note="\n".join(notes),
    )


@dataclass
class Reviewed:
    """A build's pairs after the decisions."""

    kept: list[Pair] = field(default_factory=list)
    """Approved, edited, and those that need nobody; as they are to be published."""
    awaiting: list[Pair] = field(default_factory=list)
    """Nobody, or not enough people, have decided; as the generator wrote them."""
    disputed: list[Pair] = field(default_factory=list)
    rejected: list[Pair] = field(default_factory=list)
    contrasts: list[Contrast] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why pairs were left out, by reviewers' reasons (all that a pair has, together); those sent back count as such."""

    def published(self, with_awaiting: bool, barred: Collection[str], order: Sequence[str]) -> list[Pair]:
        """What goes into the dataset, in the given order of ids; what a check bars from it only where a person approved it.

        Args:
            with_awaiting: whether pairs that nobody decided are published.
            barred: ids that a check keeps out.
            order: ids in their order.
        """
        awaiting = [pair for pair in self.awaiting + self.disputed if pair.id not in barred] if with_awaiting else []
        pairs = {pair.id: pair for pair in self.kept + awaiting}
        return [pairs[identifier] for identifier in dict.fromkeys(order) if identifier in pairs]

    def leave_out(self, gone: Collection[str]) -> None:
        """Without the pairs (ids) that the dataset has no room for: nobody has to decide them either."""
        self.kept = [pair for pair in self.kept if pair.id not in gone]
        self.awaiting = [pair for pair in self.awaiting if pair.id not in gone]
        self.disputed = [pair for pair in self.disputed if pair.id not in gone]

    def by_state(self, passed: Iterable[Pair]) -> dict[str, list[Pair]]:
        """For the ledger: the pairs as the generator wrote them, by what became of them."""
        kept = {pair.id for pair in self.kept}
        return {
            "kept": [pair for pair in passed if pair.id in kept],
            "awaiting": self.awaiting,
            "disputed": self.disputed,
            "rejected": self.rejected,
        }

    def counted(self) -> dict[str, int]:
        """How many of what, for a stage."""
        counts = {
            "approved": sum(pair.review == "approved" for pair in self.kept),
            "edited": sum(pair.review == "edited" for pair in self.kept),
            "awaiting review": len(self.awaiting),
            "disputed": len(self.disputed),
        } | {f"left out by reviewers: {reason}": count for reason, count in self.reasons.items()}
        return {name: count for name, count in counts.items() if count}


def apply_decisions(
    pairs: Iterable[Pair],
    needing_review: set[str],
    outcomes: Mapping[str, Outcome],
    private: Collection[str] = (),
) -> Reviewed:
    """Sort the pairs by what was decided about them.

    A decision counts whether or not its pair needed one. Of an edited pair the edited text is kept, and the two texts are a
    contrast, unless the first of them tells something private, which must not be published as a rejected answer either.
    What must never be said becomes the rejected answer of another.

    Args:
        pairs: that the checks let pass.
        needing_review: ids of those that a person must see.
        outcomes: by pair; of a pair without one nothing is decided.
        private: ids of pairs in which a check found what is private.
    """
    reviewed = Reviewed()
    for pair in pairs:
        outcome = outcomes.get(pair.id, AWAITING)
        match outcome.state:
            case "approve":
                edited = _edited(pair, outcome)
                reviewed.kept.append(edited)
                reviewed.contrasts += [
                    made for made in _contrasts(pair, edited, outcome) if made.origin != "edited" or pair.id not in private
                ]
            case "reject" | "rewrite":  # without an answer that is right there is nothing to prefer: no contrast
                reviewed.rejected.append(pair)
                why = "sent back" if outcome.state == "rewrite" else ", ".join(outcome.reasons) or "no reason given"
                reviewed.reasons[why] += 1
            case "disputed":
                reviewed.disputed.append(pair)
            case "awaiting":
                (reviewed.awaiting if pair.id in needing_review else reviewed.kept).append(pair)
    return reviewed


def _edited(pair: Pair, outcome: Outcome) -> Pair:
    prompt = pair.prompt
    if outcome.instruction is not None:
        prompt = (*prompt[:-1], Turn("user", outcome.instruction))
    response = pair.response if outcome.response is None else outcome.response
    edited = (prompt, response) != (pair.prompt, pair.response)
    return replace(pair, prompt=prompt, response=response, review="edited" if edited else "approved", rating=outcome.rating)


def _contrasts(pair: Pair, edited: Pair, outcome: Outcome) -> list[Contrast]:
    """What must never be said against what is; and the text before the edit against the text after it."""

    def contrast(rejected: str, origin: Literal["never_say", "edited"]) -> Contrast:
        return Contrast(pair.id, edited.prompt, edited.response, rejected, pair.document, origin, pair.context)

    found = [contrast(never, "never_say") for never in outcome.never_say if never.strip() != edited.response.strip()]
    if edited.response.strip() != pair.response.strip():
        found.append(contrast(pair.response, "edited"))
    return found


def agreement(decisions: Mapping[str, Sequence[Decision]]) -> dict[str, float | int | None]:
    """How far reviewers agree on verdicts, over the pairs that at least two of them decided.

    Returns:
        `pairs` compared, `agreed` (share of them with one verdict), and `alpha`: Krippendorff's alpha for nominal data, 1 for
        perfect agreement and 0 for what chance would give; None where all verdicts are the same, for which it is not defined
        (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").
    """
    units: list[list[str]] = []
    for made in decisions.values():
        last = {decision.reviewer: decision.verdict for decision in _standing(made) if decision.queue == "review"}
        if len(last) > 1:
            units.append(list(last.values()))
    if not units:
        return {"pairs": 0, "agreed": None, "alpha": None}
    totals: Counter[str] = Counter(verdict for unit in units for verdict in unit)
    values = totals.total()
    observed = sum(_disagreeing(Counter(unit)) / (len(unit) - 1) for unit in units) / values
    expected = _disagreeing(totals) / (values * (values - 1))
    return {
        "pairs": len(units),
        "agreed": sum(len(set(unit)) == 1 for unit in units) / len(units),
        "alpha": 1 - observed / expected if expected else None,
    }


def _disagreeing(counts: Counter[str]) -> int:
    """Ordered pairs of values that differ."""
    return counts.total() ** 2 - sum(count**2 for count in counts.values())
