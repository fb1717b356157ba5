"""Sentences, and a small linear classifier of them that is plain JSON and needs nothing but Python to be applied."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from likeness.metrics.needles import needles_of

SENTENCE = re.compile(r"[^.!?…。！？\n]+(?:[.!?…。！？]+(?=[^\s\"”’»)*_])[^.!?…。！？\n]+){0,20}(?:[.!?…。！？]+[\"”’»)*_]*)?")
"""Up to a full stop that blanks follow, or the end of the line."""
TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[?!]+|[:\"“„«]")
STEM = 5
"""Letters of a word that stand for all its forms."""
GRAMS = (3, 4, 5)
"""Lengths of the letter n-grams of a word, its edges among the letters: what is left of a word in other forms and compounds."""
LONGEST = 40
"""Letters beyond which a word is no word."""
HOPELESS = -4.0
"""Log-odds by words alone below which no rule is asked."""
FEWEST = 4
"""Words and marks below which only a rule knows a sentence: "Wow!" is nobody's."""
RULE = 6
"""How many features a rule's hit counts for."""

SMALLEST = 0.1
"""A weight below it says nothing and is left out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A regular expression on folded text, and beginnings of words (`STEM` letters) of which one is in all that it knows."""

    pattern: re.Pattern[str]
    words: frozenset[str] = frozenset()
    """None for a pattern that is always asked."""
    needles: tuple[str, ...] = field(init=False, repr=False)
    """Strings of which one is in all that it knows, where the pattern says so."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "needles", needles_of(self.pattern))

    def knows(self, folded: str, stems: set[str]) -> bool:
        """Whether the pattern is in a sentence; asked only where one of its words is, which is quickly told."""
        if self.words and self.words.isdisjoint(stems):
            return False
        if self.needles and not any(needle in folded for needle in self.needles):
            return False
        return self.pattern.search(folded) is not None


Rules = Mapping[str, Rule]
"""By the name that reasons call them by."""


def stems_of(words: Iterable[str]) -> set[str]:
    """Beginnings of words, and of what follows an apostrophe."""
    return {part[:STEM] for word in words for part in ((word, *word.split("'")) if "'" in word else (word,))}


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a text, each with where it starts."""
    for found in SENTENCE.finditer(text):
        sentence = found[0]
        bare = sentence.lstrip(" \t-*•#>_\"“”'")
        if bare:
            yield found.start() + len(sentence) - len(bare), bare.rstrip()


def _of_word(word: str) -> tuple[str, ...]:
    """The features of a word by itself: the word, its stem, its letter n-grams."""
    edged = f"<{word[:LONGEST]}>"
    grams = (f"~{edged[at : at + size]}" for size in GRAMS for at in range(len(edged) - size + 1))
    return (word, f"{word[:STEM]}*", *grams)


def tokens_of(folded: str) -> list[str]:
    """Words, numbers and telling marks; of a row of marks ("?!!") the first alone."""
    return [token if token[0] not in "?!" else token[0] for token in TOKEN.findall(folded)]


def _of_order(words: list[str]) -> Iterator[str]:
    """The features of words in their order: neighbouring stems, and how the sentence begins."""
    stems = [word[:STEM] for word in words]
    yield from map(" ".join, zip(stems, stems[1:], strict=False))
    yield from map(" ".join, zip(stems, stems[1:], stems[2:], strict=False))
    if stems:
        yield f"starts {stems[0]}"


def features_of(sentence: str, rules: Rules) -> Counter[str]:
    """How often a sentence has each word, stem, letter n-gram, run of two or three stems; and which rules know it."""
    folded = fold(sentence)
    words = tokens_of(folded)
    features = Counter(feature for word in words for feature in _of_word(word))
    features.update(_of_order(words))
    stems = stems_of(words)
    features.update({f"@{name}": RULE for name, rule in rules.items() if rule.knows(folded, stems)})
    return features


def fold(text: str) -> str:
    """In lower case, with straight apostrophes; of equal length unless a letter's lower case is longer."""
    return text.lower().replace("’", "'")


