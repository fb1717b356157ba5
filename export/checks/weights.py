"""Whether a file holds the model's tensors, and each weight reads back as it was."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import torch
from gguf import MODEL_ARCH_NAMES

from export.checks.check import Check, Subject, dtype_of
from export.gguf.convert import FILE_TYPES, model_tensors
from export.gguf.read import GgufFile
from export.gguf.rope import rope_tensors

# Half a unit in the last place, relative; and half the smallest step where f16 grows subnormal.
ROUNDING: Mapping[str, tuple[float, float]] = {"f32": (0.0, 0.0), "f16": (2.0**-11, 2.0**-25), "bf16": (2.0**-9, 0.0)}
_ROWS_AT_ONCE = 4096


def architecture(subject: Subject) -> list[Check]:
    """llama.cpp takes the file for the architecture that the model has."""
    expected, found = MODEL_ARCH_NAMES[subject.architecture.name], subject.found["architecture"]
    return [Check("architecture", found == expected, found, expected, f"llama.cpp takes the file for {found}.")]


def tensors(subject: Subject) -> list[Check]:
    """Exactly the tensors that the model has, and every matrix of the type that the file claims."""
    reader = GgufFile(subject.file)
    found = {tensor.name for tensor in reader.tensors}
    expected = {tensor.name for tensor in model_tensors(subject.folder, subject.architecture, subject.config)}
    expected |= rope_tensors(subject.config).keys()
    kind = FILE_TYPES[dtype_of(reader)][1].name
    types = Counter(tensor.kind.name for tensor in reader.tensors if len(tensor.shape) > 1)
    odd = sorted(found ^ expected)
    message = f"{len(found)} tensors, matrices: {dict(types)}."
    if odd:
        message += f" In the file or the model only: {', '.join(odd[:5])}."
    return [Check("tensors", not odd and set(types) == {kind}, len(found), len(expected), message)]


def weights(subject: Subject) -> list[Check]:
    """Read every weight back; the distance is in units of what rounding to the file's type may do (at most 1)."""
    reader = GgufFile(subject.file)
    written = {tensor.name: tensor for tensor in reader.tensors}
    worst, where = 0.0, ""
    for tensor in model_tensors(subject.folder, subject.architecture, subject.config):
        if tensor.name not in written:
            continue  # the check of the tensors has said so
        kind = "f32" if len(tensor.shape) == 1 else dtype_of(reader)
        values = torch.from_numpy(written[tensor.name].values())
        shift = 1.0 if subject.architecture.shifts_norms and tensor.name.endswith("norm.weight") else 0.0
        distance = _distance(tensor.load().float() + shift, _as_in_transformers(values, tensor.name, subject), kind)
        if distance > worst:
            worst, where = distance, tensor.source
    passed = worst <= 1.0 + 1e-6
    message = "Every weight reads back within rounding." if passed else f"{where} reads back differently."
    return [Check("weights", passed, worst, 1.0, message)]


def _as_in_transformers(values: torch.Tensor, name: str, subject: Subject) -> torch.Tensor:
    """Undo the pairing of rotated rows, in words of its own: even rows are a head's first half, odd ones its second."""
    keys = {".attn_q.": "num_attention_heads", ".attn_k.": "num_key_value_heads"}
    heads = next((subject.config[key] for part, key in keys.items() if part in name), None)
    if heads is None or not subject.architecture.rotates_pairs:
        return values
    by_head = values.reshape(heads, values.shape[0] // heads, *values.shape[1:])
    return torch.cat([by_head[:, 0::2], by_head[:, 1::2]], dim=1).flatten(0, 1)


def _distance(expected: torch.Tensor, found: torch.Tensor, kind: str) -> float:
    if expected.shape != found.shape:
        return float("inf")
    relative, absolute = ROUNDING[kind]
    worst = 0.0
    for start in range(0, len(expected), _ROWS_AT_ONCE):
        one = expected[start : start + _ROWS_AT_ONCE].float()
        error = (one - found[start : start + _ROWS_AT_ONCE]).abs()
        allowed = one.abs() * relative + absolute
        ratio = torch.where(error == 0, 0.0, error / allowed).max().item()
        worst = float("inf") if math.isnan(ratio) else max(worst, ratio)
    return worst
