"""Parts run in as many processes as there are cores. They are forked, so what all parts share is not copied to them."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from curate.engine.engine import Here, Part, Result, Shared, wait_for_imports
from likeness.errors import MachineError

TRIES = 3
"""How often the same part may bring its process down."""
PR_SET_PDEATHSIG = 1
_shared: Any = None


class Processes:
    """Several processes on this machine, where the system can fork; this one alone elsewhere.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        able = "fork" in multiprocessing.get_all_start_methods() and sys.platform == "linux"
        self.workers = workers if able else 1

    def map(
        self, step: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part], *, worth: int = 1
    ) -> Generator[Result, None, None]:
        """See `Engine`. Parts of a process that was killed are done again in another.

        Args:
            step: a function of a module; it must not write to the ledger.
            shared: what all parts need.
            parts: of the rows.
            worth: fewer parts run in this process.
        """
        if self.workers == 1 or len(parts) < max(2, worth):
            yield from Here().map(step, shared, parts)
            return
        done = failures = 0
        while done < len(parts):
            try:
                for result in self._until_one_dies(step, shared, parts, done):
                    yield result
                    done += 1
                    failures = 0
            except BrokenProcessPool:
                failures += 1
                if failures == TRIES:
                    raise MachineError(
                        f"a worker process was killed {TRIES} times at the same rows, as happens where memory runs out",
                        fix="What was done is kept. Raise `worker_gb`, so that fewer run at once, or say `engine: here`.",
                    ) from None

    def _until_one_dies(
        self, step: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part], begin: int
    ) -> Generator[Result, None, None]:
        wait_for_imports()  # a process forked meanwhile would wait for their locks for ever
        others = set(multiprocessing.active_children())
        fork = multiprocessing.get_context("fork")
        pool = ProcessPoolExecutor(self.workers, fork, initializer=_begin, initargs=(shared, os.getpid()))
        try:
            under_way: deque[Future[Result]] = deque()
            for number in range(begin, len(parts)):
                under_way.append(pool.submit(_run, step, parts[number]))
                if len(under_way) >= 2 * self.workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BaseException:  # stopped, or a part failed: nobody waits for the others
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(shared: Any, parent: int) -> None:
    global _shared  # noqa: PLW0603 - one a process, and this is its first line
    _shared = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the calling process handles Ctrl-C
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a process that is killed leaves no workers behind
    if os.getppid() != parent:  # it was, before that line
        os._exit(1)


def _run(step: Callable[[Any, Part], Result], part: Part) -> Result:
    return step(_shared, part)


def workers_that_fit(gigabytes: float) -> int:
    """One worker a core, and fewer where that many of `gigabytes` each are more than the memory that is free."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        free = re.search(r"MemAvailable: +(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    except OSError:
        free = None
    return max(1, min(cores, int(int(free[1]) * 1024 / (gigabytes * 1e9)))) if free else cores
