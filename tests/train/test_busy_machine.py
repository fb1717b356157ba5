"""Where other programs want the same cores, threads that wait for each other sleep: they burn no processor time of their own.

How much slower that makes a training is measured by `tests/benchmarks/busy.py`; here only processor time counts, which is the same on
any machine however busy.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MOST = 2.0
"""Of what one thread takes, which waits for none: it was 1.1; threads that wait busily take 4 to 8 times as much."""

TRAINING = """
import statistics, tempfile, time
from likeness.command import settle_libraries
settle_libraries()
from pathlib import Path
from train.tiny import make_tiny
marks = []
with tempfile.TemporaryDirectory() as folder:
    make_tiny(Path(folder, "model"), steps=10, progress=lambda share, note: marks.append(time.process_time()))
print(statistics.median(after - before for before, after in zip(marks[3:], marks[4:-1])))
"""


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that want a core each for as long as the block runs."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def seconds(script: str, threads: str = "") -> float:
    """Processor seconds that a script says it took."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "KMP_", "GOMP_"))}
    environment |= {"OMP_NUM_THREADS": threads} if threads else {}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script]
    return float(
        subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True, timeout=900).stdout
    )


def test_training_beside_two_busy_processes() -> None:
    alone = seconds(TRAINING, threads="1")
    with busy(2):
        beside = seconds(TRAINING)
    assert beside < MOST * alone, f"{beside:.2f} s of processor time a step, {alone:.2f} s by one thread"
