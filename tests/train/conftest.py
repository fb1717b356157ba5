"""A small dataset, built by the real command, and the real `train` to call on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent

QUICK = """
train:
  base_model: builtin:tiny
  sft: {epochs: 2, learning_rate: 2.0e-3, batch_size: 4}
"""


@dataclass(frozen=True)
class House:
    """A folder with a starter recipe in it, and the commands called there."""

    folder: Path
    recipe: str = "kitchen/recipe.yaml"

    def call(self, command: str, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Call `curate` or `train`; the exit code must be `code`, and nothing may show a traceback."""
        done = subprocess.run(
            [BIN / command, *arguments],
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode == code, f"{command} {arguments} left with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, command: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The one JSON object of a command called with `--json`."""
        result: dict[str, Any] = json.loads(self.call(command, *arguments, "--json", code=code).stdout)
        return result

    def write(self, name: str, text: str) -> str:
        """A recipe over the starter: its name, and what it says beneath."""
        path = self.folder / f"{name}.yaml"
        path.write_text(f"extends: {self.recipe}\nname: {name}\n{text}", encoding="utf-8")
        return path.name


def make_house(folder: Path) -> House:
    """A house with the starter in it, quick to train."""
    house = House(folder)
    house.call("curate", "init", "kitchen")
    recipe = folder / house.recipe
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text[: text.index("train:")] + QUICK + text[text.index("export:") :], encoding="utf-8")
    return house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty house: nothing is built yet."""
    return make_house(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> tuple[House, dict[str, Any]]:
    """A house in which the starter was built and trained, and what `train run --json` said."""
    house = make_house(tmp_path_factory.mktemp("house"))
    house.call("curate", "build", house.recipe)
    return house, house.json("train", "run", house.recipe)
