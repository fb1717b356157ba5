"""Everything that would fail a run later, looked at before the base model's weights are loaded."""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.recipe.load import locate
from likeness.recipe.schema import Evaluate, Train
from train.base_weights import check_not_quantized, check_weights, empty_model
from train.data import Rows, load_rows
from train.job import Job
from train.parallel.machines import check_launch
from train.preference_rows import Preferences, load_preferences
from train.result import StepResult
from train.room import Room, room_of
from train.template import Template, study
from train.workload import read_shape

CHECKED_ROWS = 100
"""Rows that the export is checked with: enough to meet the dataset's words, few enough to be quick."""


@dataclass(frozen=True)
class Prepared(StepResult):
    """The tokenizer, its chat template and the rows that were made with both."""

    tokenizer: Any
    template: Template
    rows: Rows
    room: Room
    """For each of them."""
    larger: Sequence[str] = ()
    """What of `export.gguf` will be larger than its name says."""
    preferences: Preferences | None = None
    """Where the recipe has `train.preference`."""

    @property
    def samples(self) -> list[list[dict[str, str]]]:
        """Conversations that the export is checked with."""
        return self.rows.conversations[:CHECKED_ROWS]

    @property
    def metrics(self) -> dict[str, Any]:
        """How many rows of what."""
        return {"rows": self.rows.counts()}

    @property
    def notes(self) -> list[str]:
        """What was found out about the chat template and the room for rows."""
        return [*self.template.notes, *self.room.notes, *self.larger]

    def __str__(self) -> str:
        return str(self.rows)


def prepare(job: Job) -> Prepared:
    """Check the base model and the recipe against each other, and make the rows.

    Raises:
        CallError: the base cannot be trained, merged or exported as the recipe says, or no row can be trained on.
    """
    check_covered(job.base, job.where)
    check_not_quantized(job.base, job.where)
    check_weights(job.base, job.where)
    check_targets(job.base, job.settings.lora.target_modules, _key(job))
    check_dora(job.settings, job.recipe.evaluate)
    check_nf4(job.base, job.settings, job.where)
    check_reports(job.settings)
    if job.settings.launch:
        check_launch(job.settings.launch)
    tokenizer = load_tokenizer(job.base, job.where)
    template = study(tokenizer, stop_ids(tokenizer, job.base), job.where)
    tokenizer.chat_template = template.text
    sft = job.settings.sft
    room = room_of(job.base, sft.max_length)
    rows = load_rows(job.dataset, tokenizer, template, room, sft.turns)
    preferences = load_preferences(job.dataset, tokenizer, template, room, rows.control) if job.settings.preference else None
    prepared = Prepared(tokenizer, template, rows, room, _larger(job), preferences)
    _check_exportable(job, prepared)
    return prepared


def load_tokenizer(base: Path, where: str) -> Any:
    """The base's tokenizer, with an end token and a pad token.

    Raises:
        CallError: it cannot be read, or has no end token.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except Exception as error:
        raise CallError(
            f"its tokenizer cannot be read: {error}", where=where, fix="Fetch the model's tokenizer files again."
        ) from None
    if tokenizer.eos_token_id is None:
        raise _without_end(tokenizer, base, where)
    if tokenizer.pad_token_id is None:  # padding is masked, whatever it is
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def _without_end(tokenizer: Any, base: Path, where: str) -> CallError:
    """Its cure names the mark that the model's other files end a generation with, best one that the chat template writes."""
    named = [text for text in tokenizer.convert_ids_to_tokens(sorted(stop_ids(tokenizer, base))) if text]
    fix = "Choose another model."
    if named:
        end = max(named, key=lambda text: text in str(tokenizer.chat_template))
        fix = f'Write `"eos_token": {json.dumps(end, ensure_ascii=False)}` into {base / "tokenizer_config.json"}.'
    return CallError("its tokenizer_config.json names no eos_token, so it could not learn to stop", where=where, fix=fix)


def stop_ids(tokenizer: Any, base: Path) -> set[int]:
    """Every id that ends a generation: the tokenizer's, those of the model's settings, and those llama.cpp knows by name."""
    from export.gguf.vocabulary import ENDS_BY_NAME

    found = {tokenizer.eos_token_id}
    for name in ("generation_config.json", "config.json"):
        if (base / name).is_file():
            more = json.loads((base / name).read_text(encoding="utf-8")).get("eos_token_id")
            found |= set(more if isinstance(more, list) else [more])
    found |= {number for number, token in tokenizer.added_tokens_decoder.items() if token.content in ENDS_BY_NAME}
    return found - {None}


def check_covered(base: Path, where: str) -> None:
    """Refuse a base that no chat app could load, before hours are spent on training.

    Raises:
        CallError: its architecture has no counterpart in GGUF that we write.
    """
    from export.gguf.families import architecture_of

    try:
        architecture_of(json.loads((base / "config.json").read_text(encoding="utf-8")))
    except CallError as error:
        raise CallError(error.what, where=where, fix=error.fix) from None


