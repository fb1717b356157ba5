"""Pairs that exist already: JSONL in the shapes that are about (OpenAI chat, ShareGPT, Alpaca, instruction/response)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.model import Pair, Stage, Turn, content_hash
from curate.read.documents import Unreadable, decode
from curate.read.plain import tidy

ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "model": "assistant"}


def read_pairs(path: Path, name: str, stage: Stage) -> list[Pair]:
    """The pairs of a JSONL file, or of a JSON file that is one list. Rows of no known shape are counted in `stage`.

    Raises:
        Unreadable: it is neither, or no row has a known shape.
    """
    if path.suffix.lower() not in (".jsonl", ".json", ".ndjson"):
        raise Unreadable("is not JSONL; ready pairs are read from .jsonl and .json")
    pairs = []
    rows = _rows(path)
    for row in rows:
        turns = _turns(row)
        if turns is None:
            stage.count("row of no known shape")
            continue
        identifier = content_hash(name, turns, length=12)
        prompt = tuple(Turn(role, tidy(text)) for role, text in turns[:-1])  # type: ignore[arg-type]
        pairs.append(Pair(f"pair-{identifier}", "pair", prompt, tidy(turns[-1][1]), document=name))
    if rows and not pairs:
        raise Unreadable("has no row of a known shape: `messages`, `conversations`, `instruction` with `response` or `output`")
    return pairs


def _rows(path: Path) -> list[Any]:
    text = decode(path.read_bytes())
    try:
        if text.lstrip().startswith("["):
            loaded = json.loads(text)
            return loaded if isinstance(loaded, list) else [loaded]
        rows = []
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise Unreadable(f"line {number} is not JSON: {error.msg}") from None
        return rows
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not JSON: {error.msg} in line {error.lineno}") from None


def _turns(row: Any) -> list[tuple[str, str]] | None:
    """(role, text) of each turn, ending on an answer; None where the row has no known shape. System turns are left out."""
    if not isinstance(row, dict):
        return None
    if isinstance(messages := row.get("messages") or row.get("conversations"), list):
        turns = []
        for message in messages:
            if not isinstance(message, dict):
                return None
            role = ROLES.get(str(message.get("role", message.get("from"))))
            text = message.get("content", message.get("value"))
            if role and isinstance(text, str):
                turns.append((role, text))
        alternating = all(role == ("user", "assistant")[i % 2] for i, (role, _) in enumerate(turns))
        return turns if turns and alternating and turns[-1][0] == "assistant" else None
    question, answer = (
        row.get("instruction", row.get("prompt")),
        row.get("response", row.get("output", row.get("completion"))),
    )
    if not isinstance(question, str) or not isinstance(answer, str):
        return None
    if isinstance(given := row.get("input"), str) and given.strip():
        question = f"{question}\n\n{given}"
    return [("user", question), ("assistant", answer)]
