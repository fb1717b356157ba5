"""What a run has to compute: the base's sizes, the adapter's, and the lengths of the rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.recipe.schema import Train
from train.base import parameters
from train.data import Row
from train.preference_rows import PreferenceRow

NORMED_QUERIES = ("qwen3", "gemma3_text", "gemma3")
"""Families that normalise queries and keys."""
EAGER = ("gemma2",)
"""Families that cap the scores of their attention, and therefore keep all of them."""
FOUR_NORMS = ("gemma2", "gemma3_text", "gemma3")
"""Families with norms after attention and after the feed-forward part as well."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer that a decoder layer has."""

    name: str
    takes: int
    gives: int

    @property
    def weights(self) -> int:
        """How many."""
        return self.takes * self.gives


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder's sizes. `query` and `key` are the widths of all heads of their kind together; `parameters` counts weights."""

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    query: int
    key: int
    vocabulary: int
    linear: tuple[Linear, ...]
    """Of one layer."""
    norms: int = 2
    normed_queries: bool = False
    keeps_scores: bool = False

    @property
    def linear_weights(self) -> int:
        """Of all layers; those that QLoRA quantizes."""
        return self.layers * sum(part.weights for part in self.linear)


@dataclass(frozen=True, slots=True)
class Workload:
    """A run before it is one. Lengths are tokens: of each row trained on, of each held out, and of each preference row as its
    longer side and both sides together."""

    shape: Shape
    settings: Train
    adapted: tuple[Linear, ...]
    """Of one layer: those that get an adapter."""
    rows: tuple[int, ...]
    held_out: tuple[int, ...] = ()
    preferences: tuple[tuple[int, int], ...] = ()
    trial: tuple[int, ...] = ()
    """Of each row that `train.replay_trial` computes, as often as it does."""

    @property
    def adapter_weights(self) -> int:
        """Of the low-rank matrices: r * (in + out) for each adapted layer (arXiv 2106.09685, section 4.1)."""
        return self.shape.layers * sum(self.settings.lora.r * (part.takes + part.gives) for part in self.adapted)


def workload(
    base: Path, settings: Train, rows: Sequence[Row], held_out: Sequence[Row] = (), preferences: Sequence[PreferenceRow] = ()
) -> Workload:
    """What a run of these rows on this base has to compute.

    Args:
        base: the model's folder.
        settings: the recipe's `train`.
        rows: to train on.
        held_out: to measure with.
        preferences: right and wrong answers, where the recipe has `train.preference`.
    """
    shape = read_shape(json.loads((base / "config.json").read_text(encoding="utf-8")), parameters(base))
    sides = tuple(
        (len(row.prompt) + max(len(row.chosen), len(row.rejected)), 2 * len(row.prompt) + len(row.chosen) + len(row.rejected))
        for row in preferences
    )
    lengths = (tuple(len(row.ids) for row in rows), tuple(len(row.ids) for row in held_out))
    return Workload(shape, settings, adapted(shape, settings.lora.target_modules), *lengths, sides)


def read_shape(config: dict[str, Any], weights: int) -> Shape:
    """The sizes that a `config.json` names.

    Args:
        config: of a family that `export.gguf.families` knows.
        weights: how many parameters its files hold.
    """
    text = config.get("text_config", config)
    hidden, heads, inner = text["hidden_size"], text["num_attention_heads"], text["intermediate_size"]
    head = text.get("head_dim") or hidden // heads
    query, key = heads * head, (text.get("num_key_value_heads") or heads) * head
    kind = text.get("model_type", "")
    if kind.startswith("phi3"):  # it keeps these together
        linear = [Linear("qkv_proj", hidden, query + 2 * key), Linear("gate_up_proj", hidden, 2 * inner)]
    else:
        linear = [Linear("q_proj", hidden, query), Linear("k_proj", hidden, key), Linear("v_proj", hidden, key)]
        linear += [Linear("gate_proj", hidden, inner), Linear("up_proj", hidden, inner)]
    linear += [Linear("o_proj", query, hidden), Linear("down_proj", inner, hidden)]
    return Shape(
        parameters=weights,
        layers=text["num_hidden_layers"],
        hidden=hidden,
        intermediate=inner,
        heads=heads,
        query=query,
        key=key,
        vocabulary=text["vocab_size"],
        linear=tuple(linear),
        norms=4 if kind in FOUR_NORMS else 2,
        normed_queries=kind in NORMED_QUERIES,
        keeps_scores=kind in EAGER,
    )


def adapted(shape: Shape, targets: str | list[str]) -> tuple[Linear, ...]:
    """The linear layers of a decoder layer that get an adapter; a pattern is held to be one that takes all that it names."""
    if targets == "all-linear":
        return shape.linear
    if isinstance(targets, str):
        return tuple(part for part in shape.linear if part.name in targets) or shape.linear
    return tuple(part for part in shape.linear if any(target.split(".")[-1] == part.name for target in targets))
