"""Whether an answer is broken: empty, going round in a loop, cut off, or in another language than asked."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from typing import Literal

from likeness.metrics.languages import language_of
from likeness.metrics.text import SPACELESS, words_of

Fault = Literal["empty", "loop", "cut", "other_language", "garbage"]

RUN = 4
"""Words of a stretch that is looked for again."""
FEWEST = 20
"""Words below which no share is taken."""
SHARE = 0.2
"""From this share of stretches that were said before, a text loops: of 340 recorded answers of the demo the worst has 0.11."""
SAID = {
    "empty": "says nothing",
    "loop": "goes round in a loop",
    "cut": "did not end by itself",
    "other_language": "is in another language than the question",
    "garbage": "is no text",
}
"""Each fault in words."""


def fault_of(answer: str, *, stopped: bool = True, question: str = "", language: str | None = None) -> Fault | None:
    """What is broken about an answer; None where nothing is.

    Args:
        answer: what the model said.
        stopped: whether it ended by itself.
        question: what was asked, whose language is expected where none is named.
        language: the language that is expected, by ISO 639-1.
    """
    words = words_of(answer)
    if not words and not any(map(str.isdigit, answer)):
        return "garbage" if len(answer.split()) > 3 else "empty"
    if loops(answer):
        return "loop"
    if _is_garbage(answer, words):
        return "garbage"
    asked, said = language or language_of(question), language_of(answer, 2)
    if asked and said and asked != said:
        return "other_language"
    return None if stopped else "cut"


def repeated_share(text: str) -> float:
    """The share, in [0, 1], of a text's stretches of four words that stand in it earlier already; 0 for a short text."""
    words = words_of(text)
    if len(words) < FEWEST:
        return 0.0
    runs = [tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]
    return 1 - len(set(runs)) / len(runs)


def loops(text: str) -> bool:
    """Whether the same comes again and again: stretches of words, the end three times, the same line, or hardly anything new."""
    if repeated_share(text) >= SHARE:
        return True
    words = words_of(text)
    if len(words) >= FEWEST:
        for length in range(1, min(40, len(words) // 3 + 1)):
            last = words[-length:]
            times = 1
            while words[-length * (times + 1) : -length * times] == last:
                times += 1
            if times >= 3 and times * length >= 8:
                return True
    lines = [line.strip() for line in re.split(r"\n+|(?<=[.!?])\s+", text) if len(line.strip()) > 12]
    if len(lines) >= 4 and Counter(lines).most_common(1)[0][1] >= max(3, len(lines) // 2):
        return True
    data = text.encode()
    return len(data) > 400 and len(zlib.compress(data, 9)) < 0.22 * len(data)


def _is_garbage(answer: str, words: list[str]) -> bool:
    """Whether hardly any of it is letters, or what looks like words has no vowels or no end."""
    bare = re.sub(r"\s", "", answer)
    if len(bare) < 12 or SPACELESS.search(answer):
        return False
    letters = sum(map(str.isalpha, bare))
    if "\ufffd" in answer or letters < 0.35 * len(bare):
        return not re.search(r"\d", answer) or letters < 0.1 * len(bare) or "\ufffd" in answer
    return sum(len(word) > 28 for word in words) * 5 > len(words)
