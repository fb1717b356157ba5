"""What a hosted training costs, by the dated list or the recipe's own price, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from likeness.errors import CallError
from likeness.recipe.schema import Train
from train.hosted.hosts import Host, as_of
from train.hosted.rows import HostedRows


@dataclass(frozen=True)
class Price:
    """US dollars for a training, where they are known, and in words how they come about."""

    usd: float | None
    words: str


def priced(host: Host, settings: Train, rows: HostedRows) -> Price:
    """The price of training on the rows.

    Args:
        host: the host.
        settings: the recipe's `train`.
        rows: in the host's form.

    Raises:
        CallError: it is more than the budget, or there is a budget and the price is not known.
    """
    hosted = settings.hosted
    assert hosted
    own = hosted.usd_per_million_tokens
    price = own if own is not None else host.price_of(settings.base_model)
    if price is None:
        if hosted.budget_usd is not None:
            what = f"no price of {settings.base_model} at {host.title} is known, so the budget cannot be kept"
            fix = "Give train.hosted.usd_per_million_tokens from the host's price list."
            raise CallError(what, where="train.hosted.budget_usd", fix=fix)
        return Price(None, f"no price of {settings.base_model} is known")
    usd = rows.tokens * settings.sft.epochs / 1e6 * price
    source = "the recipe's price" if own is not None else f"list price of {as_of()}, to be checked before paying"
    words = f"about ${usd:.2f} (${price:g} a million tokens, {settings.sft.epochs:g} epochs; {source})"
    if hosted.budget_usd is not None and usd > hosted.budget_usd:
        fix = f"Raise it to {usd:.2f}, or train fewer epochs or rows."
        raise CallError(
            f"training would cost {words}; the budget is ${hosted.budget_usd:g}", where="train.hosted.budget_usd", fix=fix
        )
    return Price(usd, words)
