"""A GGUF file -> a model folder as transformers has it: the way back from `export.gguf.convert`.

Quantized weights become bfloat16: what their rounding took is gone, and the folder says what the file says. A configuration that
the file's keys do not fix is refused by name; that the rest is right is proven by `export.verify.verify_unpacked`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from gguf import MODEL_ARCH_NAMES, get_tensor_name_map
from safetensors.torch import save_file

from export.gguf.architectures import Architecture, Keys
from export.gguf.families import ARCHITECTURES
from export.gguf.read import GgufFile, StoredTensor
from export.gguf.rope import LLAMA3, LONG, SHORT, llama3_factors
from export.gguf.tokenizer import Pieces, byte_level_tokenizer, sentencepiece_tokenizer, wrap
from export.gguf.vocabulary import ENDS_BY_NAME
from likeness.errors import CallError
from likeness.files import atomic_folder

UNPACKED: dict[str, tuple[str, Architecture]] = {}
"""By llama.cpp's name of an architecture: the class in transformers, the first of those that share one."""
for _name, _architecture in ARCHITECTURES.items():
    if _architecture.model_type:
        UNPACKED.setdefault(MODEL_ARCH_NAMES[_architecture.name], (_name, _architecture))

SHARD_BYTES = 2_000_000_000
LLAMA3_ROPE = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
"""What every Llama 3.x has; a file holds only the factors that follow from it."""


