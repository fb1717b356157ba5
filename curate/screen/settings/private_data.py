"""What may be chosen of the check `private_data`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from likeness.recipe.section import CheckSettings


class PrivateDataSettings(CheckSettings):
    """What is done about e-mail addresses, telephone numbers, keys and the like."""

    action: Literal["flag", "redact", "drop"] = Field(
        "flag",
        description="flag: a reviewer sees it; redact: it is replaced by its type in brackets; drop: the pair is left out.",
    )
    names: list[Annotated[str, Field(min_length=2)]] = Field(
        default_factory=list, description="People whose names are private data too, spelt as in the texts."
    )
