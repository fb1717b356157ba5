"""Forms of question (how, why, when, who, what differs, advice), and which of them few pairs ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from curate.model import Pair

RARE = 0.05
"""A form is rare if a smaller share of the questions has it; if all were asked alike, each would have a seventh."""
FEWEST_PAIRS = 20
"""With fewer questions than this, each form is rare by chance."""


def rare_forms(pairs: Sequence[Pair], patterns: Mapping[str, str]) -> list[tuple[str, int, int]]:
    """The forms that few questions have, the rarest first: name, number of questions that have it, number of questions.

    Args:
        pairs: those that exist already.
        patterns: by the form's name, a pattern that is found in a question of that form, in lower case.
    """
    asked = [pair.instruction.casefold() for pair in pairs if "?" in pair.instruction]
    if len(asked) < FEWEST_PAIRS:
        return []
    counts = {name: sum(re.search(pattern, question) is not None for question in asked) for name, pattern in patterns.items()}
    rare = [(name, count, len(asked)) for name, count in counts.items() if count < RARE * len(asked)]
    return sorted(rare, key=lambda form: form[1])
