"""Persons and things that a question points to though nobody has named them, in six languages."""

from __future__ import annotations

import re

from likeness.metrics.wording import Tongue

_NAME = re.compile(r"(?<=[\w,:;] )(?!I\b|I['’])[^\W\d_a-zß-öø-ÿ][\w'’-]+|[`\"“«„]")
"""Something with a name, or something shown, in languages that write no noun with a capital."""

PRONOUN: dict[Tongue, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b(?! who\b| that\b)", re.IGNORECASE),
    "de": re.compile(r"\b(?:er|ihn|ihm|ihnen|sie(?= (?:ihn|ihm|ihnen|es)\b))\b"),
    "fr": re.compile(r"\b(?:elles?|ils|lui|eux)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:él|ellas?|ellos)\b", re.IGNORECASE),
}
"""A pronoun of the third person that stands for somebody."""
ANTECEDENT: dict[Tongue, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:my|your|our|a|an|any|some|every|each|another|one|no|this|that)\s+\w+|\b\w+(?:'s|’s)\b|\bthe\s+(?:\w+\s+)?\w*[^s\W]\b"
        r"|\b(?:who|whoever|someone|somebody|anyone|anybody|everyone|nobody|people|people's)\b",
        re.IGNORECASE,
    ),
    "de": re.compile(r"(?<=[\wäöüß,:] )(?!Sie\b|Ihnen\b|Ihre?\w*\b)[A-ZÄÖÜ]\w+|\b(?:wer|wen|wem|jemand|jeder|man)\b"),
    "fr": re.compile(
        r"\b(?:le|la|les|un|une|des|mon|ma|mes|ton|ta|tes|notre|votre|nos|vos|ce|cet|cette|ces|chaque|au|aux|du)\s+\w+"
        r"|\b[ld]['’]\w+|\b(?:qui|quelqu['’]un|chacun)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:el|la|los|las|un|una|unos|unas|mi|mis|tu|tus|nuestr[oa]s?|est[ea]|ese|esa|cada|al|del)\s+\w+"
        r"|\b(?:quien|quién|alguien|nadie)\b",
        re.IGNORECASE,
    ),
}
"""What such a pronoun may stand for."""
AFTERWARDS = re.compile(r",\s+\w+(?:\s+\w+)?\s*\?|\b(?:ta|ton|ma|mon|votre|tu|mi)\s+\w+\b")
"""What it stands for, said later: "elle est où, ta sœur ?"."""
OPENER = re.compile(
    r"\A\W*(?:du coup|au fait|au final|à la fin|al final|y al final|por cierto|im endeffekt|am ende)\b", re.IGNORECASE
)

ZH_JA = re.compile(
    r"上記|前述|上述|上文|如上所|先ほど|さきほど|前の章|下図|次の表|本段|这一段|這一段|该段|本文では|文中|この段落|この文章|この記事|筆者|作者(?:在|は|认为|為什)"
    r"|那件事|那个人|那位|あの件|その件|あの人|例の"
)
"""A text or a thing elsewhere, in Chinese and Japanese."""
ZH_JA_POINTS = re.compile(
    r"\A\W{0,9}(?:那么?|那後?来|后来|然后|所以|结果|最后|じゃあ|それで|で、){0,3}[，,、\s]{0,9}(?:他们?|她们?|它们?|彼ら?|彼女ら?)(?!的名字)"
    r"|\A\W{0,9}(?:为什么|怎么|なぜ|どうして)?(?:この|その|あの|这个|那个|这种|那种|该)(?!世|国|季节|月|年|周|星期|仕事|頃|ごろ|まま|时候|時)\w"
    r"|\A\W{0,9}(?:那后来|那之后|それから|その後)"
)
"""A question that begins with somebody or something of whom nothing was said."""


def unnamed(instruction: str, tongue: Tongue) -> re.Match[str] | None:
    """The pronoun that stands for nobody in an instruction; None where each may stand for something.

    >>> unnamed("Reply to his question about the deposit.", "en")[0]
    'his'
    >>> unnamed("What did your father do when he retired?", "en")

    Args:
        instruction: one without a conversation before it.
        tongue: its language.
    """
    pattern = PRONOUN.get(tongue)
    found = pattern.search(instruction) if pattern else None
    if not found or _NAME.search(instruction if tongue != "de" else ""):
        return None
    opened = OPENER.match(instruction)
    before = instruction[opened.end() if opened else 0 : found.start()]
    after = AFTERWARDS.search(instruction[found.end() :])
    return None if after or ANTECEDENT[tongue].search(before) else found


def points_elsewhere(text: str, asked: bool) -> re.Match[str] | None:
    """Where a Chinese or Japanese text points to what its reader does not have.

    Args:
        text: a question or an answer.
        asked: whether it is a question.
    """
    return ZH_JA.search(text) or (ZH_JA_POINTS.search(text) if asked and not re.search(r"[「“《『]|[A-Za-z]{3}", text) else None)
