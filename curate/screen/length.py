"""Responses far outside the words that the recipe asks of their kind: concise pairs make concise models."""

from __future__ import annotations

from collections.abc import Iterable

from curate.model import Finding, Pair


def find_length(pairs: Iterable[Pair], slack: float) -> Iterable[Finding]:
    """Pairs whose response has fewer than `fewest * (1 - slack)` or more than `most * (1 + slack)` words.

    The score is the number of words.
    """
    for pair in pairs:
        if pair.words_asked is None:
            continue
        fewest, most = pair.words_asked
        words = len(pair.response.split())
        if words < fewest * (1 - slack):
            yield Finding(pair.id, "length", "drop", words, f"too short: {words} words, asked for {fewest} to {most}")
        elif words > most * (1 + slack):
            yield Finding(pair.id, "length", "drop", words, f"too long: {words} words, asked for {fewest} to {most}")
