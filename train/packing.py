"""Rows laid end to end, so that nothing is computed for padding and short rows share a pass.

The rows of an optimizer step stay the same, and so does its loss: only how they are laid out changes. Where one row ends and the
next begins, positions start again at 0 and no attention mask is given; from that transformers makes a mask in which a row sees
itself alone, in windows too. With a mask of ones it would see the rows before it. A family whose attention does not heed the
positions is found out before training: its logits for a packed row are not those of the row by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from likeness.errors import CallError
from train.data import IGNORED, Row

PROVEN_ROWS = 3
MOST_TOKENS = 64
"""Of a row that is proven; more show nothing else, but a sliding window's edge: that is in a test."""
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.25, "float16": 0.05}
"""Most that a logit may differ: sums are taken in another order. A leak moves them by a multiple."""


def pack(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Which rows share a sequence: the longest first, each into the first sequence with room.

    Args:
        lengths: of the rows, in tokens.
        most: tokens of a sequence; a row that is longer has one for itself.
    """
    packs: list[list[int]] = []
    held: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda number: (-lengths[number], number)):
        place = next((place for place, tokens in enumerate(held) if tokens + lengths[row] <= most), len(packs))
        if place == len(packs):
            packs.append([])
            held.append(0)
        packs[place].append(row)
        held[place] += lengths[row]
    return packs


@dataclass
class PackingCollator:
    """Makes a step's batch of its rows: a sequence a line, with the length of each.

    Args:
        most: tokens of a sequence.
        pad: any id.
    """

    most: int
    pad: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The batch.

        Args:
            rows: `input_ids` and `labels` of each.
        """
        import torch

        lines = []
        for members in pack([len(row["input_ids"]) for row in rows], self.most):
            ids = [token for number in members for token in rows[number]["input_ids"]]
            # the first label of a row would be learnt from the last token of the row before it
            labels = [label for number in members for label in [IGNORED, *list(rows[number]["labels"])[1:]]]
            places = [place for number in members for place in range(len(rows[number]["input_ids"]))]
            lines.append((ids, labels, places))
        longest = max(len(ids) for ids, _, _ in lines)

        def padded(column: int, filler: int) -> Any:
            return torch.tensor([[*line[column], *[filler] * (longest - len(line[column]))] for line in lines])

        return {
            "input_ids": padded(0, self.pad),
            "labels": padded(1, IGNORED),
            "position_ids": padded(2, 0),
            "lengths": torch.tensor([len(ids) for ids, _, _ in lines]),
        }


def packs_of(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The sequences of a batch one by one, without padding, as the model takes them.

    Args:
        batch: the collator's.
    """
    names = ("input_ids", "labels", "position_ids")
    lengths = batch["lengths"].tolist()
    return [{name: batch[name][number : number + 1, :length] for name in names} for number, length in enumerate(lengths)]


def empty_pack(like: dict[str, Any]) -> dict[str, Any]:
    """A short sequence of which nothing is learnt.

    Args:
        like: a sequence of `packs_of`.
    """
    import torch

    pack = {name: tensor[:, :2] for name, tensor in like.items()}
    return pack | {"labels": torch.full_like(pack["labels"], IGNORED)}


def prove_no_leak(model: Any, rows: Sequence[Row], where: str) -> float:
    """See that a packed row's logits are those of the row by itself.

    Args:
        model: as it will be trained.
        rows: that are trained on.
        where: how messages name the base model.

    Returns:
        The most that a logit differs.

    Raises:
        CallError: rows would see one another.
    """
    import torch

    some = [row.ids[:MOST_TOKENS] for row in sorted(rows, key=lambda row: len(row.ids))[:PROVEN_ROWS]]
    collator = PackingCollator(sum(map(len, some)), 0)
    [packed] = packs_of(collator([{"input_ids": ids, "labels": ids} for ids in some]))
    was_training = model.training
    model.eval()
    with torch.no_grad():
        given = {name: packed[name].to(model.device) for name in ("input_ids", "position_ids")}
        together = model(**given, use_cache=False).logits[0].float()
        worst, start = 0.0, 0
        for ids in sorted(some, key=lambda ids: -len(ids)):
            alone = model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits[0].float()
            worst = max(worst, float((together[start : start + len(ids)] - alone).abs().max()))
            start += len(ids)
    model.train(was_training)
    if not worst <= TOLERANCE[str(model.dtype).removeprefix("torch.")]:
        kind = getattr(model.config, "model_type", "this family")
        raise CallError(
            f"packed rows of {kind} see one another: a logit differs by {worst:.2g} from the row by itself",
            where=f"train.sft.packing, {where}",
            fix="Leave train.sft.packing out: rows are then padded to the longest of their batch.",
        )
    return worst