@dataclass(frozen=True, slots=True)
class Classifier:
    """A logistic regression on the features of a sentence, their counts divided by the root of how many there are."""

    weights: Mapping[str, float]
    bias: float
    rules: Rules
    meaning: Mapping[str, Any] = field(default_factory=dict)
    """What was learnt beside a sentence model (`meant.py`): weights of the log-odds by words and of a sentence's vector."""
    _words: dict[str, tuple[float, int]] = field(default_factory=dict, repr=False)
    """What a word's own features add up to, and how many they are: looked up once a word, not once a sentence."""

    @classmethod
    def load(cls, path: Path, rules: Rules) -> Classifier:
        """What `train` wrote as JSON."""
        read = json.loads(path.read_text(encoding="utf-8"))
        return cls(read["weights"], read["bias"], rules, read.get("meaning", {}))

    def probability(self, sentence: str, least: float = 0.0) -> float:
        """How likely a sentence is one of those that are looked for, in [0, 1]; 0 where no rule could lift it to `least`."""
        return 1 / (1 + math.exp(-self.log_odds(sentence, least)))

    def log_odds(self, sentence: str, least: float = 0.0) -> float:
        """The same as log-odds; -inf where no rule could lift it to the probability `least`."""
        folded = fold(sentence)
        words, weights = tokens_of(folded), self.weights
        total, number = 0.0, 0
        for word in words:
            known = self._words.get(word)
            if known is None:
                features = _of_word(word)
                known = (sum(weights.get(feature, 0.0) for feature in features), len(features))
                if len(self._words) < 200_000:
                    self._words[word] = known
            total, number = total + known[0], number + known[1]
        for feature in _of_order(words):
            total, number = total + weights.get(feature, 0.0), number + 1
        if total / math.sqrt(number or 1) + self.bias < HOPELESS or self._most(total, number) < least:
            return -math.inf  # rules are dear, and none could lift it
        known_to_rule, stems = False, stems_of(words)
        for name, rule in self.rules.items():
            if f"@{name}" in weights and rule.knows(folded, stems):
                total, number, known_to_rule = total + RULE * weights[f"@{name}"], number + RULE, True
        if len(words) < FEWEST and not known_to_rule:
            return -math.inf
        return total / math.sqrt(number or 1) + self.bias

    def _most(self, total: float, number: int) -> float:
        """The highest probability that the rules can give."""
        best = total
        for name in self.rules:
            best = max(best, best + RULE * self.weights.get(f"@{name}", 0.0))
        spread = number or 1 if best > 0 else number + RULE * len(self.rules)
        return 1 / (1 + math.exp(-(best / math.sqrt(spread or 1) + self.bias)))

    def reasons(self, sentence: str, most: int = 3) -> list[str]:
        """The words that speak for it most strongly."""
        folded = fold(sentence)
        told = {word: sum(self.weights.get(feature, 0.0) for feature in _of_word(word)) for word in tokens_of(folded)}
        return [word for word in sorted(told, key=lambda word: (-told[word], word))[:most] if told[word] > 0]


def train(rows: Iterable[tuple[str, bool]], rules: Rules, strength: float = 10.0) -> dict[str, Any]:
    """The classifier of labelled sentences, as JSON; the same for the same rows.

    Args:
        rows: sentences, each with whether it is one of those to find.
        rules: regular expressions whose hits are features.
        strength: the inverse of the regularization; more gives larger weights.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    sentences = [(features_of(text, rules), label) for text, label in rows]
    names = {name: at for at, name in enumerate(sorted({name for features, _ in sentences for name in features}))}
    cells = [
        (row, names[name], times / math.sqrt(features.total()))
        for row, (features, _) in enumerate(sentences)
        for name, times in sorted(features.items())
    ]
    across = csr_matrix(([c[2] for c in cells], ([c[0] for c in cells], [c[1] for c in cells])), (len(sentences), len(names)))
    fitted = LogisticRegression(C=strength, class_weight="balanced", solver="lbfgs", max_iter=2000, tol=1e-6)
    fitted.fit(across, [label for _, label in sentences])
    weights = {name: round(float(fitted.coef_[0][at]), 2) for name, at in names.items()}
    return {"bias": round(float(fitted.intercept_[0]), 2), "weights": {n: w for n, w in weights.items() if abs(w) >= SMALLEST}}
