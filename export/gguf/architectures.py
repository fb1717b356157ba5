"""Which models can be written as GGUF, and what distinguishes each family's numbers from Hugging Face's.

What is not listed here is refused by name: a file that loads and talks nonsense is worse than no file. The conventions
are those of llama.cpp's own converter (`convert_hf_to_gguf.py`, MIT); each entry is held to them by the checks of
`export.verify` on a tiny model in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gguf import MODEL_ARCH

from export.errors import ExportError

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Architecture:
    """How one family of models is laid down in a GGUF file.

    `rotates_pairs`: llama.cpp rotates neighbouring rows (2i, 2i+1) of a query or key head, Hugging Face the rows
    (i, i + head/2): the rows are reordered. `writes_rope_dimension`: the family expects that key.
    """

    name: MODEL_ARCH
    rotates_pairs: bool = False
    writes_rope_dimension: bool = False


ARCHITECTURES: Mapping[str, Architecture] = {
    "LlamaForCausalLM": Architecture(MODEL_ARCH.LLAMA, rotates_pairs=True, writes_rope_dimension=True),
    "MistralForCausalLM": Architecture(MODEL_ARCH.LLAMA, rotates_pairs=True, writes_rope_dimension=True),
    "Qwen2ForCausalLM": Architecture(MODEL_ARCH.QWEN2),
    "Qwen3ForCausalLM": Architecture(MODEL_ARCH.QWEN3),
}


def architecture_of(config: Config) -> Architecture:
    """The family of a model's configuration.

    Raises:
        ExportError: the architecture, its activation or its attention is not covered.
    """
    named = config.get("architectures") or ["(none)"]
    name = named[0]
    if name not in ARCHITECTURES:
        kind = "a mixture of experts" if "moe" in name.lower() or "mixtral" in name.lower() else "an architecture"
        raise ExportError(
            f"{name} is {kind} that this exporter does not cover.",
            f"Train one of {', '.join(ARCHITECTURES)}, or convert the merged folder with llama.cpp's own script.",
        )
    if config.get("hidden_act", "silu") != "silu":
        raise ExportError(
            f"{name} with the activation {config['hidden_act']} has no counterpart in llama.cpp, which computes silu.",
            "Convert a model whose config.json says hidden_act: silu.",
        )
    if config.get("use_sliding_window"):
        raise ExportError(
            f"{name} with use_sliding_window is not covered.", "Use a base model that attends to its whole context."
        )
    return ARCHITECTURES[name]


def head_size(config: Config) -> int:
    """Width of one attention head, in elements."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def context_length(config: Config) -> int:
    """Tokens that the file may promise to attend to.

    llama.cpp's llama graph has no attention window. Below the window both compute the same, so a Mistral with a window
    is exported with the window as its whole context.
    """
    length = int(config["max_position_embeddings"])
    window = config.get("sliding_window")
    return min(length, int(window)) if window else length
