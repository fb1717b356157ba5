"""Convert texts to vectors, by which Argilla finds similar records."""

from __future__ import annotations

from collections.abc import Sequence

from curate.review.page import DIMENSIONS


def vectors_of(texts: Sequence[str]) -> list[list[float]]:
    """Vectors of `DIMENSIONS` numbers from hashed words and pairs of words (feature hashing, Weinberger et al. 2009).

    Hashing needs no corpus, so vectors of different builds can be compared.
    """
    if not texts:
        return []
    from sklearn.feature_extraction.text import HashingVectorizer

    words = r"(?u)\b\w{4,}\b"
    hashing = HashingVectorizer(n_features=DIMENSIONS, ngram_range=(1, 2), token_pattern=words)
    dense = hashing.transform(texts).toarray().round(4)  # precise enough, and a third of the bytes
    vectors: list[list[float]] = dense.tolist()
    return vectors
