"""What a recipe's datasets are called on the embedded server, which all recipes of a person share.

A recipe's own name is taken where it is free; another recipe of that name gets its folder's name beside it. `names.json` in the
server's home says whose each name is, and `review.name` in a build folder says which is its own: a project may be moved or
copied, or its build folder deleted, and no recipe gets another's pairs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import TypedDict

from likeness.files import write_atomic
from likeness.lock import one_after_another

NAMES = "names.json"
LOCK = "names.lock"
OWN = "review.name"
PARTS = ("", "-tie-break", "-contrasts", "-interview")
"""What follows the name in those of a recipe's datasets."""


class Owner(TypedDict):
    """Whose a name is."""

    folder: str
    """The build folder."""
    project: int
    """The number that the file system gave the folder around `build/`: it stays when a project is moved or its build deleted."""


def name_in(home: Path, folder: Path) -> str:
    """The name of a recipe's datasets on the server of `home`.

    Args:
        home: of the server.
        folder: the recipe's build folder.

    Raises:
        MachineError: one of them cannot be written to.
    """
    with one_after_another(home / LOCK):
        return give_name(home, folder)


def give_name(home: Path, folder: Path, taken: Collection[str] = ()) -> str:
    """What `name_in` does, for whoever holds the lock.

    Args:
        home: of the server.
        folder: the recipe's build folder.
        taken: names that cannot be given, whoever has them.
    """
    given = _read(home)
    owner = Owner(folder=str(folder), project=_project(folder))
    name = _kept(given, folder, owner) or next(each for each in _wishes(folder) if _is_free(each, given, taken))
    if given.get(name) != owner:
        write_atomic(home / NAMES, json.dumps({**given, name: owner}, indent=2), mode=0o600)
    if folder.is_dir() and _said(folder) != name:
        write_atomic(folder / OWN, name)
    return name


def family(name: str) -> set[str]:
    """The names of all datasets of a recipe."""
    return {f"{name}{part}" for part in PARTS}


def _kept(given: Mapping[str, Owner], folder: Path, owner: Owner) -> str:
    """The name that a recipe has already, or "".

    Its folder says which; unless the folder is a copy, and the one it was copied from still says so too. A folder that was
    deleted and made again is known by its place.
    """
    said = _said(folder)
    if said and said in given:
        first = Path(given[said]["folder"])
        if first == folder or _said(first) != said:
            return said
    elif said and _is_free(said, given):  # what this home knew was lost
        return said
    return next((name for name, other in given.items() if other == owner and owner["project"]), "")


def _wishes(folder: Path) -> Iterator[str]:
    """The names that it would like to have, the best first."""
    around = re.sub(r"[^a-z0-9]+", "-", folder.parent.parent.name.lower()).strip("-")
    return chain(
        [folder.name, *([f"{folder.name}-{around}"] if around else [])], (f"{folder.name}-{number}" for number in count(2))
    )


def _is_free(name: str, given: Mapping[str, Owner], taken: Collection[str] = ()) -> bool:
    """Whether no dataset of it could be another's."""
    return family(name).isdisjoint(chain(taken, *map(family, given)))


def _said(folder: Path) -> str:
    """The name that a build folder says is its own; "" if it says none."""
    try:
        said = (folder / OWN).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
    return said if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", said) else ""


def _project(folder: Path) -> int:
    try:
        return folder.parent.parent.stat().st_ino
    except OSError:
        return 0


def _read(home: Path) -> dict[str, Owner]:
    """All names given so far; none if the file is missing or damaged: the build folders say theirs too."""
    try:
        given = json.loads((home / NAMES).read_text(encoding="utf-8"))
        return {str(name): Owner(folder=str(each["folder"]), project=int(each["project"])) for name, each in given.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