def unpack(gguf: Path, out: Path) -> Path:
    """Write the model in a GGUF file as a folder: config.json, safetensors in bfloat16, tokenizer, chat template.

    Args:
        gguf: the file.
        out: the folder, which appears whole or not at all.

    Raises:
        CallError: the file's family, vocabulary or rope is not covered, or a tensor of it has no place.
    """
    file = GgufFile(gguf)
    try:
        config = config_of(file)
        with atomic_folder(out) as part:
            (part / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
            _write_tokenizer(file, part)
            _write_weights(file, config, part)
    except CallError as error:
        raise CallError(error.what, where=str(gguf), fix=error.fix) from None
    return out


def config_of(file: GgufFile) -> dict[str, Any]:
    """The configuration that a file's keys describe.

    Raises:
        CallError: the family is not covered, or the keys do not fix it.
    """
    kind = file.keys.get("general.architecture")
    if kind not in UNPACKED:
        raise CallError(f"its architecture {kind} is not covered", fix=f"Covered are {', '.join(UNPACKED)}.")
    name, architecture = UNPACKED[kind]
    get = Keys(file.keys, kind)
    if get("expert_count"):
        raise CallError("it is a mixture of experts, which is not covered", fix="Choose a dense model.")
    names = {tensor.name for tensor in file.tensors}
    heads = get.required("attention.head_count")
    config: dict[str, Any] = {
        "architectures": [name],
        "model_type": architecture.model_type,
        "hidden_size": get.required("embedding_length"),
        "intermediate_size": get.required("feed_forward_length"),
        "num_hidden_layers": get.required("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": get("attention.head_count_kv", heads),
        "max_position_embeddings": get.required("context_length"),
        "rms_norm_eps": round(get.required("attention.layer_norm_rms_epsilon"), 12),
        "vocab_size": next(tensor.shape[0] for tensor in file.tensors if tensor.name == "token_embd.weight"),
        "tie_word_embeddings": "output.weight" not in names,
        "rope_parameters": _rope(file, get),
        "bos_token_id": file.keys.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": file.keys.get("tokenizer.ggml.eos_token_id"),
        "dtype": "bfloat16",
    }
    if width := get("attention.key_length"):
        config["head_dim"] = width
    return config | architecture.read_keys(get, names)


def _rope(file: GgufFile, get: Keys) -> dict[str, Any]:
    theta = round(float(get("rope.freq_base", 10000.0)), 6)
    stored = {tensor.name: tensor for tensor in file.tensors if tensor.name in (LLAMA3, LONG, SHORT)}
    kind = get("rope.scaling.type", "none")
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": theta}
    if LLAMA3 in stored:
        rope = _llama3(stored[LLAMA3], theta)
    elif LONG in stored:
        rope |= {
            "rope_type": "longrope",
            "original_max_position_embeddings": get.required("rope.scaling.original_context_length"),
        }
        rope |= {"short_factor": stored[SHORT].values().tolist(), "long_factor": stored[LONG].values().tolist()}
    elif kind in ("linear", "yarn"):
        rope |= {"rope_type": kind, "factor": float(get.required("rope.scaling.factor"))}
        if kind == "yarn":
            rope["original_max_position_embeddings"] = get.required("rope.scaling.original_context_length")
    elif kind != "none":
        raise CallError(f"its rope scaling {kind!r} is not covered", fix="Choose another model.")
    width = get("attention.key_length") or get.required("embedding_length") // get.required("attention.head_count")
    if (share := get("rope.dimension_count", width) / width) != 1:
        rope["partial_rotary_factor"] = share
    if (local := get("rope.freq_base_swa")) is not None:
        return {"full_attention": rope, "sliding_attention": {"rope_type": "default", "rope_theta": round(float(local), 6)}}
    return rope


def _llama3(stored: StoredTensor, theta: float) -> dict[str, Any]:
    factors = torch.from_numpy(stored.values())
    rope = {"rope_type": "llama3", "rope_theta": theta, "factor": float(factors.max()), **LLAMA3_ROPE}
    if not torch.allclose(llama3_factors({"rope_parameters": rope}, 2 * len(factors)), factors, rtol=1e-4):
        raise CallError("its rope factors are not those of a Llama 3", fix="Choose another model.")
    return rope


def _write_tokenizer(file: GgufFile, folder: Path) -> None:
    keys = {key.removeprefix("tokenizer.ggml."): value for key, value in file.keys.items() if key.startswith("tokenizer.")}
    special = {name: keys.get(f"{long}_token_id") for name, long in SPECIAL.items()}
    pieces = Pieces(keys["tokens"], keys["token_type"], keys.get("scores"), keys.get("merges"))
    if keys["model"] == "gpt2":
        made, adds_bos = byte_level_tokenizer(pieces, keys.get("pre", "default")), keys.get("add_bos_token", False)
    elif keys["model"] == "llama":
        made, adds_bos = sentencepiece_tokenizer(pieces, keys.get("add_space_prefix", True)), keys.get("add_bos_token", True)
    else:
        raise CallError(f"its vocabulary of kind {keys['model']} is not covered", fix="Choose a model with a BPE vocabulary.")
    wrap(made, pieces, special, keys.get("tokenizer.chat_template"), adds_bos).save_pretrained(folder)
    ends = {special["eos"], keys.get("eot_token_id"), keys.get("eom_token_id")} - {None}
    ends |= {number for number, text in enumerate(pieces.texts) if text in ENDS_BY_NAME and pieces.types[number] == CONTROL}
    settings = {
        "bos_token_id": special["bos"],
        "eos_token_id": sorted(end for end in ends if end is not None),
        "pad_token_id": special["pad"],
    }
    (folder / "generation_config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")


SPECIAL = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
CONTROL = 3


def _write_weights(file: GgufFile, config: Mapping[str, Any], folder: Path) -> None:
    """Every weight that the model has, in shards with an index; one shard in memory at a time."""
    shards: list[dict[str, torch.Tensor]] = [{}]
    where: dict[str, int] = {}
    size = 0
    for name, tensor in _weights(file, config):
        bytes_ = tensor.numel() * tensor.element_size()
        if shards[-1] and size + bytes_ > SHARD_BYTES:
            _save(shards[-1], folder / f"part-{len(shards)}.safetensors")
            shards[-1] = {}
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        where[name] = len(shards)
        size += bytes_
    _save(shards[-1], folder / f"part-{len(shards)}.safetensors")
    if len(shards) == 1:
        (folder / "part-1.safetensors").rename(folder / "model.safetensors")
        return
    names = {number: f"model-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)}
    for number, final in names.items():
        (folder / f"part-{number}.safetensors").rename(folder / final)
    index = {"metadata": {}, "weight_map": {name: names[number] for name, number in where.items()}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    save_file(tensors, path, {"format": "pt"})


def _weights(file: GgufFile, config: Mapping[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """The model's own names, each with its weight out of the file.

    Raises:
        CallError: a weight is missing, has another shape, or is one too many.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    architecture = ARCHITECTURES[config["architectures"][0]]
    names = get_tensor_name_map(architecture.name, config["num_hidden_layers"])
    stored = {tensor.name: tensor for tensor in file.tensors if tensor.name not in (LLAMA3, LONG, SHORT)}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    for name, wanted in model.state_dict().items():
        if name == "lm_head.weight" and config["tie_word_embeddings"]:
            continue
        found = stored.pop(names.get_name(name, try_suffixes=(".weight", ".bias")) or "", None)
        if found is None or found.shape != tuple(wanted.shape):
            told = "is missing" if found is None else f"has the shape {found.shape}, and not {tuple(wanted.shape)}"
            raise CallError(f"its weight for {name} {told}", fix="Fetch the file again, or choose another model.")
        yield name, _as_in_transformers(found, architecture, config).to(torch.bfloat16).contiguous()
    if stored:
        kind = MODEL_ARCH_NAMES[architecture.name]
        raise CallError(f"its tensor {min(stored)} has no place in a {kind}", fix="Choose another model.")


def _as_in_transformers(tensor: StoredTensor, architecture: Architecture, config: Mapping[str, Any]) -> torch.Tensor:
    values = torch.from_numpy(tensor.values())
    if architecture.shifts_norms and tensor.name.endswith("norm.weight"):
        return values - 1
    keys = {".attn_q.": "num_attention_heads", ".attn_k.": "num_key_value_heads"}
    heads = next((config[key] for part, key in keys.items() if part in tensor.name), None)
    if heads is None or not architecture.rotates_pairs:
        return values
    pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:])
    return pairs.transpose(1, 2).reshape(values.shape)
