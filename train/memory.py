"""The most memory that a run holds at once, term by term, from what is computed and kept.

Training holds most at one of two moments: when the loss is taken, with every layer's activations kept and the output layer's
tiles beside them, or right after, when the last layer is computed backwards. The greater of the two counts. What autograd keeps
of a layer is counted operation by operation, and `tests/train/test_forecast.py` holds that against autograd itself.
"""

from __future__ import annotations

import math
from typing import Literal

from likeness.recipe.schema import WEIGHTS_SHARED
from train.workload import Linear, Workload

NF4_BYTES = (4 + 8 / 64 + 32 / (64 * 256)) / 8
"""Of a weight in 4 bits with double quantization: 4 bits, an 8-bit constant for 64 weights, a 32-bit one for 256 of these
(arXiv 2305.14314, section 3)."""

PROCESS_BYTES = {"cpu": 700_000_000, "gpu": 1_000_000_000}
"""Before a model is loaded. CPU: Python with torch, transformers, trl and peft, measured. GPU: the CUDA context with the kernels
of torch and cuBLAS's workspace, 0.5 to 0.9 GB by card and driver."""

TILE_TOKENS, TILE_WORDS = 4096, 32768
"""trl takes the loss tile by tile and never builds all logits (`TOKEN_CHUNK_SIZE`, `_CHUNKED_LOGPROB_CHUNK_SIZE` of trl 1.16)."""
TILES = {"cpu": 8.25, "gpu": 1}
"""How many tiles are held at once. On a GPU the kernel works in place; without it trl's `_backward_tile` holds eight of them in
float32 (logits, two scaled copies, log p, p, the gradient, and two between) and a mask."""

MARGIN = {"cpu": 0.03, "gpu": 0.06}
"""Share of all but the process: memory that the allocator holds between blocks, and cannot give to a larger one. The CPU's is
small because blocks are given back where memory is short (`train.allocator`); elsewhere more may be held than is needed."""


def memory_terms(work: Workload, kind: Literal["cpu", "gpu"], method: Literal["lora", "qlora"]) -> dict[str, int]:
    """Bytes by what they are for; their sum is the most that is held at once, by one of the processes where several train.

    Args:
        work: the run.
        kind: what it is computed on: in float32 on a CPU, in bf16 on a GPU.
        method: LoRA or QLoRA.
    """
    wide = 4 if kind == "cpu" else 2
    terms = {"process": PROCESS_BYTES[kind], "weights": _weights(work, wide, method), "adapter": _adapter(work, wide, method)}
    if launch := work.settings.launch:
        terms["exchange"] = 4 * work.adapter_weights  # gradients, laid end to end to be summed
        if launch.config in WEIGHTS_SHARED:  # and one layer gathered, and the next one on its way
            layer = round(wide * work.shape.linear_weights / work.shape.layers)
            terms["weights"] = math.ceil(terms["weights"] / launch.processes) + 2 * layer
    terms |= _activations(work, kind, method)
    terms["margin"] = round(MARGIN[kind] * (sum(terms.values()) - terms["process"]))
    return terms


def _weights(work: Workload, wide: int, method: str) -> int:
    """The frozen base. QLoRA keeps linear layers in 4 bits, and one of them at a time as it was."""
    shape = work.shape
    if method == "lora":
        return shape.parameters * wide
    dequantized = max(part.weights for part in shape.linear) * wide
    return round((shape.parameters - shape.linear_weights) * wide + shape.linear_weights * NF4_BYTES) + dequantized


def _adapter(work: Workload, wide: int, method: str) -> int:
    """Weights, gradients and Adam's two moments (arXiv 1412.6980), each in float32; in bf16 where trl trains on 4 bits.
    Preference training holds a frozen copy beside them, as its reference."""
    each = 2 if method == "qlora" else 4  # trl casts the adapter of a 4-bit base to bf16, on a CPU too
    cast = wide if wide < each else 0  # autocast keeps a bf16 copy of float32 weights until the step ends
    # DoRA takes the lengths of a layer's rows: for a moment its weights, their change and the sum of both
    lengths = 3 * wide * max(part.weights for part in work.shape.linear) if work.settings.lora.dora else 0
    return work.adapter_weights * (4 * each + cast + (4 if work.preferences else 0)) + lengths


def _activations(work: Workload, kind: Literal["cpu", "gpu"], method: str) -> dict[str, int]:
    """Of the largest batch: rows of similar length share one, so it has the longest row, and all are padded to that."""
    sft, micro = work.settings.sft, work.settings.rows_at_once
    batches = [(1, _longest_pack(work), True)] if sft.packing else [(min(micro, len(work.rows)), max(work.rows), False)]
    if work.preferences and (preference := work.settings.preference):
        micro = sft.rows_at_once
        pairs = micro if preference.batch_size % micro == 0 else preference.batch_size
        sides = max(2, pairs) if preference.method == "kto" else 2 * pairs  # each side is a row of the batch
        batches.append((sides, max(longer for longer, _ in work.preferences), False))
    found = [_of_batch(work, kind, method, *batch) for batch in batches]
    return max(found, key=lambda terms: sum(terms.values()))


