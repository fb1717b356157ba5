"""Requests become pairs: what the ledger has is not asked again, what is missing is asked live or in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from curate.generate.answers import Answer, pairs_of
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.ask import ask_missing, known_key
from curate.llm.live import Progress
from curate.llm.provider import Provider
from curate.llm.request import Request
from curate.model import Pair, Stage, Usage
from likeness.recipe.schema import Generate

NOT_RECORDED = "not recorded"


@dataclass
class Generated:
    """What the requests came to."""

    pairs: list[Pair]
    usage: Usage
    """What was paid now."""
    usd_by_kind: dict[str, float] = field(default_factory=dict)
    """What the answers to these requests have cost, whenever they were paid for."""
    requests: dict[str, Request] = field(default_factory=dict)
    """By key, which the pairs name."""
    planned: list[Request] = field(default_factory=list)
    """Those that the recipe asks for; the others ask again for what reviewers sent back."""

    def add(self, more: Generated) -> None:
        """Take in what further requests came to."""
        self.pairs += more.pairs
        self.requests |= more.requests
        self.usage.add(more.usage)
        for kind, usd in more.usd_by_kind.items():
            self.usd_by_kind[kind] = self.usd_by_kind.get(kind, 0.0) + usd


def generate_pairs(
    requests: Sequence[Request],
    provider: Provider,
    ledger: Ledger,
    settings: Generate,
    stage: Stage,
    progress: Progress,
    *,
    wait: bool = False,
) -> Generated:
    """The pairs of all requests, and what they cost.

    Args:
        requests: what to ask.
        provider: whom.
        ledger: remembers every answer; what it has is not asked again.
        settings: live or in batches, how many at once, and how much they may cost.
        stage: counts what did not become a pair, and why.
        progress: called with (requests done, requests in all, US dollars spent now).
        wait: stay until batches have ended.

    Raises:
        CallError: the key, the model or the recipe is wrong.
        GateError: the budget is reached, or batches are under way.
        MachineError: requests stayed without an answer; what did arrive is kept.
    """
    keyed = {known_key(request, provider.identity(request), ledger): request for request in requests}
    usage = Usage()
    ask_missing(keyed, provider, ledger, settings, usage, progress, wait=wait)
    generated = Generated([], usage, requests=keyed)
    costs = ledger.cost_of_requests()
    by_kind: defaultdict[str, float] = defaultdict(float)
    for key, request in keyed.items():
        by_kind[request.kind] += costs.get(key, 0.0)
        answer = answer_in(ledger.responses(key), Answer)
        if isinstance(answer, Answer):
            most = None if settings.provider == "recorded" else request.count  # what was recorded, somebody wanted
            generated.pairs.extend(pairs_of(request, key, answer, stage, most))
            if not answer.pairs and not answer.dialogues:
                why = NOT_RECORDED if settings.provider == "recorded" else "no pair in the answer"
                stage.count(why)
                stage.count_of_kind(request.kind, why, request.pairs)
        elif answer:
            stage.count(answer)
            stage.count_of_kind(request.kind, answer, request.pairs)
    generated.usd_by_kind = dict(by_kind)
    return generated
