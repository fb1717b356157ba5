"""Answers that are not answers: empty or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.check import Check
from curate.model import Finding, Pair

SENTENCE_END = re.compile(r"[.!?…:;)\]\"'”’»›«*—–。！？：；．）」』】〉》।॥؟۔-]\s*$")
"""In any language: also full-width, of Hindi, of Arabic and Urdu."""


def find_broken(pairs: Iterable[Pair]) -> Iterable[Finding]:
    """Pairs with an empty side, or a response that ends in the middle of a sentence. Score is always 1."""
    for pair in pairs:
        if reason := _broken(pair):
            yield Finding(pair.id, "broken", "drop", 1.0, CHECK.reasons[reason], reason=reason)


def _broken(pair: Pair) -> str | None:
    if not re.search(r"\w", pair.instruction):
        return "empty_instruction"
    if not re.search(r"\w", pair.response):
        return "empty_response"
    if pair.wrote == "generator" and not SENTENCE_END.search(pair.response):
        return "breaks_off"
    return None


CHECK = Check(
    name="broken",
    about="Empty sides, and answers that end in the middle of a sentence.",
    scope="row",
    order=10,
    reasons={
        "empty_instruction": "empty instruction",
        "empty_response": "empty response",
        "breaks_off": "response breaks off",
    },
    find=lambda given: find_broken(given.pairs),
    warns=False,
    cure="answers break off or are empty: ask for fewer `words`, or for another `model`",
)
