"""What may be chosen of the check `length`."""

from __future__ import annotations

from pydantic import Field

from likeness.recipe.section import CheckSettings, Real


class LengthSettings(CheckSettings):
    """How far from the kind's word range a response may lie before its pair is dropped."""

    slack: Real = Field(0.5, ge=0.0, le=1.0, description="0.5 lets [40, 180] run from 20 to 270 words.")
