"""What every provider is: something that answers requests, and says what an answer cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from curate.generate.requests import Request
from recipes.errors import MachineError


class NoAnswer(MachineError):
    """A provider did not answer one request; others may fare better."""


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

    def as_dict(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)


class Provider(Protocol):
    """Answers requests."""

    def identity(self, request: Request) -> str:
        """What, beside the request's text, makes its answer the one it is: part of the request's key."""
        ...

    def worst_cost(self, request: Request, max_tokens: int) -> float:
        """US dollars that an answer costs at most."""
        ...

    async def complete(self, request: Request, max_tokens: int) -> Response:
        """The answer to a request, with room for `max_tokens`.

        Raises:
            NoAnswer: there is none.
            CallError: the key, the model or the recipe is wrong; no request would fare better.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
