"""Tell line ends that an author set (verse) from those that a program or a narrow window set (wrapped prose)."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from likeness.metrics.text import MARKS

LONG_LINE = 70
"""A line of more columns is prose, unless every line begins with a capital, as in verse."""
SHORT_LINE = 36
"""Lines without blanks between words (Chinese, Japanese) are verse up to so many columns."""
STANZA_WIDTH, STANZA_LINES = 45, 6
NARROW_WINDOW = 60
"""A line of more columns was wrapped by a program, and is no line of a stanza."""
NOWHERE = 10_000
INDENTED_WIDTH = 50
NARROW = 0.6
"""Share of the text's usual width. A paragraph whose lines are all shorter was not wrapped at that width."""
SPACELESS = "\u2e80-\u312f\u31a0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
"""Characters and punctuation of scripts that put no blank between words, for a regular expression's character class."""
ONE_SPACELESS = re.compile(f"[{SPACELESS}]")
SHARED = "“”‘’…—–·"
"""Punctuation that Chinese and Japanese share with other scripts; the character beside it shows to which it belongs."""
DIVIDED = re.compile(r"(?<![^\W\d_])([^\W\d_]{0,60})(?<=[^\W\d_])-\Z")
WORD = re.compile(r"[^\W\d_]+")
KNOWN_WORD = re.compile(r"[^\W\d_]+(?:[-‐’'][^\W\d_]+)*")
SUSPENDED = re.compile(r"(?:und|oder|bzw|and|or|y|och|eller)\b")
"""What follows a hyphen that stands for the rest of a word: `Süd- und Norddeutschland`."""
KEPT_PREFIXES = {
    "self", "well", "ill", "all", "ever", "half", "quasi", "ex", "cross", "so", "mid", "vice", "twenty", "thirty", "forty",
    "fifty", "sixty", "seventy", "eighty", "ninety",
}  # fmt: skip
"""First parts of compounds that keep their hyphen."""
WIDE = re.compile(f"[{SPACELESS}\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3\U0001f300-\U0001faff]")
OVER_A_LETTER = re.compile(f"[{MARKS}]")
SAID_TO_ITS_END = re.compile(r"[.!?…:;,。！？、，；：)\]”’»\"']$")


def vocabulary(lines: Iterable[str]) -> Counter[str]:
    """Count the words that are not hyphenated at a line end, to look up words that are."""
    words: Counter[str] = Counter()
    for line in lines:
        found = KNOWN_WORD.findall(line.casefold())
        words.update(found[:-1] if line.rstrip().endswith(("-", "\u2010", "\u00ad")) else found)
    return words


def keeps_hyphen(first: str, second: str, words: Mapping[str, int]) -> bool:
    """Whether the hyphen at a line end belongs to a compound, and does not divide a word.

    Args:
        first: the word before the hyphen; it may be a compound.
        second: the first word of the next line.
        words: of the text, with their counts.
    """
    whole, compound = f"{first}{second}".casefold(), f"{first}-{second}".casefold()
    if words.get(compound, 0) and words[compound] >= words.get(whole, 0):
        return True
    if words.get(whole, 0):
        return False
    return second[0].isupper() or first.rpartition("-")[2].casefold() in KEPT_PREFIXES


def join_wrapped(lines: Sequence[str], words: Mapping[str, int] | None = None) -> str:
    """Join the lines of a paragraph with blanks; Chinese and Japanese characters are joined without one.

    Args:
        lines: of the paragraph.
        words: the text's `vocabulary`, if words may be hyphenated at line ends: "re-" and "markable" are joined, but the
            hyphen of a compound is kept. None: no words are joined.
    """
    parts: list[str] = []
    for line in map(str.strip, lines):
        if not line:
            continue
        if not parts:
            parts.append(line)
        elif words is not None and line[0].islower() and parts[-1].endswith("-") and not parts[-1].endswith(" -"):
            divided, following = DIVIDED.search(parts[-1]), WORD.match(line)
            if divided and following and SUSPENDED.match(line) and not words.get(f"{divided[1]}{following[0]}".casefold(), 0):
                parts.append(" ")
            elif divided and following and not keeps_hyphen(divided[1], following[0], words):
                parts[-1] = parts[-1][:-1]
            parts.append(line)
        elif _is_spaceless(parts[-1], -1) and _is_spaceless(line, 0):
            parts.append(line)
        else:
            parts += [" ", line]
    return "".join(parts)


