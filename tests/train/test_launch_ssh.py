"""`train launch --on ssh`: a real run on a real sshd, with connections, launchers and jobs that are killed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from likeness import __version__
from tests.make import BIN, House, environment, one_message
from tests.train.launching import LONGEST, launch, log_at_home, record, runs, start, wait_for
from tests.train.loopback import Loopback, all_libraries_but_ours, running

pytestmark = pytest.mark.slow


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Loopback]:
    with running(tmp_path / "box") as box:
        yield box


def processes_of(box: Loopback) -> list[psutil.Process]:
    """Jobs that run on the box."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(box.home / ".likeness")):
                found.append(process)
        except psutil.Error:
            continue
    return found


LONGER = ("--set", "evaluate.samples=8", "--set", "evaluate.cells=all")
"""Than a test needs to stop it, on any machine."""


def is_torn_down(box: Loopback) -> bool:
    return [*box.home.iterdir()] == [] and not processes_of(box)


def test_a_run_goes_out_survives_dropped_connections_and_comes_home_proven(home: House, box: Loopback) -> None:
    going = start(home, box, "--on", "ssh", "box", "--env", "KITCHEN_SECRET", KITCHEN_SECRET="s3cret-of-mine", PRIVATE="never")
    wait_for(lambda: "rows " in log_at_home(home), "the first line of the log")
    (job,) = [each for each in processes_of(box) if "run kitchen.pack" in " ".join(each.cmdline())]
    assert job.environ()["KITCHEN_SECRET"] == "s3cret-of-mine" and "PRIVATE" not in job.environ()
    (folder,) = box.launches
    assert folder.stat().st_mode & 0o077 == 0
    for path in [*folder.iterdir(), *home.folder.rglob("launch/*")]:
        assert b"s3cret-of-mine" not in (path.read_bytes() if path.is_file() else b""), path
    for _ in range(3):  # each time a new connection is made
        wait_for(box.connections, "the connection is back")
        box.drop()
    box.halt()
    time.sleep(4)
    box.serve()
    said, _ = going.communicate(timeout=LONGEST)
    assert going.returncode == 0, said
    assert "the connection to box failed" in said and "box answers again" in said
    lines = [line for line in said.splitlines() if re.match(r"(rows|train|merge|export|probe) +", line)]
    assert [line.split()[0] for line in lines] == ["rows", "train", "merge", "export", "probe"], said  # no line lost, none twice
    assert "is home and proven whole" in said and is_torn_down(box)
    run = home.folder / "kitchen/build/kitchen/runs" / str(Path(str(record(home)["run"])).name)
    assert json.loads((run / "launch.json").read_text(encoding="utf-8"))["on"] == "ssh"
    assert "nothing was started" in launch(home, box, "--on", "ssh", "box").stdout
    assert home.json("train", "run", home.recipe)["unchanged"]
    assert sorted(path.name for path in run.parents[1].glob("launch/[!.]*")) == ["launch.json", "log.txt"]


def test_a_killed_launcher_is_followed_by_one_that_starts_nothing(home: House, box: Loopback) -> None:
    first = start(home, box, "--on", "ssh", "box")
    wait_for(lambda: box.launches and (box.launches[0] / "child").is_file(), "the job is started")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    (folder,) = box.launches
    child = (folder / "child").read_text()
    place = home.folder / "kitchen/build/kitchen/launch/launch.json"
    place.write_text(json.dumps(record(home) | {"notes": {}}))  # as where it is killed before it can note anything
    second = start(home, box)
    wait_for(lambda: "rows " in log_at_home(home), "the log goes on", second)
    second.send_signal(signal.SIGINT)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 130 and f"train launch {home.recipe} --stop" in said and "picks up the run on box" in said
    assert "error" not in said and psutil.pid_exists(int(child))
    refused = one_message(launch(home, box, "--on", "ssh", "stranger", code=2))
    assert "a run of this recipe is under way on box" in refused
    last = launch(home, box)
    assert "is home and proven whole" in last.stdout and is_torn_down(box)
    assert log_at_home(home).count("rows ") == 1, "it was started once"


def test_a_job_that_is_cut_off_there_goes_on_from_what_it_has(home: House, box: Loopback) -> None:
    first = start(home, box, "--on", "ssh", "box")
    wait_for(lambda: "rows " in log_at_home(home), "the job trains")
    for process in processes_of(box):
        process.kill()
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 3 and "was cut off there" in said and said.count("error: ") == 1
    (folder,) = box.launches
    assert (folder / "kitchen.work").is_dir()
    assert "is home and proven whole" in launch(home, box).stdout and is_torn_down(box)


def test_the_ceiling_stops_a_run_and_what_it_saved_comes_home(home: House, box: Loopback) -> None:
    said = launch(home, box, "--on", "ssh", "box", "--usd-per-hour", "3600", "--max-usd", "20", *LONGER, code=1)
    assert "$3,600.00 an hour" in said.stdout and "the ceiling of $20.00 is reached" in said.stdout
    assert "was stopped at its ceiling" in one_message(said) and is_torn_down(box)
    place = home.folder / "kitchen/build/kitchen/launch" / str(record(home)["id"])
    assert (place / "kitchen.work/recipe.yaml").is_file() and (place / "kitchen.pack").is_file()
    assert f"train run {place / 'kitchen.pack'}" in said.stdout
    assert record(home)["over"] and record(home)["run"] is None


