"""What may be chosen of the check `judge`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from likeness.recipe.section import CheckSettings


class JudgeSettings(CheckSettings):
    """Claude is shown a pair with its passage, and says which claims the passage does not support. It costs money."""

    only_where_said = True
    reads_passages = True

    model: str = Field(
        "claude-haiku-5-5",
        min_length=1,
        description="The Claude model that judges. It may differ from the model that writes the pairs.",
    )
    pairs: Literal["all", "flagged"] = Field("flagged", description="flagged: those with a finding of another check.")
