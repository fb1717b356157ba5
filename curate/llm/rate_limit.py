"""How many requests run at once, and how fast they follow each other.

At once: one more after each round that went well, fewer when the provider refuses more than a few for load: additive
increase, multiplicative decrease (Chiu and Jain 1989, the rule that TCP follows). A single refusal says little where most
others are answered: halving on each settles at sqrt(2 / p) requests at once for a share p of refusals, 4 or 5 at one in ten,
however many the provider would bear. So the share of refusals among the newest answers decides, as in BBR (Cardwell et al.
2016) the share of losses, and the cut is half of that share. How fast: by the limits in the provider's answers, each a token
bucket that refills continuously (platform.claude.com/docs/en/api/rate-limits).
"""

from __future__ import annotations

import random
from asyncio import Condition, sleep
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from time import monotonic

from curate.llm.provider import Limit

LONGEST_BACKOFF = 60.0
"""Seconds, where the provider does not say how long."""

SHORT_BACKOFF = 3.0
"""Seconds that a request waits at most while the provider answers most of the others: then waiting longer helps nobody."""

TOLERATED = 0.2
"""Share of the newest answers that may be refusals before fewer requests run at once and everybody waits."""

NEWEST = 50
"""Answers that the share is taken of."""


class Bucket:
    """What one limit has left. It refills at `per_minute` and may run into debt, which is waited for."""

    def __init__(self) -> None:
        self._rate = self._level = self._most = 0.0
        self._at = 0.0

    def learn(self, per_minute: int, left: float) -> None:
        """The provider's own figures."""
        self._rate, self._most, self._level, self._at = per_minute / 60, float(per_minute), left, monotonic()

    def wait(self, amount: float) -> float:
        """Seconds until `amount` may be taken. More than a whole minute's worth waits for a full bucket."""
        if not self._rate:
            return 0.0
        now = monotonic()
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(amount, self._most) - self._level) / self._rate)

    def take(self, amount: float) -> None:
        """Take `amount`."""
        self._level -= amount


class RateLimit:
    """A limit that adapts. Used by one event loop.

    Args:
        most: requests at once, at most; it starts there.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._running = 0
        self._expected = {"requests": 0.0, "input": 0.0, "output": 0.0}
        self._buckets = {of: Bucket() for of in self._expected}
        self._resume_at = 0.0
        self._cut_at = 0.0
        self._refused: deque[bool] = deque(maxlen=NEWEST)
        self._failed: deque[bool] = deque(maxlen=NEWEST)
        self._changed = Condition()

    @property
    def limit(self) -> int:
        """Requests that may run at once just now."""
        return max(1, int(self._limit))

    @asynccontextmanager
    async def slot(self, input_tokens: float = 0.0, output_tokens: float = 0.0) -> AsyncIterator[float]:
        """Wait for a place, for any pause to pass and for the limits to allow it. Gives the time at which the request began.

        Args:
            input_tokens: what the request is expected to take in.
            output_tokens: what its answer is expected to give.
        """
        needs = {"requests": 1.0, "input": input_tokens, "output": output_tokens}
        async with self._changed:
            await self._changed.wait_for(lambda: self._running < self.limit)
            self._running += 1
        try:
            while (pause := self._pause(needs)) > 0:
                await sleep(pause)
            self._book(needs, 1)
            try:
                yield monotonic()
            finally:
                self._book(needs, -1)
        finally:
            async with self._changed:
                self._running -= 1
                self._changed.notify(max(1, self.limit - self._running))

    def _pause(self, needs: Mapping[str, float]) -> float:
        wanted = (self._buckets[of].wait(amount) for of, amount in needs.items())
        return max(self._resume_at - monotonic(), *wanted)

    def _book(self, needs: Mapping[str, float], sign: int) -> None:
        for of, amount in needs.items():
            self._expected[of] += sign * amount
            if sign > 0:
                self._buckets[of].take(amount)

    def learn(self, limits: Iterable[Limit]) -> None:
        """What the provider says is left. Tokens of requests still under way are not yet taken off there; here they are."""
        for limit in limits:
            under_way = 0.0 if limit.of == "requests" else self._expected[limit.of]
            self._buckets[limit.of].learn(limit.per_minute, limit.remaining - under_way)

    def went_well(self) -> None:
        """A request was answered: one more at once per round of requests."""
        self._refused.append(False)
        self._failed.append(False)
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def went_wrong(self) -> None:
        """A request brought no answer, whatever the reason."""
        self._failed.append(True)

    def longest_wait(self) -> float:
        """Seconds that a request should wait at most before it is tried again, with jitter."""
        well = sum(self._failed) <= len(self._failed) / 2
        return (SHORT_BACKOFF if well else LONGEST_BACKOFF) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def too_much(self, began: float, retry_after: float | None) -> None:
        """The provider refused for load. Requests that began before the last cut do not cut again.

        Where it refuses few, only the one that it refused waits (`live.py`); where it refuses many, everybody does.

        Args:
            began: when the request did.
            retry_after: seconds that the provider asks to be left alone.
        """
        now = monotonic()
        self._refused.append(True)
        share = sum(self._refused) / len(self._refused)
        if share <= TOLERATED:
            return
        if began > self._cut_at:
            self._limit = max(1.0, self._limit * (1 - share / 2))
            self._cut_at = now
        if retry_after is not None:
            self._resume_at = max(self._resume_at, now + retry_after)


def backoff(attempt: int) -> float:
    """Seconds to wait before trying again, with jitter: 1, 2, 4 … up to LONGEST_BACKOFF."""
    return float(min(LONGEST_BACKOFF, 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
