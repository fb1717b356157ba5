"""What every conversation comes down to, whatever program it was held in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What one person sent."""

    id: str
    time: float
    """Seconds since 1970. Only differences are used; where an export names no time zone, its clock is taken as it is."""
    sender: tuple[str, ...]
    """The names, addresses and ids that the sender goes by; the first is the one to show."""
    text: str
    """Empty where there are no words of the sender's: a picture, a forwarded or deleted message, a bot's."""
    thread: str
    """Messages of one thread follow each other."""
    reply_to: str = ""
    """Id of the message that it answers, where it says so."""
