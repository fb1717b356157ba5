"""How many requests run at once: more after each success, half as many when the provider says it is too much.

Additive increase, multiplicative decrease (Chiu and Jain 1989, the rule that TCP follows). The client's own retries are
off: they give up after two, and wait at most a minute where the provider may ask for three.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_BACKOFF = 60.0
"""Seconds, where the provider does not say how long."""


class Pace:
    """A limit that adapts. Used by one event loop.

    Args:
        most: requests at once, at most; it starts there.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._running = 0
        self._resume_at = 0.0
        self._halved_at = 0.0
        self._changed = asyncio.Condition()

    @property
    def limit(self) -> int:
        """Requests that may run at once just now."""
        return max(1, int(self._limit))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait for a place and for any pause to pass. Gives the time at which the request began."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._running < self.limit)
            self._running += 1
        try:
            while (pause := self._resume_at - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            yield time.monotonic()
        finally:
            async with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def went_well(self) -> None:
        """A request was answered: one more at once per round of requests."""
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def too_much(self, began: float, retry_after: float | None) -> None:
        """The provider refused for load. Requests that began before the last halving do not halve again."""
        now = time.monotonic()
        if began > self._halved_at:
            self._limit = max(1.0, self._limit / 2)
            self._halved_at = now
        if retry_after is not None:
            self._resume_at = max(self._resume_at, now + retry_after)


def backoff(attempt: int) -> float:
    """Seconds to wait before trying again, with jitter: 1, 2, 4 … up to LONGEST_BACKOFF."""
    return float(min(LONGEST_BACKOFF, 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
