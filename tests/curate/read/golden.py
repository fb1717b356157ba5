"""Small exports in the shapes that programs write, each with what is right to read in it."""

import json
from pathlib import Path
from typing import Any

from curate.model import Stage
from curate.read.conversations import pairs_of, read_messages

GOLDEN = Path(__file__).with_name("golden_conversations")


def cases(kind: str) -> list[str]:
    """The names of the cases of one kind."""
    return sorted(folder.name for folder in GOLDEN.iterdir() if folder.name.startswith(f"{kind}-"))


def expected(name: str) -> tuple[Path, dict[str, Any]]:
    """The file or folder of a case, and what is right."""
    right = json.loads((GOLDEN / name / "expected.json").read_text(encoding="utf-8"))
    return GOLDEN / name / right["read"], right


def conversation_pairs(path: Path, author: str) -> tuple[list[list[str]], dict[str, int]]:
    """What is read: of each pair its turns, and why others make none."""
    stage = Stage("read")
    pairs = pairs_of(read_messages(path, stage), path.name, author, stage)
    return [[turn.content for turn in pair.prompt] + [pair.response] for pair in pairs], stage.reasons
