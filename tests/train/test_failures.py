"""What `train` says when something is wrong: one message, the right exit code, no traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.make import House


@pytest.fixture
def built(house: House) -> House:
    house.call("curate", "build", house.recipe)
    return house


def test_without_a_dataset_it_says_to_build_one(house: House) -> None:
    assert "Run `curate build RECIPE` first." in house.call("train", "run", house.recipe, code=2).stderr


def test_a_recipe_that_trains_nothing_says_so(built: House) -> None:
    recipe = built.write("kitchen-data", "train: null")
    assert "no `train` section" in built.call("train", "run", recipe, code=2).stderr


@pytest.mark.parametrize(
    ("base", "told", "code"),
    [
        ("builtin:huge", "there is no builtin:huge", 2),
        ("/no/such/folder", "there is no such folder", 2),
        ("someone/never-published-this", "cannot be fetched from the hub", 3),
        ("not a name", "the hub does not know this model", 2),
    ],
)
def test_a_base_model_that_is_not_there(built: House, base: str, told: str, code: int) -> None:
    recipe = built.write("other", f"train: {{base_model: '{base}'}}")
    built.call("curate", "build", recipe)
    assert told in built.call("train", "run", recipe, code=code).stderr


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "no weights as safetensors"),
        ("tokenizer.json", "no tokenizer.json"),
    ],
)
def test_a_folder_that_is_not_a_whole_model(built: House, tiny: Path, missing: str, told: str) -> None:
    folder = built.folder / "base"
    shutil.copytree(tiny, folder)
    (folder / missing).unlink()
    recipe = built.write("other", "train: {base_model: ./base}")
    built.call("curate", "build", recipe)
    assert told in built.call("train", "run", recipe, code=2).stderr


def test_a_base_without_a_chat_template_is_refused(built: House, tiny: Path) -> None:
    folder = built.folder / "base"
    shutil.copytree(tiny, folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    recipe = built.write("other", "train: {base_model: ./base}")
    built.call("curate", "build", recipe)
    assert "has no chat template" in built.call("train", "run", recipe, code=2).stderr


def test_a_template_that_ends_turns_otherwise_is_caught_before_training(built: House, tiny: Path) -> None:
    """The classic: replies end on a mark that is not the stop token, and the model never stops talking."""
    folder = built.folder / "base"
    shutil.copytree(tiny, folder)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("<|im_end|>", "###"))
    recipe = built.write("other", "train: {base_model: ./base}")
    built.call("curate", "build", recipe)
    assert "would not learn to stop" in built.call("train", "run", recipe, code=2).stderr


def test_a_base_that_could_not_be_exported_is_refused_before_training(built: House, tiny: Path) -> None:
    folder = built.folder / "base"
    shutil.copytree(tiny, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["FalconForCausalLM"]}))
    recipe = built.write("other", "train: {base_model: ./base}")
    built.call("curate", "build", recipe)
    told = built.call("train", "run", recipe, code=2).stderr
    assert "FalconForCausalLM is an architecture that this exporter does not cover" in told
    assert not list((built.folder / "build/other/runs").glob("*/metrics.jsonl"))


def test_an_unwritable_run_folder_is_named(built: House) -> None:
    (built.folder / "kitchen/build/kitchen/runs").write_text("a file where a folder should be")
    assert "cannot be written" in built.call("train", "run", built.recipe, code=3).stderr
