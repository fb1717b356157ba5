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


_NAME = r"([^\W\d_][^\n:()\[\]<>]{0,48}"
_TIME = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,3})?)?"
TURN = re.compile(
    rf"^[ \t]{{0,3}}(?:{_NAME}?)[ \t]{{0,3}}:?[ \t]{{1,4}}[(\[]?{_TIME}[)\]]?[ \t]{{0,4}}$"
    rf"|(?:[(\[]{_TIME}[)\]]|\d{{1,2}}:\d\d:\d\d)[ \t]{{1,4}}{_NAME})(?::|$))",
    re.MULTILINE,
)
"""The beginning of a turn as programs that write down what is said have it: a name and a time, or a time in brackets or with
seconds and a name: a diary has neither."""
CUE = re.compile(rf"^[ \t]{{0,3}}{_TIME}[ \t]{{1,4}}-{{1,2}}>[ \t]{{1,4}}{_TIME}\b", re.MULTILINE)
"""The time of a caption, as WebVTT and SubRip have it: a text kept under another suffix has it still."""
LINES_OF_MARKUP = re.compile(r"\*\*|__|^#{1,6} |^[-*] ", re.MULTILINE)
"""What Markdown puts around the name of who speaks."""
MOST_LINES = 2_000
LINES_A_CUE = 8
"""At most, blank ones too: a note about captions, which shows some, has more of its own."""
FEWEST_TURNS, OFTEN = 4, 2
"""Turns in all, and of each of two speakers at least, from which a text is a transcript: an agenda names nobody twice."""


def is_transcript(text: str) -> bool:
    """Whether a text is what was said in a recording: with the times of captions, or in turns of several people."""
    start = LINES_OF_MARKUP.sub("", "\n".join(text.split("\n", MOST_LINES)[:MOST_LINES]))
    if FEWEST_TURNS <= len(CUE.findall(start)) >= start.count("\n") / LINES_A_CUE:
        return True
    turns = Counter((found[1] or found[2]).strip().casefold() for found in TURN.finditer(start))
    return turns.total() >= FEWEST_TURNS and sum(times >= OFTEN for times in turns.values()) >= 2


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
