"""The recipe in other trainers' words."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.make import House, call, write_recipe
from train.configs import write_configs

OTHER = (
    "sft: {epochs: 3, learning_rate: 1.0e-5, batch_size: 4, micro_batch_size: 2, max_length: 128, turns: all}, seed: 5, "
    "method: qlora, lora: {r: 128, alpha: 64, target_modules: [q_proj, up_proj]}"
)


def recipe(folder: Path, train: str = "") -> Path:
    base = folder / "base"
    base.mkdir()
    path = write_recipe(folder, base, train=train)
    openai = next((folder / "build/lock/dataset").glob("*/sft")).parent / "formats/openai"
    openai.mkdir(parents=True)
    chat = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    (openai / "train.jsonl").write_text((json.dumps({"messages": chat}) + "\n") * 10)
    (openai / "validation.jsonl").write_text(json.dumps({"messages": chat}) + "\n")
    return path


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """As PyYAML reads them, which most of the trainers use."""
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in folder.glob("*.yaml")}


def test_all_say_the_same_as_the_recipe(here: Path) -> None:
    folder = write_configs(recipe(here, OTHER), [], None)
    assert folder == here / "build/lock/configs"
    said = read(folder)
    axolotl, factory, trl, mlx, autotrain = (said[name] for name in ("axolotl", "llamafactory", "trl", "mlx", "autotrain"))
    params = autotrain["params"]
    for rate in (axolotl["learning_rate"], factory["learning_rate"], trl["learning_rate"], mlx["learning_rate"], params["lr"]):
        assert rate == 1e-5 and isinstance(rate, float)  # PyYAML takes 1e-05 for a text
    assert {axolotl["base_model"], factory["model_name_or_path"], trl["model_name_or_path"], mlx["model"]} == {str(here / "base")}
    assert axolotl["lora_r"] == factory["lora_rank"] == trl["lora_r"] == mlx["lora_parameters"]["rank"] == params["lora_r"] == 128
    assert axolotl["peft_use_rslora"] and factory["use_rslora"] and trl["use_rslora"]
    assert mlx["lora_parameters"]["scale"] == pytest.approx(64 / 128**0.5) and mlx["lora_parameters"]["keys"] == [
        "self_attn.q_proj",
        "mlp.up_proj",
    ]
    assert axolotl["micro_batch_size"] == trl["per_device_train_batch_size"] == mlx["batch_size"] == params["batch_size"] == 2
    assert (
        axolotl["gradient_accumulation_steps"] == factory["gradient_accumulation_steps"] == params["gradient_accumulation"] == 2
    )
    assert mlx["iters"] == 18 and mlx["grad_accumulation_steps"] == 2  # ten rows by four are three steps, three epochs, twice
    assert (
        axolotl["load_in_4bit"] and factory["quantization_bit"] == 4 and trl["load_in_4bit"] and params["quantization"] == "int4"
    )
    assert axolotl["adapter"] == "qlora" and not factory["mask_history"]
    assert trl["lora_target_modules"] == axolotl["lora_target_modules"] == ["q_proj", "up_proj"]
    assert factory["lora_target"] == params["target_modules"] == "q_proj,up_proj"
    assert {axolotl["seed"], factory["seed"], trl["seed"], mlx["seed"], params["seed"]} == {5}
    assert {axolotl["sequence_len"], factory["cutoff_len"], trl["max_length"], mlx["max_seq_length"]} == {128}
    assert "turns: all" in (folder / "trl.yaml").read_text() and "turns" not in (folder / "axolotl.yaml").read_text()
    assert autotrain["project_name"] == "lock-autotrain"


def test_all_point_at_the_rows(here: Path) -> None:
    path = recipe(here)
    folder = write_configs(path, ["train.sft.epochs=0.5"], here / "elsewhere")
    said = read(folder)
    assert folder == here / "elsewhere" and len((folder / "data/train.jsonl").read_text().splitlines()) == 10
    info = json.loads((folder / "data/dataset_info.json").read_text())
    names = (said["llamafactory"]["dataset"], said["llamafactory"]["eval_dataset"])
    assert tuple(info) == names and all(Path(each["file_name"]).is_file() for each in info.values())
    assert Path(said["axolotl"]["datasets"][0]["path"]).is_file() and Path(said["axolotl"]["test_datasets"][0]["path"]).is_file()
    assert Path(said["mlx"]["data"]) == Path(said["autotrain"]["data"]["path"]) == folder / "data"
    assert Path(said["trl"]["dataset_name"]).name == "001-made"
    assert said["autotrain"]["params"]["epochs"] == 1 and said["trl"]["num_train_epochs"] == 0.5
    assert "whole epochs only" in (folder / "autotrain.yaml").read_text()


def test_a_pattern_that_only_peft_reads_is_said_to_be_left_out(here: Path) -> None:
    folder = write_configs(recipe(here, "lora: {target_modules: '.*layers.2.*_proj'}"), [], None)
    assert "pattern" in (folder / "mlx.yaml").read_text() and "keys" not in read(folder)["mlx"]["lora_parameters"]
    assert read(folder)["axolotl"]["lora_target_modules"] == ".*layers.2.*_proj"


def test_every_kind_of_adapter_and_what_only_train_run_does_is_said(here: Path) -> None:
    folder = write_configs(recipe(here, "lora: {rslora: true, dora: true}, replay: {}"), [], None)
    said = read(folder)
    assert said["axolotl"]["peft_use_rslora"] and said["axolotl"]["peft_use_dora"]
    assert said["trl"]["use_rslora"] and said["trl"]["use_dora"] and said["llamafactory"]["use_dora"]
    assert said["mlx"]["fine_tune_type"] == "dora" and "rsLoRA nor DoRA" in (folder / "autotrain.yaml").read_text()
    assert all("train.replay" in (folder / f"{name}.yaml").read_text() for name in said)


@pytest.mark.slow
def test_trls_own_command_trains_from_its_configuration(
    trained: tuple[House, dict[str, Any]], tmp_path: Path, tiny: Path
) -> None:
    house = trained[0]
    settings = ("--set", "train.sft.epochs=1", "--set", "train.lora.r=8", "--to", str(tmp_path / "configs"))
    file = house.json("train", "configs", house.recipe, *settings)["configs"]["trl"]
    arguments = ("--config", file, "--use_cpu", "true", "--bf16", "false")  # as trl itself asks for without a GPU
    call((sys.executable, "-m", "trl.scripts.sft"), tmp_path, *arguments, env={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    made = Path(file).parent / "trl-run"
    assert (made / "adapter_model.safetensors").is_file()
    config = json.loads((made / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["base_model_name_or_path"]) == (8, 32, str(tiny))
