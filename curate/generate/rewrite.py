"""Pairs that reviewers sent back with a note are rewritten with that note, and again if they come back again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from curate.decisions.outcomes import outcomes_of
from curate.decisions.queue import review_of
from curate.generate.generate import Generated
from curate.generate.providers import make_provider
from curate.generate.requests import rewrite_request
from curate.model import Decision, Document, Pair
from likeness.recipe.schema import Recipe


def rewrite_pairs(
    generated: Generated,
    recipe: Recipe,
    decisions: Mapping[str, Sequence[Decision]],
    documents: Mapping[str, Document],
    ask: Callable[..., Generated],
) -> None:
    """Ask for the pairs that were sent back, until none is left; what comes is added to `generated`.

    Args:
        generated: the pairs so far, and the requests that brought them.
        recipe: with a `generate` section.
        decisions: by pair, oldest first.
        documents: for their titles, by path.
        ask: `generate_pairs` with all but requests, provider and settings.
    """
    assert recipe.generate is not None
    done: set[str] = set()
    while True:
        requests = []
        outcomes = outcomes_of((pair.id for pair in generated.pairs), decisions, review_of(recipe))
        for pair in generated.pairs:
            outcome = outcomes[pair.id]
            if outcome.state == "rewrite" and pair.id not in done and pair.request:
                done.add(pair.id)
                title = documents[pair.document].title if pair.document in documents else ""
                requests.append(rewrite_request(recipe, pair, generated.request(pair.request), outcome.note, title))
        if not requests:
            return
        generated.add(ask(requests, make_provider(recipe.generate), settings=recipe.generate))


def not_rewritten(pairs: Sequence[Pair], sent_back: Sequence[Pair], recipe: Recipe) -> Iterator[str]:
    """What a person should know of the pairs that were sent back and have nothing in their place. They stay out.

    Args:
        pairs: all of the build.
        sent_back: those of them that reviewers want rewritten.
        recipe: with a `generate` section or without.
    """
    replaced = {pair.replaces for pair in pairs}
    left = [pair for pair in sent_back if pair.id not in replaced]
    asked = sum(pair.request is not None for pair in left)
    if ready := len(left) - asked:
        yield (
            f"note: {ready} of the pairs sent back came ready and cannot be rewritten; they stay out: correct or reject them in"
            " Argilla"
        )
    if asked and recipe.generate and recipe.generate.provider == "recorded":
        yield (
            f"note: {asked} of the pairs sent back cannot be rewritten by recordings; they stay out: correct or reject them in"
            " Argilla, or have `provider: anthropic` write them"
        )
    elif asked:
        yield f"note: {asked} of the pairs sent back got no answer that could be used; they stay out"
