"""A base whose weights are not all there, or not what its configuration says, is refused by `train plan`, before any is loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from export.adapter import read_adapter
from export.model_files import weight_files
from likeness.errors import CallError
from likeness.progress import Progress, Silent
from tests.make import tiny_base, write_recipe
from train.base import base_folder
from train.base_weights import check_weights, first_without_numbers
from train.continued import WEIGHTS
from train.plan import plan
from train.weights import load_adapted

ONE = "model.safetensors"
INDEX = "model.safetensors.index.json"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 135\n"
Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> dict[bool, Path]:
    """Two small bases: with an output layer of its own, and with the embedding as its output layer."""
    from transformers import AutoTokenizer

    folder, tokenizer = tmp_path_factory.mktemp("bases"), AutoTokenizer.from_pretrained(tiny)
    return {tied: tiny_base(folder / str(tied), tokenizer, tie_word_embeddings=tied) for tied in (False, True)}


def changed(base: Path, here: Path, change: Callable[[Tensors], Any]) -> Path:
    copy = shutil.copytree(base, here / "base")
    weights = load_file(copy / ONE)
    change(weights)
    save_file(weights, copy / ONE, {"format": "pt"})
    return copy


def refused(base: Path, here: Path) -> CallError:
    with pytest.raises(CallError) as error:
        plan(write_recipe(here, base), Silent(), on="here")
    assert error.value.exit_code == 2
    return error.value


def without_prefix(weights: Tensors) -> None:
    for name in list(weights):
        weights[name.removeprefix("model.")] = weights.pop(name)


def in_8_bits(weights: Tensors) -> None:
    weights["model.layers.1.mlp.up_proj.weight"] = weights["model.layers.1.mlp.up_proj.weight"].to(torch.float8_e4m3fn)


def in_integers(weights: Tensors) -> None:
    weights["model.layers.1.mlp.up_proj.weight"] = weights["model.layers.1.mlp.up_proj.weight"].to(torch.int8)


WRONG: dict[str, tuple[bool, Callable[[Tensors], Any], str, str]] = {
    "no output layer": (
        False, lambda weights: weights.pop("lm_head.weight"), "lack lm_head.weight, which LlamaForCausalLM needs", "tie_word_emb"
    ),
    "no norm": (True, lambda weights: weights.pop("model.norm.weight"), "lack model.norm.weight", "with all its files"),
    "a layer less": (
        True,
        lambda weights: [weights.pop(name) for name in list(weights) if ".layers.1." in name],
        "lack model.layers.1.input_layernorm.weight, .* and 6 more",
        "with all its files",
    ),
    "shorter names": (True, without_prefix, "lack model.embed_tokens.weight", "under shorter names"),
    "another shape": (
        True,
        lambda weights: weights.update({"model.norm.weight": torch.ones(32)}),
        r"model.norm.weight has the shape \(32,\), and by its config.json it is \(64,\)",
        "not of one model",
    ),
    "two output layers": (
        True,
        lambda weights: weights.update({"lm_head.weight": weights["model.embed_tokens.weight"] + 1}),
        "its config.json says that lm_head.weight is model.embed_tokens.weight",
        "tie_word_embeddings: false",
    ),
    "8 bits": (True, in_8_bits, r"quantized already \(model.layers.1.mlp.up_proj.weight is F8_E4M3\)", "method: qlora"),
    "integers": (True, in_integers, "model.layers.1.mlp.up_proj.weight is I8", "16-bit"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_weights_that_do_not_make_the_model_are_refused(fault: str, here: Path, bases: dict[bool, Path]) -> None:
    tied, change, what, fix = WRONG[fault]
    error = refused(changed(bases[tied], here, change), here)
    assert str(error.where).startswith("train.base_model") and fix in str(error.fix)
    with pytest.raises(CallError, match=what):
        raise error


RIGHT: dict[str, tuple[bool, Callable[[Tensors], Any]]] = {
    "an output layer of its own": (False, lambda _: None),
    "the embedding as output layer": (True, lambda _: None),
    "the same written twice": (True, lambda it: it.update({"lm_head.weight": it["model.embed_tokens.weight"].clone()})),
    "more than is needed": (
        True,
        lambda it: it.update(
            {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8), "vision_tower.conv.weight": torch.ones(3, 3)}
        ),
    ),
    "types that are mixed": (True, lambda it: it.update({"model.norm.weight": it["model.norm.weight"].float()})),
}


@pytest.mark.parametrize("case", RIGHT)
def test_weights_that_make_the_model_are_taken(case: str, here: Path, bases: dict[bool, Path]) -> None:
    tied, change = RIGHT[case]
    check_weights(base_folder(str(changed(bases[tied], here, change)), Silent()), "here")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


SPOILT: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "weights left in Git LFS": (ONE, lambda file: file.write_bytes(POINTER), "is a Git LFS pointer"),
    "a tokenizer left in Git LFS": ("tokenizer.json", lambda file: file.write_bytes(POINTER), "is a Git LFS pointer"),
    "nothing in it": (ONE, lambda file: file.write_bytes(b""), "is empty"),
    "cut short": (ONE, cut, "is cut short"),
    "another format": (ONE, lambda file: file.write_bytes(b"these are no weights"), "not a safetensors file"),
    "half a config": ("config.json", cut, "is cut short, or not JSON"),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_file_that_is_not_whole_is_named(fault: str, here: Path, bases: dict[bool, Path]) -> None:
    name, spoil, what = SPOILT[fault]
    base = shutil.copytree(bases[True], here / "base")
    spoil(base / name)
    error = refused(base, here)
    assert what in error.what and str(error.where).endswith(f"base/{name}") and "Fetch" in str(error.fix)


def test_a_config_that_contradicts_itself_is_refused(here: Path, bases: dict[bool, Path]) -> None:
    base = shutil.copytree(bases[True], here / "base")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"pad_token_id": config["vocab_size"]}))
    assert "transformers makes no model of its config.json: Padding_idx" in refused(base, here).what


def test_a_cut_shard_and_a_tensor_that_only_the_index_has_are_named(here: Path, bases: dict[bool, Path]) -> None:
    base = shutil.copytree(bases[True], here / "base")
    weights = load_file(base / ONE)
    (base / ONE).unlink()
    parts = {"one.safetensors": [*weights][::2], "two.safetensors": [*weights][1::2]}
    lost = parts["two.safetensors"][0]
    for file, names in parts.items():
        save_file({name: weights[name] for name in names if name != lost}, base / file, {"format": "pt"})
    index = {"weight_map": {name: file for file, names in parts.items() for name in names}}
    (base / INDEX).write_text(json.dumps(index))
    with pytest.raises(CallError, match=f"lack {lost}"):
        check_weights(base_folder(str(base), Silent()), "here")
    cut(base / "two.safetensors")
    assert str(refused(base, here).where).endswith("base/two.safetensors")


def test_an_index_left_beside_the_weights_is_not_read(
    here: Path, bases: dict[bool, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoModelForCausalLM

    base = shutil.copytree(bases[True], here / "base")
    weights = load_file(base / ONE)
    save_file({name: tensor + 1 for name, tensor in weights.items()}, base / "old.safetensors", {"format": "pt"})
    (base / INDEX).write_text(json.dumps({"weight_map": dict.fromkeys(weights, "old.safetensors")}))
    assert weight_files(base_folder(str(base), Progress())) == [base / ONE]
    assert f"{ONE} is read, as by transformers, and not old.safetensors" in capsys.readouterr().out
    loaded = AutoModelForCausalLM.from_pretrained(base).state_dict()
    assert weights
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize(("many", "fix"), [(1, f"or call the file {ONE}"), (2, f"Fetch {INDEX} too.")])
def test_shards_without_an_index_are_refused(many: int, fix: str, here: Path, bases: dict[bool, Path]) -> None:
    base = shutil.copytree(bases[True], here / "base")
    for number in range(1, many + 1):
        shutil.copy(base / ONE, base / f"model-0000{number}-of-0000{many}.safetensors")
    (base / ONE).unlink()
    with pytest.raises(CallError, match=r"holds model-00001-of-.*, and neither") as error:
        base_folder(str(base), Silent())
    assert fix in str(error.value.fix)


@pytest.mark.parametrize("name", ["tokenizer.json", "generation_config.json", ONE])
def test_a_link_to_nothing_is_named(name: str, here: Path, bases: dict[bool, Path]) -> None:
    base = shutil.copytree(bases[True], here / "base")
    (base / name).unlink(missing_ok=True)
    (base / name).symlink_to("blobs/pruned")
    with pytest.raises(CallError, match=f"{name} is a link to blobs/pruned, which is not there"):
        base_folder(str(base), Silent())


def test_a_tokenizer_that_names_no_end_token_is_refused_with_the_line(here: Path, bases: dict[bool, Path]) -> None:
    base = shutil.copytree(bases[True], here / "base")
    config = json.loads((base / "tokenizer_config.json").read_text())
    end = config.pop("eos_token")
    (base / "tokenizer_config.json").write_text(json.dumps(config))
    error = refused(base, here)
    assert "tokenizer_config.json names no eos_token" in error.what
    assert error.fix == f'Write `"eos_token": "{end}"` into {base}/tokenizer_config.json.'


def test_an_adapter_beside_the_model_is_refused(here: Path, bases: dict[bool, Path]) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = shutil.copytree(bases[True], here / "base")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(base)
    error = refused(base, here)
    assert "holds an adapter beside the model" in error.what and "merge it first" in str(error.fix)


def test_a_cut_adapter_is_named(here: Path, bases: dict[bool, Path]) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from likeness.recipe.schema import Train

    model = AutoModelForCausalLM.from_pretrained(bases[True])
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(here)
    cut(here / WEIGHTS)
    for read in (read_adapter, lambda folder: load_adapted(bases[True], Train(base_model="builtin:tiny"), folder)):
        with pytest.raises(CallError, match="is cut short") as error:
            read(here)
        assert str(error.value.where).endswith(WEIGHTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.0])
def test_the_weight_that_is_no_number_is_found(value: float, here: Path, bases: dict[bool, Path]) -> None:
    base = changed(bases[True], here, lambda weights: weights["model.norm.weight"].fill_(value))
    assert first_without_numbers(base) == (None if value == 1.0 else f"model.norm.weight in {ONE}")
