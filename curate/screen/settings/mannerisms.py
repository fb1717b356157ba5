"""What may be chosen of the check `mannerisms`."""

from __future__ import annotations

from pydantic import Field

from likeness.recipe.section import CheckSettings, Real


class MannerismsSettings(CheckSettings):
    """When a response has too much of the generator's own habits."""

    surprise: Real = Field(3.0, gt=0, description="3: the author would write so once in a thousand texts of that length.")
