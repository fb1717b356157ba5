"""Controlled questions drafted from what is held out of training: for a person to look through, not to be used as they are."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.kinds import KINDS
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe

MOST = {"voice": 12, "journaling": 6, "decision": 6, "facts": 8, "thin": 6, "invented": 8}
"""Questions about each; the general ones and those off the topic come besides."""
GENERAL = (
    "What is ice made of?",
    "How many days are there in a week?",
    "What is the capital of France?",
    "Why is the sea salty?",
)
OFF_TOPIC = (
    "Explain what a computer program is.",
    "How do I plan a birthday party for a child?",
    "What should I look for when I buy a used bicycle?",
    "Write a short note to cancel a meeting.",
)


def propose(recipe_path: Path) -> tuple[Path, dict[str, int]]:
    """Write `control-proposed.yaml` beside the recipe: questions of held-out pairs and probes; gives how many about each.

    Args:
        recipe_path: the recipe's file.

    Raises:
        CallError: no dataset is built, nothing of it is held out, or there is a proposal already.
    """
    recipe = load_recipe(recipe_path)
    dataset = BuildFolder.of(recipe).dataset()
    target = recipe_path.absolute().parent / "control-proposed.yaml"
    if target.exists():
        raise CallError("is there already", where=str(target), fix="Look through it, or remove it for a new one.")
    questions = list(_numbered([*_held_out(dataset), *_probes(dataset), *_besides()]))
    if len(questions) == len(GENERAL) + len(OFF_TOPIC):
        fix = "Raise `split.validation`, and build again."
        raise CallError("this dataset holds no pair out of training to ask about", where=str(dataset), fix=fix)
    write_atomic(target, _as_yaml(questions, recipe.control))
    counts: dict[str, int] = {}
    for question in questions:
        counts[question["about"]] = counts.get(question["about"], 0) + 1
    return target, counts


def _held_out(dataset: Path) -> Iterator[dict[str, Any]]:
    """Questions of the validation rows: the author's own words, where a row has them, are the person's own answer."""
    taken: dict[str, int] = {}
    for row in _rows(dataset / "sft" / "validation.parquet"):
        kind = KINDS.get(row["kind"])
        if kind is None or kind.shows_passage:
            continue
        about = kind.controls
        if taken.get(about, 0) < MOST[about]:
            taken[about] = taken.get(about, 0) + 1
            own = kind.wrote in ("author", "person")
            answer = row["completion"][-1]["content"] if own else (row["quote"] or "") if about == "facts" else ""
            yield {"about": about, "question": row["prompt"][-1]["content"]} | ({"answer": answer} if answer else {})


def _probes(dataset: Path) -> Iterator[dict[str, Any]]:
    """Questions about invented siblings and thin terms that the data was made with and is not trained on."""
    taken: dict[str, int] = {}
    for row in _rows(dataset / "probes" / "test.parquet"):
        about = "thin" if row["about"] == "known" else "invented"
        if taken.get(about, 0) < MOST[about]:
            taken[about] = taken.get(about, 0) + 1
            yield {"about": about, "question": row["prompt"][-1]["content"]}


def _besides() -> Iterator[dict[str, Any]]:
    for about, texts in (("general", GENERAL), ("off-topic", OFF_TOPIC)):
        for text in texts:
            yield {"about": about, "question": text}


def _numbered(questions: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    counts: dict[str, int] = {}
    seen = set()
    for question in questions:
        if question["question"] not in seen:
            seen.add(question["question"])
            counts[question["about"]] = counts.get(question["about"], 0) + 1
            yield {"id": f"{question['about']}-{counts[question['about']]}"} | question


def _rows(file: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist() if file.is_file() else []
    return rows


def next_step(control: str | None) -> str:
    """What to do with a draft that was looked through.

    Args:
        control: the recipe's file of controlled questions, if it has one.
    """
    if control:
        return f"Copy what you would ask into {Path(control).name}; runs that were asked other questions cannot be compared."
    return "Rename it to control.yaml and name it under `control:`; from then on leave it as it is, or runs cannot be compared."


def _as_yaml(questions: list[dict[str, Any]], control: str | None) -> str:
    from ruamel.yaml import YAML

    text = io.StringIO()
    text.write(
        "# A draft. Look through it: drop what says little, put in your own `answer`; for decisions `choices` and `choice`.\n"
        f"# {next_step(control)}\n"
    )
    yaml = YAML()
    yaml.width = 4096
    yaml.dump({"questions": questions}, text)
    return text.getvalue()
