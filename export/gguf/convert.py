"""A folder with a Hugging Face model -> one GGUF file in 16 or 32 bits, one tensor in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gguf import (
    GGML_QUANT_VERSION,
    MODEL_ARCH_NAMES,
    GGMLQuantizationType,
    GGUFType,
    GGUFWriter,
    LlamaFileType,
    get_tensor_name_map,
)
from safetensors import safe_open
from transformers import AutoConfig, AutoTokenizer

from export.errors import ExportError
from export.files import whole_file
from export.gguf.architectures import Architecture, Config, architecture_of, context_length, head_size
from export.gguf.rope import FACTORS_TENSOR, write_rope
from export.gguf.vocabulary import read_vocabulary, write_vocabulary

FILE_TYPES = {
    "f32": (LlamaFileType.ALL_F32, GGMLQuantizationType.F32),
    "f16": (LlamaFileType.MOSTLY_F16, GGMLQuantizationType.F16),
    "bf16": (LlamaFileType.MOSTLY_BF16, GGMLQuantizationType.BF16),
}
F16_MAX = 65504.0


@dataclass(frozen=True)
class Tensor:
    """A tensor to be written: its names in both worlds, its shape as torch says it, and how to load it."""

    name: str
    source: str
    shape: tuple[int, ...]
    load: Callable[[], torch.Tensor]


def convert(folder: Path, out: Path, dtype: str = "f16", *, name: str = "model", vocabulary_only: bool = False) -> Path:
    """Write the model in `folder` (config.json, *.safetensors, tokenizer.json) as the GGUF file `out`.

    Args:
        folder: a model as transformers saves it; weights only as safetensors.
        out: the file; written beside its place and then renamed.
        dtype: "f16", "bf16" or "f32" for the matrices; vectors stay float32, as llama.cpp expects.
        name: `general.name` of the file.
        vocabulary_only: leave the weights out (to try the tokenizer before a long conversion).

    Raises:
        ExportError: the architecture, rope type, tokenizer or a tensor is not covered, or a value exceeds f16.
    """
    if dtype not in FILE_TYPES:
        raise ExportError(f"{dtype!r} is not a type to convert to.", f"Choose one of {', '.join(FILE_TYPES)}.")
    config = read_config(folder)
    architecture = architecture_of(config)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with whole_file(out) as part:
        writer = GGUFWriter(part, MODEL_ARCH_NAMES[architecture.name])
        try:
            _write_keys(writer, config, name, FILE_TYPES[dtype][0])
            factors = write_rope(writer, architecture, config)
            write_vocabulary(writer, tokenizer, read_vocabulary(tokenizer, config["vocab_size"]))
            _write_tensors(writer, [] if vocabulary_only else _all_tensors(folder, architecture, config, factors), dtype)
        finally:
            writer.close()
    return out


def read_config(folder: Path) -> dict[str, Any]:
    """The model's configuration, with transformers' defaults filled in and `rope_parameters` in today's form."""
    if not (folder / "config.json").is_file():
        raise ExportError(f"There is no config.json in {folder}.", "Point to a merged model's folder.")
    config: dict[str, Any] = AutoConfig.from_pretrained(folder).to_dict()
    return config


def model_tensors(folder: Path, architecture: Architecture, config: Config) -> Iterator[Tensor]:
    """Every tensor of the model under its GGUF name, in the order of the files, loaded only when asked.

    Raises:
        ExportError: there are no safetensors, or a tensor has no place in the GGUF architecture.
    """
    names = get_tensor_name_map(architecture.name, config["num_hidden_layers"])
    for file in safetensors_files(folder):
        with safe_open(file, "pt") as stream:
            shapes = {key: tuple(stream.get_slice(key).get_shape()) for key in stream.keys()}  # noqa: SIM118
        for key, shape in shapes.items():
            if key == "lm_head.weight" and config.get("tie_word_embeddings"):
                continue  # llama.cpp reads the embedding where there is no output matrix
            gguf_name = names.get_name(key, try_suffixes=(".weight", ".bias"))
            if gguf_name is None:
                raise ExportError(
                    f"The tensor {key} has no place in the GGUF architecture {MODEL_ARCH_NAMES[architecture.name]}.",
                    "Merge the adapter first, and export only models of the listed architectures.",
                )
            yield Tensor(gguf_name, key, shape, _loader(file, key))


