"""What was said in a recording, as programs write it down: WebVTT, SubRip, and the texts of Zoom, Teams, Otter and others."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator

from curate.read.documents import Unreadable
from curate.read.message import Message, names
from curate.read.plain import tidy
from curate.read.speakers import CUE, LINES_OF_MARKUP, TURN

VOICE = re.compile(r"<v(?:\.[\w.-]{1,60})?[ \t]+([^<>]{1,80})>")
"""Who speaks, in WebVTT (W3C, section 4.2.2)."""
LABEL = re.compile(r"([^\W\d_][^\n:()\[\]<>]{0,48}): +(?=\S)")
"""Who speaks, in front of the words."""
TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,80}>|<\d\d:[\d:.]{4,12}>")
SHORT_SILENCE = 10 * 60
"""Seconds; what one person says without another's word between is one message, unless longer nobody said anything."""


def transcript_messages(text: str) -> Iterator[Message]:
    """What each said, in order; times are seconds from the recording's beginning.

    What has no name before it is nobody's, and makes no pair.

    Raises:
        Unreadable: no name stands before anything that was said.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    said = list(_captions(text) if CUE.search(text) else _turns(LINES_OF_MARKUP.sub("", text)))
    if not any(name for _, name, _ in said):
        raise Unreadable("is what was said in a recording, and does not say by whom; put what you said into a text of its own")
    last: Message | None = None
    for number, (time, name, words) in enumerate(said):
        if last and last.sender == names(name) and time - last.time < SHORT_SILENCE:
            last = Message(last.id, last.time, last.sender, f"{last.text} {words}", "")
            continue
        if last:
            yield last
        last = Message(str(number), time, names(name), words, "")
    if last:
        yield last


def _captions(text: str) -> Iterator[tuple[float, str, str]]:
    """Time, name and words of each caption."""
    found = list(CUE.finditer(text))
    shown = []
    for cue, following in zip(found, [*found[1:], None], strict=True):
        lines = text[cue.end() : following.start() if following else len(text)].partition("\n")[2]
        shown.append((_seconds(cue[0].split("-")[0]), re.split(r"\n[ \t]*\n", lines.strip("\n"))[0]))
    labels = Counter(label[1] for _, lines in shown if (label := LABEL.match(lines)))
    name = ""
    for time, lines in shown:
        if voice := VOICE.search(lines):
            name, words = voice[1], lines
        elif (label := LABEL.match(lines)) and (labels[label[1]] > 1 or label[1].istitle()):
            name, words = label[1], lines[label.end() :]
        else:
            name, words = "", lines
        if words := tidy(html.unescape(TAG.sub("", words)).replace("\n", " ")):
            yield time, name, words


def _turns(text: str) -> Iterator[tuple[float, str, str]]:
    """Time, name and words of each turn that begins with a name and a time."""
    found = list(TURN.finditer(text))
    for turn, following in zip(found, [*found[1:], None], strict=True):
        time = re.search(r"\d{1,2}:\d\d(?::\d\d)?", turn[0])
        if time and (words := tidy(text[turn.end() : following.start() if following else len(text)])):
            yield _seconds(time[0]), (turn[1] or turn[2]).strip(), words


def _seconds(time: str) -> float:
    whole = 0.0
    for part in time.strip().replace(",", ".").split(":"):
        whole = 60 * whole + float(part)
    return whole
