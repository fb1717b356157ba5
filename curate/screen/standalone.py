"""Pairs that make no sense to somebody who has not read what they were made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from curate.model import Finding, Pair, Span
from curate.screen.sources import SourceTexts
from curate.words import FUNCTION_WORDS, WORD

SOURCE = r"(?:passage|text|excerpt|extract|document|article|essay|chapter|section|paragraph|sample|source material|snippet)"
SAYS = (
    r"(?:says?|states?|mentions?|describes?|explains?|suggests?|tells us|argues|implies|discusses|refers?|claims?|notes?"
    r"|provides?|does not (?:say|mention|state|provide))"
)

TO_THE_SOURCE = re.compile(
    rf"\b(?:according to|based on|as (?:stated|described|mentioned|said|told|shown|noted) in|in|from|of) (?:the"
    rf"|this) (?:(?:given|provided|above|following|present|same|quoted) )?{SOURCE}\b(?! (?:of|that|to|from|behind|between"
    rf"|under|on the|by|I|he|she|my)\b)|\b(?:the|this) (?:(?:given|provided|above) )?{SOURCE} {SAYS}\b"
    rf"|\b(?:the|this) (?:given|provided|above) {SOURCE}\b|\bas the {SOURCE} (?:says|has it|puts it)\b",
    re.IGNORECASE,
)
TO_THE_AUTHOR = re.compile(
    r"\b(?:the|this) (?:author|narrator|writer|speaker)(?:['’]s)?\b(?! of\b| who\b| or that\b)", re.IGNORECASE
)
ELSEWHERE = re.compile(
    r"\b(?:(?:as|that) (?:I|we|he|she|you) (?:have |had )?(?:said|mentioned|wrote|noted|described|told you) (?:earlier"
    r"|above|before|previously)|as (?:said|mentioned|noted|described|discussed|stated|shown) (?:earlier|above|before|below"
    r"|previously)|mentioned (?:earlier|above|previously)|(?:said|described|quoted) above|aforementioned"
    r"|the above(?=[,.]| (?:example|story|question|text))"
    r"|in the (?:previous|preceding|last|next|following) (?:chapter|section|paragraph|essay)"
    r"|see (?:above|below|figure|table|chapter|page)\b|(?:figure|table|fig\.) \d+"
    r"|(?:earlier|later) in (?:the|this) (?:book|essay|chapter|text|letter))",
    re.IGNORECASE,
)
POINTING = re.compile(r"\b(?:this|these|those)\s+(?P<thing>[^\W\d_]+)|\b(?:this|that)(?=\s*\?)", re.IGNORECASE)
PERSON = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b(?! who\b)", re.IGNORECASE)
NOW = frozenset(
    """day days morning evening night week weeks month year years season spring summer autumn fall winter time times moment age
    century decade world life country kind sort thing way point question one ones mean means much many early late far""".split()
)
"""What "this" may point to without anybody having told: here and now, and what follows at once."""
FRAGMENT = re.compile(r"\A\W*(?:and|but|so|or|because|then|also)\b[^.!]*\?\s*\Z", re.IGNORECASE)
QUESTION = re.compile(
    r"\b(?:who|whom|whose|what|which|where|when|why|how|is|are|was|were|am|do|does|did|have|has|had|can|could|will|would"
    r"|shall|should|may|might|must)\b",
    re.IGNORECASE,
)


def find_dependent(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs that lean on their source: "as the passage says", "the author", "mentioned earlier", "Why did he do this?".

    An instruction with a conversation before it may point back as it likes. Words about texts that the author's own passage
    has are the author's. Heuristics for English; score is always 1.
    """
    for pair in pairs:
        passage = sources.passage_of(pair)
        own = passage.text.casefold() if passage else ""
        for part, text in pair.sides:
            for start, end, why in _leaning(text, own):
                yield Finding(pair.id, "standalone", "warning", 1.0, why, Span(part, start, end))
        if len(pair.prompt) == 1:
            for start, end, why in _dangling(pair.instruction):
                yield Finding(pair.id, "standalone", "warning", 1.0, why, Span("instruction", start, end))


def _leaning(text: str, own: str) -> Iterator[tuple[int, int, str]]:
    """References to a text that the reader does not have."""
    for pattern, why in (
        (TO_THE_SOURCE, "speaks of a text that the reader does not have"),
        (TO_THE_AUTHOR, "speaks of the author as of somebody else"),
        (ELSEWHERE, "points to something that stands elsewhere"),
    ):
        found = next((match for match in pattern.finditer(text) if pattern is ELSEWHERE or match[0].casefold() not in own), None)
        if found:
            yield found.start(), found.end(), f"{why}: “{found[0]}”"


def _dangling(instruction: str) -> Iterator[tuple[int, int, str]]:
    """Pronouns that stand for nothing in the instruction, and questions that are no whole sentence."""
    words = list(WORD.finditer(instruction))
    first = next((word.start() for word in words if word[0].casefold() not in FUNCTION_WORDS), len(instruction))
    """Where the first word stands that could name somebody or something."""
    if (person := PERSON.search(instruction)) and person.start() < first:
        yield *person.span(), f"“{person[0]}” is somebody whom nobody has named"
    for pointing in POINTING.finditer(instruction):
        thing = (pointing["thing"] or "").casefold()
        if pointing.start() < first and thing not in NOW and (thing not in FUNCTION_WORDS or not pointing.start()):
            yield *pointing.span(), f"“{pointing[0]}” points to something that nobody has named"
            break
    if FRAGMENT.search(instruction):
        yield 0, len(instruction), "goes on from something that was not said"
    elif len(words) <= 3 and instruction.rstrip().endswith("?") and not QUESTION.search(instruction):
        yield 0, len(instruction), "is no whole question"
    elif len(words) == 1:
        yield 0, len(instruction), "one word is no question that stands on its own"