def safetensors_files(folder: Path) -> list[Path]:
    """The weight files of a model's folder; never pickle.

    Raises:
        ExportError: there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ExportError(f"There are no safetensors in {folder}.", "Save the model as safetensors; pickle is not read.")
    return files


def pair_rows(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Reorder the rows of a query or key weight (heads * size, ...) so that each head's rows i and i + size/2 meet.

    Hugging Face rotates the two halves of a head against each other, llama.cpp neighbours: row i of the first half
    becomes row 2i, row i of the second half row 2i + 1.
    """
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return halves.transpose(1, 2).reshape(weight.shape)


def _loader(file: Path, key: str) -> Callable[[], torch.Tensor]:
    def load() -> torch.Tensor:
        with safe_open(file, "pt") as stream:
            tensor: torch.Tensor = stream.get_tensor(key)
        return tensor

    return load


def _all_tensors(folder: Path, architecture: Architecture, config: Config, factors: torch.Tensor | None) -> Iterator[Tensor]:
    if factors is not None:
        yield Tensor(FACTORS_TENSOR, FACTORS_TENSOR, tuple(factors.shape), lambda: factors)
    for tensor in model_tensors(folder, architecture, config):
        heads = _rotated_heads(tensor.name, config) if architecture.rotates_pairs else 0
        yield _paired(tensor, heads) if heads else tensor


def _rotated_heads(name: str, config: Config) -> int:
    """How many heads the rows of a tensor belong to if the rotary embedding turns them, else 0."""
    if ".attn_q." in name:
        return int(config["num_attention_heads"])
    return int(config["num_key_value_heads"]) if ".attn_k." in name else 0


def _paired(tensor: Tensor, heads: int) -> Tensor:
    return Tensor(tensor.name, tensor.source, tensor.shape, lambda: pair_rows(tensor.load(), heads))


def _write_keys(writer: GGUFWriter, config: Config, name: str, file_type: LlamaFileType) -> None:
    writer.add_type(GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(file_type)
    writer.add_quantization_version(GGML_QUANT_VERSION)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(context_length(config))
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(head_size(config))
    writer.add_value_length(head_size(config))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def _write_tensors(writer: GGUFWriter, tensors: Iterator[Tensor] | list[Tensor], dtype: str) -> None:
    """Announce all tensors first (the header holds their places), then write them one after the other."""
    plan: list[tuple[Tensor, GGMLQuantizationType]] = []
    for tensor in tensors:
        kind = FILE_TYPES[dtype][1] if len(tensor.shape) > 1 else GGMLQuantizationType.F32
        size = int(np.prod(tensor.shape)) * (4 if kind == GGMLQuantizationType.F32 else 2)
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), size, raw_dtype=kind)
        plan.append((tensor, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor, kind in plan:
        writer.write_tensor_data(_encode(tensor, kind))


def _encode(tensor: Tensor, kind: GGMLQuantizationType) -> npt.NDArray[Any]:
    values = tensor.load()
    if kind == GGMLQuantizationType.BF16:
        return values.to(torch.bfloat16).contiguous().view(torch.int16).numpy()  # numpy knows no bfloat16: its bits
    if kind == GGMLQuantizationType.F32:
        return values.float().contiguous().numpy()
    if values.abs().max().item() > F16_MAX:
        raise ExportError(
            f"{tensor.source} holds a value above {F16_MAX:.0f}, the largest that f16 can hold.",
            "Export from bf16 instead: dtype='bf16'.",
        )
    return values.to(torch.float16).contiguous().numpy()
