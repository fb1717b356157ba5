"""Wrong answers that a model really gave: those of earlier runs to questions that the data answers now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from curate.contrast.sets import alike_in_length, matched
from curate.model import Contrast, Pair
from likeness.errors import CallError
from likeness.metrics.near_duplicates import shingles
from likeness.recipe.folders import BuildFolder

SAME_ANSWER = 0.5
"""Jaccard similarity of word triples from which an earlier answer equals the right one, so that neither is preferred."""


def earlier_answers(folder: BuildFolder) -> dict[str, str]:
    """The answers of earlier runs, by question in the form of `said`. The newest run's answer is used.

    It is the greedy answer of the tuned model with the system prompt and without retrieval, or that of the base if there is
    none. Files from before 0.2 have both in one row.
    """
    import pyarrow.parquet as pq

    found: dict[str, str] = {}
    for path in sorted(folder.runs.glob("[!.]*/answers.parquet")):
        try:
            rows = pq.read_table(path).to_pylist()
        except (OSError, ValueError):
            raise CallError("is damaged", where=str(path), fix="`train run RECIPE` makes it again; or remove the file.") from None
        found |= {said(row["question"]): row["tuned"] for row in rows if row.get("tuned")}
        plain = [
            row
            for row in rows
            if row.get("answer") and row["engine"] == "model" and row["system"] and not row["retrieval"] and row["sample"] == 0
        ]
        for row in sorted(plain, key=lambda row: bool(row["adapter"])):  # the tuned model's answer replaces the base's
            if row["answer"].strip():
                found[said(row["question"])] = row["answer"]
    return found


def said(question: str) -> str:
    """The words of a question in lower case, without punctuation, as a key."""
    return " ".join(re.findall(r"\w+", question.casefold()))


def on_policy(preferences: Sequence[Contrast], pairs: Sequence[Pair], answers: Mapping[str, str]) -> list[Contrast]:
    """Use answers of earlier runs as the wrong answers of preferences, and add preferences for the author's own prose.

    If the author's own prose answers a question (kind `own_words`, or an interview), it is preferred to the answer that a run
    gave to that question.

    Args:
        preferences: of contrast sets.
        pairs: those to publish.
        answers: of earlier runs, by question.
    """
    found = []
    for each in preferences:
        own = answers.get(said(each.prompt[-1].content))
        wrong = _usable(each.chosen, own)
        found.append(replace(each, rejected=wrong, origin="earlier_run") if wrong else each)
    for pair in pairs:
        if pair.wrote not in ("author", "person") or len(pair.prompt) > 1:
            continue
        if wrong := _usable(pair.response, answers.get(said(pair.instruction))):
            quote = pair.evidence.quote if pair.evidence else ""
            found.append(
                Contrast(pair.id, pair.prompt, pair.response, wrong, pair.document, "earlier_run", pair.context, evidence=quote)
            )
    return found


def _usable(chosen: str, answer: str | None) -> str | None:
    """A wrong answer cut to the length of the right one; None if there is none, it says the same, or its length gives it away."""
    if not answer:
        return None
    wrong = matched(chosen, answer.strip())
    return wrong if alike_in_length(chosen, wrong) and not same_answer(chosen, wrong) else None


def same_answer(one: str, other: str) -> bool:
    """Whether two answers have nearly the same words."""
    mine, theirs = (shingles(re.findall(r"\w+", text.casefold()), 3) for text in (one, other))
    return len(mine & theirs) >= SAME_ANSWER * max(1, len(mine | theirs))


def nearest_rows(answer: str, question: str, pairs: Sequence[Pair], most: int = 5) -> list[Pair]:
    """The training rows most similar to an answer and its question, by the cosine of TF-IDF over words and pairs of words.

    Args:
        answer: a model's answer.
        question: what it was asked.
        pairs: the training rows.
        most: number of rows to return.
    """
    if not pairs:
        return []
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [f"{pair.instruction}\n{pair.response}" for pair in pairs]
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(texts)
    scores = (vectors.transform([f"{question}\n{answer}"]) @ vectors.transform(texts).T).toarray()[0]
    order = sorted(range(len(pairs)), key=lambda at: (-scores[at], pairs[at].id))
    return [pairs[at] for at in order[:most] if scores[at] > 0]
