"""Requests are asked once: what the ledger has is not asked again, what is missing is asked live or in batches."""

from __future__ import annotations

from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.live import Progress, ask_live
from curate.llm.provider import Provider
from curate.llm.request import Request
from curate.model import Usage, content_hash
from likeness.recipe.schema import Generate


def key_of(request: Request, identity: str) -> str:
    """The key of a request: a hash of the model's identity, the system prompt, the user message and the answer's schema.

    Samples of the author's prose in the system prompt are not part of the key, so other samples do not cause a new request.

    Args:
        request: what to ask.
        identity: of the model, as its provider gives it.
    """
    system = request.system if request.keyed_system is None else request.keyed_system
    return content_hash(identity, system, request.user, request.schema, length=32)


def known_key(request: Request, identity: str, ledger: Ledger) -> str:
    """The key of a request, or the earlier key under which an older ledger keeps its answer.

    Args:
        request: what to ask.
        identity: of the model.
        ledger: of the recipe.
    """
    key = key_of(request, identity)
    if request.earlier_systems and not ledger.has_request(key):
        for system in request.earlier_systems:
            old = content_hash(identity, system, request.user, request.schema, length=32)
            if ledger.has_request(old):
                return old
    return key


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

    Args:
        keyed: the requests by key.
        provider: whom to ask.
        ledger: the recipe's ledger.
        settings: what the recipe says of it.
        usage: what is paid now is added to it.
        progress: called with (done, total, US dollars spent).
        wait: stay until batches have ended.

    Raises:
        As `generate_pairs` does.
    """
    batched = settings.provider == "anthropic" and settings.mode == "batch"
    missing = _missing(keyed, ledger)
    if settings.provider == "anthropic" and ((missing and batched) or ledger.open_batches()):
        # Also in live mode: what an earlier build handed over is paid for, and is not asked again.
        from curate.llm.batches import ask_in_batches
        from curate.llm.claude import Claude

        ask_in_batches(missing, Claude(settings), ledger, settings, usage, progress, submit=batched, wait=wait)
        missing = _missing(missing, ledger)
    if missing and not batched:
        ask_live(missing, provider, ledger, settings, usage, progress)


def _missing(keyed: dict[str, Request], ledger: Ledger) -> dict[str, Request]:
    return {key: request for key, request in keyed.items() if answer_in(ledger.responses(key), request.shape) is None}
