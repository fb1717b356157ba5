"""A build on Ray: the same bytes as in one process, on one node and on three of which one dies; nothing is lost and nothing phones home."""

import importlib
import json
import os
import random
import subprocess
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from curate.engine import on_ray
from curate.engine.on_ray import OnRay
from likeness.errors import CallError, MachineError
from tests import engine_steps as steps
from tests.make import CURATE, call, environment, write_corpus

os.environ.update(on_ray.PRIVATE | on_ray.ALONE)  # before Ray is imported: the clusters of these tests stay on this machine
ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow

STORE = 80 * 2**20
"""The smallest object store that Ray takes, nearly."""
VOCABULARY = [a + b + c for a in "bdfglmnprstvw" for b in ("an", "el", "or", "ist", "und") for c in ("", "a", "er", "ing")]
RECIPE_MORE = """\
  - expect_voice_distance_quantile_to_be_at_most: {max_distance: 1.0, severity: warning}
"""


@pytest.fixture
def cluster(monkeypatch):
    """Three nodes with a processor each, whose addresses are RAY_ADDRESS."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False})
    made.others = [made.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def alone(monkeypatch):
    """No cluster: each call starts its own."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_a_killed_worker_loses_nothing(alone, tmp_path):
    with OnRay(0.5) as engine:
        assert list(engine.map(steps.killed_once, tmp_path, range(20))) == [n * n for n in range(20)]
        assert (tmp_path / "was killed").exists()
        with pytest.raises(CallError) as raised:
            list(engine.map(steps.wrong, None, range(20)))
        assert str(raised.value) == "here: part two is wrong\nLeave it out."
        with pytest.raises(MachineError, match="Ray could not finish a step"):
            list(engine.map(steps.killed_always, None, range(4)))
    assert not ray.is_initialized()


def test_it_listens_on_the_loopback_interface_alone_and_sends_nothing(alone):
    before = set(psutil.Process().children(recursive=True))
    with OnRay(0.5) as engine:
        assert list(engine.map(steps.add, 1, [[1], [2]])) == [2, 3]
        ours = [psutil.Process(), *(set(psutil.Process().children(recursive=True)) - before)]
        ports = [each for process in ours for each in process.net_connections("inet") if each.status == psutil.CONN_LISTEN]
        assert len(ports) > 3
        assert {each.laddr.ip.removeprefix("::ffff:") for each in ports} == {"127.0.0.1"}
        assert 8265 not in {each.laddr.port for each in ports}, "the dashboard's"
        from ray._common.usage import usage_lib

        assert not usage_lib.usage_stats_enabled()


def test_a_worker_that_is_given_more_than_any_machine_has_is_refused(alone):
    with (
        OnRay(100_000) as engine,
        pytest.raises(MachineError, match=r"a worker is given 100000 GB, and Ray's largest machine has"),
    ):
        list(engine.map(steps.add, 1, [[1]]))


def test_a_cluster_that_is_not_there_is_one_message(tmp_path):
    path = write_corpus(tmp_path)
    done = call(
        "curate",
        tmp_path,
        "build",
        str(path),
        "--engine",
        "ray",
        code=3,
        env={"RAY_ADDRESS": "127.0.0.1:1"},
    )
    assert "127.0.0.1:1: Ray cannot be reached" in done.stderr


def test_a_machine_with_another_version_of_likeness_is_refused():
    with pytest.raises(CallError, match="a machine of the cluster has likeness"):
        on_ray._run(steps.add, [], [1], "0.0.1")


def test_without_ray_the_fix_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CallError, match=r"pip install 'likeness\[ray\]'"):
        OnRay(1.0)


def test_an_object_store_that_is_too_small_spills(cluster):
    """Each result has 20 MB, several wait for the first, and the store has 80."""
    with OnRay(0.3) as engine:
        results = engine.map(steps.large, np.full(3_000_000, 7), range(24))
        first = next(results)
        time.sleep(3)  # the others are ready meanwhile
        session = Path(cluster.head_node.get_session_dir_path())
        assert sum(path.stat().st_size for path in session.glob("ray_spilled_objects*/*")) > 20_000_000
        assert [each.sum() for each in (first, *results)] == [2_500_000 * (n + 7) for n in range(24)]


