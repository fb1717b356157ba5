"""One server for all recipes of a person: their datasets side by side, and the homes of before moved into it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import pytest

from curate.review.local import move, server
from curate.review.local.names import give_name, name_in
from likeness.errors import MachineError
from tests.make import RECIPE, json_of, rows, write_corpus
from tests.review.people import Person

REVIEWED = RECIPE.split("expect:")[0] + "review: {pairs: all, awaiting: keep}\n"
DECISIONS = "select verdict from decisions order by id"


def project(folder: Path, curate: Any) -> Path:
    """A built recipe in a folder of its own; all are called village."""
    folder.mkdir(parents=True)
    write_corpus(folder, REVIEWED)
    curate(folder, "build")
    return folder


def names(up: dict[str, Any]) -> list[str]:
    return [each["name"] for each in up["datasets"]]


def me(up: dict[str, Any]) -> Person:
    return Person(up["url"], up["username"], up["api_key"])


def records(up: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Of a dataset on the server, in the order of their pairs."""
    person = me(up)
    dataset = person.dataset("review", name)
    assert dataset, name
    return [record for _, record in sorted(person.records(dataset).items())]


def responses(up: dict[str, Any], name: str) -> list[tuple[str, str, str]]:
    """(pair, status, note) of each response on the server."""
    return [
        (record["external_id"], each["status"], (each["values"] or {}).get("note", {}).get("value", ""))
        for record in records(up, name)
        for each in record["responses"]
    ]


@pytest.mark.slow
def test_recipes_in_two_folders_are_side_by_side_on_one_server(tmp_path, own_server, curate):
    """Told as one story because each start takes seconds."""
    notes, letters = project(tmp_path / "notes", curate), project(tmp_path / "letters", curate)
    one = json_of(curate(notes, "review", "up", "--json"))
    other = json_of(curate(letters, "review", "up", "--json"))
    assert (one["url"], one["pid"], one["api_key"]) == (other["url"], other["pid"], other["api_key"])
    assert (names(one), names(other)) == (["village"], ["village-letters"])
    assert own_server.stat().st_mode & 0o777 == 0o700 and not (notes / "build/argilla").exists()

    me(one).answer(records(one, "village")[0], verdict="reject", reasons=["facts"])
    for record in records(one, "village-letters")[:2]:
        me(one).answer(record)
    said = [json_of(curate(folder, "review", "status", "--json")) for folder in (notes, letters)]
    assert [each["review"]["verdicts"] for each in said] == [{"reject": 1}, {"approve": 2}]
    assert {each["pid"] for each in said} == {one["pid"]}

    os.kill(one["pid"], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(one["pid"])] if psutil.pid_exists(one["pid"]) else [], timeout=5)
    moved = letters.rename(tmp_path / "elsewhere")
    copied = shutil.copytree(moved, tmp_path / "copied")
    shutil.rmtree(notes)  # a recipe whose folder is gone does no harm
    up = json_of(curate(moved, "review", "up", "--json"))
    assert names(up) == ["village-letters"], "it keeps its name"
    assert len(responses(up, "village-letters")) == 2 and len(responses(up, "village")) == 1
    assert names(json_of(curate(copied, "review", "up", "--json"))) == ["village-copied"]
    assert rows(copied / "build/village/ledger.db", DECISIONS) == [("approve",), ("approve",)]

    me(up).answer(records(up, "village-letters")[2], verdict="reject", reasons=["voice"])
    shutil.rmtree(moved / "build")  # its decisions come back from the server
    assert "1 pair" not in curate(moved, "build").stdout
    assert sorted(rows(moved / "build/village/ledger.db", DECISIONS)) == [("approve",), ("approve",), ("reject",)]
    fresh = project(tmp_path / "notes", curate)
    assert names(json_of(curate(fresh, "review", "up", "--json"))) in (["village"], ["village-notes"])

    assert json_of(curate(copied, "review", "down", "--json")) == {"stopped": True}
    assert json_of(curate(moved, "review", "status", "--json"))["running"] is False


