"""The rows of a dataset folder as a model needs them: ids and loss mask, made together.

A row is the prompt as the model will be asked it, then the answer, then the mark that ends it. Loss stands on the answer and
that mark. Every row is checked: its prompt's ids begin it, and what is learnt reads back as the answer.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from likeness.errors import CallError, GateError
from train.room import REASONS, LeftOut, Room, nothing_left
from train.template import Message, Template, on_day, render
from train.turns import Taught

IGNORED = -100
"""The label of an id that the loss ignores."""
ANCHOR = "x"
COLUMNS = ["id", "prompt", "completion"]
MAY_LEAVE = ("version", "fingerprint", "created_at", "counts", "control")
"""What others may read of a dataset's manifest: its recipe holds the author's words and its sources the names of their files."""

RECIPE_LEAVES = ("name", "persona", "train", "evaluate", "export")
"""Sections of a recipe that travel with a packed run: what was settled before training stays at home."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a model reads, and which of it is learnt: a label is the id itself, or IGNORED."""

    id: str
    ids: list[int]
    labels: list[int]

    @property
    def learnt(self) -> int:
        """How many ids the loss counts."""
        return sum(label != IGNORED for label in self.labels)


@dataclass
class Rows:
    """What is trained on, held out and asked."""

    train: list[Row] = field(default_factory=list)
    replay: list[Row] = field(default_factory=list)
    """General rows that are learnt beside them, see `train.replay`."""
    unknown: set[str] = field(default_factory=set)
    """Ids of rows whose facts the base does not know, where `train.sft.known_last` has asked; they are learnt first."""
    validation: list[Row] = field(default_factory=list)
    control: list[dict[str, Any]] = field(default_factory=list)
    conversations: list[list[Message]] = field(default_factory=list)
    """Of the rows trained on, as messages."""
    left_out: list[LeftOut] = field(default_factory=list)
    taught_elsewhere: int = 0
    """Earlier answers of conversations that rows of their own teach or hold out, so that longer rows do not."""

    @property
    def trained_on(self) -> list[Row]:
        """What is trained on: the dataset's rows and the general ones."""
        return [*self.train, *self.replay]

    @property
    def tokens(self) -> int:
        """In the rows that are trained on, prompt and answer."""
        return sum(len(row.ids) for row in self.trained_on)

    @property
    def too_long(self) -> list[str]:
        """Ids of rows with more tokens than the recipe or the base has room for."""
        return [row.id for row in self.left_out if row.reason in ("too_long", "beyond_context")]

    def counts(self) -> dict[str, Any]:
        """For the manifest and the report."""
        return {
            "train": len(self.train),
            "replay": len(self.replay),
            "held_out": len(self.validation),
            "too_long": len(self.too_long),
            "left_out": [asdict(row) for row in self.left_out],
            "taught_elsewhere": self.taught_elsewhere,
            "tokens": self.tokens,
            "learnt": sum(row.learnt for row in self.trained_on),
        }

    def __str__(self) -> str:
        why = [f"{count} {REASONS[reason]}" for reason, count in Counter(row.reason for row in self.left_out).items()]
        left_out = f" · left out: {', '.join(why)}" if why else ""
        return f"{len(self.train)} to train on, {len(self.validation)} held out, {self.tokens:,} tokens{left_out}"


def load_rows(dataset: Path, tokenizer: Any, template: Template, room: Room, turns: Literal["last", "all"] = "last") -> Rows:
    """The rows of a dataset folder.

    Args:
        dataset: a folder that `curate build` published.
        tokenizer: of the base model.
        template: what was found out about its chat template.
        room: how long a row may be.
        turns: whether the last answer of a conversation is learnt, or every one.

    Raises:
        CallError: the template cannot render the rows, or none can be trained on.
    """
    rows = Rows(control=_parquet(dataset / "control" / "test.parquet"))
    builder = RowBuilder(tokenizer, template, day_of(dataset))
    splits = {split: _parquet(dataset / "sft" / f"{split}.parquet", COLUMNS) for split in ("train", "validation")}
    chats = {split: [[*entry["prompt"], *entry["completion"]] for entry in entries] for split, entries in splits.items()}
    taught = Taught(chat for split in chats.values() for chat in split) if turns == "all" else None
    for split, into in (("train", rows.train), ("validation", rows.validation)):
        for entry, messages in zip(splits[split], chats[split], strict=True):
            made = builder.rows(entry["id"], messages, turns, taught.elsewhere(messages) if taught else frozenset())
            if isinstance(made, list):
                made = room.objection(entry["id"], max(len(row.ids) for row in made)) or made
            if isinstance(made, LeftOut):
                rows.left_out.append(made)
                continue
            into.extend(made)
            if taught:
                taught.learnt(messages)
            if split == "train":
                rows.conversations.append(messages)
    rows.taught_elsewhere = taught.again if taught else 0
    if not rows.train:
        raise nothing_left(rows.left_out, room)
    return rows