def test_a_dataset_is_the_same_bytes_wherever_its_steps_run(tmp_path, cluster):
    """In one process, in several, on Ray with one node, and with three of which one is killed half-way."""
    made = {name: corpus(tmp_path / name) for name in ("here", "processes", "ray", "nodes")}
    alone = {name: value for name, value in environment().items() if name != "RAY_ADDRESS"}
    for name in ("here", "processes", "ray"):
        build(made[name], name, alone).communicate(timeout=400)
    running = build(made["nodes"], "ray", environment())
    said = []
    for line in running.stderr:
        said.append(line)
        if line.startswith("generate"):  # the checks are next
            time.sleep(2)
            cluster.remove_node(cluster.others[0], allow_graceful=False)
            break
    said += running.communicate(timeout=400)[1].splitlines(keepends=True)
    assert running.returncode == 0, "".join(said)
    seconds = next(float(line.split(" s ")[0].split()[-1]) for line in said if line.startswith("screen"))
    assert seconds > 2, "the node died after the checks"
    assert nodes_alive(cluster.address, 2) == 2
    expected = files_of(made["here"])
    assert len(expected) > 5
    for name in ("processes", "ray", "nodes"):
        assert files_of(made[name]) == expected, name
    assert len({json.dumps(findings_of(folder)) for folder in made.values()}) == 1


def nodes_alive(address: str, expected: int) -> int:
    """How many nodes Ray counts as alive: it may take a minute to see that one is dead."""
    ray.init(address, log_to_driver=False)
    try:
        for _ in range(60):
            alive = sum(node["Alive"] for node in ray.nodes())
            if alive == expected:
                break
            time.sleep(1)
        return alive
    finally:
        ray.shutdown()


def corpus(folder: Path) -> Path:
    """The village, 350 more documents and 3,600 ready pairs: enough that every step has many parts."""
    folder.mkdir()
    path = write_corpus(folder)
    for n in range(350):
        text = (
            f"# Number {n}\n\nI rang bell {n} in the morning, and {n + 3} people came up the hill to ask why I had done it.\n" * 4
        )
        (folder / f"documents/more{n}.md").write_text(text)
    lines = []
    for n in range(3_600):
        same = n - n % 9 if n % 9 > 6 else n  # some rows say nearly what another says
        words = random.Random(same).choices(VOCABULARY, k=14)
        said = f"On day {same} I thought of {' '.join(words[:7])} and then of {' '.join(words[7:])}, and so to bed. "
        lines.append(json.dumps({"instruction": f"What did you think of on day {n}?", "output": f"{said}It was day {n}."}))
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n")
    text = path.read_text().replace("passages:", "  - {path: rows.jsonl, as: pairs, rights: own}\npassages:")
    path.write_text(
        text.replace("split:", RECIPE_MORE + "split:").replace(
            "expect_column_values_to_not_be_null: {column: quote}", "expect_column_values_to_not_be_null: {column: kind}"
        )
    )
    return path


def build(path: Path, engine: str, variables: dict[str, str]) -> subprocess.Popen:
    command = [CURATE, "build", str(path), "--engine", engine, "--set", "worker_gb=0.4", "--json"]
    return subprocess.Popen(command, env=variables, cwd=path.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def files_of(path: Path) -> dict[str, bytes]:
    """The newest dataset's files but the manifest, which says when and how long; its rows' fingerprint is the folder's name."""
    (folder,) = (each for each in (path.parent / "build/village/dataset").iterdir() if each.is_dir())
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.name != "manifest.json")
    return {f"{folder.name}/{each.relative_to(folder)}": each.read_bytes() for each in files}


def findings_of(path: Path) -> list:
    from tests.make import rows

    return rows(
        path.parent / "build/village/ledger.db",
        "select pair, check_name, severity, score, message, span from findings order by rowid",
    )
