"""The answers of every cell {system prompt off, on} x {adapter off, on} x {retrieval off, on}, asked once and kept with the run.

During the evaluation each answer is appended to `answers.jsonl`, so that a killed run can continue. When all answers are there,
they are written to `answers.parquet`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.recipe.schema import Evaluate
from likeness.retrieval import Knowledge
from train.evaluate.engine import Adapted, Engine, Gguf
from train.runs import lost, read_part
from train.template import Message

Progress = Callable[[float, float], None]

GREEDY = 0
SEED = 100
"""Sample n of a question is drawn with the seed SEED + n."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that every run is asked.

    `about` is its kind, and `answer` the person's own answer, if there is one. A decision has `choices`; `choice` is the person's
    choice, and `retest` the choice when they were asked again. `term` is the invented or thin term that the question is about.
    """

    id: str
    about: str
    text: str
    answer: str = ""
    choices: tuple[str, ...] = ()
    choice: str = ""
    retest: str = ""
    paraphrases: tuple[str, ...] = ()
    term: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of layers (system prompt, adapter, retrieval), and the engine that runs it."""

    engine: Literal["model", "gguf"]
    system: bool
    adapter: bool
    retrieval: bool

    def __str__(self) -> str:
        layers = [name for name, on in (("prompt", self.system), ("adapter", self.adapter), ("retrieval", self.retrieval)) if on]
        return f"{' + '.join(layers) or 'base alone'}{' (GGUF)' if self.engine == 'gguf' else ''}"


BASE = Cell("model", True, False, False)
"""The base with the system prompt, whose likeness is 0 by definition."""
TUNED = Cell("model", True, True, False)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one cell to one question. Sample 0 is greedy. `passages` are the ids of the passages in the prompt."""

    id: str
    about: str
    question: str
    engine: str
    system: bool
    adapter: bool
    retrieval: bool
    sample: int
    answer: str
    stopped: bool
    passages: list[str] = field(default_factory=list)

    @property
    def cell(self) -> Cell:
        """The cell that gave it."""
        return Cell("gguf" if self.engine == "gguf" else "model", self.system, self.adapter, self.retrieval)

    @property
    def key(self) -> tuple[str, Cell, int]:
        """Its question, cell and sample."""
        return self.id, self.cell, self.sample


def cells(engine: Literal["model", "gguf"], *, retrieval: bool) -> list[Cell]:
    """The cells of an engine. In an exported file the adapter is always on.

    Args:
        engine: model or gguf.
        retrieval: whether there are passages to look in.
    """
    return [
        Cell(engine, system, adapter, looks)
        for looks in ([False, True] if retrieval else [False])
        for adapter in ([False, True] if engine == "model" else [True])
        for system in (False, True)
    ]


def asked_of(engine: Literal["model", "gguf"], settings: Evaluate, *, retrieval: bool) -> list[tuple[Cell, int]]:
    """The cells and samples in which a question is asked.

    Args:
        engine: model or gguf.
        settings: the recipe's `evaluate`.
        retrieval: whether there are passages to look in.
    """
    every = [(cell, sample) for cell in cells(engine, retrieval=retrieval) for sample in range(settings.samples + 1)]
    if settings.cells == "all":
        return every
    # as the model is used: with the system prompt, and sampled; the tuned model's greedy answers show whether it loops
    return [(cell, n) for cell, n in every if cell.system and (n != GREEDY or not settings.samples or cell == TUNED)]


class AnswerStore:
    """A run's answers, on disk.

    Args:
        run: the run's folder.
    """

    def __init__(self, run: Path) -> None:
        self.part = run / "answers.jsonl"
        self.whole = run / "answers.parquet"
        self.answers: list[Answer] = list({answer.key: answer for answer in self._read()}.values())
        self._have = {answer.key for answer in self.answers}

    def _read(self) -> Iterator[Answer]:
        with suppress(CallError):  # what is gone or damaged is asked again
            yield from read_answers(self.whole)
        if self.part.is_file():
            for line in self.part.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    yield Answer(**json.loads(line))
                except (ValueError, TypeError):  # an incomplete line of a killed run
                    continue

    def __contains__(self, key: tuple[str, Cell, int]) -> bool:
        return key in self._have

    def add(self, answers: Sequence[Answer]) -> None:
        """Append answers to the file at once."""
        with self.part.open("a", encoding="utf-8") as file:
            if file.tell() and not self.part.read_bytes().endswith(b"\n"):
                file.write("\n")
            file.writelines(json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in answers)
        self.answers += answers
        self._have |= {answer.key for answer in answers}

    def forget(self, engine: str) -> None:
        """Remove the answers of an engine: of a file that is made anew."""
        self.answers = [answer for answer in self.answers if answer.engine != engine]
        self._have = {answer.key for answer in self.answers}
        if self.whole.is_file() or self.part.is_file():
            lines = (json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in self.answers)
            write_atomic(self.part, "".join(lines))
            self.whole.unlink(missing_ok=True)  # after the lines are there: read from both, an answer counts once

    def close(self) -> None:
        """Write all answers to one parquet file, and remove the lines."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.part.is_file():
            return
        text, yes = pa.string(), pa.bool_()
        kinds = {
            "system": yes,
            "adapter": yes,
            "retrieval": yes,
            "stopped": yes,
            "sample": pa.int64(),
            "passages": pa.list_(text),
        }
        schema = pa.schema([(name, kinds.get(name, text)) for name in Answer.__dataclass_fields__])
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([asdict(answer) for answer in self.answers], schema=schema), sink)
        write_atomic(self.whole, sink.getvalue())
        self.part.unlink()


