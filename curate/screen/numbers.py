"""Numbers in running text, in figures or in English words, as values: "twelve", "12", "a dozen" and "the twelfth" are one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen""".split()
_ORDINALS = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()

VALUES = {word: value for words in (_ONES, _ORDINALS) for value, word in enumerate(words)}
VALUES |= {word: 10 * value for value, word in enumerate(_TENS, 2)}
VALUES |= {word[:-1] + "ieth": 10 * value for value, word in enumerate(_TENS, 2)}
SCALES = {"dozen": 12, "hundred": 100, "hundredth": 100, "thousand": 1000, "thousandth": 1000, "million": 10**6, "billion": 10**9}

BY_THE_WAY = {"zero", "one", "first", "second", "third", *SCALES} - {"dozen"}

_SPELT = "|".join(sorted([*VALUES, *SCALES], key=len, reverse=True))
NUMBER = re.compile(
    rf"(?P<decade>\b\d{{3}}0['’]?s\b)"
    rf"|(?P<figure>(?<![\w.,])(?:\d{{1,3}}(?:,\d{{3}})+|\d++)(?:\.\d++)?)(?!\w*\d)"
    rf"|\b(?P<spelt>(?:{_SPELT})(?:(?:\s+and\s+|[\s-]+)(?:{_SPELT}))*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number where it is. A decade ("the 1840s") has its first year as value."""

    value: float
    start: int
    end: int
    decade: bool = False


def numbers_in(text: str) -> Iterator[Number]:
    """The numbers of a text, in order, but for words that count only by the way: "one", "first", "a hundred times"."""
    lowered = text.lower()  # several times as fast as a search that ignores case
    for match in NUMBER.finditer(lowered if len(lowered) == len(text) else text):
        if match["decade"]:
            yield Number(float(match["decade"][:4]), *match.span(), decade=True)
        elif match["figure"]:
            yield Number(float(match["figure"].replace(",", "")), *match.span())
        elif match[0].casefold() not in BY_THE_WAY:
            for value in _spelt(re.split(r"\s+and\s+|[\s-]+", match[0].casefold())):
                yield Number(value, *match.span())


def _spelt(words: list[str]) -> Iterator[float]:
    """The values of number words in a row: [twenty, one] is 21, [nineteen, forty, three] 1943, [two, three] 2 and 3."""
    whole = part = 0
    last: str | None = None
    for word in words:
        if scale := SCALES.get(word):
            part = (part or 1) * scale
            if scale >= 1000:
                whole, part = whole + part, 0
        elif last is None or last in SCALES or (VALUES[last] >= 20 and 0 < VALUES[word] < 10):
            part += VALUES[word]
        elif 10 <= part <= 20 <= VALUES[word] and last not in SCALES:  # a year as it is spoken
            part = 100 * part + VALUES[word]
        else:
            yield float(whole + part)
            whole, part = 0, VALUES[word]
        last = word
    yield float(whole + part)
