"""Phi-3, Phi-3.5 and Phi-4 (dense, text) in a GGUF file."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from gguf import MODEL_ARCH, GGUFWriter

from export.gguf.architectures import Architecture, Config, Keys


def _keys(writer: GGUFWriter, config: Config) -> None:
    rope = config["rope_parameters"]
    original = rope.get("original_max_position_embeddings") or config["original_max_position_embeddings"]
    writer.add_rope_scaling_orig_ctx_len(original)
    writer.add_sliding_window(config.get("sliding_window") or 0)


def _read_keys(get: Keys, _tensors: Set[str]) -> dict[str, Any]:
    return {
        "sliding_window": get("attention.sliding_window") or None,
        "original_max_position_embeddings": get("rope.scaling.original_context_length", get("context_length")),
    }


PHI3 = Architecture(MODEL_ARCH.PHI3, writes_rope_dimension=True, write_keys=_keys, model_type="phi3", read_keys=_read_keys)

ARCHITECTURES = {"Phi3ForCausalLM": PHI3}
