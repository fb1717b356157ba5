"""The generator's own habits, by contrast with the author's: who loves dashes may have them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from curate.check import Check
from curate.model import Finding, Pair, Span
from curate.screen.settings.mannerisms import MannerismsSettings
from curate.sources import SourceTexts
from likeness.metrics.habits import TELLING, Habit, plain, surprises
from likeness.metrics.text import count_words


def find_mannerisms(pairs: Iterable[Pair], surprise: float, sources: SourceTexts) -> Iterable[Finding]:
    """Generated pairs whose response has habits of the generator's more often than the author's own prose would.

    For each habit: how likely are so many in so many words of the author? The author's rate has a Gamma posterior with
    Jeffreys's prior, so the count is negative-binomial, and little writing of the author's proves little. The score is the
    sum of -log10 of these probabilities, of those under 5 %. One hit alone is never enough, for every rare word is rare
    once; and what is no denser than the author's own densest window (a page of dashes, a row of exclamations) counts for
    nothing.

    Args:
        pairs: to be looked at.
        surprise: score from which a pair is found; 3 is one in a thousand.
        sources: with the author's documents; without any nothing is found.
    """
    written = [pair for pair in pairs if pair.wrote == "generator"]
    habits = sources.author.habits
    if not written or not habits[0].words:
        return
    texts = [plain(pair.response) for pair in written]
    lengths = np.array([count_words(text) for text in texts])
    counts = np.array([[len(habit.pattern.findall(text)) for habit in habits] for text in texts])
    scores = surprises(counts, lengths, habits)
    worth = np.array([2 if habit.name in TELLING else 1 for habit in habits])
    twice = (counts * worth * (scores > 0)).sum(axis=1) >= 2
    for i in np.flatnonzero(twice & (scores.sum(axis=1) >= surprise)):
        strongest = sorted(np.flatnonzero(scores[i]), key=lambda j: -scores[i, j])
        first = habits[strongest[0]].pattern.search(texts[i])
        lines = "; ".join(_in_words(habits[j], texts[i], int(lengths[i])) for j in strongest[:3])
        span = Span("response", *first.span()) if first else None
        yield Finding(
            written[i].id,
            "mannerisms",
            "warning",
            round(float(scores[i].sum()), 2),
            f"the generator's habits: {lines}",
            span,
            "habits",
        )


def _in_words(habit: Habit, text: str, length: int) -> str:
    found = [" ".join(match[0].split()).strip(" ,.;") or match[0].strip() for match in habit.pattern.finditer(text)]
    shown = ", ".join(f"“{each[:60]}”" for each in dict.fromkeys(found[:3]))
    usual = f"{1000 * habit.hits / habit.words:.2g} in a thousand" if habit.hits else "none"
    return f"{habit.name}: {shown}, {len(found)} in {length} words where you have {usual}"


CHECK = Check(
    name="mannerisms",
    about="The habits of language models, more often than the author has them.",
    scope="row",
    order=160,
    reasons={"habits": "the generator's habits"},
    find=lambda given: find_mannerisms(given.pairs, given.settings[MannerismsSettings].surprise, given.sources),
    settings=MannerismsSettings,
    cure="say in persona.description how you do without the generator's habits",
)
