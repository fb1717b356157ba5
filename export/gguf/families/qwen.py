"""Qwen 2, 2.5 and 3 (dense) in a GGUF file."""

from __future__ import annotations

from gguf import MODEL_ARCH

from export.gguf.architectures import Architecture

ARCHITECTURES = {
    "Qwen2ForCausalLM": Architecture(MODEL_ARCH.QWEN2, model_type="qwen2"),
    "Qwen3ForCausalLM": Architecture(MODEL_ARCH.QWEN3, model_type="qwen3"),
}
