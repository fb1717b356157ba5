"""Requests are asked once: what the ledger has is not asked again, what is missing is asked live or in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.live import Progress, ask_live
from curate.llm.provider import Provider
from curate.llm.request import Asked, Request
from curate.model import Usage
from curate.model.documents import canonical
from likeness.recipe.schema import Generate

KEY_LENGTH = 32
"""Characters of a key."""


def key_of(request: Request, identity: str) -> str:
    """The key of a request: a hash of the model's identity, the system prompt, the user message and the answer's schema.

    Samples of the author's prose in the system prompt are not part of the key, so other samples do not cause a new request.

    Args:
        request: what to ask.
        identity: of the model, as its provider gives it.
    """
    system = request.system if request.keyed_system is None else request.keyed_system
    return _key(request, identity, system)


def _key(request: Request, identity: str, system: str) -> str:
    """`content_hash` of identity, system prompt, user message and schema; what all requests begin with is hashed once."""
    hashed = _hashed_beginning(identity, system).copy()
    for part, mark in ((request.user, ","), (request.schema, "]")):
        hashed.update((canonical(part) + mark).encode("utf-8", "surrogatepass"))
    return str(hashed.hexdigest()[:KEY_LENGTH])


@lru_cache(maxsize=64)
def _hashed_beginning(identity: str, system: str) -> Any:
    return hashlib.sha256(f"[{canonical(identity)},{canonical(system)},".encode("utf-8", "surrogatepass"))


def earlier_keys(request: Request, identity: str) -> list[str]:
    """The keys by which ledgers of before 0.2 know a request, the newest first.

    Args:
        request: what to ask.
        identity: of the model.
    """
    return [_key(request, identity, system) for system in request.earlier_systems]


def known_key(request: Request, identity: str, ledger: Ledger) -> str:
    """The key of a request, or the earlier key under which an older ledger keeps its answer.

    Args:
        request: what to ask.
        identity: of the model.
        ledger: of the recipe.
    """
    key = key_of(request, identity)
    if request.earlier_systems and not ledger.has_request(key):
        return next((old for old in earlier_keys(request, identity) if ledger.has_request(old)), key)
    return key


def ask_missing(
    keyed: Mapping[str, Request],
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
        keyed: the requests by key, all with answers of one shape.
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


def _missing(keyed: Mapping[str, Request], ledger: Ledger) -> Mapping[str, Request]:
    if isinstance(keyed, Asked):
        return keyed.missing()
    return {key: request for key, request in keyed.items() if answer_in(ledger.responses(key), request.shape) is None}
