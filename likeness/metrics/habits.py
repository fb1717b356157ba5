"""The habits of language models' prose, counted in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from likeness.metrics.text import count_words, windows_of

STOCK_WORDS = """
    authentic(?:ity|ally)? beacon bustling commendable crucial(?:ly)? delv(?:e|es|ed|ing) embark(?:s|ed|ing)?
    empower(?:s|ed|ing|ment)? foster(?:s|ed|ing)? garner(?:s|ed|ing)? holistic impactful insights? interplay intricac(?:y|ies)
    intricate invaluable journey landscape leverag(?:e|es|ed|ing) meaningful(?:ly)? meticulous(?:ly)? mindful(?:ness)?
    multifaceted myriad navigat(?:e|es|ing) nuanced? overwhelm(?:ed|ing)? pivotal profound(?:ly)? realms? resilien(?:ce|t)
    resonat(?:e|es|ed|ing) seamless(?:ly)? showcas(?:e|es|ed|ing) symphony tapestr(?:y|ies) testament transformative
    underscor(?:e|es|ed|ing) unwavering vibrant vulnerab(?:le|ility) whimsical
""".split()
"""Words that models favour far beyond people (Kobak et al. 2024, arXiv 2406.07016, count many of them)."""


def _any_of(alternatives: str) -> str:
    """A pattern of whole words, from alternatives that are one to a line or between ` / `."""
    return rf"\b(?:{'|'.join(part.strip() for line in alternatives.strip().splitlines() for part in line.split(' / '))})\b"


HABITS: dict[str, str] = {
    "set phrases": _any_of(r"""
        it(?:'s| is) (?:also )?(?:important|worth|crucial|essential|helpful) to (?:note|remember|recogni[sz]e|consider|understand)
        it(?:'s| is) worth (?:noting|remembering|mentioning)
        in conclusion / in summary / to sum up / at the end of the day / when it comes to / that being said / needless to say
        plays? an? (?:crucial|vital|key|pivotal|significant|important) role / a wide (?:range|variety) of
        in today's (?:\w+[ -]){0,2}world / i hope this helps / feel free to / as an ai / remember that / holds? space
        (?:serves?|stands?) as an? (?:\w+ )?(?:reminder|testament|metaphor|beacon)
        there(?:'s| is) something (?:deeply |quietly |profoundly )?\w+ about / give yourself permission
        (?:can|could) be (?:incredibly|deeply|truly|really) / (?:a|their|your|our) sense of
        deeper (?:level|understanding|connections?)
    """),
    "“not X but Y”": "|".join((
        r"\bnot (?:just|only|merely|simply)\b[^.!?;]{1,80}?(?:\bbut\b|[—–])",
        r"\b(?:is|was|are|were)(?:n't| not) (?:just |only |merely |simply |really )?(?:about )?[^.!?;,]{1,60}[,;.—–-]+ ?"
        r"(?:it|they|that|this)(?:'s|'re| is| was| are) ",
        r"\bless about\b[^.!?;]{1,60}\bmore about\b",
    )),
    "hedges": _any_of(r"""
        may / might / perhaps / possibly / potentially / often / generally / typically / usually / arguably / tends? to
        in many cases / in some cases / to some extent / it could be said / can (?:also |sometimes |often )?be
    """),
    "threes (“x, y, and z”)": r"(?<=\w), [\w'-]+(?: [\w'-]+){0,2},? (?:and|or) [\w'-]+",
    "dashes": r"—| [–-]{1,2} ",
    "exclamation marks": r"!+",
    "assistant openers": r"\A\W*" + _any_of(r"""
        absolutely / certainly / of course / sure / great (?:question|point) / what an? (?:\w+ )?question / thank you for
        that's an? (?:\w+ )?question / i'm (?:so )?glad / i understand / i hear you
    """) + "|" + _any_of("here(?:'s| is) the (?:thing|kicker|truth) / let(?:'s| us) (?:dive|delve|explore|unpack|break)"),
    "questions answered at once": r"\bthe (?:result|answer|catch|twist|best part|bottom line|takeaway|lesson|truth)\? ",
    "connectives": r"(?:\A|(?<=[.!?] )|(?<=\n))" + _any_of(r"""
        however / moreover / furthermore / additionally / therefore / consequently / ultimately / overall / similarly / likewise
        firstly / secondly / first / second / third / finally / in addition / as a result / for (?:example|instance) / instead
        importantly / notably
    """) + ", ",
    "trailing participles (“…, making it …”)": r", (?:thus |thereby |ultimately )?" + _any_of(r"""
        allowing / causing / contributing / creating / emphasi[sz]ing / enabling / encouraging / ensuring / fostering / giving
        helping / highlighting / inviting / leading / leaving / making / offering / promoting / providing / reducing
        reflecting / reinforcing / reminding / resulting / revealing / showing / strengthening / transforming / turning
        underscoring
    """),
}  # fmt: skip
"""Habits by what a reviewer calls them. Grammar that models overuse: Reinhart et al. 2025, arXiv 2410.16107."""

WINDOW = 120
"""Words of the windows in which the author's densest use of a habit is looked for."""

SURE = 0.05
"""A habit counts against a response when the author would have it that often in at most so many such windows."""


@dataclass(frozen=True, slots=True)
class Habit:
    """A mannerism, and how often the author has it."""

    name: str
    pattern: re.Pattern[str]
    hits: int
    """In the author's own words."""
    words: int
    """Of the author, that were searched."""
    burst: float
    """Hits per word in the author's own densest window."""


def habits_of(texts: Sequence[str]) -> list[Habit]:
    """Every habit with the author's own count of it. Stock words that the author uses are the author's, and no habit."""
    text = plain("\n\n".join(texts))
    words = count_words(text)
    foreign = [stock for stock in STOCK_WORDS if not re.search(rf"\b{stock}\b", text)]
    patterns = {"stock words": rf"\b(?:{'|'.join(foreign)})\b"} if foreign else {}
    windows = [plain(window) for window in windows_of(texts, WINDOW)] or [""]
    habits = []
    for name, pattern in (patterns | HABITS).items():
        found = re.compile(pattern)
        burst = max(len(found.findall(window)) for window in windows) / WINDOW
        habits.append(Habit(name, found, len(found.findall(text)), words, burst))
    return habits


def surprises(counts: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], habits: Sequence[Habit]) -> np.ndarray[Any, Any]:
    """-log10 of the probability of as many hits, or 0 where they are nothing unusual. Shapes: (texts, habits), (texts,).

    Args:
        counts: hits, shape (texts, habits).
        lengths: words, shape (texts,).
        habits: the habits.
    """
    from scipy.stats import nbinom

    hits = np.array([habit.hits for habit in habits])
    words = habits[0].words
    chance = nbinom.sf(counts - 1, hits + 0.5, (words / (words + np.maximum(lengths, 1)))[:, None])
    bursts = np.array([habit.burst for habit in habits]) * np.maximum(lengths, WINDOW)[:, None]
    return np.where((chance < SURE) & (counts > bursts), -np.log10(np.maximum(chance, 1e-30)), 0.0)


def plain(text: str) -> str:
    """Lower case and straight apostrophes, at the same offsets."""
    lowered = text.lower()
    return (lowered if len(lowered) == len(text) else text).replace("’", "'")
