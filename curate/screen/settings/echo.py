"""What may be chosen of the check `echo`."""

from __future__ import annotations

from pydantic import Field

from likeness.recipe.section import CheckSettings, Real


class EchoSettings(CheckSettings):
    """When the data says a phrase too often."""

    max_share: Real = Field(
        0.15, gt=0.0, le=1.0, description="Largest share of responses that may contain one term of two words or more."
    )
    times: Real = Field(3.0, ge=1.0, description="Times the author's own share that any phrase may have.")
