"""Words, and texts cut by them: what counting needs, here once so that every count means the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

NOT_PROSE = re.compile(r"^(?:#{1,6} |- )")
"""How a document's text marks a heading and an item of a list."""


def count_of(number: int, thing: str, does: str = "") -> str:
    """A number of things as it is said, and what they do.

    >>> count_of(1, "pair", "await"), count_of(1200, "pair", "await"), count_of(2, "row")
    ('1 pair awaits', '1,200 pairs await', '2 rows')
    """
    one = number == 1
    return f"{number:,} {thing}{'' if one else 's'}" + (f" {does}{'s' if one else ''}" if does else "")


def words_of(text: str) -> list[str]:
    """The words of a text, case folded, without marks and figures."""
    return WORD.findall(text.casefold())


def spaced(text: str) -> str:
    """The words of a text with a space on either side, so that `spaced(phrase) in spaced(text)` finds whole words only."""
    return f" {' '.join(words_of(text))} "


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of a text, without headings and lists."""
    blocks = (block.strip() for block in text.split("\n\n"))
    return [block for block in blocks if block and not NOT_PROSE.match(block)]


def stretches_of(texts: Iterable[str], words: int) -> Iterator[str]:
    """The prose of all texts as one, in stretches of just so many words; what is left over at the end is left out."""
    running = [word for text in texts for paragraph in paragraphs_of(text) for word in paragraph.split()]
    for start in range(0, len(running) - words + 1, words):
        yield " ".join(running[start : start + words])
