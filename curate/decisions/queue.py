"""Which pairs a person must see, and how doubtful each is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from curate.model import Finding, Pair, content_hash
from likeness.recipe.schema import Recipe, Review

CONFIDENCE_LEFT = 0.6
"""What each thing that a check found leaves of the confidence in a pair."""


def review_of(recipe: Recipe) -> Review:
    """The recipe's review; without one, flagged pairs may be reviewed all the same, and none has to be."""
    return recipe.review or Review(awaiting="keep")


def needing_review(
    pairs: Sequence[Pair], findings: Mapping[str, Sequence[Finding]], review: Review, changed: Collection[str] = ()
) -> set[str]:
    """Ids of the pairs that the recipe wants a person to see.

    What was rewritten at a reviewer's wish is always among them, and what has changed since somebody decided about it.

    Args:
        pairs: of a build.
        findings: by pair.
        review: the recipe's.
        changed: ids of the pairs of which `history.earlier_versions` tells earlier ones.
    """
    if review.pairs == "none":
        return set()
    return {pair.id for pair in pairs if pair.replaces or pair.id in changed or _wanted(pair, findings.get(pair.id, ()), review)}


def _wanted(pair: Pair, found: Sequence[Finding], review: Review) -> bool:
    match review.pairs:
        case "all":
            return True
        case "flagged":
            return bool(found)
        case share:  # the same ones each time, and the same ones among more
            return int(content_hash("review", pair.id, length=8), 16) / 16**8 < float(share)


def confidence(found: Sequence[Finding]) -> float:
    """How sure the checks are of a pair, in (0, 1]: 1 where they found nothing, less with each that did."""
    return float(CONFIDENCE_LEFT ** len({finding.check for finding in found}))
