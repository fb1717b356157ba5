"""Merging: what the merged folder answers is what the adapted model answered; what does not fit is refused."""

import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from export.merge import merge_adapter
from export.verify import verify_merged
from likeness.errors import CallError
from tests.export.tiny_models import ROWS

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
