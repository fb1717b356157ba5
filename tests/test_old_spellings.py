"""JSON keys that have new names keep the old ones in 0.2, as the changelog says."""

import json
import sys
from pathlib import Path

from curate.diff.diff import Difference
from curate.generate.asked_again import AskedAgain
from curate.ledger.ledger import Ledger
from curate.model import Pair, Turn
from curate.show.find import _review
from curate.validate.gate import check_as_json
from curate.validate.suite import Outcome
from likeness.command import fail
from likeness.errors import CallError
from likeness.progress import Silent
from likeness.recipe.load import load_recipe
from train.job import Job
from train.result import Run
from train.sft import Trained


def test_an_error_has_mend_beside_fix(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["curate", "plan", "--json"])
    assert fail(CallError("no recipe is here", fix="curate init my-voice"), debug=False) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["fix"] == error["mend"] == "curate init my-voice"


def test_an_expectation_has_mend_beside_fix():
    check = check_as_json(Outcome("expect_rows", {"min_value": 5}, "critical", False, "3 rows", (), "Add documents."))
    assert check["fix"] == check["mend"] == "Add documents."


def test_a_shown_review_has_told_beside_summary(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    try:
        pair = Pair("essay-1", "essay", (Turn("user", "What is ice?"),), "Water.", "essay.md")
        review = _review(ledger, pair, "awaiting", 1, 1)
    finally:
        ledger.close()
    assert review["summary"] == review["told"] == "awaits review"


def test_what_is_asked_again_has_told_beside_summary():
    again = AskedAgain(3, 3, 0.5).as_dict()
    assert again["summary"] == again["told"] == "3 answers are asked for again, because the model is another: about $0.50"


def test_a_difference_has_asked_anew_beside_asked_again():
    asked = {"essay-1": "essay-2"}
    found = Difference("1", "2", (1, 1), (), (), (), asked, {}, (), {}, ()).as_dict()
    assert found["asked_again"] == found["asked_anew"] == asked


def test_a_step_of_a_run_has_told_beside_summary(tmp_path):
    recipe = load_recipe(Path(__file__).parents[1] / "recipes/demo/recipe.yaml")
    job = Job(tmp_path, recipe, recipe.train, tmp_path, tmp_path, Silent(), Run(tmp_path, "001-def"))
    job.step("train", lambda: Trained(77, 9.0, 1.0, None, None, 77, 58.0, 10))
    (step,) = job.made.steps
    assert step["summary"] == step["told"] == "77 steps, 58 tokens/s"
    assert job.made.metrics["sft"]["steps"] == 77
