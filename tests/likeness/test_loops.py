"""Answers that go round in circles are seen, and a person's own prose is not taken for one."""

from __future__ import annotations

import json
from pathlib import Path

from likeness.metrics.degenerate import SHARE, loops, repeated_share

ROOT = Path(__file__).parents[2]


def test_what_a_small_model_says_greedily_loops():
    assert loops("I had gone up to the second lock. " + "I had not seen a boat. " * 10)
    assert loops("The gate, the gate, the gate, the gate, the gate, the gate, the gate, the gate, the gate, the gate, the gate.")
    assert loops("The first thing is to wait. " * 4)


def test_a_loop_at_the_end_of_a_long_answer_is_seen():
    own = (ROOT / "recipes/demo/documents/essays/on-leaning.md").read_text(encoding="utf-8")
    start = " ".join(own.split()[:120])
    assert not loops(start)
    assert loops(start + " and so I waited for the water to come level" * 5)


def test_nothing_that_a_person_wrote_loops():
    texts = [row for file in (ROOT / "recipes/demo/recorded").glob("*.jsonl") for row in file.read_text().splitlines()]
    answers = [text for row in texts for text in strings(json.loads(row)) if len(text.split()) > 20]
    assert len(answers) > 300
    assert max(map(repeated_share, answers)) < 0.6 * SHARE


def test_of_a_few_words_nothing_is_said():
    assert repeated_share("No. No. No. No. No. No.") == 0.0 and not loops("")


def strings(value):
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in strings(part)]
