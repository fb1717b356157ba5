"""Which models can be written as GGUF: one file a family, found by being here.

What is not listed here is refused by name: a file that loads and talks nonsense is worse than no file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from export.gguf.architectures import Architecture, Config
from likeness.errors import CallError

ARCHITECTURES: Mapping[str, Architecture] = {
    name: architecture
    for family in pkgutil.iter_modules(__path__)
    for name, architecture in importlib.import_module(f"{__name__}.{family.name}").ARCHITECTURES.items()
}
"""By the name that `architectures` in a model's config.json gives."""


def architecture_of(config: Config) -> Architecture:
    """The family of a model's configuration.

    Raises:
        CallError: the architecture, its activation or its attention is not covered.
    """
    named = config.get("architectures") or ["(none)"]
    name = named[0]
    if name not in ARCHITECTURES:
        kind = "a mixture of experts" if "moe" in name.lower() or "mixtral" in name.lower() else "an architecture"
        raise CallError(
            f"{name} is {kind} that this exporter does not cover.",
            fix=f"Train one of {', '.join(ARCHITECTURES)}, or convert the merged folder with llama.cpp's own script.",
        )
    found = ARCHITECTURES[name]
    activation = config.get("hidden_activation") or config.get("hidden_act") or found.activation
    if activation != found.activation:
        raise CallError(
            f"{name} with the activation {activation} has no counterpart in llama.cpp, which computes {found.activation}.",
            fix=f"Convert a model whose config.json says {found.activation}.",
        )
    if config.get("use_sliding_window"):
        raise CallError(
            f"{name} with use_sliding_window is not covered.", fix="Use a base model that attends to its whole context."
        )
    if objection := found.objection(config):
        raise CallError(f"{name} with {objection} is not covered.", fix="Use a base model as its makers published it.")
    return found
