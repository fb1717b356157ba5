"""The base's weights as they are trained on, alone or with an adapter to go on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from export.model_files import stored_tensors
from likeness.recipe.schema import Train
from train.continued import WEIGHTS


def load_base(base: Path, settings: Train) -> Any:
    """The base, in bf16 on a GPU that has it and in float32 on a CPU; for QLoRA in 4 bits (NF4, arXiv 2305.14314)."""
    import torch
    from transformers import AutoModelForCausalLM

    from export.nf4 import nf4_settings

    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    quantization = nf4_settings(dtype) if settings.method == "qlora" else None
    return AutoModelForCausalLM.from_pretrained(base, dtype=dtype, quantization_config=quantization, use_safetensors=True)


def load_adapted(base: Path, settings: Train, adapter: Path) -> Any:
    """The base with an adapter to go on training.

    Args:
        base: the model's folder.
        settings: the recipe's `train`.
        adapter: the adapter's folder.
    """
    from peft import PeftModel

    stored_tensors(adapter / WEIGHTS)
    model = PeftModel.from_pretrained(load_base(base, settings), adapter, is_trainable=True)
    model.peft_config["default"].base_model_name_or_path = str(base)  # its file names it for others; peft would ask the hub
    return model
