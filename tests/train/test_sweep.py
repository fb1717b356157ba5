"""Runs that differ in a named way, one after another, and one comparison."""

from __future__ import annotations

import json
from typing import Any

import pytest

from likeness.errors import CallError
from tests.make import House
from train.sweep import _settings

Trained = tuple[House, dict[str, Any]]


def test_values_are_yaml() -> None:
    assert _settings("train.sft.epochs=2,3") == ["train.sft.epochs=2", "train.sft.epochs=3"]
    assert _settings("train.lora.target_modules=[q_proj],[q_proj, v_proj]") == [
        'train.lora.target_modules=["q_proj"]',
        'train.lora.target_modules=["q_proj", "v_proj"]',
    ]


@pytest.mark.parametrize("text", ["train.sft.epochs=2", "train.sft.epochs=2,2", "export.publisher=a,b", "train.seed=[", "epochs"])
def test_what_cannot_vary_is_refused(text: str) -> None:
    with pytest.raises(CallError):
        _settings(text)


@pytest.mark.slow
def test_a_sweep_makes_each_run_once_and_compares_them(trained: Trained) -> None:
    house, _ = trained
    recipe = house.write("swept", "train: {sft: {epochs: 1}}")
    house.call("curate", "build", recipe)
    words = ("train", "sweep", recipe, "--vary", "train.lora.r=4,8", "--json")
    first = json.loads(house.call(*words).stdout)
    assert [each["settings"] for each in first["variants"]] == [["train.lora.r=4"], ["train.lora.r=8"]]
    assert len({each["run"] for each in first["variants"]}) == 2
    assert "train.lora.r" in json.dumps(first["comparison"]) and first["comparison"]["page"].endswith(".html")
    again = house.call(*words)
    assert json.loads(again.stdout)["variants"] == first["variants"]
    assert "training the adapter" not in again.stderr
    assert "train.lora.rank" in house.call("train", "sweep", recipe, "--vary", "train.lora.rank=4,8", code=2).stderr
    assert "nothing is to vary" in house.call("train", "sweep", recipe, code=2).stderr
