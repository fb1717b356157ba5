"""Our files against those of llama.cpp's own converter (from llama-cpp-python's source archive), and against transformers."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.gguf.convert import convert
from export.gguf.read import GgufFile
from export.verify import verify
from tests.make import SAID, SYSTEM, tiny_base
from tests.real import (
    SOURCE,
    as_sentencepiece_model,
    gguf_tokenizer,
    mistral_tokenizer,
    real,
    sentencepiece_model,
    smollm2_tokenizer,
    template,
)

pytestmark = real

LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 256,
}  # fmt: skip
YARN = {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 256}
LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}
GEMMA3 = {
    "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
    "full_attention": {"rope_type": "linear", "rope_theta": 1000000.0, "factor": 8.0},
}
LONG = {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 512}
LONG |= {"short_factor": [1.0 + 0.01 * n for n in range(8)], "long_factor": [1.5 + n for n in range(8)]}
WINDOW = {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 64, "num_hidden_layers": 6, "hidden_size": 64}

# transformers' name, the vocabulary, and what else is to be said. Where only layers or rope are tried, a small vocabulary serves.
FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama 2": ("Llama", "llama-spm", {}),
    "llama 3.1": ("Llama", "llama-bpe", {"rope_parameters": LLAMA3}),
    "llama linear": ("Llama", "llama-spm", {"rope_parameters": LINEAR}),
    "smollm2": ("Llama", "smollm2", {"tie_word_embeddings": True}),
    "smollm3": ("SmolLM3", "llama-bpe", {"num_hidden_layers": 4, "tie_word_embeddings": True}),
    "mistral v0.1": ("Mistral", "v1", {"sliding_window": 4096, "max_position_embeddings": 8192}),
    "mistral v0.3": ("Mistral", "v3", {"sliding_window": None}),
    "mistral nemo": ("Mistral", "tekken", {"head_dim": 32, "sliding_window": None}),
    "qwen 2.5 yarn": ("Qwen2", "qwen2", {"tie_word_embeddings": True, "rope_parameters": YARN}),
    "qwen 3": ("Qwen3", "qwen2", {"head_dim": 32}),
    "gemma 2": ("Gemma2", "gemma", WINDOW),
    "gemma 3": ("Gemma3", "gemma", {**WINDOW, "rope_parameters": GEMMA3}),
    "phi 3": ("Phi3", "phi-3", {"sliding_window": 2047, "max_position_embeddings": 4096}),
    "phi 3 long": ("Phi3", "phi-3", {"rope_parameters": LONG, "original_max_position_embeddings": 512}),
    "phi 4": (
        "Phi3",
        "phi-4",
        {"rope_parameters": {"rope_type": "default", "rope_theta": 250000.0, "partial_rotary_factor": 0.75}},
    ),
}
ROWS = [
    [{"role": "user", "content": f"{SYSTEM} {question}"}, {"role": "assistant", "content": answer}]
    for question, answer in SAID.items()
]


@cache
def tokenizer_of(vocabulary: str) -> Any:
    chatml = template("Qwen-Qwen2.5-7B-Instruct.jinja")
    if vocabulary in ("v1", "v3", "tekken"):
        return mistral_tokenizer(vocabulary, template("mistralai-Mistral-Nemo-Instruct-2407.jinja"))
    if vocabulary == "smollm2":
        return smollm2_tokenizer()
    if vocabulary == "gemma":
        made = mistral_tokenizer(
            "v3", template("google-gemma-2-2b-it.jinja"), ("<start_of_turn>", "<end_of_turn>"), adds_space=False
        )
        made.eos_token = "<end_of_turn>"
        return made
    made = gguf_tokenizer({"phi-4": "llama-bpe"}.get(vocabulary, vocabulary))
    if vocabulary == "phi-3":
        made.chat_template = template("microsoft-Phi-3.5-mini-instruct.jinja")
        made.eos_token = "<|end|>"
        return made
    if vocabulary in ("llama-bpe", "phi-4"):
        made.chat_template = template("meta-llama-Llama-3.1-8B-Instruct.jinja")
        made.eos_token = "<|eot_id|>"
    elif vocabulary == "llama-spm":
        made.chat_template = template("mistralai-Mistral-Nemo-Instruct-2407.jinja")
    else:
        made.chat_template, made.eos_token = chatml, "<|im_end|>"
    return made


# Where we differ from upstream, and why.
OURS = {
    "general.",  # who made a model is not ours to guess from a folder's name
    "tokenizer.chat_template.",  # of named templates one is taken
    "tokenizer.ggml.add_space_prefix",  # asked of the tokenizer, where upstream reads a setting
    "tokenizer.ggml.add_eos_token",  # written always
    "tokenizer.ggml.add_bos_token",
    "tokenizer.ggml.add_sep_token",
    "tokenizer.ggml.token_type",  # rows of the embedding without a token are unused, and fuzzy marks are not guessed
    "tokenizer.ggml.scores",  # of a SentencePiece vocabulary: the ranks of its merges (`verify` compares the ids)
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.unknown_token_id",  # asked of the tokenizer, where upstream reads a file
    "tokenizer.ggml.padding_token_id",
    "gemma2.rope.freq_base",  # written always
    ".vocab_size",
    ".attention.key_length",  # written always
    ".attention.value_length",
    ".attention.sliding_window_pattern",
}
CAPPED = {"mistral v0.1", "phi 3"}
"""Models with a window that llama.cpp does not have: the file promises no more context than the window."""


def upstream(folder: Path, out: Path) -> GgufFile:
    done = subprocess.run(
        [sys.executable, SOURCE / "convert_hf_to_gguf.py", folder, "--outfile", out, "--outtype", "f16"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return GgufFile(out)


def for_upstream(folder: Path, vocabulary: str) -> Path:
    """Upstream reads SentencePiece vocabularies from tokenizer.model alone, and knows Phi-4 by the name of its tokenizer."""
    if vocabulary in ("v1", "v3", "gemma"):
        (folder / "tokenizer.model").write_bytes(sentencepiece_model("v1" if vocabulary == "v1" else "v3"))
    elif vocabulary in ("llama-spm", "phi-3"):
        (folder / "tokenizer.model").write_bytes(as_sentencepiece_model(vocabulary))
    elif vocabulary == "phi-4":
        config = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": "GPT2Tokenizer"}))
    return folder


@pytest.mark.parametrize("name", FAMILIES)
def test_a_file_computes_what_transformers_does_and_is_upstreams(name: str, tmp_path: Path) -> None:
    family, vocabulary, more = FAMILIES[name]
    folder = tiny_base(tmp_path / "model", tokenizer_of(vocabulary), family, **more)
    file = convert(folder, tmp_path / "ours.gguf")
    checks = verify(file, folder, ROWS)
    assert not {check.name: check.message for check in checks if not check.passed and check.severity == "gate"}
    assert len(checks) == 12
    ours, theirs = GgufFile(file), upstream(for_upstream(folder, vocabulary), tmp_path / "theirs.gguf")
    kept = {tensor.name: tensor for tensor in theirs.tensors}
    assert {tensor.name for tensor in ours.tensors} == kept.keys()
    for tensor in ours.tensors:
        other = kept[tensor.name]
        rows = min(len(tensor.values()), len(other.values()))  # upstream cuts Gemma 3's embedding to the vocabulary
        assert tensor.kind == other.kind and tensor.shape[1:] == other.shape[1:], tensor.name
        rounding = 1e-6 if tensor.name.startswith("rope") else 0.0  # factors, computed in another order
        np.testing.assert_allclose(tensor.values()[:rows], other.values()[:rows], rtol=rounding, atol=0, err_msg=tensor.name)
    unlike = {}
    for key in ours.keys.keys() | theirs.keys.keys():
        one, other = ours.keys.get(key), theirs.keys.get(key)
        same = one == pytest.approx(other) if isinstance(one, float) and isinstance(other, float) else one == other
        if not same and not any(mark in key for mark in OURS):
            unlike[key] = (str(one)[:80], str(other)[:80])
    if name in CAPPED:
        context = f"{ours.keys['general.architecture']}.context_length"
        assert ours.keys[context] < theirs.keys[context]
        unlike.pop(context)
    assert not unlike
