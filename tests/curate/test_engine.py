"""Steps mapped in this process and in several: the same results in order, whatever is killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from curate.engine.engine import IMPORTS, Here, engine_of, parts_of
from curate.engine.processes import Processes, workers_that_fit
from curate.model import Pair, Turn
from curate.screen import duplicates
from curate.screen.duplicates import best_first, find_duplicates
from likeness.errors import CallError, MachineError
from likeness.recipe.load import load_recipe
from tests import engine_steps as steps
from tests.make import write_corpus

ROOT = Path(__file__).parents[2]
TWO = Processes(2)


@pytest.mark.parametrize("engine", [Here(), TWO])
def test_results_come_in_the_order_of_the_parts(engine):
    parts = parts_of(range(1000), 7)
    assert sum(map(len, parts)) == 1000
    assert list(engine.map(steps.add, 5, parts)) == [5 + sum(part) for part in parts]
    assert list(engine.map(steps.add, 5, [])) == []


def test_work_is_shared_among_processes_where_it_is_worth_it():
    there = set(TWO.map(steps.where, None, range(4)))
    assert len(there) == 2 and os.getpid() not in there
    assert set(TWO.map(steps.where, None, range(4), worth=5)) == {os.getpid()}


def test_a_killed_process_loses_nothing(tmp_path):
    assert list(TWO.map(steps.killed_once, tmp_path, range(40))) == [n * n for n in range(40)]
    assert (tmp_path / "was killed").exists()


def test_a_part_that_always_kills_its_process_ends_with_one_message():
    results = TWO.map(steps.killed_always, None, range(40))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(MachineError, match="killed 3 times at the same rows"):
        next(results)


def test_what_a_step_raises_is_raised_whole_and_no_process_is_left():
    with pytest.raises(CallError) as raised:
        list(TWO.map(steps.wrong, None, range(40)))
    assert str(raised.value) == "here: part two is wrong\nLeave it out."
    assert multiprocessing.active_children() == []


def test_a_caller_that_stops_leaves_no_process(tmp_path):
    results = TWO.map(steps.slow, tmp_path, range(40))
    assert next(results) == 0
    results.close()
    assert multiprocessing.active_children() == []


def test_workers_of_a_killed_process_end_as_well(tmp_path):
    code = f"from tests import engine_steps as s; from curate.engine.processes import Processes; from pathlib import Path; list(Processes(2).map(s.slow, Path({str(tmp_path)!r}), range(400)))"
    driver = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while len(list(tmp_path.iterdir())) < 2:
        assert driver.poll() is None
        time.sleep(0.05)
    workers = [psutil.Process(int(path.name)) for path in tmp_path.iterdir()]
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert psutil.wait_procs(workers, timeout=5)[1] == []


def test_nothing_is_forked_while_another_thread_imports():
    """A child would wait for the import's lock for ever."""
    seen = []

    def importing():
        time.sleep(0.3)
        seen.append("imported")

    thread = threading.Thread(target=importing, name=IMPORTS)
    thread.start()
    list(TWO.map(steps.add, 0, [[1], [2]]))
    assert seen == ["imported"]


def test_fewer_workers_run_where_memory_is_short():
    assert workers_that_fit(1e6) == 1
    assert workers_that_fit(1e-6) == len(os.sched_getaffinity(0))


def test_a_recipe_names_its_engine(tmp_path):
    path = write_corpus(tmp_path)
    for name, kind in (("here", Here), ("processes", Processes)):
        with engine_of(load_recipe(path, [f"engine={name}"])) as engine:
            assert type(engine) is kind


def test_near_duplicates_in_groups_are_those_of_one_index_of_all_rows(monkeypatch):
    """Groups by shared buckets, in parts of ten rows in two processes, against one index of all rows."""
    monkeypatch.setattr(duplicates, "AT_ONCE", 10)
    said = "I keep the key of the tower and it is cold up there in the winter, so I go up once a day and count the bells again"
    pairs = []
    for n in range(400):
        words = [*said.split(), *(f"word{n // 8}x{i}" for i in range(40))]
        words[n % 8 * 3] = f"other{n}"
        response = " ".join(words) if n % 11 else "Too short." if n % 2 else ""
        pairs.append(Pair(str(n), "question_answer", (Turn("user", "What?"),), response, "a.md"))
    expected = list(duplicates._nearly_kept([pairs[i] for i in best_first(pairs)], 0.7))
    assert {finding.reason for finding in expected} == {"exact", "near"} and len(expected) > 100
    for engine in (Here(), TWO):
        assert list(find_duplicates(pairs, 0.7, engine)) == expected
