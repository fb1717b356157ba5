"""An answer becomes pairs: the schema is checked, and every quote is found in the material or its pair is kept out."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, ValidationError

from curate.generate.requests import Request
from curate.model import Evidence, Pair, Stage, Turn, content_hash
from curate.read.plain import tidy

QUOTE_MARKS = {"'": "['’‘‛`´]", '"': '["“”„‟«»]', "-": "[-‐‑–—]"}
for _marks in list(QUOTE_MARKS.values()):
    QUOTE_MARKS.update(dict.fromkeys(_marks.strip("[]"), _marks))


class AnsweredPair(BaseModel):
    """A pair as the generator gives it."""

    model_config = ConfigDict(extra="forbid")
    instruction: str
    response: str = ""
    quote: str = ""


class Answer(BaseModel):
    """A whole answer."""

    model_config = ConfigDict(extra="forbid")
    pairs: list[AnsweredPair]


def parse(text: str) -> Answer | None:
    """The answer in a response's text; None where it is not the schema."""
    try:
        return Answer.model_validate_json(text)
    except ValidationError:
        return None


def pairs_of(request: Request, key: str, answer: Answer, stage: Stage) -> list[Pair]:
    """The pairs of an answer, each with its evidence; what has none is counted in `stage`."""
    pairs = []
    for index, answered in enumerate(answer.pairs):
        if request.kind == "own_words":
            response = request.material
            evidence: Evidence | None = Evidence(request.document, request.start, request.start + len(response), response)
        else:
            response = tidy(answered.response)
            evidence = find_quote(answered.quote, request)
        if evidence is None:
            stage.count("quote is not in the passage")
            continue
        pairs.append(
            Pair(
                id=f"{request.kind.replace('_', '-')}-{content_hash(key, index, length=12)}",
                kind=request.kind,
                prompt=(Turn("user", tidy(answered.instruction)),),
                response=response,
                document=request.document,
                evidence=evidence,
                request=key,
                words_asked=request.words,
            )
        )
    return pairs


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
