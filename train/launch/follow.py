"""Following a run to its end: its log as it grows, over connections that fail, up to the ceiling; and why it failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from likeness.errors import CallError, GateError, LikenessError, MachineError
from train.launch.box import Box, Dropped, Poll
from train.launch.record import Place, Record
from train.result import Watcher

Given = TypeVar("Given")
SECONDS_BETWEEN_POLLS = 1.0
SECONDS_UNANSWERED = 900.0
"""How long a box may be out of reach before it is left alone; what runs there goes on, and is found again."""


def follow(place: Place, box: Box, record: Record, watch: Watcher) -> Poll | None:
    """Show the log as it grows, until the run ends; None where the ceiling was reached first, and the run was stopped.

    Args:
        place: where the log is kept.
        box: the machine.
        record: of the launch.
        watch: is shown the log.

    Raises:
        MachineError: the box has not answered for too long, or the run was cut off there.
    """
    watch.begin(f"training on {where(record)}")
    silent_since: float | None = None
    ceiling = f"the ceiling of ${record.max_usd or 0:.2f} is reached: the run is stopped"
    while True:
        try:
            poll = box.poll(record, place.seen())
        except Dropped as error:
            now = time.monotonic()
            if silent_since is None:
                silent_since = now
                watch.line(f"the connection to {where(record)} failed ({error.what}); the run goes on there, and is looked for")
            if now - silent_since > SECONDS_UNANSWERED:
                fix = "It may still run. The same command picks it up."
                raise MachineError(
                    f"has not answered for {SECONDS_UNANSWERED / 60:.0f} minutes", where=where(record), fix=fix
                ) from None
            time.sleep(min(30.0, 1.0 + (now - silent_since) / 2))
            continue
        if silent_since is not None:
            silent_since = None
            watch.line(f"{where(record)} answers again")
        for line in place.keep_log(poll.text):
            watch.line(line)
        if poll.state == "ended":
            if _stopped_there(record, poll):
                watch.line(ceiling)
            return poll
        if poll.state == "lost":
            fix = "The same command starts it again from what it has saved; `--stop` gives it up."
            raise MachineError("the run was cut off there, as by a restart of the machine", where=where(record), fix=fix)
        if record.max_usd is not None and record.spent() >= record.max_usd:
            watch.line(ceiling)
            again(lambda: box.stop(record))
            return None
        if record.usd_per_hour:
            watch.update(0, 0, usd=record.spent())
        time.sleep(SECONDS_BETWEEN_POLLS)


def why_it_failed(place: Place, record: Record, end: Poll | None) -> LikenessError:
    """The message for a run that has no result: the box's own, with its kind.

    Args:
        place: where the log is kept.
        record: of the launch.
        end: how it ended; None where it was stopped at its ceiling.
    """
    there = f"the run on {where(record)}"
    log = f"Its log: {place.log}"
    if end is None or _stopped_there(record, end):
        return GateError(
            f"was stopped at its ceiling, after {record.elapsed() / 60:.0f} minutes (${record.spent():.2f})",
            where=there,
            fix=log,
        )
    lines = place.log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((line.removeprefix("error: ") for line in reversed(lines) if line.startswith("error: ")), None)
    kind = {1: GateError, 2: CallError}.get(end.exit_code or 0, MachineError)
    if said is None and end.exit_code == 130:
        said = "was stopped"
    return kind(said or f"ended with exit code {end.exit_code} and no result", where=there, fix=log)


def _stopped_there(record: Record, end: Poll) -> bool:
    """Whether the box stopped the run at its ceiling: there it is kept as well, where nobody watches."""
    return record.max_usd is not None and record.spent() >= record.max_usd and end.exit_code in (130, None)


def again(work: Callable[[], Given], times: int = 5) -> Given:
    """Do something over a connection, and again where that fails."""
    for number in range(times - 1):
        with suppress(Dropped):
            return work()
        time.sleep(2.0**number)
    return work()


def where(record: Record) -> str:
    """How messages name the machine."""
    return str(record.target["host"] or record.target["on"])
