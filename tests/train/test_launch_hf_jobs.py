"""`train launch --on hf-jobs`: the real client against a stand-in of the Hub, whose jobs run here and bring a real result home."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from likeness import __version__
from tests.make import House, one_message
from tests.train import jobs_api
from tests.train.jobs_api import TOKEN, Hub
from tests.train.launching import LONGEST, launch, log_at_home, record, start, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with jobs_api.running(tmp_path / "hub") as hub:
        yield hub


def test_a_job_of_a_killed_launcher_is_found_and_comes_home(home: House, hub: Hub) -> None:
    first = start(home, hub, "--on", "hf-jobs", "--max-usd", "1")
    wait_for(lambda: hub.jobs, "the job is started")
    os.kill(first.pid, signal.SIGKILL)  # before it can note the job's id, or after
    first.communicate()
    second = start(home, hub)
    wait_for(lambda: "rows " in log_at_home(home), "the log is followed")
    hub.down = 3
    said, _ = second.communicate(timeout=LONGEST)
    assert second.returncode == 0 and "is home and proven whole" in said, said
    (job,) = hub.jobs.values()
    assert hub.repos == {} and job.stage == "COMPLETED"
    assert job.spec["flavor"] in ("cpu-basic", "l4x1") and job.spec["labels"]["likeness"] == record(home)["id"]
    assert job.spec["timeoutSeconds"] == int(1 / float(str(record(home)["usd_per_hour"])) * 3600), "the ceiling holds there too"
    assert job.spec["secrets"] == {"HF_TOKEN": TOKEN} and TOKEN not in str({**job.spec, "secrets": None})
    assert f"likeness-{__version__}-py3-none-any.whl[train]" in (hub.folder / "pip.log").read_text()
    assert log_at_home(home).count("rows ") == 1
    for path in home.folder.rglob("launch*"):
        assert path.is_dir() or TOKEN not in path.read_text()
    assert "nothing was started" in launch(home, hub, "--on", "hf-jobs").stdout and len(hub.jobs) == 1
    assert home.json("train", "run", home.recipe)["unchanged"]


def test_a_job_that_is_stopped_or_fails_leaves_nothing_that_costs(home: House, hub: Hub) -> None:
    said = launch(home, hub, "--on", "hf-jobs", "--detach").stdout
    assert "It runs." in said and "an hour" in said
    assert "the machine is torn down" in launch(home, hub, "--stop").stdout
    assert [each.stage for each in hub.jobs.values()] == ["CANCELED"] and hub.repos == {}
    going = start(home, hub, "--on", "hf-jobs")
    wait_for(lambda: "rows " in log_at_home(home), "the job trains")
    (train,) = [
        each for each in psutil.Process([*hub.jobs.values()][-1].process.pid).children() if "kitchen.pack" in each.cmdline()
    ]
    train.kill()  # as a system does that is out of memory
    said, _ = going.communicate(timeout=LONGEST)
    assert going.returncode == 3 and "the run on hf-jobs: ended with exit code 137" in said and hub.repos == {}, said


def test_what_the_hub_refuses_is_said_once_and_leaves_nothing(home: House, hub: Hub) -> None:
    hub.refuses_jobs = 402
    assert "settings/billing" in one_message(launch(home, hub, "--on", "hf-jobs", code=3))
    assert hub.repos == {} and record(home)["over"]
    for token, words in (("hf_wrong", "Give HF_TOKEN the rights"), ("", "HF_TOKEN: is not set")):
        other = hub.environment | {"HF_TOKEN": token}
        said, _ = (refused := start(home, hub, "--on", "hf-jobs", **other)).communicate(timeout=LONGEST)
        assert refused.returncode == 2 and words in said and said.count("error: ") == 1, said
