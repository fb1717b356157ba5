"""A folder takes its name whole or not at all, wherever the process that fills it is killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from likeness.files import atomic_folder

ROOT = Path(__file__).parents[2]
KILLED = """
import os, sys
from pathlib import Path
from likeness import files
renames = []
def rename(source, target, real=os.rename):
    if len(renames) == {after}:
        os._exit(9)
    renames.append(source)
    real(source, target)
files.os.rename = rename
with files.atomic_folder(Path(sys.argv[1])) as part:
    (part / "new").touch()
"""


@pytest.mark.parametrize(("after", "holds"), [(0, "old"), (1, "old"), (2, "new")])
def test_a_folder_is_the_old_or_the_new_one_whenever_its_maker_is_killed(tmp_path, after, holds):
    target = tmp_path / "made"
    target.mkdir()
    (target / "old").touch()
    command = [sys.executable, "-P", "-c", KILLED.format(after=after), str(target)]
    assert subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False).returncode == (9 if after < 2 else 0)
    with pytest.raises(KeyError), atomic_folder(target):
        raise KeyError
    assert [file.name for file in target.iterdir()] == [holds]
    assert [folder.name for folder in tmp_path.iterdir()] == ["made"]
