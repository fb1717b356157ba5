"""Chat exports as messages: Slack, Telegram, Discord, WhatsApp, Messenger and Instagram, and plain CSV.

Each format is told by what is in the file, and read as its program writes it. Messages of the program itself (who joined,
who called) are left out; a message without words of its sender's keeps its place with an empty text, so that no answer to a
picture is taken for an answer to what stood before it.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from curate.read.documents import Unreadable, decode
from curate.read.message import Message
from curate.read.plain import tidy
from curate.read.rows import check_size, csv_rows, json_value

Row = dict[str, Any]


def chat_messages(path: Path) -> Iterator[Message]:
    """The messages of a chat export: a file, or the unpacked folder of a Slack export.

    Raises:
        Unreadable: it is no export known here, or is damaged.
    """
    if path.is_dir():
        return _slack_folder(path)
    match path.suffix.lower():
        case ".json":
            return _json_export(json_value(path), path)
        case ".csv" | ".tsv":
            return _csv(path)
        case ".txt":
            return _whatsapp(path)
        case ".zip":
            raise Unreadable("is packed; unpack it and name what is in it")
        case _:
            raise Unreadable(
                "is no conversation known here: .mbox, .json, .csv, .tsv, .txt (WhatsApp), or a Slack export's folder"
            )


def _json_export(export: Any, path: Path) -> Iterator[Message]:
    """By the keys that only the one program writes."""
    if isinstance(export, list) and all(isinstance(row, dict) and "ts" in row for row in export):
        return _slack_day(export, path.parent.name, _slack_people(path.parent.parent, path.parent))
    if isinstance(export, dict):
        if isinstance(chats := export.get("chats"), dict) and isinstance(chats.get("list"), list):
            return (message for chat in _dicts(chats["list"]) for message in _telegram(chat))
        if isinstance(export.get("messages"), list):
            if "guild" in export and isinstance(export.get("channel"), dict):
                return _discord(export)
            if "threadName" in export or "thread_path" in export:
                return _messenger(export)
            if "type" in export and "id" in export:
                return _telegram(export)
    raise Unreadable("is JSON, but no chat export known here (Slack, Telegram, Discord, Messenger, Instagram)")


def _dicts(rows: Any) -> list[Row]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _names(*names: Any) -> tuple[str, ...]:
    """What a sender goes by, each once."""
    return tuple(dict.fromkeys(clean for name in names if isinstance(name, str | int) and (clean := tidy(str(name)))))


# --- Slack: one JSON list a channel and day; people are told by id, and named in users.json (slack.com/help, data exports)

SLACK_SAID = (None, "me_message", "thread_broadcast", "file_share", "bot_message", "tombstone")
"""Subtypes of messages that somebody sent; all others are the program's."""


def _slack_folder(folder: Path) -> Iterator[Message]:
    people = _slack_people(folder)
    days = sorted(folder.glob("*/*.json"))
    if not people or not days:
        raise Unreadable("is a folder, but no Slack export: that has users.json, and a folder of JSON files for each channel")
    for day in days:
        try:
            rows = json_value(day)
            if not isinstance(rows, list):
                raise Unreadable("is not a list of messages")
            yield from _slack_day(_dicts(rows), day.parent.name, people)
        except Unreadable as error:
            raise Unreadable(f"holds {day.relative_to(folder)}, which {error}") from None


def _slack_people(*folders: Path) -> dict[str, Row]:
    """Everybody in users.json, by id."""
    for folder in folders:
        if (users := folder / "users.json").is_file():
            return {str(user.get("id")): user for user in _dicts(json_value(users))}
    return {}


def _slack_day(rows: Sequence[Row], channel: str, people: dict[str, Row]) -> Iterator[Message]:
    for row in rows:
        if row.get("subtype") not in SLACK_SAID or (time := _epoch(row.get("ts"))) is None:
            continue
        user = str(row.get("user", row.get("username", "")))
        known = people.get(user, {})
        profile = known.get("profile") or row.get("user_profile") or {}
        by_bot = bool(row.get("bot_id") or known.get("is_bot") or user == "USLACKBOT" or row.get("subtype") == "bot_message")
        wordless = by_bot or row.get("subtype") == "tombstone" or row.get("files") or row.get("hidden")
        thread = str(row.get("thread_ts", ""))
        yield Message(
            id=f"{channel}/{row['ts']}",
            time=time,
            sender=_names(*_slack_names(known, profile), user),
            text="" if wordless else _without_quotes(_slack_text(str(row.get("text", "")), people)),
            thread=f"{channel}/{thread}" if thread else channel,
        )


