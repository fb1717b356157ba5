"""Pairs that exist already, in the shapes that are about: OpenAI chat, ShareGPT, Alpaca, instruction and response, prompt and
completion; as JSONL, JSON, CSV, TSV, parquet, or a Hugging Face dataset's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.model import Pair, Stage, Turn, content_hash
from curate.read.dataset_folder import dataset_rows
from curate.read.documents import Unreadable
from curate.read.plain import as_laid_out
from curate.read.rows import csv_rows, json_rows, parquet_rows

ROLES = {
    "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "bot": "assistant",
    "system": "system", "developer": "system",
    "tool": "tool", "function": "tool", "observation": "tool", "function_call": "tool", "function_response": "tool",
}  # fmt: skip
QUESTIONS = ("instruction", "prompt", "question")
ANSWERS = ("response", "output", "completion", "answer")


class NotLearnt(Exception):
    """Why no pair is made of a row."""


def read_pairs(path: Path, name: str, stage: Stage) -> list[Pair]:
    """The pairs of a file, or of a dataset's folder. Rows that make none are counted in `stage`.

    Raises:
        Unreadable: it is of no kind known here, or damaged, or no row has a known shape.
    """
    pairs = []
    rows = 0
    for row in _rows(path, stage):
        rows += 1
        try:
            turns = _turns(row)
        except NotLearnt as why:
            stage.count(str(why))
            continue
        identifier = content_hash(name, turns, length=12)
        prompt = tuple(Turn(role, as_laid_out(text)) for role, text in turns[:-1])  # type: ignore[arg-type]
        pairs.append(Pair(f"pair-{identifier}", "pair", prompt, as_laid_out(turns[-1][1]), document=name))
    if rows and not pairs:
        raise Unreadable(
            "has no row of a known shape: `messages`, `conversations`, `instruction` with `response` or `output`, "
            "`prompt` with `completion`, `question` with `answer`"
        )
    return pairs


def _rows(path: Path, stage: Stage) -> Iterator[Any]:
    if path.is_dir():
        return dataset_rows(path, file_rows, stage)
    return file_rows(path)


def file_rows(path: Path) -> Iterator[Any]:
    """The rows of a file, by its name's ending."""
    match path.suffix.lower():
        case ".jsonl" | ".json" | ".ndjson":
            return json_rows(path)
        case ".csv" | ".tsv":
            return iter(csv_rows(path))
        case ".parquet":
            return parquet_rows(path)
        case _:
            raise Unreadable("is of no kind that pairs are read from: .jsonl, .json, .csv, .tsv, .parquet, or a dataset's folder")


def _turns(row: Any) -> list[tuple[str, str]]:
    """(role, text) of each turn, from a question to an answer. System turns are left out: the recipe has its own.

    Raises:
        NotLearnt: the row has no known shape, or something in it cannot be learnt.
    """
    if not isinstance(row, dict):
        raise NotLearnt("row of no known shape")
    question, answer = _first(row, QUESTIONS), _first(row, ANSWERS)
    if isinstance(question, list) and isinstance(answer, list):  # chat messages in two columns, as our datasets have them
        return _conversation(question + answer)
    if isinstance(messages := row.get("messages") or row.get("conversations"), list):
        return _conversation(messages)
    if not isinstance(question, str) or not isinstance(answer, str):
        raise NotLearnt("row of no known shape")
    if isinstance(given := row.get("input"), str) and given.strip():
        question = f"{question}\n\n{given}"
    return [("user", question), ("assistant", answer)]


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _conversation(messages: list[Any]) -> list[tuple[str, str]]:
    turns: list[tuple[str, str]] = []
    for message in messages:
        if not isinstance(message, dict) or (role := ROLES.get(str(message.get("role") or message.get("from")))) is None:
            raise NotLearnt("row of no known shape")
        if role == "tool" or message.get("tool_calls") or message.get("function_call"):
            raise NotLearnt("rests on what a tool said")
        if role != "system":
            turns.append((role, _text(message.get("content", message.get("value")))))
    while turns and turns[0][0] == "assistant":  # a greeting
        turns.pop(0)
    while turns and turns[-1][0] == "user":  # not answered
        turns.pop()
    if not turns or any(role != ("user", "assistant")[i % 2] for i, (role, _) in enumerate(turns)):
        raise NotLearnt("row of no known shape")
    return turns


def _text(content: Any) -> str:
    """Plain, or OpenAI's list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise NotLearnt("row of no known shape")
    if any(not isinstance(part, dict) or not isinstance(part.get("text"), str) for part in content):
        raise NotLearnt("holds a picture or a sound")
    return "\n".join(part["text"] for part in content)
