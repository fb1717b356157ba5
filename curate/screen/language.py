"""Text in another language than the author's. No model: the author's own words and spelling are the measure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from curate.model import Finding, Pair, Span
from curate.screen.sources import SourceTexts

COMMON = 150
"""So many of the commonest words make up more than half of any text in their language, and little of one in another."""
SHARE = 0.35
"""A stretch may be foreign if they make up less than this part of what they make up in the author's own text ..."""
BITS = 1.6
"""... and is, if its spelling is stranger as well: a list of rare nouns has no common words, but it is spelt like English."""
FEWEST = 8
"""Words below which a stretch says too little."""
ENOUGH = 300
"""Words of the author's below which nothing is known of the language."""

WORD = re.compile(r"[^\W\d_]+")
SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Japanese, Chinese and Thai put no space between words: a character stands for a word."""


class Language:
    """A language as one author's texts show it: the commonest words, and how often three letters follow each other.

    Character trigrams tell languages apart in a few words (Cavnar and Trenkle 1994, "N-gram-based text categorization").
    """

    def __init__(self, texts: Iterable[str]) -> None:
        words = Counter(word for text in texts for word in words_of(text))
        self.words = words.total()
        self._common = {word for word, _ in words.most_common(COMMON)}
        self.usual_share = sum(words[word] for word in self._common) / (self.words or 1)
        self._trigrams: Counter[str] = Counter()
        for word, times in words.items():
            for trigram in _trigrams(word):
                self._trigrams[trigram] += times
        self._total = self._trigrams.total()
        self.usual_bits = sum(times * self._bits(trigram) for trigram, times in self._trigrams.items()) / (self._total or 1)

    def share(self, words: Sequence[str]) -> float:
        """How much of a stretch the commonest words make up, in [0, 1]."""
        return sum(word in self._common for word in words) / len(words)

    def bits(self, words: Sequence[str]) -> float:
        """How strange a stretch is spelt: bits per trigram, Krichevsky and Trofimov's half added to every count."""
        trigrams = [trigram for word in words for trigram in _trigrams(word)]
        return sum(map(self._bits, trigrams)) / len(trigrams)

    def _bits(self, trigram: str) -> float:
        return -math.log2((self._trigrams[trigram] + 0.5) / (self._total + len(self._trigrams)))


def find_other_language(pairs: Sequence[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs with a paragraph, on either side, in a language that the author does not write.

    The author's language is read from the documents, and where there are none from the pairs together. Who writes in two
    languages may be answered in both. A sentence inside a paragraph is not found, nor is a stretch of fewer than eight words.
    The score is how much of the paragraph the author's commonest words make up, in [0, 1].
    """
    language = Language(
        [document.text for document in sources.documents.values()] or [text for pair in pairs for _, text in pair.sides]
    )
    if language.words < ENOUGH:
        return
    for pair in pairs:
        for part, text in pair.sides if pair.kind != "own_words" else ():
            for paragraph in re.finditer(r"[^\n]+", text):
                words = words_of(paragraph[0])
                if len(words) < FEWEST or (share := language.share(words)) >= SHARE * language.usual_share:
                    continue
                if language.bits(words) > language.usual_bits + BITS:
                    message = (
                        "seems to be in another language than yours: your commonest words make up "
                        f"{share:.0%} of it, and {language.usual_share:.0%} of your own writing"
                    )
                    yield Finding(pair.id, "language", "warning", share, message, Span(part, *paragraph.span()))
                    break


def words_of(text: str) -> list[str]:
    """Words without case; in writing without spaces, characters."""
    return WORD.findall(SPACELESS.sub(r" \g<0> ", text).casefold())


def _trigrams(word: str) -> list[str]:
    return [f" {word} "[at : at + 3] for at in range(len(word))]
