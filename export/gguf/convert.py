"""A folder with a Hugging Face model -> one GGUF file in 16 or 32 bits, one tensor in memory at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
from transformers import AutoConfig

from export.gguf.architectures import Architecture, Config, context_length, head_size
from export.gguf.families import architecture_of
from export.gguf.rope import rope_tensors, write_rope
from export.gguf.vocabulary import read_vocabulary, write_vocabulary
from export.model_files import load_tokenizer, stored_tensors, weight_files
from export.probe import turn_end
from export.sampling import read_sampling
from likeness.errors import CallError
from likeness.files import atomic_file

FILE_TYPES = {
    "f32": (LlamaFileType.ALL_F32, GGMLQuantizationType.F32),
    "f16": (LlamaFileType.MOSTLY_F16, GGMLQuantizationType.F16),
    "bf16": (LlamaFileType.MOSTLY_BF16, GGMLQuantizationType.BF16),
}
F16_MAX = 65504.0


class AboveF16(CallError):
    """A weight is larger than f16 can hold."""


@dataclass(frozen=True)
class Tensor:
    """A tensor to be written: its names in the model folder and in the file, its shape in torch's order, and how to load it."""

    name: str
    source: str
    shape: tuple[int, ...]
    load: Callable[[], torch.Tensor]


def convert(
    folder: Path, out: Path, dtype: str = "f16", *, name: str = "model", vocabulary_only: bool = False, tokenizer: Any = None
) -> Path:
    """Write the model in `folder` (config.json, *.safetensors, tokenizer.json) as the GGUF file `out`.

    Args:
        folder: a model as transformers saves it; weights only as safetensors.
        out: the file; written beside its place and then renamed.
        dtype: "f16", "bf16" or "f32" for the matrices; vectors stay float32, as llama.cpp expects.
        name: `general.name` of the file.
        vocabulary_only: leave the weights out (to try the tokenizer before a long conversion).
        tokenizer: to write instead of the folder's own.

    Raises:
        CallError: the architecture, rope type, tokenizer or a tensor is not covered, or a value exceeds f16.
    """
    if dtype not in FILE_TYPES:
        raise CallError(f"{dtype!r} is not a type that can be written.", fix=f"Choose one of {', '.join(FILE_TYPES)}.")
    config = read_config(folder)
    architecture = architecture_of(config)
    tokenizer = tokenizer or load_tokenizer(folder)
    with atomic_file(out) as part:
        writer = GGUFWriter(part, MODEL_ARCH_NAMES[architecture.name])
        try:
            _write_keys(writer, architecture, config, name_for(name, tokenizer), FILE_TYPES[dtype][0])
            write_rope(writer, architecture, config)
            if sampling := read_sampling(folder):
                sampling.write_keys(writer)
            write_vocabulary(
                writer, tokenizer, read_vocabulary(tokenizer, config["vocab_size"]), _declared_end(folder, tokenizer)
            )
            _write_tensors(writer, [] if vocabulary_only else _all_tensors(folder, architecture, config), dtype)
        finally:
            writer.close()
    return out


def _declared_end(folder: Path, tokenizer: Any) -> int | None:
    """The id that ends a reply in the chat template, if the model's own settings say that it ends a generation."""
    file = folder / "generation_config.json"
    declared = json.loads(file.read_text(encoding="utf-8")).get("eos_token_id") if file.is_file() else None
    end = turn_end(tokenizer)
    return end if end in (declared if isinstance(declared, list) else [declared]) else None


def name_for(name: str, tokenizer: Any) -> str:
    """A model's name that has llama.cpp read its marks as the tokenizer does.

    Where a name holds "phi-3" or "phi3", llama.cpp takes the blanks after a mark for a part of it (and crashes on a vocabulary
    without Phi-3's marks); nothing else in a file can say so. A name that contains it by chance is written differently.
    """
    harmless = re.sub(r"(?i)(phi)-?(3)", r"\1_\2", name)
    harmless = re.sub(r"(?i)(modern)-(bert)", r"\1_\2", harmless)
    marks = {token.content: token.rstrip for token in tokenizer.added_tokens_decoder.values()}
    known = all(mark in marks for mark in ("</s>", "<unk>", "<s>", "<|endoftext|>"))
    return f"{harmless} (phi-3)" if known and marks["</s>"] else harmless


