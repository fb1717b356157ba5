"""An answer becomes pairs: the schema is checked, and every quote is found in the material or its pair is kept out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from curate.llm.request import Request, as_list, as_object
from curate.model import Evidence, Pair, Stage, Turn, content_hash
from curate.read.plain import as_laid_out, tidy
from likeness.kinds import KINDS
from likeness.metrics.text import SPACELESS

QUOTE_MARKS = {"'": "['’‘‛`´]", '"': '["“”„‟«»]', "-": "[-‐‑–—]"}
for _marks in list(QUOTE_MARKS.values()):
    QUOTE_MARKS.update(dict.fromkeys(_marks.strip("[]"), _marks))

FEWEST_CHARACTERS = 6
"""Of a quote in Chinese, Japanese or Thai; in other languages three words."""


class Exchange(BaseModel):
    """A question and its answer, as the generator gives them."""

    model_config = ConfigDict(extra="forbid")
    instruction: str
    response: str = ""
    quote: str = ""


class Dialogue(BaseModel):
    """Exchanges that follow each other."""

    model_config = ConfigDict(extra="forbid")
    exchanges: list[Exchange]


class Answer(BaseModel):
    """A whole answer: pairs, or dialogues where a kind has several exchanges."""

    model_config = ConfigDict(extra="forbid")
    pairs: list[Exchange] = []
    dialogues: list[Dialogue] = []

    @model_validator(mode="after")
    def _has_one_of_them(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("either pairs or dialogues")
        return self


def answer_schema(fields: Sequence[str], exchanges: int = 1) -> dict[str, Any]:
    """JSON Schema of an answer, as its kind's file has it, without the limits on length that no API supports.

    Args:
        fields: what is asked for of each pair (`PairKind.answer`).
        exchanges: where it is more than one, dialogues are asked for.
    """
    pairs = as_list(as_object(**{field: {"type": "string"} for field in fields}))
    return as_object(dialogues=as_list(as_object(exchanges=pairs))) if exchanges > 1 else as_object(pairs=pairs)


def pairs_of(request: Request, key: str, answer: Answer, stage: Stage, most: int | None = None) -> list[Pair]:
    """The pairs of an answer, each with its evidence; what has none is counted in `stage`.

    A dialogue of three exchanges is three pairs, each with the conversation before it as its prompt: so that the model
    learns every answer, each of them once.

    Args:
        request: the request.
        key: the request's key.
        answer: the generator's answer.
        stage: counts what is left out, and why.
        most: how many pairs (or dialogues) of the answer are taken; all by default.
    """
    conversations = [[pair] for pair in answer.pairs] + [dialogue.exchanges for dialogue in answer.dialogues]
    if more := sum(map(len, conversations[most:])) if most is not None else 0:
        stage.count("more than was asked for", more)
        conversations = conversations[:most]
    pairs = []
    for index, exchanges in enumerate(conversations):
        before = request.before
        for number, exchange in enumerate(exchanges):
            response, evidence = _response_and_evidence(exchange, request)
            if evidence is None:  # what follows would rest on an answer without evidence
                stage.count("quote is not in the passage", len(exchanges) - number)
                stage.count_of_kind(request.kind, "quote is not in the passage", len(exchanges) - number)
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
                    context=tidy(request.material) if KINDS[request.kind].shows_passage else "",
                    replaces=request.replaces,
                )
            )
            before = (*prompt, Turn("assistant", response))
    return pairs


def _response_and_evidence(exchange: Exchange, request: Request) -> tuple[str, Evidence | None]:
    if KINDS[request.kind].response_is_material:
        own = request.material
        return own, Evidence(request.document, request.start, request.start + len(own), own)
    return as_laid_out(exchange.response), find_quote(exchange.quote, request)


def find_quote(quote: str, request: Request) -> Evidence | None:
    """Where a quote is in the request's material: see `find_in`."""
    found = find_in(quote, request.material)
    if not found:
        return None
    start, end = request.start + found[0], request.start + found[1]
    return Evidence(request.document, start, end, request.material[found[0] : found[1]])


def find_in(quote: str, text: str) -> tuple[int, int] | None:
    """Where a quote is in a text (start, end): tolerant of white space and quote marks, not of words."""
    pattern = _pattern_of(quote)
    found = pattern.search(text) if pattern else None
    return found.span() if found else None


@lru_cache(maxsize=16_384)  # a recording's quote is looked for in every request of its kind
def _pattern_of(quote: str) -> re.Pattern[str] | None:
    quote = quote.strip(" \t\n\"'“”‘’…「」『』")
    words = quote.split()
    spaceless = SPACELESS.search(quote) is not None
    if (len(re.findall(r"\w", quote)) < FEWEST_CHARACTERS) if spaceless else (len(words) < 3):  # too little to be evidence
        return None
    pattern = r"\s+".join("".join(QUOTE_MARKS.get(mark) or re.escape(mark) for mark in word) for word in words)
    edges = words[0][0], words[-1][-1]
    begins, ends = (r"\b" if re.match(r"\w", mark) and not SPACELESS.match(mark) else "" for mark in edges)  # whole words
    return re.compile(begins + pattern + ends)
