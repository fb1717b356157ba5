"""What is counted of a text's style, with its topic masked: numbers from which no sentence can be read back.

Four blocks are counted, because single measures of style fail where several hold (arXiv 2508.06374, 2510.13302): letter triples
of the text with its content words masked, function words, sentence lengths and punctuation, and habits of writing. Every count
has a denominator, so that the counts of many texts add up to the rates of all of them together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.metrics.habits import HABITS, STOCK_WORDS, plain
from likeness.metrics.languages import SMALL_WORDS, languages_of
from likeness.metrics.sentences import sentences_of
from likeness.metrics.text import FUNCTION_WORDS, WORD, count_words, paragraphs_of, words_of

Numbers = NDArray[np.float64]

FORMAT = 1
"""Of a stored profile; raised when something else is counted."""
BLOCKS = ("letters", "function words", "lengths and punctuation", "habits")

STRETCH = 120
"""Words of the stretches that an author's text is counted in."""
MOST_STRETCHES = 400
TRIPLES = 300
ENDINGS = re.compile(r"(?:ings?|ed|ly|ness|ions?|er|est|s)$")
"""What stays of a masked word: its grammar, which is style, and not its stem, which is topic."""
LENGTH_EDGES = (5, 9, 14, 20, 29, 41)
MARKS = {
    "commas": r",",
    "semicolons": r";",
    "colons": r":",
    "dashes": r"—|–| -{1,2} ",
    "questions": r"\?",
    "exclamations": r"!",
    "quotations": r"[\"“”«»„]",
    "parentheses": r"\(",
    "ellipses": r"…|\.\.\.",
    "figures": r"\d+",
    "paragraphs": r"\n\s*\n",
    "list items": r"^[^\S\n]*(?:[-*•]|\d{1,2}[.)])\s",
    "bold and headings": r"\*\*|^#{1,6} ",
}
WAYS = {
    "contractions": r"\b\w+['’](?:t|s|re|ve|ll|d|m)\b",
    "sentences that begin with I": r"(?:\A|(?<=[.!?]\s))I\b",
    "sentences that begin with and, but, so": r"(?:\A|(?<=[.!?]\s))(?:And|But|So|Or|Yet|For)\b",
    "sentences that begin with the, a": r"(?:\A|(?<=[.!?]\s))(?:The|An?)\b",
    "sentences that begin with you": r"(?:\A|(?<=[.!?]\s))Your?\b",
    "sentences that begin with it, there": r"(?:\A|(?<=[.!?]\s))(?:It|There)\b",
    "sentences that begin with if, when": r"(?:\A|(?<=[.!?]\s))(?:If|When|While|As)\b",
    "relative clauses": r", (?:which|who|where|whose)\b",
    "passives": r"\b(?:is|was|are|were|been|being|be) \w+(?:ed|en)\b",
    "long words": r"\b\w{9,}\b",
    "short words": r"\b\w{1,3}\b",
    "stock words": rf"\b(?:{'|'.join(STOCK_WORDS)})\b",
}
_MARKS = [re.compile(pattern, re.MULTILINE) for pattern in MARKS.values()]
_WAYS = [re.compile(pattern) for pattern in WAYS.values()]
_HABITS = [re.compile(pattern) for pattern in HABITS.values()]


@dataclass(frozen=True)
class Counted:
    """Style counts of some texts.

    Args:
        counts: hits, shape (texts, features).
        sizes: what each block's counts are out of, shape (texts, 4): triples, words, words, words.
    """

    counts: Numbers
    sizes: Numbers

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, rows: Any) -> Counted:
        return Counted(self.counts[rows], self.sizes[rows])

    @property
    def words(self) -> int:
        """Words in all."""
        return int(self.sizes[:, 1].sum())


