"""The pages that lie beside results: one look, one maker for the page that leads to all others."""

from __future__ import annotations

from typing import Any


def environment(package: str | None = None) -> Any:
    """Jinja2 for our pages: everything is escaped, a name that is missing is an error.

    Args:
        package: the package whose `templates/` holds the page; what pages share (`_look.css`) is found beside it.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loaders = [PackageLoader(name) for name in (package, "likeness.pages") if name]
    return Environment(
        loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
