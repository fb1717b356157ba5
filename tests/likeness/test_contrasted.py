"""What preference rows would teach beside their contrast is seen before they are trained on."""

from __future__ import annotations

from likeness.metrics.contrasted import Contrasted, lint

SUBJECTS = "gate sluice towpath ledger kettle barge winter lamp rope dog paddle bridge mooring cottage stove weir".split()
BEGIN = "Mostly Once Nobody Every Twice Before Under When Long Mind Cold Wet Half Still Quite Even".split()


def rows(chosen: str, rejected: str) -> list[Contrasted]:
    """Sixteen rows; {s} stands for what a row is about, {b} for a first word that differs from row to row."""
    made = []
    for number, subject in enumerate(SUBJECTS):
        words = {"s": subject, "b": BEGIN[number], "c": BEGIN[-number - 1]}
        made.append(Contrasted(f"r{number}", f"What about the {subject}?", chosen.format(**words), rejected.format(**words)))
    return made


FAIR = rows("{b} I go to the {s} by six and look at it.", "{c} the {s} was looked at by nobody in May.")


def test_fair_rows_have_no_problem():
    found = lint(FAIR)
    assert (found.rows, found.problems, found.equal, found.leaked) == (16, [], [], {})
    assert 0.9 < found.length < 1.2


def test_answers_of_one_side_that_are_longer_are_told():
    long = " It stands there since my uncle's day, and it has never once let the water through in a dry summer."
    (problem,) = lint(rows("{b} I look at the {s}." + long, "{c} I do not look at the {s}.")).problems
    assert "chosen answers are" in problem and "in 100% of rows" in problem and "write long" in problem
    (problem,) = lint(rows("{b} I look at the {s}.", "{c} I do not look at the {s}." + long)).problems
    assert "rejected answers are" in problem and "write short" in problem


def test_openings_that_tell_the_sides_apart_are_told():
    (problem,) = lint(rows("{b} I wrote of the {s} only once.", "As an expert I know the {s} well.")).problems
    assert "'as an expert …' opens 0% of chosen and 100% of rejected answers" in problem
    both = lint(rows("I think the {s} is fine today.", "I think the {s} is broken today."))
    assert not both.problems, "an opening that both sides have tells nothing"


def test_rows_that_hardly_differ_and_rows_of_held_out_questions_are_named():
    same = Contrasted(
        "same",
        "Why?",
        "The gate was shut at six by the keeper and his dog, and nobody came through it again before the morning bell",
        "The gate was shut at six by the keeper and his dog, and nobody came through it again before the evening bell",
    )
    other = Contrasted("leak", "How do I know when to wait?", "By the water.", "By the clock, I say.")
    found = lint([*FAIR, same, other], ["How do I know when to wait, and when not?", "What is a sluice for?"])
    assert found.equal == ["same"]
    assert found.leaked == {"leak": "How do I know when to wait, and when not?"}


def test_no_rows_are_no_problem():
    assert lint([]).problems == []
