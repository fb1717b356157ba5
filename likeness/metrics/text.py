"""Words, and texts cut by them: what counting needs, here once so that every count means the same."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

FUNCTION_WORDS = frozenset(
    """a about above after again against all almost along already also although always am among an and another any anyone
    anything are around as at away back be became because become been before behind being below between both but by came
    can cannot come could did do does doing done down during each either else enough even ever every everybody everyone
    everything few first for from get go goes going gone got had has have having he her here hers herself him himself his
    how however i if in into is it its itself just keep know last less let like little long made make many may me mean
    might more most much must my myself near need neither never new next no nobody none nor not nothing now of off often
    old on once one only onto or other others our ours out over own perhaps put quite rather really said same saw say says
    see seen set several shall she should since so some somebody someone something soon still such take than that the
    their theirs them themselves then there these they thing things think this those though three through thus till to
    together told too took toward two under until up upon us used very want was way we well went were what when where
    whether which while who whole whom whose why will with within without would yes yet you your yours yourself""".split()
)
"""Words that say little alone; a phrase with one of them in it is not a term."""

HAN_AND_KANA = (
    "\u3005-\u3007\u3021-\u3029\u3040-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U000323af"
)
"""Characters of Chinese and Japanese, which put no blank between words; each counts as a word, as people there count."""
SOUTH_EAST_ASIAN = (
    "\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2-\u0eb3\u0ebd-\u0ec6\u1000-\u102a\u103f\u1050-\u1055\u1780-\u17b3"
)
"""Letters of Thai, Lao, Burmese and Khmer, which put none either; a word of theirs has about `LETTERS_OF_A_WORD`."""
LETTERS_OF_A_WORD = 3.5
MARKS = "".join(map(chr, filter(lambda code: unicodedata.category(chr(code))[0] == "M", range(0x300, 0x1E00))))
"""Marks that stand on or beside a letter: vowels of Hindi and Thai, points of Arabic and Hebrew."""
SPACELESS = re.compile(f"[{HAN_AND_KANA}{SOUTH_EAST_ASIAN}]")

_LETTER = rf"[^\W\d_{HAN_AND_KANA}{SOUTH_EAST_ASIAN}]"
WORD = re.compile(rf"{_LETTER}(?:{_LETTER}|[{MARKS}])*(?:['’]{_LETTER}+)?|[{HAN_AND_KANA}]|[{SOUTH_EAST_ASIAN}][{MARKS}]*")
_UNIT = re.compile(rf"[{HAN_AND_KANA}]|(?:[{SOUTH_EAST_ASIAN}][{MARKS}]*){{1,4}}|[^\s{HAN_AND_KANA}{SOUTH_EAST_ASIAN}]+")

NOT_PROSE = re.compile(r"^(?:#{1,6} |- )")
"""How a document's text marks a heading and an item of a list."""


def count_of(number: int, thing: str, does: str = "") -> str:
    """A number of things as it is said, and what they do.

    >>> count_of(1, "pair", "await"), count_of(1200, "pair", "await"), count_of(2, "row")
    ('1 pair awaits', '1,200 pairs await', '2 rows')

    Args:
        number: how many.
        thing: of what, in the singular.
        does: what they do, in the plural.
    """
    one = number == 1
    return f"{number:,} {thing}{'' if one else 's'}" + (f" {does}{'s' if one else ''}" if does else "")


def count_words(text: str) -> int:
    """How many words a text has: what stands between blanks; each character of Chinese and Japanese; Thai by its letters.

    >>> count_words("I can't wait."), count_words("我在第一个冬天种下了那棵梨树"), count_words("나는 첫 겨울에 배나무를 심었다.")
    (3, 14, 5)
    """
    if not SPACELESS.search(text):
        return len(text.split())
    characters = len(re.findall(f"[{HAN_AND_KANA}]", text))
    letters = len(re.findall(f"[{SOUTH_EAST_ASIAN}]", text))
    others = re.findall(r"\S*\w\S*", re.sub(f"[{HAN_AND_KANA}{SOUTH_EAST_ASIAN}{MARKS}]", " ", text))
    return len(others) + characters + math.ceil(letters / LETTERS_OF_A_WORD)


def words_of(text: str) -> list[str]:
    """The words of a text, case folded, without marks and figures; of Chinese, Japanese and Thai its characters."""
    return WORD.findall(text.casefold())


def spaced(text: str) -> str:
    """The words of a text with a space on either side, so that `spaced(phrase) in spaced(text)` finds whole words only."""
    return f" {' '.join(words_of(text))} "


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of a text, without headings and lists."""
    blocks = (block.strip() for block in text.split("\n\n"))
    return [block for block in blocks if block and not NOT_PROSE.match(block)]


def windows_of(texts: Iterable[str], words: int) -> Iterator[str]:
    """The prose of all texts as one, in windows of just so many words; what is left over at the end is left out."""
    running = [unit for text in texts for paragraph in paragraphs_of(text) for unit in units_of(paragraph)]
    for start in range(0, len(running) - words + 1, words):
        yield "".join(running[start : start + words]).rstrip()


def units_of(paragraph: str) -> list[str]:
    """A paragraph's words as `count_words` counts them, each with the blank behind it."""
    if not SPACELESS.search(paragraph):
        return [f"{word} " for word in paragraph.split()]
    units = list(_UNIT.finditer(paragraph))
    blanks = [paragraph[unit.end() : following.start()] for unit, following in zip(units, units[1:], strict=False)]
    return [unit[0] + (" " if blank else "") for unit, blank in zip(units, [*blanks, " "], strict=True)]


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def quantiles(values: Sequence[int]) -> tuple[int, ...]:
    """The 5, 25, 50, 75 and 95 % quantiles, each a value that occurs."""
    import numpy as np

    return tuple(int(value) for value in np.quantile(values, QUANTILES, method="inverted_cdf"))
