"""The same rows as other programs read them: OpenAI chat JSONL, ShareGPT, Alpaca."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def write_formats(folder: Path, splits: dict[str, list[Row]]) -> None:
    """Write `openai/<split>.jsonl`, `sharegpt.jsonl` and `alpaca.json` (these two from the training rows)."""
    for split, rows in splits.items():
        _write_lines(folder / "openai" / f"{split}.jsonl", ({"messages": row["prompt"] + row["completion"]} for row in rows))
    training = splits["train"]
    _write_lines(folder / "sharegpt.jsonl", map(_sharegpt, training))
    alpaca = [entry for row in training if (entry := _alpaca(row))]
    (folder / "alpaca.json").write_text(json.dumps(alpaca, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _sharegpt(row: Row) -> Row:
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    messages = row["prompt"] + row["completion"]
    return {"id": row["id"], "conversations": [{"from": names[m["role"]], "value": m["content"]} for m in messages]}


def _alpaca(row: Row) -> Row | None:
    """Alpaca has one turn and, by its users' custom, `history` before it."""
    messages = row["prompt"]
    system = next((m["content"] for m in messages if m["role"] == "system"), "")
    turns = [m["content"] for m in messages if m["role"] != "system"]
    history = [[ask, reply] for ask, reply in zip(turns[:-1:2], turns[1:-1:2], strict=True)]
    entry = {"instruction": turns[-1], "input": "", "output": row["completion"][0]["content"], "system": system}
    return entry | ({"history": history} if history else {})


def _write_lines(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
