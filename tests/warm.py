"""Commands called from a process that has their libraries loaded already: each call is a process of its own, forked from it.

Loading Great Expectations, torch and the others takes two to eight seconds, and the tests call commands a thousand times. What
is called is the program's own entry point, with its arguments, folder, environment and output; only the loading is saved.
"""

# ruff: noqa: SIM115 - the streams stay open as long as the process

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

LIBRARIES = ["tests.warm_libraries"]


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def call(program: str, arguments: Sequence[str], folder: Path, env: dict[str, str], timeout: float) -> CompletedProcess[str]:
    """Call `curate` or `train`, and wait for its end.

    Args:
        program: the command's name.
        arguments: of the command.
        folder: to call it in.
        env: its whole environment.
        timeout: seconds that it may take.

    Raises:
        TimeoutExpired: it was stopped after that time.
    """
    with tempfile.TemporaryDirectory() as place:
        said = Path(place, "stdout"), Path(place, "stderr")
        process = _context().Process(target=_be, args=(program, list(arguments), str(folder), env, *map(str, said)))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise TimeoutExpired([program, *arguments], timeout, *(each.read_bytes() for each in said))
        out, err = (each.read_text(encoding="utf-8") for each in said)
        return CompletedProcess([program, *arguments], process.exitcode or 0, out, err)


def _be(program: str, arguments: list[str], folder: str, env: dict[str, str], out: str, err: str) -> None:
    """Runs in the forked process: becomes the command."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, name in ((1, out), (2, err)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(os.devnull, encoding="utf-8")
    for number, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False, buffering=1 if number == 2 else -1))
    sys.argv = [program, *arguments]
    from likeness import entry

    try:
        getattr(entry, program)()
    except SystemExit as leaving:
        entry._leave(leaving.code)
