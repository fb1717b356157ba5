"""The recipe's controlled questions, compared with those that its newest dataset holds: runs are asked what the dataset holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from likeness.command import say, shown
from likeness.errors import CallError
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_control
from likeness.recipe.schema import Recipe
from likeness.sums import check_tables

KEYS = ("about", "answer", "choice", "retest", "choices", "paraphrases")
_told: set[str] = set()
"""Files of which it was said."""


def checked_dataset(build: BuildFolder, recipe: Recipe) -> Path:
    """The newest dataset, its tables proven; where the recipe's controlled questions are others by now, a line says so.

    Raises:
        CallError: no dataset has been built, or one of its tables was changed.
    """
    dataset = check_tables(build.dataset())
    if recipe.control and recipe.control not in _told and questions_changed(Path(recipe.control), dataset):
        _told.add(recipe.control)
        file = shown(Path(recipe.control))
        say(f"note: {file} has changed since dataset {dataset.name}, whose questions are asked: run `curate build` first")
    return dataset


def questions_changed(control: Path, dataset: Path) -> bool:
    """Whether a file of controlled questions, as it is now, is not what a dataset was built with.

    Args:
        control: the file.
        dataset: the dataset's folder. Decisions of the interview are in it beside the file's questions.
    """
    import pyarrow.parquet as pq

    table = dataset / "control" / "test.parquet"
    rows = pq.read_table(table).to_pylist() if table.is_file() else []
    built = {row["id"]: _comparable(row, row["prompt"][-1]["content"]) for row in rows}
    try:
        questions = load_control(control).questions
    except CallError:  # `curate build` says what is wrong with it
        return True
    now = {each.id: _comparable(each.model_dump(), each.question) for each in questions}
    added = built.keys() - now.keys()
    return any(built.get(name) != said for name, said in now.items()) or any(not name.startswith("decision-") for name in added)


def _comparable(row: dict[str, Any], question: str) -> list[Any]:
    return [question, *(row.get(key) or None for key in KEYS)]
