"""Claude through Anthropic's own client: how a request is put, what an answer is, what an error means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import anthropic

from curate.llm.prices import BATCH, price_of, unknown_model, worst_cost
from curate.llm.provider import Limit, NoAnswer, Response, TryAgain
from curate.llm.request import Request
from likeness.errors import CallError
from likeness.foreign_words import in_one_line, without_keys
from likeness.llama.smollm2 import SMOLLM2
from likeness.recipe.schema import Generate

SECONDS_PER_ANSWER = 900.0
LONGEST_MESSAGE = 300
"""Characters that are shown of what the provider says."""
NEVER_CONNECTED = {"ConnectError", "ConnectTimeout", "UnsupportedProtocol"}
"""Errors of the client's transport before anything was sent."""


PAGES = ("text/html", "application/xhtml+xml")


class _WebPage(Exception):
    """A page came where the API's answer was expected."""


async def _refuse_pages(response: Any) -> None:
    """For the client's transport: it would hand a page on as if it were the answer."""
    if response.is_success and response.headers.get("content-type", "").lower().startswith(PAGES):
        raise _WebPage


class Claude:
    """One try, live. Schema-bound output; the part of the prompt that all requests share is cached by the provider.

    The client's own retries are off: they give up after two, and wait at most a minute where the provider may ask for
    three. See `live.py`.

    Raises:
        CallError: there is no key.
    """

    def __init__(self, generate: Generate) -> None:
        if not os.environ.get("ANTHROPIC_API_KEY", "").strip():
            raise CallError(
                "ANTHROPIC_API_KEY is not set, and this recipe asks Claude",
                fix="Set it in the environment (export ANTHROPIC_API_KEY=…). Without a key, a model on this machine can write: "
                f"`provider: llama-cpp` with `model: FILE.gguf`, or {SMOLLM2} to try the way.",
            )
        transport = anthropic.DefaultAsyncHttpxClient(event_hooks={"response": [_refuse_pages]})
        self.client = anthropic.AsyncAnthropic(max_retries=0, timeout=SECONDS_PER_ANSWER, http_client=transport)
        self._model = generate.model
        self._price = price_of(generate)

    def identity(self, request: Request) -> str:
        """The model's name."""
        return self._model

    def worst_cost(self, request: Request, max_tokens: int) -> float:
        """See `prices.worst_cost`."""
        return worst_cost(self._price, request, max_tokens)

    def parameters(self, request: Request, max_tokens: int) -> dict[str, Any]:
        """The body of a request."""
        return {
            "model": self._model,
            "max_tokens": max_tokens,
            "system": [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": request.user}],
            "output_config": {"format": {"type": "json_schema", "schema": request.schema}},
        }

    async def complete(self, request: Request, max_tokens: int) -> Response:
        """One try: see `Provider.complete`."""
        try:
            raw = await self.client.messages.with_raw_response.create(**self.parameters(request, max_tokens))
            return self.response(await raw.parse(), limits=limits_in(raw.headers))
        except anthropic.APIError as error:
            raise self.failure(error) from None
        except (AttributeError, TypeError, ValueError):  # JSON, but no message: the client does not look
            raise TryAgain("its answer is no message of the Messages API", maybe_billed=True) from None

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    def response(self, message: anthropic.types.Message, *, batched: bool = False, limits: tuple[Limit, ...] = ()) -> Response:
        """A message as the ledger keeps it.

        Args:
            message: what the API answered.
            batched: whether it came in a batch.
            limits: rate limits that came with it.
        """
        usage = message.usage
        written, read = usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
        live = self._price.cost(usage.input_tokens, usage.output_tokens, written, read)
        return Response(
            provider="anthropic batch" if batched else "anthropic",
            model=without_keys(message.model),
            text=without_keys("".join(block.text for block in message.content if block.type == "text")),
            stop_reason=without_keys(message.stop_reason or "unknown"),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_write_tokens=written,
            cache_read_tokens=read,
            usd=live * BATCH if batched else live,
            limits=limits,
        )

    def failure(self, error: anthropic.APIError) -> Exception:
        """What an error of the client means: try again, no answer, or a call that is wrong."""
        if isinstance(error.__cause__, _WebPage):
            fix = "Check ANTHROPIC_BASE_URL where it is set, and whether this network wants you to sign in first."
            return CallError("a web page came in place of the provider's answer", where=str(self.client.base_url), fix=fix)
        shown = _in_words(error)
        if not isinstance(error, anthropic.APIStatusError):  # connections: timeouts, drops; answers that are no answers
            unreachable = type(error.__cause__).__name__ in NEVER_CONNECTED
            return TryAgain(shown, maybe_billed=not unreachable, unreachable=unreachable)
        match error.status_code:
            case 401:
                return CallError(f"the provider does not accept the key: {shown}", fix="Check ANTHROPIC_API_KEY.")
            case 403:
                return CallError(f"the key may not do this: {shown}", fix="Check the key's workspace and rights.")
            case 404:
                return CallError(
                    f"the provider does not know the model {self._model!r}: {shown}",
                    where="generate.model",
                    fix=f"Correct it: {unknown_model(self._model) or 'the key may have no access to it'}.",
                )
            case 429 | 503 | 529:
                headers = error.response.headers
                return TryAgain(shown, busy=True, retry_after=_retry_after(headers), limits=limits_in(headers))
            case 408 | 409:
                return TryAgain(shown)
            case status if status >= 500:
                return TryAgain(shown)
            case status:
                return NoAnswer(f"the provider turned a request down ({status}): {shown}")


def limits_in(headers: Mapping[str, str]) -> tuple[Limit, ...]:
    """What the `anthropic-ratelimit-*` headers say (platform.claude.com/docs/en/api/rate-limits)."""
    found = []
    for of, name in (("requests", "requests"), ("input", "input-tokens"), ("output", "output-tokens")):
        try:
            per_minute = int(headers[f"anthropic-ratelimit-{name}-limit"])
            found.append(Limit(of, per_minute, int(headers[f"anthropic-ratelimit-{name}-remaining"])))  # type: ignore[arg-type]
        except (KeyError, ValueError):
            continue
    return tuple(found)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to be left alone, honoured whole (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _in_words(error: Any) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return in_one_line(body["error"].get("message", error), LONGEST_MESSAGE)
    cause = f" ({error.__cause__})" if getattr(error, "__cause__", None) else ""
    return in_one_line(f"{error}{cause}", LONGEST_MESSAGE)
