"""A base as QLoRA trains on it: its linear layers in 4 bits (NF4 with double quantization, arXiv 2305.14314)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

NF4_ROWS = 32
"""Rows that bitsandbytes packs together on a CPU."""


def nf4_settings(dtype: torch.dtype) -> Any:
    """What transformers is given to load a base so.

    Args:
        dtype: in which it computes.
    """
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def weights_in_nf4(base: Path) -> frozenset[str]:
    """The names of the weights that are then in 4 bits: linear layers, but not the output layer. Nothing is loaded for it.

    Args:
        base: the model's folder.
    """
    return frozenset(f"{name}.weight" for name in _layers_in_nf4(base))


def unfit_for_nf4(base: Path) -> str | None:
    """A layer that bitsandbytes cannot compute in 4 bits on this machine's processor, with its sizes; None where it can all.

    Its kernels want certain multiples, which differ between processors and versions: so each shape is tried.

    Args:
        base: the model's folder; its configuration is enough.
    """
    from bitsandbytes.nn import Linear4bit

    shapes = {(part.in_features, part.out_features): name for name, part in _layers_in_nf4(base).items()}
    for (takes, gives), name in shapes.items():
        few = gives if gives < 2 * NF4_ROWS else NF4_ROWS + gives % NF4_ROWS  # what matters of it is its remainder
        layer = Linear4bit(takes, few, bias=False, compute_dtype=torch.float32, quant_type="nf4").to("cpu").eval()
        try:
            with torch.no_grad():
                layer(torch.zeros(1, takes))
        except (AssertionError, RuntimeError):
            return f"{name} ({gives} x {takes})"
    return None


def _layers_in_nf4(base: Path) -> dict[str, Any]:
    from bitsandbytes.nn import Linear4bit
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.integrations import replace_with_bnb_linear
    from transformers.quantizers.base import HfQuantizer

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
        kept = HfQuantizer.get_modules_to_not_convert(model, None, model._keep_in_fp32_modules)
        model = replace_with_bnb_linear(model, kept, nf4_settings(torch.float32))
    return {name: part for name, part in model.named_modules() if isinstance(part, Linear4bit)}


def through_nf4(weight: torch.Tensor) -> torch.Tensor:
    """A weight after 4 bits, in float32: the one that a QLoRA adapter was trained beside.

    Args:
        weight: the base's own.
    """
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    rounded: torch.Tensor = dequantize_4bit(*quantize_4bit(weight.float(), quant_type="nf4", compress_statistics=True))
    return rounded
