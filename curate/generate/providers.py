"""The provider that a recipe names."""

from __future__ import annotations

from collections.abc import Sequence

from curate.ledger.ledger import Ledger
from curate.llm.ask import known_key
from curate.llm.provider import Provider
from curate.llm.request import Request
from likeness.recipe.schema import Generate


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
        from curate.llm.llama_cpp import LlamaLocal

        return LlamaLocal(generate.model, generate.context)
    from curate.llm.claude import Claude

    return Claude(generate)


def keyed(requests: Sequence[Request], generate: Generate, ledger: Ledger) -> dict[str, Request]:
    """The requests by key, as a build asks them; needs no key of the provider's.

    Args:
        requests: what to ask.
        generate: the settings.
        ledger: of the recipe.
    """
    if generate.provider == "anthropic":
        return {known_key(request, generate.model, ledger): request for request in requests}
    provider = make_provider(generate)
    return {known_key(request, provider.identity(request), ledger): request for request in requests}
