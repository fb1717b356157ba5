"""Locks between processes. The system releases a lock when the process that holds it dies, however it dies.

No other module makes locks, but for the embedded server's own code, which imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from likeness.errors import MachineError
from likeness.files import UMASK, cannot_write

MODE = 0o644 & ~UMASK
"""Of a lock file."""


@contextmanager
def only_one(folder: Path, doing: str) -> Iterator[None]:
    """Hold the folder's lock while the block runs.

    Args:
        folder: the folder to lock; it is made where it is missing.
        doing: what the lock protects, in a noun ("build"), for the message.

    Raises:
        MachineError: another process holds it, or the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", mode=MODE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise MachineError(
            f"another {doing} is running in this folder", where=str(folder), fix="Wait until it has finished, or stop it."
        ) from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def one_after_another(file: Path) -> Iterator[None]:
    """Hold the lock on a file while the block runs; wait as long as another process holds it."""
    from filelock import FileLock

    with FileLock(file, mode=MODE):
        yield


def take(file: IO[str]) -> bool:
    """Lock an open file unless another process has locked it. Held until it is closed here and in processes that inherited it."""
    import fcntl  # Windows has none: it imports this module, and takes no such lock

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(file: Path) -> bool:
    """Whether a process holds the lock on a file. Two that ask at once do not take each other for that process."""
    import fcntl

    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
