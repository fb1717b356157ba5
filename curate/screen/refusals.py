"""Responses in which the generator speaks for itself instead of writing the pair."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.model import Finding, Pair

CANNOT = r"(?:can(?:no|')t|won'?t|unable|not able)"
SERVE = r"(?:help|assist|comply|provide|answer|fulfil|complete|write|generate|create)"

OPENING = re.compile(
    rf"\A\W*(?:(?:i'?m|i am) (?:very |so |really )?sorry,? (?:but )?(?:i|that|this|as)\b.{{0,40}}\b{CANNOT}\b"
    rf"|(?:i'?m|i am) (?:unable|not able|afraid i can(?:no|')t) to\b.{{0,30}}\b{SERVE}\b"
    r"|i (?:can(?:no|')t|won'?t|will not) (?:help (?:you|with)|assist|comply|provide|fulfil|generate|create)\b"
    r"|(?:unfortunately|regrettably),? i (?:can(?:no|')t|am unable|am not able|'m unable)\b"
    r"|i apologi[sz]e,? but i\b)",
    re.IGNORECASE,
)
ANYWHERE = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|language model|virtual assistant)\b"
    r"|i(?:'m| am) an? (?:ai\b|language model|virtual assistant)"
    r"|my (?:training data|knowledge cutoff)\b|(?:openai|anthropic)\b)",
    re.IGNORECASE,
)


def find_refusals(pairs: Iterable[Pair]) -> Iterable[Finding]:
    """Pairs whose response declines, or speaks as an assistant. Score is always 1."""
    for pair in pairs:
        response = pair.response.replace("’", "'")
        if found := OPENING.search(response) or ANYWHERE.search(response):
            yield Finding(pair.id, "refusals", "drop", 1.0, f"refusal or assistant talk: {found[0].strip()[:60]!r}")
