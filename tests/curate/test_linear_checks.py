"""The checks that see other people's text are not kept busy by it: hostile texts take the checks no time to speak of."""

import time

import pytest

from curate.contrast.sets import SENTENCE, matched
from curate.screen.debris import CITED, HALF_CUT, MARKUP, SLOT, WHOLE
from curate.screen.injection import ORDER
from curate.screen.language import NAME
from curate.screen.numbers import NUMBER
from curate.screen.private_data import private_data_in
from curate.screen.refusals import SERVES
from train.evaluate.shape import LISTS

LENGTH = 8_000
SECONDS = 1.0
"""Of one text; before they were linear each took seconds, four times as many for twice the length."""
PRIVATE = ["A-", "Calle Aa ", "A", "HIV-", "eyJ-", "1", "Aa ", "Am A-", "1 rue Aa "]
PATTERNS = [
    (SLOT, "__A"),
    (SLOT, "_A"),
    (HALF_CUT, "![](b"),
    (HALF_CUT, "[a](http"),
    *((pattern, piece) for _, _, pattern in (*MARKUP, *WHOLE) for piece in ("[a](.", "[a](https://", "|", "a|\n", "```")),
    (CITED, "[1"),
    (NAME, "A_"),
    (NUMBER, "1"),
    (ORDER, "model reading this "),
    (SERVES, "need more details "),
    (SENTENCE, "!"),
    (LISTS, "\n"),
]


@pytest.mark.parametrize("piece", PRIVATE)
def test_private_data_is_looked_for_in_linear_time(piece):
    began = time.process_time()
    list(private_data_in(piece * (LENGTH // len(piece)) + " 1 cancer secret eyj"))
    assert time.process_time() - began < 3 * SECONDS  # of thirty patterns


@pytest.mark.parametrize(
    ("pattern", "piece"), PATTERNS, ids=[f"{number} {piece!r}" for number, (_, piece) in enumerate(PATTERNS)]
)
def test_a_pattern_of_a_check_is_linear(pattern, piece):
    began = time.process_time()
    for tail in ("\x00", "a1", " x)"):
        list(pattern.finditer(piece * (LENGTH // len(piece)) + tail))
    assert time.process_time() - began < SECONDS


def test_a_wrong_answer_is_cut_after_a_sentence():
    wrong = "One here. Two “there!” ... and three? Four.5 goes on!! Five"
    assert SENTENCE.findall(wrong) == ["One here.", "Two “there!”", "...", "and three?", "Four.5 goes on!!", "Five"]
    assert matched("Two words more.", wrong) == "One here."
