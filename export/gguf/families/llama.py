"""Llama 1 to 3.x, SmolLM2 and SmolLM3, Mistral (to v0.3, Nemo) in a GGUF file."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from gguf import MODEL_ARCH

from export.gguf.architectures import Architecture, Config, Keys

ROTATED_OF_FOUR = [1, 1, 1, 0]
"""Of four layers of SmolLM3 the last is not rotated; llama.cpp knows no other pattern."""


def _smollm3_objection(config: Config) -> str | None:
    layers = config.get("no_rope_layers")
    expected = [ROTATED_OF_FOUR[layer % 4] for layer in range(int(config.get("num_hidden_layers") or 0))]
    return None if layers in (None, expected) else "layers without rotation other than every fourth"


def _bias(_get: Keys, tensors: Set[str]) -> dict[str, Any]:
    return {"attention_bias": "blk.0.attn_q.bias" in tensors}


def _llama_keys(get: Keys, tensors: Set[str]) -> dict[str, Any]:
    width = get("attention.key_length") or get("rope.dimension_count")
    return _bias(get, tensors) | ({"head_dim": width} if width else {})


_COMMON: dict[str, Any] = {"rotates_pairs": True, "writes_rope_dimension": True}
LLAMA = Architecture(MODEL_ARCH.LLAMA, **_COMMON, model_type="llama", read_keys=_llama_keys)
SMOLLM3 = Architecture(MODEL_ARCH.SMOLLM3, **_COMMON, objection=_smollm3_objection, model_type="smollm3", read_keys=_bias)

ARCHITECTURES = {"LlamaForCausalLM": LLAMA, "MistralForCausalLM": LLAMA, "SmolLM3ForCausalLM": SMOLLM3}
