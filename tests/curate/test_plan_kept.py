"""A plan is a few facts a request, kept in the ledger: what is written out from them is what was planned."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from curate.engine.engine import Here, parts_of
from curate.generate import planning
from curate.generate.asked_again import asked_again
from curate.generate.planned import Plan
from curate.generate.planning import make_plan
from curate.generate.requests import Asking
from curate.generate.voice_samples import VoiceSamples
from curate.ledger.ledger import Ledger
from curate.llm.ask import key_of
from curate.model import Stage, content_hash
from curate.read.passages import cut
from curate.read.read import find_files, read_sources
from likeness.recipe.load import load_recipe

from .asked import requests_for

RECIPE = """\
name: kept
persona: {name: the keeper, description: Plain., system_prompt: You keep a lock.}
sources: [{path: "documents/*", rights: own}]
passages: {max_tokens: 60}
generate:
  provider: anthropic
  model: claude-haiku-5-5
  kinds: [{kind: question_answer, per_passage: 2}, {kind: own_words, per_passage: 1}, {kind: essay, per_document: 1}]
"""
COUNT = 7


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger(tmp_path / "kept.db")) as kept:
        yield kept


def write(folder: Path, number: int, word: str) -> None:
    (folder / "documents").mkdir(exist_ok=True)
    days = "The {word} of day {day} was read in part {part}, and it was entered by hand before noon."
    parts = [
        "\n\n".join([f"## Part {part}", *(days.format(word=word, day=number + day / 8, part=part) for day in range(8))])
        for part in range(3)
    ]
    (folder / f"documents/{number}.md").write_text("\n\n".join(parts), encoding="utf-8")


def plan_of(folder: Path, ledger: Ledger) -> tuple[Plan, Asking, list]:
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    recipe = load_recipe(folder / "recipe.yaml")
    documents = read_sources(find_files(recipe, folder), ledger, Stage("read"), lambda *_: None).documents
    asking = Asking(recipe, VoiceSamples())
    return make_plan(asking, documents.by_path, ledger, Here()).plan, asking, list(documents)


def test_requests_are_as_planned_and_only_changes_are_planned_again(tmp_path, ledger, monkeypatch):
    for number in range(COUNT):
        write(tmp_path, number, "gauge")
    plan, asking, documents = plan_of(tmp_path, ledger)
    written = requests_for(asking.recipe, documents, {each.path: cut(each, 60) for each in documents}, VoiceSamples())
    assert len(written) > 5 * COUNT
    assert list(plan.values()) == written
    assert list(plan) == [key_of(each, "claude-haiku-5-5") for each in written]
    assert list(plan.sizes()) == [each.size for each in written]

    (tmp_path / "documents/the same.md").write_text((tmp_path / "documents/0.md").read_text())
    assert list(plan_of(tmp_path, ledger)[0].values()) == written  # what is there twice is asked about once

    parts = []
    one = planning._plan_part
    monkeypatch.setattr(planning, "_plan_part", lambda given, part: parts.extend(each.path for each in part) or one(given, part))
    assert list(plan_of(tmp_path, ledger)[0].values()) == written
    assert parts == []
    write(tmp_path, 3, "lamp")
    again = plan_of(tmp_path, ledger)[0]
    assert parts == ["documents/3.md"]
    assert {each.document for each in again.values() if each not in written} == {"documents/3.md"}


def test_keys_are_those_of_earlier_versions(tmp_path, ledger):
    write(tmp_path, 1, "gauge")
    asked = dict(plan_of(tmp_path, ledger)[0])
    parts = ((request.keyed_system, request.user, request.schema) for request in asked.values())
    assert list(asked) == [content_hash("claude-haiku-5-5", *each, length=32) for each in parts] != []


def test_a_plan_knows_what_is_answered_and_what_need_not_be(tmp_path, ledger):
    for number in range(COUNT):
        write(tmp_path, number, "gauge")
    plan, *_ = plan_of(tmp_path, ledger)
    first, second, *others = plan
    ledger.add_request(first, "question_answer", "documents/0.md", None, {"system": "S", "user": "U", "schema": {}})
    kept = dict.fromkeys(("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens"), 1)
    said = {"provider": "anthropic", "model": "m", "text": json.dumps({"pairs": []}), "stop_reason": "end_turn", "usd": 0.5}
    ledger.add_response(first, kept | said)
    assert list(plan.without({second}).missing()) == others
    assert [(size.kind, [row.usd for row in rows]) for size, rows in plan.answered()] == [(plan[first].kind, [0.5])]
    assert len(plan) == len(others) + 2


def test_only_what_was_asked_of_another_model_is_said_to_be_asked_again(tmp_path, ledger):
    write(tmp_path, 1, "gauge")
    plan, asking, _ = plan_of(tmp_path, ledger)
    first, second, *_ = plan.items()
    said = dict.fromkeys(("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens", "usd"), 1)
    said |= {"provider": "anthropic", "model": "m", "text": '{"pairs": [', "stop_reason": "max_tokens"}

    def keep_answer(key, request):
        body = {"system": request.system, "user": request.user, "schema": request.schema}
        ledger.add_request(key, request.kind, request.document, request.passage, body)
        ledger.add_response(key, said)
        return asked_again(plan, (), asking.recipe.generate, ledger)

    assert keep_answer(*first) is None, "its own answer was cut"
    assert "1 answer is asked for again, because the model is another" in keep_answer("another", second[1]).in_words()


def test_what_all_requests_begin_with_is_kept_once_and_older_rows_are_read(tmp_path, ledger):
    body = {"system": "S" * 5000, "user": "one", "schema": {"type": "object"}}
    for key in ("a", "b"):
        ledger.add_request(key, "essay", "a.md", None, body | {"user": key})
    ledger._db.execute("insert into requests values ('old', 'essay', 'a.md', null, ?, 0)", (json.dumps(body),))
    assert [ledger.request(key).body for key in ("a", "old")] == [body | {"user": "a"}, body]
    assert ledger._db.execute("select max(length(body)) from requests where key != 'old'").fetchone()[0] < 200


def test_parts_are_taken_when_they_are_asked_for():
    taken = []

    class Items(list):
        def __getitem__(self, at):
            taken.append(at)
            return super().__getitem__(at)

    parts = parts_of(Items(range(10)), 4)
    assert (len(parts), taken) == (3, [])
    assert list(parts) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(parts[1:]) == [[4, 5, 6, 7], [8, 9]]
