"""The order in which rows are trained on.

It depends on the seed and the epoch alone: a training that goes on in the middle of an epoch takes the rows that are left, and
several processes take those of one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from likeness.recipe.schema import Train
from train.data import IGNORED, Row, Rows

FILLER = Row("filler", [0, 0], [IGNORED, IGNORED])
"""Teaches nothing: where the last rows of an epoch cannot be dealt to all processes."""


@dataclass(frozen=True, slots=True)
class RowOrder:
    """Rows of similar length follow each other, so that little is padded.

    Args:
        lengths: of the rows, in tokens.
        batch: rows of an optimizer step.
        seed: the recipe's.
        first: rows that come before all others in every epoch.
        dealt: rows that all processes take at once; an epoch's last are filled up with `filler`, which teaches nothing.
    """

    lengths: Sequence[int]
    batch: int
    seed: int
    first: Set[int] = field(default_factory=frozenset)
    dealt: int = 1

    @property
    def filler(self) -> int:
        """The number after the last row's."""
        return len(self.lengths)

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch."""
        return math.ceil(len(self.lengths) / self.batch)

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.dealt) * self.dealt

    def of(self, epoch: int) -> list[int]:
        """The rows of an epoch, by number.

        Args:
            epoch: from 0.
        """
        import torch
        from transformers.trainer_pt_utils import get_length_grouped_indices

        chance = torch.Generator().manual_seed(self.seed + 1_000_003 * epoch)
        found: list[int] = get_length_grouped_indices(self.lengths, self.batch, generator=chance)
        found.sort(key=lambda number: number not in self.first)  # the sort keeps the order within both
        return found + [self.filler] * (len(self) - len(found))


def order_of(settings: Train, rows: Rows) -> RowOrder:
    """The order of a training's rows; those that the base does not know come first.

    Args:
        settings: the recipe's `train`.
        rows: that are trained on.
    """
    trained_on = rows.trained_on
    first = frozenset(number for number, row in enumerate(trained_on) if row.id in rows.unknown)
    dealt = settings.rows_at_once * settings.processes if settings.launch else 1
    return RowOrder([len(row.ids) for row in trained_on], settings.sft.batch_size, settings.seed, first, dealt)