def read_answers(path: Path) -> list[Answer]:
    """The stored answers of a run.

    Raises:
        CallError: the file is gone or damaged.
    """
    import pyarrow.parquet as pq

    try:
        return [Answer(**row) for row in pq.read_table(path).to_pylist()]
    except FileNotFoundError:
        raise lost(path.parent, path.name, "is gone") from None
    except (OSError, ValueError):
        raise lost(path.parent, path.name) from None


def answers_of(run: Path) -> list[Answer]:
    """All that a finished run was asked; none where it was asked nothing.

    Raises:
        CallError: the answers are gone or damaged.
    """
    file = run / "answers.parquet"
    return read_answers(file) if file.is_file() or read_part(run, "probes.json").get("answers") else []


def as_used(answers: Sequence[Answer], cell: Cell) -> dict[str, Answer]:
    """One answer of a cell to each question, by question id: the first sampled one, or the greedy one if none was sampled.

    Args:
        answers: of a run.
        cell: the cell.
    """
    mine = [answer for answer in answers if answer.cell == cell]
    sample = 1 if any(answer.sample == 1 for answer in mine) else GREEDY
    return {answer.id: answer for answer in mine if answer.sample == sample}


def message(question: Question, system_prompt: str, cell: Cell, knowledge: Knowledge | None) -> tuple[list[Message], list[str]]:
    """The messages with which a cell is asked a question, and the ids of the passages in them.

    Args:
        question: the question.
        system_prompt: the persona's.
        cell: the layers that answer.
        knowledge: the passages; needed if the cell has retrieval.
    """
    text, used = question.text, list[str]()
    if cell.retrieval and knowledge is not None:
        text, used = knowledge.with_passages(question.text)
    system = [{"role": "system", "content": system_prompt}] if cell.system else []
    return [*system, {"role": "user", "content": text}], used


def ask_all(
    store: AnswerStore,
    questions: Sequence[Question],
    which: Sequence[tuple[Cell, int]],
    system_prompt: str,
    knowledge: Knowledge | None,
    engine: Callable[[], Engine],
    progress: Progress,
) -> None:
    """Ask all questions that have no answer yet. The engine is started only if there are any.

    Args:
        store: stores the answers.
        questions: all of them.
        which: the cells and samples to ask.
        system_prompt: the persona's.
        knowledge: the passages, if they travel with the dataset.
        engine: makes the engine that answers.
        progress: called with the number of answers given and of all answers.
    """
    wanted = [
        (question, cell, sample) for cell, sample in which for question in questions if (question.id, cell, sample) not in store
    ]
    if not wanted:
        return
    total = len(questions) * len(which)
    with ExitStack() as stack:
        answering = engine()
        if isinstance(answering, Gguf):
            stack.enter_context(answering)
        for cell, sample, batch in _batches(wanted, answering.at_once):
            asked = [message(question, system_prompt, cell, knowledge) for question in batch]
            prompts = [prompt for prompt, _ in asked]
            seed = None if sample == GREEDY else SEED + sample
            replies = _reply(answering, cell, prompts, seed)
            store.add(
                [
                    Answer(
                        question.id,
                        question.about,
                        question.text,
                        cell.engine,
                        cell.system,
                        cell.adapter,
                        cell.retrieval,
                        sample,
                        reply.text,
                        reply.stopped,
                        used,
                    )
                    for question, (_, used), reply in zip(batch, asked, replies, strict=True)
                ]
            )
            done = total - len(wanted) + sum(1 for question, cell, sample in wanted if (question.id, cell, sample) in store)
            progress(done, total)


def _reply(engine: Engine, cell: Cell, prompts: Sequence[list[Message]], seed: int | None) -> Any:
    if isinstance(engine, Adapted):
        with engine.adapted(1.0 if cell.adapter else 0.0) as model:
            return model.reply(prompts, seed)
    return engine.reply(prompts, seed)


def _batches(wanted: Iterable[tuple[Question, Cell, int]], most: int) -> Iterator[tuple[Cell, int, list[Question]]]:
    """Batches of at most so many questions of one cell and sample."""
    held: list[Question] = []
    last: tuple[Cell, int] | None = None
    for question, cell, sample in wanted:
        if held and last and (last != (cell, sample) or len(held) == most):
            yield *last, held
            held = []
        last = (cell, sample)
        held.append(question)
    if held and last:
        yield *last, held
