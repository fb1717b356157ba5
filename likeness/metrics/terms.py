"""Distinctive terms: which share of texts holds a phrase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from likeness.metrics.text import FUNCTION_WORDS, words_of


def term_shares(texts: Iterable[str], terms: Iterable[str] | None = None) -> dict[str, float]:
    """Share of texts, in [0, 1], that hold each term.

    Args:
        texts: what is counted in.
        terms: phrases to look for; where none are given, every two-word phrase without a function word.
    """
    wanted = {tuple(words_of(term)) for term in terms} if terms is not None else None
    holding: Counter[tuple[str, ...]] = Counter()
    total = 0
    for text in texts:
        total += 1
        words = words_of(text)
        if wanted is None:
            holding.update({pair for pair in zip(words, words[1:], strict=False) if not FUNCTION_WORDS & set(pair)})
        else:
            holding.update({term for term in wanted if any(tuple(words[i : i + len(term)]) == term for i in range(len(words)))})
    return {" ".join(term): count / total for term, count in holding.items()} if total else {}
