"""An answer becomes pairs: the schema is checked, and every quote is found in the material or its pair is kept out."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from curate.generate.requests import Request
from curate.generate.shapes import Answer, Exchange
from curate.model import Evidence, Pair, Stage, Turn, content_hash
from curate.read.plain import as_laid_out, tidy

QUOTE_MARKS = {"'": "['’‘‛`´]", '"': '["“”„‟«»]', "-": "[-‐‑–—]"}
for _marks in list(QUOTE_MARKS.values()):
    QUOTE_MARKS.update(dict.fromkeys(_marks.strip("[]"), _marks))


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


def answer_in(responses: Sequence[sqlite3.Row], shape: type[Shape]) -> Shape | str | None:
    """What has arrived for a request: an answer, the reason why there will be none, or None: ask."""
    for response in responses:
        if response["stop_reason"] == "refusal":
            return "refused"
        if response["stop_reason"] != "max_tokens" and (answer := parse(response["text"], shape)):
            return answer
    cut = sum(response["stop_reason"] == "max_tokens" for response in responses)
    if cut > MORE_ROOM:
        return "answer cut short"
    if len(responses) - cut >= TRIES_FOR_THE_SCHEMA:
        return "answer is not the schema"
    return None


def pairs_of(request: Request, key: str, answer: Answer, stage: Stage) -> list[Pair]:
    """The pairs of an answer, each with its evidence; what has none is counted in `stage`.

    A dialogue of three exchanges is three pairs, each with the conversation before it as its prompt: so that the model
    learns every answer, each of them once.
    """
    conversations = [[pair] for pair in answer.pairs] + [dialogue.exchanges for dialogue in answer.dialogues]
    pairs = []
    for index, exchanges in enumerate(conversations):
        before = request.before
        for number, exchange in enumerate(exchanges):
            response, evidence = _response_and_evidence(exchange, request)
            if evidence is None:  # what follows would stand on an answer that rests on nothing
                stage.count("quote is not in the passage", len(exchanges) - number)
                break
            prompt = (*before, Turn("user", as_laid_out(exchange.instruction)))
            name = content_hash(key, index, *([number] if number else []), length=12)
            pairs.append(
                Pair(
                    id=f"{request.kind.replace('_', '-')}-{name}",
                    kind=request.kind,
                    prompt=prompt,
                    response=response,
                    document=request.document,
                    evidence=evidence,
                    request=key,
                    words_asked=request.words,
                    context=tidy(request.material) if request.kind == "grounded" else "",
                    replaces=request.replaces,
                )
            )
            before = (*prompt, Turn("assistant", response))
    return pairs


def _response_and_evidence(exchange: Exchange, request: Request) -> tuple[str, Evidence | None]:
    if request.kind == "own_words":
        own = request.material
        return own, Evidence(request.document, request.start, request.start + len(own), own)
    return as_laid_out(exchange.response), find_quote(exchange.quote, request)


def find_quote(quote: str, request: Request) -> Evidence | None:
    """Where a quote stands in the request's material: tolerant of white space and quote marks, not of words."""
    words = quote.strip(" \t\n\"'“”‘’…").split()
    if len(words) < 3:  # too little to be evidence of anything
        return None
    pattern = r"\s+".join("".join(QUOTE_MARKS.get(mark) or re.escape(mark) for mark in word) for word in words)
    begins, ends = (r"\b" if re.match(r"\w", mark) else "" for mark in (words[0][0], words[-1][-1]))  # whole words
    found = re.search(begins + pattern + ends, request.material)
    if not found:
        return None
    start, end = request.start + found.start(), request.start + found.end()
    return Evidence(request.document, start, end, found[0])
