"""What every provider is: something that answers requests, and says what an answer cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from curate.llm.request import Request
from likeness.errors import MachineError


class NoAnswer(MachineError):
    """A provider does not answer one request; others may fare better."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What the provider lets through in a minute, and how much of it is left just now."""

    of: Literal["requests", "input", "output"]
    per_minute: int
    remaining: int


class TryAgain(Exception):
    """This try brought nothing; another may.

    Args:
        why: for the person, should all tries end so.
        busy: the provider asks for less.
        retry_after: seconds that it asks to be left alone.
        maybe_billed: the answer was lost on its way, so it may have been paid for.
        unreachable: not even a connection came about.
        limits: what the provider said of its limits.
    """

    def __init__(
        self,
        why: str,
        *,
        busy: bool = False,
        retry_after: float | None = None,
        maybe_billed: bool = False,
        unreachable: bool = False,
        limits: tuple[Limit, ...] = (),
    ) -> None:
        super().__init__(why)
        self.why = why
        self.busy = busy
        self.retry_after = retry_after
        self.maybe_billed = maybe_billed
        self.unreachable = unreachable
        self.limits = limits


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it arrived. Tokens are the provider's own count."""

    provider: str
    model: str
    text: str
    stop_reason: str
    """end_turn, max_tokens (cut short), refusal, or what else the provider says."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    usd: float = 0.0
    limits: tuple[Limit, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the ledger."""
        kept = (
            "provider", "model", "text", "stop_reason", "input_tokens", "output_tokens", "cache_write_tokens",
            "cache_read_tokens", "usd",
        )  # fmt: skip
        return {name: getattr(self, name) for name in kept}

    @property
    def all_input_tokens(self) -> int:
        """Tokens that were read, from the cache or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens


class Provider(Protocol):
    """Answers requests."""

    def identity(self, request: Request) -> str:
        """What, beside the request's text, makes its answer the one it is: part of the request's key."""
        ...

    def worst_cost(self, request: Request, max_tokens: int) -> float:
        """US dollars that an answer costs at most."""
        ...

    async def complete(self, request: Request, max_tokens: int) -> Response:
        """One try to have a request answered, with room for `max_tokens`.

        Raises:
            TryAgain: it did not come to an answer.
            NoAnswer: there will be none.
            CallError: the key, the model or the recipe is wrong; no request would fare better.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
