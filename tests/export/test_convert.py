"""Conversion: every covered family passes every check; what is not covered is refused by name."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from gguf import GGUFReader
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from export.gguf.architectures import context_length
from export.gguf.convert import convert, pair_rows, read_config
from export.gguf.families import architecture_of
from export.gguf.rope import llama3_factors
from export.gguf.vocabulary import pre_tokenizer_name, read_vocabulary
from export.verify import verify, verify_vocabulary
from likeness.errors import CallError
from tests.export.tiny_models import ROWS, failed, save, sentencepiece, settings


@pytest.mark.parametrize(
    "name",
    ["llama 3 rope", "llama sentencepiece", "llama with biases", "mistral linear rope", "qwen 2", "qwen 3"],
)
def test_every_family_passes_every_check(name, family, tmp_path):
    folder = family(name)
    checks = verify(convert(folder, tmp_path / "model.gguf"), folder, ROWS)
    assert not failed(checks)
    assert len(checks) == 12
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]


@pytest.mark.parametrize("dtype", ["bf16", "f32"])
def test_other_types(dtype, taught, tmp_path):
    checks = verify(convert(taught, tmp_path / "model.gguf", dtype), taught, ROWS)
    assert not failed(checks)
    assert {check.name: check.value for check in checks}["weights"] == 0  # a bfloat16 model fits both exactly


@pytest.mark.slow
@pytest.mark.parametrize("legacy", [True, False, None])
def test_sentencepiece_as_transformers_rebuilds_it(legacy, tmp_path):
    """Class LlamaTokenizer makes its own pre-tokenizer, which depends on `legacy`."""
    tokenizer = sentencepiece()
    model = LlamaForCausalLM(LlamaConfig(**settings(tokenizer)))
    folder = save(tmp_path / "model", model, tokenizer)
    edit(folder / "tokenizer_config.json", tokenizer_class="LlamaTokenizer", legacy=legacy)
    checks = verify_vocabulary(folder, ROWS)
    assert checks
    assert [check.message for check in checks if not check.passed] == []


def test_pair_rows_brings_the_halves_of_each_head_together():
    weight = torch.arange(12).reshape(12, 1)  # two heads of six rows
    assert pair_rows(weight, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]


def test_llama3_factors_are_those_of_transformers():
    rope = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    config = LlamaConfig(hidden_size=512, num_attention_heads=4, rope_parameters=rope)
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, device="cpu")
    plain = 1 / 500000.0 ** (torch.arange(0, 128, 2) / 128)
    torch.testing.assert_close(llama3_factors(config.to_dict(), 128), plain / scaled, rtol=1e-5, atol=1e-5)


def test_a_window_becomes_the_context():
    assert context_length({"max_position_embeddings": 32768, "sliding_window": 4096}) == 4096
    assert context_length({"max_position_embeddings": 2048, "sliding_window": None}) == 2048


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architectures": ["MixtralForCausalLM"]}, "MixtralForCausalLM is a mixture of experts"),
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel is an architecture"),
        ({"hidden_act": "gelu"}, "activation gelu"),
        ({"architectures": ["Qwen2ForCausalLM"], "use_sliding_window": True}, "use_sliding_window"),
    ],
)
def test_uncovered_architectures_are_refused(change, message):
    with pytest.raises(CallError, match=message):
        architecture_of({"architectures": ["LlamaForCausalLM"], **change})


def edit(file, **change):
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))


@pytest.fixture
def copy(taught, tmp_path):
    return shutil.copytree(taught, tmp_path / "copy")


def refused(folder, out, message):
    with pytest.raises(CallError, match=message):
        convert(folder, out / "model.gguf")
    assert not list(out.glob("*.gguf"))
    assert not list(out.glob(".*part"))


def test_an_unknown_rope_type_is_refused(copy, tmp_path):
    edit(copy / "config.json", rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})
    refused(copy, tmp_path, "rope type 'dynamic'")


def test_an_unmapped_tensor_is_refused(copy, tmp_path):
    weights = load_file(copy / "model.safetensors")
    save_file({**weights, "model.layers.0.self_attn.odd.weight": torch.ones(4)}, copy / "model.safetensors")
    refused(copy, tmp_path, "self_attn.odd.weight has no place")


def test_a_value_above_f16_is_refused_and_bf16_offered(copy, tmp_path):
    weights = load_file(copy / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"][0, 0] = 70000
    save_file(weights, copy / "model.safetensors")
    refused(copy, tmp_path, "dtype='bf16'")
    assert convert(copy, tmp_path / "wide.gguf", "bf16").exists()


def test_pickled_weights_are_not_read(copy, tmp_path):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    refused(copy, tmp_path, "no safetensors")


def test_a_unigram_tokenizer_is_refused(copy, tmp_path):
    description = json.loads((copy / "tokenizer.json").read_text())
    description["model"] = {"type": "Unigram", "unk_id": 0, "vocab": [["<|endoftext|>", 0.0], ["a", -1.0]]}
    (copy / "tokenizer.json").write_text(json.dumps(description))
    refused(copy, tmp_path, "Unigram tokenizer")


def test_an_unknown_pre_tokenizer_is_refused():
    with pytest.raises(CallError, match=r"pre-tokenizer .*Whitespace"):
        pre_tokenizer_name({"pre_tokenizer": {"type": "Whitespace"}})


def test_a_tokenizer_larger_than_the_model_is_refused(taught):
    with pytest.raises(CallError, match="only 100 rows"):
        read_vocabulary(AutoTokenizer.from_pretrained(taught), 100)


def test_the_keys_of_the_file(taught, tmp_path):
    fields = GGUFReader(convert(taught, tmp_path / "model.gguf", name="emerson")).fields
    config = read_config(taught)
    assert fields["general.name"].contents() == "emerson"
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    assert fields["llama.attention.head_count_kv"].contents() == config["num_key_value_heads"]
    assert fields["llama.rope.freq_base"].contents() == config["rope_parameters"]["rope_theta"]


def test_importing_the_package_is_light():
    code = "import sys, export, likeness.errors; print([m for m in ('torch', 'transformers', 'gguf') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"
