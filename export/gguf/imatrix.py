"""Which columns of a model's matrices matter on its own rows, so that a quantizer rounds those with more care.

The importance of a column is the mean square of what the model multiplies it with: to first order, the error that rounding
a weight brings to the output grows with it. llama.cpp's quantizer takes these numbers as its importance matrix
(https://github.com/ggml-org/llama.cpp/tree/master/tools/imatrix). Its own tool counts over any text; here over the model's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from gguf import get_tensor_name_map
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModelForCausalLM

from export.gguf.convert import read_config
from export.gguf.families import architecture_of
from export.model_files import load_tokenizer
from export.probe import Conversation, ids, render

ENOUGH_TOKENS, FEWEST_TOKENS, LONGEST_ROW = 12_288, 1_024, 512

Importance = dict[str, torch.Tensor]
"""Of each matrix, by its name in the GGUF file: a float32 vector with a number for every column."""


@torch.no_grad()
def measure_importance(folder: Path, rows: Sequence[Conversation]) -> Importance | None:
    """Run a model over the rows and measure what each of its matrices meets.

    The last rows come first: the files are judged on the first (`Probe.sequence`), which are among the measured ones only
    where there are few.

    Args:
        folder: the merged model's; it needs 4 bytes of memory a parameter until this returns.
        rows: conversations that it was trained on.

    Returns:
        The importance; None where the rows have fewer than FEWEST_TOKENS tokens, which would say little.
    """
    sequences = _sequences(folder, rows)
    if sum(map(len, sequences)) < FEWEST_TOKENS:
        return None
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True).eval()
    config = read_config(folder)
    names = get_tensor_name_map(architecture_of(config).name, config["num_hidden_layers"])
    squares: Importance = {}

    def watch(module: nn.Linear, name: str) -> None:
        total = squares[name] = torch.zeros(module.in_features)

        def add(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            total.add_(inputs[0].reshape(-1, total.numel()).square().sum(0))

        module.register_forward_pre_hook(add)

    for source, module in model.named_modules():
        # The output matrix is left out, as llama.cpp's own tool does: it is kept in more bits than the others.
        if isinstance(module, nn.Linear) and source != "lm_head" and (name := names.get_name(source)):
            watch(module, f"{name}.weight")
    for sequence in sequences:
        model(input_ids=torch.tensor([sequence]), use_cache=False, logits_to_keep=1)
    tokens = sum(map(len, sequences))
    return {name: total / tokens for name, total in squares.items()}


def save_importance(importance: Importance, file: Path) -> Path:
    """Write it as safetensors, for llama.cpp's process to read."""
    save_file(importance, file)
    return file


def _sequences(folder: Path, rows: Sequence[Conversation]) -> list[list[int]]:
    tokenizer = load_tokenizer(folder)
    found: list[list[int]] = []
    missing = ENOUGH_TOKENS
    for row in reversed(rows):
        if missing <= 0:
            break
        found.append(ids(tokenizer, render(tokenizer, row))[: min(LONGEST_ROW, missing)])
        missing -= len(found[-1])
    return [sequence for sequence in found if sequence]
