"""What comes back from a blind test is added up: by mail, from Argilla as rankings, and beside what Claude chose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from likeness.blind import BlindItem, BlindTest, read_blind_test
from likeness.errors import CallError
from likeness.pages import environment
from tests.make import CHROMIUM
from train.blind import add_up, lines
from train.compare.runs import RunView

ORDERS = (["tuned", "prompted", "real"], ["real", "prompted", "tuned"])


@pytest.fixture
def test(tmp_path: Path) -> BlindTest:
    """A blind test of six questions, every one with the person's own answer."""
    run = tmp_path / "runs/001-made"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text(json.dumps({"dataset": "001-none"}), encoding="utf-8")
    items = [BlindItem(f"q{n}", f"Why {n}?", ["One.", "Two.", "Three."]) for n in range(6)]
    made = BlindTest(run, "0123456789ab", "Ann", items, {f"q{n}": ORDERS[n % 2] for n in range(6)})
    made.write()
    return made


def ranked(test: BlindTest, *sides: str) -> dict[str, str]:
    """The letters in which these sides come in this order, by question."""
    return {item: "".join("ABC"[whose.index(side)] for side in sides) for item, whose in test.sides.items()}


def test_a_blind_test_is_read_back_as_it_was_written(test: BlindTest) -> None:
    assert read_blind_test(test.run) == test
    with pytest.raises(CallError, match="no blind test yet"):
        read_blind_test(test.run.parent)


def test_a_ranking_says_which_of_the_two_is_better(test: BlindTest, tmp_path: Path) -> None:
    mailed = tmp_path / "Ann.json"
    mailed.write_text(json.dumps({"test": test.name, "person": "Ann", "choices": ranked(test, "real")}), encoding="utf-8")
    alone = add_up(RunView(test.run), [mailed])
    assert alone["votes"] == 6 and alone["chosen"]["real"].value == 1 and alone["test"] == "go on"
    assert (alone["tuned_over_prompted"].low, alone["tuned_over_prompted"].high) == (0.0, 1.0), "nothing is said of the two"
    test.write_result("Bo", ranked(test, "real", "tuned", "prompted"))
    test.write_result("Cy", ranked(test, "tuned", "real", "prompted"))
    both = add_up(RunView(test.run), [mailed, test.results])
    assert both["people"] == 3 and both["votes"] == 18 and both["chosen"]["tuned"].value == pytest.approx(1 / 3, abs=1e-3)
    assert both["tuned_over_prompted"].value == 1.0 and both["test"] == "tuned is better"


def test_a_result_that_is_none_of_the_page_is_refused(test: BlindTest, tmp_path: Path) -> None:
    for said in ({"choices": {"q0": "D"}}, {"choices": {"q9": "A"}}, {"choices": {}, "rankings": {"q0": ["A", "A"]}}):
        file = tmp_path / "odd.json"
        file.write_text(json.dumps({"test": test.name, "person": "Di", **said}), encoding="utf-8")
        with pytest.raises(CallError, match="does not offer"):
            add_up(RunView(test.run), [file])


def test_results_of_one_name_are_told_and_nameless_ones_all_count(test: BlindTest, tmp_path: Path) -> None:
    folder = tmp_path / "mailed"
    folder.mkdir()
    with pytest.raises(CallError, match="no result file"):
        add_up(RunView(test.run), [folder])
    with pytest.raises(CallError, match="no such file"):
        add_up(RunView(test.run), [folder / "Ann.json"])
    sent = [("Ann", "tuned"), ("Ann", "tuned"), ("Ann", "real"), (" ", "tuned"), ("", "prompted")]
    for number, (person, side) in enumerate(sent):
        said = {"test": test.name, "person": person, "choices": ranked(test, side)}
        (folder / f"{number}.json").write_text(json.dumps(said), encoding="utf-8")
    found = add_up(RunView(test.run), [folder])
    assert (found["people"], found["votes"], found["replaced"]) == (3, 18, ["Ann"])
    assert "2 results by 'Ann' differ" in "\n".join(lines(found))


def test_claudes_choices_are_told_beside_those_of_people(test: BlindTest) -> None:
    tuned = {"q0": True, "q1": True, "q2": True, "q3": False, "q4": None, "q5": True}
    test.judged.write_text(json.dumps({"test": test.name, "model": "claude-x", "tuned": tuned}), encoding="utf-8")
    test.write_result("Bo", ranked(test, "tuned", "prompted", "real"))
    test.write_result("Cy", ranked(test, "tuned", "prompted", "real") | {"q0": ranked(test, "prompted", "tuned")["q0"]})
    found = add_up(RunView(test.run), [test.results])
    judge = found["judge"]
    assert (judge["questions"], judge["same_in_both_orders"]) == (6, 5) and judge["tuned_over_prompted"].value == 0.8
    assert judge["agrees_with_people"].value == 0.75, "people are split on q0; of q1, q2, q3 and q5 it errs in q3"
    shown = "\n".join(lines(found))
    assert "both orders of 5 of 6 pairs" in shown and "it chose as most people did: 75%" in shown
    test.judged.write_text(json.dumps({"test": "of-other-answers", "model": "claude-x", "tuned": tuned}), encoding="utf-8")
    assert add_up(RunView(test.run), [test.results])["judge"] is None


@pytest.mark.slow
def test_the_name_field_is_no_wider_than_the_page(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    item = BlindItem("q", "Why?", ["One.", "Two."])
    page_file = tmp_path / "blind.html"
    template = environment("train").get_template("blind.html.j2")
    page_file.write_text(template.render(test="t", persona="Ann", items=[item], letters="AB"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 375, "height": 800})
        page.goto(f"file://{page_file}")
        wide = "document.querySelector('{}').getBoundingClientRect().right"
        assert page.evaluate(wide.format("#person")) <= page.evaluate(wide.format("form"))
        border = "getComputedStyle(document.querySelector('{}')).borderTopWidth"
        assert page.evaluate(border.format("label[for=person]")) == "0px", "a frame would read as a field that is filled in"
        assert page.evaluate(border.format("fieldset label")) == "1px"
        browser.close()


def test_a_result_of_an_earlier_run_names_that_run(test: BlindTest, tmp_path: Path) -> None:
    newer = test.run.with_name("002-newer")
    newer.mkdir()
    mailed = test.write_result("Ann", ranked(test, "real", "tuned", "prompted"))
    with pytest.raises(CallError, match="no blind test yet") as untested:
        add_up(RunView(newer), [mailed])
    assert untested.value.fix and str(test.run) in untested.value.fix
    replace(test, run=newer, name="of other answers").write()
    with pytest.raises(CallError, match="run 001-made") as other:
        add_up(RunView(newer), [mailed])
    assert other.value.fix and f"train blind {test.run} --results {mailed}" in other.value.fix
    mailed.write_text(mailed.read_text(encoding="utf-8").replace(test.name, "unknown"), encoding="utf-8")
    with pytest.raises(CallError, match="of no run here"):
        add_up(RunView(newer), [mailed])
