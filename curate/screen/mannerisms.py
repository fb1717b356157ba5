"""The generator's own habits, by contrast with the author's: who loves dashes may have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from curate.model import Finding, Pair, Span
from curate.screen.broken import READY
from curate.screen.sources import SourceTexts
from curate.words import stretches_of

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
    """A pattern of whole words, from alternatives that stand one a line or between ` / `."""
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

STRETCH = 120
SURE = 0.05
"""A habit counts against a response when the author would have it that often in at most so many such stretches."""


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
    """Hits per word in the author's own densest stretch."""


def habits_of(sources: SourceTexts) -> list[Habit]:
    """Every habit with the author's own count of it. Stock words that the author uses are the author's, and no habit."""
    text = plain("\n\n".join(document.text for document in sources.documents.values()))
    words = len(text.split())
    foreign = [stock for stock in STOCK_WORDS if not re.search(rf"\b{stock}\b", text)]
    patterns = {"stock words": rf"\b(?:{'|'.join(foreign)})\b"} if foreign else {}
    stretches = [plain(stretch) for stretch in stretches_of((d.text for d in sources.documents.values()), STRETCH)] or [""]
    habits = []
    for name, pattern in (patterns | HABITS).items():
        found = re.compile(pattern)
        burst = max(len(found.findall(stretch)) for stretch in stretches) / STRETCH
        habits.append(Habit(name, found, len(found.findall(text)), words, burst))
    return habits


def find_mannerisms(pairs: Iterable[Pair], surprise: float, sources: SourceTexts) -> Iterable[Finding]:
    """Generated pairs whose response has habits of the generator's more often than the author's own prose would.

    For each habit: how likely are so many in so many words of the author? The author's rate has a Gamma posterior with
    Jeffreys's prior, so the count is negative-binomial, and little writing of the author's proves little. The score is the
    sum of -log10 of these probabilities, of those under 5 %. One hit alone is never enough, for every rare word is rare
    once; and what is no denser than the author's own densest stretch (a page of dashes, a row of exclamations) counts for
    nothing.

    Args:
        pairs: to be looked at.
        surprise: score from which a pair is found; 3 is one in a thousand.
        sources: with the author's documents; without any nothing is found.
    """
    written = [pair for pair in pairs if pair.kind not in READY]
    habits = habits_of(sources)
    if not written or not habits[0].words:
        return
    texts = [plain(pair.response) for pair in written]
    lengths = np.array([len(text.split()) for text in texts])
    counts = np.array([[len(habit.pattern.findall(text)) for habit in habits] for text in texts])
    scores = surprises(counts, lengths, habits)
    twice = (counts * (scores > 0)).sum(axis=1) >= 2
    for i in np.flatnonzero(twice & (scores.sum(axis=1) >= surprise)):
        strongest = sorted(np.flatnonzero(scores[i]), key=lambda j: -scores[i, j])
        first = habits[strongest[0]].pattern.search(texts[i])
        told = "; ".join(_told(habits[j], texts[i], int(lengths[i])) for j in strongest[:3])
        span = Span("response", *first.span()) if first else None
        yield Finding(
            written[i].id, "mannerisms", "warning", round(float(scores[i].sum()), 2), f"the generator's habits: {told}", span
        )


def surprises(counts: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], habits: Sequence[Habit]) -> np.ndarray[Any, Any]:
    """-log10 of the probability of as many hits, or 0 where they are nothing unusual. Shapes: (texts, habits), (texts,)."""
    from scipy.stats import nbinom

    hits = np.array([habit.hits for habit in habits])
    words = habits[0].words
    chance = nbinom.sf(counts - 1, hits + 0.5, (words / (words + np.maximum(lengths, 1)))[:, None])
    bursts = np.array([habit.burst for habit in habits]) * np.maximum(lengths, STRETCH)[:, None]
    return np.where((chance < SURE) & (counts > bursts), -np.log10(np.maximum(chance, 1e-30)), 0.0)


def plain(text: str) -> str:
    """Lower case and straight apostrophes, at the same offsets."""
    lowered = text.lower()
    return (lowered if len(lowered) == len(text) else text).replace("’", "'")


def _told(habit: Habit, text: str, length: int) -> str:
    found = [" ".join(match[0].split()).strip(" ,.;") or match[0].strip() for match in habit.pattern.finditer(text)]
    shown = ", ".join(f"“{each[:60]}”" for each in dict.fromkeys(found[:3]))
    usual = f"{1000 * habit.hits / habit.words:.2g} in a thousand" if habit.hits else "none"
    return f"{habit.name}: {shown}, {len(found)} in {length} words where you have {usual}"


@dataclass(frozen=True, slots=True)
class HabitRate:
    """How often a habit stands in the generated responses and in the author's writing, per 1,000 words."""

    habit: str
    responses: float
    yours: float

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def habit_rates(pairs: Sequence[Pair], sources: SourceTexts) -> list[HabitRate]:
    """Every habit's rate in the generated responses beside the author's: what is too small to see in one row shows here."""
    texts = [plain(pair.response) for pair in pairs if pair.kind not in READY]
    words = sum(len(text.split()) for text in texts)
    habits = habits_of(sources)
    if not words or not habits[0].words:
        return []
    found = {habit.name: sum(len(habit.pattern.findall(text)) for text in texts) for habit in habits}
    return [
        HabitRate(habit.name, round(1000 * found[habit.name] / words, 3), round(1000 * habit.hits / habit.words, 3))
        for habit in habits
    ]
