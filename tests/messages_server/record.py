"""What was asked and what was paid for, so that a test can say that nothing was paid for twice."""

import json
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any


@dataclass(slots=True)
class Entry:
    """All attempts of one request, live and in batches."""

    attempts: int = 0
    paid: int = 0  # answered 200, whole, whatever was in it
    good: int = 0  # of those: the ones without fault
    lost: int = 0  # done, but the connection broke before the client could have read it
    outcomes: list[str] = field(default_factory=list)


class Record:
    """The log: counters, and an entry for every distinct request."""

    def __init__(self, path: Path | None) -> None:
        self.file: IO[bytes] | None = None
        self.reset()
        if path:
            self._reload(path)
            self.file = path.open("ab", buffering=0)

    def reset(self) -> None:
        """Forget everything (what a file already holds stays there)."""
        self.entries: dict[str, Entry] = {}
        self.statuses: Counter[str] = Counter()
        self.usage: Counter[str] = Counter()
        self.bodies: deque[dict[str, Any]] = deque(maxlen=500)

    def note(self, content: str, outcome: str, status: int, *, sent: bool = True, usage: dict[str, Any] | None = None) -> None:
        """One attempt; `usage` is given when the answer was composed, `sent` says whether it went out whole."""
        line = {"at": round(time.time(), 3), "hash": content, "outcome": outcome, "status": status, "sent": sent}
        if usage:
            line["usage"] = {name: value for name, value in usage.items() if isinstance(value, int)}
        self._count(line)
        if self.file:
            self.file.write(json.dumps(line).encode() + b"\n")

    def _count(self, line: dict[str, Any]) -> None:
        entry = self.entries.setdefault(line["hash"], Entry())
        entry.attempts += 1
        if len(entry.outcomes) < 50:
            entry.outcomes.append(line["outcome"])
        self.statuses[str(line["status"])] += 1
        if "usage" in line:
            self.usage.update(line["usage"])
            if line["sent"]:
                entry.paid += 1
                entry.good += line["outcome"] in {"ok", "slow"}
            else:
                entry.lost += 1

    def _reload(self, path: Path) -> None:
        if path.exists():
            for line in path.read_bytes().splitlines():
                try:
                    self._count(json.loads(line))
                except ValueError:  # the last line of a server that was killed
                    continue

    def summary(self, limit: int) -> dict[str, Any]:
        """The counters, then the entries (the newest `limit` of them)."""
        entries = list(self.entries.items())
        return {
            "distinct": len(entries),
            "attempts": sum(entry.attempts for _, entry in entries),
            "paid": sum(entry.paid for _, entry in entries),
            "good": sum(entry.good for _, entry in entries),
            "lost": sum(entry.lost for _, entry in entries),
            "paid_twice": [content for content, entry in entries if entry.good > 1],
            "statuses": dict(self.statuses),
            "usage": dict(self.usage),
            "requests": [{"hash": content, **asdict(entry)} for content, entry in entries[-limit:]],
        }
