"""The server's own virtual environment. Argilla's pins are old, so it cannot live beside ours.

It is made once per machine from `lock.txt`, which names every package with the hashes of its files: what is installed
is what was tested, or nothing is.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from recipes.errors import MachineError
from recipes.folders import whole_folder

Progress = Callable[[int, int], None]
"""Told how many packages of how many are there."""

LOCK = Path(__file__).with_name("lock.txt")
NEWEST_PYTHON = (3, 13)  # argilla-server's pins have no wheels for newer ones


def environment_folder() -> Path:
    """Where this Python's environment lies in the cache, made or not: one folder for each lock and Python version."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness")
    return cache / f"argilla-{lock}-py{sys.version_info.major}{sys.version_info.minor}"


def environment_python(progress: Progress | None = None) -> Path:
    """The interpreter of the server's environment, which is made first where it is not there yet (a minute or two).

    Two processes may ask at once: one makes the environment and the other waits for it. One that is killed leaves
    nothing that the next call would take for an environment.

    Raises:
        MachineError: this Python is too new for Argilla, a package could not be had, or the cache cannot be written to.
    """
    from filelock import FileLock

    folder = environment_folder()
    python = folder / "bin" / "python"
    if not folder.is_dir():
        if sys.version_info[:2] > NEWEST_PYTHON:
            raise MachineError(
                f"Argilla's server does not run on Python {sys.version_info.major}.{sys.version_info.minor}",
                mend="Install this toolkit under Python 3.11, 3.12 or 3.13, or give the recipe `review: {argilla: https://…}`, "
                "the address of an Argilla server.",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                _make_environment(folder, progress)
    return python


def _make_environment(folder: Path, progress: Progress | None) -> None:
    """Built under another name, which is safe as long as nothing calls its scripts: these hold the folder's old name."""
    total = len(re.findall(r"^[a-z0-9._-]+==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    with whole_folder(folder) as part:
        _run([sys.executable, "-m", "venv", str(part)])
        pip = [str(part / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--require-hashes", "--requirement", str(LOCK)]
        _run([*pip, "--no-input", "--disable-pip-version-check", "--progress-bar", "off"], progress, total)


def _run(command: list[str], progress: Progress | None = None, total: int = 0) -> None:
    """Run `venv` or `pip`; pip's line `Collecting …`, one for each package, is what progress is read from."""
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        assert process.stdout
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if progress and line.startswith("Collecting "):
                    progress(sum(each.startswith("Collecting ") for each in lines), total)
        except BaseException:  # Ctrl-C: pip goes too
            process.kill()
            raise
    if process.returncode:
        raise _failure(lines)


def _failure(lines: list[str]) -> MachineError:
    """What pip said, and what mends it."""
    told = [line for line in lines if line.startswith("ERROR:")] or lines[-8:]
    output = "\n".join(lines)
    if "No space left on device" in output:
        mend = "The disk is full: free about 1 GB and run the command again."
    elif "ensurepip" in output:
        mend = "Python's venv module is not whole here; on Debian and Ubuntu: sudo apt-get install python3-venv."
    elif "DO NOT MATCH THE HASHES" in output:
        mend = "A package is not the one that was tested. If pip uses a mirror here, look there; otherwise do not install it."
    else:
        mend = "It needs the network once, to reach pip's package index; run the command again when that is mended."
    return MachineError(
        "Argilla's environment could not be made:\n" + "\n".join(told), where=str(environment_folder()), mend=mend
    )
