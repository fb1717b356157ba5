"""How long work shows itself: bars on a terminal, lines in a log."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, Self, TextIO

SECONDS_BETWEEN_LINES = 10.0

WORDS = {
    "read": "reading the sources",
    "cut": "cutting passages",
    "generate": "asking for pairs",
    "screen": "checking the pairs",
    "judge": "asking the judge",
    "review": "putting pairs up for review",
    "contrast": "asking for contrasts",
    "balance": "balancing the pairs",
    "split": "choosing what is held out",
    "validate": "validating the dataset",
    "publish": "writing the dataset",
    "argilla": "starting Argilla",
    "base": "looking at the base model",
    "rows": "making the rows",
    "train": "training the adapter",
    "prefer": "learning what is preferred",
    "trial": "trying shares of general rows",
    "replay": "asking the base what is to be kept",
    "triage": "asking the base what it knows",
    "dial": "trying strengths of the adapter",
    "answer": "asking the controlled questions",
    "ask file": "asking the exported file",
    "probe": "measuring the answers",
    "merge": "merging the adapter",
    "export": "exporting",
    "bring home": "bringing the result home",
}
"""What a step does, said while it works; its line afterwards begins with the one word."""


class Silent:
    """Watches a build or a run and shows nothing: for programs that call us."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments, **_options: None


class _Unread:
    """A standard stream that goes to nowhere once its reader has left (`| head`): the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write."""
        return self._go_on(self._stream.write, text) or 0

    def flush(self) -> None:
        """Flush."""
        self._go_on(self._stream.flush)

    def _go_on(self, do: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return do(*arguments)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class Progress:
    """One bar (or, with no terminal, a line now and then) at a time, and plain lines that stay. A `with` block leaves no bar.

    Args:
        to_stderr: write to standard error, because standard output holds a JSON object.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        from rich.console import Console

        stream: Any = _Unread(sys.stderr if to_stderr else sys.stdout)
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._bar: Any = None
        self._task: Any = None
        self._label = ""
        self._began = self._last_line = 0.0
        self._first: tuple[float, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def line(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._console.print(text, markup=False)

    def begin(self, label: str) -> None:
        """New work begins, of unknown size as yet.

        Args:
            label: what is done, in words; or a step's name, for which there are words here.
        """
        label = WORDS.get(label, label)
        self.clear()
        self._label = label
        self._began, self._first = time.monotonic(), None
        if self._console.is_terminal:  # something moves from the first moment, while libraries load
            self._bar, self._task = self._make_bar(None)

    def update(self, done: float, total: float, usd: float = 0.0, note: str = "") -> None:
        """`done` of `total` is done; `usd` was spent so far.

        Args:
            done: how much is done.
            total: of how much; 0 where nobody knows.
            usd: US dollars spent so far.
            note: a few words beside the bar.
        """
        left = self._time_left(done, total)
        if not self._console.is_terminal:
            self._tell(done, total, left, _joined(_spent(usd), note))
            return
        if self._bar is None:
            self.begin(self._label)
        self._bar.update(self._task, completed=done, total=total or None, left=left, note=_joined(_spent(usd), note))

    def clear(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _make_bar(self, total: float | None) -> tuple[Any, Any]:
        from rich import progress

        bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=30),
            progress.TaskProgressColumn(text_format="{task.percentage:.0f} %", text_format_no_percentage=""),
            progress.TextColumn("{task.fields[left]}"),
            progress.TextColumn("{task.fields[note]}"),
            console=self._console,
            transient=True,
        )
        bar.start()
        return bar, bar.add_task(self._label, total=total, left="", note="")

    def _time_left(self, done: float, total: float) -> str:
        """From what was done since the first that was heard of this work: a run may go on from a checkpoint."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, done
        began, before = self._first
        if done <= before or done >= total:
            return ""
        return f"{in_words((now - began) / (done - before) * (total - done))} left"

    def _tell(self, done: float, total: float, left: str, note: str) -> None:
        """A line in a log: none for work that ends sooner, and then one every ten seconds at most, whatever the step."""
        now = time.monotonic()
        if now - max(self._began, self._last_line) < SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        share = f"{100 * done / total:.0f} %" if total else ""
        self._console.print(f"{self._label}: {_joined(share, left, note)}", markup=False)


def in_words(seconds: float) -> str:
    """About how long: what a person plans by.

    >>> in_words(47), in_words(130), in_words(8000)
    ('about 50 s', 'about 2 min', 'about 2 h 13 min')
    """
    if seconds < 90:
        return f"about {max(5, round(seconds / 5) * 5 if seconds < 30 else round(seconds / 10) * 10)} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60} min"


def _spent(usd: float) -> str:
    return f"${usd:.2f}" if usd else ""


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))
