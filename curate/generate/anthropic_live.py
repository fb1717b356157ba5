"""Provider `anthropic`: the Messages API through Anthropic's own client, one call a request."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import anthropic

from curate.generate.pace import Pace, backoff
from curate.generate.prices import cost
from curate.generate.provider import NoAnswer, Response
from curate.generate.requests import Request
from recipes.errors import CallError

ATTEMPTS = 8
"""Tries of one request against overload, server faults and dropped connections: about three minutes of back-off."""

SECONDS_PER_ANSWER = 900.0


class AnthropicLive:
    """Claude, live. Schema-bound output; the voice part of the prompt is cached by the provider.

    Args:
        model: Claude's name.
        concurrency: most requests under way at once.
    """

    def __init__(self, model: str, concurrency: int) -> None:
        if not os.environ.get("ANTHROPIC_API_KEY"):
            raise CallError(
                "ANTHROPIC_API_KEY is not set, and this recipe asks Claude",
                mend="Set it in the environment (export ANTHROPIC_API_KEY=…), or use `provider: recorded`.",
            )
        self._client = anthropic.AsyncAnthropic(max_retries=0, timeout=SECONDS_PER_ANSWER)
        self._model = model
        self._pace = Pace(concurrency)

    def identity(self, request: Request) -> str:
        """The model's name."""
        return self._model

    def worst_cost(self, request: Request, max_tokens: int) -> float:
        """A token for every two bytes that are sent (English has four), all written to the cache; all the room used."""
        sent = (request.system, request.user, json.dumps(request.schema))
        tokens = sum(len(text.encode()) for text in sent) // 2 + 500  # and the schema's own prompt
        return cost(self._model, 0, max_tokens, cache_write=tokens)

    async def complete(self, request: Request, max_tokens: int) -> Response:
        """The answer to a request.

        Raises:
            CallError: the key or the model is wrong.
            NoAnswer: the provider did not answer after ATTEMPTS tries, or turned the request down.
        """
        for attempt in range(ATTEMPTS):
            async with self._pace.slot() as began:
                try:
                    message = await self._client.messages.create(
                        model=self._model,
                        max_tokens=max_tokens,
                        system=[{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}],
                        messages=[{"role": "user", "content": request.user}],
                        output_config={"format": {"type": "json_schema", "schema": request.schema}},
                    )
                    self._pace.went_well()
                    return self._response(message)
                except anthropic.APIStatusError as error:
                    failure: anthropic.APIError = error
                    self._stop_if_hopeless(error)
                    if error.status_code in (429, 529, 503):
                        self._pace.too_much(began, _retry_after(error))
                except anthropic.APIConnectionError as error:  # timeouts among them
                    failure = error
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(backoff(attempt))
        raise NoAnswer(f"Claude gave no answer after {ATTEMPTS} tries: {_told(failure)}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _response(self, message: anthropic.types.Message) -> Response:
        usage = message.usage
        written, read = usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
        return Response(
            provider="anthropic",
            model=message.model,
            text="".join(block.text for block in message.content if block.type == "text"),
            stop_reason=message.stop_reason or "unknown",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_write_tokens=written,
            cache_read_tokens=read,
            usd=cost(self._model, usage.input_tokens, usage.output_tokens, written, read),
        )

    def _stop_if_hopeless(self, error: anthropic.APIStatusError) -> None:
        """Errors that another try does not mend."""
        told = _told(error)
        if error.status_code == 401:
            raise CallError(f"the provider does not accept the key: {told}", mend="Check ANTHROPIC_API_KEY.") from None
        if error.status_code == 403:
            raise CallError(f"the key may not do this: {told}", mend="Check the key's workspace and rights.") from None
        if error.status_code == 404:
            raise CallError(
                f"the provider does not know the model {self._model!r}: {told}",
                where="generate.model",
                mend="Claude's models today: claude-haiku-5-5, claude-sonnet-5-5, claude-opus-5-5.",
            ) from None
        if error.status_code not in (408, 409, 429) and error.status_code < 500:
            raise NoAnswer(f"the provider turned a request down ({error.status_code}): {told}") from None


def _retry_after(error: anthropic.APIStatusError) -> float | None:
    """Seconds that the provider asks to be left alone, honoured whole (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _told(error: Any) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return str(body["error"].get("message", error))[:300]
    cause = f" ({error.__cause__})" if getattr(error, "__cause__", None) else ""
    return f"{error}{cause}"[:300]
