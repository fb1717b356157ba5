"""Preference training goes on from the adapter of supervised fine-tuning, and says what it did to the answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likeness.errors import GateError
from likeness.progress import Silent
from tests.make import House, put_rows
from train.base import base_folder
from train.preference import Preferred, Standing, odds_ratio_loss

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SCHEMA = pa.schema([(name, MESSAGES) for name in ("prompt", "chosen", "rejected")] + [("id", pa.string())])


def contrasts(dataset: Path, count: int, longer: str = "") -> None:
    """Preference rows into a built dataset: its own answers are right, those to other questions, cut as long, are wrong."""
    rows = pq.read_table(dataset / "sft/train.parquet").to_pylist()
    made = []
    for number in range(count):
        row, other = rows[number % len(rows)], rows[(number * 7 + 3) % len(rows)]
        words = row["completion"][0]["content"].split()
        wrong = (other["completion"][0]["content"] + " " + other["completion"][0]["content"]).split()[: len(words)]
        start = number // len(rows)  # the same question again is answered by another stretch
        chosen, rejected = " ".join(words[start:]), " ".join([*wrong[start:], *longer.split()])
        sides = [[{"role": "assistant", "content": text}] for text in (chosen, rejected)]
        made.append({"id": f"c{number}", "prompt": row["prompt"], "chosen": sides[0], "rejected": sides[1]})
    put_rows(pa.Table.from_pylist(made, schema=SCHEMA), dataset / "preference/train.parquet")


def newest(house: House) -> Path:
    datasets = house.folder / "kitchen/build/kitchen/dataset"
    return datasets / (datasets / "latest").read_text().strip()


@pytest.fixture
def contrasted(trained: Trained, tmp_path: Path) -> House:
    """A house whose dataset holds 48 contrasts, and whose supervised run is done."""
    house, _ = trained
    shutil.copytree(house.folder, tmp_path / "house", ignore=shutil.ignore_patterns("merged", "export"))
    mine = House(tmp_path / "house")
    contrasts(newest(mine), 48)
    return mine


def with_preference(house: House, text: str) -> None:
    recipe = house.folder / house.recipe
    recipe.write_text(recipe.read_text().replace("  sft: {", f"  preference: {text}\n  sft: {{"))


@pytest.mark.parametrize("method", ["dpo", "kto", "orpo"])
def test_chosen_answers_gain_on_rejected_ones(contrasted: House, method: str) -> None:
    with_preference(contrasted, f"{{method: {method}, learning_rate: 5.0e-4, epochs: 2, batch_size: 4}}")
    said = contrasted.json("train", "run", contrasted.recipe)
    came_to = said["metrics"]["preference"]
    before, after = came_to["before"], came_to["after"]
    assert after["chosen"] - after["rejected"] > before["chosen"] - before["rejected"] + 0.01
    assert after["chosen"] > before["chosen"] - 0.02, "the right answers did not become less probable"
    assert came_to["first_margin"] == pytest.approx(0, abs=0.01), "the reference is the adapter that it goes on from"
    run = Path(said["run"])
    assert (run / "adapter-sft/adapter_model.safetensors").read_bytes() != (
        run / "adapter/adapter_model.safetensors"
    ).read_bytes()
    assert not (run / "adapter/ref").exists() and not (run / "checkpoints-preference").exists()
    stages = {json.loads(line)["stage"] for line in (run / "metrics.jsonl").read_text().splitlines()}
    assert stages == {"sft", "preference"}
    assert contrasted.json("train", "run", contrasted.recipe)["unchanged"]


def test_a_loss_that_is_no_number_stops_it_and_blames_its_own_rate() -> None:
    import torch

    from train.trainer import as_we_train

    class Library:
        args, state = SimpleNamespace(learning_rate=0.5), SimpleNamespace(global_step=6)
        losses = iter([torch.tensor(1.0), (torch.tensor(float("nan")), None)])

        def compute_loss(self) -> Any:
            return next(self.losses)

    trainer = as_we_train(Library, base_folder("builtin:tiny", Silent()), "preference")()
    assert trainer.compute_loss() == 1
    with pytest.raises(GateError, match="not a number at step 7") as stopped:
        trainer.compute_loss()
    assert stopped.value.where == "train.preference.learning_rate"
    assert "train: {preference: {learning_rate: 5.0e-06}}" in str(stopped.value.fix)


def test_rows_that_teach_length_or_are_too_few_are_refused_first(contrasted: House) -> None:
    with_preference(contrasted, "{method: dpo}")
    dataset = newest(contrasted)
    contrasts(dataset, 48, longer="and that is all that anybody could ever want to know about it, is it not, my dear friend " * 2)
    told = contrasted.call("train", "plan", contrasted.recipe, code=2).stderr
    assert "rejected answers are" in told and "write short" in told and "train.preference" in told
    contrasts(newest(contrasted), 9)
    told = contrasted.call("train", "run", contrasted.recipe, code=2).stderr
    assert "preference rows that can be learnt from" in told and "fewer than 32" in told


def test_what_preference_training_spoils_is_told() -> None:
    well = Standing(chosen=-2.0, rejected=-2.5, prefers=0.8, answer_tokens=40)
    healthy = Preferred("dpo", 10, 1.0, 1.2, 0.0, 0.9, Standing(-2.1, -2.1, 0.5, 40), well)
    assert healthy.doubts == []
    fallen = Preferred("dpo", 10, 1.0, 1.2, 0.0, 0.9, well, Standing(-3.0, -4.5, 0.9, 90))
    assert [word in " ".join(fallen.doubts) for word in ("less probable", "grew from 40 to 90")] == [True, True]
    nothing = Preferred("dpo", 10, 1.0, 0.0, 1.4, 0.0, well, well)
    assert [word in " ".join(nothing.doubts) for word in ("taught nothing", "another model")] == [True, True]


def test_the_odds_ratio_loss_is_that_of_the_paper() -> None:
    import math

    import torch

    logs = torch.tensor([[0.0, -1.0, -3.0], [0.0, -2.0, -2.0]])  # one prompt id, then two of an answer: chosen, rejected
    mask = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1]])
    inputs = {"completion_mask": mask, "input_ids": torch.ones_like(mask), "attention_mask": torch.ones_like(mask)}
    found = odds_ratio_loss(lambda **_: SimpleNamespace(log_probs=logs), inputs, 0.5)
    odds = [math.exp(p) / (1 - math.exp(p)) for p in (-2.0, -2.0)]
    assert float(found) == pytest.approx(2.0 - 0.5 * math.log(1 / (1 + math.exp(-math.log(odds[0] / odds[1])))), abs=1e-5)
