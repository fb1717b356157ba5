"""Tell the words of an interviewer or a language model in a dialogue from the author's, by the labels before them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from curate.model import OWN_WORDS, Block

LABEL = re.compile(r"(?:#{1,6} )?([^\W\d_][\w.’'-]{0,20}(?: [\w.’'-]{1,20}){0,2}?)(?: (?:said|asked))?\s?[:：](?=\s|\Z)")
"""A name and a colon at the beginning of a paragraph."""
OTHERS = re.compile(
    r"chatgpt|gpt-?\d[\w.]*|claude(?: [\w.]+)?|gemini|bard|copilot|deepseek|mistral|llama|assistant|bot|ai|model"
    r"|interviewer(?:in)?|moderator(?:in)?|host|journalist|reporter|q|question|frage|intervieweuse|intervieweur|entrevistador(?:a)?|intervistatore",
    re.IGNORECASE,
)
"""Labels of those who are never the author of a document."""
PARTNERS = {"a", "answer", "antwort", "human", "i", "ich", "me", "moi", "user", "you"}
"""Labels of those who talk with them, even if they speak once."""


def with_other_speakers(text: str, blocks: Sequence[Block]) -> list[Block]:
    """The blocks, those of an interviewer or a language model as quotations, up to the next speaker's label.

    Args:
        text: of the document.
        blocks: of the document, in order.
    """
    labels = [_label(text[block.start : block.start + 70]) if block.kind in ("prose", "heading") else "" for block in blocks]
    others = {label for label in labels if label and OTHERS.fullmatch(label)}
    speakers = {label for label, times in Counter(labels).items() if label and times > 1}
    partners = (PARTNERS | speakers) - others
    if not others or partners.isdisjoint(labels):
        return list(blocks)
    out = []
    speaks = ""
    for block, label in zip(blocks, labels, strict=True):
        speaks = label if label in others or label in partners else speaks
        out.append(replace(block, kind="quotation") if speaks in others and block.kind in OWN_WORDS else block)
    return out


def _label(start: str) -> str:
    found = LABEL.match(start)
    return found[1].casefold() if found else ""
