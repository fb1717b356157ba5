"""Rotary position embedding: its keys, and the tensors of factors that some kinds need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from gguf import GGUFWriter, RopeScalingType

from export.gguf.architectures import Architecture, Config, head_size
from likeness.errors import CallError

LLAMA3, LONG, SHORT = "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"
KINDS = ("default", "linear", "llama3", "yarn", "longrope")


def write_rope(writer: GGUFWriter, architecture: Architecture, config: Config) -> None:
    """Write the keys of the rotary embedding.

    Args:
        writer: of the file.
        architecture: of the model's family.
        config: the model's.

    Raises:
        CallError: the kind is not one of KINDS.
    """
    rope, local = _parameters(config)
    kind = rope.get("rope_type", "default")
    if kind not in KINDS or (local or {}).get("rope_type", "default") != "default":
        raise CallError(
            f"The rope type {kind!r} is not covered (covered: {', '.join(KINDS)}).",
            fix="Use a base model with one of these, or convert the merged folder with llama.cpp's own script.",
        )
    if architecture.writes_rope_dimension:
        writer.add_rope_dimension_count(_rotated(rope, config))
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if local:
        writer.add_rope_freq_base_swa(float(local["rope_theta"]))
    if kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
    if kind == "yarn":
        _write_yarn(writer, rope, config)
    if kind == "longrope":
        writer.add_rope_scaling_attn_factors(_attention_factor(rope, config))


def rope_tensors(config: Config) -> Mapping[str, torch.Tensor]:
    """The tensors that go into the file beside the model's own: float32 of shape (rotated elements / 2,)."""
    rope, _ = _parameters(config)
    kind = rope.get("rope_type", "default")
    if kind == "llama3":
        return {LLAMA3: llama3_factors(config, _rotated(rope, config))}
    if kind == "longrope":
        return {LONG: torch.tensor(rope["long_factor"]), SHORT: torch.tensor(rope["short_factor"])}
    return {}


def llama3_factors(config: Config, size: int) -> torch.Tensor:
    """Divisors of the rotary frequencies, float32 of shape (size / 2,).

    Formula: `_compute_llama3_parameters` in transformers' `modeling_rope_utils.py`. Wavelengths shorter than
    original / high stay, those longer than original / low are divided by `factor`, those between are blended.
    """
    rope, _ = _parameters(config)
    low, high, factor = (float(rope[key]) for key in ("low_freq_factor", "high_freq_factor", "factor"))
    original = float(rope["original_max_position_embeddings"])
    exponents = torch.arange(0, size, 2, dtype=torch.float64) / size
    wavelength = 2 * math.pi * float(rope["rope_theta"]) ** exponents
    share = ((original / wavelength - low) / (high - low)).clamp(0, 1)  # 1: kept as it is, 0: divided in full
    return (1 / ((1 - share) / factor + share)).float()


def _parameters(config: Config) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The factors of the layers with full attention, and of those with a window where the two differ (Gemma 3)."""
    rope = config["rope_parameters"]
    return (rope["full_attention"], rope.get("sliding_attention")) if "full_attention" in rope else (rope, None)


def _rotated(rope: Mapping[str, Any], config: Config) -> int:
    return int(head_size(config) * rope.get("partial_rotary_factor", 1.0))


def _write_yarn(writer: GGUFWriter, rope: Mapping[str, Any], config: Config) -> None:
    """llama.cpp's YaRN scales attention by .1 ln(factor) + 1, as transformers does by default."""
    factor = float(rope["factor"])
    usual = 0.1 * math.log(factor) + 1
    attention = rope.get("attention_factor") or usual
    if rope.get("mscale") or rope.get("mscale_all_dim") or rope.get("truncate") is False or not math.isclose(attention, usual):
        raise CallError(
            "YaRN with an attention factor of its own is not covered.", fix="Use a base model whose rope_scaling says none."
        )
    writer.add_rope_scaling_type(RopeScalingType.YARN)
    writer.add_rope_scaling_factor(factor)
    writer.add_rope_scaling_orig_ctx_len(int(rope.get("original_max_position_embeddings") or config["max_position_embeddings"]))
    if rope.get("beta_fast") is not None:
        writer.add_rope_scaling_yarn_beta_fast(float(rope["beta_fast"]))
    if rope.get("beta_slow") is not None:
        writer.add_rope_scaling_yarn_beta_slow(float(rope["beta_slow"]))


def _attention_factor(rope: Mapping[str, Any], config: Config) -> float:
    """What longrope scales queries and keys by (`_compute_longrope_parameters` in transformers)."""
    if rope.get("attention_factor") is not None:
        return float(rope["attention_factor"])
    original = rope["original_max_position_embeddings"]
    scale = config["max_position_embeddings"] / original if original else rope.get("factor", 1.0)
    return math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0
