"""The classifiers behind `refusals` and `injection`: current, good on sentences that they were not trained on, cheap."""

import json
import random
import time

import pytest

from curate.screen.injection import ORDER, RESIDUE
from curate.screen.refusals import DECLINES, SERVES
from curate.screen.train_classifiers import (
    LEARNT,
    MEANINGS,
    MODELS,
    PAIRS,
    QUESTIONS,
    VERSION,
    features_of_pairs,
    features_of_questions,
    labelled,
    learn,
    learn_pairs,
    learn_questions,
    rows_of,
)
from likeness.metrics.sentences import Classifier, fold, sentences_of, stems_of, tokens_of, train
from likeness.metrics.trees import Trees

RULES = {"refusals": (DECLINES, SERVES), "injection": (ORDER, RESIDUE)}
LEAST = {"refusals": (0.82, 0.6), "injection": (0.77, 0.55), "standalone": (0.7, 0.6)}
"""Precision and recall of sentences left out, by the classifier alone: most rows are near misses of each other."""


def shuffled(name: str) -> list[tuple[str, bool]]:
    rows = [(row["text"], row["is"]) for row in rows_of(name)]
    random.Random(7).shuffle(rows)
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNT)
def test_the_shipped_classifier_is_what_its_rows_make(name):
    shipped, made = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8")), learn(rows_of(name), LEARNT[name])
    assert shipped["version"] == VERSION and shipped["bias"] == pytest.approx(made["bias"], abs=0.02)
    for feature in shipped["weights"].keys() | made["weights"].keys():  # what is near 0 may be left out on another machine
        assert shipped["weights"].get(feature, 0) == pytest.approx(made["weights"].get(feature, 0), abs=0.12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "rows_of_it", "learn_from", "features_of"),
    [
        (PAIRS, PAIRS, learn_pairs, features_of_pairs),
        (QUESTIONS, QUESTIONS, learn_questions, features_of_questions),
        (
            MEANINGS,
            QUESTIONS,
            lambda rows: learn_questions(rows, meaning=True),
            lambda row: features_of_questions(row, meaning=True),
        ),
    ],
)
def test_the_shipped_classifier_of_pairs_is_what_its_rows_make(file, rows_of_it, learn_from, features_of):
    rows = labelled(rows_of_it)
    made = learn_from(rows)
    shipped, again = Trees.load(file), Trees(made["features"], made["bias"], made["trees"])
    assert list(shipped.features) == list(again.features)
    some = rows[::20]
    assert len(some) > 10
    for row in some:
        if features := features_of(row):
            assert shipped.probability(features) == pytest.approx(again.probability(features), abs=0.1)


def test_a_rule_is_asked_wherever_it_knows_a_sentence():
    """Its words are only to save time: none may be missing."""
    known = 0
    for name, rules in LEARNT.items():
        for row in rows_of(name):
            for _, sentence in sentences_of(row["text"]):
                folded = fold(sentence)
                for rule in rules.values():
                    if rule.pattern.search(folded):
                        known += 1
                        assert rule.knows(folded, stems_of(tokens_of(folded))), sentence
    assert known > 200


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNT)
def test_sentences_left_out_of_training_are_told_apart(name):
    rows, found, bad, right = shuffled(name), 0, 0, 0
    for fold_number in range(2):
        learnt = train([row for at, row in enumerate(rows) if at % 4 != fold_number], LEARNT[name])
        classifier = Classifier(learnt["weights"], learnt["bias"], LEARNT[name])
        for text, is_bad in rows[fold_number::4]:
            says = classifier.probability(text) >= 0.6
            found, bad, right = found + says, bad + is_bad, right + (says and is_bad)
    print(f"\n| {name} | {len(rows)} sentences | precision {right / found:.2f} | recall {right / bad:.2f} |")
    precision, recall = LEAST[name]
    assert right / found >= precision and right / bad >= recall


def test_sentences_have_their_offsets():
    text = "# A head\nDr. Hale left at 3.30 p.m. today! “Did he?” she said.\n- an item"
    found = list(sentences_of(text))
    assert all(text[at : at + len(sentence)] == sentence for at, sentence in found)
    assert found[0][1] == "A head" and found[-1][1] == "an item"


@pytest.mark.slow
@pytest.mark.parametrize("piece", [".", "a", " ", "a.", "!a", "I can't ", "\n", "“", "ignore the "])
def test_rules_stay_linear(piece):
    text = piece * (100_000 // len(piece))
    start = time.process_time()
    sentences = [sentence for _, sentence in sentences_of(text)]
    assert sentences or not any(character.isalpha() for character in piece)
    assert all(sentences)
    for rules in RULES.values():
        for rule in rules:
            rule.search(text)
    assert time.process_time() - start < 2
