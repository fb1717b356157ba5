"""Rotary position embedding: its keys, and the tensor of factors that Llama 3 needs."""

from __future__ import annotations

import math

import torch
from gguf import GGUFWriter, RopeScalingType

from export.errors import ExportError
from export.gguf.architectures import Architecture, Config, head_size

FACTORS_TENSOR = "rope_freqs.weight"


def write_rope(writer: GGUFWriter, architecture: Architecture, config: Config) -> torch.Tensor | None:
    """Write the keys of the rotary embedding.

    Returns:
        For rope type `llama3` the divisors of the frequencies, float32 of shape (rotated elements / 2,), which go into
        the file as the tensor `rope_freqs.weight`; otherwise None.

    Raises:
        ExportError: the rope type is not one of default, linear, llama3.
    """
    rope = config["rope_parameters"]
    kind = rope.get("rope_type", "default")
    size = int(head_size(config) * rope.get("partial_rotary_factor", 1.0))
    if architecture.writes_rope_dimension:
        writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if kind == "default":
        return None
    if kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
        return None
    if kind == "llama3":
        return llama3_factors(config, size)
    raise ExportError(
        f"The rope type {kind!r} is not covered (covered: default, linear, llama3).",
        "Use a base model with one of these, or convert the merged folder with llama.cpp's own script.",
    )


def llama3_factors(config: Config, size: int) -> torch.Tensor:
    """Divisors of the rotary frequencies, float32 of shape (size / 2,).

    Formula: `_compute_llama3_parameters` in transformers' `modeling_rope_utils.py`. Wavelengths shorter than
    original / high stay, those longer than original / low are divided by `factor`, those between are blended.
    """
    rope = config["rope_parameters"]
    low, high, factor = (float(rope[key]) for key in ("low_freq_factor", "high_freq_factor", "factor"))
    original = float(rope["original_max_position_embeddings"])
    exponents = torch.arange(0, size, 2, dtype=torch.float64) / size
    wavelength = 2 * math.pi * float(rope["rope_theta"]) ** exponents
    share = ((original / wavelength - low) / (high - low)).clamp(0, 1)  # 1: kept as it is, 0: divided in full
    return (1 / ((1 - share) / factor + share)).float()