def _slack_names(user: Row, profile: Any) -> list[Any]:
    profile = profile if isinstance(profile, dict) else {}
    return [
        profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name"), profile.get("name"),
        profile.get("email"),
    ]  # fmt: skip


def _slack_text(text: str, people: dict[str, Row]) -> str:
    """Slack's own marks (`<@U1>`, `<https://…|label>`, `&amp;`) as a reader sees them (docs.slack.dev, formatting)."""

    def shown(mark: re.Match[str]) -> str:
        target, _, label = mark[1].partition("|")
        if target.startswith("@"):
            user = people.get(target[1:], {})
            return "@" + next(iter(_names(label, *_slack_names(user, user.get("profile")))), "somebody")
        if target[:1] in "#!":
            return "#" + (label or target[1:]) if target.startswith("#") else label or "@" + target[1:].split("^")[0]
        return label or target.removeprefix("mailto:")

    return html.unescape(re.sub(r"<([^<>\n]+)>", shown, text))


# --- Telegram Desktop: result.json, of one chat or of an account


def _telegram(chat: Row) -> Iterator[Message]:
    if chat.get("type") in ("bot_chat", "saved_messages"):
        return
    name = str(chat.get("id"))
    rows = _dicts(chat.get("messages"))
    topics = {str(row.get("id")) for row in rows if row.get("action") == "topic_created"}
    for row in rows:
        time = _epoch(row.get("date_unixtime", "")) or _iso(row.get("date"))
        if row.get("type") != "message" or time is None:
            continue
        answered = str(row.get("reply_to_message_id") or "")
        in_topic = answered in topics  # in a forum, all there is answers the message that opened the topic
        elsewhere = row.get("reply_to_peer_id") or name
        wordless = any(row.get(key) for key in ("forwarded_from", "via_bot", "media_type", "photo", "file", "poll"))
        identifier = str(row.get("from_id") or "")
        yield Message(
            id=f"{name}/{row.get('id')}",
            time=time,
            sender=_names(row.get("from"), identifier, identifier.removeprefix("user")),
            text="" if wordless else _without_quotes(_telegram_text(row.get("text"))),
            thread=f"{name}/{answered}" if in_topic else name,
            reply_to=f"{elsewhere}/{answered}" if answered and not in_topic else "",
        )


def _telegram_text(text: Any) -> str:
    """Plain, or a list of plain stretches and marked ones; what was quoted from others is left out."""
    if isinstance(text, list):
        parts = (part if isinstance(part, dict) else {"text": part} for part in text)
        return "".join(str(part.get("text", "")) for part in parts if part.get("type") != "blockquote")
    return text if isinstance(text, str) else ""


# --- Discord: DiscordChatExporter's JSON (its CSV is read as any other)


def _discord(export: Row) -> Iterator[Message]:
    channel = str(export["channel"].get("id"))
    for row in _dicts(export["messages"]):
        if row.get("type") not in ("Default", "Reply", "19") or (time := _iso(row.get("timestamp"))) is None:
            continue
        author: Row = who if isinstance(who := row.get("author"), dict) else {}
        reference = row.get("reference") if row["type"] != "Default" else None
        wordless = author.get("isBot") or any(row.get(key) for key in ("attachments", "stickers", "forwardedMessage"))
        tagged = f"{author.get('name')}#{author.get('discriminator')}"
        yield Message(
            id=str(row.get("id")),
            time=time,
            sender=_names(author.get("nickname"), author.get("name"), tagged, author.get("id")),
            text="" if wordless else _without_quotes(str(row.get("content") or "")),
            thread=channel,
            reply_to=str(reference.get("messageId") or "") if isinstance(reference, dict) else "",
        )


# --- Facebook Messenger and Instagram: message_1.json (names in snake_case, newest first), and the one of encrypted chats

MESSENGER_WORDLESS = ("photos", "videos", "audio_files", "files", "gifs", "sticker", "is_unsent", "isUnsent", "media")
MESSENGER_OWN = re.compile(  # in other languages these are too short to become pairs
    r"(?:Liked a message|Reacted \S{1,12} to your message|.{1,80} sent an attachment\.)\s*"
)


