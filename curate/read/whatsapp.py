"""Read WhatsApp's text export, which writes dates and times in the phone's language.

The beginning of a line follows Unicode's locale data (CLDR): year, month and day in any order, any digits, and words for morning
and afternoon before or after the time. The time may come before the date. All lines of a file together show the order of its
dates. A line that begins like a date but is not a message is never added to the message before it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise, product
from pathlib import Path

from curate.model import Stage
from curate.read.documents import Unreadable
from curate.read.message import Message, names, without_quotes

MARK = r"\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff"
SPACE = rf"[\s{MARK}]"
BETWEEN = rf"{SPACE}{{0,3}}[./\-]{SPACE}{{0,3}}"
DATE = rf"(\d{{1,4}}){BETWEEN}(\d{{1,2}}){BETWEEN}(\d{{1,4}})(?!\d)"
CLOCK = (
    rf"(\d{{1,2}})(?:[:.]|{SPACE}?h{SPACE}?)(\d{{1,2}})(?:(?:[:.]|{SPACE}?min{SPACE}?)(\d{{1,2}})(?:{SPACE}?s(?!\w))?)?(?![\d:])"
)
WORDS = r"[^\d\n:\[\]]"
END = rf"(?:\]{SPACE}?|{SPACE}{{0,3}}[-–]{SPACE}|:{SPACE})"
LINE = re.compile(
    rf"{SPACE}{{0,4}}(?P<open>\[?){SPACE}{{0,4}}"
    rf"(?:{DATE}(?P<before>{WORDS}{{1,18}}?){CLOCK}|(?P<first>){CLOCK}(?P<after_first>{WORDS}{{1,18}}?){DATE})"
    rf"(?P<after>(?:[^\d\n:\[\]\-–]{{0,18}}?))(?P<end>{END})",
    re.IGNORECASE,
)
LIKE_A_LINE = re.compile(
    rf"{SPACE}{{0,4}}\[?{SPACE}{{0,4}}(?:{DATE}{WORDS}{{1,18}}?{CLOCK}|{CLOCK}{WORDS}{{1,4}}?{DATE})", re.IGNORECASE
)
SAID = re.compile(rf"(?:[{MARK}]{{0,4}}~[\s\u202f]?)?([^:\n]{{1,100}}?):(?: |$)(.*)", re.DOTALL)

RARE = 0.1
"""Share of lines. If fewer lines of a file are written in one style, they were pasted from elsewhere."""
MOST_ODD = 0.2
"""Share of lines. With more lines that begin like a date and do not fit the others, the file is refused."""
PROBED = 20_000
"""Characters by which a chat is told from other texts."""

AFTERNOON = frozenset(
    """pm p م مساء بعدالظهر μμ 下午 下晝 下昼 午後 傍晚 中午 晚上 오후 nachm nm пп chiều tối दोपहर शाम रात பிற்பகல் மாலை""".split()
)
"""Words for the afternoon, for chats with one or more than two words beside times. Of two words, the times show which it is."""


@dataclass(slots=True)
class _Line:
    """The first line of a message, and the lines that follow it."""

    numbers: tuple[int, int, int]
    clock: tuple[int, int, int]
    half: str
    """The word beside the time, such as `pm`."""
    style: tuple[str, ...]
    sender: str
    lines: list[str] = field(default_factory=list)
    odd: bool = False


def whatsapp_messages(text: str, stage: Stage) -> Iterator[Message]:
    """The messages of an exported chat. Lines that begin like a date but are not messages are counted in `stage`.

    Raises:
        Unreadable: it is not a WhatsApp export, or too many lines do not fit the others.
    """
    found = _lines(text.replace("\r\n", "\n"))
    if not any(line.style for line in found):
        raise Unreadable("is not a WhatsApp chat: no line begins with a date and a time")
    _mark_rare(found)
    times = _times(found)
    for line, time in zip(found, times, strict=True):
        line.odd = line.odd or time is None
    if odd := sum(line.odd for line in found):
        if odd > MOST_ODD * len(found):
            first = next(line for line in found if line.odd)
            raise Unreadable(
                f"has {odd} lines that begin like a date and are not written as the others are, the first "
                f"{first.lines[0][:60]!r}; export the chat again and leave the file as it is"
            )
        stage.count("a line that begins like a date and is no message", odd)
    yield from _messages(found, times)


def is_whatsapp(text: str) -> bool:
    """Whether a text is an exported chat: it begins with a message, and several people say several things each."""
    beginning = text[:PROBED].replace("\r\n", "\n").lstrip("\n\ufeff").strip()
    found = [line for line in _lines(beginning) if not line.odd]
    said = Counter(line.sender for line in found if line.sender)
    first = beginning.split("\n", 1)[0][:140]
    return bool(LINE.match(first)) and sum(number > 1 for number in said.values()) > 1 and said.total() >= 2 * len(said)


def _messages(found: Sequence[_Line], times: Sequence[float | None]) -> Iterator[Message]:
    said = Counter(line.sender for line in found if line.sender)
    texts = Counter("\n".join(line.lines).strip() for line in found)
    now = -math.inf
    for number, (line, time) in enumerate(zip(found, times, strict=True)):
        now = max(now, time if time is not None and not line.odd else now)  # at the end of summer time the clock goes back
        if line.odd:
            yield Message(str(number), now, (), "", thread="")
        elif line.sender and not _is_systems(line.sender, said):
            text = "\n".join(line.lines).strip()
            if is_passing(text):
                continue
            caption = _caption(text)
            words = "" if is_wordless(text, texts[text]) else without_quotes(_unedited(text))
            yield Message(
                str(number),
                now,
                names(line.sender),
                caption or words,
                thread="",
                deleted=is_deleted(text),
                pictured=bool(caption),
            )


def _lines(text: str) -> list[_Line]:
    """Each line that begins like a message, with the lines that follow it."""
    found: list[_Line] = []
    for line in text.split("\n"):
        head = line[:140]
        if not (start := LINE.match(head)) or (start["open"] == "[") != (start["end"][0] == "]"):
            if LIKE_A_LINE.match(head):
                found.append(_Line((0, 0, 0), (0, 0, 0), "", (), "", [line], odd=True))
            elif found:
                found[-1].lines.append(line)
            continue
        found.append(_line(start, line[start.end() :]))
    return found


def _line(start: re.Match[str], rest: str) -> _Line:
    groups = start.groups()
    time_first = start["first"] is not None
    date, clock = (groups[13:16], groups[9:12]) if time_first else (groups[1:4], groups[5:8])
    between = re.sub(rf"[\d\s{MARK}]", "", start[0])
    said = SAID.match(rest)
    return _Line(
        numbers=(int(date[0]), int(date[1]), int(date[2])),
        clock=(int(clock[0]), int(clock[1]), int(clock[2] or 0)),
        half=_half(f"{start['before'] or start['after_first'] or ''} {start['after']}"),
        style=(
            start["open"],
            start["end"].strip()[:1],
            *re.findall(r"[./\-]", between)[:2],
            str(time_first),
            str(clock[2] is not None),
        ),
        sender=re.sub(rf"[{MARK}]", "", said[1]).strip() if said else "",
        lines=[said[2] if said else rest],
    )


def _half(words: str) -> str:
    """The words beside a time, without punctuation. If they differ between lines, they mean morning and afternoon."""
    plain = re.sub(rf"[{MARK}.,،、'’()/–—-]", "", words.casefold())
    return " ".join(plain.split())


def _mark_rare(found: list[_Line]) -> None:
    """Mark lines in a style that few lines of the file have: somebody pasted them."""
    styles = Counter(line.style for line in found if not line.odd)
    enough = RARE * sum(styles.values())
    for line in found:
        line.odd = line.odd or styles[line.style] < enough


def _times(found: Sequence[_Line]) -> list[float | None]:
    """Seconds since 1970 of each line; None if unknown. Of all orders of year, month and day, and of all words for the afternoon,
    those with the smallest steps between messages are used."""
    good = [line for line in found if not line.odd]
    orders = ["ymd"] if any(line.numbers[0] > 99 for line in good) else ["dmy", "mdy", "ymd"]
    if any(line.numbers[2] > 99 for line in good):
        orders = ["dmy", "mdy"]

    halves = sorted({line.half for line in good})
    known = frozenset(half for half in halves if half in AFTERNOON or AFTERNOON.intersection(half.split()))
    by_halves = all(line.clock[0] <= 12 for line in good) and (len(halves) > 1 or bool(known))
    choices = [known]
    if len(halves) == 2:
        choices = sorted((frozenset({half}) for half in halves), key=lambda choice: choice != known)

    def unlikely(order: str, late: frozenset[str]) -> tuple[int, int, float]:
        times = [_time(line, order, late, by_halves=by_halves) for line in good]
        known = [time for time in times if time is not None]
        steps = [later - earlier for earlier, later in pairwise(known)]
        return len(times) - len(known), sum(step < -7200 for step in steps), sum(abs(step) for step in steps)

    order, late = min(product(orders, choices), key=lambda choice: unlikely(*choice))
    return [None if line.odd else _time(line, order, late, by_halves=by_halves) for line in found]


def _time(line: _Line, order: str, late: frozenset[str], *, by_halves: bool) -> float | None:
    year, month, day = (line.numbers[order.index(part)] for part in "ymd")
    hour, minute, second = line.clock
    if by_halves:
        hour = hour % 12 + (12 if line.half in late else 0)
    year = year + 2000 if year < 100 else year - 543 if year > 2400 else year  # the Buddhist era
    if not (1 <= month <= 12 and 1 <= day <= 32 and hour < 24 and minute < 60 and second < 60):
        return None
    if year < 1900:  # another calendar: only differences matter
        return float((((year * 12 + month) * 31 + day) * 24 + hour) * 3600 + minute * 60 + second)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


# --- text that is not a person's words

QUOTES = re.compile(r"[\"“”„«»「」『』‹›]")


def _is_systems(sender: str, said: Counter[str]) -> bool:
    """Whether a sender is the start of a notice, `Ann changed the subject to “Bread: new”`. Real senders write more than once."""
    return said[sender] < 2 and (bool(QUOTES.search(sender)) or len(sender.split()) > 5)


PLACE = re.compile(
    r"[^:\n]{1,40}: https?://(?:maps\.google\.com|www\.google\.com/maps|maps\.app\.goo\.gl|foursquare\.com)/\S*|[^\n]{0,80}https?://maps\.google\.com/\?q=\S*"
)
POLL = re.compile(r"[^\n:]{2,20}:\n[^\n]{1,300}(?:\n[^\n:]{2,20}: [^\n]{1,200} \([^()\n]{0,3}\d+[^()\n]{0,20}\))+\s*")
FILE = r"\S[^\n]{0,120}\.\w{2,5} \([^()\n]+\)|<[^<>\n]{3,80}>"
ATTACHED = re.compile(rf"(?:{FILE})(?:\n.*)?|null", re.DOTALL)
CAPTION = re.compile(rf"(?:{FILE})\n(.+)", re.DOTALL)
CAPTION_BEFORE = re.compile(r"(.*\S)\s{1,3}<[^<>\n]{1,60}\.\w{2,5}>", re.DOTALL)
"""A caption in exports of an iPhone."""
EDITED = re.compile(r"\s?\u200e?<(?:[^<>\n]{2,40} [^<>\n]{2,40}|[^\x00-\u024f<>\n]{3,40})>$")
"""`<This message was edited>`, in any language."""


LASTED = re.compile(r"[,.:·•(،、，] ?\d{1,3}(?::\d\d){0,2} ?[^\W\d]{0,10}\)?(?: \d{1,2} ?[^\W\d]{1,10})?\Z")
"""The duration at the end of a call's line: `, 12 min`."""


