"""A base as QLoRA trains on it: its linear layers in 4 bits (NF4 with double quantization, arXiv 2305.14314)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


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
    from bitsandbytes.nn import Linear4bit
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.integrations import replace_with_bnb_linear
    from transformers.quantizers.base import HfQuantizer

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
        kept = HfQuantizer.get_modules_to_not_convert(model, None, model._keep_in_fp32_modules)
        model = replace_with_bnb_linear(model, kept, nf4_settings(torch.float32))
    return frozenset(f"{name}.weight" for name, part in model.named_modules() if isinstance(part, Linear4bit))


def through_nf4(weight: torch.Tensor) -> torch.Tensor:
    """A weight after 4 bits, in float32: the one that a QLoRA adapter was trained beside.

    Args:
        weight: the base's own.
    """
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    rounded: torch.Tensor = dequantize_4bit(*quantize_4bit(weight.float(), quant_type="nf4", compress_statistics=True))
    return rounded
