"""Sentences that their words leave open are judged by what they mean as well, where a sentence model is installed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from likeness.metrics.embedding import Embedding
from likeness.metrics.sentences import Classifier
from likeness.metrics.wording import tongue_of

SCALE, MOST = 4.0, 2.0
"""Log-odds by words are divided by this before they are weighed beside a vector of length 1, and held within this."""
FOLDS = 5
BOUND = 0.7
"""Where the checks' bounds lie, about."""
ALARMS = 1.15
"""How many more of the labelled sentences, near misses all, may be told falsely than by words. Of 1,500 sentences of Emerson as
many are told so as by words, and of 3,000 technical paragraphs two thirds as many are taken for orders."""
LANGUAGE = "en"
"""The one that the model knows."""


class Reading:
    """A classifier at work on rows: by words alone, or with a sentence model.

    What was learnt of vectors holds for the model that they came from: another one, named by `LIKENESS_EMBEDDING`, is not asked.

    Args:
        classifier: of sentences.
        model: None for words alone.
        open_from: the probability by words from which a sentence is read for what it means; reading all takes too long.
    """

    def __init__(self, classifier: Classifier, model: Embedding | None, open_from: float) -> None:
        self.classifier = classifier
        self.model = model if classifier.meaning and model and model.packaged else None
        self.open_from = open_from

    def read(self, sentences: Iterable[str]) -> None:
        """Read those that are open, many at a time: one by one takes twice as long."""
        if self.model:
            self.model.vectors([sentence for sentence in dict.fromkeys(sentences) if self._open(sentence) is not None])

    def probability(self, sentence: str, least: float = 0.0) -> float:
        """How likely a sentence is one of those that are looked for, in [0, 1]; 0 where it is surely less than `least`."""
        if self.model is None or (odds := self._open(sentence)) is None:
            return self.classifier.probability(sentence, least)
        learnt = self.classifier.meaning
        vector = self.model.vectors([sentence])[0]
        odds = learnt["bias"] + learnt["words"] * scaled(odds) + float(vector @ np.asarray(learnt["vector"], dtype=np.float32))
        return round(1 / (1 + math.exp(-odds)), 2)  # the last bits of a vector are others beside other texts

    def _open(self, sentence: str) -> float | None:
        """The log-odds by words of a sentence that is read for what it means; None for all others."""
        odds = self.classifier.log_odds(sentence, self.open_from)
        return odds if odds >= math.log(self.open_from / (1 - self.open_from)) and tongue_of(sentence) == LANGUAGE else None


def scaled(odds: float) -> float:
    """Log-odds by words as they are weighed beside a vector."""
    return max(-MOST, min(MOST, odds / SCALE))


def learn_meaning(odds: Sequence[float], vectors: Any, labels: Sequence[bool]) -> dict[str, Any]:
    """A logistic regression on log-odds by words and on meanings, as JSON.

    Checks have their bounds for probabilities by words. So the bias is set by sentences left out: as many of those that are
    not looked for are at or above `BOUND` as by words alone (times `ALARMS`), and what meaning adds is what is found.

    Args:
        odds: by words, of classifiers that had not seen the sentence (stacking; Wolpert 1992).
        vectors: what each means, shape (sentences, dimensions).
        labels: whether each is one of those to find.
    """
    features = np.hstack([np.array([[scaled(each)] for each in odds]), vectors])
    wanted, folds = np.array(labels, dtype=bool), np.arange(len(odds)) % FOLDS
    left_out = np.zeros(len(odds))
    for fold in range(FOLDS):
        learnt = _fit(features[folds != fold], wanted[folds != fold])
        left_out[folds == fold] = learnt.decision_function(features[folds == fold])
    bound = math.log(BOUND / (1 - BOUND))
    alarms = float((np.array(odds)[~wanted] >= bound).mean())
    fitted = _fit(features, wanted)
    bias = float(fitted.intercept_[0]) + bound - float(np.quantile(left_out[~wanted], 1 - min(1.0, ALARMS * alarms)))
    words, *vector = (round(float(weight), 2) for weight in fitted.coef_[0])
    return {"bias": round(bias, 2), "words": words, "vector": vector}


def _fit(features: Any, wanted: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.3, class_weight="balanced", max_iter=3000, tol=1e-6).fit(features, wanted)
