"""On a machine that others use, work slows by the share of the cores it lost: at most threefold beside two busy processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MOST = 3.0
"""Two cores for four threads halve the speed; the rest is for waiting at barriers until the other half has had its turn."""

TRAINING = """
import tempfile, time
from likeness.command import settle_libraries
settle_libraries()
from pathlib import Path
from train.tiny import make_tiny
marks = []
with tempfile.TemporaryDirectory() as folder:
    make_tiny(Path(folder, "model"), steps=12, progress=lambda share, note: marks.append(time.monotonic()))
print(*(after - before for before, after in zip(marks[3:], marks[4:-1])))
"""
ANSWERING = """
import sys, time
from likeness.command import settle_libraries
settle_libraries()
from pathlib import Path
from likeness.llama.process import Llama
with Llama() as llama:
    llama.load(Path(sys.argv[1]))
    for _ in range(12):
        began = time.monotonic()
        llama.ask("greedy", ids=[5, 6, 7, 8], tokens=24)
        print(time.monotonic() - began, end=" ")
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


def seconds(script: str, *arguments: str) -> float:
    """Median seconds of what a script does over and over."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "KMP_", "GOMP_"))}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True, timeout=900)
    return statistics.median(map(float, done.stdout.split()))


def test_training_beside_two_busy_processes() -> None:
    alone = seconds(TRAINING)
    with busy(2):
        beside = seconds(TRAINING)
    assert beside < MOST * alone, f"{beside:.2f} s a step beside two busy processes, {alone:.2f} s alone"


def test_llama_cpp_beside_two_busy_processes(tiny: Path, tmp_path: Path) -> None:
    from export.gguf.convert import convert

    file = str(convert(tiny, tmp_path / "tiny.gguf"))
    alone = seconds(ANSWERING, file)
    with busy(2):
        beside = seconds(ANSWERING, file)
    assert beside < MOST * alone, f"{beside:.3f} s an answer beside two busy processes, {alone:.3f} s alone"
