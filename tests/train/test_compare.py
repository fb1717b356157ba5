"""Several runs of a recipe: the trend of each probe, what got better and worse, and pages that read on a phone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from likeness.errors import CallError
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from likeness.retrieval import Knowledge
from tests.make import write_recipe
from train.compare.compare import OTHER_TOKENS, as_html, compare, lines, trend
from train.compare.runs import RunView, differences, layers, moved, verdict
from train.evaluate.answers import Answer, AnswerStore
from train.runs import runs_of

LOOP = "gate and " * 300


def made(folder: Path, number: int, echo: float | None) -> RunView:
    """A run with one probe and two answers, one of which loops without end."""
    run = folder / f"00{number}-made"
    run.mkdir()
    score = None if echo is None else {"value": echo, "low": echo - 0.05, "high": echo + 0.05}
    probe: dict[str, Any] = {
        "name": "echo",
        "measures": "Echo.",
        "unit": "share",
        "better": "lower",
        "base": None,
        "tuned": score,
    }
    probe |= {"change": None, "noise": None, "alarm": False, "finding": "f", "skipped": "", "cases": [], "details": {}}
    (run / "probes.json").write_text(json.dumps({"probes": [probe]}), encoding="utf-8")
    metrics = {"rows": {"train": 100 * number, "tokens": 1234.56789}, "sft": {"steps": 5}, "dial": None}
    kept = {"dataset": f"00{number}-data", "verdict": "passed", "base_model": "builtin:tiny", "reasons": [], "metrics": metrics}
    (run / "manifest.json").write_text(json.dumps(kept), encoding="utf-8")
    with (run / "recipe.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"name": "village", "train": {"sft": {"epochs": number}}}, file)
    store = AnswerStore(run)
    for adapter, text in ((False, "Be patient."), (True, f"{LOOP}{'x' * 400}")):
        store.add([Answer("q", "voice", "Wait?", "model", True, adapter, False, 1, text, True)])
    store.close()
    return RunView(run)


def test_three_runs_have_a_trend_and_two_have_none(tmp_path: Path) -> None:
    runs = [made(tmp_path, number, echo) for number, echo in ((1, 0.6), (2, None), (3, 0.2))]
    line = trend("echo", runs)
    assert line and (line["low"], line["high"], line["runs"]) == ("0.2", "0.6", ["001-made", "003-made"])
    (x0, y0), (x1, y1) = line["points"]
    assert x0 < x1 and y0 < y1, "what falls is drawn lower"
    page, of_two = as_html(runs), as_html(runs[:2])
    assert "<polyline" in page and "<polyline" not in of_two
    assert trend("echo", runs[:2]) is None and trend("shape", runs) is None
    assert moved(runs[0].probes["echo"], runs[2].probes["echo"]) == "better"
    assert "1234.56789" not in page, "numbers are rounded"
    assert 'name="viewport"' in page and "overflow-wrap: anywhere" in page, "a text without an end widens no phone's page"


def test_layers_are_told_by_drawn_answers_where_there_are_any(tmp_path: Path) -> None:
    run = made(tmp_path, 1, 0.2)
    store = AnswerStore(run.folder)
    store.add([Answer("q", "voice", "Wait?", "model", True, True, False, 0, "Be patient.", True)])
    store.add([Answer("q", "voice", "Wait?", "gguf", True, True, False, 0, "Be patient.", True)])
    store.close()
    found = {layer.cell: (layer.answers, layer.broken) for layer in layers(run)}
    assert found == {"prompt": (1, 0.0), "prompt + adapter": (1, 1.0), "prompt + adapter (GGUF)": (1, 0.0)}


def test_a_page_is_not_replaced_by_that_of_another_recipes_runs(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine/runs", tmp_path / "theirs/runs"
    mine.mkdir(parents=True)
    theirs.mkdir(parents=True)
    runs = [made(mine, number, 0.2).folder for number in range(1, 10)]
    other = made(theirs, 1, 0.2).folder
    sets = [runs[:2], [runs[0], runs[0]], [runs[0], other], runs[:8], runs[1:]]
    pages = [compare(folders)[1].name for folders in sets]
    assert pages[:3] == ["001-002.html", "001-001.html", "001-made-001-made.html"] and len(set(pages)) == 5


def test_a_recipe_without_runs_is_named_with_those_that_have_some(tmp_path: Path) -> None:
    trained, other = (write_recipe(tmp_path, "builtin:tiny", name=name) for name in ("lock", "ferry"))
    with pytest.raises(CallError, match="no run of this recipe") as refused:
        runs_of(other)
    assert (refused.value.where, refused.value.fix) == (str(other), f"Run `train run {other}` first.")
    build = BuildFolder.of(load_recipe(trained))
    build.claim(load_recipe(trained))
    build.runs.mkdir()
    made(build.runs, 1, 0.2)
    with pytest.raises(CallError) as refused:
        runs_of(other)
    assert refused.value.fix == f"Recipes beside it that have runs: {os.path.relpath(trained)}."


def test_what_a_packed_run_left_at_home_is_no_difference(tmp_path: Path) -> None:
    own, packed = made(tmp_path, 1, 0.2), made(tmp_path, 2, 0.2)
    kept = {"split": {"seed": 17}, "control": "/home/control.yaml", "persona": {"name": "Ann", "samples": ["Be patient."]}}
    own.__dict__["recipe"] = own.recipe | kept
    packed.__dict__["recipe"] = packed.recipe | {"persona": {"name": "Ann"}}
    names = [name for name, _ in differences([own, packed])]
    assert names == ["train.sft.epochs", "dataset", "rows trained on"]


def test_another_base_differs_and_its_losses_have_no_verdict(tmp_path: Path) -> None:
    runs = [made(tmp_path, 1, 0.6), made(tmp_path, 2, 0.2)]
    for number, run in enumerate(runs):
        run.probes["learnt"] = run.probes["echo"] | {"name": "learnt", "unit": "nats a token"}
        run.manifest["base"] = {"config.json": "c", "model.safetensors": f"w{number}", "tokenizer.json": "t"}
    assert [name for name, _ in differences(runs) if name.startswith("base")] == ["base: weights"]
    assert (verdict("learnt", runs), OTHER_TOKENS in as_html(runs)) == ("better", False)
    runs[1].base["tokenizer.json"] = "u"
    assert {name for name, _ in differences(runs) if name.startswith("base")} == {"base: weights", "base: tokenizer and template"}
    assert (verdict("learnt", runs), verdict("echo", runs)) == ("", "better")
    assert OTHER_TOKENS in as_html(runs) and OTHER_TOKENS in lines(runs)


@pytest.mark.parametrize(("quote", "found"), [("read the bell at noon", True), ("counted eleven geese", False)])
def test_recall_is_the_share_of_quotes_that_are_in_what_is_found(quote: str, found: bool) -> None:
    texts = ["The keepers rang and read the bell at noon.", "On Sundays we counted eleven geese."]
    index = Knowledge.of([{"id": str(n), "document": "d", "heading": "", "text": text} for n, text in enumerate(texts)])
    assert index.recall([("When does a keeper ring his bells?", quote)], 1) == float(found)
    assert index.recall([]) is None
