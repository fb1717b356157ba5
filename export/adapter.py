"""What a LoRA adapter does to each weight of its base: low-rank changes, and weights that it replaces whole.

LoRA (Hu et al. 2021, arXiv 2106.09685): W + s B A with s = alpha / r; rank-stabilised (Kalajdzievski 2023, arXiv 2312.03732):
s = alpha / sqrt(r); DoRA (Liu et al. 2024, arXiv 2402.09353): m (W + s B A) / |W + s B A|, the norm taken over each row.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from export.model_files import stored_tensors
from likeness.errors import CallError

ADAPTER_WEIGHTS, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"
PREFIX = "base_model.model."
PART = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_A\.weight|lora_B\.weight|lora_embedding_A|lora_embedding_B|lora_magnitude_vector(?:\.weight)?)"
)
PLAIN_STARTS = (True, False, "gaussian", "orthogonal", "eva", "loftq")
"""How an adapter may have begun: others (PiSSA, OLoRA, CorDA) change the base's own weights."""
UNCOVERED = ("fan_in_fan_out", "lora_bias", "layer_replication", "target_parameters", "trainable_token_indices", "use_qalora")


@dataclass
class Change:
    """A low-rank change of one weight: A of shape (r, columns), B of (rows, r); DoRA's magnitudes of (rows,)."""

    a: torch.Tensor | None = None
    b: torch.Tensor | None = None
    scale: float = 1.0
    magnitude: torch.Tensor | None = None

    def of(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight with the change in it, computed in float32, in float32.

        Args:
            weight: the base's, of any type.
        """
        a, b = self.halves
        changed = torch.addmm(weight.float(), b.float(), a.float(), alpha=self.scale)
        if self.magnitude is not None:
            changed *= (self.magnitude.float() / torch.linalg.vector_norm(changed, dim=1)).unsqueeze(1)
        return changed

    @property
    def shape(self) -> tuple[int, int]:
        """Of the weight that it changes."""
        a, b = self.halves
        return b.shape[0], a.shape[1]

    @property
    def halves(self) -> tuple[torch.Tensor, torch.Tensor]:
        """A and B; `check_fits` has seen that both are there."""
        if self.a is None or self.b is None:
            raise AssertionError("half of the change is missing")
        return self.a, self.b


@dataclass(frozen=True)
class Adapter:
    """All changes of an adapter, by the weight's name in the base, and how many weights it consists of."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    replaced: Mapping[str, torch.Tensor] = field(default_factory=dict)
    weights: int = 0

    def apply(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """A weight of the base as the adapter makes it.

        Args:
            name: the weight's.
            weight: the base's.
        """
        weight = self.replaced.get(name, weight)
        change = self.changes.get(name)
        return change.of(weight) if change else weight


def read_adapter(folder: Path) -> Adapter:
    """Read an adapter's folder.

    Args:
        folder: with adapter_config.json and adapter_model.safetensors.

    Raises:
        CallError: there is none, it is pickled, empty or no number, or of a kind that is not covered.
    """
    file = folder / ADAPTER_WEIGHTS
    if not file.is_file() or not (folder / ADAPTER_CONFIG).is_file():
        raise CallError(
            f"There is no adapter in {folder} ({ADAPTER_WEIGHTS} and {ADAPTER_CONFIG}).",
            fix="Train first, or point to the run's adapter folder; pickled adapters are not read.",
        )
    config: dict[str, Any] = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    _check_kind(folder, config)
    changes: dict[str, Change] = {}
    replaced: dict[str, torch.Tensor] = {}
    names = list(stored_tensors(file))
    with safe_open(file, "pt") as stream:
        for name in names:
            tensor = stream.get_tensor(name)
            if not torch.isfinite(tensor).all():
                fix = "Train again, with a lower learning rate if training diverged."
                raise CallError(f"The adapter in {folder} cannot be merged: {name} is not all numbers.", fix=fix)
            _take(name.removeprefix(PREFIX), tensor, config, changes, replaced)
    if not names:
        raise CallError(f"The adapter in {folder} is empty.", fix="Train again with layers for it to adapt.")
    return Adapter(changes, replaced, len(names))


def check_fits(adapter: Adapter, shapes: Mapping[str, tuple[int, ...]], folder: Path, base: Path) -> None:
    """See that every weight of an adapter has its counterpart in the base, whole and of the same shape.

    Args:
        adapter: what was read.
        shapes: of the base's weights, by name.
        folder: the adapter's, for messages.
        base: the base's folder, for messages.

    Raises:
        CallError: one has none, or another shape.
    """
    fix = "Merge it into the base model it was trained on."
    halves = [name for name, change in adapter.changes.items() if change.a is None or change.b is None]
    odd = sorted({*halves, *(name for name in (*adapter.changes, *adapter.replaced) if name not in shapes)})
    if odd:
        what = f"{len(odd)} weights of the adapter in {folder} have no counterpart in its base, such as {odd[0]}."
        if "lm_head.weight" in odd:
            what += " The base's output layer is its embedding, and has no weights of its own."
        raise CallError(what, fix=fix)
    for name, wanted in [(name, change.shape) for name, change in adapter.changes.items()] + [
        (name, tuple(tensor.shape)) for name, tensor in adapter.replaced.items()
    ]:
        if tuple(wanted) != tuple(shapes[name]):
            what = (
                f"The adapter in {folder} does not fit {base}: {name} has {tuple(shapes[name])}, the adapter's {tuple(wanted)}."
            )
            raise CallError(what, fix=fix)


def _check_kind(folder: Path, config: dict[str, Any]) -> None:
    kind = config.get("peft_type")
    odd = [key for key in UNCOVERED if config.get(key)]
    if kind == "LORA" and config.get("init_lora_weights", True) not in PLAIN_STARTS:
        odd.append(f"init_lora_weights: {config['init_lora_weights']}")
    if kind != "LORA" or odd:
        named = f"with {', '.join(odd)}" if kind == "LORA" else f"of the kind {kind}"
        raise CallError(
            f"The adapter in {folder} is one {named}, which is not merged here.", fix="Train an adapter of plain LoRA layers."
        )


def _take(
    name: str, tensor: torch.Tensor, config: dict[str, Any], changes: dict[str, Change], replaced: dict[str, torch.Tensor]
) -> None:
    """Put one weight of the adapter in its place."""
    found = PART.fullmatch(name)
    if found is None:
        replaced[name.replace(".base_layer.", ".")] = (
            tensor  # a whole layer (modules_to_save), or a base layer that was kept beside
        )
        return
    change = changes.setdefault(f"{found['module']}.weight", Change())
    part = found["part"]
    if part.startswith("lora_magnitude"):
        change.magnitude = tensor
        return
    if part.startswith("lora_embedding"):
        # An embedding's rows are looked up, so peft keeps its change turned: A of (r, words), B of (width, r).
        change.b, change.a = (tensor.T, change.a) if part.endswith("A") else (change.b, tensor.T)
    elif part.startswith("lora_A"):
        change.a = tensor
    else:
        change.b = tensor
    rank = tensor.shape[0] if part in ("lora_A.weight", "lora_embedding_A") else tensor.shape[1]
    alpha = _by_pattern(config.get("alpha_pattern") or {}, found["module"], float(config["lora_alpha"]))
    change.scale = alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _by_pattern(patterns: Mapping[str, float], module: str, otherwise: float) -> float:
    """The value of the first pattern that a module's name ends with, as peft looks it up."""
    return next((float(value) for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), otherwise)
