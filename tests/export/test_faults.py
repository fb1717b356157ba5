"""Planted faults: each must be caught by the check that is there for it."""

import functools
import shutil
import sys

import numpy as np
import pytest
import torch
from gguf import GGUFReader, GGUFWriter

from export import gguf
from export import verify as verifying
from export.gguf import convert as converting
from export.gguf import rope, vocabulary
from export.gguf.convert import convert
from export.verify import mean_kl, verify, verify_quantized
from likeness.llama.process import Llama
from tests.export.tiny_models import ROWS, failed


@pytest.fixture(scope="module")
def cached():
    """transformers' answers, computed once for each model."""
    answers = {}

    def ask(folder, probe, end):
        if folder not in answers:
            answers[folder] = original(folder, probe, end)
        return answers[folder]

    original = verifying.ask_transformers
    return ask


@pytest.fixture(autouse=True)
def _reuse_answers(monkeypatch, cached):
    monkeypatch.setattr(verifying, "ask_transformers", cached)


def no_permutation(patch):
    patch.setattr(converting, "pair_rows", lambda weight, heads: weight)


def only_queries_permuted(patch):
    usual = converting._rotated_heads
    patch.setattr(converting, "_rotated_heads", lambda name, config: 0 if "_k." in name else usual(name, config))


def wrong_theta(patch):
    usual = GGUFWriter.add_rope_freq_base
    patch.setattr(GGUFWriter, "add_rope_freq_base", lambda writer, value: usual(writer, value / 200))


def wrong_epsilon(patch):
    usual = GGUFWriter.add_layer_norm_rms_eps
    patch.setattr(GGUFWriter, "add_layer_norm_rms_eps", lambda writer, value: usual(writer, 0.1))


def wrong_pre_tokenizer(patch):
    patch.setattr(vocabulary, "pre_tokenizer_name", lambda description: "gpt-2")


def wrong_merges(patch):
    usual = GGUFWriter.add_token_merges
    patch.setattr(GGUFWriter, "add_token_merges", lambda writer, merges: usual(writer, merges[::-1]))


def wrong_eos(patch):
    usual = GGUFWriter.add_eos_token_id
    patch.setattr(GGUFWriter, "add_eos_token_id", lambda writer, number: usual(writer, 0))


def adds_bos(patch):
    patch.setattr(vocabulary, "adds_bos", lambda tokenizer: True)


def no_template(patch):
    patch.setattr(GGUFWriter, "add_chat_template", lambda writer, template: None)


def other_template(patch):
    usual = GGUFWriter.add_chat_template
    other = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    patch.setattr(GGUFWriter, "add_chat_template", lambda writer, template: usual(writer, other))


def wrong_values(patch):
    usual = converting._encode
    patch.setattr(converting, "_encode", lambda tensor, kind: usual(tensor, kind) * np.float16(1.01))


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        (no_permutation, {"weights", "logits", "replies"}),
        (only_queries_permuted, {"weights", "logits"}),
        (wrong_theta, {"logits"}),
        (wrong_epsilon, {"logits"}),
        (wrong_pre_tokenizer, {"tokens"}),
        (wrong_merges, {"tokens"}),
        (wrong_eos, {"special tokens"}),
        (adds_bos, {"special tokens"}),
        (no_template, {"chat template"}),
        (other_template, {"chat template"}),
        (wrong_values, {"weights"}),
    ],
)
def test_a_wrong_conversion_is_caught(fault, caught_by, taught, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fault(patch)
        file = convert(taught, tmp_path / "model.gguf")
    assert caught_by <= failed(verify(file, taught, ROWS)).keys()


@pytest.mark.parametrize(
    ("factors", "caught_by"), [(lambda config: {}, "tensors"), (lambda config: {rope.LLAMA3: torch.ones(32)}, "logits")]
)
def test_missing_or_wrong_rope_factors_are_caught(factors, caught_by, family, tmp_path, monkeypatch):
    folder = family("llama 3 rope")
    with monkeypatch.context() as patch:
        patch.setattr(converting, "rope_tensors", factors)
        file = convert(folder, tmp_path / "model.gguf")
    assert caught_by in failed(verify(file, folder, ROWS))


def test_a_turn_that_does_not_end_a_generation_is_caught(taught, tmp_path):
    folder = shutil.copytree(taught, tmp_path / "model")
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(template.replace("<|im_end|>", "<|im_start|>"))
    assert "stop token" in failed(verify(convert(folder, tmp_path / "model.gguf"), folder, ROWS))


def test_a_tokenizer_without_a_template_is_caught(taught, tmp_path):
    folder = shutil.copytree(taught, tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    assert "chat template" in failed(verify(convert(folder, tmp_path / "model.gguf"), folder, ROWS))


def test_a_value_that_is_no_number_is_caught(taught, tmp_path):
    file = convert(taught, tmp_path / "model.gguf")
    reader = GGUFReader(file, "r+")
    tensor = next(tensor for tensor in reader.tensors if "ffn_up" in tensor.name)
    tensor.data[3, 5] = np.nan
    reader.data.flush()
    checks = failed(verify(file, taught, ROWS))
    assert "invalid" in checks["loads"]


def test_a_truncated_file_is_caught(taught, tmp_path):
    file = convert(taught, tmp_path / "model.gguf")
    file.write_bytes(file.read_bytes()[:-5000])
    assert failed(verify(file, taught, ROWS)).keys() == {"loads"}


def test_a_crash_of_llama_cpp_is_a_failed_check(taught, tmp_path, monkeypatch):
    crashing = functools.partial(Llama, command=[sys.executable, "-c", "import os, sys; sys.stdin.readline(); os.abort()"])
    monkeypatch.setattr(verifying, "Llama", crashing)
    file = convert(taught, tmp_path / "model.gguf")
    checks = failed(verify(file, taught, ROWS))
    assert "SIGABRT" in checks["loads"]
    assert "GGML_NATIVE=OFF" in checks["loads"]


def test_a_spoilt_quantization_is_caught(taught, tmp_path):
    file = convert(taught, tmp_path / "model.gguf")
    logits = tmp_path / "logits.npy"
    verify(file, taught, ROWS, keep_logits=logits)
    spoilt = gguf.quantize.quantize(file, tmp_path / "model-q8_0.gguf", "q8_0")
    reader = GGUFReader(spoilt, "r+")
    tensor = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
    tensor.data[:, 2:34] = 1  # the values of each row's first block, not its scale
    reader.data.flush()
    assert failed(verify_quantized(spoilt, "q8_0", logits, taught, ROWS)).keys() == {"logits"}


def test_mean_kl_is_that_of_torch():
    one, other = torch.randn(70, 30), torch.randn(70, 30)
    expected = torch.nn.functional.kl_div(other.log_softmax(-1), one.log_softmax(-1), log_target=True, reduction="batchmean")
    assert mean_kl(one.numpy(), other.numpy()) == pytest.approx(expected.item(), rel=1e-4)
