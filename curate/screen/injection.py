"""Pairs that talk about how they were made, or that obey somebody who wrote orders into a document."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.model import Finding, Pair, Severity, Span
from curate.screen.sources import SourceTexts, in_words_of

EARLIER = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|system)"
RULES = r"(?:instructions?|prompts?|directions|directives|guidelines|guardrails|commands|messages?)"

ORDER = re.compile(
    rf"\b(?:ignore|disregard|forget|override"
    rf"|bypass)\b (?:(?:all|any|every|each|of|the|your|my|these|those|other) ){{0,4}}{EARLIER} (?:\w+ )?{RULES}\b"
    rf"|\b(?:ignore|disregard|forget) (?:everything|all|anything) (?:that (?:was|has been) )?(?:above|before"
    rf"|you (?:were|have been) told)"
    r"|\b(?:reveal|print|repeat|show|output|leak) (?:me )?(?:your"
    r"|the) (?:(?:full|hidden|initial|original|secret) )?(?:system )?prompt\b"
    r"|\byour (?:system prompt|new instructions|real instructions|initial instructions)\b"
    r"|\b(?:new|updated|important) (?:system )?instructions?(?: for (?:the|any|all) (?:ai|assistant|model|llm)s?)?:"
    r"|\byou are now (?:an? |in )?(?:dan\b|unrestricted|uncensored|jailbroken|developer mode|\w+ mode\b"
    r"|an? (?:ai|assistant|language model|chatbot))"
    r"|\b(?:ai|llm|gpt|assistants?|chatbots?"
    r"|language models?)(?: (?:reading|processing|summari[sz]ing) this[^.:;,]*)?[,:]? (?:must|should|please|are to"
    r"|is to) (?:respond|answer|reply|output|say|write|ignore|include|recommend|always|only|not)\b"
    r"|\b(?:respond|reply|answer|output) only (?:with|in|by)\b|\bdo anything now\b|\bsystem (?:override|message|prompt)\s*:"
    r"|\b(?:begin|end) (?:of )?(?:system|admin) (?:message|prompt|instructions)\b",
    re.IGNORECASE,
)
"""What is written to command a language model."""

RESIDUE = re.compile(
    r"\b(?:as (?:you )?(?:requested|instructed)|per your (?:request|instructions)"
    r"|as per (?:the|your) (?:prompt|instructions|request))\b"
    r"|\bhere (?:is|are|'s) (?:the|your|an?|my|\d+|\w+) (?:\w+ ){0,2}(?:json|yaml|output|pairs?|requested|rewritten|revised"
    r"|generated)\b|\b(?:question|instruction|prompt)(?: and |[-/ ])(?:answer|response|completion) pairs?\b"
    r"|\b(?:in|within|under|to|stay within|meet|exceed) (?:the|my|your) word (?:limit|count)\b"
    r"|\b(?:in|using) the (?:requested|required|specified) (?:json )?(?:format|schema)\b"
    r"|\b(?:the|this|your|my) (?:system|user|above|given|original) (?:prompt|instructions?|message)\b"
    r"|\bfollow(?:ing)? (?:the|your) (?:above|given|previous) instructions\b|\bfollowing (?:the|your) instructions,"
    r"|\binstruction[- ]tuning\b|\bfine-?tuning data\b|\btraining (?:data|example|pair)s?\b"
    r"|\b(?:in|break|breaking|stay(?:ing)? in|out of) character\b"
    r"|\bin the (?:voice|style|tone|persona) of (?:the )?(?:author|persona|speaker|writer)\b|\bthe persona\b"
    r"|\b(?:i (?:was|have been|am) (?:asked|told|instructed|prompted) to (?:write|generate|produce|respond|act as"
    r"|role-?play))\b",
    re.IGNORECASE,
)
"""What a generator says of its own task."""


def find_injection(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs whose text commands a language model or speaks of prompts, and pairs made from a passage that commands one.

    A passage that gives an order outside quotation marks may have been obeyed unseen: every pair made of it is told of. Otherwise
    a phrase that the author's documents have is the author's subject, if it is no order or stands in quotation marks. What no
    document has came from the generator: an order drops the pair, talk of the task is a warning. Score is always 1.
    """
    written = sources.written()
    given = {
        passage.id: order for passages in sources.passages.values() for passage in passages if (order := _order_in(passage.text))
    }
    for pair in pairs:
        if (passage := sources.passage_of(pair)) and (order := given.get(passage.id)):
            message = f"its passage gives orders to a language model, and they may have been obeyed: “{order}”"
            yield Finding(pair.id, "injection", "warning", 1.0, message)
        elif pair.kind != "own_words":
            for part, text in pair.sides:
                if said := _said(text, written):
                    found, message, severity = said
                    severity = "warning" if pair.kind == "conversation" else severity
                    yield Finding(pair.id, "injection", severity, 1.0, message, Span(part, *found.span()))


def _order_in(text: str) -> str | None:
    """The first order in a text that is given, not quoted."""
    return next((order[0] for order in ORDER.finditer(text) if not _is_quoted(order)), None)


def _said(text: str, written: str) -> tuple[re.Match[str], str, Severity] | None:
    """What of one side is no author's: first orders, then talk of the task."""
    for order in ORDER.finditer(text):
        if (known := in_words_of(order[0], written)) and _is_quoted(order):
            continue
        return order, f"gives orders to a language model: “{order[0]}”", "warning" if known else "drop"
    for residue in RESIDUE.finditer(text):
        if not in_words_of(residue[0], written):
            return residue, f"speaks of how it was made: “{residue[0]}”", "warning"
    return None


def _is_quoted(order: re.Match[str]) -> bool:
    """Whether an order stands in quotation marks, opened and closed in its paragraph: it is spoken of then, not given."""
    text = order.string
    before = text[text.rfind("\n\n", 0, order.start()) + 1 : order.start()]
    after = text[order.end() :].partition("\n\n")[0]
    return (before.rfind("“") > before.rfind("”") and "”" in after) or (before.count('"') % 2 == 1 and '"' in after)
