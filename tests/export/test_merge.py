"""Merging: what the merged folder answers is what the adapted model answered; what does not fit is refused."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from export.merge import merge_adapter
from export.nf4 import nf4_settings, through_nf4, weights_in_nf4
from export.verify import verify_as_trained, verify_merged
from likeness.errors import CallError
from tests.export.tiny_models import ROWS, save, settings
from tests.make import tiny_base

IDS = torch.tensor([[5, 90, 17, 300, 41]])


def adapt(base, folder, **more):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    torch.manual_seed(1)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", **more))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    adapted.save_pretrained(folder)
    with torch.no_grad():
        return folder, adapted.eval()(IDS).logits


@pytest.fixture(scope="module")
def base32(family):
    return family("qwen 2")


@pytest.fixture(scope="module")
def adapter32(base32, tmp_path_factory):
    return adapt(base32, tmp_path_factory.mktemp("adapter"))


def test_a_merged_model_answers_as_the_adapted_one(base32, adapter32, tmp_path):
    adapter, logits = adapter32
    merged = merge_adapter(base32, adapter, tmp_path / "merged")
    model = AutoModelForCausalLM.from_pretrained(merged.folder, dtype="auto")
    assert merged.dtype == "float32"
    assert model.dtype == torch.float32
    assert merged.weights == len(load_file(adapter / "adapter_model.safetensors"))
    torch.testing.assert_close(model(IDS).logits, logits, rtol=1e-3, atol=1e-3)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (merged.folder / name).read_bytes() == (base32 / name).read_bytes()
    assert not list(merged.folder.glob("*.bin"))
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]


def test_a_16_bit_base_stays_16_bit(taught, tmp_path):
    adapter, logits = adapt(taught, tmp_path / "adapter")
    merged = merge_adapter(taught, adapter, tmp_path / "merged")
    assert merged.dtype == "bfloat16"
    model = AutoModelForCausalLM.from_pretrained(merged.folder, dtype=torch.float32)
    expected, found = logits.log_softmax(-1), model(IDS).logits.log_softmax(-1)
    assert (expected.exp() * (expected - found)).sum(-1).mean() < 1e-3


PLAIN = {"target_modules": ["q_proj", "v_proj", "down_proj"]}
KINDS = {
    "rank-stabilised": {"use_rslora": True},
    "DoRA": {"use_dora": True},
    "DoRA, rank-stabilised": {"use_dora": True, "use_rslora": True},
    "ranks by pattern": {**PLAIN, "rank_pattern": {"v_proj": 2}, "alpha_pattern": {"v_proj": 16, "layers.0.self_attn.q_proj": 3}},
    "some layers": {**PLAIN, "layers_to_transform": [1]},
    "embeddings": {"target_modules": ["q_proj", "embed_tokens"]},
    "the output layer": {"target_modules": ["q_proj", "lm_head"]},
    "the output layer whole": {**PLAIN, "modules_to_save": ["lm_head"]},
    "biases too": {**PLAIN, "bias": "all"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_merged_as_peft_merges_it(kind, base32, family, tmp_path):
    base = family("llama 3 rope") if "output layer" in kind else base32
    torch.manual_seed(2)
    settings = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"} | KINDS[kind]
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), LoraConfig(**settings))
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    adapted.save_pretrained(tmp_path / "adapter")
    merged = merge_adapter(base, tmp_path / "adapter", tmp_path / "merged").folder
    expected = adapted.merge_and_unload().state_dict()
    found = load_file(merged / "model.safetensors")
    before = load_file(base / "model.safetensors")
    assert found.keys() == before.keys()
    changed = {name for name in found if not torch.equal(found[name], before[name])}
    assert changed == {name for name in found if not torch.equal(expected[name], before[name])}
    assert changed
    for name in found:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-6)


def test_a_base_in_several_files_stays_in_several(taught, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(taught)
    parts = shutil.copytree(taught, tmp_path / "parts")
    (parts / "model.safetensors").unlink()
    model.save_pretrained(parts, max_shard_size="1MB")
    assert len(list(parts.glob("*.safetensors"))) > 2
    adapter, _ = adapt(taught, tmp_path / "adapter")
    one = merge_adapter(taught, adapter, tmp_path / "one").folder
    many = merge_adapter(parts, adapter, tmp_path / "many").folder
    assert {path.name for path in many.glob("*.safetensors*")} == {path.name for path in parts.glob("*.safetensors*")}
    ours, theirs = (AutoModelForCausalLM.from_pretrained(folder).state_dict() for folder in (one, many))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    index = json.loads((many / "model.safetensors.index.json").read_text())
    assert index["weight_map"] == json.loads((parts / "model.safetensors.index.json").read_text())["weight_map"]


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"peft_type": "IA3"}, "of the kind IA3"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights: pissa"),
        ({"lora_bias": True}, "with lora_bias"),
        ({"fan_in_fan_out": True}, "with fan_in_fan_out"),
        ({"target_parameters": ["experts"]}, "with target_parameters"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(setting, named, base32, adapter32, tmp_path):
    adapter = shutil.copytree(adapter32[0], tmp_path / "adapter")
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | setting))
    refused(base32, adapter, tmp_path, named)


def test_an_output_layer_that_is_the_embedding_is_refused(taught, tmp_path):
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(taught), LoraConfig(target_modules=["q_proj", "lm_head"]))
    adapted.save_pretrained(tmp_path / "adapter")
    refused(taught, tmp_path / "adapter", tmp_path, "output layer is its embedding")


MERGING = """
import resource, sys
from pathlib import Path
import torch
from export.merge import merge_adapter
from export.nf4 import through_nf4
torch.set_num_threads(1)
torch.addmm(torch.ones(64, 64), torch.ones(64, 4), torch.ones(4, 64))
through_nf4(torch.ones(64, 64))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
merge_adapter(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), dequantized=sys.argv[4] == "dequantized")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)
"""


@pytest.mark.slow
def test_memory_is_that_of_one_tensor_whatever_the_models_size(tokenizers, tmp_path):
    wide = settings(tokenizers["smollm"], hidden_size=512, intermediate_size=2048, num_hidden_layers=28)
    base = save(tmp_path / "base", LlamaForCausalLM(LlamaConfig(**wide)), tokenizers["smollm"], torch.bfloat16)
    weight = sum(file.stat().st_size for file in base.glob("*.safetensors")) / 1e6
    adapter, _ = adapt(base, tmp_path / "adapter")
    largest = 2048 * 512 * 4 / 1e6  # in float32
    assert weight > 200
    for onto, times in (("original", 6), ("dequantized", 9)):
        command = [sys.executable, "-P", "-c", MERGING, base, adapter, tmp_path / "merged", onto]
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONPATH": "."},
        )
        assert float(done.stdout) < 40 + times * largest < weight / 2, onto


def test_merging_again_replaces_the_folder(base32, adapter32, tmp_path):
    for _ in range(2):
        merge_adapter(base32, adapter32[0], tmp_path / "merged")
        (tmp_path / "merged" / "old").touch()
    merge_adapter(base32, adapter32[0], tmp_path / "merged")
    assert not (tmp_path / "merged" / "old").exists()


def refused(base, adapter, out, message):
    with pytest.raises(CallError, match=message):
        merge_adapter(base, adapter, out / "merged")
    assert not (out / "merged").exists()


def test_a_weight_without_a_place_is_refused(base32, adapter32, tmp_path):
    adapter = shutil.copytree(adapter32[0], tmp_path / "adapter")
    file = adapter / "adapter_model.safetensors"
    weights = load_file(file)
    name = next(iter(weights))
    save_file({**weights, name.replace("layers.0", "layers.77"): weights[name].clone()}, file)
    refused(base32, adapter, tmp_path, "have no counterpart")
    save_file({key: value for key, value in weights.items() if key != name}, file)
    refused(base32, adapter, tmp_path, "have no counterpart")


def test_an_adapter_of_another_shape_is_refused(family, adapter32, tmp_path):
    refused(family("qwen 3"), adapter32[0], tmp_path, "does not fit")


def test_an_adapter_of_no_numbers_is_refused(base32, adapter32, tmp_path):
    adapter = shutil.copytree(adapter32[0], tmp_path / "adapter")
    file = adapter / "adapter_model.safetensors"
    weights = load_file(file)
    next(value for key, value in weights.items() if "lora_B" in key)[0, 0] = float("nan")
    save_file(weights, file)
    refused(base32, adapter, tmp_path, "cannot be merged")


def test_what_is_pickled_quantized_or_missing_is_refused(base32, adapter32, tmp_path):
    refused(base32, tmp_path, tmp_path, "no adapter")
    pickled = shutil.copytree(base32, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    refused(pickled, adapter32[0], tmp_path, "no safetensors")
    quantized = shutil.copytree(base32, tmp_path / "quantized")
    config = json.loads((quantized / "config.json").read_text())
    (quantized / "config.json").write_text(json.dumps({**config, "quantization_config": {"load_in_4bit": True}}))
    refused(quantized, adapter32[0], tmp_path, "is quantized")


def test_a_merge_is_held_against_the_adapted_model(base32, adapter32, tmp_path):
    merged = merge_adapter(base32, adapter32[0], tmp_path / "merged").folder
    right = verify_merged(base32, adapter32[0], merged, ROWS)
    assert right.passed and right.value < 1e-5, right.message
    lost = verify_merged(base32, adapter32[0], base32, ROWS)
    assert not lost.passed and lost.value > 100 * right.value, lost.message


def test_a_tied_embedding_that_was_adapted_on_one_side_is_caught(taught, tmp_path):
    """peft adapts the embedding alone; merged, the output layer that shares its weights changes with it."""
    model = AutoModelForCausalLM.from_pretrained(taught, dtype=torch.float32)
    torch.manual_seed(1)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "embed_tokens"]))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name or "lora_embedding_A" in name:
                parameter.normal_(std=0.05)
    adapted.save_pretrained(tmp_path / "adapter")
    merged = merge_adapter(taught, tmp_path / "adapter", tmp_path / "merged").folder
    check = verify_merged(taught, tmp_path / "adapter", merged, ROWS)
    assert not check.passed, check.message


# --- what QLoRA trained: onto the base's own weights, or onto those that it was trained on ---


def in_nf4(base):
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, quantization_config=nf4_settings(torch.float32))


@pytest.mark.parametrize(("family", "tied"), [("Llama", True), ("Qwen3", False), ("Gemma3", True), ("Phi3", False)])
def test_the_weights_in_4_bits_are_those_that_training_loads_so(family, tied, tokenizers, tmp_path):
    base = tiny_base(tmp_path / "base", tokenizers["smollm"], family, tie_word_embeddings=tied)
    own = load_file(base / "model.safetensors")
    loaded = {f"{name}.weight": part.weight for name, part in in_nf4(base).named_modules() if isinstance(part, Linear4bit)}
    assert weights_in_nf4(base) == loaded.keys() and loaded.keys() < own.keys()
    for name, weight in loaded.items():
        rounded = through_nf4(own[name])
        assert torch.equal(rounded, dequantize_4bit(weight.data, weight.quant_state))
        assert not torch.equal(rounded, own[name])


def test_the_dequantized_base_gives_the_model_that_qlora_trained(taught, tmp_path):
    torch.manual_seed(1)
    trained = get_peft_model(in_nf4(taught), LoraConfig(r=4, lora_alpha=8, target_modules="all-linear"))
    with torch.no_grad():
        for name, parameter in trained.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    adapter = tmp_path / "adapter"
    trained.save_pretrained(adapter)
    original = merge_adapter(taught, adapter, tmp_path / "original").folder
    dequantized = merge_adapter(taught, adapter, tmp_path / "dequantized", dequantized=True).folder
    near = verify_merged(taught, adapter, dequantized, ROWS, dequantized=True)
    far = verify_as_trained(taught, adapter, original, ROWS)
    assert near.passed and near.value < far / 20, near.message
    before, after = load_file(taught / "model.safetensors"), load_file(dequantized / "model.safetensors")
    assert {name for name in after if not torch.equal(before[name], after[name])} == weights_in_nf4(taught)
