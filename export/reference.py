"""What transformers answers, in float32: the measure of the exported file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForCausalLM

from export.probe import REPLY_TOKENS, Probe

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reply:
    """A greedy reply: its ids, and the logits each was chosen from, float32 of shape (ids, vocabulary)."""

    ids: list[int]
    logits: Logits


@dataclass(frozen=True)
class Reference:
    """Answers to a probe: logits after each id of its sequence, shape (ids, vocabulary), and a reply to each prompt."""

    logits: Logits
    replies: list[Reply]


@torch.no_grad()
def ask_transformers(folder: Path, probe: Probe, end: int | None) -> Reference:
    """Answer a probe with the model in `folder`, which needs 4 bytes of memory a parameter until this returns.

    float32, because the rounding of a bfloat16 forward pass alone exceeds what the checks allow the file.

    Args:
        folder: the model's.
        probe: what to ask.
        end: the id that ends a reply; None where none does.
    """
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True).eval()
    logits: Logits = model(input_ids=torch.tensor([probe.sequence]), use_cache=False).logits[0].numpy()
    asked = zip(probe.prompts, probe.reply_limits, strict=True)
    return Reference(logits, [_reply(model, prompt, min(REPLY_TOKENS, limit), end) for prompt, limit in asked])


def _reply(model: Any, prompt: list[int], limit: int, end: int | None) -> Reply:
    """Greedy decoding written out: `generate` would obey sampling settings and penalties that the model folder may contain."""
    chosen: list[int] = []
    scores: list[Logits] = []
    given, past = prompt, None
    while len(chosen) < limit and (not chosen or chosen[-1] != end):
        answer = model(input_ids=torch.tensor([given]), past_key_values=past, use_cache=True)
        past = answer.past_key_values
        scores.append(answer.logits[0, -1].numpy())
        chosen.append(int(scores[-1].argmax()))
        given = chosen[-1:]
    return Reply(chosen, np.stack(scores))
