"""What of the sources became pairs, and what did not: by document, by section, by topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from curate.model import Pair, Passage
from curate.sources import SourceTexts
from likeness.metrics.text import FUNCTION_WORDS, WORD, count_words

PASSAGES_PER_TOPIC = 8
MOST_TOPICS = 24
TERMS = 4
"""Words that name a topic."""

FEW = 0.25
"""A part has few pairs when it has less than a quarter of what its words would give it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A document, a section or a topic, and the pairs that came of it."""

    name: str
    words: int
    pairs: int
    expected: float
    """Pairs that it would have, did all go by words."""

    @property
    def amount(self) -> str:
        """none, few (under a quarter of what is expected), enough, or many (over four times)."""
        if not self.pairs:
            return "none"
        return "few" if self.pairs < FEW * self.expected else "many" if self.pairs > self.expected / FEW else "enough"

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self) | {"expected": round(self.expected, 2), "amount": self.amount}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a dataset's pairs spread over the sources. Evenness is 1 when all goes by words, 0 when one part has it all."""

    documents: tuple[Part, ...]
    sections: tuple[Part, ...]
    """Headings within documents, with the passages below them."""
    topics: tuple[Part, ...]
    """Groups of passages that share words, named by these."""
    passages: int
    passages_without: int
    """Passages that no pair quotes."""
    document_evenness: float | None
    section_evenness: float | None
    topic_evenness: float | None
    placed: int
    """Pairs whose passage is known by their quote; sections and topics count these only."""

    def warnings(self) -> list[str]:
        """What a person should know: documents and sections of which nothing was made, or little."""
        shown = [f"no pair comes from {part.name} ({part.words:,} words)" for part in self.documents if not part.pairs]
        shown += [
            f"few pairs ({part.pairs}) come from {part.name}: by its {part.words:,} words it would have {part.expected:.0f}"
            for part in self.documents
            if part.amount == "few"
        ]
        silent = {part.name for part in self.documents if not part.pairs}
        shown += [
            f"no pair comes from the section {part.name} ({part.words:,} words)"
            for part in self.sections
            if not part.pairs and part.name.rpartition(": ")[0] not in silent
        ]
        return shown

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        parts = {name: [part.as_dict() for part in getattr(self, name)] for name in ("documents", "sections", "topics")}
        rest = {
            name: getattr(self, name)
            for name in (
                "passages", "passages_without", "document_evenness", "section_evenness", "topic_evenness", "placed",
            )
        }  # fmt: skip
        return parts | rest | {"warnings": self.warnings()}


def coverage_of(pairs: Sequence[Pair], sources: SourceTexts) -> Coverage:
    """Where in the sources the pairs come from. Without documents all is empty."""
    passages = [passage for cut in sources.passages.values() for passage in cut]
    quoted = _quoted(pairs, sources)
    sections = _grouped(passages, [f"{p.document}: {p.heading or 'the beginning'}" for p in passages], quoted)
    topics = _grouped(passages, topics_of([passage.text for passage in passages]), quoted)
    sizes = {path: count_words(document.text) for path, document in sources.documents.items()}
    documents = _parts(sizes, Counter(pair.document for pair in pairs))
    return Coverage(
        documents,
        sections,
        topics,
        len(passages),
        sum(passage not in quoted for passage in passages),
        evenness(documents),
        evenness(sections),
        evenness(topics),
        quoted.total(),
    )


def passage_map(pairs: Sequence[Pair], sources: SourceTexts) -> dict[str, tuple[Part, ...]]:
    """Every document's passages in the order they are, each with the pairs that quote it. Without documents it is empty."""
    quoted = _quoted(pairs, sources)
    words = {passage: count_words(passage.text) for cut in sources.passages.values() for passage in cut}
    per_word = quoted.total() / (sum(words.values()) or 1)
    return {
        path: tuple(
            Part(passage.heading or f"from character {passage.start}", words[passage], quoted[passage], per_word * words[passage])
            for passage in cut
        )
        for path, cut in sources.passages.items()
    }


def _quoted(pairs: Iterable[Pair], sources: SourceTexts) -> Counter[Passage]:
    """How many pairs quote each passage."""
    return Counter(passage for pair in pairs if (passage := sources.passage_of(pair)))


def _grouped(passages: Iterable[Passage], groups: Iterable[str], quoted: Counter[Passage]) -> tuple[Part, ...]:
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for passage, group in zip(passages, groups, strict=True):
        words[group] += count_words(passage.text)
        pairs[group] += quoted[passage]
    return _parts(words, pairs)


def _parts(words: dict[str, int] | Counter[str], pairs: Counter[str]) -> tuple[Part, ...]:
    """Parts, those with the fewest pairs for their words first."""
    placed, total = sum(pairs[name] for name in words), sum(words.values()) or 1
    parts = [Part(name, size, pairs[name], placed * size / total) for name, size in words.items()]
    return tuple(sorted(parts, key=lambda part: (part.pairs / (part.expected or 1), -part.words, part.name)))


def evenness(parts: Sequence[Part]) -> float | None:
    """How evenly the pairs spread over the words, in [0, 1]: 1 less the Gini index (1912) of pairs over words.

    Weighed by words, so that a document twice as long may have twice the pairs, and a heading of ten words says little.
    None where there are fewer than two parts, or no pairs.
    """
    poorest_first = sorted(parts, key=lambda part: part.pairs / (part.words or 1))
    words = np.cumsum([0, *(part.words for part in poorest_first)])
    pairs = np.cumsum([0, *(part.pairs for part in poorest_first)])
    if len(parts) < 2 or not words[-1] or not pairs[-1]:
        return None
    return round(2 * float(np.trapezoid(pairs / pairs[-1], words / words[-1])), 4)


def topics_of(texts: Sequence[str]) -> list[str]:
    """The topic of every text, named by its most telling words: k-means on TF-IDF, reduced to its main directions (LSA).

    About eight texts a topic, at most 24 topics; fewer than sixteen texts, or texts that share no word, are all one topic.
    """
    count = min(MOST_TOPICS, len(texts) // PASSAGES_PER_TOPIC)
    if count < 2:
        return ["all"] * len(texts)
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    vectorizer = TfidfVectorizer(
        token_pattern=WORD.pattern, stop_words=sorted(FUNCTION_WORDS), min_df=2, max_df=0.5, max_features=5000, sublinear_tf=True
    )
    try:
        weights = vectorizer.fit_transform(texts)
    except ValueError:  # no two texts share a word
        return ["all"] * len(texts)
    directions = TruncatedSVD(max(1, min(50, *(size - 1 for size in weights.shape))), random_state=17).fit_transform(weights)
    labels = KMeans(count, n_init=4, random_state=17).fit_predict(normalize(directions))
    terms = vectorizer.get_feature_names_out()
    overall = np.asarray(weights.mean(axis=0)).ravel()
    names = {}
    for label in np.unique(labels):  # passages that are all alike leave topics empty
        telling = np.asarray(weights[labels == label].mean(axis=0)).ravel() - overall
        names[label] = ", ".join(terms[np.argsort(-telling, kind="stable")[:TERMS]])
    return [names[label] for label in labels]