def _caption(text: str) -> str:
    """The caption of a picture or a file; "" if there is none."""
    text = re.sub(rf"[{MARK}]", "", text)
    found = CAPTION.fullmatch(text) or (CAPTION_BEFORE.fullmatch(text) if text[-1:] == ">" else None)
    return without_quotes(_unedited(found[1])) if found else ""


STICKER_FILE = re.compile(r"[^\n]{0,40}\bSTK-\d{8}-WA\d+\.webp\b[^\n]{0,60}|<[^<>\n]{1,40}-STICKER-[^<>\n]{1,60}>")


def is_passing(text: str) -> bool:
    """Whether a line is a sticker or a call, which nobody answers."""
    text = re.sub(rf"[{MARK}]", "", text).casefold().strip(" .。<>")
    if len(text) > 80 or "\n" in text:
        return False
    known = _placeholders()
    if STICKER_FILE.fullmatch(text.upper()) or STICKER_FILE.fullmatch(f"<{text.upper()}>"):
        return True
    if known.sticker.search(text) and known.gone.search(text) and len(text.split()) <= 4:
        return True
    return _is_call(text)


def _is_call(text: str) -> bool:
    """Whether a line in lower case is a call's: `missed voice call, tap to call back`, `video call, 12 min`."""
    known = _placeholders()
    if len(text.split()) > 8 or not known.call.search(text):
        return False
    return bool((known.missed.search(text) and len(text.split()) <= 6) or LASTED.search(text))


