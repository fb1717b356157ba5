"""From a dataset folder to a model that answers: what `train run` and `train chat` promise."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.make import BIN, House, call
from train.evaluate.answers import BASE, TUNED, cells, read_answers

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]


def test_a_run_leaves_what_the_contract_names(trained: Trained) -> None:
    house, said = trained
    run = Path(said["run"])
    assert run.parent == house.folder / "kitchen/build/kitchen/runs"
    for name in ("recipe.yaml", "manifest.json", "metrics.jsonl", "adapter", "answers.parquet", "report.html", "merged"):
        assert (run / name).exists(), name
    assert {"run", "adapter", "merged", "gguf", "verdict", "metrics"} <= said.keys()
    assert said["verdict"] in ("passed", "doubtful")
    assert [Path(name).name for name in said["gguf"]] == ["kitchen-q8_0.gguf"]
    kept = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert {"config.json", "tokenizer.json", "model.safetensors"} <= kept["base"].keys(), (
        "another base of its name is told from it"
    )
    bundle = run / "export/me/kitchen"
    assert {path.name for path in bundle.iterdir()} >= {"Modelfile", "README.md", "export-report.json", "SHA256SUMS"}
    assert not (run / "checkpoints").exists()
    assert not list(run.rglob("*.pt")) and not list(run.rglob("*.bin")) and not list(run.rglob("*.pkl"))


def test_training_lowers_the_held_out_loss_and_says_so(trained: Trained) -> None:
    _, said = trained
    sft = said["metrics"]["sft"]
    assert sft["held_out_loss"] < sft["held_out_loss_before"]
    lines = [json.loads(line) for line in (Path(said["run"]) / "metrics.jsonl").read_text().splitlines()]
    [kept] = [line for line in lines if "eval_loss" in line and line["step"] == sft["best_step"]]
    assert sft["held_out_loss"] == pytest.approx(kept["eval_loss"], abs=1e-3)
    assert kept["eval_choice"] == max(line["eval_choice"] for line in lines if "eval_choice" in line)


def test_the_run_says_what_its_training_came_to(trained: Trained) -> None:
    _, said = trained
    watched = said["metrics"]["watched"]
    run = Path(said["run"])
    assert watched["kept"] == said["metrics"]["sft"]["best_step"]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert f"Training: {watched['verdict']['state']}." in page and f"{watched['kept']} (kept)" in page
    spoilt = [each for each in (watched["verdict"], *watched["also"]) if each["spoils"]]
    assert len([reason for reason in said["reasons"] if reason.startswith("training: ")]) == len(spoilt)
    figures = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert figures and all(each["tokens_per_second"] > 0 and each["memory_gb"] > 0 for each in figures if "loss" in each)


def test_the_controlled_questions_are_answered_by_base_and_tuned_model(trained: Trained) -> None:
    _, said = trained
    answers = read_answers(Path(said["run"]) / "answers.parquet")
    assert {answer.id for answer in answers} == {
        "first-flat",
        "burnt-rice",
        "how-many-knives",
        "the-copper-rule",
        "boiling-water",
    }
    said_by = {answer.key: answer.answer for answer in answers}
    ids = {answer.id for answer in answers}
    assert set(said_by) == {
        (each, cell, 0) for each in ids for cell in (*cells("model", retrieval=False), *cells("gguf", retrieval=False))
    }
    assert any(said_by[each, BASE, 0] != said_by[each, TUNED, 0] for each in ids)
    assert not (Path(said["run"]) / "answers.jsonl").exists()


def test_what_leaves_the_machine_names_no_folder_of_it(trained: Trained) -> None:
    house, said = trained
    run = Path(said["run"])
    leaves = [run / "adapter/adapter_config.json", *Path(said["gguf"][0]).parent.glob("*.*")]
    texts = {path: path.read_text(encoding="utf-8") for path in leaves if path.suffix != ".gguf"}
    assert json.loads(texts[leaves[0]])["base_model_name_or_path"] == "builtin:tiny"
    for path, text in texts.items():
        assert str(Path.home()) not in text and str(house.folder) not in text, path


def test_the_gguf_was_proven_and_its_sums_hold(trained: Trained) -> None:
    _, said = trained
    bundle = Path(said["gguf"][0]).parent
    report = json.loads((bundle / "export-report.json").read_text())
    assert report["passed"]
    assert {"loads", "tokens", "chat template", "logits", "replies"} <= {check["name"] for check in report["checks"]}
    sums = (bundle / "SHA256SUMS").read_text().splitlines()
    assert len(sums) >= 3
    for line in sums:
        digest, name = line.split(maxsplit=1)
        assert hashlib.sha256((bundle / name.lstrip("*")).read_bytes()).hexdigest() == digest


def test_a_second_run_does_nothing(trained: Trained) -> None:
    house, said = trained
    again = house.json("train", "run", house.recipe)
    assert again["unchanged"] and again["run"] == said["run"]
    assert house.json("train", "runs", house.recipe)["runs"][0]["run"] == Path(said["run"]).name


def test_the_chat_answers_by_run_folder_id_and_recipe(trained: Trained) -> None:
    house, said = trained
    run = Path(said["run"])
    question = ["-q", "How do you look after your kitchen?", "--temperature", "0"]
    answers = {house.json("train", "chat", name, *question)["answer"] for name in (str(run), run.name, house.recipe)}
    assert len(answers) == 1 and answers.pop().strip()


def test_the_chat_takes_questions_from_standard_input(trained: Trained) -> None:
    house, said = trained
    done = call("train", house.folder, "chat", said["run"], input="What is salt?\nAnd pepper?\n")
    assert len(done.stdout.strip().splitlines()) >= 2, done.stderr


def test_an_unknown_run_or_quantization_is_named(trained: Trained) -> None:
    house, said = trained
    assert "no finished run" in house.call("train", "chat", "nonsense", "-q", "x", code=2).stderr
    assert "It has: q8_0" in house.call("train", "chat", said["run"], "-q", "x", "--quant", "q4_k_m", code=2).stderr


def test_rows_that_are_too_long_are_left_out_and_counted(trained: Trained) -> None:
    house, _ = trained
    recipe = house.write("short", "train: {sft: {max_length: 180, epochs: 1}}")
    house.call("curate", "build", recipe)
    said = house.json("train", "run", recipe)
    rows = said["metrics"]["rows"]
    assert rows["too_long"] > 0 and rows["train"] + rows["held_out"] + rows["too_long"] == 8
    assert "longer than train.sft.max_length" in said["steps"][0]["summary"]


def test_a_killed_run_goes_on_where_it_was(trained: Trained) -> None:
    """kill -9 in the middle of training and once more later; the third call ends with one whole run."""
    house, _ = trained
    recipe = house.write("killed", "train: {sft: {epochs: 8}}")
    house.call("curate", "build", recipe)
    runs = house.folder / "build/killed/runs"
    for wait_for in ("checkpoints/checkpoint-*/trainer_state.json", "trained.json"):
        process = subprocess.Popen(
            [BIN / "train", "run", recipe], cwd=house.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 200
        while not list(runs.glob(f"*/{wait_for}")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    logged = (next(runs.iterdir()) / "metrics.jsonl").read_text()
    said = house.json("train", "run", recipe)
    assert [path.name for path in runs.iterdir()] == [Path(said["run"]).name]
    metrics = (Path(said["run"]) / "metrics.jsonl").read_text()
    assert metrics.startswith(logged), "training that was done was done again"
    steps = [json.loads(line)["step"] for line in metrics.splitlines() if "loss" in json.loads(line)]
    assert max(steps) >= 8 and steps.count(1) == 1, "training began again from nothing"


def test_qlora_trains_and_its_adapter_is_merged_onto_either_base(trained: Trained) -> None:
    """Onto the one that it was trained on it is the trained model; that is made of the same run, without training again."""
    house, _ = trained
    recipe = house.write("quantized", "train: {method: qlora, sft: {epochs: 1}}")
    house.call("curate", "build", recipe)
    original = house.json("train", "run", recipe)
    trained_at = (Path(original["run"]) / "trained.json").stat().st_mtime_ns
    dequantized = house.json("train", "run", recipe, "--set", "export.merge.base=dequantized")
    assert dequantized["run"] == original["run"] and not dequantized["unchanged"]
    assert (Path(original["run"]) / "trained.json").stat().st_mtime_ns == trained_at
    assert all(said["verdict"] in ("passed", "doubtful") and said["gguf"] for said in (original, dequantized))
    one, other = original["metrics"]["merge"], dequantized["metrics"]["merge"]
    assert (one["base"], other["base"], other["as_trained"]) == ("original", "dequantized", None)
    assert other["kl"] < other["limit"] and other["kl"] < one["as_trained"] / 20
    refused = house.call("train", "plan", house.recipe, "--set", "export.merge.base=dequantized", code=2).stderr
    assert "is for `train.method: qlora`" in refused


@pytest.mark.parametrize("lora", ["rslora: true", "dora: true"])
def test_other_adapters_train_merge_and_export_too(trained: Trained, lora: str) -> None:
    house, _ = trained
    name = lora.split(":", maxsplit=1)[0]
    recipe = house.write(name, f"train: {{lora: {{{lora}}}, sft: {{epochs: 1}}}}")
    house.call("curate", "build", recipe)
    said = house.json("train", "run", recipe)
    assert said["verdict"] in ("passed", "doubtful") and said["gguf"]
    assert json.loads((Path(said["adapter"]) / "adapter_config.json").read_text())[f"use_{name}"] is True
    merged = json.loads((Path(said["run"]) / "merge.json").read_text())
    assert merged["kl"] <= merged["limit"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("train: {method: qlora, lora: {dora: true}}", "4-bit base"),
        ("train: {lora: {dora: true}}\nevaluate: {strengths: [0.5]}", "no strengths"),
    ],
)
def test_dora_is_refused_where_it_would_not_merge_right(trained: Trained, more: str, said: str) -> None:
    house, _ = trained
    recipe = house.write("refused", more)
    house.call("curate", "build", recipe)
    told = house.call("train", "plan", recipe, code=2).stderr
    assert "train.lora.dora" in told and said in told


def test_a_run_goes_on_from_an_earlier_one(trained: Trained) -> None:
    house, _ = trained
    recipe = house.write("onward", "train: {sft: {epochs: 1}}")
    house.call("curate", "build", recipe)
    first = house.json("train", "run", recipe)
    second = house.json("train", "run", recipe, "--set", "train.continue=001")
    before, after = (said["metrics"]["sft"] for said in (first, second))
    assert after["held_out_loss_before"] == pytest.approx(before["held_out_loss"], abs=2e-3), "it begins where the first ended"
    assert second["run"] != first["run"] and after["held_out_loss"] < before["held_out_loss_before"]
    for change, said in (("train.continue=007", "no finished runs"), ("train.lora.r=4", "another kind")):
        both = ["--set", "train.continue=001", "--set", change]
        assert said in house.call("train", "plan", recipe, *both, code=2).stderr
    assert "does not travel" in house.call("train", "pack", recipe, "--set", "train.continue=001", code=2).stderr


def test_the_same_seed_gives_the_same_adapter(trained: Trained) -> None:
    house, said = trained
    recipe = house.write("kitchen-again", "")
    house.call("curate", "build", recipe)
    again = house.json("train", "run", recipe)
    one, other = (Path(run["adapter"]) / "adapter_model.safetensors" for run in (said, again))
    assert one.read_bytes() == other.read_bytes()
