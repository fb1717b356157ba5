"""A run says where the recipe's controlled questions are no longer those that it asks."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from tests.make import put_rows, write_recipe
from train.control import checked_dataset, questions_changed

SAME = "questions: [{id: wait, about: voice, question: 'Why wait?', answer: It is early.}]"


@pytest.mark.parametrize(
    ("control", "changed"),
    [
        (SAME, False),
        (f"# by hand\n{SAME}", False),
        (SAME.replace("Why", "How long"), True),
        (SAME.replace("early", "late"), True),
        (SAME.replace("wait", "other"), True),
        (SAME.replace("]", ", {id: more, about: general, question: Why?}]"), True),
        (SAME.replace("voice", "wisdom"), True),
        ("questions: [", True),
        (None, True),
    ],
)
def test_controlled_questions_that_changed_since_the_build_are_told(
    control: str | None, changed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path, "builtin:tiny")
    recipe.write_text(recipe.read_text(encoding="utf-8") + "control: control.yaml\n", encoding="utf-8")
    file, dataset = tmp_path / "control.yaml", tmp_path / "build/lock/dataset/001-made"
    file.write_text(SAME, encoding="utf-8")
    loaded = load_recipe(recipe)
    asked = {"id": "wait", "about": "voice", "prompt": [{"role": "user", "content": "Why wait?"}], "answer": "It is early."}
    of_the_interview = {"id": "decision-1f", "about": "decision", "prompt": [{"role": "user", "content": "Stay?"}], "answer": ""}
    put_rows(pa.Table.from_pylist([asked, of_the_interview]), dataset / "control" / "test.parquet")
    file.write_text(control, encoding="utf-8") if control else file.unlink()
    assert questions_changed(file, dataset) == changed
    assert checked_dataset(BuildFolder.of(loaded), loaded) == dataset
    assert ("control.yaml has changed since dataset 001-made" in capsys.readouterr().err) == changed
