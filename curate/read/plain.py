"""Normalise text: white space and invisible characters."""

from __future__ import annotations

import re
import textwrap
import unicodedata

INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]"
)

INDENTED = re.compile(r"(?: {2,}|\t)\S.*\n(?:.*\n)?[ \t]+\S")
"""A text that begins with an indented line and goes on with one: code, whose first line must not lose its place."""


def tidy(text: str) -> str:
    """Normalise prose: like `as_laid_out`, with one space between words and one blank line between blocks."""
    text = re.sub(r"[^\S\n]+", " ", _one_line_end(text))
    text = re.sub(r" *\n *", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    text = re.sub(r"^(#{1,6}) *\n+", "", text, flags=re.MULTILINE)
    return text.strip()


def as_laid_out(text: str) -> str:
    """Normalise text (NFC), but keep its lines and their indentation, which matter for code.

    Invisible and control characters, white space around the text and at line ends are removed, but not before code; every line
    ends in `\\n`.
    """
    laid_out = textwrap.dedent(re.sub(r"[^\S\n]+$", "", _one_line_end(text), flags=re.MULTILINE)).strip("\n")
    return laid_out if INDENTED.match(laid_out) else laid_out.strip()


def _one_line_end(text: str) -> str:
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return re.sub(r"\r\n?|\u2028|\u2029|\x0b|\x0c|\x85", "\n", text)
