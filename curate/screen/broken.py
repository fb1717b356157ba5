"""Answers that are not answers: empty, cut off, or with debris of the machine that made them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.model import Finding, Pair

SENTENCE_END = re.compile(r"[.!?…:;)\]\"'”’»*—–-]\s*$")
DEBRIS = re.compile(
    r"\ufffd|```|</?(?:document|task|sample|think|s)>|<\|[a-z_]+\|>|\[/?INST\]|^\s*[{\[]\s*\"|\\u[0-9a-f]{4}|&(?:amp|lt|gt|nbsp|quot);"
)
READY = {"own_words", "conversation", "pair"}
"""Kinds whose responses people wrote: these may end as they like."""


def find_broken(pairs: Iterable[Pair]) -> Iterable[Finding]:
    """Pairs with an empty side, a response that ends in the middle of a sentence, or debris in it. Score is always 1."""
    for pair in pairs:
        if message := _broken(pair):
            yield Finding(pair.id, "broken", "drop", 1.0, message)


def _broken(pair: Pair) -> str | None:
    if not re.search(r"\w", pair.instruction):
        return "empty instruction"
    if not re.search(r"\w", pair.response):
        return "empty response"
    if pair.kind not in READY:
        if not SENTENCE_END.search(pair.response):
            return "response breaks off"
        if debris := DEBRIS.search(pair.response) or DEBRIS.search(pair.instruction):
            return f"debris: {debris[0]!r}"
    return None