@pytest.mark.slow
def test_former_homes_are_moved_with_every_answer_and_draft(tmp_path, own_server, curate):
    """The first is copied whole, so that bookmarks stay good; the second is added to it."""
    notes, letters = project(tmp_path / "notes", curate), project(tmp_path / "letters", curate)
    before = {}
    for folder in (notes, letters):
        former = folder / "build/argilla"
        server.up(former)
        curate(folder, "review", "sync")
        status = json_of(curate(folder, "review", "status", "--json"))
        running = server.status(former)
        assert running and status["pid"] == running.pid, "as long as it runs, it is the one"
        up = {"url": running.url, "username": running.username, "api_key": running.api_key}
        fetched, unfetched, draft = records(up, "village")[:3]
        me(up).answer(fetched, note="fetched")
        curate(folder, "review", "sync")
        me(up).answer(unfetched, verdict="reject", note=f"of {folder.name}")
        me(up).answer(draft, status="draft", note="half a thought")
        before[folder.name] = up, responses(up, "village")
        assert len(before[folder.name][1]) == 3
    server.down(notes / "build/argilla")  # and the other still runs

    one = json_of(curate(notes, "review", "up", "--json"))
    assert (one["url"], one["api_key"]) == (before["notes"][0]["url"], before["notes"][0]["api_key"])
    assert one["review"]["decisions"] == 1 and one["review"]["pushed"] == 0
    still = json_of(curate(letters, "review", "status", "--json"))
    assert still["url"] == before["letters"][0]["url"], "a status moves nothing"
    other = json_of(curate(letters, "review", "up", "--json"))
    assert (other["pid"], names(one), names(other)) == (one["pid"], ["village"], ["village-letters"])
    assert other["review"]["pushed"] == 0, "each record is there"
    for up, name, folder in ((one, "village", notes), (other, "village-letters", letters)):
        assert responses(up, name) == before[folder.name][1]
        assert sorted(rows(folder / "build/village/ledger.db", DECISIONS)) == [("approve",), ("reject",)]
        assert not (folder / "build/argilla").exists()
    dataset = me(other).dataset("review", "village-letters")
    assert dataset and len(me(other).queue(dataset, "boat")) > 0, "what was moved is found by its words"
    curate(notes, "review", "down")


def test_a_name_is_a_recipes_own(tmp_path):
    home = tmp_path / "home"
    one, other = tmp_path / "one/build/town", tmp_path / "other/build/town"
    for folder in (home, one, other):
        folder.mkdir(parents=True)
    assert [name_in(home, folder) for folder in (one, other, one, other)] == ["town", "town-other", "town", "town-other"]
    contrasts = tmp_path / "one/build/town-contrasts"
    contrasts.mkdir()
    assert name_in(home, contrasts) == "town-contrasts-one", "town's own contrasts are called so"
    for name in ("town-4", "town-5"):
        (tmp_path / f"{name}/build/town").mkdir(parents=True)
    assert give_name(home, tmp_path / "town-4/build/town", {"town-town-4"}) == "town-2"

    (home / "names.json").write_text("{")
    assert [name_in(home, folder) for folder in (other, one)] == ["town-other", "town"], "the folders say it too"
    (one / "review.name").write_text("../../etc/passwd\n")
    assert name_in(home, one) == "town", "known by its place"
    again = shutil.copytree(tmp_path / "one", tmp_path / "again") / "build/town"
    assert name_in(home, again) == "town-again"
    (tmp_path / "one").rename(tmp_path / "moved")
    one.mkdir(parents=True)  # another project in the place of one that was moved
    assert name_in(home, one) == "town-one"
    assert name_in(home, tmp_path / "moved/build/town") == "town"
    assert json.loads((home / "names.json").read_text())["town"]["folder"] == str(tmp_path / "moved/build/town")


