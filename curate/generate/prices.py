"""What an answer cost: one dated file of prices."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML

PRICES = Path(__file__).with_name("prices.yaml")


def cost(model: str, input_tokens: int, output_tokens: int, cache_write: int = 0, cache_read: int = 0) -> float:
    """US dollars of one live answer.

    A model that the file does not know counts at the dearest price known, so that the sum errs on the safe side.
    """
    models = _models()
    price = models.get(model) or max(models.values(), key=lambda entry: entry["output"])
    per_million = (
        input_tokens * price["input"]
        + output_tokens * price["output"]
        + cache_write * price["cache_write"]
        + cache_read * price["cache_read"]
    )
    return float(per_million / 1e6)


@lru_cache
def _models() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = YAML(typ="safe").load(PRICES.read_text(encoding="utf-8"))["models"]
    return loaded
