"""A wheel of likeness as it is installed here, for a box: made without tools and without a network, from a checkout as well."""

from __future__ import annotations

import base64
import hashlib
import importlib
import zipfile
from importlib import metadata
from pathlib import Path

import likeness
from likeness.entry import PACKAGES
from train.result import versions


def make_wheel(folder: Path) -> Path:
    """Write the wheel; gives its file. The format is that of the packaging specification "Binary distribution format".

    Raises:
        MachineError: the folder cannot be written to.
    """
    installed = metadata.distribution("likeness")
    about = f"likeness-{likeness.__version__}.dist-info"
    inside: dict[str, bytes] = {}
    for package in PACKAGES:
        root = Path(importlib.import_module(package).__file__ or "").parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                inside[f"{package}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    inside[f"{about}/METADATA"] = (installed.read_text("METADATA") or "").encode()
    inside[f"{about}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    inside[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: likeness\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in inside.items())
    inside[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    file = folder / f"likeness-{likeness.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in inside.items():
            wheel.writestr(name, data)
    return file


def constraints() -> str:
    """The versions of this machine that training rests on, so that the box computes the same with its own builds of them."""
    return "".join(f"{name}=={version.split('+')[0]}\n" for name, version in versions().items() if name != "likeness")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
