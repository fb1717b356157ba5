"""Responses far outside the words that the recipe asks of their kind: concise pairs make concise models."""

from __future__ import annotations

from collections.abc import Iterable

from curate.check import Check
from curate.model import Finding, Pair
from curate.screen.settings.length import LengthSettings
from likeness.metrics.text import count_words


def find_length(pairs: Iterable[Pair], slack: float) -> Iterable[Finding]:
    """Pairs whose response has fewer than `fewest * (1 - slack)` or more than `most * (1 + slack)` words.

    The score is the number of words.
    """
    for pair in pairs:
        if pair.words_asked is None:
            continue
        fewest, most = pair.words_asked
        words = count_words(pair.response)
        if words < fewest * (1 - slack):
            yield Finding(
                pair.id, "length", "drop", words, f"too short: {words} words, asked for {fewest} to {most}", reason="too_short"
            )
        elif words > most * (1 + slack):
            yield Finding(
                pair.id, "length", "drop", words, f"too long: {words} words, asked for {fewest} to {most}", reason="too_long"
            )


def _badness(finding: Finding, pair: Pair) -> float:
    """How many times too short, or too long."""
    fewest, most = pair.words_asked or (1, 1)
    return max(fewest / max(1.0, finding.score), finding.score / most)


CHECK = Check(
    name="length",
    about="Answers far shorter or longer than the recipe asks for.",
    scope="row",
    order=70,
    reasons={"too_short": "too short", "too_long": "too long"},
    find=lambda given: find_length(given.pairs, given.settings[LengthSettings].slack),
    settings=LengthSettings,
    warns=False,
    badness=_badness,
    cure="set this kind's `words` to what the generator writes, or widen `screen.length.slack`",
)
