"""What has arrived for a request: an answer in its schema, a reason why there will be none, or nothing yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from curate.ledger.rows import ResponseRow

Shape = TypeVar("Shape", bound=BaseModel)


def parse(text: str, shape: type[Shape]) -> Shape | None:
    """The answer in a response's text; None where it has not the shape."""
    try:
        return shape.model_validate_json(text)
    except ValidationError:
        return None


TRIES_FOR_THE_SCHEMA = 3

MORE_ROOM = 2
"""Times that an answer cut by its limit is asked again, with twice the room each time."""


def answer_in(responses: Sequence[ResponseRow], shape: type[Shape]) -> Shape | str | None:
    """What has arrived for a request: an answer, the reason why there will be none, or None: ask."""
    for response in responses:
        if response.stop_reason == "refusal":
            return "refused"
        if response.stop_reason != "max_tokens" and (answer := parse(response.text, shape)):
            return answer
    cut = sum(response.stop_reason == "max_tokens" for response in responses)
    if cut > MORE_ROOM:
        return "answer cut short"
    if len(responses) - cut >= TRIES_FOR_THE_SCHEMA:
        return "answer is not the schema"
    return None
