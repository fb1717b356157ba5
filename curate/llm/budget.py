"""A ceiling on spending that holds: before a request goes out, the dearest answer it could bring is set aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class BudgetReached(Exception):
    """The next request could pass the ceiling, and nothing is under way that might turn out cheaper."""


class Budget:
    """US dollars that may be spent. Used by one event loop.

    Args:
        limit: the ceiling; None for no ceiling.
        spent: what was, or may have been, spent before, over all builds of the recipe.
    """

    def __init__(self, limit: float | None, spent: float) -> None:
        self._limit = limit
        self._spent = spent
        self._set_aside = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def set_aside(self, worst: float) -> AsyncIterator[list[float]]:
        """Wait until `worst` dollars fit under the ceiling, and hold them while the block runs.

        The block appends what the answer cost in truth to the list it is given; the rest is free again.

        Raises:
            BudgetReached: they will never fit.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(worst) or self._set_aside == 0.0)
            if not self._fits(worst):
                raise BudgetReached
            self._set_aside += worst
        paid: list[float] = []
        try:
            yield paid
        finally:
            async with self._changed:
                self._spent += sum(paid)
                self._set_aside = max(0.0, self._set_aside - worst)
                if self._set_aside < 1e-9:
                    self._set_aside = 0.0
                self._changed.notify_all()

    def _fits(self, worst: float) -> bool:
        return self._limit is None or self._spent + self._set_aside + worst <= self._limit