def check_targets(base: Path, targets: str | list[str], where: str) -> None:
    """Check that every part that the recipe adapts exists and can be adapted, merged and exported.

    Args:
        base: the model's folder; its configuration is enough.
        targets: `train.lora.target_modules`.
        where: file and line of it.

    Raises:
        CallError: a name fits nothing, or fits the embedding or the output layer.
    """
    if targets == "all-linear":
        return
    import torch

    model = empty_model(base)
    linear = {name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    embedding = {name for name, part in model.named_modules() if isinstance(part, torch.nn.Embedding)}
    head = {name for name, part in model.named_modules() if part is model.get_output_embeddings()}
    kinds = sorted({name.rpartition(".")[2] for name in linear - head})
    for target in [targets] if isinstance(targets, str) else targets:
        chosen = {name for name in linear | embedding if _fits(name, target, isinstance(targets, str))}
        if not chosen:
            near = difflib.get_close_matches(target, [*kinds, "all-linear"], 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            told, hint = f"no part of this model is called {target!r}", f"{hint}It has {', '.join(kinds)}."
            if isinstance(targets, str):
                told = f"the pattern {target!r} matches no part of this model"
                path, names = min(linear - head), ", ".join(kinds[-2:])
                hint += f" A pattern matches whole paths, such as {path}; names are a list: [{names}]."
            raise CallError(told, where=where, fix=hint)
        if wrong := sorted(chosen & (embedding | head)):
            raise CallError(
                f"{wrong[0]} ({target!r}) is the model's {'output layer' if wrong[0] in head else 'embedding'}, "
                "and an adapter for it cannot be merged into every base",
                where=where,
                fix=f"Leave it out; the layers that can be adapted are {', '.join(kinds)}.",
            )


def check_nf4(base: Path, settings: Train, where: str) -> None:
    """Refuse a base that QLoRA cannot train here.

    Args:
        base: the model's folder; its configuration is enough.
        settings: the recipe's `train`.
        where: how messages name the base.

    Raises:
        CallError: bitsandbytes cannot compute with a layer of its sizes on this machine's processor.
    """
    import torch

    if settings.method != "qlora" or torch.cuda.is_available():
        return
    from export.nf4 import unfit_for_nf4

    if layer := unfit_for_nf4(base):
        raise CallError(
            f"bitsandbytes cannot compute with {layer} in 4 bits on this machine's processor",
            where=where,
            fix="Take `method: lora`, a GPU, or a base whose sizes are multiples of 64.",
        )


def check_dora(settings: Train, evaluate: Evaluate) -> None:
    """Refuse what would not be the model that DoRA trained.

    Raises:
        CallError: it is to be trained on 4 bits, or measured or merged at other strengths than 1.
    """
    where = "train.lora.dora"
    if settings.lora.dora and settings.method == "qlora":
        why = "DoRA on a 4-bit base cannot be merged right: it learns the lengths of 4-bit weights, and the merge has 16-bit ones"
        raise CallError(why, where=where, fix="Take `method: lora`, or leave dora out.")
    if settings.lora.dora and (evaluate.merge_best or set(evaluate.strengths) - {1.0}):
        why = "an adapter of DoRA has no strengths: its rows keep the lengths that it learnt, however weak the rest of it is"
        raise CallError(why, where=where, fix="Add to the recipe: evaluate: {strengths: [], merge_best: false}")


def check_reports(settings: Train) -> None:
    """Refuse a service whose library is not here, before the base is loaded.

    Raises:
        CallError: the library is not installed.
    """
    for name in settings.report_to:
        if importlib.util.find_spec(name) is None:
            raise CallError(f"{name} is not installed", where="train.report_to", fix=f"pip install {name}")


def _fits(name: str, target: str, is_pattern: bool) -> bool:
    """Whether peft would take a module for a target: a pattern must match in full, a name is the end of a path."""
    if is_pattern:
        try:
            return re.fullmatch(target, name) is not None
        except re.error:
            return False
    return name == target or name.endswith(f".{target}")


def _key(job: Job) -> str:
    return f"{locate(job.recipe_path, ('train', 'lora', 'target_modules'), job.set)}: train.lora.target_modules"


def _larger(job: Job) -> list[str]:
    from export.gguf.quantize import unfit_widths

    shape = read_shape(json.loads((job.base / "config.json").read_text(encoding="utf-8")), 0)
    widths = {shape.hidden, *(part.takes for part in shape.linear)}
    return [note for kind in job.recipe.export.gguf if (note := unfit_widths(widths, kind))]


def _check_exportable(job: Job, prepared: Prepared) -> None:
    """See that llama.cpp reads the base's vocabulary as transformers does, and ends a reply where the template does."""
    from export.export import check_exportable

    try:
        check_exportable(job.base, prepared.samples, prepared.tokenizer, model=job.recipe.name)
    except CallError as error:
        raise CallError(error.what, where=job.where, fix=error.fix) from None
