"""Strings that a regular expression's matches cannot be without: a text without any need not be searched, which takes longer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from re import _constants as op  # type: ignore[attr-defined]  # the parse tree has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

SHORTEST = 3
"""Characters below which a needle is in nearly every text."""
FIRST_CJK = "\u2e80"
"""From here on two characters are a word."""
MOST = 200
"""Needles beyond which looking for them takes as long as the search."""
TURKISH = ("\u0130", "\u0131")


def needles_of(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Strings of which every match holds at least one; none where that cannot be said of the pattern."""
    return () if pattern.flags & re.IGNORECASE else _needles_of(pattern)


def _needles_of(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """The same in the letters' case as the pattern is written."""
    found = _of_sequence(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    least = {each for each in found if not any(other != each and other in each for other in found)}
    return tuple(sorted(least)) if len(least) <= MOST else ()


@dataclass(frozen=True, slots=True)
class Needled:
    """A regular expression that is only searched for where one of its needles is.

    One that ignores case has its needles looked for in casefolded text; the Turkish i, which casefolding keeps apart from
    the other and regular expressions do not, is searched for.
    """

    pattern: re.Pattern[str]
    needles: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ignores_case = self.pattern.flags & re.IGNORECASE
        needles = _needles_of(self.pattern)
        object.__setattr__(self, "needles", tuple(each.casefold() for each in needles) if ignores_case else needles)

    def search(self, text: str) -> re.Match[str] | None:
        """What the pattern's own `search` returns."""
        looked_in = text.casefold() if self.pattern.flags & re.IGNORECASE else text
        if (
            self.needles
            and not any(needle in looked_in for needle in self.needles)
            and not any(letter in text for letter in TURKISH)
        ):
            return None
        return self.pattern.search(text)


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Of all that has to come one after the other, what is told best: by long needles, then by few."""
    choices: list[frozenset[str]] = []
    run = ""
    for kind, value in [*items, (op.AT, None)]:
        if kind is op.LITERAL:
            run += chr(value)
            continue
        if len(run) >= SHORTEST or (len(run) > 1 and run > FIRST_CJK):
            choices.append(frozenset((run,)))
        run = ""
        if kind is not op.AT and (more := _of_item(kind, value)):
            choices.append(more)
    return max(choices, key=lambda needles: (min(map(len, needles)), -len(needles)), default=frozenset())


def _of_item(kind: Any, value: Any) -> frozenset[str]:
    if kind is op.BRANCH:
        each = [_of_sequence(branch) for branch in value[1]]
        return frozenset().union(*each) if all(each) else frozenset()
    if kind is op.SUBPATTERN:
        _, added, _, inner = value
        return frozenset() if added & re.IGNORECASE else _of_sequence(inner)
    if kind is op.ATOMIC_GROUP:
        return _of_sequence(value)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        least, _, inner = value
        return _of_sequence(inner) if least else frozenset()
    return frozenset()
