"""What is said of single answers: that they decline, that they are broken, that they repeat a row."""

import json
from pathlib import Path

import pytest

from likeness.metrics.declines import declines
from likeness.metrics.degenerate import fault_of
from likeness.metrics.shared_runs import SharedRuns
from likeness.retrieval import Knowledge

ROWS = [json.loads(line) for line in Path(__file__).with_name("declines.jsonl").open(encoding="utf-8")]


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number in range(len(ROWS))])
def test_declining_is_told_from_answering(row: dict[str, object]) -> None:
    assert declines(str(row["answer"])) is row["declines"]


LOOP = "The gate is shut and the gate is open and " * 12
WELL = (
    "I would not lend it. A loan between friends is a third person at the table, and he eats first. Give him half and forget it."
)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "empty"),
        (" \n…", "empty"),
        (LOOP, "loop"),
        ("I know. " * 30, "loop"),
        ("so so so so so so so so so so so so so so so so so so so so so so so so so so", "loop"),
        ("Wer hat den Schlüssel zu dem Turm, und warum ist er nicht bei dem Wirt, der ihn doch haben soll?", "other_language"),
        ("¤¤§§ [[}} <<<>>> §§¤¤ ]]{{ ####### @@@@@@@ ~~~~", "garbage"),
        (WELL, None),
        ("42", None),
        ("No. No. No. I said no.", None),
    ],
)
def test_broken_answers_are_named(answer: str, fault: str | None) -> None:
    asked = "Should I lend a friend the money that he wants?"
    assert fault_of(answer, question=asked) == fault
    assert fault_of(answer, stopped=False, question=asked) == (fault or "cut")


def test_the_longest_run_is_found_and_whose_it_is() -> None:
    rows = [
        "The oven heats from the left, so the loaves on the right get turned twice.",
        "My uncle ran the ferry for thirty years.",
    ]
    runs = SharedRuns(rows)
    found = runs.longest("They say that my uncle ran the ferry for thirty years and sank once.")
    assert found and found.text == 1 and len(found) == 8 and str(found) == "my uncle ran the ferry for thirty years"
    assert runs.longest("Nothing of the kind was ever said in this house by anybody.") is None


def test_retrieval_finds_other_forms_of_a_word_and_travels_as_a_file(tmp_path: Path) -> None:
    passages = [
        {"id": "a", "document": "d", "heading": "Locks", "text": "The keeper closed the lower gates every night at nine."},
        {"id": "b", "document": "d", "heading": "", "text": "Bread wants a night of doing nothing."},
        {"id": "c", "document": "d", "heading": "", "text": "The ferry had a bell."},
    ]
    file = tmp_path / "knowledge.db"
    for index in (Knowledge.of(passages), Knowledge.of(passages, file), Knowledge.open(file)):
        assert len(index) == 3
        assert [each.id for each in index.find("When is the gate of a lock closing?", 1)] == ["a"]
        assert index.find('"); DROP TABLE passages; --') == [] and index.find("the of and") is not None
        message, used = index.with_passages("Is there a bell?")
        assert used == ["c"] and message.startswith("<notes>\nThe ferry had a bell.") and message.endswith("Is there a bell?")
        assert index.with_passages("Quartz?") == ("Quartz?", [])
        assert index.recall([("Who shuts the gates?", "closed the lower gates"), ("What of quartz?", "a bell")]) == 0.5
    assert Knowledge.of([{"id": "z", "document": "d", "heading": "", "text": "我在第一个冬天种下了那棵梨树"}]).find(
        "那棵梨树是谁种的？"
    )
