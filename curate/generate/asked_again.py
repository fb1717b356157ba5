"""Answers that are there and would be asked for again, because the model or a prompt is another."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from curate.generate.estimate import estimate, experience_of
from curate.generate.planned import Plan
from curate.ledger.ledger import Ledger
from curate.llm.prompts import as_data
from curate.llm.request import Size
from likeness.metrics.text import count_of
from likeness.recipe.schema import Generate


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """What a change of the recipe costs."""

    requests: int
    model: int
    """Those of them in which the prompt is what it was: the model is another."""
    usd: float
    """US dollars, live or in batches as the recipe has it."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`; `told` is the name of `summary` before 0.2."""
        return {"requests": self.requests, "usd": round(self.usd, 4), "summary": self.in_words(), "told": self.in_words()}

    def in_words(self) -> str:
        """For people."""
        why = {self.requests: "the model is another", 0: "a prompt is another"}.get(self.model, "the model and a prompt changed")
        answers = f"{count_of(self.requests, 'answer')} {'is' if self.requests == 1 else 'are'}"
        price = f": about ${self.usd:.2f}" if self.usd else ""
        return f"{answers} asked for again, because {why}{price}"


def asked_again(plan: Plan, covered: Collection[str], settings: Generate, ledger: Ledger) -> AskedAgain | None:
    """How many answers about the very same texts are there, and what asking again costs; None where there are none.

    Args:
        plan: what a build asks.
        covered: keys of what it need not ask.
        settings: the recipe's.
        ledger: the recipe's.
    """
    if settings.provider == "recorded" or not ledger.has_requests():
        return None
    requests = model = 0

    def again() -> Iterator[Size]:
        nonlocal requests, model
        missing = plan.without(covered).missing()
        for key, path, size in missing.keyed_sizes():
            answered = {row.key: (row.body["user"], row.body["system"]) for row in ledger.answered_requests(path, size.kind)}
            known = () if key in answered else answered.values()  # its own answer was cut: nothing has changed
            request = missing[key] if known else None
            before = [(user, system) for user, system in known if request and as_data(request.material) in user]
            if request and before:
                requests += 1
                model += (request.user, request.system) in before
                yield size

    if settings.provider == "anthropic":
        usd = estimate(settings, again(), experience_of(plan.answered(), ledger), ledger)["usd"][settings.mode]
    else:
        usd, _ = 0.0, deque(again(), maxlen=0)
    return AskedAgain(requests, model, usd) if requests else None
