"""What may be chosen of the check `voice`."""

from __future__ import annotations

from pydantic import Field

from likeness.recipe.section import CheckSettings, Real


class VoiceSettings(CheckSettings):
    """When a response is too far from the author's writing."""

    farther_than: Real = Field(
        0.99,
        gt=0.5,
        lt=1.0,
        description="A response is found when this share of the author's own text is nearer to their style than it is.",
    )
