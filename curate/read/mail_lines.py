"""Undo what mail formats do to lines: wrapping, `format=flowed`, `>From `."""

from __future__ import annotations

import re

from curate.read.plain import as_laid_out

STUFFED = "\ue003"
"""Before a mark of the sender's own at the beginning of a line, which is no quote: `format=flowed` puts a blank there."""
RULE = re.compile(r"[-_=*─━—]{3,}|[-_=*─━—]{2,20} ?[^-_=*─━—\n]{3,80}[-_=*─━—]{2,20}")
TIGHT_QUOTE = re.compile(r">(?!From |[ >]|\Z)")
"""A quoted line of a program that puts no blank after the mark."""
MARK = re.compile(r"(?:[-*•–+]|\d{1,3}[.)])\s")
FULL_LINE = 40


def joined(text: str) -> str:
    """Join the lines of wrapped paragraphs. Verse, lists, addresses and code keep their lines."""
    lines = text.split("\n")
    width = max((len(line) for line in lines), default=0)
    if width > 130:
        return text
    out: list[str] = []
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", text):
        if out:
            out.append("")
        out += _joined_paragraph(paragraph.split("\n"), width)
    return "\n".join(out)


def _joined_paragraph(lines: list[str], width: int) -> list[str]:
    verse = len(lines) > 2 and all(line.lstrip()[:1].isupper() for line in lines)
    out = [lines[0]]
    last = lines[0]
    for line in lines[1:]:
        word = line.split(" ", 1)[0]
        code = line[:1].isspace() and not MARK.match(out[-1].lstrip())
        full = len(last) + 1 + len(word) > width and len(last) >= FULL_LINE
        if last[-1:] in ".!?…" and line is lines[-1] and len(line.split()) <= 3:
            full = False  # a name after the last sentence
        open_ended = len(last) >= FULL_LINE and not verse and last[-1:] not in ".!?:;…"
        if code or RULE.fullmatch(last) or RULE.fullmatch(line) or MARK.match(line.lstrip()) or not (full or open_ended):
            out.append(line)
        else:
            out[-1] += f" {line.lstrip()}"
        last = line
    return out


def unescaped(text: str) -> str:
    """The text with `From` where an mbox has `>From` at the beginning of a line, except within a quote."""
    if ">From " not in text:
        return text
    lines = text.split("\n")
    for at, line in enumerate(lines):
        beside = [lines[n] for n in (at - 1, at + 1) if 0 <= n < len(lines)]
        if line.startswith(">From ") and not any(TIGHT_QUOTE.match(other) for other in beside):
            lines[at] = line[1:]
    return "\n".join(lines)


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the lines of `format=flowed` text (RFC 3676): a line that ends in a space continues in the next of the same quote."""
    out: list[str] = []
    depth_before, goes_on = -1, False
    for line in text.split("\n"):
        quote = re.match(r">*", line)
        depth = quote.end() if quote else 0
        content = line[depth:].removeprefix(" ")
        mark = ">" * depth + " " if depth else ""
        if not depth and line.startswith(" >"):
            content = STUFFED + content
        if goes_on and depth == depth_before and content.rstrip(" ") != "--":
            out[-1] += content
        else:
            out.append(mark + content)
        goes_on = content.endswith(" ") and content != "-- "
        if goes_on and delete_space:
            out[-1] = out[-1][:-1]
        depth_before = depth
    return "\n".join(out)


def tidy_mail(text: str) -> str:
    """Keep the sender's lines and indentation, with one blank line between paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", as_laid_out(text.replace("\xa0", " ")))
