"""Words of others (a server, a file's name) before they are shown or kept: without our keys and what moves a cursor."""

from __future__ import annotations

import os
import re

HOLDS_A_KEY = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)$")
"""How the names of variables end that hold one."""
SHORTEST_KEY = 8
"""Characters: what is shorter is no key, and may be a word of the text."""
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Characters that move a terminal's cursor, break a line, or turn the direction of writing."""


def escape_controls(text: str, but: str = "") -> str:
    """A text with its control characters as `\\x1b`, all `but` these."""
    return CONTROLS.sub(lambda found: found[0] if found[0] in but else found[0].encode("unicode_escape").decode(), text)


def without_keys(said: str) -> str:
    """A text with asterisks in place of each key of the environment: gateways repeat the headers that they were sent."""
    for name, value in os.environ.items():
        key = value.strip()
        if len(key) >= SHORTEST_KEY and HOLDS_A_KEY.search(name):
            said = said.replace(key, "*" * len(key))  # as long: who reads a log goes on at an offset
    return said


def in_one_line(said: object, most: int) -> str:
    """A server's message for a terminal: one line, without keys and control characters, cut to `most` characters."""
    return " ".join(CONTROLS.sub(" ", without_keys(str(said))).split())[:most]
