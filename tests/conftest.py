"""What all tests share: threads that sleep while they wait, no network, and the tiny model, made once per machine."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from recipes.command import settle_libraries

settle_libraries()  # before anything imports torch

import os  # noqa: E402

import pytest  # noqa: E402

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The folder of builtin:tiny."""
    from train.tiny import tiny_folder

    return tiny_folder()
