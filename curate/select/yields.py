"""What of the pairs asked for came into the dataset, by kind, and where the others stayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.check import check_named, reason_in_words
from curate.model import Finding, Written
from curate.screen.duplicates import CHECK as DUPLICATES
from likeness.metrics.text import count_of

LOW = 0.5
"""Of the pairs asked for, the share from which a kind's yield is worth a warning while it is built."""

FEW_ROWS = 10
"""Rows below which nothing can be learnt from a dataset, whatever is done with it."""

FEWER = "fewer in the answers than asked for"
ELSEWHERE = {
    "awaiting": "awaiting review",
    "disputed": "disputed by reviewers",
    "rejected": "rejected by reviewers",
    "left out": "left out by a cap or the split",
    "kept": "left out after the checks",
}

CURES = {
    "not recorded": "no recording covers them: record answers, or have `provider: anthropic` write them",
    "quote is not in the passage": "the generator misquotes: a stronger `model` quotes better",
    "no pair in the answer": "the passages hold nothing to ask: lower `per_passage` of this kind, or raise `passages.max_tokens`",
    "refused": "the provider declined to write of these passages: leave them out of `sources`, or try another `model`",
    FEWER: "the passages hold no more: lower `per_passage` of this kind, or raise `passages.max_tokens`",
    "awaiting review": "review them",
    "disputed by reviewers": "settle them in the review",
    "rejected by reviewers": "read the reasons, and put what they have in common into persona.description",
    "left out by a cap or the split": "`balance` holds them back: loosen the cap, or ask for more of other matter",
}
"""What helps against a reason, by its words; what helps against what a check finds is said with the check."""

LOOK = "look at some, and put into persona.description what they lack"


@dataclass(frozen=True, slots=True)
class KindYield:
    """One kind: pairs asked for, pairs in the dataset, and why the others are not."""

    kind: str
    asked: int
    kept: int
    lost: dict[str, int]
    """Pairs by reason, in words; the commonest first."""
    cure: str
    """What helps against the commonest reason."""

    @property
    def share(self) -> float:
        """Of the pairs asked for, those in the dataset; in [0, 1]."""
        return self.kept / self.asked if self.asked else 1.0

    @property
    def why(self) -> str:
        """The reasons in words."""
        return ", ".join(f"{number:,} {reason}" for reason, number in self.lost.items())

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"kind": self.kind, "asked": self.asked, "kept": self.kept, "lost": self.lost, "cure": self.cure}


def yields_of(
    mix: Sequence[Mapping[str, Any]],
    unwritten: Mapping[str, Mapping[str, int]],
    written: Mapping[str, Written],
    findings: Mapping[str, Sequence[Finding]],
    published: Collection[str],
    *,
    recorded: bool,
) -> list[KindYield]:
    """The yield of every kind that was asked for.

    Args:
        mix: asked against got: `asked_against_got`.
        unwritten: by kind, pairs that no answer brought, by reason: `Stage.by_kind` of the step that asked.
        written: every pair of the build, by id.
        findings: by pair.
        published: ids of the pairs in the dataset.
        recorded: whether answers are replayed, and none is written.
    """
    replaced = {each.pair.replaces for each in written.values()}
    lost: dict[str, Counter[str]] = {kind: Counter(reasons) for kind, reasons in unwritten.items()}
    checks: dict[str, str] = {}
    for each in written.values():
        pair = each.pair
        if pair.id not in published and pair.id not in replaced:
            reason, by = _why_not(each.state, findings.get(pair.id, ()))
            lost.setdefault(pair.kind, Counter())[reason] += 1
            checks[reason] = by
    found = []
    for row in mix:
        if row["asked"]:
            reasons = lost.get(row["kind"], Counter())
            if (rest := row["asked"] - row["kept"] - reasons.total()) > 0:
                reasons[FEWER] += rest
            ordered = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
            first = next(iter(ordered), "")
            if recorded and first == FEWER:
                first = "not recorded"
            check = check_named(checks.get(first, ""))
            cure = CURES.get(first) or (check.cure if check else "") or LOOK
            found.append(KindYield(row["kind"], row["asked"], row["kept"], ordered, cure))
    return found


def _why_not(state: str, found: Sequence[Finding]) -> tuple[str, str]:
    """(reason in words, the check that gave it) of a pair that is not in the dataset."""
    if state in ELSEWHERE:
        return ELSEWHERE[state], ""
    dropping = next((finding for finding in found if finding.severity == "drop"), None)
    if dropping is None:
        return DUPLICATES.reasons["exact"], DUPLICATES.name
    return (reason_in_words(dropping) if check_named(dropping.check) else dropping.check), dropping.check


def yield_warnings(yields: Sequence[KindYield], rows: int) -> list[str]:
    """What a person should know at once: kinds of which little came, the worst first, and a dataset of next to nothing.

    Args:
        yields: by kind.
        rows: of the dataset.
    """
    lines = [
        f"warning: {each.kind} yields {each.share:.0%} ({each.kept:,} of {each.asked:,}): {each.why}\n    {each.cure}"
        for each in sorted(yields, key=lambda each: each.share)
        if each.share < LOW
    ]
    if rows < FEW_ROWS:
        lines.append(
            f"warning: the dataset has {count_of(rows, 'row')}; nothing can be learnt from so few, a tone shows from about 50:"
            " add documents, or ask for more per passage"
        )
    return lines
