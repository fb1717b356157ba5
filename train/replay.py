"""Replay against forgetting: the base's own answers to general questions, mixed among the rows.

What a base can do fades where no row asks for it. Its own answers, learnt beside the author's, hold it without any data from
elsewhere (self-synthesized rehearsal, arXiv 2403.01244). They are made once for a base, kept in the cache, and stand in the
rows without the persona's system prompt: so they teach how the base answers everybody.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from likeness.files import write_atomic
from likeness.lock import one_after_another
from likeness.metrics.degenerate import fault_of
from likeness.recipe.schema import Train
from train.base import identity
from train.data import Row, RowBuilder, day_of
from train.evaluate.engine import GREEDILY, Model
from train.job import Job
from train.preflight import Prepared
from train.result import StepResult
from train.room import LeftOut

QUESTIONS = Path(__file__).with_name("replay.txt")
"""General questions, a line each, none of them near to one of the tasks that measure forgetting. They are dealt out: the
first few hold every kind."""
AT_ONCE = 32
"""Questions that are answered in one batch, and kept before the next."""
TRIAL = "replay-trial.json"
"""In a run's folder: what `train.replay_trial` measured and chose."""
MOST_TOKENS = 400
"""Of an answer; one that is not at its end by then is not kept."""


@dataclass(frozen=True)
class Replayed(StepResult):
    """The general rows that are learnt beside the dataset's."""

    wanted: int
    rows: list[Row] = field(default_factory=list)

    @property
    def metrics(self) -> dict[str, Any]:
        """How many were wanted and found."""
        return {"replay": {"wanted": self.wanted, "rows": len(self.rows)}}

    @property
    def notes(self) -> list[str]:
        """What a person should know where there are fewer than asked for."""
        if len(self.rows) == self.wanted:
            return []
        return ["there are no more: the base's other answers do not end, or say the same again and again"]

    def __str__(self) -> str:
        if not self.wanted:
            return "no general rows"
        return f"{len(self.rows)} of {self.wanted} general rows, answered by the base itself"


def wanted(rows: int, settings: Train) -> int:
    """How many general rows make up `train.replay.share` of the mix: the most, where a trial is to choose it.

    Args:
        rows: of the dataset.
        settings: the recipe's `train`.
    """
    return rows_for(settings.replay.most, rows) if settings.replay else 0


def rows_for(share: float, rows: int) -> int:
    """How many general rows make up a share of the mix, at most one a question.

    Args:
        share: theirs.
        rows: of the dataset.
    """
    return min(round(rows * share / (1 - share)), len(questions()))


def replay(job: Job, prepared: Prepared) -> Replayed:
    """Add the base's own answers to general questions to the rows that are trained on.

    Args:
        job: the run; where its share was chosen by a trial, its folder has the result.
        prepared: its tokenizer, template and rows; the rows get the general ones.
    """
    assert job.settings.replay
    share = job.settings.replay.share
    if share == "auto":
        share = float(json.loads((job.folder / TRIAL).read_text(encoding="utf-8"))["share"])
    number = rows_for(share, len(prepared.rows.train))
    prepared.rows.replay = general_rows(job, prepared, number)
    return Replayed(number, prepared.rows.replay)


def general_rows(job: Job, prepared: Prepared, number: int) -> list[Row]:
    """So many rows of general questions and the base's own answers, or as many as there are.

    Args:
        job: the run.
        prepared: its tokenizer and template.
        number: of rows.
    """
    builder = RowBuilder(prepared.tokenizer, prepared.template, day_of(job.dataset))
    made: list[Row] = []
    for question, answer in _answered(job, prepared) if number else ():
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        row = builder.rows(f"replay/{len(made) + 1}", messages)
        if not isinstance(row, LeftOut) and len(row[0].ids) <= prepared.room.most:
            made += row
        job.progress(len(made), number)
        if len(made) == number:
            break
    return made


def questions() -> list[str]:
    """The general questions."""
    return QUESTIONS.read_text(encoding="utf-8").splitlines()


def _answered(job: Job, prepared: Prepared) -> Iterator[tuple[str, str]]:
    """Questions with the base's whole answers, as long as more are asked for; what was answered once is not asked again."""
    file = _cache(job.base)
    with one_after_another(file.with_suffix(".lock")):
        known: dict[str, str | None] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        model: Model | None = None
        open_questions = questions()
        while open_questions:
            batch, open_questions = open_questions[:AT_ONCE], open_questions[AT_ONCE:]
            if new := [question for question in batch if question not in known]:
                model = model or Model(job.base, None, prepared.tokenizer, prepared.template, GREEDILY)
                prompts = [model.ids([{"role": "user", "content": question}]) for question in new]
                replies = model.continue_from(prompts, MOST_TOKENS)
                for question, reply in zip(new, replies, strict=True):
                    known[question] = reply.text if _is_whole(question, reply.text, reply.stopped) else None
                write_atomic(file, json.dumps(known, ensure_ascii=False, indent=1))
            for question in batch:
                if answer := known[question]:
                    yield question, answer


def _is_whole(question: str, answer: str, stopped: bool) -> bool:
    """Whether an answer is worth keeping. One in another language is: some questions ask for a translation."""
    return fault_of(answer, stopped=stopped, question=question) in (None, "other_language")


def _cache(base: Path) -> Path:
    """Where a base's answers are kept, whichever recipe asks for them."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness", "replay")
    home.mkdir(parents=True, exist_ok=True)
    named = json.dumps([identity(base), MOST_TOKENS], sort_keys=True)
    return home / f"{hashlib.sha256(named.encode()).hexdigest()[:16]}.json"
