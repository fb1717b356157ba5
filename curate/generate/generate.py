"""Requests become pairs: what the ledger has is not asked again, what is missing is asked live or in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from curate.generate.answers import answer_in, pairs_of
from curate.generate.live import Progress, ask_live
from curate.generate.provider import Provider
from curate.generate.requests import Request
from curate.generate.shapes import Answer
from curate.ledger import Ledger
from curate.model import Pair, Stage, Usage, content_hash
from recipes.schema import Generate

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

    def add(self, more: Generated) -> None:
        """Take in what further requests came to."""
        self.pairs += more.pairs
        self.requests |= more.requests
        self.usage.add(more.usage)
        for kind, usd in more.usd_by_kind.items():
            self.usd_by_kind[kind] = self.usd_by_kind.get(kind, 0.0) + usd


def make_provider(generate: Generate) -> Provider:
    """The provider that a recipe names.

    Raises:
        CallError: it lacks its key, its recordings or its model.
    """
    if generate.provider == "recorded":
        from curate.generate.recorded import Recorded

        assert generate.recordings
        return Recorded(generate.recordings)
    if generate.provider == "llama-cpp":
        from curate.generate.llama_local import LlamaLocal

        return LlamaLocal(generate.model, generate.context)
    from curate.generate.claude import Claude

    return Claude(generate)


def key_of(request: Request, identity: str) -> str:
    """A request's key is its content: whatever would change the answer (`identity`: of the provider), and nothing else."""
    return content_hash(identity, request.system, request.user, request.schema, length=32)


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
    keyed = {key_of(request, provider.identity(request)): request for request in requests}
    usage = Usage()
    ask_missing(keyed, provider, ledger, settings, usage, progress, wait=wait)
    generated = Generated([], usage, requests=keyed)
    costs = ledger.cost_of_requests()
    by_kind: defaultdict[str, float] = defaultdict(float)
    for key, request in keyed.items():
        by_kind[request.kind] += costs.get(key, 0.0)
        answer = answer_in(ledger.responses(key), Answer)
        if isinstance(answer, Answer):
            generated.pairs.extend(pairs_of(request, key, answer, stage))
            if not answer.pairs and not answer.dialogues:
                stage.count(NOT_RECORDED if settings.provider == "recorded" else "no pair in the answer")
        elif answer:
            stage.count(answer)
    generated.usd_by_kind = dict(by_kind)
    return generated


def ask_missing(
    keyed: dict[str, Request],
    provider: Provider,
    ledger: Ledger,
    settings: Generate,
    usage: Usage,
    progress: Progress,
    *,
    wait: bool,
) -> None:
    """Ask what the ledger has no answer to, live or in batches; what is paid now is added to `usage`.

    Raises:
        As `generate_pairs` does.
    """
    batched = settings.provider == "anthropic" and settings.mode == "batch"
    missing = _missing(keyed, ledger)
    if settings.provider == "anthropic" and ((missing and batched) or ledger.open_batches()):
        # Also in live mode: what an earlier build handed over is paid for, and is not asked again.
        from curate.generate.batches import ask_in_batches
        from curate.generate.claude import Claude

        ask_in_batches(missing, Claude(settings), ledger, settings, usage, progress, submit=batched, wait=wait)
        missing = _missing(missing, ledger)
    if missing and not batched:
        ask_live(missing, provider, ledger, settings, usage, progress)


def _missing(keyed: dict[str, Request], ledger: Ledger) -> dict[str, Request]:
    return {key: request for key, request in keyed.items() if answer_in(ledger.responses(key), request.shape) is None}