def _is_spaceless(line: str, end: int) -> bool:
    """Whether a line begins (0) or ends (-1) in a script that puts no blank between words."""
    bare = line.rstrip(SHARED) if end else line.lstrip(SHARED)
    return bool(bare) and len(line) - len(bare) < 4 and ONE_SPACELESS.match(bare[end]) is not None


def usual_width(paragraphs: Iterable[Sequence[str]]) -> int:
    """The width at which a text was wrapped: nearly all lines of its longer paragraphs fit in it; 0 if it has no such paragraph.

    It is `NOWHERE` if the text has only stanzas, which are few short lines each.
    """
    broken = [lines for lines in paragraphs if len(lines) > 1]
    widths = sorted(columns(line.strip()) for lines in broken for line in lines[:-1])
    if not widths:
        return 0
    usual = widths[len(widths) * 9 // 10]
    stanzas = (
        usual <= STANZA_WIDTH
        and widths[-1] <= NARROW_WINDOW
        and max(map(len, broken)) <= STANZA_LINES
        and sum(map(len, broken)) > 3
    )
    return NOWHERE if stanzas else usual


def columns(line: str) -> int:
    """The width of a line in columns: a Chinese, Japanese or Korean character takes two, a combining mark none."""
    if line.isascii():
        return len(line)
    return len(line) + len(WIDE.findall(line)) - len(OVER_A_LETTER.findall(line))


def is_verse(lines: Sequence[str], width: int) -> bool:
    """Whether the line ends of a paragraph are its author's.

    A wrapped line is full: the first word of the next line would not have fitted on it. A line of verse ends although there
    was room, or every line begins with a capital.

    Args:
        lines: of the paragraph.
        width: the text's `usual_width`.
    """
    lines = textwrap.dedent("\n".join(line.rstrip() for line in lines if line.strip())).split("\n")
    if len(lines) < 2:
        return False
    widths = [columns(line) for line in lines]
    if any(ONE_SPACELESS.match(line[-1]) for line in lines):
        if min(widths[:-1]) > max(widths) - 3 and max(widths) > 22 and not all(map(SAID_TO_ITS_END.search, lines)):
            return False  # all as long as the window was wide
        return max(widths) <= SHORT_LINE or (max(widths) < NARROW * width and all(map(SAID_TO_ITS_END.search, lines)))
    capitals = all(_begins_with_capital(line) for line in lines[1:])
    if max(widths) > LONG_LINE:
        return capitals and len(lines) > 3 and max(widths) < 90 and not _mostly_full(lines, widths, max(widths))
    if max(widths) < NARROW * width:
        return True
    if not capitals and max(widths) >= INDENTED_WIDTH and width < NOWHERE and _mostly_full(lines, widths, max(widths)):
        return False  # wrapped at a narrower width, as an indented letter is
    if capitals and max(widths) < LONG_LINE - 5:
        return len(lines) > 2 or not _mostly_full(lines, widths, max(width, *widths))
    return not _mostly_full(lines, widths, max([*widths, width if width <= LONG_LINE else 0]))


def _begins_with_capital(line: str) -> bool:
    letter = next((character for character in line if character.isalpha()), "a")
    return not letter.islower()


def _mostly_full(lines: Sequence[str], widths: Sequence[int], width: int) -> bool:
    """Whether, for nearly every line but the last, the first word of the next line would not have fitted on it."""
    full = sum(
        columns_so_far + 1 + columns(following.split(maxsplit=1)[0]) > width - 2
        for columns_so_far, following in zip(widths, lines[1:], strict=False)
    )
    return full >= 0.7 * (len(lines) - 1)
