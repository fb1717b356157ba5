"""How long work shows itself: bars on a terminal, lines in a log."""

from __future__ import annotations

import sys
import time
from typing import Any

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """One bar (or, with no terminal, a line now and then) at a time, and plain lines that stay.

    Args:
        to_stderr: write to standard error, because standard output holds a JSON object.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        from rich.console import Console

        self._console = Console(file=sys.stderr if to_stderr else sys.stdout, highlight=False, soft_wrap=True)
        self._bar: Any = None
        self._task: Any = None
        self._label = ""
        self._began = self._told = 0.0

    def line(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._console.print(text, markup=False)

    def begin(self, label: str) -> None:
        """New work begins, of unknown size as yet."""
        self.clear()
        self._label = label
        self._began = self._told = time.monotonic()
        if self._console.is_terminal:  # something moves from the first moment, while libraries load
            self._bar, self._task = self._make_bar(None)

    def update(self, done: float, total: float, usd: float = 0.0, note: str = "") -> None:
        """`done` of `total` is done; `usd` was spent so far."""
        if not self._console.is_terminal:
            self._tell(done, total, usd, note)
            return
        if self._bar is None:
            self.begin(self._label)
        spent = f"${usd:.2f}" if usd else ""
        self._bar.update(self._task, completed=done, total=total, money=spent, note=note)

    def clear(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _make_bar(self, total: float | None) -> tuple[Any, Any]:
        from rich import progress

        bar = progress.Progress(
            progress.TextColumn("{task.description:<9}"),
            progress.BarColumn(bar_width=30),
            progress.TaskProgressColumn(text_format="{task.completed:g}/{task.total:g}", text_format_no_percentage=""),
            _Rate(),
            progress.TimeRemainingColumn(compact=True),
            progress.TextColumn("{task.fields[money]}"),
            progress.TextColumn("{task.fields[note]}"),
            console=self._console,
            transient=True,
        )
        bar.start()
        return bar, bar.add_task(self._label, total=total, money="", note="")

    def _tell(self, done: float, total: float, usd: float, note: str) -> None:
        now = time.monotonic()
        if now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._told = now
        left = (now - self._began) / done * (total - done) if done else 0.0
        spent = f", ${usd:.2f}" if usd else ""
        self._console.print(f"{self._label}: {done:g} of {total:g}, {left:.0f} s left{spent} {note}".rstrip(), markup=False)


def _Rate() -> Any:
    from rich.progress import Task, TextColumn

    class Rate(TextColumn):
        """Things per second."""

        def render(self, task: Task) -> Any:
            speed = task.finished_speed or task.speed
            self.text_format = f"{speed:.1f}/s" if speed else ""
            return super().render(task)

    return Rate("")