def test_the_ceiling_holds_on_the_box_where_nobody_watches(home: House, box: Loopback) -> None:
    said = launch(home, box, "--on", "ssh", "box", "--usd-per-hour", "3600", "--max-usd", "5", "--detach")
    assert "It runs." in said.stdout
    (folder,) = box.launches
    wait_for(lambda: (folder / "exit").is_file(), "the box stops it by itself")
    assert (folder / "exit").read_text().strip() == "130" and not (folder / "kitchen.result").exists()
    found = launch(home, box, code=1)
    assert "the ceiling of $5.00 is reached" in found.stdout and "was stopped at its ceiling" in one_message(found)
    assert is_torn_down(box)


def test_a_run_can_be_stopped_from_anywhere(home: House, box: Loopback) -> None:
    launch(home, box, "--on", "ssh", "box", "--detach", *LONGER)
    follower = start(home, box)
    wait_for(lambda: "rows " in log_at_home(home), "the job trains")
    assert "tears down" in launch(home, box, "--stop").stdout.replace("torn down", "tears down")  # whoever comes first
    said, _ = follower.communicate(timeout=60)
    assert follower.returncode == 3 and "was stopped" in said and is_torn_down(box)
    assert "no run of this recipe is under way" in one_message(launch(home, box, "--stop", code=2))
    launch(home, box, "--on", "ssh", "box", "--detach")
    assert "the machine is torn down" in launch(home, box, "--stop").stdout and is_torn_down(box)


@pytest.mark.parametrize(("answer", "stops"), [("y", True), ("n", False)])
def test_ctrl_c_at_a_terminal_asks_whether_to_stop_it(home: House, box: Loopback, answer: str, stops: bool) -> None:
    ours, theirs = pty.openpty()
    going = subprocess.Popen(
        [BIN / "train", "launch", home.recipe, "--on", "ssh", "box"],
        cwd=home.folder,
        env=environment(**box.environment),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    said = bytearray()

    def read() -> None:
        with suppress(OSError):
            while piece := os.read(ours, 4096):
                said.extend(piece)

    threading.Thread(target=read, daemon=True).start()
    wait_for(lambda: "rows " in log_at_home(home), "the job trains")
    going.send_signal(signal.SIGINT)
    wait_for(lambda: b"leaves it running" in said, "it asks")
    os.write(ours, f"{answer}\n".encode())
    going.wait(LONGEST)
    assert going.returncode == 130 and b"Traceback" not in said
    assert is_torn_down(box) == stops and bool(record(home)["over"]) == stops
    assert stops or f"train launch {home.recipe} --stop".encode() in said
    assert stops or "torn down" in launch(home, box, "--stop").stdout


def test_a_run_that_fails_there_says_so_once_and_leaves_nothing(home: House, box: Loopback) -> None:
    going = start(home, box, "--on", "ssh", "box")
    wait_for(lambda: "rows " in log_at_home(home), "the job trains")
    os.kill(int((box.launches[0] / "child").read_text()), signal.SIGKILL)  # as a system does that is out of memory
    said, _ = going.communicate(timeout=LONGEST)
    assert going.returncode == 3 and said.count("error: ") == 1 and is_torn_down(box)
    assert "the run on box: ended with exit code 137" in said and "log.txt" in said
    dropped = launch(home, box, "--on", "ssh", "box", "--set", "train.sft.max_length=64", code=2)
    assert "the run on box" not in one_message(dropped), "what can be seen here is not sent"


def test_what_cannot_work_is_said_before_anything_is_started(home: House, box: Loopback, tmp_path: Path) -> None:
    assert "ssh gone true" in one_message(launch(home, box, "--on", "ssh", "gone", code=3))
    assert "Host key verification failed" in one_message(launch(home, box, "--on", "ssh", "stranger", code=3))
    assert "says no host" in one_message(launch(home, box, "--on", "ssh", code=2))
    assert "says no host" in one_message(launch(home, box, "--on", "ssh", "--", "-oProxyCommand=true", code=2))
    assert "says no machine" in one_message(launch(home, box, code=2))
    assert "is none of ssh" in one_message(launch(home, box, "--on", "moon", code=2))
    assert "is not set" in one_message(launch(home, box, "--on", "ssh", "box", "--env", "NOT_SET", code=2))
    dear = ("--usd-per-hour", "3600", "--max-usd", "0.10")
    assert "it would cost about $" in one_message(launch(home, box, "--on", "ssh", "box", *dear, code=1))
    assert is_torn_down(box) and not runs(home) and not (home.folder / "kitchen/build/kitchen/launch/launch.json").exists()
    with running(tmp_path / "bare", PATH="/usr/bin:/bin") as bare:
        assert f"no `train` of likeness {__version__}" in one_message(launch(home, bare, "--on", "ssh", "box", code=3))
        other = bare.folder / "other/bin/train"
        other.parent.mkdir(parents=True)
        other.write_text("#!/bin/sh\necho likeness 0.0.9\n")
        other.chmod(0o755)
        said = one_message(launch(home, bare, "--on", "ssh", "box", "--train", str(other.parents[1]), code=3))
        assert f"it has likeness 0.0.9, and here is {__version__}" in said
        assert is_torn_down(bare)


def test_this_version_is_installed_there_from_a_wheel_that_is_sent(home: House, tmp_path: Path) -> None:
    """The box has every library but ours, and no network."""
    variables = all_libraries_but_ours(tmp_path)
    with running(tmp_path / "bare", **variables) as bare:
        said = launch(home, bare, "--on", "ssh", "box", "--install")
        assert "is home and proven whole" in said.stdout
        assert [path.name for path in (bare.home / ".likeness").iterdir()] == ["venv"]
        made = subprocess.run(
            [bare.home / ".likeness/venv/bin/train", "--version"],
            capture_output=True,
            text=True,
            env=variables,
        )
        assert made.stdout.strip() == f"likeness {__version__}"