def _longest_pack(work: Workload) -> int:
    """The most tokens that rows of one step come to in a sequence. Which rows share one is not known yet: the longest might."""
    longest = sorted(work.rows, reverse=True)[: work.settings.rows_at_once]
    return max(longest[0], min(work.settings.sft.max_length, sum(longest)))


def _of_batch(work: Workload, kind: Literal["cpu", "gpu"], method: str, rows: int, longest: int, packed: bool) -> dict[str, int]:
    shape, tokens = work.shape, rows * longest
    wide = 4 if kind == "cpu" else 2
    one_layer = tokens * kept_by_layer(work, wide, method, longest if rows > 1 or packed else 0, longest)
    kept = shape.layers * one_layer
    if recomputed(work, kind):  # only each layer's input is kept, and one layer at a time is computed again
        kept = shape.layers * tokens * wide * shape.hidden + one_layer
    kept += tokens * (4 * shape.hidden + 4 + wide * shape.hidden)  # the last norm, and its result for the loss
    loss = round(TILES[kind] * min(tokens, TILE_TOKENS) * min(shape.vocabulary, TILE_WORDS) * wide) + 4 * tokens * shape.hidden
    backward = tokens * wide * (4 * shape.intermediate + 2 * shape.hidden)  # gradients of the feed-forward part's four products
    return {"activations": kept, "loss": max(loss, backward)}


def recomputed(work: Workload, kind: Literal["cpu", "gpu"]) -> bool:
    """Whether activations are computed again on the way back, as `train.sft.recomputes` decides it."""
    from train.base import LARGE_PARAMETERS

    asked = work.settings.gradient_checkpointing
    return (kind == "gpu" and work.shape.parameters > LARGE_PARAMETERS) if asked is None else asked


def kept_by_layer(work: Workload, wide: int, method: str, padded_to: int, longest: int | None = None) -> int:
    """Bytes a token that autograd keeps of one layer of a decoder with gated feed-forward (Llama and its kin).

    Args:
        work: the run.
        wide: bytes of a number: 4 in float32, 2 in bf16.
        method: LoRA or QLoRA.
        padded_to: the batch's length where rows are padded or packed, which takes a mask; 0 where they are not.
        longest: tokens of a sequence; of the longest row where nothing is said.
    """
    shape, lora = work.shape, work.settings.lora
    norms = shape.norms * (4 * shape.hidden + 4)  # in float32: their input, and one number
    if shape.normed_queries:
        norms += 4 * (shape.query + shape.key) + 4 * (shape.heads + shape.heads * shape.key // shape.query)
    # attention (arXiv 2205.14135): queries, keys, values, the result, and the logarithm of each head's sum
    keys = shape.query if padded_to else shape.key  # with a mask, keys and values are repeated for every head
    attention = wide * (2 * shape.query + 2 * keys + padded_to) + 4 * shape.heads
    if shape.keeps_scores:  # for every head and every earlier token the capped score, and its share in float32
        attention += 8 * shape.heads * (longest or max(work.rows)) + wide * (shape.query + shape.key)
    if any(part.name == "qkv_proj" for part in shape.linear):  # Phi-3: values are a view of all three, and the result is copied
        attention += wide * ((0 if padded_to else shape.query + shape.key) + (shape.query if wide == 4 else 0))
    feed_forward = 3 * wide * shape.intermediate  # gate, its activation, up
    dora = 2 * wide * sum(part.gives for part in work.adapted) if lora.dora else 0  # the base's result and the adapter's
    return norms + attention + feed_forward + dora + _kept_by_adapters(work.adapted, lora.r, lora.dropout, wide, method)


def _kept_by_adapters(adapted: tuple[Linear, ...], r: int, dropout: float, wide: int, method: str) -> int:
    """What the low-rank matrices keep a token: their input and the narrow product between them.

    In float32, and where trl casts the adapter to bf16 for a 4-bit base, layers with one input share it. In bf16 over a float32
    adapter each takes a cast copy of its own. Dropout keeps its result and its mask for each.
    """
    narrow = wide * r * len(adapted)
    if dropout:
        return narrow + sum(2 * wide * part.takes for part in adapted)
    if wide == 2 and method == "lora":
        return narrow + sum(wide * part.takes for part in adapted)
    inputs = {_input_of(part.name): part.takes for part in adapted}
    inputs.pop("attention", None)  # attention's result is kept anyway
    return narrow + wide * sum(inputs.values())


def _input_of(name: str) -> str:
    if name == "o_proj":
        return "attention"
    return "hidden" if name in ("q_proj", "k_proj", "v_proj", "qkv_proj") else "product" if name == "down_proj" else "normed"
