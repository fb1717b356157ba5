"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from likeness.errors import MachineError
from likeness.foreign_words import escape_controls


def _umask() -> int:
    """The permissions that this user takes from new files. It can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


UMASK = _umask()


def write_atomic(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file so that it is seen either whole or not at all (written beside, synced, renamed).

    Args:
        path: the file or folder.
        content: the file's content.
        mode: its permissions, less what the user's umask takes away.

    Raises:
        MachineError: the folder cannot be written to.
    """
    mode &= ~UMASK
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, mode)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the name `target` when the block ends well and vanishes when it does not.

    A folder that is at `target` already is replaced.

    Raises:
        MachineError: the folder cannot be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for leaving in target.parent.glob(f".{target.name}.*.part"):  # what a killed process left behind
            shutil.rmtree(leaving, ignore_errors=True)
        for old in target.parent.glob(f".{target.name}.*.old"):  # killed while it was replaced
            if target.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.rename(old, target)
        part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
        os.chmod(part, 0o777 & ~UMASK)
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        yield part
        if target.exists():
            old = part.with_suffix(".old")
            os.rename(target, old)
            os.rename(part, target)
            shutil.rmtree(old)
        else:
            os.rename(part, target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def cannot_write(path: Path, error: OSError) -> MachineError:
    """The message for a file that could not be written."""
    fix = {
        28: "The disk is full: free some room and run the command again; what was done is kept.",
        13: "Give yourself the right to write there, or call the command from another folder.",
        30: "The file system is read-only: call the command from another folder.",
    }.get(error.errno or 0)
    return MachineError(f"cannot be written: {error.strerror or error}", where=str(path), fix=fix)


NO_ROOM = ("no space left", "os error 28", "not enough free space", "requested and", "iostream error", "file write failed")
"""What libraries say when the disk is full: the system, numpy, llama.cpp and torch, each in its words."""


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it came of, means that the disk is full."""
    while error is not None:
        said = str(error).lower()
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or any(words in said for words in NO_ROOM):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def atomic_file(file: Path) -> Iterator[Path]:
    """Give a temporary sibling of `file` to write; it takes `file`'s place only if the block succeeds."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        yield part
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder and all it holds; nothing happens where there is none."""
    if folder.exists():
        shutil.rmtree(folder)


def name_as_text(path: Path | str) -> str:
    """A file's name for the ledger, pages and the terminal: control characters and bytes that are not UTF-8 are escaped.

    >>> name_as_text("caf\\udce9.md")
    'caf\\\\xe9.md'
    """
    return escape_controls(os.fsencode(path).decode("utf-8", "backslashreplace"))


def is_named_in_utf8(path: Path | str) -> bool:
    """Whether a path can be written down: a disk of another system may hold names in another encoding."""
    return os.fsencode(path).decode("utf-8", "backslashreplace") == str(path)


def sha256(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
