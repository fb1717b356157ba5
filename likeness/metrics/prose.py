"""A text's prose: what somebody wrote in sentences, without code, tables, addresses and quotation blocks.

`mask` puts spaces where the rest is, so that every offset in the masked text is one in the text itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

KEPT, LONGEST_KEPT = 2048, 20_000
"""Texts whose prose is kept, which is more than the checks look at as one part, and characters of the longest of them."""

MARKS = re.compile(r"[`|>$~<]|\]\(|\]:|://|www\.|\t|    |\\[(\[]|[0-9a-f]{7}", re.IGNORECASE)
"""Something that may not be prose. A text without any of them is prose throughout."""
FENCE = re.compile(r" {0,3}(?:> ?)*(`{3,}|~{3,})(.*)")
LIST_ITEM = re.compile(r" {0,3}(?:[-*+•]|\d{1,9}[.)])(?: |\t|$)")
DELIMITER_ROW = re.compile(r"\s*(?:\|\s*)?:?-{2,}:?(?:\s*\|\s*:?-{2,}:?)*\s*(?:\|\s*)?")
QUOTE = re.compile(r" {0,3}>")
TICKS = re.compile(r"`+")
ADDRESS = re.compile(r"(?:https?|ftps?|file|ssh|git|s3|mailto):(?://)?[^\s<>\"'`)\]}]+|\bwww\.[^\s<>\"'`)\]}]+", re.IGNORECASE)
LINK = re.compile(r"(?<=\])\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?: +(?:\"[^\"\n]*\"|'[^'\n]*'))?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]+\]:[^\n]*", re.MULTILINE)
HASH = re.compile(r"(?<![\w-])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,128}(?![\w-])", re.IGNORECASE)
MATHS = re.compile(
    r"\$\$[^$]{1,2000}\$\$|(?<![\w$\\])\$(?=\S)(?=[^$\n]{0,200}[\\^_=])[^$\n]{1,200}(?<=\S)\$(?![\w$])"
    r"|\\\([^\n()]{1,200}\\\)|\\\[[^\[\]]{1,1000}\\\]"
)


def mask(text: str) -> str:
    r"""The text with spaces for all that is not prose; of the same length, its newlines kept.

    Code (fenced, indented, inline), tables, link addresses, hashes, formulas and quotation blocks are no prose.

    >>> mask("Run `rm -r x` twice.\n> he said")
    'Run           twice.\n         '
    """
    return _masked(text) if len(text) <= LONGEST_KEPT else _masked.__wrapped__(text)


@lru_cache(maxsize=KEPT)
def _masked(text: str) -> str:
    if not MARKS.search(text):
        return text
    masked = _without_blocks(text)
    if "`" in masked:
        masked = _without_code_spans(masked)
    for pattern in (LINK, ADDRESS, REFERENCE, MATHS, HASH):
        masked = pattern.sub(_blank, masked)
    return masked


QUOTED = re.compile(
    r"“[^”\n]{1,600}”|„[^“”\n]{1,600}[“”]|«[^»\n]{1,600}»|»[^«\n]{1,600}«|\"[^\"\n]{1,600}\"|‘[^’\n]{1,600}’(?!\w)"
    r"|(?<!\w)'[^'\n]{1,600}'(?!\w)|「[^」\n]{1,600}」|『[^』\n]{1,600}』"
)


def unquoted(text: str) -> str:
    """The text with spaces for what is in quotation marks, of the same length; a text that is one quotation stays.

    >>> unquoted("He said “no” twice.")
    'He said      twice.'
    """
    return _unquoted(text) if len(text) <= LONGEST_KEPT else _unquoted.__wrapped__(text)


@lru_cache(maxsize=KEPT)
def _unquoted(text: str) -> str:
    bare = QUOTED.sub(_blank, text)
    return bare if len(bare.split()) >= 0.3 * len(text.split()) else text


def _blank(match: re.Match[str]) -> str:
    return _blanks(match[0])


def _blanks(text: str) -> str:
    return "\n".join(" " * len(line) for line in text.split("\n"))


def _without_blocks(text: str) -> str:
    """Without fenced and indented code, tables and quotation blocks: what is known by whole lines."""
    lines = text.split("\n")
    out: list[str] = []
    fence = ""
    after_blank, in_list, in_code, in_table = True, False, False, False
    for number, line in enumerate(lines):
        bare = line.strip()
        if fence:
            closes = FENCE.match(line)
            if closes and closes[1].startswith(fence) and not closes[2].strip():
                fence = ""
            out.append(" " * len(line))
            continue
        opens = FENCE.match(line.lstrip() if in_list else line)
        if opens and not (opens[1][0] == "`" and "`" in opens[2]):
            fence = opens[1]
            out.append(" " * len(line))
            after_blank = in_table = False
            continue
        indented = line.startswith(("    ", "\t"))
        if bare:
            if LIST_ITEM.match(line):
                in_list = True
            elif not indented and not line.startswith(" ") and after_blank:
                in_list = False
        in_code = indented and not in_list and bool(bare) and (after_blank or in_code)
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        header = "|" in line and "|" in follows and bool(DELIMITER_ROW.fullmatch(follows))
        in_table = bool(bare) and (header or (in_table and "|" in line))
        out.append(" " * len(line) if in_code or in_table or QUOTE.match(line) else line)
        after_blank = not bare or (in_code and indented)
    return "\n".join(out)


def _without_code_spans(text: str) -> str:
    """Without what is between equally long runs of backticks in one paragraph (CommonMark 6.1)."""
    out: list[str] = []
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
        runs = [(run.start(), run.end()) for run in TICKS.finditer(paragraph)]
        later: dict[int, list[int]] = {}
        for index in range(len(runs) - 1, -1, -1):
            start, end = runs[index]
            later.setdefault(end - start, []).append(index)
        at, index = 0, 0
        while index < len(runs):
            start, end = runs[index]
            same = later[end - start]
            while same and same[-1] <= index:
                same.pop()
            if not same:
                index += 1
                continue
            close = same.pop()
            out += [paragraph[at:start], _blanks(paragraph[start : runs[close][1]])]
            at, index = runs[close][1], close + 1
        out.append(paragraph[at:])
    return "".join(out)
