"""How a build goes, on a terminal or in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from likeness.arguments import asks
from likeness.command import seconds_since_start
from likeness.metrics.text import count_of

if TYPE_CHECKING:
    from curate.model import Stage


class Watch:
    """Tells a terminal or a log how a build goes."""

    def __init__(self, as_json: bool) -> None:
        from likeness.progress import Progress

        self._progress = Progress(to_stderr=as_json)
        self._started = False

    def stage_begins(self, name: str) -> None:
        """Draw the bar of a step."""
        if not self._started:
            self._started = True
            self.took("start", "libraries and the ledger", seconds_since_start())
        self._progress.begin(name)

    def took(self, name: str, what: str, seconds: float) -> None:
        """Say how long something took that is no step, where a person would notice: the times told are the time waited.

        Args:
            name: as steps have one.
            what: what took it.
            seconds: how long.
        """
        if seconds >= 0.1:
            self._progress.line(f"{name:<9} {what:<34} {seconds:>6.1f} s")

    def progress(self, done: int, total: int, usd: float = 0.0) -> None:
        """Move the bar.

        Args:
            done: rows or requests.
            total: how many there are.
            usd: US dollars spent now.
        """
        self._progress.update(done, total, usd)

    def stage_ends(self, stage: Stage) -> None:
        """Say in a line what a step did."""
        self._progress.line(stage_line(stage))

    def note(self, text: str) -> None:
        """Say what a person should know."""
        self._progress.line(text)

    def agree(self, question: str) -> bool:
        """Ask the person at the terminal; where nobody is there, nobody agrees."""
        if not asks():
            return False
        self._progress.clear()
        return typer.confirm(f"{question}.\nGo on?", default=False, err=True)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.clear()


def stage_line(stage: Stage) -> str:
    """`screen    312 -> 297 rows   0.4 s   9 near duplicate · 6 too short`."""
    units = {
        "read": ("file", "text"),
        "cut": ("document", "passage"),
        "generate": ("request", "pair"),
        "contrast": ("term", "pair"),
    }.get(stage.name, ("pair", "pair"))
    flow = f"{count_of(stage.rows_in, units[0])} -> {count_of(stage.rows_out, units[1])}"
    why = " · ".join(f"{count} {reason}" for reason, count in sorted(stage.reasons.items(), key=lambda item: -item[1]))
    return f"{stage.name:<9} {flow:<34} {stage.seconds:>6.1f} s   {why}".rstrip()
