"""Requests become pairs: what the ledger has is not asked again, what is missing is asked live or in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    requests: Mapping[str, Request] = field(default_factory=dict)
    """By key, which the pairs name: what the recipe asks for."""
    others: dict[str, Request] = field(default_factory=dict)
    """Those that ask again for what reviewers sent back, and those in whose place decided pairs are."""

    def add(self, more: Generated) -> None:
        """Take in what further requests came to."""
        self.pairs += more.pairs
        self.others |= more.requests
        self.usage.add(more.usage)
        for kind, usd in more.usd_by_kind.items():
            self.usd_by_kind[kind] = self.usd_by_kind.get(kind, 0.0) + usd

    def request(self, key: str) -> Request:
        """What brought a pair."""
        return self.others[key] if key in self.others else self.requests[key]

    @property
    def asked(self) -> int:
        """How many requests there are."""
        return len(self.requests) + sum(key not in self.requests for key in self.others)


def generate_pairs(
    requests: Sequence[Request] | Mapping[str, Request],
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
        requests: what to ask; or the same by key, where keys are known.
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
    by_key = (
        {known_key(each, provider.identity(each), ledger): each for each in requests}
        if isinstance(requests, Sequence)
        else requests
    )
    usage = Usage()
    ask_missing(by_key, provider, ledger, settings, usage, progress, wait=wait)
    generated = Generated([], usage, requests=by_key)
    by_kind: defaultdict[str, float] = defaultdict(float)
    for key, request in by_key.items():
        responses = ledger.responses(key)
        by_kind[request.kind] += sum(response.usd for response in responses)
        answer = answer_in(responses, Answer)
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
