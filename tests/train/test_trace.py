"""The way back from a run: bad answers lead to commands that send rows to review, open contrasts, or change the recipe."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import CallError
from likeness.recipe.load import load_recipe
from tests.make import RECIPE, call, json_of, write_corpus
from train.trace import lines, trace

ROWS = [{"id": "row-1", "why": "shares “brass rule”"}]
CASE = {
    "question": "q",
    "asked": 'What is the "brass rule"?',
    "tuned": "It hangs on\nthe gate.",
    "base": "",
    "why": "",
    "rows": ROWS,
}


def run_with(folder: Path, recipe: Path, **probes: dict[str, Any]) -> Path:
    """A run of the recipe in which these probes alarm."""
    run = folder / "build/village/runs/001-made"
    run.mkdir(parents=True)
    made = [{"name": name, "alarm": True, "finding": "f", "details": {}, "cases": [CASE]} | more for name, more in probes.items()]
    (run / "probes.json").write_text(json.dumps({"probes": made}), encoding="utf-8")
    (run / "recipe.yaml").write_text(load_recipe(recipe).model_dump_json(by_alias=True), encoding="utf-8")
    return run


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The village, which trains something."""
    return write_corpus(tmp_path, RECIPE + "train: {base_model: 'builtin:tiny', sft: {epochs: 60, learning_rate: 1.0e-3}}\n")


def test_the_next_run_changes_a_setting_that_the_recipe_takes(recipe: Path, tmp_path: Path) -> None:
    by_heart, untouched = {"by_heart": 0.4, "untouched": 0.0}, {"by_heart": 0.0, "untouched": 0.4}
    wanted = {
        "likeness": ({}, "train.sft.epochs=100"),
        "learnt": ({"details": by_heart}, "train.sft.epochs=30"),
        "memorised": ({}, "train.sft.epochs=30"),
        "forgetting": ({}, "train.sft.learning_rate=0.0005"),
        "degenerate": ({}, "train.sft.learning_rate=0.0005"),
    }
    found = trace(run_with(tmp_path, recipe, **{name: more for name, (more, _) in wanted.items()}), str(recipe), [])
    for each in found:
        (command,) = [line for line in each["commands"] if line.startswith("train run")]
        *_, flag, setting = shlex.split(command)
        assert flag == "--set" and setting == wanted[each["probe"]][1]
        load_recipe(recipe, [setting])
        assert any(line.startswith(f"curate review apply {recipe} row-1") for line in each["commands"])
    other = tmp_path / "other"
    overdone = {"finding": "140 (120 to 150), a caricature"}
    said = trace(run_with(other, recipe, likeness=overdone, learnt={"details": untouched}), str(recipe), [])
    assert [each["commands"][-1].split()[-1] for each in said] == ["evaluate.merge_best=true", "train.sft.epochs=100"]


def test_a_named_probe_is_known_and_has_a_fix_only_where_it_alarms(recipe: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, recipe, echo={"alarm": False, "cases": []}, likeness={"alarm": False}, degenerate={})
    quiet = trace(run, "recipe.yaml", ["echo", "likeness"])
    assert [(each["fix"], [line for line in each["commands"] if "train run" in line]) for each in quiet] == [("", []), ("", [])]
    assert "nothing to change" in "\n".join(lines(quiet))
    with pytest.raises(CallError, match="no probe 'nope'") as refused:
        trace(run, "recipe.yaml", ["echo", "nope"])
    assert refused.value.fix == "It has: echo, likeness, degenerate."


@pytest.mark.slow
def test_a_wrong_answer_about_a_thing_opens_a_contrast(recipe: Path, tmp_path: Path) -> None:
    call("curate", tmp_path, "build", "recipe.yaml")
    (found,) = trace(run_with(tmp_path, recipe, unknown={}), "recipe.yaml", [])
    (command,) = [line for line in found["commands"] if line.startswith("curate contrast add")]
    call("curate", tmp_path, *shlex.split(command)[1:])
    (opened,) = json_of(call("curate", tmp_path, "contrast", "list", "recipe.yaml", "--json"))["wrong_answers"]
    assert (opened["question"], opened["wrong"], opened["run"]) == (CASE["asked"], "It hangs on the gate.", "001-made")
