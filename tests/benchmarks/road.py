"""The road's figures, measured anew: the demo with the tiny model, a build that has nothing to do, `--help`, memory.

    .venv/bin/python tests/benchmarks/road.py                  warm: the tiny model is made, nothing else is
    .venv/bin/python tests/benchmarks/road.py --from-nothing   a clone, a virtual environment, everything

Times are of one machine and one run each (medians of five for the short ones); ratios travel better than seconds.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
STAGE = re.compile(r"(\w+) .*?(\d+\.\d) s\b")
RECIPE = ROOT / "recipes/demo/tiny.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from-nothing", action="store_true")
    if parser.parse_args().from_nothing:
        from_nothing()
        return
    print("| | time | peak memory |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        row("curate --help", f"{1000 * median([BIN / 'curate', '--help'], folder):.0f} ms")
        row("train --help", f"{1000 * median([BIN / 'train', '--help'], folder):.0f} ms")
        total = 0.0
        for command in (
            [BIN / "curate", "build", RECIPE, "--build", "build"],
            [BIN / "train", "run", RECIPE, "--build", "build"],
        ):
            seconds, stages = watched(command, folder)
            total += seconds
            row(f"{command[0].name} {command[1]}", f"{seconds:.1f} s")
            for name, seconds_of_stage, peak in stages:
                row(f"- {name}", seconds_of_stage, f"{peak:.0f} MB")
        question = [
            BIN / "train",
            "chat",
            RECIPE,
            "--build",
            "build",
            "--question",
            "How do I know when to wait and when to act?",
        ]
        seconds, _ = watched(question, folder)
        row("train chat, one question", f"{seconds:.1f} s")
        row("make demo TINY=1, warm", f"{total + seconds:.0f} s")
        row("curate build, nothing to do", f"{median([BIN / 'curate', 'build', RECIPE, '--build', 'build'], folder):.2f} s")
        row("train run, nothing to do", f"{median([BIN / 'train', 'run', RECIPE, '--build', 'build'], folder):.2f} s")


def from_nothing() -> None:
    """`make demo TINY=1` in a fresh clone with an empty cache for the tiny model; packages come from pip's cache where it has them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", ROOT, f"{folder}/clone"], check=True)
        environment = os.environ | {"XDG_CACHE_HOME": f"{folder}/cache", "PIP_CACHE_DIR": pip_cache()}
        began = time.monotonic()
        subprocess.run(["make", "install"], cwd=f"{folder}/clone", env=environment, check=True, stdout=subprocess.DEVNULL)
        installed = time.monotonic()
        subprocess.run(["make", "demo", "TINY=1"], cwd=f"{folder}/clone", env=environment, check=True, stdout=subprocess.DEVNULL)
        row("make install, fresh clone", f"{installed - began:.0f} s")
        row("make demo TINY=1 after it, tiny model made anew", f"{time.monotonic() - installed:.0f} s")


def pip_cache() -> str:
    return subprocess.run([BIN / "pip", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def median(command: list[object], folder: str) -> float:
    """Median seconds of five runs after one that warms the disk's cache."""
    times = []
    for _ in range(6):
        began = time.monotonic()
        subprocess.run([str(part) for part in command], cwd=folder, check=True, capture_output=True)
        times.append(time.monotonic() - began)
    return statistics.median(times[1:])


def watched(command: list[object], folder: str) -> tuple[float, list[tuple[str, str, float]]]:
    """Seconds of a command; and of each of its stages the name, what it says it took, and the peak memory (MB) in it."""
    process = subprocess.Popen(
        [str(part) for part in command], cwd=folder, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    peak = [0.0]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.02):
            try:
                family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                peak[0] = max(peak[0], sum(member.memory_info().rss for member in family) / 1e6)
            except psutil.NoSuchProcess:
                pass

    threading.Thread(target=sample, daemon=True).start()
    began = time.monotonic()
    stages = []
    assert process.stdout
    for line in process.stdout:
        if stage := STAGE.match(line):
            stages.append((stage[1], f"{stage[2]} s", peak[0]))
            peak[0] = 0.0
    if process.wait():
        sys.exit(f"{command} left with {process.returncode}")
    done.set()
    return time.monotonic() - began, stages


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    if not shutil.which("git"):
        sys.exit("git is needed")
    main()
