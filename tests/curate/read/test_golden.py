"""Files that are no web pages are read as their golden files say; pages are in test_web.py."""

import pytest

from tests.curate.read.shown import golden_cases, read_golden, shown

SUFFIXES = (".docx", ".epub", ".pdf", ".pptx", ".json")


@pytest.mark.parametrize("case", [case for suffix in SUFFIXES for case in golden_cases(suffix)])
def test_a_file_is_read_as_its_golden_file_says(case):
    document, right = read_golden(case)
    assert shown(document) == right


def test_every_kind_has_a_golden_file():
    assert all(golden_cases(suffix) for suffix in SUFFIXES)
