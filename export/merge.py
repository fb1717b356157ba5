"""An adapter into its base model: one ordinary model folder, as if it had been trained in full.

The base is read in 16 bits (or 32, where it is kept so), never in 4: merging into a 4-bit base costs seventy times the
distance (KL .088 against .0012 to the model that was trained).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from peft import PeftModel
from peft.utils import get_peft_model_state_dict
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from export.gguf.convert import safetensors_files
from export.model_files import TEMPLATE_FOLDER, TOKENIZER_FILES, copy_tokenizer
from export.sampling import Sampling
from likeness.errors import CallError
from likeness.files import atomic_folder

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_LEFTOVERS = ("lora_", "base_layer", "modules_to_save", "original_module")


@dataclass(frozen=True)
class Merged:
    """A merged model: its folder, its dtype, and how many weights of the adapter went into it."""

    folder: Path
    dtype: str
    weights: int


def merge_adapter(
    base: Path | str,
    adapter: Path,
    out: Path,
    dtype: str = "auto",
    template: str | None = None,
    sampling: Sampling | None = None,
) -> Merged:
    """Merge a PEFT adapter into its base model and save the result as safetensors.

    Args:
        base: the base model's folder, or its name on the hub.
        adapter: folder with adapter_config.json and adapter_model.safetensors.
        out: the folder to make; it appears whole, and replaces an older one only then.
        dtype: "auto" (the base's own; a float32 base stays float32), "bfloat16", "float16" or "float32".
        template: a chat template to take the place of the base's.
        sampling: how its answers are to be drawn, for generation_config.json; the base's own where none is given.

    The base's tokenizer files are copied as they are.

    Raises:
        CallError: the base is quantized or pickled, or the adapter does not fit it or does not merge without rest.
    """
    folder = _base_folder(base)
    kind = _dtype(folder, dtype)
    weights = _adapter_weights(adapter)
    model = _merged_model(folder, adapter, DTYPES[kind], weights)
    with atomic_folder(out) as part:
        model.save_pretrained(part)
        copy_tokenizer(folder, part, template)
        if sampling is not None:
            sampling.write(part)
    return Merged(out, kind, len(weights))


def _base_folder(base: Path | str) -> Path:
    """The base on this disk, fetched from the hub where it is a name; weights only as safetensors."""
    folder = Path(base)
    if not folder.is_dir():
        wanted = ["config.json", "generation_config.json", "*.safetensors*", *TOKENIZER_FILES, f"{TEMPLATE_FOLDER}/*"]
        folder = Path(snapshot_download(str(base), allow_patterns=wanted))
    safetensors_files(folder)
    return folder


def _dtype(base: Path, wanted: str) -> str:
    config: dict[str, Any] = json.loads((base / "config.json").read_text(encoding="utf-8"))
    if "quantization_config" in config:
        raise CallError(f"The base model in {base} is quantized.", fix="Merge into the 16-bit model that it was quantized from.")
    kind = wanted if wanted != "auto" else config.get("dtype") or config.get("torch_dtype") or "bfloat16"
    if kind not in DTYPES:
        raise CallError(f"{kind!r} is not a type that can be merged into.", fix=f"Choose auto, {', '.join(DTYPES)}.")
    return str(kind)


def _adapter_weights(adapter: Path) -> set[str]:
    """Names of the adapter's weights.

    Raises:
        CallError: the adapter is not there, is pickled, or is empty.
    """
    file = adapter / ADAPTER_WEIGHTS
    if not file.is_file() or not (adapter / "adapter_config.json").is_file():
        raise CallError(
            f"There is no adapter in {adapter} ({ADAPTER_WEIGHTS} and adapter_config.json).",
            fix="Train first, or point to the run's adapter folder; pickled adapters are not read.",
        )
    with safe_open(file, "pt") as stream:
        names = set(stream.keys())
    if not names:
        raise CallError(f"The adapter in {adapter} is empty.", fix="Train again with layers for it to adapt.")
    return names


def _merged_model(base: Path, adapter: Path, dtype: torch.dtype, weights: set[str]) -> Any:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, use_safetensors=True)
    try:
        adapted = PeftModel.from_pretrained(model, adapter)
    except (RuntimeError, ValueError) as error:
        raise CallError(
            f"The adapter in {adapter} does not fit {base}: {error}", fix="Merge it into the base model it was trained on."
        ) from error
    adapted.peft_config["default"].base_model_name_or_path = str(base)  # its file names it for others; peft would ask the hub
    _refuse_rest(adapter, weights, set(get_peft_model_state_dict(adapted)))
    try:
        merged = adapted.merge_and_unload(safe_merge=True)
    except ValueError as error:  # what safe_merge says of NaN, and peft of layers that cannot be merged
        raise CallError(
            f"The adapter in {adapter} cannot be merged: {error}",
            fix="Train again, with a lower learning rate if training diverged.",
        ) from error
    left = [name for name, _ in merged.named_parameters() if any(part in name for part in _LEFTOVERS)]
    if left:
        raise CallError(f"After merging, {left[0]} remains unmerged.", fix="Train an adapter of plain LoRA layers.")
    return merged


def _refuse_rest(adapter: Path, given: set[str], used: set[str]) -> None:
    """peft only warns about weights without a counterpart, and would merge the others."""
    odd = sorted(given ^ used)
    if odd:
        raise CallError(
            f"{len(odd)} weights of the adapter in {adapter} have no counterpart in its base, such as {odd[0]}.",
            fix="Merge it into the base model it was trained on.",
        )
