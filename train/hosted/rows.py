"""A dataset's rows in the form that a host takes, and what that host's rules say of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from likeness.errors import CallError
from likeness.metrics.text import count_of
from train.hosted.hosts import Host
from train.turns import Taught

Message = dict[str, str]
CHARACTERS_PER_TOKEN = 3.2
"""Fewer than any common tokenizer makes of prose, so that a price is rather too high than too low."""
WIDE = 0x2E80
"""From this code point on (Chinese, Japanese, Korean) a character counts as a token."""


@dataclass
class HostedRows:
    """Lines of each file (train, validation, preference) and the rows that the host's rules leave out: id and reason."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    tokens: int = 0
    """Estimated, of the rows to train on."""
    also_learnt: int = 0
    """Earlier answers of conversations that this host learns too, because it has no mark against it."""

    def write(self, folder: Path) -> dict[str, Path]:
        """Write a .jsonl file for each part that has lines; gives the files by part."""
        files = {}
        for part, lines in self.lines.items():
            if lines:
                files[part] = folder / f"{part}.jsonl"
                files[part].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return files

    def __str__(self) -> str:
        counts = ", ".join(f"{len(lines):,} {part}" for part, lines in self.lines.items() if lines)
        left = f" · {len(self.left_out)} left out" if self.left_out else ""
        again = f" · {count_of(self.also_learnt, 'earlier answer')} learnt too" if self.also_learnt else ""
        return f"{counts}, about {self.tokens:,} tokens{left}{again}"


def rows_for(host: Host, dataset: Path, turns: Literal["last", "all"] = "last") -> HostedRows:
    """The rows of a dataset folder in a host's form, held against its rules.

    Args:
        host: the host.
        dataset: a folder that `curate build` published.
        turns: whether the last answer of a conversation is learnt, or every one; none is learnt twice.
    """
    found = HostedRows({"train": [], "validation": [], "preference": []})
    splits = {part: list(_read(dataset / "sft" / f"{part}.parquet")) for part in ("train", "validation")}
    taught = Taught([*row["prompt"], *row["completion"]] for rows in splits.values() for row in rows)
    for part, rows in splits.items():
        for row in rows:
            messages = [*row["prompt"], *row["completion"]]
            if reason := objection(host, messages):
                found.left_out.append((str(row["id"]), reason))
                continue
            answers = frozenset(at for at, each in enumerate(messages[:-1]) if each["role"] == "assistant")
            unlearnt = answers if turns == "last" else taught.elsewhere(messages)
            taught.learnt(messages)
            found.also_learnt += 0 if host.weights or part != "train" else len(unlearnt)
            found.lines[part].append(_line(supervised(host, messages, unlearnt)))
            found.tokens += tokens_of(messages) if part == "train" else 0
    for row in _read(dataset / "preference" / "train.parquet") if host.preferences else ():
        if reason := objection(host, [*row["prompt"], *row["chosen"]]) or objection(host, [*row["prompt"], *row["rejected"]]):
            found.left_out.append((str(row["id"]), reason))
            continue
        found.lines["preference"].append(_line(preferred(row["prompt"], row["chosen"], row["rejected"])))
    return found


def check_files(host: Host, rows: HostedRows) -> None:
    """Hold the files as a whole against the host's limits.

    Raises:
        CallError: there are too few or too many rows, or a file is too large.
    """
    count = len(rows.lines["train"])
    if not host.fewest_rows <= count <= host.most_rows:
        most = f"{host.title} takes {host.fewest_rows:,} to {host.most_rows:,} rows, and {count:,} are left"
        why = (
            f": {len(rows.left_out)} were left out, such as {rows.left_out[0][0]} ({rows.left_out[0][1]})"
            if rows.left_out
            else ""
        )
        raise CallError(most + why, where="train.hosted", fix="Build a larger dataset, or take another host.")
    for part, lines in rows.lines.items():
        size = sum(len(line.encode()) + 1 for line in lines) / 1e6
        if size > host.most_megabytes:
            what = f"{part}.jsonl has {size:,.0f} MB; {host.title} takes {host.most_megabytes:,}"
            raise CallError(what, where="train.hosted", fix="Take fewer rows: balance.max_pairs.")


def objection(host: Host, messages: list[Message]) -> str:
    """Why a host would refuse a row; "" where it takes it.

    Args:
        host: the host.
        messages: of the row, its answer last.
    """
    turns = [message["role"] for message in messages if message["role"] != "system"]
    if not turns or turns[-1] != "assistant":
        return "does not end with an answer"
    if any(not message["content"].strip() for message in messages):
        return "has an empty message"
    if [message["role"] for message in messages].count("system") > (messages[0]["role"] == "system"):
        return "has a system prompt that is not its first message"
    if host.one_turn and len(turns) > 2:
        return "has more than one question"
    if (host.alternates or host.form == "bedrock") and turns != ["user", "assistant"] * (len(turns) // 2):
        return "has two messages of one side in a row"
    if (tokens := tokens_of(messages)) > host.most_tokens:
        return f"has about {tokens:,} tokens of at most {host.most_tokens:,}"
    return ""


def supervised(host: Host, messages: list[Message], unlearnt: Collection[int] = ()) -> dict[str, Any]:
    """A row to learn from in the host's form.

    Args:
        host: the host.
        messages: of the row, its answer last.
        unlearnt: numbers of answers that are not to be learnt; hosts learn all, and some take a mark against it.
    """
    plain: list[dict[str, Any]] = [{"role": message["role"], "content": message["content"]} for message in messages]
    for number in unlearnt if host.weights else ():
        plain[number]["weight"] = 0
    if host.form == "openai":
        return {"messages": plain}
    system = [{"text": message["content"]} for message in plain if message["role"] == "system"]
    turns = [{"role": each["role"], "content": [{"text": each["content"]}]} for each in plain if each["role"] != "system"]
    return {"schemaVersion": "bedrock-conversation-2024", **({"system": system} if system else {}), "messages": turns}


def preferred(prompt: list[Message], chosen: list[Message], rejected: list[Message]) -> dict[str, Any]:
    """A row of a right and a wrong answer, as all hosts take it that take one.

    Args:
        prompt: the messages before the answer.
        chosen: the right answer.
        rejected: the wrong one.
    """
    answers = {"preferred_output": chosen[-1:], "non_preferred_output": rejected[-1:]}
    plain = {key: [{"role": "assistant", "content": message["content"]} for message in said] for key, said in answers.items()}
    asked = [{"role": message["role"], "content": message["content"]} for message in prompt]
    return {"input": {"messages": asked}, **plain}


def tokens_of(messages: list[Message]) -> int:
    """About how many tokens a row has, rather too many than too few; four for each message's marks."""
    total = 0.0
    for message in messages:
        wide = sum(ord(character) >= WIDE for character in message["content"])
        total += 4 + wide + (len(message["content"]) - wide) / CHARACTERS_PER_TOKEN
    return round(total)


def _read(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        for batch in pq.ParquetFile(file).iter_batches():
            yield from batch.to_pylist()


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)
