"""Controlled questions: drafted from what is held out, whole when a decision has choices, and read back from runs as answers."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from curate.contrast.answers import earlier_answers
from curate.control import _as_yaml
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_control
from likeness.recipe.schema import ControlQuestion
from tests.make import House, write_corpus


@pytest.mark.slow
def test_a_draft_asks_what_is_held_out_and_never_what_is_trained_on(tmp_path: Path) -> None:
    house = House(tmp_path, "recipe.yaml")
    recipe = write_corpus(tmp_path)
    text = re.sub(r"^split:.*$", "split: {validation: 0.4, by: document}", recipe.read_text(encoding="utf-8"), flags=re.MULTILINE)
    recipe.write_text(text, encoding="utf-8")
    said = house.json("curate", "build", "recipe.yaml")
    found = house.json("curate", "control", "propose", "recipe.yaml")
    drafted = load_control(Path(found["file"])).questions
    trained = {row["prompt"][-1]["content"] for row in pq.read_table(Path(said["dataset"]) / "sft/train.parquet").to_pylist()}
    held = {row["prompt"][-1]["content"] for row in pq.read_table(Path(said["dataset"]) / "sft/validation.parquet").to_pylist()}
    asked = {question.question for question in drafted if question.about not in ("general", "off-topic")}
    assert asked and asked <= held and not asked & trained
    assert {"general", "off-topic"} <= set(found["questions"]) and len({question.id for question in drafted}) == len(drafted)
    assert "is there already" in house.call("curate", "control", "propose", "recipe.yaml", code=2).stderr


def test_a_draft_does_not_replace_the_questions_that_are_asked() -> None:
    asked = _as_yaml([{"id": "voice-1", "about": "voice", "question": "Why?"}], "/home/me/control.yaml")
    assert "Copy what you would ask into control.yaml" in asked and "Rename" not in asked
    assert "Rename it to control.yaml" in _as_yaml([], None)


def test_a_decision_s_choice_is_one_of_its_choices() -> None:
    whole = {"id": "stove", "question": "Gas or wood?", "about": "decision", "choices": ["gas", "wood"], "choice": "wood"}
    assert ControlQuestion.model_validate(whole).choice == "wood"
    with pytest.raises(ValidationError, match="none of `choices`"):
        ControlQuestion.model_validate(whole | {"choice": "coal"})
    with pytest.raises(ValidationError, match="two or more"):
        ControlQuestion.model_validate(whole | {"choices": ["wood"]})


def test_earlier_answers_are_those_that_were_used(tmp_path: Path) -> None:
    folder = BuildFolder(tmp_path)
    shape = {"id": "a", "about": "voice", "question": "Why?", "engine": "model", "system": True, "retrieval": False, "sample": 0}
    rows = [
        shape | {"adapter": True, "answer": "tuned"},
        shape | {"adapter": False, "answer": "base"},
        shape | {"adapter": True, "sample": 1, "answer": "sampled"},
        shape | {"adapter": True, "engine": "gguf", "answer": "of the file"},
    ]
    (folder.runs / "001-a").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder.runs / "001-a/answers.parquet")
    assert earlier_answers(folder) == {"why": "tuned"}
    (folder.runs / "000-b").mkdir()
    pq.write_table(
        pa.Table.from_pylist([{"question": "How?", "base": "so", "tuned": "thus"}]), folder.runs / "000-b/answers.parquet"
    )
    assert earlier_answers(folder) == {"why": "tuned", "how": "thus"}