class RowBuilder:
    """Makes rows of conversations.

    Args:
        tokenizer: of the base model.
        template: what was found out about its chat template.
        day: the date that a template which writes one is to write.
    """

    def __init__(self, tokenizer: Any, template: Template, day: date) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._text = on_day(template.text, day)
        self._marks = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}

    def rows(
        self,
        name: str,
        messages: Sequence[Message],
        turns: Literal["last", "all"] = "last",
        elsewhere: Collection[int] = (),
    ) -> list[Row] | LeftOut:
        """The rows of one conversation: one; more where a template rewrites earlier answers.

        Args:
            name: the row's id in the dataset.
            messages: the conversation; its last message is an answer.
            turns: whether the last answer is learnt, or every one.
            elsewhere: numbers of messages that are not learnt here, because another row teaches them.

        Raises:
            CallError: the template refuses the conversation, or breaks the tokens of a prompt.
        """
        answers = [
            number for number, message in enumerate(messages) if message["role"] == "assistant" and number not in elsewhere
        ]
        made: list[Row] = []
        for number in reversed(answers if turns == "all" else answers[-1:]):
            row = self._row(name, messages[:number], messages[number]["content"].strip())
            if isinstance(row, LeftOut):
                return row
            if (
                made and made[-1].ids[: len(row.ids)] == row.ids
            ):  # the longer conversation contains it unchanged: one row for both
                both = [mine if mine != IGNORED else other for mine, other in zip(row.labels, made[-1].labels, strict=False)]
                made[-1] = Row(name, made[-1].ids, both + made[-1].labels[len(both) :])
            else:
                made.append(row)
        return made[::-1] or LeftOut(name, "empty", "no answer in it")

    def _row(self, name: str, prompt: Sequence[Message], answer: str) -> Row | LeftOut:
        if not answer:
            return LeftOut(name, "empty", "the answer is empty")
        asked = self._render(name, prompt)
        head = self._ids(asked)
        rest = self._template.lead + answer + self._template.end
        ids, before = self._ids(asked + rest), self._ids(asked + self._template.lead)
        if ids[: len(head)] != head:  # the prompt's last token would change, and at inference it is already there
            ids, before = head + self._continued(rest), head + self._continued(self._template.lead)
        start = max(len(head), _shared(ids, before))
        learnt = ids[start:]
        if learnt[-1:] != [self._template.stop]:
            return LeftOut(name, "reads_back_otherwise", "it does not end with the token that ends an answer")
        if any(token in self._marks for token in self._ids(answer)):
            return LeftOut(name, "holds_a_mark", "its answer contains a special token of the chat template")
        read = self._tokenizer.decode(learnt, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        if _plain(read) != _plain(answer + self._template.end):
            return LeftOut(name, "reads_back_otherwise", f"what would be learnt reads {_around(read)}")
        return Row(name, ids, [IGNORED] * start + learnt)

    def _render(self, name: str, prompt: Sequence[Message]) -> str:
        try:
            return render(self._tokenizer, self._text, prompt, reply=True)
        except Exception as error:
            raise CallError(
                f"the base model's chat template cannot render row {name}: {error}",
                where="train.base_model",
                fix="Choose an instruction-tuned model whose template takes system, user and assistant messages.",
            ) from None

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _continued(self, text: str) -> list[int]:
        """The ids of a text that continues another: some tokenizers put a space before whatever comes first."""
        if not text:
            return []
        alone, both = self._ids(ANCHOR), self._ids(ANCHOR + text)
        return both[len(alone) :] if both[: len(alone)] == alone else self._ids(text)


def last_turn(row: Row) -> tuple[list[int], list[int]]:
    """The last prompt of a row and its answer, with the token that ends it."""
    end = len(row.ids)
    while end and row.labels[end - 1] == IGNORED:
        end -= 1
    start = end
    while start and row.labels[start - 1] != IGNORED:
        start -= 1
    return row.ids[:start], row.ids[start:end]


def day_of(dataset: Path) -> date:
    """The day that a dataset was built on."""
    built = str(read_manifest(dataset).get("created_at") or "")
    return date.fromisoformat(built[:10]) if built else date(2026, 1, 1)


def read_manifest(dataset: Path) -> dict[str, Any]:
    """A dataset's manifest."""
    manifest: dict[str, Any] = json.loads((dataset / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def manifest_for_others(dataset: Path) -> dict[str, Any]:
    """What may leave this machine of a dataset's manifest.

    Raises:
        GateError: the dataset holds rows that the checks flagged as private.
    """
    manifest = read_manifest(dataset)
    if private := manifest.get("private"):
        raise GateError(
            f"{len(private)} of its rows were flagged as private and approved by nobody, such as {', '.join(private[:3])}",
            where=f"dataset {dataset.name}",
            fix="`screen: {private_data: {action: redact}}` keeps them without what is private; then build again.",
        )
    return {name: manifest.get(name) for name in MAY_LEAVE}


def _parquet(path: Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=columns).to_pylist() if path.is_file() else []


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the ids' common beginning."""
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _around(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:28]} … {text[-28:]}")
