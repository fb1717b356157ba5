"""Answers that are not answers: empty or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.model import Finding, Pair

SENTENCE_END = re.compile(r"[.!?…:;)\]\"'”’»*—–-]\s*$")
READY = {"own_words", "conversation", "pair"}
"""Kinds whose responses people wrote: these may end as they like."""


def find_broken(pairs: Iterable[Pair]) -> Iterable[Finding]:
    """Pairs with an empty side, or a response that ends in the middle of a sentence. Score is always 1."""
    for pair in pairs:
        if message := _broken(pair):
            yield Finding(pair.id, "broken", "drop", 1.0, message)


def _broken(pair: Pair) -> str | None:
    if not re.search(r"\w", pair.instruction):
        return "empty instruction"
    if not re.search(r"\w", pair.response):
        return "empty response"
    if pair.kind not in READY and not SENTENCE_END.search(pair.response):
        return "response breaks off"
    return None
