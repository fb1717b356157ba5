"""The console commands. Before one runs, it is made sure that the packages behind it are ours.

`likeness`, `curate`, `train` and `export` are plain names: another distribution may install a package under one of them and
overwrite ours (PyPI has a `likeness` that is not this one). Then the commands would fail somewhere in the middle; so it is said
at once, with the distribution's name.
"""

from __future__ import annotations

import atexit
import importlib
import os
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from types import ModuleType

import likeness

PACKAGES = ("likeness", "curate", "train", "export")


def curate() -> None:
    """Run the command `curate`."""
    _run("curate")


def train() -> None:
    """Run the command `train`."""
    _run("train")


def _run(command: str) -> None:
    if problem := taken_name():
        print(f"error: {problem}", file=sys.stderr)  # noqa: T201
        raise SystemExit(3)
    try:
        importlib.import_module(f"{command}.cli").main()
    except SystemExit as leaving:
        _leave(leaving.code)


def _leave(code: object) -> None:
    """End at once: taking down what large libraries have built up takes a second, and nobody waits for anything of it."""
    atexit._run_exitfuncs()  # temporary folders, processes of ours
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def taken_name() -> str | None:
    """What is wrong with the first of our packages that is not ours; None where all are."""
    here, version = Path(__file__).resolve().parents[1], getattr(likeness, "__version__", None)
    for name in PACKAGES:
        try:
            found: ModuleType | None = importlib.import_module(name)
        except Exception:  # somebody else's code: whatever it raises, it is not ours
            found = None
        place = Path(found.__file__ or ".").resolve() if found else None
        if version and place and place.parent == here / name and getattr(found, "__version__", None) == version:
            continue
        others = [each for each in metadata.packages_distributions().get(name, ()) if each != "likeness"]
        who = f"the distribution {', '.join(others)}" if others else str(place or "a package that cannot be imported")
        fix = f"Uninstall it ({', '.join(others)}), or install likeness" if others else "Install likeness"
        return (
            f"the package `{name}` is not likeness's own: {who} has taken the name\n"
            f"{fix} again, from its wheel or checkout, into an environment of its own"
        )
    return None