def read_config(folder: Path) -> dict[str, Any]:
    """The model's configuration, with transformers' defaults filled in and `rope_parameters` in today's form."""
    if not (folder / "config.json").is_file():
        raise CallError(f"There is no config.json in {folder}.", fix="Point to a merged model's folder.")
    config: dict[str, Any] = AutoConfig.from_pretrained(folder).to_dict()
    return config


def model_tensors(folder: Path, architecture: Architecture, config: Config) -> Iterator[Tensor]:
    """Every tensor of the model under its GGUF name, in the order of the files, loaded only when asked.

    Args:
        folder: the model's.
        architecture: of the model's family.
        config: the model's.

    Raises:
        CallError: there are no safetensors, or a tensor has no place in the GGUF architecture.
    """
    names = get_tensor_name_map(architecture.name, config["num_hidden_layers"])
    for file in safetensors_files(folder):
        for key, stored in stored_tensors(file).items():
            if key == "lm_head.weight" and config.get("tie_word_embeddings"):
                continue  # llama.cpp reads the embedding where there is no output matrix
            gguf_name = names.get_name(key, try_suffixes=(".weight", ".bias"))
            if gguf_name is None:
                raise CallError(
                    f"The tensor {key} has no place in the GGUF architecture {MODEL_ARCH_NAMES[architecture.name]}.",
                    fix="Merge the adapter first, and export only models of the listed architectures.",
                )
            yield Tensor(gguf_name, key, stored.shape, _loader(file, key))


def safetensors_files(folder: Path) -> list[Path]:
    """The weight files of a model's folder; never pickle.

    Raises:
        CallError: there are none.
    """
    files = weight_files(folder)
    if not files:
        raise CallError(f"There are no safetensors in {folder}.", fix="Save the model as safetensors; pickle is not read.")
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


def _all_tensors(folder: Path, architecture: Architecture, config: Config) -> Iterator[Tensor]:
    for name, factors in rope_tensors(config).items():
        yield Tensor(name, name, tuple(factors.shape), lambda factors=factors: factors)  # type: ignore[misc]
    for tensor in model_tensors(folder, architecture, config):
        heads = _rotated_heads(tensor.name, config) if architecture.rotates_pairs else 0
        if heads:
            yield _paired(tensor, heads)
        elif architecture.shifts_norms and tensor.name.endswith("norm.weight"):
            yield _shifted(tensor)
        else:
            yield tensor


def _shifted(tensor: Tensor) -> Tensor:
    return replace(tensor, load=lambda: tensor.load().float() + 1)


def _rotated_heads(name: str, config: Config) -> int:
    """How many heads the rows of a tensor belong to if the rotary embedding rotates them, else 0."""
    if ".attn_q." in name:
        return int(config["num_attention_heads"])
    return int(config["num_key_value_heads"]) if ".attn_k." in name else 0


def _paired(tensor: Tensor, heads: int) -> Tensor:
    return replace(tensor, load=lambda: pair_rows(tensor.load(), heads))


def _write_keys(writer: GGUFWriter, architecture: Architecture, config: Config, name: str, file_type: LlamaFileType) -> None:
    writer.add_type(GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(file_type)
    writer.add_quantization_version(GGML_QUANT_VERSION)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(context_length(config, architecture.has_window))
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(head_size(config))
    writer.add_value_length(head_size(config))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    architecture.write_keys(writer, config)


def _write_tensors(writer: GGUFWriter, tensors: Iterator[Tensor] | list[Tensor], dtype: str) -> None:
    """Declare all tensors first (the header lists their offsets), then write them one after the other."""
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
        raise AboveF16(
            f"{tensor.source} holds a value above {F16_MAX:.0f}, the largest that f16 can hold.",
            fix="Export from bf16 instead: dtype='bf16'.",
        )
    return values.to(torch.float16).contiguous().numpy()
