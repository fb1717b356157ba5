"""Distinctive terms: which share of texts holds a phrase."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

FUNCTION_WORDS = frozenset(
    """a about above after again against all almost along already also although always am among an and another any anything are
    around as at away back be became because become been before behind being below between both but by came can cannot
    come could did do does doing done down during each either else enough even ever every everything few first for from
    get go goes going gone got had has have having he her here hers herself him himself his how however i if in into is
    it its itself just keep know last less let like little long made make many may me mean might more most much must my
    myself near need neither never new next no nobody none nor not nothing now of off often old on once one only onto
    or other others our ours out over own perhaps put quite rather really said same saw say says see seen set several
    shall she should since so some somebody something soon still such take than that the their theirs them themselves
    then there these they thing things think this those though three through thus till to together told too took toward
    two under until up upon us used very want was way we well went were what when where whether which while who whole
    whom whose why will with within without would yes yet you your yours yourself""".split()
)
"""Words that say little alone; a phrase with one of them in it is not a term."""

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def term_shares(texts: Iterable[str], terms: Iterable[str] | None = None) -> dict[str, float]:
    """Share of texts, in [0, 1], that hold each term.

    Args:
        texts: what is counted in.
        terms: phrases to look for; where none are given, every two-word phrase without a function word.
    """
    wanted = {tuple(WORD.findall(term.casefold())) for term in terms} if terms is not None else None
    holding: Counter[tuple[str, ...]] = Counter()
    total = 0
    for text in texts:
        total += 1
        words = WORD.findall(text.casefold())
        if wanted is None:
            holding.update({pair for pair in zip(words, words[1:], strict=False) if not FUNCTION_WORDS & set(pair)})
        else:
            holding.update({term for term in wanted if any(tuple(words[i : i + len(term)]) == term for i in range(len(words)))})
    return {" ".join(term): count / total for term, count in holding.items()} if total else {}
