"""Questions that ask the same in other words, and others that differ by one word that matters, in four languages.

Each line of questions.txt: a question | ones that ask the same | ones that do not, separated by `;;`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from likeness.metrics.questions import asked, likeness_of
from likeness.metrics.shared_questions import NEAR, SAME, Questions, shared_questions

LINES = [line.split("|") for line in Path(__file__).with_name("questions.txt").read_text(encoding="utf-8").splitlines()]


def test_the_same_question_is_found_in_other_words_and_no_other_is():
    same = [(question, each) for question, others, _ in LINES for each in others.split(";;")]
    other = [(question, each) for question, _, others in LINES for each in others.split(";;")]
    assert min(len(same), len(other)) >= 60
    missed = [each for question, each in same if not Questions([question]).find(each)]
    alarms = [(each, found) for question, each in other if (found := Questions([question]).find(each))]
    assert len(missed) <= 0.1 * len(same), missed
    assert len(alarms) <= 0.05 * len(other), alarms
    assert not [each for each, (_, score) in alarms if score >= SAME], "these would be dropped"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I turn the alarm on?", "How do I turn the alarm off?"),
        ("Which keys and tokens expire?", "Which keys or tokens expire?"),
        ("Why does the job not start?", "Why does the job start?"),
        ("How do I move to version 3?", "How do I move to version 4?"),
        ("Soll ich vor dem Regen säen?", "Soll ich nach dem Regen säen?"),
        ("Comment fermer la porte avant la nuit ?", "Comment fermer la porte après la nuit ?"),
        ("¿Puedo salir con abrigo?", "¿Puedo salir sin abrigo?"),
    ],
)
def test_a_small_word_or_number_makes_another_question(one, other):
    assert likeness_of(asked(one), asked(other)) < NEAR


def test_a_stock_phrase_alone_is_no_held_out_question():
    held = ["What is the best way to find out how to sharpen a chisel?"]
    stock = "What is the best way to find out how to prune a pear tree?"
    whole = "He asked what is the best way to find out how to sharpen a chisel and I said: slowly."
    assert not list(shared_questions([(stock, "Slowly.")], held))
    assert [shared.score for shared in shared_questions([("What did he ask?", whole)], held)] == [1.0]