# --- killed at any line ---


@pytest.fixture(scope="module")
def two_homes(tmp_path_factory, curate):
    """Two homes with real databases whose servers were stopped, a dataset with an answer in each."""
    place = tmp_path_factory.mktemp("homes")
    for name in ("former/build/argilla", "other/build/argilla"):
        home = place / name
        home.parent.mkdir(parents=True)
        write_corpus(home.parents[1], REVIEWED)
        curate(home.parents[1], "build")
        running = server.up(home)
        try:
            curate(home.parents[1], "review", "sync")
            up = {"url": running.url, "username": running.username, "api_key": running.api_key}
            me(up).answer(records(up, "village")[0], note=name)
        finally:
            server.down(home)
    return place


def everything(home: Path) -> dict[str, Any]:
    """What a database holds, less what a move gives anew: ids, and the names of datasets."""
    database = sqlite3.connect(home / "argilla.db")
    try:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        assert database.execute("pragma foreign_key_check").fetchall() == []
        held = {}
        for table in move.TABLES:
            columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
            kept = [name for name in columns if name != "id" and (name == "external_id" or not name.endswith("_id"))]
            kept = [name for name in kept if (table, name) != ("datasets", "name")]
            held[table] = sorted(
                map(str, database.execute(f"select {', '.join(map(move._quoted, [[k] for k in kept]))} from {table}"))
            )
        return held
    finally:
        database.close()


def together(*held: dict[str, Any]) -> dict[str, Any]:
    return {table: sorted(row for each in held for row in each[table]) for table in held[0] if table != "workspaces_users"}


def killed_at(line: int, former: Path, home: Path) -> bool:
    """Move in another process that ends at its `line`th line of ours, as if it were killed; whether it came that far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal seen
            if not frame.f_code.co_filename.endswith(("local/move.py", "local/names.py")):
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    os._exit(9)
            return trace

        sys.settrace(trace)
        try:
            move.move_in(former, home)
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.slow
@pytest.mark.parametrize("way", ["copied", "added"])
def test_a_move_that_is_killed_at_any_line_loses_and_doubles_nothing(two_homes, tmp_path, monkeypatch, way):
    """No server runs here: the database that is added to has its tables already."""
    monkeypatch.setattr(server, "up", lambda home: None)
    held = [everything(two_homes / name) for name in ("former/build/argilla", "other/build/argilla")]
    wanted = together(*held) if way == "added" else together(held[0])
    assert wanted["records"] and wanted["responses"] and wanted["vectors"]
    line, went_on = 0, True
    while went_on:
        line += 1 if line < 40 else 15
        place = tmp_path / str(line)
        shutil.copytree(two_homes / "former", place / "former")
        former, home = place / "former/build/argilla", place / "home"
        if way == "added":
            shutil.copytree(two_homes / "other/build/argilla", home)
            name_in(home, two_homes / "other/build/village")
        went_on = killed_at(line, former, home)
        assert move.holds_data(former) or move.holds_data(home)
        move.move_in(former, home) if former.exists() else None
        assert together(everything(home)) == wanted, line
        assert not former.exists() or not move.holds_data(former)
        database = sqlite3.connect(home / "argilla.db")
        names = sorted(name for (name,) in database.execute("select name from datasets"))
        database.close()
        assert names == ["village"] + (["village-former"] if way == "added" else []), line
        shutil.rmtree(place)
    assert line > 60


def test_a_damaged_former_home_is_named_and_left(tmp_path):
    former, home = tmp_path / "build/argilla", tmp_path / "home"
    former.mkdir(parents=True)
    (former / "argilla.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(MachineError, match="file is not a database") as told:
        move.move_in(former, home)
    assert told.value.where == str(former) and f"mv {former} {former}-aside" in str(told.value.fix)
    assert (former / "argilla.db").exists() and not (home / "argilla.db").exists()
