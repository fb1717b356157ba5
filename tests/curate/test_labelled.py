"""Checks on rows of strangers that have been read since: no change may find fewer of them, or more that are fine."""

import pytest

from tests.curate.labelled import CHECKS, counts

LEAST = {"contamination": (0.85, 0.45), "contradictions": (0.8, 0.22), "injection": (0.9, 0.8), "standalone": (0.9, 0.9)}
"""Precision and recall."""


def test_all_are_held_to_something():
    assert set(CHECKS) == LEAST.keys()


@pytest.mark.parametrize("check", LEAST)
def test_rows_of_strangers_are_told_apart(check):
    got = counts(check)
    precision, recall = got["right"] / got["found"], got["right"] / got["bad"]
    print(f"\n| {check} | {got['rows']} rows | precision {precision:.2f} | recall {recall:.2f} |")
    least_precision, least_recall = LEAST[check]
    assert precision >= least_precision and recall >= least_recall
