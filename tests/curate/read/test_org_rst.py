"""Org and reStructuredText: what they mark is known, what only programs read is left out."""

import pytest

from curate.read.org import read_org
from curate.read.restructured import read_rst

from .shown import golden_cases, read_golden, shown


@pytest.mark.parametrize("case", [*golden_cases(".org"), *golden_cases(".rst")])
def test_org_and_restructured_text_read_as_their_golden_files(case):
    document, right = read_golden(case)
    assert shown(document) == right


def test_orgs_code_stays_byte_for_byte():
    code = "def f(*a):\n    return /b/ =c= *d*\n\n\n#+ [[no][link]]"
    reading = read_org(f"Text.\n\n#+begin_src python :results output\n{code}\n#+end_src\n")
    assert reading.text == f"Text.\n\n```python\n{code}\n```"
    assert [block.kind for block in reading.blocks] == ["prose", "code"]


def test_a_block_of_org_that_never_ends_loses_nothing():
    assert read_org("#+begin_src c\nint x;\n\nMore.").text == "int x;\n\nMore."


def test_directives_that_only_sphinx_knows_are_read_as_the_text_in_them():
    reading = read_rst(".. tab-set::\n\n   .. tab-item:: One\n\n      Words *here*.\n\n.. toctree::\n\n   a\n   b\n\nEnd.\n")
    assert reading.text == "One\n\nWords here.\n\nEnd."
    assert [each.reason for each in reading.left_out] == ["directive"]


def test_restructured_text_reaches_no_other_file(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    reading = read_rst(f"Text.\n\n.. include:: {tmp_path}/secret.txt\n\n.. raw:: html\n   :file: {tmp_path}/secret.txt\n")
    assert "secret\n" not in reading.text
    assert reading.text == "Text."


def test_literal_blocks_stay_byte_for_byte():
    reading = read_rst("See::\n\n    a  *b*\n      ``c``\n\n\n    |d|_\n\nEnd.\n")
    assert reading.text == "See:\n\na  *b*\n  ``c``\n\n\n|d|_\n\nEnd."
