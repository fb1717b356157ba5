"""What an answer costs: one dated file of prices, which a recipe may override."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from recipes.schema import Generate

PRICES = Path(__file__).with_name("prices.yaml")
BATCH = 0.5
"""What a batched answer costs of a live one."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens of one model."""

    input: float
    output: float
    cache_write: float
    cache_read: float
    as_of: str
    """The day of the list, or who says it."""

    def cost(self, input_tokens: float, output_tokens: float, cache_write: float = 0, cache_read: float = 0) -> float:
        """US dollars of so many tokens, live."""
        whole = (
            input_tokens * self.input
            + output_tokens * self.output
            + cache_write * self.cache_write
            + cache_read * self.cache_read
        )
        return whole / 1e6


def price_of(generate: Generate) -> Price:
    """The recipe's own price, or the list's.

    A model that the list does not know counts at the dearest price known, so that sums err on the safe side.
    """
    if own := generate.price:
        write = own.input * 1.25 if own.cache_write is None else own.cache_write
        read = own.input * 0.1 if own.cache_read is None else own.cache_read
        return Price(own.input, own.output, write, read, as_of="the recipe")
    prices = _list()
    models = prices["models"]
    known = models.get(generate.model)
    as_of = str(prices["as_of"]) if known else f"{prices['as_of']}, the dearest known: {generate.model} is not in the list"
    return Price(**(known or max(models.values(), key=lambda entry: float(entry["output"]))), as_of=as_of)


@lru_cache
def _list() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(PRICES.read_text(encoding="utf-8"))
    return loaded
