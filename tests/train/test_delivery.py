"""A trained run is merged and exported again, as the recipe says now, and nothing is trained for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.make import House
from train.evaluate.answers import AnswerStore, read_answers

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]
RUNS = "kitchen/build/kitchen/runs/0*"


@pytest.fixture
def home(trained: Trained, tmp_path: Path) -> House:
    """The trained house, to change: with its first run alone, whatever other tests have trained there."""
    house = House(tmp_path)
    shutil.copytree(trained[0].folder, house.folder, dirs_exist_ok=True)
    for run in house.folder.glob(RUNS):
        if run.name != Path(trained[1]["run"]).name:
            shutil.rmtree(run)
    return house


def run_of(house: House) -> Path:
    (run,) = house.folder.glob(RUNS)
    return run


def answers_of(run: Path, engine: str) -> list[str]:
    return [answer.answer for answer in read_answers(run / "answers.parquet") if answer.engine == engine]


def test_another_quantization_is_made_without_training(home: House) -> None:
    run = run_of(home)
    before = (run / "adapter/adapter_model.safetensors").stat().st_mtime_ns, answers_of(run, "model")
    made = home.json("train", "export", home.recipe, "--quant", "q6_k")
    assert run_of(home) == Path(made["run"]) == run
    assert [Path(file).name for file in made["gguf"]] == ["kitchen-q6_k.gguf"]
    assert ((run / "adapter/adapter_model.safetensors").stat().st_mtime_ns, answers_of(run, "model")) == before
    assert len(answers_of(run, "gguf")) > 0 and (run / "report.html").is_file()
    assert home.json("train", "export", home.recipe, "--quant", "q6_k")["unchanged"]
    again = home.json("train", "run", home.recipe)  # as the recipe says
    assert run_of(home) == run and [Path(file).name for file in again["gguf"]] == ["kitchen-q8_0.gguf"]
    assert not again["unchanged"] and home.json("train", "run", home.recipe)["unchanged"]


def test_other_sampling_asks_again_and_trains_nothing(home: House) -> None:
    run = run_of(home)
    adapter = (run / "adapter/adapter_model.safetensors").stat().st_mtime_ns
    asked = len(answers_of(run, "model")), len(answers_of(run, "gguf"))
    made = home.json("train", "export", home.recipe, "--set", "export.sampling.temperature=1.5")
    assert not made["unchanged"]
    assert run_of(home) == run and (run / "adapter/adapter_model.safetensors").stat().st_mtime_ns == adapter
    assert (len(answers_of(run, "model")), len(answers_of(run, "gguf"))) == asked
    assert "1.5" in (run / "merged/generation_config.json").read_text(encoding="utf-8")


def test_a_merged_model_that_is_gone_is_made_again(home: House) -> None:
    run = run_of(home)
    weights = (run / "merged/model.safetensors").read_bytes()
    shutil.rmtree(run / "merged")
    assert Path(home.json("train", "merge", home.recipe)["merged"]) == run / "merged"
    assert (run / "merged/model.safetensors").read_bytes() == weights


def test_what_was_not_trained_is_neither_merged_nor_exported(home: House) -> None:
    for command in ("merge", "export"):
        said = home.call("train", command, home.recipe, "--set", "train.sft.epochs=9", code=2).stderr
        assert "no adapter was trained" in said and "train run" in said
    assert "expected one of q8_0" in home.call("train", "export", home.recipe, "--quant", "no_such", code=2).stderr


def test_answers_that_a_kill_left_twice_count_once(home: House) -> None:
    run = run_of(home)
    whole = (run / "answers.parquet").read_bytes()
    store = AnswerStore(run)
    number, models = len(store.answers), [answer for answer in store.answers if answer.engine == "model"]
    store.forget("gguf")
    (run / "answers.parquet").write_bytes(whole)  # killed before it was removed
    assert len(AnswerStore(run).answers) == number
    store = AnswerStore(run)
    store.forget("gguf")
    store.close()
    assert read_answers(run / "answers.parquet") == models and not (run / "answers.jsonl").exists()
