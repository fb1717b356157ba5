"""Run a command as the user `nobody`, who may write nowhere but where it is given to them."""

import os
import shutil
from pathlib import Path

import pytest

NOBODY = 65534
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become somebody else (and setpriv does it)"
)

AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    # Python itself may lie in root's home: nobody may read there, and write no more than anybody.
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
)  # fmt: skip


def open_to_all(folder: Path) -> None:
    """Everybody may go there and read; only the owner writes."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.geteuid() and each.stat().st_mode & 0o055 != 0o055:
            each.chmod(each.stat().st_mode | 0o055)


def give_to_nobody(folder: Path) -> None:
    """The folder and all in it is nobody's own."""
    open_to_all(folder.parent)
    for each in (folder, *folder.rglob("*")):
        os.chown(each, NOBODY, NOBODY)