def _messenger(export: Row) -> Iterator[Message]:
    encrypted = "threadName" in export
    told: Callable[[Any], str] = _plain if encrypted else _mojibake
    time_key, sender_key, text_key = (
        ("timestamp", "senderName", "text") if encrypted else ("timestamp_ms", "sender_name", "content")
    )
    rows = _dicts(export["messages"])
    if rows and (_epoch(rows[0].get(time_key)) or 0) > (_epoch(rows[-1].get(time_key)) or 0):
        rows.reverse()
    for number, row in enumerate(rows):
        if row.get("type") in ("Call", "Subscribe", "Unsubscribe", "placeholder") or "call_duration" in row:
            continue
        text = told(row.get(text_key))
        if (time := _epoch(row.get(time_key))) is None:
            continue
        wordless = any(row.get(key) for key in MESSENGER_WORDLESS) or MESSENGER_OWN.fullmatch(text)
        sender = _names(told(row.get(sender_key)))
        yield Message(str(number), time, sender, "" if wordless else _without_quotes(text), thread="")


def _plain(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _mojibake(text: Any) -> str:
    """Facebook writes each byte of its UTF-8 as a character of Latin-1."""
    try:
        return _plain(text).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return _plain(text)


# --- WhatsApp: text, of iPhones (`[05/03/2025, 10:14:33] Ann: Hi`) and Androids (`05/03/2025, 10:14 - Ann: Hi`)

HIDDEN = "[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*"
WHATSAPP_DATE = r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{2,4},?[^\d\n]{1,8}?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[ap]\.?\s?m\.?)?"
WHATSAPP_LINE = re.compile(
    rf"^{HIDDEN}(?:\[({WHATSAPP_DATE})\] |({WHATSAPP_DATE}) [-–] ){HIDDEN}(?:~[\s\u202f]?)?(?:([^:\"“”\n]{{1,80}}): )?(.*)$",
    re.IGNORECASE,
)
WHATSAPP_WORDLESS = re.compile(
    r"\u200e.*|<[^<>\n]{3,60}>|null"  # the iPhone marks its own words, the Android puts them into angle brackets
    r"|\u200e?\S+\.\w{2,5} \([^()\n]+\)(?:\n.*)?"  # IMG-1.jpg (file attached), in any language
    r"|(?:This message was deleted|You deleted this message|Diese Nachricht wurde gelöscht|Du hast diese Nachricht gelöscht"
    r"|Ce message a été supprimé|Vous avez supprimé ce message|Se eliminó este mensaje|Eliminaste este mensaje)\.?",
    re.DOTALL,
)
WHATSAPP_EDITED = re.compile(r"\u200e?<[^<>\n]{2,30} [^<>\n]{2,30}>$")
"""`<This message was edited>`, in any language."""


def _whatsapp(path: Path) -> Iterator[Message]:
    check_size(path)
    found: list[tuple[str, str, list[str]]] = []  # date, sender, lines
    for line in decode(path.read_bytes()).replace("\r\n", "\n").split("\n"):
        if start := WHATSAPP_LINE.match(line):
            found.append((start[1] or start[2], start[3] or "", [start[4]]))
        elif found:
            found[-1][2].append(line)
    if not found:
        raise Unreadable("is no WhatsApp chat: no line begins with a date and a time")
    times = _times([date for date, _, _ in found])
    now = -math.inf
    for number, ((_, sender, lines), time) in enumerate(zip(found, times, strict=True)):
        if sender and time is not None:
            now = max(now, time)  # in autumn the phone's clock is set back
            text = "\n".join(lines).strip()
            words = "" if WHATSAPP_WORDLESS.fullmatch(text) else _without_quotes(WHATSAPP_EDITED.sub("", text))
            yield Message(str(number), now, _names(sender), words, thread="")


# --- CSV, of DiscordChatExporter and whatever else writes one message a row

CSV_COLUMNS = {
    "time": ("timestamp", "time", "date", "datetime", "sent", "sent_at", "created_at"),
    "sender": ("sender", "from", "author", "name", "user", "username", "sender_name"),
    "text": ("text", "message", "content", "body"),
    "thread": ("conversation", "thread", "channel", "chat", "conversation_id", "thread_id", "channel_id", "chat_id"),
    "sender_id": ("authorid", "author_id", "sender_id", "user_id", "from_id", "email"),
}  # fmt: skip
"""The names that a column goes by; of several in one file, the first here."""


