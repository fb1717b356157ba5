"""A server on the loopback interface that speaks Anthropic's Messages API, for tests against the real client.

with running(faults={"attempts": ["rate_limited"]}) as server:
    client = anthropic.Anthropic(**server.client)
    ...
    assert server.log()["paid_twice"] == []
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .api import API_KEY

__all__ = ["API_KEY", "Running", "running"]


class Running:
    """A server process."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    @property
    def client(self) -> dict[str, Any]:
        """Arguments for `anthropic.Anthropic(…)`: without the client's own retries."""
        return {"base_url": self.url, "api_key": API_KEY, "max_retries": 0}

    @property
    def environment(self) -> dict[str, str]:
        """For a program that makes its client from the environment."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": API_KEY}

    def log(self, limit: int = 10_000) -> dict[str, Any]:
        """Counters and the newest entries: record.Record.summary."""
        found: dict[str, Any] = self._call(f"/_log?limit={limit}")
        return found

    def requests(self) -> list[dict[str, Any]]:
        """The last 500 bodies: [{"hash", "route", "body"}]."""
        found: list[dict[str, Any]] = self._call("/_requests")
        return found

    def control(self, plan: dict[str, Any]) -> None:
        """Replace the fault plan: see faults.py."""
        self._call("/_control", json.dumps(plan).encode())

    def stop(self) -> None:
        """End the process; the second call does nothing."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def kill(self) -> None:
        """End the process without warning."""
        self.process.kill()
        self.process.wait()

    def _call(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + path, body, 30) as response:
            return json.load(response)


@contextmanager
def running(
    *, faults: dict[str, Any] | Path | None = None, latency: float = 0.0, log: Path | None = None, port: int = 0
) -> Iterator[Running]:
    """Start the server, yield it, stop it. It also ends when this process does."""
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), "--with-parent"]
    command += ["--port", str(port), "--latency", str(latency)]
    if log:
        command += ["--log", str(log)]
    if isinstance(faults, Path):
        command += ["--faults", str(faults)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the server did not start: it ended with {process.wait()}")
    server = Running(process, json.loads(line)["url"])
    try:
        if isinstance(faults, dict):
            server.control({"latency": latency, **faults})
        yield server
    finally:
        server.stop()
