"""The virtual environment of the server, separate from ours because Argilla requires old versions of packages.

It is made once per machine from `lock.txt`, which names every package with the hashes of its files, so only the tested files
can be installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from likeness.errors import MachineError
from likeness.files import atomic_folder
from likeness.lock import one_after_another

Progress = Callable[[int, int], None]
"""Called with the number of packages installed and the number of all packages."""

LOCK = Path(__file__).with_name("lock.txt")
BEGINS = ("Collecting ", "Processing ")  # a package from the index, or from a folder
NEWEST_PYTHON = (3, 13)  # argilla-server's dependencies have no wheels for newer ones


def environment_folder() -> Path:
    """The folder in the cache for the environment, which may not exist yet: one for each lock file and Python version."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness")
    return cache / f"argilla-{lock}-py{sys.version_info.major}{sys.version_info.minor}"


def environment_python(progress: Progress | None = None) -> Path:
    """The interpreter of the server's environment, which is made first if it is missing (a minute or two).

    If two processes call this at once, one makes the environment and the other waits. If a process is killed, the next call does
    not take its unfinished folder for an environment.

    Raises:
        MachineError: this Python is too new for Argilla, a package cannot be fetched, or the cache cannot be written to.
    """
    folder = environment_folder()
    python = folder / "bin" / "python"
    if not folder.is_dir():
        if sys.version_info[:2] > NEWEST_PYTHON:
            raise MachineError(
                f"Argilla's server does not run on Python {sys.version_info.major}.{sys.version_info.minor}",
                fix="Install this toolkit under Python 3.11, 3.12 or 3.13, or give the recipe `review: {argilla: https://…}`, "
                "the address of an Argilla server.",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with one_after_another(folder.with_name(f"{folder.name}.lock")):
            if not folder.is_dir():
                _make_environment(folder, progress)
    return python


def _make_environment(folder: Path, progress: Progress | None) -> None:
    """Make the environment under a temporary name and rename it. Its scripts keep the old name, so nothing may call them."""
    total = len(re.findall(r"^[a-z0-9._-]+==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    tell = progress or (lambda _done, _total: None)
    log = install_log(folder)
    log.unlink(missing_ok=True)
    tell(0, total)
    with atomic_folder(folder) as part:
        _run([sys.executable, "-P", "-m", "venv", str(part)], log)
        pip = [str(part / "bin" / "python"), "-P", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        _run([*pip, "--progress-bar", "off", "--no-deps", "--require-hashes", "--requirement", str(LOCK)], log, tell, total)
    tell(total, total)


def install_log(folder: Path) -> Path:
    """The file with pip's output while an environment is made."""
    return folder.with_name(f"{folder.name}.log")


def _run(command: list[str], log: Path, progress: Progress | None = None, total: int = 0) -> None:
    """Run `venv` or `pip` and log its output. Progress is counted from the line that pip prints for each package."""
    lines: list[str] = []
    with (
        log.open("a", encoding="utf-8") as kept,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process,
    ):
        assert process.stdout
        try:
            for line in process.stdout:
                kept.write(line)
                lines.append(line.rstrip())
                if progress and line.startswith(BEGINS):  # the last one is reported when all are installed
                    progress(min(total - 1, max(1, sum(each.startswith(BEGINS) for each in lines))), total)
        except BaseException:  # Ctrl-C: pip goes too
            process.kill()
            raise
    if process.returncode:
        raise _failure(lines)


def _failure(lines: list[str]) -> MachineError:
    """The error with the end of pip's output and the fix."""
    shown = [line for line in lines if line.startswith("ERROR:")] or lines[-8:]
    output = "\n".join(lines)
    if "No space left on device" in output:
        fix = "The disk is full: free about 1 GB and run the command again."
    elif "ensurepip" in output:
        fix = "Python's venv module is not whole here; on Debian and Ubuntu: sudo apt-get install python3-venv."
    elif "DO NOT MATCH THE HASHES" in output:
        fix = "A package is not the one that was tested. If pip uses a mirror here, look there; otherwise do not install it."
    else:
        fix = "It needs the network once, to reach pip's package index; run the command again when that is fixed."
    return MachineError("Argilla's environment could not be made:\n" + "\n".join(shown), where=str(environment_folder()), fix=fix)
