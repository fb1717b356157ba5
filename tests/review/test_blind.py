"""The blind test as a ranking at a real Argilla: nothing says whose an answer is, and what people rank comes back as results."""

from __future__ import annotations

import json

import pytest

from curate.review.blind import NONE, ask_in_argilla
from likeness.blind import BlindItem, BlindTest
from likeness.recipe.load import load_recipe
from tests.make import json_of

pytestmark = pytest.mark.slow

SIDES = {"oven": ["tuned", "real", "prompted"], "bell": ["prompted", "tuned"], "clock": ["real", "tuned", "prompted"]}


@pytest.fixture
def asked(village):
    """The village with a finished run and its blind test."""
    made = village("pairs: none, awaiting: keep")
    run = made.folder / "build/village/runs/001-made"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}", encoding="utf-8")
    items = [
        BlindItem(name, f"What of the {name}?", [f"Answer {n} of the {name}." for n, _ in enumerate(SIDES[name])])
        for name in SIDES
    ]
    test = BlindTest(run, "0123456789ab", "the baker", items, SIDES)
    test.write()
    return made, test


def ranking(*letters: str) -> list[dict[str, object]]:
    return [{"value": letter, "rank": place} for place, letter in enumerate(letters, 1)]


def test_people_rank_the_answers_blind_and_what_they_say_is_a_result(asked, curate):
    village, test = asked
    key = {"ARGILLA_API_KEY": village.owner.api_key}
    said = json_of(curate(village.folder, "review", "blind", "recipe.yaml", "--json", env=key))
    assert said["pushed"] == 3 and said["results"] == [] and "/dataset/" in said["page"]
    dataset = village.owner.dataset(village.workspace, f"village-blind-{test.name}")
    records = village.owner.records(dataset)
    assert set(records) == set(SIDES) and records["bell"]["fields"]["answer_c"] == NONE
    shown = json.dumps([[record[part] for part in ("fields", "suggestions", "metadata")] for record in records.values()])
    assert not any(side in shown for side in ("tuned", "prompted", "real")), shown

    ann, bo = village.person("ann"), village.person("bo")
    for person, first in ((ann, "B"), (bo, "A")):
        assert len(person.queue(dataset)) == 3, "it waits for everybody"
        for record in person.queue(dataset):
            others = [letter for letter in "ABC" if letter != first]
            person.answer(record, ranking=ranking(first, *others))
    for _ in range(2):
        said = json_of(curate(village.folder, "review", "blind", "recipe.yaml", "--json", env=key))
        assert said["pushed"] == 0 and len(said["results"]) == 2
    results = {
        each["person"].split("-")[0]: each for each in map(json.loads, (f.read_text() for f in test.results.glob("*.json")))
    }
    assert results["ann"]["choices"] == dict.fromkeys(SIDES, "B") and results["bo"]["choices"] == dict.fromkeys(SIDES, "A")
    assert results["ann"]["rankings"] == {"oven": ["B", "A", "C"], "bell": ["B", "A"], "clock": ["B", "A", "C"]}
    assert all(each["test"] == test.name for each in results.values())


def test_two_in_the_first_place_are_no_choice(asked):
    village, test = asked
    recipe = load_recipe(village.recipe)
    ask_in_argilla(recipe, test, 1)
    dataset = village.owner.dataset(village.workspace, f"village-blind-{test.name}")
    (record,) = [each for each in village.owner.queue(dataset) if each["external_id"] == "oven"]
    village.owner.answer(record, ranking=[{"value": "A", "rank": 1}, {"value": "C", "rank": 1}, {"value": "B", "rank": 3}])
    assert ask_in_argilla(recipe, test, 1)[2] == []
