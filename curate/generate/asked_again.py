"""Answers that are there and would be asked for again, because the model or a prompt is another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from curate.generate.answers import Answer
from curate.generate.estimate import estimate, experience_of
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.prompts import as_data
from curate.llm.request import Request
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


def asked_again(keys: Mapping[str, Request], covered: Collection[str], settings: Generate, ledger: Ledger) -> AskedAgain | None:
    """How many answers about the very same texts are there, and what asking again costs; None where there are none.

    Args:
        keys: what a build asks, by key.
        covered: keys of what it need not ask.
        settings: the recipe's.
        ledger: the recipe's.
    """
    missing = {
        key: request for key, request in keys.items() if key not in covered and answer_in(ledger.responses(key), Answer) is None
    }
    if not missing or settings.provider == "recorded":
        return None
    known: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in ledger.answered_requests():
        known[row.kind, row.document].append((row.body["user"], row.body["system"]))
    again, model = [], 0
    for request in missing.values():
        before = [(user, system) for user, system in known[request.kind, request.document] if as_data(request.material) in user]
        if before:
            again.append(request)
            model += (request.user, request.system) in before
    if not again:
        return None
    answered = {key: request for key, request in keys.items() if key not in missing}
    found = estimate(settings, again, experience_of(answered, ledger), ledger)["usd"] if settings.provider == "anthropic" else {}
    return AskedAgain(len(again), model, found.get(settings.mode, 0.0))
