"""How long a run computes: floating-point operations and bytes moved, over what a device does of both."""

from __future__ import annotations

from collections.abc import Sequence

from likeness.recipe.schema import Sft
from train.devices import Device
from train.memory import NF4_BYTES, recomputed
from train.packing import pack
from train.workload import Workload

SUSTAINED = {"cpu": 0.5, "gpu": 0.3}
"""Share of `Device.tflops` that training keeps up. GPU: half of what torchtune's compiled LoRA reaches on an RTX 4090 (3,083
tokens a second of an 8B model are 60 %), for nothing is compiled here. CPU: measured by `tests/benchmarks/forecast.py`."""

LAUNCHES_SECONDS = 1.5e-3
"""A layer and forward-and-backward pass on a GPU: some 150 kernels that are started one by one, each about 10 microseconds. Small
models wait for this more than for arithmetic."""

ATTENTION_BACKWARD = 2.5
"""Of the forward pass: flash attention computes the scores again (arXiv 2205.14135, section 3.1)."""


def seconds_for(work: Workload, device: Device, method: str) -> float:
    """Seconds of training: all epochs, with the measurements on held-out rows between them.

    Args:
        work: the run.
        device: that it is trained on.
        method: LoRA or QLoRA, which makes 16-bit weights of 4-bit ones in each pass.
    """
    sft, micro = work.settings.sft, work.settings.rows_at_once
    together = work.settings.processes if device.kind == "gpu" else 1  # on a CPU they share its cores
    again = recomputed(work, device.kind)
    batches = _packs(work.rows, sft) if sft.packing else _batches(work.rows, micro)
    total = sft.epochs * _passes(work, device, method, batches, 3 if again else 2)
    evaluations = 1 + sft.epochs * sft.evaluations_per_epoch
    total += evaluations * _passes(work, device, method, _batches(work.held_out, sft.rows_at_once), 1)
    total /= together
    trial = _packs(work.trial, sft) if sft.packing else _batches(work.trial, sft.rows_at_once)
    total += _passes(work, device, method, trial, 3 if again else 2)
    if work.preferences and (preference := work.settings.preference):
        sides = [longer for longer, _ in work.preferences for _ in range(2)]
        micro = sft.rows_at_once
        at_once = 2 * (micro if preference.batch_size % micro == 0 else preference.batch_size)
        without_gradient = {"dpo": 1, "kto": 3, "orpo": 0}[preference.method]  # its reference, and KTO's answers to other prompts
        passes = (3 if again else 2) + without_gradient
        total += preference.epochs * _passes(work, device, method, _batches(sides, at_once), passes)
    return total


def _batches(lengths: Sequence[int], micro: int) -> list[tuple[int, int]]:
    """Rows and padded length of each batch: rows of similar length share one."""
    ordered = sorted(lengths, reverse=True)
    return [(len(ordered[start : start + micro]), ordered[start]) for start in range(0, len(ordered), micro)]


def _packs(lengths: Sequence[int], sft: Sft) -> list[tuple[int, int]]:
    """The sequences of packed rows: those of a step are of similar length, and laid end to end."""
    ordered = sorted(lengths, reverse=True)
    steps = [ordered[start : start + sft.batch_size] for start in range(0, len(ordered), sft.batch_size)]
    return [(1, sum(step[row] for row in line)) for step in steps for line in pack(step, sft.max_length)]


def _passes(work: Workload, device: Device, method: str, batches: Sequence[tuple[int, int]], passes: int) -> float:
    """Seconds for so many passes over the batches: forward alone, or with one backward and others forward.

    A batch takes as long as its arithmetic or its memory traffic, whichever is slower (the roofline model, Williams et al. 2009).
    """
    shape, gpu = work.shape, device.kind == "gpu"
    wide = 2 if gpu else 4
    weights = passes * wide * shape.parameters + (passes * NF4_BYTES * shape.linear_weights if method == "qlora" else 0)
    seconds = 0.0
    for rows, longest in batches:
        tokens = rows * longest
        arithmetic = tokens * _operations(work, longest, passes) / (SUSTAINED[device.kind] * device.tflops * 1e12)
        traffic = (weights + 2 * passes * tokens * wide * shape.layers * (8 * shape.hidden + 5 * shape.intermediate)) / (
            device.bandwidth_gb_s * 1e9
        )
        seconds += max(arithmetic, traffic) + (LAUNCHES_SECONDS * shape.layers * passes / 2 if gpu else 0)
    return seconds


def _operations(work: Workload, longest: int, passes: int) -> float:
    """A token's floating-point operations: two for each weight and pass. Backward, a frozen weight takes one, for its input's
    gradient alone; an adapter's weights take one more. Attention is causal, so half of all pairs count."""
    shape = work.shape
    linear = 2 * passes * (shape.linear_weights + work.adapter_weights)
    head = 2 * passes * shape.hidden * shape.vocabulary
    attention = shape.layers * 2 * longest * shape.query
    if passes == 1:
        return linear + head + attention
    head += 2 * shape.hidden * shape.vocabulary  # the tiles of the loss are computed again
    return linear + head + 2 * work.adapter_weights + attention * (passes - 1 + ATTENTION_BACKWARD)
