"""Whether a base's weights are all there and are numbers; told from the headers of its files before any of them is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from export.model_files import Stored, stored_tensors, weight_files
from likeness.errors import CallError

FULL_TYPES = ("F64", "F32", "BF16", "F16")
"""Of weights that can be trained on and merged into, in the words of a safetensors file."""
NAMED = 3
"""Tensors that a message names."""
ROWS_AT_ONCE = 4096


def empty_model(base: Path) -> Any:
    """The base's model without weights: its parts, their names and shapes.

    Raises:
        CallError: its config.json contradicts itself, as with a pad token beyond the vocabulary.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
    except Exception as error:  # whatever the architecture's own code raises
        what = f"transformers makes no model of its config.json: {error}"
        raise CallError(
            what, where=f"train.base_model: {base}", fix="Fetch the model again, or correct its config.json."
        ) from None


def check_weights(base: Path, where: str) -> None:
    """Compare what the architecture needs with what the files hold. Tensors beyond that are no fault.

    Raises:
        CallError: a tensor is missing, or has another shape or type; or the output layer is said to be the embedding and is not.
    """
    model = empty_model(base)
    stored = {name: tensor for file in weight_files(base) for name, tensor in stored_tensors(file).items()}
    tied: dict[str, str] = model.all_tied_weights_keys
    needed = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items() if name not in tied}
    if missing := sorted(needed.keys() - stored.keys()):
        raise CallError(
            f"its files lack {_listed(missing)}, which {type(model).__name__} needs: they would begin as random numbers",
            where=where,
            fix=_cure(missing, stored),
        )
    if odd := [name for name in needed if stored[name].dtype not in FULL_TYPES]:
        raise CallError(
            f"{odd[0]} is {stored[odd[0]].dtype}, not {', '.join(FULL_TYPES)}", where=where, fix="Take the 16-bit model."
        )
    if wrong := [name for name, shape in needed.items() if stored[name].shape != shape]:
        first = wrong[0]
        raise CallError(
            f"{first} has the shape {stored[first].shape}, and by its config.json it is {needed[first]}",
            where=where,
            fix="Fetch the model again: its config.json and its weights are not of one model.",
        )
    for copy, source in tied.items():
        if copy in stored and not (stored[copy].shape == stored[source].shape and _same(base, copy, source)):
            raise CallError(
                f"its config.json says that {copy} is {source} (tie_word_embeddings), and its files hold another {copy}: "
                "some programs would take the one and some the other",
                where=where,
                fix=f"If {copy} is the model's own, write `tie_word_embeddings: false` in its config.json; "
                f"if not, save the model without it.",
            )


def first_without_numbers(base: Path) -> str | None:
    """The name of a weight of the base that holds NaN or infinity, with its file; None where all are numbers."""
    import torch
    from safetensors import safe_open

    for file in weight_files(base):
        with safe_open(file, "pt") as stream:
            for name in stream.keys():  # noqa: SIM118 - not a dict
                tensor = stream.get_tensor(name)
                if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                    return f"{name} in {file.name}"
    return None


def check_not_quantized(base: Path, where: str) -> None:
    """An adapter that was trained on 4 bits cannot be merged into them.

    Raises:
        CallError: the base's weights are quantized already, by its configuration or by the types in its files.
    """
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    stored = {name: tensor.dtype for file in weight_files(base) for name, tensor in stored_tensors(file).items()}
    odd = next((f"{name} is {dtype}" for name, dtype in stored.items() if dtype.startswith(("F8", "F4", "F6"))), None)
    quantization = config.get("quantization_config")
    method = quantization.get("quant_method", "some method") if quantization else odd
    if method:
        raise CallError(
            f"its weights are quantized already ({method}), and an adapter cannot be merged into those",
            where=where,
            fix="Take the 16-bit model that it was made from; `method: qlora` quantizes it while training.",
        )


def _cure(missing: list[str], stored: dict[str, Stored]) -> str:
    if missing == ["lm_head.weight"]:
        return (
            "Fetch the model again; if its output layer is its embedding, write `tie_word_embeddings: true` in its config.json."
        )
    ends = tuple(f".{name}" for name in stored)
    if all(name.endswith(ends) for name in missing):
        return "They are there under shorter names: save it with AutoModelForCausalLM."
    return "Fetch the model again, with all its files."


def _same(base: Path, one: str, other: str) -> bool:
    """Whether two tensors hold the same; they are read a part at a time, and only as far as they do."""
    import torch

    parts = zip(_parts(base, one), _parts(base, other), strict=False)
    return all(torch.equal(mine.float(), yours.float()) for mine, yours in parts)


def _parts(base: Path, name: str) -> Iterator[Any]:
    from safetensors import safe_open

    file = next(file for file in weight_files(base) if name in stored_tensors(file))
    with safe_open(file, "pt") as stream:
        rows = stream.get_slice(name)
        for start in range(0, rows.get_shape()[0], ROWS_AT_ONCE):
            yield rows[start : start + ROWS_AT_ONCE]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
