"""Killed at any moment, crowded, out of room: what Argilla acknowledged is there."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest

from curate.model import Pair, Turn
from curate.review.argilla import ReviewDataset, connect
from curate.review.local import server
from curate.review.page import VECTOR, record_of, settings_of
from curate.review.vectors import vectors_of
from likeness.errors import MachineError
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Review
from tests.review.people import Person

pytestmark = pytest.mark.slow  # servers are started, killed and started again

RECIPE = load_recipe(Path(__file__).parents[2] / "recipes/demo/recipe.yaml")


def pairs(first, last):
    """Made-up pairs, each with a number in its answer."""
    return [
        Pair(
            f"pair-{n:05}",
            "pair",
            (Turn("user", f"What of lock {n}?"),),
            f"It is {n} steps down and as many up. " * 12,
            "pairs.jsonl",
        )
        for n in range(first, last)
    ]


def open_desk(review, key, monkeypatch):
    monkeypatch.setenv("ARGILLA_API_KEY", key)
    return ReviewDataset(connect(review), review.workspace, RECIPE.name, settings_of(RECIPE), review.min_submitted)


def push(desk, some, done=lambda count: None):
    desk.push([record_of(pair, None, [], [], []) for pair in some], vectors_of([pair.response for pair in some]), VECTOR, done)


class Submitting(threading.Thread):
    """A reviewer who answers one record after the other, until told to stop or the server is gone."""

    def __init__(self, person, records, stop):
        super().__init__(daemon=True)
        self.person, self.records, self.stop = person, records, stop
        self.acknowledged: dict[str, int] = {}
        self.refused: list[str] = []

    def run(self):
        for number, record in enumerate(self.records):
            if self.stop.is_set():
                return
            try:
                self.person.answer(record, sounds_like_me=number % 5 + 1, note=f"{self.person.name} {number}")
                self.acknowledged[record["external_id"]] = number
            except httpx.HTTPStatusError as error:
                self.refused.append(error.response.text)
            except httpx.TransportError:
                return


def notes_on(desk, reviewer):
    return {
        laid.pair: answer.values["note"]["value"]
        for laid in desk.records()
        for answer in laid.answers
        if answer.reviewer == reviewer and answer.status == "submitted"
    }


def test_a_killed_server_has_every_answer_that_it_acknowledged(tmp_path, monkeypatch):
    home = tmp_path / "argilla"
    acknowledged: dict[str, str] = {}
    try:
        for kill in range(3):
            running = server.up(home)
            desk = open_desk(Review(argilla=running.url), running.api_key, monkeypatch)
            me = Person(running.url, running.username, running.api_key)
            assert notes_on(desk, running.username).items() >= acknowledged.items()
            push(desk, pairs(100 * kill, 100 * kill + 100))
            (dataset,) = [each["id"] for each in me.get("me/datasets")["items"]]
            answered = notes_on(desk, running.username)  # a kill may fall between an answer and its record's new status
            waiting = [
                record
                for record in me.records(dataset).values()
                if record["status"] == "pending" and record["external_id"] not in answered
            ]
            at_once = [
                Submitting(Person(running.url, me.name, me.api_key), waiting[part::3], threading.Event()) for part in range(3)
            ]
            assert len(at_once) == 3
            for each in at_once:
                each.start()
            until = time.monotonic() + 30
            while sum(len(each.acknowledged) for each in at_once) < 5 + 4 * kill and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(running.pid, signal.SIGKILL)
            for each in at_once:
                each.join(30)
                assert not each.is_alive()
                assert each.refused == []
                acknowledged |= {pair: f"{me.name} {number}" for pair, number in each.acknowledged.items()}
        running = server.up(home)
        desk = open_desk(Review(argilla=running.url), running.api_key, monkeypatch)
        assert len(acknowledged) >= 5 + 9 + 13
        kept = notes_on(desk, running.username)
        assert kept.items() >= acknowledged.items()
        assert len(kept) - len(acknowledged) <= 3 * 3, "more is there only where the answer came and its acknowledgement did not"
        assert sum(1 for _ in desk.records()) == 300
    finally:
        server.down(home)


def test_four_reviewers_answer_at_once_while_a_thousand_records_are_pushed(village, monkeypatch, owner):
    town = village("pairs: all")
    review = load_recipe(town.recipe).review
    desk = open_desk(review, owner.api_key, monkeypatch)
    push(desk, pairs(0, 60))
    (dataset,) = [each["id"] for each in owner.get("me/datasets", workspace_id=town.workspace_id)["items"]]
    records = list(owner.records(dataset).values())
    stop = threading.Event()
    people = [Submitting(town.person(name), records, stop) for name in ("ada", "ben", "cleo", "dan")]
    for each in people:
        each.start()
    told = []
    push(desk, pairs(60, 1060), told.append)
    stop.set()
    for each in people:
        each.join(60)
    assert told[-1] == 1000
    assert len(people) == 4
    assert sum(1 for _ in desk.records()) == 1060
    for each in people:
        assert each.refused == []
        assert len(each.acknowledged) > 3, "nobody was kept waiting by the push"
        assert notes_on(desk, each.person.name) == {pair: f"{each.person.name} {n}" for pair, n in each.acknowledged.items()}


def test_a_disk_that_fills_up_loses_no_answer_and_work_goes_on(tmp_path, monkeypatch):
    home, library = tmp_path / "argilla", tmp_path / "full_disk.so"
    source = Path(__file__).with_name("full_disk.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    with monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(library))
        patch.setenv("FULL_DISK", str(home))
        patch.setattr(server, "NEEDED", {*server.NEEDED, "LD_PRELOAD", "FULL_DISK"})  # nothing else of ours reaches it
        running = server.up(home)
    try:
        review = Review(argilla=running.url)
        desk = open_desk(review, running.api_key, monkeypatch)

        def afresh():
            """The owner by a new connection: the server closes one on which it failed."""
            return Person(running.url, running.username, running.api_key)

        me = afresh()
        push(desk, pairs(0, 20))
        (dataset,) = [each["id"] for each in me.get("me/datasets")["items"]]
        waiting = me.queue(dataset)
        for number, record in enumerate(waiting[:5]):
            me.answer(record, note=f"before {number}")
        before = notes_on(desk, me.name)
        assert len(before) == 5

        (home / "full").touch()
        for record in waiting[5:10]:
            with pytest.raises(httpx.HTTPStatusError, match="500"):
                afresh().answer(record, note="no room")
        with pytest.raises(MachineError, match="Argilla failed"):
            push(desk, pairs(20, 40))
        desk = open_desk(review, running.api_key, monkeypatch)
        assert notes_on(desk, me.name) == before, "what is there can still be read"

        (home / "full").unlink()
        assert notes_on(desk, me.name) == before
        me = afresh()
        for number, record in enumerate(me.queue(dataset)):
            me.answer(record, note=f"after {number}")
        push(desk, pairs(20, 40))
        assert len(notes_on(desk, me.name)) == 20
        assert len(me.queue(dataset, "lock")) == 20
    finally:
        server.down(home)
