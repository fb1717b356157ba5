"""Read existing pairs from JSONL, JSON, CSV, TSV, parquet, or the folder of a Hugging Face dataset.

Known shapes: chats of OpenAI, ShareGPT and Gemini, Alpaca, instruction and response, prompt and completion, distilabel's columns,
preferences (the chosen answer, OpenAI's too), records of Argilla.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from curate.model import Pair, Stage, Turn, content_hash
from curate.read.assistants import assistant_of, why_not
from curate.read.dataset_folder import TEST, dataset_rows
from curate.read.documents import Unreadable
from curate.read.plain import as_laid_out
from curate.read.rows import csv_rows, json_rows, parquet_rows

Row = dict[str, Any]

ROLES = {
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "bot": "assistant",
    "ai": "assistant", "claude": "assistant", "bing": "assistant", "bard": "assistant",
    "system": "system", "developer": "system",
    "tool": "tool", "function": "tool", "observation": "tool", "function_call": "tool", "function_response": "tool",
    "tool_call": "tool", "tool_response": "tool",
}  # fmt: skip
CHATS = ("messages", "conversations", "conversation", "contents", "dialogue", "dialog")
QUESTIONS = (
    "instruction", "prompt", "question", "query", "user", "human",
    "frage", "pregunta", "domanda", "pergunta", "vraag", "fråga", "pytanie", "вопрос", "問題", "问题", "質問", "질문",
)  # fmt: skip
ANSWERS = (
    "response", "output", "completion", "answer", "generation", "reply", "assistant",
    "antwort", "réponse", "reponse", "respuesta", "risposta", "resposta", "antwoord", "svar", "odpowiedź", "ответ",
    "回答", "答案", "답변",
)  # fmt: skip
"""Columns of tables that people keep by hand are in their own language."""
GIVEN = ("input", "context")
"""Columns of the text to which an instruction refers (Alpaca, Dolly)."""
COLUMNS = frozenset((*CHATS, *QUESTIONS, *ANSWERS, "chosen", "preferred_output", "fields"))
CORRECTED = re.compile(rf"(?:(?:corrected|edited|improved|final|new)[ _-]?)?({'|'.join(ANSWERS)})", re.IGNORECASE)
HUMAN_ASSISTANT = re.compile(r"\n\n(Human|Assistant): ?")
"""The marks of turns in dialogues such as those of hh-rlhf."""


class NotLearnt(Exception):
    """No pair is made from a row; the text gives the reason."""


def read_pairs(path: Path, name: str, stage: Stage) -> list[Pair]:
    """The pairs of a file or of a dataset's folder. Rows that make no pair are counted in `stage`.

    Args:
        path: of the file or folder.
        name: of the file or folder, as it is written in pairs.
        stage: counts the rows that are left out.

    Raises:
        Unreadable: its format is not known, it is damaged, or no row has a known shape.
    """
    pairs: list[Pair] = []
    seen: set[str] = set()  # several rows may hold one conversation, each with one more answer
    why: dict[str, int] = {}
    columns: list[str] = []
    for row in dataset_rows(path, partial(file_rows, stage=stage), stage) if path.is_dir() else file_rows(path, stage):
        try:
            turns, learnt = _turns(row)
        except NotLearnt as error:
            why[str(error)] = why.get(str(error), 0) + 1
            columns = columns or list(map(str, row))[:12] if isinstance(row, dict) else columns
            continue
        said = [Turn(role, as_laid_out(text)) for role, text in turns]  # type: ignore[arg-type]
        for at in learnt:
            identifier = f"pair-{content_hash(name, turns[: at + 1], length=12)}"
            if at == len(turns) - 1 or identifier not in seen:
                pairs.append(Pair(identifier, "pair", tuple(said[:at]), said[at].content, document=name))
            seen.add(identifier)
    if why and not pairs:
        others = ", ".join(f"{rows} {reason}" for reason, rows in why.items() if reason != UNKNOWN)
        raise Unreadable(
            "has no row of a known shape: `messages`, `conversations`, `instruction` with `response` or `output`, `prompt` with "
            "`completion`, `question` with `answer`, `prompt` with `chosen`, or Argilla's `fields`"
            + (f"; its rows have {', '.join(columns)}" if columns else "")
            + (f" ({others})" if others else "")
        )
    for reason, rows in why.items():
        stage.count(reason, rows)
    return pairs


UNKNOWN = "row of no known shape"
EMPTY = "without a question or an answer"
TOOLS = "rests on what a tool said"


def file_rows(path: Path, stage: Stage) -> Iterator[Any]:
    """The rows of a file, whose format is known by its suffix. Rows of a test split in it are left out and counted in `stage`."""
    match path.suffix.lower():
        case ".jsonl" | ".json" | ".ndjson":
            return _json(path, stage)
        case ".csv" | ".tsv":
            return iter(csv_rows(path))
        case ".parquet":
            return parquet_rows(path)
        case ".xlsx" | ".xls" | ".ods" | ".numbers":
            raise Unreadable("is a workbook; save the sheet with the questions and answers as CSV (UTF-8)")
        case _:
            raise Unreadable(
                "is not a file type that pairs are read from: .jsonl, .json, .csv, .tsv, .parquet, or a dataset's folder"
            )


def _json(path: Path, stage: Stage) -> Iterator[Any]:
    values = json_rows(path)
    first = list(zip(range(2), values, strict=False))
    if program := assistant_of([value for _, value in first]) or (first and assistant_of(first[0][1])):
        raise Unreadable(why_not(program))
    if len(first) == 1 and isinstance(first[0][1], dict):
        yield from _rows_in(first[0][1], stage)
    else:
        yield from chain((value for _, value in first), values)


def _rows_in(whole: Row, stage: Stage) -> Iterator[Any]:
    """The rows of a JSON object: one row, a table by column, lists of rows by split, or rows by id."""
    if known := [name for name in whole if name in COLUMNS and whole[name] is not None]:
        column = whole[known[0]]
        if isinstance(column, list) and column and not isinstance(column[0], dict):
            yield from ({name: _at(values, at) for name, values in whole.items()} for at in range(len(column)))
        elif isinstance(column, dict) and known[0] != "fields":
            yield from ({name: values.get(at) for name, values in whole.items() if isinstance(values, dict)} for at in column)
        else:
            yield whole
        return
    lists = {name: rows for name, rows in whole.items() if isinstance(rows, list) and rows and isinstance(rows[0], dict | list)}
    splits = {name: rows for name, rows in lists.items() if re.search(r"train|valid|dev|test|eval", name, re.IGNORECASE)}
    if len(lists) > 1 and len(splits) < len(lists):
        raise Unreadable(
            f"is one JSON object with several lists ({', '.join(lists)[:200]}); write one of them into a file of its own"
        )
    for name, rows in lists.items():
        if TEST.search(name):
            stage.count("in the test split", len(rows))
        else:
            yield from rows
    if lists:
        return
    rows_by_id = list(whole.values())
    yield from rows_by_id if rows_by_id and all(isinstance(row, dict) for row in rows_by_id) else [whole]


def _at(values: Any, at: int) -> Any:
    return values[at] if isinstance(values, list) and at < len(values) else None


Turns = tuple[list[tuple[str, str]], list[int]]
"""(role, text) of each turn, from the first question to the last answer; and the indexes of the answers to learn."""


def _turns(row: Any) -> Turns:
    """The turns of a row. System turns are left out, because the recipe has its own prompt. All answers of a chat are learnt.

    Raises:
        NotLearnt: the row has no known shape, or something in it cannot be learnt.
    """
    if isinstance(row, list):
        return _conversation(row)
    if not isinstance(row, dict):
        raise NotLearnt(UNKNOWN)
    row = {name: _unpacked(value) for name, value in row.items()}
    if isinstance(row.get("fields"), dict | list) or any(name.endswith(".responses") for name in row):
        row = _of_argilla(row)
    if row.get("label") in (False, "False", "false") and _first(row, ANSWERS) is not None:
        raise NotLearnt("marked as a bad answer")
    if isinstance(row.get("preferred_output"), list) and isinstance(row.get("input"), dict):  # preferences as OpenAI takes them
        row = {"prompt": row["input"].get("messages"), "chosen": row["preferred_output"]}
    if row.get("chosen") is not None:
        return _last_of(_chosen(_first(row, (*QUESTIONS, "input")), row["chosen"]))
    question, answer = _first(row, QUESTIONS), _first(row, ANSWERS)
    if isinstance(question, list) and isinstance(answer, list):  # chat messages in two columns, as our datasets have them
        return _last_of(_conversation(question + answer))
    if isinstance(messages := _first(row, CHATS), list) and messages:
        return _conversation(messages)
    if isinstance(row.get("generations"), list):
        raise NotLearnt("several answers, and none is chosen")
    given = [text for name in GIVEN if isinstance(text := row.get(name), str) and text.strip()]
    if question is None and given and answer is not None:
        question, given = given[0], given[1:]
    if not isinstance(question, str) or not isinstance(answer, str):
        raise NotLearnt(UNKNOWN)
    if not question.strip() or not answer.strip():
        raise NotLearnt(EMPTY)
    return [("user", "\n\n".join([question, *given])), ("assistant", answer)], [1]


def _last_of(turns: Turns) -> Turns:
    """The same turns, but only the last answer is learnt."""
    if len(turns[0]) - 1 not in turns[1]:
        raise NotLearnt("marked as not to be learnt")
    return turns[0], turns[1][-1:]


def _unpacked(value: Any) -> Any:
    """Parse the cell of a table if it is a JSON list; return any other value as it is."""
    if isinstance(value, str) and value[:2] in ("[{", "[ ", "[\n", "[]") and value.rstrip().endswith("]"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _first(row: Row, names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _chosen(question: Any, chosen: Any) -> Turns:
    """The turns of a preference with the chosen answer, which may be alone or a whole chat. The rejected answer is not read."""
    if isinstance(chosen, dict):
        chosen = [chosen]
    asked = _dialogue(question) if isinstance(question, str) and HUMAN_ASSISTANT.match(question) else question
    if isinstance(chosen, str):
        if HUMAN_ASSISTANT.match(chosen):
            return _conversation(_dialogue(chosen))
        chosen = [{"role": "assistant", "content": chosen}]
    if not isinstance(chosen, list) or not chosen:
        raise NotLearnt(UNKNOWN)
    if any(isinstance(turn, dict) and ROLES.get(str(turn.get("role") or turn.get("from"))) == "user" for turn in chosen):
        return _conversation(chosen)
    if isinstance(asked, str):
        asked = [{"role": "user", "content": asked}]
    return _conversation([*asked, *chosen] if isinstance(asked, list) else chosen)


def _dialogue(text: str) -> list[Row]:
    _, *pieces = HUMAN_ASSISTANT.split(text)
    turns = [{"role": who.lower(), "content": said.strip()} for who, said in zip(pieces[::2], pieces[1::2], strict=True)]
    return [turn for turn in turns if turn["content"]]


def _of_argilla(row: Row) -> Row:
    """The fields of a record of Argilla, with a reviewer's rewritten answer in place of the original. Suggestions are ignored.

    Raises:
        NotLearnt: all reviewers discarded it.
    """
    given = row.get("fields")
    if isinstance(given, list):
        given = {str(each.get("name")): each.get("value") for each in given if isinstance(each, dict)}
    fields: Row = dict(given) if isinstance(given, dict) else {name: value for name, value in row.items() if "." not in name}
    said = list(_responses(row))
    if said and all(status == "discarded" for _, _, status in said):
        raise NotLearnt("discarded in the review")
    for question, value, status in said:
        if status in ("", "submitted") and isinstance(value, str) and (named := CORRECTED.fullmatch(question)):
            for name in ANSWERS:
                fields.pop(name, None)
            fields[named[1].lower()] = value
    return fields


def _responses(row: Row) -> Iterator[tuple[str, Any, str]]:
    """(question, value, status) of each response, in the formats of Argilla 2, Argilla 1, and their exports to the hub."""
    responses = row.get("responses")
    if isinstance(responses, dict):
        for question, given in responses.items():
            for each in given if isinstance(given, list) else []:
                if isinstance(each, dict):
                    yield question, each.get("value"), str(each.get("status") or "")
    elif isinstance(responses, list):
        for each in responses:
            values = each.get("values") if isinstance(each, dict) else None
            for question, value in values.items() if isinstance(values, dict) else ():
                yield question, value.get("value") if isinstance(value, dict) else value, str(each.get("status") or "")
    for name, given in row.items():
        if name.endswith(".responses") and isinstance(given, list):
            statuses = row.get(f"{name}.status")
            for at, value in enumerate(given):
                yield name.removesuffix(".responses"), value, str(_at(statuses, at) or "")


def _conversation(messages: list[Any]) -> Turns:
    """The turns of a chat without the calls of tools. An answer that rests on what a tool said is not learnt."""
    turns: list[tuple[str, str]] = []
    unlearnt: set[int] = set()
    with_tools = calls = False
    for message in messages:
        if not isinstance(message, dict) or (role := ROLES.get(str(message.get("role") or message.get("from")).lower())) is None:
            raise NotLearnt(UNKNOWN)
        if role == "tool" or message.get("tool_calls") or message.get("function_call"):
            with_tools = calls = True
            continue
        if role != "system":
            content = next((message[key] for key in ("content", "value", "parts", "text") if message.get(key) is not None), None)
            goes_on = bool(turns) and turns[-1][0] == role
            if message.get("weight") == 0 or (calls and role == "assistant"):  # OpenAI's mark
                unlearnt.add(len(turns) - goes_on)
            calls = calls and role != "user"
            turns[len(turns) - goes_on :] = [(role, f"{turns[-1][1]}\n\n{_text(content)}" if goes_on else _text(content))]
    greetings = 0
    while turns and turns[0][0] == "assistant":
        turns.pop(0)
        greetings += 1
    while turns and turns[-1][0] == "user":  # not answered
        turns.pop()
    if with_tools and not turns:
        raise NotLearnt(TOOLS)
    if not turns or any(role != ("user", "assistant")[i % 2] for i, (role, _) in enumerate(turns)):
        raise NotLearnt(UNKNOWN)
    if any(not text.strip() for _, text in turns):
        raise NotLearnt(EMPTY)
    learnt = [at for at in range(1, len(turns), 2) if at + greetings not in unlearnt]
    if not learnt and with_tools:
        raise NotLearnt(TOOLS)
    if not learnt:
        raise NotLearnt("marked as not to be learnt")
    return turns, learnt


def _text(content: Any) -> str:
    """The text of a message: a string, or a list of parts as OpenAI, Claude or Gemini write it."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise NotLearnt(UNKNOWN)
    parts = [{"text": part} if isinstance(part, str) else part for part in content]
    if any(not isinstance(part, dict) for part in parts):
        raise NotLearnt(UNKNOWN)
    if any("tool" in str(part.get("type")) or "functionCall" in part or "functionResponse" in part for part in parts):
        raise NotLearnt(TOOLS)
    spoken = [
        part
        for part in parts
        if part.get("type") not in ("thinking", "redacted_thinking", "reasoning") and not part.get("thought")
    ]
    if any(not isinstance(part.get("text"), str) for part in spoken):
        raise NotLearnt("holds a picture or a sound")
    return "\n".join(part["text"] for part in spoken)
