"""What a run is called: never passed where its answers loop, and failed, with exit code 1, where a file is withheld."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from train.cli import app
from train.delivery import Exported
from train.evaluate.endings import Endings, count_endings
from train.result import Run
from train.verdict import judge

GOOD = Exported(["keeper-q8_0.gguf"], [], [])
PROSE = "I have kept this flight for thirty years and the water has never once come level because I hurried it along."
LOOP = "I had not seen a boat. " * 10


def answers(*tuned: str, greedy: str = PROSE) -> list[dict[str, Any]]:
    return [
        {"id": f"q{n}", "base": PROSE, "tuned": text, "tuned_greedy": greedy, "tuned_stopped": True}
        for n, text in enumerate(tuned)
    ]


def metrics(endings: Endings, before: float = 4.0, after: float = 3.5) -> dict[str, Any]:
    return {"sft": {"held_out_loss_before": before, "held_out_loss": after}, "control": endings.as_dict()}


def test_a_run_whose_answers_loop_is_never_called_passed() -> None:
    sound = count_endings(answers(*[PROSE] * 28))
    assert judge(metrics(sound), GOOD) == ("passed", [])
    one = count_endings(answers(*[PROSE] * 27, LOOP))
    verdict, reasons = judge(metrics(one), GOOD)
    assert verdict == "doubtful" and "1 of 28 answers loop (q27)" in reasons[0]


def test_greedy_loops_are_counted_and_condemn_nobody() -> None:
    endings = count_endings(answers(PROSE, PROSE, greedy=LOOP))
    assert endings.greedy_looping == ["q0", "q1"]
    assert judge(metrics(endings), GOOD)[0] == "passed"


def test_a_withheld_file_fails_the_run_though_another_passed() -> None:
    check = {"file": "keeper-q4_k_m.gguf", "name": "logits", "passed": False, "severity": "gate", "message": "Mean KL: .9."}
    verdict, reasons = judge(metrics(count_endings(answers(PROSE))), Exported(GOOD.files, ["keeper-q4_k_m.gguf"], [check]))
    assert verdict == "failed" and reasons == ["keeper-q4_k_m.gguf is withheld: Mean KL: .9."]


@pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("doubtful", 0), ("failed", 1)])
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_the_exit_code_says_so(verdict: str, code: int, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.run.train", lambda *_: Run(tmp_path, "001-abc", verdict, ["a reason"]))
    done = CliRunner().invoke(app, ["run", "recipe.yaml", *more])
    assert done.exit_code == code
    if more:
        assert json.loads(done.stdout)["verdict"] == verdict
    else:
        assert f"on dataset 001-abc: {verdict}" in done.stdout and "a reason" in done.stdout
