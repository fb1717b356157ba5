"""What an answer costs: one dated file of prices, which a recipe may override."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from curate.llm.request import Request, Size
from likeness.recipe.schema import Generate

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
        """US dollars of so many tokens, live.

        Args:
            input_tokens: tokens read.
            output_tokens: tokens written.
            cache_write: tokens written to the prompt cache.
            cache_read: tokens read from the prompt cache.
        """
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


def worst_cost(price: Price, request: Request | Size, max_tokens: int) -> float:
    """US dollars that an answer may cost at most, live.

    A token for every two bytes that are sent (English has four), all written to the cache; all the room used.

    Args:
        price: the model's.
        request: what is asked.
        max_tokens: the room for the answer.
    """
    size = request.size if isinstance(request, Request) else request
    tokens = (size.system.bytes + size.user.bytes + size.schema) // 2 + 500  # and the schema's own prompt
    return price.cost(0, max_tokens, cache_write=tokens)


def unknown_model(model: str) -> str | None:
    """What to say of a model that the list does not know, with the nearest that it knows; None of one that it knows."""
    models = _list()["models"]
    if model in models:
        return None
    near = difflib.get_close_matches(model, models, n=1, cutoff=0.6)
    meant = f"; did you mean {near[0]}?" if near else f", which has {', '.join(models)}"
    return f"{model} is not in the list of models{meant}"


@lru_cache
def _list() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(PRICES.read_text(encoding="utf-8"))
    return loaded
