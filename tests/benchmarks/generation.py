"""How near generation comes to its limit, the provider's latency; what it costs the machine; that a rerun asks nothing.

    .venv/bin/python tests/benchmarks/generation.py

The provider is the tests' loopback server. Ratios travel better than seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.curate.test_storm import weather  # noqa: E402
from tests.messages_server import Running, running  # noqa: E402


def main() -> None:
    """Print the table."""
    print("| | measured | aim |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        with running(latency=1.0) as server:
            count, at_once = 6_400, 64
            said = asked(server, Path(folder, "a.db"), count, at_once)
            ideal = count / at_once
            row(
                f"{count:,} requests at 1 s latency, {at_once} at once",
                f"{ideal / said['seconds']:.1%} of the ideal rate",
                "95 %",
            )
        with running(latency=1.0, faults=weather(seed=11)) as server:
            said = asked(server, Path(folder, "c.db"), 344, 64, whole=False)
            log = server.log()
            assert log["paid_twice"] == [] and said["pairs"] + said["reasons"].get("refused", 0) == 344
            row("344 requests at 1 s latency in a storm: a quarter of all attempts go wrong", f"{said['seconds']:.1f} s", "25 s")
        with running() as server:
            said = asked(server, Path(folder, "b.db"), 10_000, 64)
            row("CPU for each of 10,000 requests", f"{1000 * said['cpu_seconds'] / 10_000:.2f} ms", "5 ms")
            row("peak memory for 10,000 requests", f"{said['peak_mb']:.0f} MB", "300 MB")
            row("requests a second, no latency", f"{10_000 / said['seconds']:.0f}", "")
            before = server.log()["attempts"]
            said = asked(server, Path(folder, "b.db"), 10_000, 64)
            row("calls of a warm rerun", str(server.log()["attempts"] - before), "0")
            row("seconds of a warm rerun", f"{said['seconds']:.1f} s", "")


def asked(server: Running, ledger: Path, count: int, at_once: int, *, whole: bool = True) -> dict[str, Any]:
    """Ask in a process of its own; `whole` expects every answer."""
    command = [sys.executable, "-m", "tests.curate.storm", str(ledger), str(count), str(at_once)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | server.environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["pairs"] == count or not whole
    return found


def row(name: str, measured: str, aim: str) -> None:
    """A line of the table."""
    print(f"| {name} | {measured} | {aim} |", flush=True)


if __name__ == "__main__":
    main()
