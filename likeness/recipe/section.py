"""What all sections of a recipe are made of. What a check's settings are built on imports nothing else of ours."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AllowInfNan, BaseModel, BeforeValidator, ConfigDict

__all__ = ["CheckSettings", "Real", "RunNamed", "Section", "Text", "Whole"]


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number, found true or false")
    return value


Whole = Annotated[int, BeforeValidator(_number)]
Real = Annotated[float, BeforeValidator(_number), AllowInfNan(False)]


def _run_number(value: Any) -> Any:
    return f"{value:03d}" if isinstance(value, int) and not isinstance(value, bool) else value  # YAML reads 003 as 3


RunNamed = Annotated[str, BeforeValidator(_run_number)]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a text, found only blanks")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]


class Section(BaseModel):
    """A part of a recipe: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CheckSettings(Section):
    """What people may choose of a check: the key under `screen` that is called as the module that this is written in."""

    only_where_said: ClassVar[bool] = False
    """Whether the check runs only where the recipe has its key."""
    reads_passages: ClassVar[bool] = False
    """Whether it can do nothing in a recipe without `generate`, whose pairs have no passages."""
