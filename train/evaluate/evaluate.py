"""Ask a run its questions and measure its answers, each once. The results of a killed run are used again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.kinds import KINDS
from likeness.metrics.likeness import LikenessProfile
from likeness.recipe.folders import AUTHOR, DOCUMENTS
from likeness.retrieval import Knowledge
from train.delivery import Exported, sampling_of, scale_adapter
from train.evaluate import decision, degenerate, echo, facts, forgetting, learnt, memorised, shape, unknown
from train.evaluate import likeness as likeness_probe
from train.evaluate.answers import BASE, GREEDY, TUNED, AnswerStore, Question, ask_all, asked_of
from train.evaluate.causes import order_causes
from train.evaluate.dial import AS_TRAINED, Dial, measure_dial
from train.evaluate.endings import count_endings
from train.evaluate.engine import Gguf, Model
from train.evaluate.probe import Material, Probe, TrainRow
from train.evaluate.results import Asked, DialStep, Probed
from train.job import Job
from train.preflight import Prepared
from train.runs import read_part

PROBES = (
    likeness_probe.probe,
    unknown.probe,
    unknown.probe_known,
    facts.probe,
    decision.probe,
    echo.probe,
    memorised.probe,
    learnt.probe,
    forgetting.probe,
    shape.probe,
    degenerate.probe,
)
"""The probes in the order of the report."""
CONTEXT = 2048
"""Context in tokens with which an exported file is loaded, or fewer if the model was trained on fewer."""


class Evaluation:
    """The evaluation of a run. The model is loaded when it is needed first.

    Args:
        job: the run.
        prepared: tokenizer, template and rows.
    """

    probes: Sequence[Callable[[Material], Probe]] = PROBES
    has_weights = True
    """Whether the model is at hand, and not at a host that only answers."""

    def __init__(self, job: Job, prepared: Prepared) -> None:
        self.job, self.prepared = job, prepared
        self.settings = job.recipe.evaluate
        self.questions = load_questions(job.dataset, prepared.rows.control)
        self._model: Model | None = None

    @cached_property
    def store(self) -> AnswerStore:
        """The run's answers."""
        return AnswerStore(self.job.folder)

    @cached_property
    def profile(self) -> LikenessProfile | None:
        """The author's style, if the dataset has it."""
        return load_profile(self.job.dataset)

    @cached_property
    def knowledge(self) -> Knowledge | None:
        """The author's passages, if they travel with the dataset."""
        return load_knowledge(self.job.dataset)

    def model(self) -> Model:
        """Base and adapter in memory."""
        if self._model is None:
            self._model = self._load()
        return self._model

    def _load(self, alpha: float | None = None) -> Model:
        prepared, sampling = self.prepared, sampling_of(self.job)
        in_nf4 = self.job.merges_dequantized
        return Model(self.job.base, self.job.adapter, prepared.tokenizer, prepared.template, sampling, alpha, in_nf4)

    def dial(self) -> DialStep:
        """Measure the adapter's strengths, propose one, and scale the adapter to it if the recipe says so."""
        measured = self._measure_dial() if self.settings.strengths and self.questions else None
        strength = measured.best if measured and self.settings.merge_best else AS_TRAINED
        trained = self.job.settings.lora.alpha
        alpha = trained if strength == AS_TRAINED else trained * strength
        if alpha != trained:
            self.close()  # it may have been loaded as trained, to be measured
        scale_adapter(self.job, alpha)
        return DialStep(measured and replace(measured, alpha=alpha if alpha != trained else None))

    def _measure_dial(self) -> Dial:
        """The dial of the adapter as it was trained, whatever strength an earlier call has scaled it to."""
        file = self.job.folder / "dial.json"
        known = read_dial(file) if file.is_file() else None
        if known and {notch.strength for notch in known.notches} == {*self.settings.strengths, AS_TRAINED}:
            return known
        self._model = self._load(self.job.settings.lora.alpha)
        found = measure_dial(
            self._model,
            self.questions,
            self.rows,
            self.profile,
            self.job.recipe.persona.system_prompt,
            self.settings.strengths,
            self.job.folder / "dial-answers.json",
            self.job.progress,
        )
        write_atomic(file, json.dumps(found.as_dict(), indent=2))
        return found

    def ask_model(self) -> Asked:
        """Ask the model every question in every cell of the recipe."""
        self._ask("model", self.model)
        self.close()
        return replace(self._asked("model"), endings=count_endings(self.beside()))

    def ask_file(self, exported: Exported) -> Asked:
        """Ask every question of the first exported file."""
        self.__dict__.pop("store", None)  # an export that made other files has forgotten the answers of the earlier ones
        limit = json.loads((self.job.base / "config.json").read_text(encoding="utf-8")).get("max_position_embeddings") or CONTEXT
        file, context = self.job.folder / exported.files[0], min(CONTEXT, int(limit))

        def engine() -> Gguf:
            return Gguf(file, self.prepared.tokenizer, self.prepared.template, context, sampling_of(self.job))

        self._ask("gguf", engine)
        self.store.close()
        return self._asked("gguf")

    def _ask(self, name: Literal["model", "gguf"], engine: Any) -> None:
        which = asked_of(name, self.settings, retrieval=self.knowledge is not None)
        prompt = self.job.recipe.persona.system_prompt
        ask_all(self.store, self.questions, which, prompt, self.knowledge, engine, self.job.progress)

    def _asked(self, engine: Literal["model", "gguf"]) -> Asked:
        mine = [answer for answer in self.store.answers if answer.engine == engine]
        return Asked(len(self.questions), len(mine), len({each.cell for each in mine}), self.knowledge is not None)

    def probe(self) -> Probed:
        """Run every probe once; each result is stored at once."""
        file = self.job.folder / "probes.json"
        known: dict[str, Any] = {}
        with suppress(CallError):  # what is gone or damaged is made again
            known = read_part(self.job.folder, file.name)
        if known.get("answers") == len(self.store.answers):
            return Probed(known["probes"])
        part = self.job.folder / "probes.part.json"
        made: list[dict[str, Any]] = json.loads(part.read_text(encoding="utf-8")) if part.is_file() else []
        material = Material(
            self.store.answers,
            self.questions,
            self.rows,
            self.job.recipe.persona.system_prompt,
            self.profile,
            self.model,
            held_out=load_rows_behind(self.job.dataset, "validation"),
        )
        for number, probe in enumerate(self.probes):
            if number < len(made):
                continue
            made.append(json.loads(json.dumps(probe(material).as_dict(), default=_plain)))
            write_atomic(part, json.dumps(made, ensure_ascii=False))
            self.job.progress(number + 1, len(self.probes))
        if self.has_weights:
            order_causes(made, material)
        kept = {"answers": len(self.store.answers), "retrieval": self._recall(), "probes": made}
        write_atomic(file, json.dumps(kept, ensure_ascii=False, indent=1))
        part.unlink(missing_ok=True)
        self.close()
        return Probed(made)

    @cached_property
    def rows(self) -> list[TrainRow]:
        """The training rows."""
        return load_rows_behind(self.job.dataset)

    def _recall(self) -> dict[str, Any] | None:
        """The share of held-out pairs whose evidence retrieval finds."""
        if self.knowledge is None:
            return None
        held = [
            (row.question, row.quote) for row in load_rows_behind(self.job.dataset, "validation") if row.quote and not row.own
        ]
        recall = self.knowledge.recall(held)
        return {"passages": len(self.knowledge), "asked": len(held), "recall": round(recall, 4) if recall is not None else None}

    def beside(self) -> list[dict[str, Any]]:
        """Every question with the answers of base and tuned model, both with the system prompt: sampled, and greedy.

        Returns:
            One row for each question: id, about, question; base, tuned, tuned_greedy, and for each whether it ended by itself.
        """
        by_key = {answer.key: answer for answer in self.store.answers}
        drawn = 1 if self.settings.samples else GREEDY
        rows = []
        for question in self.questions:
            shown = {
                "base": by_key.get((question.id, BASE, drawn)),
                "tuned": by_key.get((question.id, TUNED, drawn)),
                "tuned_greedy": by_key.get((question.id, TUNED, GREEDY)),
            }
            row: dict[str, Any] = {"id": question.id, "about": question.about, "question": question.text}
            for name, answer in shown.items():
                row |= {name: answer.answer if answer else "", f"{name}_stopped": bool(answer and answer.stopped)}
            rows.append(row)
        return rows

    def close(self) -> None:
        """Free the model's memory."""
        self._model = None


