"""Whether a file computes what the model computes, and replies as it does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.checks.check import Check, Subject, dtype_of
from export.gguf.read import GgufFile
from export.probe import REPLY_TOKENS, Probe
from export.reference import Logits
from likeness.llama.process import Llama

# Mean KL to transformers (nats a token), and the share of positions with the same most probable token. A bf16 file is
# as exact as an f16 one, but llama.cpp rounds what it multiplies with it to bf16 too: 1.7e-4 was measured on a sound file.
LOGIT_LIMITS: Mapping[str, tuple[float, float]] = {"f32": (1e-4, 0.99), "f16": (1e-4, 0.99), "bf16": (1e-3, 0.98)}
QUALITY = ((0.01, "as the original"), (0.05, "close"), (0.15, "noticeably rounded"), (math.inf, "coarse"))
# Two choices whose logits differ by less are a tie that rounding may break either way. KL grows with the square of what logits
# are off by: where a sound bf16 file has a hundred times the KL of an f16 one, its logits are off by ten times as much.
TIES: Mapping[str, float] = {"f32": 0.05, "f16": 0.05, "bf16": 0.3}
# A quantized file against the folder made of it: the folder's weights are rounded to bf16 (7.7e-5 for SmolLM2-135M; models with
# random weights, which are sure of nothing, have 2 % of positions where another token is then as probable).
UNPACKED, UNPACKED_LIMITS = "unpacked", (2e-3, 0.96)


def logits(subject: Subject) -> list[Check]:
    """The file computes what transformers computes."""
    found = llama_logits(subject.llama, subject.probe, subject.keep_logits)
    kl_limit, top1_limit = LOGIT_LIMITS[dtype_of(GgufFile(subject.file))]
    if subject.file.stem == UNPACKED:
        kl_limit, top1_limit = UNPACKED_LIMITS
    return compared(subject.reference.logits, found, kl_limit, top1_limit, "transformers")


def llama_logits(llama: Llama, probe: Probe, file: Path) -> Logits:
    """The logits of the probe in llama.cpp, which writes them to a file.

    Args:
        llama: with the model loaded.
        probe: what is computed.
        file: an .npy file.
    """
    llama.ask("logits", ids=probe.sequence, out=str(file))
    logits: Logits = np.load(file, allow_pickle=False)
    return logits


def mean_kl(expected: Logits, found: Logits) -> float:
    """Mean over positions of KL(expected || found), in nats; both of shape (positions, vocabulary)."""
    total = 0.0
    for start in range(0, len(expected), 64):  # in slices: float64 copies of all logits would be large
        one, other = (_log_softmax(logits[start : start + 64]) for logits in (expected, found))
        total += float((np.exp(one) * (one - other)).sum())
    return total / len(expected)


def _log_softmax(logits: Logits) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def compared(expected: Logits, found: Logits, kl_limit: float, top1_limit: float | None, whom: str) -> list[Check]:
    """Two checks: how far logits are from what is expected, and how often the same token is the most probable.

    Args:
        expected: of the model that is right.
        found: of the file.
        kl_limit: the largest mean KL, in nats a token.
        top1_limit: the least share of positions with the same most probable token; None where it is only told.
        whom: what the file is compared with, for people.
    """
    if expected.shape != found.shape:
        message = f"Logits of shape {found.shape}, {whom} gives {expected.shape}."
        return [Check("logits", False, None, kl_limit, message)]
    kl, top1 = mean_kl(expected, found), float((expected.argmax(-1) == found.argmax(-1)).mean())
    agreed = f"The most probable token is that of {whom} at {top1:.1%} of {len(found)} positions."
    return [
        Check("logits", kl < kl_limit, kl, kl_limit, f"Mean KL to {whom}: {kl:.2g} nats a token."),
        Check("top-1", top1_limit is None or top1 >= top1_limit, top1, top1_limit, agreed),
    ]


def quality(kind: str, kl: Any, top1: Any) -> Check:
    """How much a quantization costs, as a class that a person can choose by.

    Args:
        kind: the file's type.
        kl: its mean KL to the 16-bit file.
        top1: the share of positions with the same most probable token.
    """
    name = next(name for limit, name in QUALITY if kl < limit)
    message = f"{kind} is {name}: KL {kl:.2g}, the same most probable token at {top1:.0%}."
    return Check("quality", name != QUALITY[-1][1], name, None, message, "warning")


def replies(subject: Subject) -> list[Check]:
    """Greedy replies, id by id. That they also end is a warning: a model of few steps may ramble, and be exported."""
    different, ended = 0, 0
    probe, expected, tie = subject.probe, subject.reference.replies, TIES[dtype_of(GgufFile(subject.file))]
    for prompt, limit, reply in zip(probe.prompts, probe.reply_limits, expected, strict=True):
        found = subject.llama.ask("greedy", ids=prompt, tokens=limit)
        ended += subject.llama.ask("ends", ids=found[-1:]) == [True]
        different += not _same_reply(reply.ids, found[:REPLY_TOKENS], reply.logits, tie)
    total = len(probe.prompts)
    return [
        Check("replies", different == 0, different, 0, f"{total - different} of {total} greedy replies are the same."),
        Check("replies end", ended == total, ended, total, f"{ended} of {total} replies end by themselves.", "warning"),
    ]


def _same_reply(expected: list[int], found: list[int], logits: npt.NDArray[np.float32], tie: float) -> bool:
    """Whether two greedy replies agree up to their end or to a choice that was a tie."""
    for one, other, scores in zip(expected, found, logits, strict=False):
        if one != other:
            return bool(scores[one] - scores[other] < tie)
    return len(expected) == len(found)
