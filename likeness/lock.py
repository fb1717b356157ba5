"""One process at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from likeness.errors import MachineError
from likeness.files import UMASK, cannot_write


@contextmanager
def only_one(folder: Path, doing: str) -> Iterator[None]:
    """Hold the folder's lock while the block runs; the system releases it when the process dies, however it dies.

    Args:
        folder: the folder to lock; it is made where it is missing.
        doing: what the lock protects, in a noun ("build"), for the message.

    Raises:
        MachineError: another process holds it, or the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", mode=0o644 & ~UMASK)
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


def is_locked(file: Path) -> bool:
    """Whether a process holds the lock on a file."""
    import fcntl

    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
