"""The section `screen` of a recipe. What it may say of a check is written in the check's room, not here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import create_model

from likeness.recipe.section import CheckSettings, Section

Settings = TypeVar("Settings", bound=CheckSettings)
ROOM = "curate.screen.settings"
"""Found by its name: the ground imports nothing that builds on it. These files import nothing but `likeness.recipe.section`."""


class Screen(Section):
    """The checks on pairs. Those that need no choice of anybody's have no key here: they always run."""

    def __contains__(self, settings: type[CheckSettings]) -> bool:
        """Whether a check runs: those that a recipe has to ask for do where it has their key."""
        return getattr(self, key_of(settings)) is not None

    def __getitem__(self, settings: type[Settings]) -> Settings:
        """What the recipe says of a check; its defaults where it says nothing."""
        said = getattr(self, key_of(settings))
        return said if isinstance(said, settings) else settings()

    def reads_passages(self) -> str | None:
        """The key of a check that runs and reads passages, where there is one."""
        return next((key_of(each) for each in every_settings() if each.reads_passages and each in self), None)


def key_of(settings: type[CheckSettings]) -> str:
    """The key under `screen`: the name of the module."""
    return settings.__module__.rpartition(".")[2]


@cache
def every_settings() -> tuple[type[CheckSettings], ...]:
    """What may be said of each check, by the order of the keys."""
    room = importlib.import_module(ROOM)
    modules = [importlib.import_module(f"{ROOM}.{each.name}") for each in pkgutil.iter_modules(room.__path__)]
    return tuple(
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, CheckSettings) and each.__module__ == module.__name__
    )


def _field(settings: type[CheckSettings]) -> Any:
    return (settings | None, None) if settings.only_where_said else (settings, settings())


if not TYPE_CHECKING:
    Screen = create_model(
        "Screen", __base__=Screen, __doc__=Screen.__doc__, **{key_of(each): _field(each) for each in every_settings()}
    )
