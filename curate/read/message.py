"""A message: the form into which the messages of every mail and chat program are converted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from curate.read.plain import as_laid_out, tidy


@dataclass(frozen=True, slots=True)
class Message:
    """A message of one person."""

    id: str
    time: float
    """Seconds since 1970. Only differences matter, so times without a time zone are read as UTC."""
    sender: tuple[str, ...]
    """The names, addresses and ids of the sender; the first is shown."""
    text: str
    """Empty if it has no words of the sender: a picture, a forwarded or deleted message, a bot's message."""
    thread: str
    """Id of its thread. Within a thread, each message follows the one before it."""
    reply_to: str = ""
    """Id of the message that it answers, if the export names one."""
    wordless: str = ""
    """Why there is no text, if the reason is known."""
    file: str = ""
    """Its file, if several files are read together."""
    quoted: str = ""
    """The text that a mail quotes from the mail that it answers."""
    quoted_from: str = ""
    """The lines that say who wrote the quoted text."""
    deleted: bool = False
    """Whether its sender deleted it."""
    pictured: bool = False
    """Whether it has a picture or a file beside its words."""


def names(*found: Any) -> tuple[str, ...]:
    """The names of a sender, without duplicates."""
    return tuple(dict.fromkeys(clean for name in found if isinstance(name, str | int) and (clean := tidy(str(name)))))


def without_quotes(text: str) -> str:
    """The text without `> quoted` lines. Everything between ``` fences is code and is kept."""
    kept: list[str] = []
    fenced = False
    for line in as_laid_out(text).split("\n"):
        bare = line.strip()
        if fenced or not bare.startswith(">"):
            kept.append(line)
        if bare.startswith("```") != bare.endswith("```") or bare == "```":
            fenced = not fenced
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")
