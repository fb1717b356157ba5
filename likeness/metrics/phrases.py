"""Phrases, openings, closings and sentence templates, counted over many texts."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from likeness.metrics.text import FUNCTION_WORDS, WORD, words_of

Form = Literal["phrase", "opening", "closing", "template"]

Rows = NDArray[np.int64]

Numbers = NDArray[np.int32]

LONGEST = 4
"""Words of a phrase."""

EDGE = 3
"""Words of an opening or a closing."""

SENTENCE = re.compile(r"[^.!?…]+[.!?…]?")

BLANK = "…"


def _at_most(share: float, texts: int) -> float:
    """A share as it may well be where few texts were seen: two more with it, two more without (Agresti and Coull 1998)."""
    return (share * texts + 2) / (texts + 4)


def rows_over(rows: int, total: int, allowed: float) -> int:
    """How many of `rows` to take away so that the others are a share of at most `allowed`, below 1: the whole shrinks as well.

    Args:
        rows: the rows.
        total: of how much.
        allowed: the share that is allowed.
    """
    return max(0, math.ceil(round((rows - allowed * total) / (1 - allowed), 9)))  # 0.1 * 30 is a little more than 3


def phrases(responses: Sequence[str], own: Sequence[str], fewest: int) -> Iterator[tuple[str, Rows, float]]:
    """Phrases of one to four words, a content word among them or three words at least, that `fewest` responses hold.

    Counted by widening: a phrase can be frequent only if both its shorter halves are (Agrawal and Srikant 1994), so that
    memory goes with the words and not with all their combinations.

    Args:
        responses: the answers.
        own: the author's text in equally long windows.
        fewest: responses that have to hold a phrase.

    Yields:
        phrase, the responses that hold it, and the share of `own` texts that do.
    """
    codes, rows, names = _numbered([*responses, *own])
    total = len(responses) + len(own)
    for length in range(1, LONGEST + 1):
        if length > 1:
            codes, names = _widened(codes, names, rows, length)
        inside = codes >= 0
        code, row = np.divmod(_distinct(codes[inside] * np.int64(total) + rows[: len(codes)][inside]), total)  # once a text
        counts = np.bincount(code[row < len(responses)], minlength=len(names))
        frequent = np.flatnonzero(counts >= fewest)
        for each in frequent:
            held = row[np.searchsorted(code, each) : np.searchsorted(code, each, side="right")]
            if length >= EDGE or not FUNCTION_WORDS.issuperset(names[each]):  # “of the” is nobody's; “this is how we” is
                mine = held[held < len(responses)]
                yield " ".join(names[each]), mine, (len(held) - len(mine)) / (len(own) or 1)
        renamed = np.full(len(names) + 1, -1, dtype=np.int32)  # the last stands for what is not frequent already
        renamed[frequent] = np.arange(len(frequent))
        codes, names = renamed[codes], [names[each] for each in frequent]


def _distinct(keys: Rows) -> Rows:
    """As np.unique, whose hashing of whole numbers takes ten times as long as sorting them."""
    keys.sort()
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys


def _numbered(texts: Sequence[str]) -> tuple[Numbers, Numbers, list[tuple[str, ...]]]:
    """Every word of all texts as a number, the text that it is in, and the words that the numbers stand for."""
    vocabulary: dict[str, int] = {}
    ids = [np.array([vocabulary.setdefault(word, len(vocabulary)) for word in words_of(text)], dtype=np.int32) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), [len(each) for each in ids])
    return np.concatenate([*ids, np.zeros(0, dtype=np.int32)]), rows, [(word,) for word in vocabulary]


def _widened(codes: Numbers, names: list[tuple[str, ...]], rows: Numbers, length: int) -> tuple[Numbers, list[tuple[str, ...]]]:
    """Phrases one word longer, from frequent ones that overlap within a text; -1 where there is none."""
    inside = (codes[:-1] >= 0) & (codes[1:] >= 0) & (rows[: len(codes) - 1] == rows[length - 1 :])
    joined = codes[:-1][inside] * np.int64(len(names)) + codes[1:][inside]
    distinct = _distinct(joined.copy())
    widened = np.full(max(0, len(codes) - 1), -1, dtype=np.int32)
    widened[inside] = np.searchsorted(distinct, joined)
    return widened, [(*names[first], names[second][-1]) for first, second in (divmod(int(each), len(names)) for each in distinct)]


def _sets(
    responses: Sequence[str], own: Sequence[str], made_of: Callable[[str], Iterable[str]], fewest: int
) -> Iterator[tuple[str, Rows, float]]:
    """What `fewest` responses hold of what a function makes of a text; as `phrases`."""
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(responses):
        for each in set(made_of(text)):
            rows.setdefault(each, []).append(row)
    frequent = {each: held for each, held in rows.items() if len(held) >= fewest}
    own_rows = Counter(each for text in own for each in set(made_of(text)) if each in frequent)
    for each, held in frequent.items():
        yield each, np.array(held, dtype=np.int64), own_rows[each] / (len(own) or 1)


def opening(text: str) -> list[str]:
    """The first three words."""
    words = words_of(text[:200])
    return [" ".join(words[:EDGE])] if len(words) >= EDGE else []


def closing(text: str) -> list[str]:
    """The last three words."""
    words = words_of(text[-200:])
    return [" ".join(words[-EDGE:])] if len(words) >= EDGE else []


def templates(text: str) -> list[str]:
    """Its sentences with runs of content words blanked (“it is not the … but the …”), where three words and more are left."""
    found = []
    for sentence in SENTENCE.findall(text.casefold()):
        kept = [word if word in FUNCTION_WORDS else BLANK for word in WORD.findall(sentence)]
        shown = [word for i, word in enumerate(kept) if word != BLANK or kept[i - 1 : i] != [BLANK]]
        if BLANK in shown and len(shown) - shown.count(BLANK) >= EDGE and len(shown) <= 4 * EDGE:
            found.append(" ".join(shown))
    return found
