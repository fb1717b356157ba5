"""Responses in which the generator speaks for itself instead of writing the pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from curate.model import Finding, Pair, Severity, Span
from curate.screen.sources import SourceTexts, in_words_of

CANNOT = r"(?:can(?:no|')t|won'?t|unable|not able)"
SERVE = r"(?:help|assist|comply|provide|answer|fulfil|complete|write|generate|create)"

OPENING = re.compile(
    rf"\A\W*(?:(?:i'?m|i am) (?:very |so |really )?sorry,? (?:but )?(?:i|that|this|as)\b.{{0,40}}\b{CANNOT}\b"
    rf"|(?:i'?m|i am) (?:unable|not able|afraid i can(?:no|')t) to\b.{{0,30}}\b{SERVE}\b"
    r"|i (?:can(?:no|')t|won'?t|will not) (?:help (?:you|with)|assist|comply|provide|fulfil|generate|create)\b"
    r"|(?:unfortunately|regrettably),? i (?:can(?:no|')t|am unable|am not able|'m unable)\b"
    r"|i (?:must|have to) (?:respectfully )?decline\b|i apologi[sz]e,? but i\b)",
    re.IGNORECASE,
)
MACHINE = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|(?:large )?language model|virtual assistant)\b"
    r"|i(?:'m| am) (?:just |only |merely )?an? (?:ai\b|(?:large )?language model|virtual assistant)"
    r"|(?:my|the) (?:training data|knowledge cut-?off)\b|i (?:was|am|have been) (?:trained (?:on|by)|programmed to)\b"
    r"|i (?:do not|don't) have (?:personal|real[- ]time) (?:experiences?|opinions?|beliefs|feelings|emotions|access"
    r"|information)\b|(?:openai|anthropic|chatgpt)\b)",
    re.IGNORECASE,
)
SERVANT = re.compile(
    r"\A\W*(?:certainly|sure thing|sure|of course|absolutely)[!,.:] (?:here(?:'s| is| are)|i(?:'d| would|'ll| will| can)\b"
    r"|let me|let's)|\A\W*(?:what an? |that'?s an? |this is an? )?(?:great|excellent|wonderful|fantastic|good|insightful"
    r"|interesting) question\b|\bi(?:'d| would) be (?:happy|glad|delighted) to (?:help|assist|answer|explain)\b"
    r"|\bi hope (?:this|that) (?:helps|answers|was helpful|clarifies)\b"
    r"|(?<=[.!?] )(?:please )?(?:let me know|feel free to (?:ask|reach out)"
    r"|don't hesitate to (?:ask|reach out|contact))\b[^.!?]*[.!?]?\W*\Z|\bis there anything else (?:i can|you)\b"
    r"|\bhow (?:can|may) i (?:help|assist) you\b"
    r"|\bit(?:'s| is) (?:important|worth) (?:to note|noting|to remember|remembering) that\b"
    r"|\bplease consult an? (?:qualified |licensed )?(?:professional|doctor|lawyer|expert)\b",
    re.IGNORECASE,
)


def find_refusals(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs whose response declines or speaks as a machine (dropped), or serves like an assistant (a warning).

    A person declines in earnest, and some write about language models: what people wrote is only told of, and a phrase that
    stands in the author's documents is the author's. Score is always 1.
    """
    written = sources.written()
    for pair in pairs:
        if pair.kind == "own_words":
            continue
        for found, message, severity in _found_in(pair.response.replace("’", "'")):
            if not in_words_of(found[0], written):
                mild = pair.kind == "conversation"
                yield Finding(pair.id, "refusals", "warning" if mild else severity, 1.0, message, Span("response", *found.span()))
                break


def _found_in(response: str) -> Iterator[tuple[re.Match[str], str, Severity]]:
    if found := OPENING.search(response):
        yield found, f"refusal or assistant talk: {found[0].strip()[:60]!r}", "drop"
    for found in MACHINE.finditer(response):
        yield found, f"refusal or assistant talk: {found[0].strip()[:60]!r}", "drop"
    if found := SERVANT.search(response):
        yield found, f"sounds like an assistant who serves: {found[0].strip()[:60]!r}", "warning"