@dataclass(frozen=True)
class StyleFeatures:
    """What is counted: chosen once from an author's text, the same for everybody who is held against them.

    Args:
        kept: words that are not masked (the function words of the author's languages).
        triples: letter triples of the masked text.
    """

    kept: tuple[str, ...]
    triples: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str]) -> StyleFeatures:
        """The function words of the author's languages, and the letter triples that are commonest in their masked text."""
        tongues = languages_of(texts) or frozenset({"en"})
        kept = {word for code in tongues if code != "en" for word in SMALL_WORDS.get(code, "").split()}
        kept |= FUNCTION_WORDS if "en" in tongues or not kept else set()
        found = Counter(triple for text in texts for triple in _triples(masked(text, kept)))
        return cls(tuple(sorted(kept)), tuple(triple for triple, _ in found.most_common(TRIPLES)))

    @cached_property
    def names(self) -> list[str]:
        """Every feature, in the order it is counted in."""
        lengths = [f"sentences of fewer than {edge} words" for edge in LENGTH_EDGES] + ["longer sentences"]
        return [*self.triples, *self.kept, *lengths, *MARKS, *WAYS, *HABITS]

    @cached_property
    def block_of(self) -> NDArray[np.int64]:
        """The block of every feature, as a position in BLOCKS."""
        sizes = [len(self.triples), len(self.kept), len(LENGTH_EDGES) + 1 + len(MARKS), len(WAYS) + len(HABITS)]
        return np.repeat(np.arange(len(BLOCKS)), sizes)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.kept)

    @cached_property
    def _places(self) -> tuple[dict[str, int], dict[str, int]]:
        return {each: n for n, each in enumerate(self.triples)}, {each: n for n, each in enumerate(self.kept)}

    def count(self, texts: Iterable[str]) -> Counted:
        """Count the style of each text.

        Args:
            texts: any texts; an empty one counts nothing.
        """
        rows, sizes = [], []
        for text in texts:
            row, size = self._count(text)
            rows.append(row)
            sizes.append(size)
        width = len(self.names)
        return Counted(np.array(rows, dtype=np.float64).reshape(-1, width), np.array(sizes, dtype=np.float64).reshape(-1, 4))

    def _count(self, text: str) -> tuple[list[int], list[int]]:
        triples, words = self._places
        letters = [0] * len(triples)
        all_triples = list(_triples(masked(text, self._known)))
        for triple in all_triples:
            if (place := triples.get(triple)) is not None:
                letters[place] += 1
        said = words_of(text)
        functions = [0] * len(words)
        for word in said:
            if (place := words.get(word)) is not None:
                functions[place] += 1
        lengths = [0] * (len(LENGTH_EDGES) + 1)
        for _, sentence in sentences_of(text):
            number = count_words(sentence)
            lengths[sum(number >= edge for edge in LENGTH_EDGES)] += 1
        folded = plain(text)
        marks = [len(pattern.findall(text)) for pattern in _MARKS]
        ways = [len(pattern.findall(text)) for pattern in _WAYS] + [len(pattern.findall(folded)) for pattern in _HABITS]
        return [*letters, *functions, *lengths, *marks, *ways], [len(all_triples), len(said), len(said), len(said)]


def masked(text: str, kept: Collection[str]) -> str:
    """The text in lower case, every content word replaced by marks that keep its length and its ending.

    After Stamatatos 2017, Authorship attribution using text distortion.

    >>> masked("The gate was opened slowly.", {"the", "was"})
    'the ** was **ed **ly.'
    """

    def mask(found: re.Match[str]) -> str:
        word = found[0]
        if word in kept or len(word) == 1:
            return word
        ending = ENDINGS.search(word)
        tail = ending[0] if ending and len(word) - len(ending[0]) >= 3 else ""
        return "*" * (1 + (len(word) > 3) + (len(word) > 7)) + tail

    return WORD.sub(mask, " ".join(text.casefold().replace("’", "'").split()))


def stretches_of(text: str, words: int = STRETCH) -> Iterator[str]:
    """A document's prose in stretches of about so many words, cut between sentences; a rest of under half of that is left out."""
    held: list[str] = []
    size = 0
    for paragraph in paragraphs_of(text):
        starts = [start for start, _ in sentences_of(paragraph)] or [0]
        for start, end in pairwise([0, *starts[1:], len(paragraph)]):
            held.append(paragraph[start:end])
            size += count_words(paragraph[start:end])
            if size >= words:
                yield "".join(held).strip()
                held, size = [], 0
        if held:
            held.append("\n\n")
    if size >= words / 2:
        yield "".join(held).strip()


def _triples(text: str) -> Iterator[str]:
    return (text[start : start + 3] for start in range(len(text) - 2))
