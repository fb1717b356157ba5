"""What matches of a pattern cannot be without: texts without it are not searched, and nothing is missed."""

import json
import re
from pathlib import Path

import pytest

from curate.screen import injection, refusals
from likeness.metrics.addressed import SELLS
from likeness.metrics.needles import needles_of
from likeness.metrics.sentences import fold

ROWS = sorted((Path(refusals.__file__).parent / "models").glob("*-rows.jsonl"))


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        (r"\bhello world\b", {"hello world"}),
        (r"(?:cat|dogs)\d+ house", {" house"}),
        (r"(?:monkey|donkeys) in", {"monkey", "donkeys"}),
        (r"(?:monkey)?\d*x", set()),
        (r"(?:monkey)+", {"monkey"}),
        (r"monkey|\d+", set()),
        (r"(?!monkey)\w+", set()),
        (r"monkey|monkeys of", {"monkey"}),
        (r"ab|cd", set()),
    ],
)
def test_needles_are_strings_of_which_each_match_holds_one(pattern, needles):
    assert set(needles_of(re.compile(pattern))) == needles


def test_case_that_does_not_matter_leaves_nothing_to_look_for():
    assert needles_of(re.compile("monkey", re.IGNORECASE)) == ()


@pytest.mark.parametrize("name", ["serves", "orders", "speaks_of_task"])
def test_no_rule_misses_a_row_for_want_of_a_needle(name):
    rule = (refusals.RULES | injection.RULES)[name]
    assert len(rule.needles) > 30
    texts = [
        fold(text)
        for path in ROWS
        for line in path.read_text().splitlines()
        for text in json.loads(line).values()
        if isinstance(text, str)
    ]
    found = [text for text in texts if rule.pattern.search(text)]
    spared = [text for text in texts if not any(needle in text for needle in rule.needles)]
    assert len(found) > 50
    assert not set(found) & set(spared)
    assert len(spared) > 0.8 * len(texts)


@pytest.mark.parametrize(
    "text",
    ["Get 20 % OFF with it.", "Order it NOW!", "限时优惠", "VİSİT us at shop.example", "vısıt shop.example", "A plain walk."],
)
def test_a_needled_pattern_finds_what_the_pattern_finds_in_any_case(text):
    assert SELLS.needles
    found, plain = SELLS.search(text), SELLS.pattern.search(text)
    assert (found and found.span()) == (plain and plain.span())
