"""How often a dataset has each habit of language models, beside the author's own rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from curate.model import Pair
from curate.sources import SourceTexts
from likeness.metrics.habits import plain
from likeness.metrics.text import count_words


@dataclass(frozen=True, slots=True)
class HabitRate:
    """How often a habit is in the generated responses and in the author's writing, per 1,000 words."""

    habit: str
    responses: float
    yours: float

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def habit_rates(pairs: Sequence[Pair], sources: SourceTexts) -> list[HabitRate]:
    """Every habit's rate in the generated responses beside the author's: what is too small to see in one row shows here.

    Habits of one name are one: a language adds its own patterns to the common ones.
    """
    texts = [plain(pair.response) for pair in pairs if pair.wrote == "generator"]
    words = sum(count_words(text) for text in texts)
    habits = sources.author.habits
    if not words or not habits[0].words:
        return []
    found: Counter[str] = Counter()
    yours: Counter[str] = Counter()
    for habit in habits:
        found[habit.name] += sum(len(habit.pattern.findall(text)) for text in texts)
        yours[habit.name] += habit.hits
    return [
        HabitRate(name, round(1000 * found[name] / words, 3), round(1000 * yours[name] / habits[0].words, 3)) for name in found
    ]
