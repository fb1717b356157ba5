"""What requests will come to: tokens, dollars, time; by rules of thumb, and from earlier answers once there are some."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from curate.ledger.ledger import Ledger
from curate.ledger.rows import ResponseRow
from curate.llm.live import room_for_answer
from curate.llm.prices import BATCH, price_of, worst_cost
from curate.llm.request import SHORTEST_CACHED_PROMPT, Size
from likeness.recipe.schema import Generate

SECONDS_BEFORE_THE_FIRST_TOKEN = 1.5
TOKENS_PER_SECOND = 60
"""Of one answer, where no earlier one has been timed."""

FEWEST_TO_LEARN_FROM = 20
"""Earlier answers from which their own tokens and seconds count, instead of rules of thumb."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What earlier answers teach: factors on our rules of thumb for tokens, and the seconds of an answer."""

    answers: int
    input_factor: float = 1.0
    output_factor: float = 1.0
    seconds: float | None = None


def experience_of(answered: Iterable[tuple[Size, Sequence[ResponseRow]]], ledger: Ledger) -> Experience:
    """How far our rules of thumb were off for the answers that are there, and how long these took."""
    expected_in = expected_out = 0.0
    read = written = 0
    for size, responses in answered:
        for response in responses:
            if response.provider.startswith("anthropic"):
                tokens = size.tokens
                expected_in, expected_out = expected_in + tokens[0], expected_out + tokens[1]
                read += response.tokens_read
                written += response.output_tokens
    count = ledger.spent().requests
    if count < FEWEST_TO_LEARN_FROM or not expected_in or not expected_out:
        return Experience(count)
    return Experience(count, read / expected_in, written / expected_out, ledger.seconds_of_an_answer())


def estimate(generate: Generate, missing: Iterable[Size], experience: Experience, ledger: Ledger) -> dict[str, Any]:
    """Tokens, dollars and seconds of the requests that are still to be asked.

    Args:
        generate: the settings.
        missing: requests without an answer.
        experience: what earlier answers took.
        ledger: of the recipe.
    """
    price, thought = price_of(generate), ledger.most_thought()
    count, shared, worst = 0, 0.0, 0.0
    read = written = 0.0
    for size in missing:
        shared = shared if count else size.system.tokens * experience.input_factor
        count += 1
        tokens = size.tokens
        read, written = read + tokens[0], written + tokens[1]
        worst = max(worst, worst_cost(price, size, room_for_answer(size, (), thought)))
    read *= experience.input_factor
    written *= experience.output_factor
    live = whole = price.cost(read, written)
    if shared >= SHORTEST_CACHED_PROMPT:  # the first request writes what all share to the cache, the others read it there
        rest = shared * (count - 1)
        live = price.cost(read - shared - rest, written, cache_write=shared, cache_read=rest)
    seconds, bound = _seconds(generate, count, read, written, experience)
    learnt = experience.input_factor != 1.0
    return {
        "tokens": {"input": round(read), "output": round(written)},
        "usd": {"live": round(live, 4), "batch": round(whole * BATCH, 4)},
        "seconds": {"live": round(seconds, 1), "batch": 3600.0 if count else 0.0},
        "bound_by": bound,
        "prices_as_of": price.as_of,
        "budget_usd": generate.budget_usd,
        "smallest_budget_usd": smallest_budget(generate, worst, ledger) if count else None,
        "basis": f"from {experience.answers} earlier answers"
        if learnt
        else "by rules of thumb: 3.8 characters a token, 1.4 tokens a word",
    }


def smallest_budget(generate: Generate, worst: float, ledger: Ledger) -> float:
    """The smallest `budget_usd`, in whole cents, with which the dearest request may still be asked, after what was spent.

    Before a request goes out, the dearest answer that it could bring is set aside.

    Args:
        generate: the recipe's.
        worst: US dollars that the dearest request may cost, live.
        ledger: knows what was spent, and what may have been.
    """
    spent = ledger.spent().usd + ledger.unaccounted()
    return math.ceil((spent + worst * (BATCH if generate.mode == "batch" else 1)) * 100) / 100


def expected_yield(ledger: Ledger, requests: Iterable[Size]) -> dict[str, Any] | None:
    """What the last finished build, or sample, makes one expect of `requests`; None where none brought a pair.

    Returns:
        `sample` (passages, or None), pairs `asked` and `kept` then, `expected` pairs of now, and `usd_per_kept`.
    """
    build = ledger.newest_result()
    if build is None:
        return None
    sample, rows = build["sample"], {row["kind"]: row for row in build["mix"] if row["asked"]}
    asked, kept = sum(row["asked"] for row in rows.values()), sum(row["kept"] for row in rows.values())
    if not kept:
        return None
    share = {kind: row["kept"] / row["asked"] for kind, row in rows.items()}
    expected = sum(request.pairs * share.get(request.kind, kept / asked) for request in requests)
    usd = sum(row["usd"] for row in rows.values())
    return {"sample": sample, "asked": asked, "kept": kept, "expected": round(expected), "usd_per_kept": round(usd / kept, 6)}


def _seconds(generate: Generate, requests: int, read: float, written: float, experience: Experience) -> tuple[float, str]:
    """How long it takes live, and what it is that takes so long."""
    if not requests:
        return 0.0, ""
    each = experience.seconds or SECONDS_BEFORE_THE_FIRST_TOKEN + written / requests / TOKENS_PER_SECOND
    limits = generate.per_minute
    bounds = {f"concurrency: {generate.concurrency}": each * requests / min(generate.concurrency, requests)}
    for amount, limit, of in (
        (requests, limits.requests, "requests"),
        (read, limits.input_tokens, "input tokens"),
        (written, limits.output_tokens, "output tokens"),
    ):
        if limit:
            bounds[f"{limit:,} {of} a minute"] = amount / limit * 60
    bound = max(bounds, key=lambda name: bounds[name])
    return bounds[bound] + each, bound  # the first request goes alone
