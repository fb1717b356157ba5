"""`train launch --on skypilot`: a `sky` that records its calls and makes its machine on loopback, where setup and run are real."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.make import House, one_message
from tests.train import fake_sky
from tests.train.launching import launch, log_at_home, record, start, wait_for
from tests.train.loopback import Loopback, all_libraries_but_ours, running

pytestmark = pytest.mark.slow


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    with running(tmp_path / "cloud", **all_libraries_but_ours(tmp_path)) as box:
        sky = box.folder / "bin/sky"
        sky.write_text(f'#!/bin/sh\nexec {sys.executable} {fake_sky.__file__} {box.folder} "$@"\n')
        sky.chmod(0o755)
        lines = (box.folder / "ssh_config").read_text().splitlines()
        machine = [line for line in lines if line.split()[0] in ("HostName", "Port", "IdentityFile", "IdentitiesOnly")][:4]
        (box.folder / "ssh_machine").write_text("\n".join([*machine, f"UserKnownHostsFile {box.folder}/known_hosts", ""]))
        (box.folder / "session.json").write_text(json.dumps(box.session))
        yield box


def calls(cloud: Loopback) -> list[list[str]]:
    return [json.loads(line) for line in (cloud.folder / "sky.log").read_text().splitlines()]


def test_a_machine_is_made_followed_picked_up_and_torn_down(home: House, cloud: Loopback) -> None:
    said = launch(home, cloud, "--on", "skypilot", "--max-usd", "5", "--detach").stdout
    assert "an hour; training needs" in said and "It runs." in said
    name = f"likeness-{record(home)['id']}"
    task = json.loads((cloud.folder / f"{name}.yaml").read_text())
    assert task["resources"]["accelerators"] == f"{record(home)['device']}:1"
    assert task["resources"]["autostop"] == {"idle_minutes": 120, "down": True}
    following = start(home, cloud)
    wait_for(lambda: "rows " in log_at_home(home), "the log is followed")
    following.kill()
    following.communicate()
    assert "is home and proven whole" in launch(home, cloud).stdout
    assert [words[0] for words in calls(cloud)].count("launch") == 1 and calls(cloud)[-1] == ["down", "--yes", name]
    assert [*cloud.home.iterdir()] == [] and log_at_home(home).count("rows ") == 1


def test_a_machine_is_torn_down_after_a_fault(home: House, cloud: Loopback) -> None:
    (cloud.folder / "session.json").write_text(json.dumps(cloud.session | {"PYTHONPATH": ""}))  # then setup finds no library
    said = launch(home, cloud, "--on", "skypilot", code=3)
    assert "sky launch: " in one_message(said)
    assert calls(cloud)[-1][0] == "down" and record(home)["over"] and [*cloud.home.iterdir()] == []
    os.remove(cloud.folder / "bin/sky")
    assert "there is no `sky` on this machine" in one_message(launch(home, cloud, "--on", "skypilot", code=3))