def is_deleted(text: str) -> bool:
    """Whether a line says that the message was deleted."""
    return re.sub(rf"[{MARK}]", "", text).casefold().strip(" .。<>") in _placeholders().deleted


def is_wordless(text: str, times: int) -> bool:
    """Whether a text is WhatsApp's placeholder for a picture, a poll, a place or a deleted message.

    Args:
        text: of the whole message.
        times: how often the same text is in the chat.
    """
    if text.startswith("\u200e") or not text:  # iPhones mark placeholders so
        return True
    text = re.sub(rf"[{MARK}]", "", text)
    if ATTACHED.fullmatch(text) or POLL.fullmatch(text) or PLACE.fullmatch(text):
        return True
    words = len(text.split())
    if len(text) > 120 or words > 12 or "\n" in text:
        return False
    known = _placeholders()
    text = text.casefold().strip(" .。")
    if text in known.deleted or known.waiting.match(text):
        return True
    if words > 6:
        return False
    return bool(known.media.search(text) and (known.gone.search(text) or (times > 1 and 1 < words <= 3)))


@dataclass(frozen=True, slots=True)
class _Placeholders:
    """The word lists of whatsapp.yaml."""

    deleted: frozenset[str]
    media: re.Pattern[str]
    sticker: re.Pattern[str]
    gone: re.Pattern[str]
    call: re.Pattern[str]
    missed: re.Pattern[str]
    waiting: re.Pattern[str]


@cache
def _placeholders() -> _Placeholders:
    from ruamel.yaml import YAML

    lists = YAML(typ="safe").load(Path(__file__).with_name("whatsapp.yaml"))
    words = {name: [str(word) for line in lines for word in line] for name, lines in lists.items()}

    def begins(name: str) -> re.Pattern[str]:
        """A pattern for any of the words at the start of a word; anywhere in scripts without blanks between words."""
        return re.compile("|".join(rf"\b{re.escape(word)}" if word[0] < "\u0e00" else re.escape(word) for word in words[name]))

    return _Placeholders(
        frozenset(words["deleted"]), *(begins(name) for name in ("media", "sticker", "gone", "call", "missed", "waiting"))
    )


def _unedited(text: str) -> str:
    return EDITED.sub("", text)
