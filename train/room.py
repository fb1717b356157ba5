"""How long a row may be, and rows that are left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from likeness.errors import CallError

Reason = Literal["too_long", "beyond_context", "holds_a_mark", "reads_back_otherwise", "empty", "unfit"]
REASONS: dict[Reason, str] = {
    "too_long": "longer than train.sft.max_length",
    "beyond_context": "longer than the base's context",
    "holds_a_mark": "with a special token of the chat template in the answer",
    "reads_back_otherwise": "that do not survive the tokenizer",
    "empty": "without an answer",
    "unfit": "that would teach something else",
}
"""Why a row is left out, in words."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is not trained on, and why: a code and a sentence."""

    id: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Room:
    """The most tokens of a row. A longer one would lose its end, and with it the mark that it teaches.

    `max_length` is the recipe's; `context` is how far the base and its exported file attend, and `why` says what sets it.
    """

    max_length: int
    context: int
    why: str

    @property
    def most(self) -> int:
        """Tokens that a row may have."""
        return min(self.max_length, self.context)

    @property
    def notes(self) -> list[str]:
        """That the base has less room than the recipe gives."""
        if self.max_length <= self.context:
            return []
        return [f"a row may have {self.context:,} tokens, fewer than train.sft.max_length: {self.why}"]

    def objection(self, name: str, tokens: int) -> LeftOut | None:
        """A row of so many tokens as one that is left out, or None where there is room for it."""
        if tokens > self.context:
            return LeftOut(name, "beyond_context", f"{tokens} tokens; the limit is {self.context}: {self.why}")
        if tokens > self.max_length:
            return LeftOut(name, "too_long", f"{tokens} tokens; the limit is {self.max_length}")
        return None


def room_of(base: Path, max_length: int) -> Room:
    """The room for rows on a base.

    Args:
        base: the model's folder; its configuration is enough.
        max_length: `train.sft.max_length`.
    """
    from export.gguf.architectures import context_length
    from export.gguf.convert import read_config
    from export.gguf.families import architecture_of

    config = read_config(base)
    context = context_length(config, architecture_of(config).has_window)
    if context < config["max_position_embeddings"]:
        why = f"the base attends to a sliding window of {context:,}, and llama.cpp runs it without one: a GGUF is right so far"
    else:
        why = f"the base's context is {context:,} (max_position_embeddings)"
    return Room(max_length, context, why)


def nothing_left(left_out: list[LeftOut], room: Room) -> CallError:
    """The message where every row is left out, or there is none.

    Args:
        left_out: the rows.
        room: that there was for them.
    """
    reasons = {row.reason for row in left_out}
    if reasons and reasons <= {"too_long", "beyond_context"}:
        what = f"no row has at most {room.most} tokens"
        if "too_long" in reasons:
            return CallError(what, where="train.sft.max_length", fix="Raise it.")
        return CallError(f"{what}: {room.why}", where="train.base_model", fix="Choose a base with a longer context.")
    why = f"row {left_out[0].id}: {left_out[0].message}" if left_out else "the dataset has none"
    return CallError(f"no row can be trained on: {why}", where="train", fix="Look at the dataset, or choose another base model.")
