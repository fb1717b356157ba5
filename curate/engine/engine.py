"""The seam: a step is a function of what all parts share and of one part. Where it runs, the recipe says.

Parts must not depend on the engine: sums of floats depend on how rows are grouped, and every engine must give the same bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar, overload

from likeness.recipe.schema import Recipe

Shared = TypeVar("Shared")
Part = TypeVar("Part")
Result = TypeVar("Result")
Item = TypeVar("Item")


class Engine(Protocol):
    """Where a step runs."""

    def map(
        self, step: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part], *, worth: int = 1
    ) -> Generator[Result, None, None]:
        """What `step(shared, part)` returns for each part, in order. Only a few parts are under way at once.

        Args:
            step: a function of a module; it must not write to the ledger.
            shared: what all parts need; it is sent to each worker once.
            parts: of the rows.
            worth: parts below which starting processes takes longer than it saves.

        Raises:
            MachineError: workers were killed again and again.
        """


class Here:
    """This process."""

    def map(
        self, step: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part], *, worth: int = 1
    ) -> Generator[Result, None, None]:
        """See `Engine`.

        Args:
            step: a function of a module; it must not write to the ledger.
            shared: what all parts need.
            parts: of the rows.
            worth: not asked: nothing is started.
        """
        return (step(shared, part) for part in parts)


class Parts(Sequence[Sequence[Item]]):
    """Items in runs, each taken when it is asked for: items that are in the ledger are not all in memory at once.

    Args:
        items: what is to be mapped.
        size: how many make a part.
    """

    def __init__(self, items: Sequence[Item], size: int) -> None:
        self._items = items
        self._size = size

    def __len__(self) -> int:
        return (len(self._items) + self._size - 1) // self._size

    @overload
    def __getitem__(self, at: int) -> Sequence[Item]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Sequence[Item]]: ...
    def __getitem__(self, at: int | slice) -> Sequence[Item] | Sequence[Sequence[Item]]:
        if isinstance(at, slice):
            return [self[number] for number in range(len(self))[at]]
        start = range(len(self))[at] * self._size
        return self._items[start : start + self._size]


def parts_of(items: Sequence[Item], size: int) -> Parts[Item]:
    """The items in runs of `size`."""
    return Parts(items, size)


IMPORTS = "imports"
"""Name of a thread that imports a library beside other work."""


def wait_for_imports() -> None:
    """Wait until no thread imports beside this one."""
    for thread in threading.enumerate():
        if thread.name == IMPORTS:
            thread.join()


@contextmanager
def engine_of(recipe: Recipe) -> Iterator[Engine]:
    """The engine that a recipe names; its workers end with the block.

    Raises:
        CallError: it is not installed.
    """
    if recipe.engine == "ray":
        from curate.engine.on_ray import OnRay

        with OnRay(recipe.worker_gb) as engine:
            yield engine
    elif recipe.engine == "processes":
        from curate.engine.processes import Processes, workers_that_fit

        yield Processes(workers_that_fit(recipe.worker_gb))
    else:
        yield Here()
