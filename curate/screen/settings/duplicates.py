"""What may be chosen of the check `duplicates`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from likeness.recipe.section import CheckSettings, Real


class DuplicatesSettings(CheckSettings):
    """When two pairs count as the same."""

    near: Real = Field(0.7, gt=0.3, le=1.0, description="Jaccard similarity of word triples from which two answers count as one.")
    reworded: Literal["flag", "drop"] = Field(
        "flag", description="What to do with a pair that says the same as a better one in other words."
    )
