"""Read times in exports: seconds or milliseconds since 1970, ISO 8601, and dates whose order only the whole file shows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any

CLOCK = re.compile(
    r"\D*(\d{1,4})[./-] ?(\d{1,2})[./-] ?(\d{1,4})(?:\D{1,8}?(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s?([ap])\.?\s?m)?)?",
    re.IGNORECASE,
)


def epoch(value: Any) -> float | None:
    """Seconds since 1970 from a number of seconds, milliseconds, microseconds or nanoseconds."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    while abs(number) > 1e11:
        number /= 1000
    return number


def iso(value: Any) -> float | None:
    """Seconds since 1970 from an ISO 8601 time; a time without a zone is read as UTC."""
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, AttributeError, OverflowError):
        return None


def times_of(written: Sequence[str]) -> list[float | None]:
    """Seconds since 1970 of each time, in any of the known formats; None if it cannot be read."""
    times = [seconds if (seconds := epoch(text)) is not None else iso(text) for text in written]
    parts = {index: _date_parts(written[index]) for index, time in enumerate(times) if time is None}
    day_first = _day_comes_first([part for part in parts.values() if part])
    for index, part in parts.items():
        times[index] = _from_parts(part, day_first) if part else _named_month(written[index])
    return times


def _date_parts(text: str) -> tuple[int, ...] | None:
    """The three numbers of a date in the order of the file, then hour, minute and second."""
    found = CLOCK.match(text)
    if not found:
        return None
    hour = int(found[4] or 0)
    if found[7]:
        hour = hour % 12 + (12 if found[7] in "pP" else 0)
    return (*(int(found[n]) for n in (1, 2, 3)), hour, int(found[5] or 0), int(found[6] or 0))


def _day_comes_first(parts: Sequence[tuple[int, ...]]) -> bool:
    """Whether 05/03 is the fifth of March: with the right order all dates exist, and a chat's messages are close in time."""

    def unlikely(day_first: bool) -> tuple[int, float]:
        times = [_from_parts(each, day_first) for each, _ in groupby(parts)]
        known = [time for time in times if time is not None]
        return len(times) - len(known), sum(abs(later - earlier) for earlier, later in pairwise(known))

    return unlikely(day_first=True) <= unlikely(day_first=False)


def _from_parts(parts: tuple[int, ...], day_first: bool) -> float | None:
    first, second, third, hour, minute, seconds = parts
    year, month, day = (first, second, third) if first > 31 else (third, second, first) if day_first else (third, first, second)
    try:
        return datetime(year if year > 99 else year + 2000, month, day, hour, minute, seconds, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _named_month(text: str) -> float | None:
    """Seconds since 1970 of a time such as `05-Jan-24 06:30 PM`, which older versions of DiscordChatExporter write."""
    for form in ("%d-%b-%y %I:%M %p", "%d-%b-%y %H:%M", "%b %d, %Y %I:%M %p"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None
