"""The processes that train together, seen from one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which process this is, and of how many. The first is the main one: it alone writes files, judges and talks.

    Args:
        rank: this process, from 0.
        number: how many there are.
        shared: whether each has only a share of the weights, so that all are needed for every pass.
    """

    rank: int = 0
    number: int = 1
    shared: bool = False

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    @property
    def looks(self) -> bool:
        """Whether this process computes what is looked at; what comes of it, the main one says."""
        return self.is_main or self.shared

    def agree(self, value: Any) -> Any:
        """What the main process says, in all of them; each must call it.

        Args:
            value: the main process's counts, any other's does not.
        """
        if self.number == 1:
            return value
        import torch.distributed

        said = [value]
        torch.distributed.broadcast_object_list(said, src=0)
        return said[0]

    def each(self, value: Any) -> list[Any]:
        """What every process says, in the order of their ranks; each must call it.

        Args:
            value: this process's.
        """
        if self.number == 1:
            return [value]
        import torch.distributed

        said: list[Any] = [None] * self.number
        torch.distributed.all_gather_object(said, value)
        return said


ALONE = Ranks()
"""One process."""
