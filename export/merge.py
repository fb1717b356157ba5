"""An adapter into its base model: one ordinary model folder, as if it had been trained in full.

The result has 16 bits (or 32, where the base is kept so), never 4: rounding the merged weights to 4 bits costs seventy times the
distance (KL .088 against .0012 to the model that was trained). What QLoRA trained may be merged onto the base's own weights, or
onto what 4 bits left of them (`export.nf4`). One tensor is in memory at a time, and each is changed in float32 and rounded once.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors import safe_open

from export.adapter import Adapter, check_fits, read_adapter
from export.gguf.convert import safetensors_files
from export.model_files import INDEX, TEMPLATE_FOLDER, TOKENIZER_FILES, copy_tokenizer, stored_tensors
from export.nf4 import through_nf4, weights_in_nf4
from export.sampling import FILE as GENERATION
from export.sampling import Sampling
from export.shards import Entry, write_shard
from export.stops import write_end
from likeness.errors import CallError
from likeness.files import atomic_folder

TORCH = {
    "F64": "float64", "F32": "float32", "BF16": "bfloat16", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16",
    "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
"""The types of a safetensors file, as torch calls them."""
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


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
    dequantized: bool = False,
    end: int | None = None,
) -> Merged:
    """Merge a PEFT adapter into its base model and save the result as safetensors.

    Args:
        base: the base model's folder, or its name on the hub.
        adapter: folder with adapter_config.json and adapter_model.safetensors.
        out: the folder to make; it appears whole, and replaces an older one only then.
        dtype: "auto" (the base's own; a float32 base stays float32), "bfloat16", "float16" or "float32".
        template: a chat template to take the place of the base's.
        sampling: how its answers are to be drawn, for generation_config.json; the base's own where none is given.
        dequantized: merge onto the base as QLoRA trains on it, its linear layers rounded to 4 bits and back.
        end: the id of the mark that the model learnt to end a reply with; the chat template's where none is given.

    The base's tokenizer files are copied as they are, except for its end token where that is not what a reply ends with.

    Raises:
        CallError: the base is quantized or pickled, or the adapter does not fit it or does not merge without rest.
    """
    folder = _base_folder(base)
    kind = _dtype(folder, dtype)
    change = read_adapter(adapter)
    files = safetensors_files(folder)
    shapes = _shapes(files)
    check_fits(change, shapes, adapter, folder)
    rounded = weights_in_nf4(folder) if dequantized else frozenset[str]()
    if odd := sorted(rounded - shapes.keys()):
        fix = "Merge onto the original: `merge: {base: original}`."
        raise CallError(f"{odd[0]} is not in {folder} under that name, so it cannot be rounded as in training.", fix=fix)
    with atomic_folder(out) as part:
        placed: dict[str, str] = {}
        size = 0
        for file in files:
            entries = _entries(file, change, DTYPES[kind], rounded)
            size += write_shard(part / file.name, entries)
            placed |= {entry.name: file.name for entry in entries}
        if (folder / INDEX).is_file():
            index = {"metadata": {"total_size": size}, "weight_map": placed}
            (part / INDEX).write_text(json.dumps(index, indent=2), encoding="utf-8")
        _write_config(folder, part, kind)
        copy_tokenizer(folder, part, template)
        if sampling is not None:
            sampling.write(part)
        write_end(part, end)
    return Merged(out, kind, change.weights)


def _shapes(files: list[Path]) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for file in files for name, tensor in stored_tensors(file).items()}


def _entries(file: Path, adapter: Adapter, dtype: torch.dtype, rounded: Set[str]) -> list[Entry]:
    """The tensors of a file of the base, each merged when it is loaded."""
    entries = []
    for name, tensor in stored_tensors(file).items():
        own = getattr(torch, TORCH[tensor.dtype])
        kind = dtype if own.is_floating_point else own
        entries.append(Entry(name, kind, tensor.shape, partial(_merged, file, name, adapter, kind, name in rounded)))
    return entries


def _merged(file: Path, name: str, adapter: Adapter, dtype: torch.dtype, rounded: bool) -> torch.Tensor:
    with safe_open(file, "pt") as stream:  # opened for each: what is mapped into memory is given back with it
        weight = stream.get_tensor(name)
        merged = adapter.apply(name, through_nf4(weight) if rounded else weight).to(dtype)
    if dtype == torch.float16 and name in adapter.changes and not torch.isfinite(merged).all():
        fix = "Merge into bfloat16, or train with a lower learning rate."
        raise CallError(f"{name} cannot be merged: it holds more than float16 can.", fix=fix)
    return merged


def _write_config(base: Path, out: Path, dtype: str) -> None:
    """The base's configuration with the type that the weights have now, and its settings for generation."""
    config: dict[str, Any] = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    (out / "config.json").write_text(json.dumps(config | {"dtype": dtype}, indent=2) + "\n", encoding="utf-8")
    if (base / GENERATION).is_file():
        shutil.copyfile(base / GENERATION, out / GENERATION)


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
