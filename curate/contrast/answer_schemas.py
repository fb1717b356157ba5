"""The schema of a contrast set as the generator drafts it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from curate.llm.request import as_object


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str
    answer: str
    wrong: str


class Statement(_Part):
    """An explanation of the term."""

    other_question: str = ""
    quote: str


class Neighbour(_Part):
    """The difference between the term and something that it is confused with."""

    name: str
    quote: str


class Premise(_Part):
    """A question with a false premise."""

    quote: str


class Known(_Part):
    """A question that the passages answer, of the form that those about invented things have."""

    quote: str


class Sibling(_Part):
    """Something that does not exist."""

    name: str


class Draft(BaseModel):
    """A whole set. If it has no statement, `ask` is a question to the person."""

    model_config = ConfigDict(extra="forbid")
    statements: list[Statement] = []
    neighbours: list[Neighbour] = []
    premises: list[Premise] = []
    known: list[Known] = []
    siblings: list[Sibling] = []
    ask: str = ""


def draft_schema() -> dict[str, Any]:
    """The JSON Schema of a draft, without the length limits, which no API supports."""
    text = {"type": "string"}
    part = {"question": text, "answer": text, "wrong": text}

    def many(**more: Any) -> dict[str, Any]:
        return {"type": "array", "items": as_object(**part, **more)}

    return as_object(
        statements=many(other_question=text, quote=text),
        neighbours=many(name=text, quote=text),
        premises=many(quote=text),
        known=many(quote=text),
        siblings=many(name=text),
        ask=text,
    )
