"""Gemma 2 and the text models of Gemma 3 in a GGUF file."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from gguf import MODEL_ARCH, GGUFWriter

from export.gguf.architectures import Architecture, Config, Keys, head_size

ACTIVATION = "gelu_pytorch_tanh"
LARGEST = {"Gemma2ForCausalLM": 46, "Gemma3ForCausalLM": 62}
"""Layers of the 27B model, whose attention llama.cpp scales by hidden size and heads, not by the head's width."""


def _gemma2_keys(writer: GGUFWriter, config: Config) -> None:
    writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    writer.add_sliding_window(config["sliding_window"])


def _gemma3_keys(writer: GGUFWriter, config: Config) -> None:
    if config.get("final_logit_softcapping"):
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if config.get("sliding_window"):
        writer.add_sliding_window(config["sliding_window"])


def _gemma2_objection(config: Config) -> str | None:
    if not config.get("attn_logit_softcapping") or not config.get("final_logit_softcapping"):
        return "no soft cap of its logits"
    return _objection(config, full_every=2)


def _gemma3_objection(config: Config) -> str | None:
    if config.get("attn_logit_softcapping"):
        return "a soft cap of its attention"
    return _objection(config, full_every=6)


def _objection(config: Config, full_every: int) -> str | None:
    """What llama.cpp fixes by the architecture's name: which layers have a window, and how attention is scaled."""
    layers = config.get("layer_types")
    kinds = ["full_attention" if (layer + 1) % full_every == 0 else "sliding_attention" for layer in range(len(layers or []))]
    if layers not in (None, kinds):
        return f"layers of full attention other than every {full_every}th"
    width = head_size(config)
    if config["num_hidden_layers"] == LARGEST[config["architectures"][0]]:
        width = config["hidden_size"] // config["num_attention_heads"]
    if config.get("query_pre_attn_scalar", width) != width:
        return f"attention scaled by {config['query_pre_attn_scalar']} where llama.cpp takes {width}"
    return "attention to both sides" if config.get("use_bidirectional_attention") else None


def _read_keys(get: Keys, _tensors: Set[str]) -> dict[str, Any]:
    return {
        "hidden_activation": ACTIVATION,
        "attn_logit_softcapping": get("attn_logit_softcapping"),
        "final_logit_softcapping": get("final_logit_softcapping"),
        "sliding_window": get("attention.sliding_window"),
        "query_pre_attn_scalar": get("attention.key_length") or get("embedding_length") // get("attention.head_count"),
    }


_COMMON: dict[str, Any] = {"activation": ACTIVATION, "shifts_norms": True, "has_window": True, "read_keys": _read_keys}
_GEMMA2: dict[str, Any] = {"write_keys": _gemma2_keys, "objection": _gemma2_objection, "model_type": "gemma2"}
_GEMMA3: dict[str, Any] = {"write_keys": _gemma3_keys, "objection": _gemma3_objection, "model_type": "gemma3_text"}

ARCHITECTURES = {
    "Gemma2ForCausalLM": Architecture(MODEL_ARCH.GEMMA2, **_COMMON, **_GEMMA2),
    "Gemma3ForCausalLM": Architecture(MODEL_ARCH.GEMMA3, **_COMMON, **_GEMMA3),
}