def load_questions(dataset: Path, control: list[dict[str, Any]]) -> list[Question]:
    """The controlled questions of a dataset, and the questions in `probes/`, which are held out of training.

    Args:
        dataset: its folder.
        control: the controlled questions, as rows of the dataset.
    """
    questions = []
    for row in control:
        more = {name: str(row.get(name) or "") for name in ("answer", "choice", "retest")}
        lists = {name: tuple(row.get(name) or ()) for name in ("choices", "paraphrases")}
        about = "invented" if row["about"] == "unknown" else row["about"]
        text = row["prompt"][-1]["content"]
        question = Question(row["id"], about, text, more["answer"], lists["choices"], more["choice"], more["retest"])
        questions.append(replace(question, paraphrases=lists["paraphrases"]))
    for file in sorted((dataset / "probes").glob("*.parquet")):
        for row in pq.read_table(file).to_pylist():
            about = row.get("about") or file.stem
            if about in ("invented", "known"):
                text = row.get("question") or row["prompt"][-1]["content"]
                questions.append(Question(str(row["id"]), about, text, term=row.get("term") or ""))
    return questions


def load_rows_behind(dataset: Path, split: str = "train") -> list[TrainRow]:
    """The rows of a dataset in the form that probes use.

    Args:
        dataset: its folder.
        split: train or validation.
    """
    file = dataset / "sft" / f"{split}.parquet"
    if not file.is_file():
        return []
    rows = []
    for row in pq.read_table(file).to_pylist():
        name = row.get("kind") or ""  # datasets of other programs have at least prompt and completion
        kind = KINDS.get(name)
        own = kind is not None and kind.wrote in ("author", "person")
        asked, said = row["prompt"][-1]["content"], row["completion"][-1]["content"]
        rows.append(TrainRow(row["id"], name, asked, said, row.get("quote") or "", own))
    return rows


def load_profile(dataset: Path) -> LikenessProfile | None:
    """The author's style; None where the dataset has none that can be read."""
    file = dataset / AUTHOR
    try:
        return LikenessProfile.from_json(file.read_text(encoding="utf-8")) if file.is_file() else None
    except ValueError:
        return None


def load_knowledge(dataset: Path) -> Knowledge | None:
    """The index of the passages that travel with a dataset; None if they do not."""
    file = dataset / DOCUMENTS
    return Knowledge.of(pq.read_table(file).to_pylist()) if file.is_file() else None


def read_dial(file: Path) -> Dial:
    """Read the stored measures of the dial."""
    from train.evaluate.dial import Notch

    data = json.loads(file.read_text(encoding="utf-8"))
    return Dial([Notch(**notch) for notch in data["notches"]], data["best"], data["why"])


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
