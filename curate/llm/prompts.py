"""Prompts are sandboxed Jinja2 templates; documents enter them as data that cannot leave its block."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

OUR_TAG = re.compile(r"\s*+/?+\s*+(?:document|task|sample|draft|note|turn|question|answer)\b")
"""What may follow a `<` that opens or closes a block of ours, in the letters of `Letters`."""

OPENING = re.compile("[<＜﹤‹〈〈⟨˂ᐸ❮⧼]")
"""Marks that open a tag, or look as if they did."""

LOOK_ALIKES = dict(
    zip(
        "аԁеһіјкӏмпорԛгѕтцѵѡхусвαεικνορτυησμ0ıɑɡᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ⁄∕⧸⟋╱",
        "adehijklmnopqrstuvwxycbaeikvoptunomoiagabcdeghijklmnoprstuvwyz/////",
        strict=True,
    )
)
"""Letters of other scripts that look like ours."""


class Letters(dict[int, str]):
    """For `str.translate`: each character as the plain small letter that it looks like; what is not seen is nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = unicodedata.normalize("NFKD", char).casefold()
        seen = [LOOK_ALIKES.get(each, each) for each in plain if each.isspace() or unicodedata.category(each)[0] not in "CM"]
        self[code] = "".join(seen)
        return self[code]


LETTERS = Letters()


SHARED = PackageLoader("curate.llm", "templates")
"""What all prompts include: the document as data."""


def environment(loader: Any) -> SandboxedEnvironment:
    """An environment for prompts, with the filter `data` for what comes from documents."""
    # Prompts are not HTML. What comes from documents goes through `data`.
    environment = SandboxedEnvironment(loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=False)
    environment.filters["data"] = as_data
    return environment


def as_data(text: str) -> str:
    """A document's text, unable to close its own block or to open one of ours.

    Nor by characters that are not seen, or by others that look like those of a tag: a model reads over the difference.
    """
    openings = [found.start() for found in OPENING.finditer(text)]
    parts, done = [], 0
    for at, following in pairwise([*openings, len(text)]):
        if OUR_TAG.match(text[at + 1 : following].translate(LETTERS)):
            parts += [text[done:at], "&lt;"]
            done = at + 1
    return "".join([*parts, text[done:]])
