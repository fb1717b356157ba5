"""What the generator's answers look like, as the schema that binds them asks."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


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
    """A whole answer: pairs, or for the kind `dialogue` dialogues."""

    model_config = ConfigDict(extra="forbid")
    pairs: list[Exchange] = []
    dialogues: list[Dialogue] = []

    @model_validator(mode="after")
    def _has_one_of_them(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("either pairs or dialogues")
        return self