def _csv(path: Path) -> Iterator[Message]:
    columns: dict[str, str] = {}
    dates: list[str] = []
    said: list[tuple[tuple[str, ...], str, str]] = []
    people: dict[tuple[str, str], tuple[str, ...]] = {}  # each once: a million rows have few senders
    for row in csv_rows(path):
        if not columns:
            columns = _csv_columns(list(row))
        who = row[columns["sender"]], row.get(columns.get("sender_id", ""), "")
        dates.append(row[columns["time"]])
        if who not in people:
            people[who] = _names(*who)
        text = "" if row.get("attachments") else row[columns["text"]]
        said.append((people[who], text, row.get(columns.get("thread", ""), "")))
    for number, (time, (sender, text, thread)) in enumerate(zip(_times(dates), said, strict=True)):
        if time is None:
            raise Unreadable(
                f"row {number + 1} has the time {dates[number][:40]!r}, which cannot be read; write it as 2025-01-31 18:30"
            )
        yield Message(str(number), time, sender, _without_quotes(text), thread)


def _csv_columns(names: list[str]) -> dict[str, str]:
    """The column of each of our fields, where there is one."""
    found = {field: name for field, known in CSV_COLUMNS.items() if (name := next((n for n in known if n in names), None))}
    for field in ("time", "sender", "text"):
        if field not in found:
            raise Unreadable(
                f"names no column for the {field} ({', '.join(CSV_COLUMNS[field])}); it has {', '.join(names)[:200]}"
            )
    return found


# --- what they share

CLOCK = re.compile(
    r"\D*(\d{1,4})[./-] ?(\d{1,2})[./-] ?(\d{1,4})(?:\D{1,8}?(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s?([ap])\.?\s?m)?)?",
    re.IGNORECASE,
)


def _without_quotes(text: str) -> str:
    """What the sender wrote: no `> quoted` lines."""
    return tidy(re.sub(r"^[ \t]*>.*$", "", text, flags=re.MULTILINE))


def _epoch(value: Any) -> float | None:
    """Seconds since 1970 of a number in seconds, milli-, micro- or nanoseconds."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    while abs(number) > 1e11:
        number /= 1000
    return number


def _iso(value: Any) -> float | None:
    """Seconds since 1970 of an ISO 8601 time; one without a zone is taken as it is."""
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, AttributeError, OverflowError):
        return None


def _times(written: Sequence[str]) -> list[float | None]:
    """Seconds since 1970 of each time, in whichever form the file has them."""
    times = [epoch if (epoch := _epoch(text)) is not None else _iso(text) for text in written]
    parts = {index: _date_parts(written[index]) for index, time in enumerate(times) if time is None}
    day_first = _day_comes_first([part for part in parts.values() if part])
    for index, part in parts.items():
        times[index] = _from_parts(part, day_first) if part else _named_month(written[index])
    return times


def _date_parts(text: str) -> tuple[int, ...] | None:
    """Three numbers of a date as they stand, then hour, minute, second."""
    found = CLOCK.match(text)
    if not found:
        return None
    hour = int(found[4] or 0)
    if found[7]:
        hour = hour % 12 + (12 if found[7] in "pP" else 0)
    return (*(int(found[n]) for n in (1, 2, 3)), hour, int(found[5] or 0), int(found[6] or 0))


def _day_comes_first(parts: Sequence[tuple[int, ...]]) -> bool:
    """Whether 05/03 is the fifth of March: as dates they must all be some, and a chat goes on in small steps."""

    def unlikely(day_first: bool) -> tuple[int, float]:
        times = [_from_parts(each, day_first) for each, _ in groupby(parts)]
        known = [time for time in times if time is not None]
        return len(times) - len(known), sum(abs(later - earlier) for earlier, later in pairwise(known))

    return unlikely(day_first=True) <= unlikely(day_first=False)


def _from_parts(parts: tuple[int, ...], day_first: bool) -> float | None:
    first, second, third, hour, minute, seconds = parts
    year, month, day = (first, second, third) if first > 31 else (third, second, first) if day_first else (third, first, second)
    try:
        return datetime(year if year > 99 else year + 2000, month, day, hour, minute, seconds, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _named_month(text: str) -> float | None:
    """`05-Jan-24 06:30 PM`, as older versions of DiscordChatExporter write it."""
    for form in ("%d-%b-%y %I:%M %p", "%d-%b-%y %H:%M", "%b %d, %Y %I:%M %p"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None
