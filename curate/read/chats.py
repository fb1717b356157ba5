"""Chat exports as messages, each recognised by what is in the file and read as its program writes it.

Messages of the program itself (who joined, who called) are left out. A message without words of its sender, such as a picture, is
kept with an empty text; otherwise an answer to it would be taken for an answer to the message before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curate.model import Stage
from curate.read.assistants import assistant_messages, assistant_of
from curate.read.documents import Unreadable, decode
from curate.read.imessage import ME, database_messages, is_sqlite, is_text_export, text_messages
from curate.read.mail_html import html_lines
from curate.read.message import Message, names, without_quotes
from curate.read.rows import check_size, csv_rows, json_rows, json_value
from curate.read.slack import people_of, slack_day, slack_folder
from curate.read.speakers import is_transcript
from curate.read.telegram import is_telegram_page, telegram_chat, telegram_page
from curate.read.times import epoch, iso, times_of
from curate.read.transcripts import transcript_messages
from curate.read.whatsapp import whatsapp_messages

Row = dict[str, Any]

KNOWN = (
    "mail (.mbox, .eml, Maildir), Slack, Telegram, Discord, Messenger, Instagram, Signal, WhatsApp (.txt), iMessage (chat.db, "
    ".txt), transcripts (.vtt, .srt, .txt, .md) and CSV with time, sender and text"
)


def chat_messages(path: Path, stage: Stage) -> Iterator[Message]:
    """The messages of a chat export: a file, or the unpacked folder of an export.

    Raises:
        Unreadable: it is no export known here, or is damaged.
    """
    if path.is_dir():
        return _folder(path)
    match path.suffix.lower():
        case ".json":
            try:
                return _json_export(json_value(path), path)
            except Unreadable as error:
                if "Extra data" not in str(error):
                    raise
            return _json_lines(list(json_rows(path)))  # under another name
        case ".jsonl" | ".ndjson":
            return _json_lines(list(json_rows(path)))
        case ".csv" | ".tsv":
            return _csv(path, stage)
        case ".vtt" | ".srt":
            check_size(path)
            return transcript_messages(decode(path.read_bytes()))
        case ".txt" | ".md":
            check_size(path)
            text = decode(path.read_bytes())
            if is_transcript(text):
                return transcript_messages(text)
            return text_messages(text) if is_text_export(text) else whatsapp_messages(text, stage)
        case ".html" | ".htm":
            check_size(path)
            if is_telegram_page(page := decode(path.read_bytes())):
                return telegram_page(page, path)
            raise Unreadable("is a web page, but not one of a Telegram export; export the chat as JSON")
        case ".zip":
            raise Unreadable("is packed; unpack it and name what is in it")
        case ".pst" | ".ost" | ".olm" | ".msg":
            raise Unreadable("is Outlook's own; save the mails as .eml, or convert the file with `readpst` to mbox")
        case _ if is_sqlite(path):
            return database_messages(path)
        case _:
            raise Unreadable(f"is not a conversation in a known format: {KNOWN}")


def _folder(folder: Path) -> Iterator[Message]:
    """Slack's folder, Telegram's pages, or the inbox of Messenger or Instagram: a folder for each talk, newest file first."""
    if pages := sorted(folder.glob("messages*.html"), key=lambda page: (len(page.name), page.name)):
        return (message for page in pages for message in chat_messages(page, Stage("read")))
    for talks in (folder / "conversations.json", *sorted(folder.rglob("MyActivity.json"))):
        if talks.is_file():
            return _json_export(json_value(talks), talks)
    if not (folder / "users.json").is_file() and (parts := sorted(folder.rglob("message_*.json"))):
        return _inbox(folder, parts)
    return slack_folder(folder)


def _inbox(folder: Path, parts: list[Path]) -> Iterator[Message]:
    for part in parts:
        try:
            for message in _json_export(json_value(part), part):
                name = part.relative_to(folder).as_posix()
                yield Message(f"{name}/{message.id}", message.time, message.sender, message.text, part.parent.name)
        except Unreadable as error:
            raise Unreadable(f"holds {part.relative_to(folder)}, which {error}") from None


def _json_export(export: Any, path: Path) -> Iterator[Message]:
    """Recognise a JSON export by keys that only its program writes."""
    if program := assistant_of(export):
        return assistant_messages(export, program)
    if isinstance(export, list) and export and all(isinstance(row, dict) for row in export):
        if all("ts" in row for row in export):
            return slack_day(export, path.parent.name, people_of(path.parent.parent, path.parent))
        if all("Contents" in row and "Timestamp" in row for row in export):
            raise Unreadable(
                "is of Discord's own data package, which holds your messages and not what they answer; read it as documents "
                "(without `as`), or export the channels with DiscordChatExporter"
            )
        if all("body" in row and "sender" in row for row in export):
            return _sigexport(export)
    if isinstance(export, list) and not export:
        return iter(())
    if isinstance(export, dict):
        if isinstance(export.get("orderedItems"), list):
            raise Unreadable(
                "is an archive of what you posted, without what others said before; read it as documents (without `as`)"
            )
        if isinstance(chats := export.get("chats"), dict) and isinstance(chats.get("list"), list):
            return (message for chat in _dicts(chats["list"]) for message in telegram_chat(chat))
        if isinstance(export.get("messages"), list):
            if "guild" in export and isinstance(export.get("channel"), dict):
                return _discord(export)
            if "threadName" in export or "thread_path" in export:
                return _messenger(export)
            if "type" in export and "id" in export:
                return telegram_chat(export)
        for key in ("messages", "messsages"):  # so one tool spells it
            if (rows := _dicts(export.get(key))) and "conversationId" in rows[0]:
                return _signal_database(rows)
    raise Unreadable("is JSON, but not a known chat export (Slack, Telegram, Discord, Messenger, Instagram, Signal)")


def _json_lines(rows: list[Any]) -> Iterator[Message]:
    if any(isinstance(row, dict) and "chatItem" in row for row in rows):
        return _signal_frames(_dicts(rows))
    if rows and all(isinstance(row, dict) and "body" in row and "sender" in row for row in rows):
        return _sigexport(rows)
    raise Unreadable("is JSON line by line, but not a known chat export (Signal)")


def _dicts(rows: Any) -> list[Row]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


# --- Discord: DiscordChatExporter's JSON (its CSV is read as any other)


def _discord(export: Row) -> Iterator[Message]:
    channel = str(export["channel"].get("id"))
    for row in _dicts(export["messages"]):
        if row.get("type") not in ("Default", "Reply", "19") or (time := iso(row.get("timestamp"))) is None:
            continue
        author: Row = who if isinstance(who := row.get("author"), dict) else {}
        reference = row.get("reference") if row["type"] != "Default" else None
        text = "" if author.get("isBot") or row.get("forwardedMessage") else without_quotes(str(row.get("content") or ""))
        if row.get("stickers") and not text and not row.get("attachments"):
            continue
        tagged = f"{author.get('name')}#{author.get('discriminator')}"
        yield Message(
            id=str(row.get("id")),
            time=time,
            sender=names(author.get("nickname"), author.get("name"), tagged, author.get("id")),
            text=text,
            thread=channel,
            reply_to=str(reference.get("messageId") or "") if isinstance(reference, dict) else "",
            pictured=bool(row.get("attachments")),
        )


# --- Facebook Messenger and Instagram: message_1.json (names in snake_case, newest first), and the one of encrypted chats

MESSENGER_PICTURED = ("photos", "videos", "audio_files", "files", "gifs", "media", "share")
MESSENGER_OWN = re.compile(r"(?:.{1,80} sent an attachment\.|.{1,80} shared a (?:story|post|reel)\.)\s*")
MESSENGER_PASSING = re.compile(r"(?:Liked a message|Reacted \S{1,12} to (?:your|a) (?:message|story)|.{1,80} liked a message)\s*")
"""In other languages these are too short to become pairs."""
MESSENGER_DID = (
    r"(?:missed|called|named|changed|set|left|created|added|removed|reacted|liked|started|joined|pinned|replied|unsent|updated"
    r"|turned|cleared|waved|mentioned|ended|sent|shared|can now|are now|blocked|unblocked|upgraded)\b"
)
MESSENGER_EVENT = re.compile(
    rf"You {MESSENGER_DID}.{{0,100}}|Mentioned you in .{{1,40}}|Replied to (?:your|a) story\W?|.{{1,40}} call ended",
    re.IGNORECASE,
)
"""Lines that Messenger and Instagram write about what somebody did."""


def _messenger(export: Row) -> Iterator[Message]:
    encrypted = "threadName" in export
    decode_name: Callable[[Any], str] = _plain if encrypted else _mojibake
    time_key, sender_key, text_key = (
        ("timestamp", "senderName", "text") if encrypted else ("timestamp_ms", "sender_name", "content")
    )
    rows = _dicts(export["messages"])
    if rows and (epoch(rows[0].get(time_key)) or 0) > (epoch(rows[-1].get(time_key)) or 0):
        rows.reverse()
    texts = Counter(decode_name(row.get(text_key)) for row in rows if any(row.get(key) for key in MESSENGER_PICTURED))
    for number, row in enumerate(rows):
        if row.get("type") in ("Call", "Subscribe", "Unsubscribe", "placeholder") or "call_duration" in row:
            continue
        text = decode_name(row.get(text_key))
        if (time := epoch(row.get(time_key))) is None:
            continue
        if MESSENGER_PASSING.fullmatch(text) or (row.get("sticker") and not text):
            continue
        sender = names(decode_name(row.get(sender_key)))
        pictured = any(row.get(key) for key in MESSENGER_PICTURED)
        is_event = _is_event(text, sender) or (pictured and texts[text] > 1 and text.endswith("."))
        if is_event and not pictured:
            continue
        wordless = is_event or row.get("is_unsent") or row.get("isUnsent") or MESSENGER_OWN.fullmatch(text)
        words = "" if wordless else without_quotes(text)
        yield Message(
            str(number),
            time,
            sender,
            words,
            thread="",
            deleted=bool(row.get("is_unsent") or row.get("isUnsent")),
            pictured=pictured,
        )


def _is_event(text: str, sender: tuple[str, ...]) -> bool:
    """Whether a text is about its sender, whose name it begins with, as people do not write of themselves."""
    if "\n" in text or len(text) > 160 or not sender:
        return False
    name, first = sender[0], sender[0].split()[0]
    whole = len(name.split()) > 1 and text.startswith(f"{name} ") and len(text.split()) <= 16
    did = text.startswith(f"{first} ") and re.match(MESSENGER_DID, text[len(first) + 1 :]) is not None
    return whole or did or MESSENGER_EVENT.fullmatch(text.strip()) is not None


def _plain(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _mojibake(text: Any) -> str:
    """Undo Facebook's encoding, which writes each byte of UTF-8 as a character of Latin-1."""
    try:
        return _plain(text).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return _plain(text)


# --- Signal: rows of the desktop's database, of signal-export, and the frames of a plain backup


def _signal_database(rows: list[Row]) -> Iterator[Message]:
    for row in rows:
        kind = row.get("type")
        if kind not in ("incoming", "outgoing") or (time := epoch(row.get("sent_at") or row.get("timestamp"))) is None:
            continue
        if row.get("sticker"):
            continue
        wordless = any(row.get(key) for key in ("isErased", "deletedForEveryone", "isViewOnce"))
        sender = (
            (ME,)
            if kind == "outgoing"
            else names(*(row.get(key) for key in ("conversationName", "source", "sourceServiceId", "sourceUuid")))
        )
        quote = row.get("quote")
        yield Message(
            id=str(row.get("id") or time),
            time=time,
            sender=sender or names(row.get("conversationId")),
            text="" if wordless else without_quotes(_plain(row.get("body"))),
            thread=str(row.get("conversationId")),
            reply_to=str(quote.get("messageId") or "") if isinstance(quote, dict) else "",
            deleted=bool(row.get("isErased") or row.get("deletedForEveryone")),
            pictured=bool(row.get("attachments") or row.get("hasAttachments")),
        )


def _sigexport(rows: list[Row]) -> Iterator[Message]:
    """A chat's data.json of signal-export, where the owner is `Me`."""
    for number, row in enumerate(rows):
        if (time := iso(row.get("date")) or epoch(row.get("date"))) is None:
            continue
        text = without_quotes(_plain(row.get("body")))
        if row.get("sticker") and not text:
            continue
        yield Message(str(number), time, names(row.get("sender")), text, thread="", pictured=bool(row.get("attachments")))


def _signal_frames(rows: list[Row]) -> Iterator[Message]:
    """A backup's frames as JSON: its people, chats and messages (github.com/signalapp, Backup.proto)."""
    people: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if isinstance(recipient := row.get("recipient"), dict):
            contact: Row = next((recipient[key] for key in ("contact", "group") if isinstance(recipient.get(key), dict)), {})
            given = (
                [contact.get("systemGivenName"), contact.get("systemFamilyName")],
                [contact.get("profileGivenName"), contact.get("profileFamilyName")],
            )
            full = [" ".join(str(part) for part in parts if part) for parts in given]
            mine = ME if "self" in recipient else None
            people[str(recipient.get("id"))] = names(
                mine, *full, contact.get("username"), contact.get("e164"), contact.get("aci")
            )
    for row in rows:
        item = row.get("chatItem")
        item = item.get("chatItem", item) if isinstance(item, dict) else None
        if not isinstance(item, dict) or (time := epoch(item.get("dateSent"))) is None:
            continue
        if "updateMessage" in item or "stickerMessage" in item:
            continue
        said = item.get("standardMessage")
        text = said.get("text") if isinstance(said, dict) else None
        quote = said.get("quote") if isinstance(said, dict) else None
        chat = str(item.get("chatId"))
        yield Message(
            id=f"{chat}/{item.get('dateSent')}",
            time=time,
            sender=people.get(str(item.get("authorId"))) or names(item.get("authorId")),
            text=without_quotes(_plain(text.get("body"))) if isinstance(text, dict) else "",
            thread=chat,
            reply_to=f"{chat}/{quote.get('targetSentTimestamp')}"
            if isinstance(quote, dict) and quote.get("targetSentTimestamp")
            else "",
            pictured=isinstance(said, dict) and bool(said.get("attachments")),
        )


# --- CSV, of DiscordChatExporter and whatever else writes one message a row

CSV_COLUMNS = {
    "time": ("timestamp", "time", "date", "datetime", "sent", "sent_at", "created_at", "message_date", "sent_date"),
    "sender": ("sender", "from", "author", "name", "user", "username", "sender_name"),
    "text": ("text", "message", "content", "body", "message_text", "contents"),
    "thread": ("conversation", "thread", "channel", "chat", "conversation_id", "thread_id", "channel_id", "chat_id",
               "conversationid", "threadid", "channelid", "chatid", "chat_session", "thread_name", "chat_name",
               "conversation_name", "room", "room_id"),
    "sender_id": ("authorid", "author_id", "sender_id", "senderid", "user_id", "userid", "from_id", "email",
                  "sender_profile_url"),
    "attachments": ("attachments", "attachment"),
    "direction": ("type", "direction"),
    "folder": ("folder",),
    "draft": ("is_message_draft", "is_draft", "draft"),
    "profile": ("sender_profile_url",),
}  # fmt: skip
"""The names that a column may have. If a file has several of them, the first in this list is used. Blanks are read as `_`."""
NO_THREAD = "no column for the conversation: the rows are read as one"
OUTGOING = ("outgoing", "sent")
NOT_SENT = ("draft", "drafts", "spam", "trash", "junk")
"""Folders of messages that were never sent, were deleted or are spam."""
HTML = re.compile(r"</?(?:p|br|div|span|ul|ol|li|strong|b|em|i|a)(?: [^<>]{0,500})?/?>", re.IGNORECASE)


def _csv(path: Path, stage: Stage) -> Iterator[Message]:
    columns: dict[str, str] = {}
    dates: list[str] = []
    said: list[tuple[tuple[str, ...], str, str, bool]] = []
    people: dict[tuple[str, str], tuple[str, ...]] = {}  # each once: a million rows have few senders
    for row in csv_rows(path):
        if not columns:
            columns = _csv_columns(list(row))
            if "thread" not in columns and "reactions" not in row:  # DiscordChatExporter writes one channel a file
                stage.count(NO_THREAD)
        direction = row.get(columns.get("direction", ""), "").strip().lower()
        if direction == "notification" or _is_unsent(row, columns):
            continue
        who = row[columns["sender"]], row.get(columns.get("sender_id", ""), "")
        if direction in OUTGOING and not who[0].strip():
            who = ME, who[1]
        dates.append(row[columns["time"]])
        if who not in people:
            people[who] = names(*who)
        text = row[columns["text"]]
        if "profile" in columns and HTML.search(text):  # LinkedIn's own editor
            text = html_lines(text)
        attached = bool(row.get(columns.get("attachments", ""), "").strip())
        said.append((people[who], text, row.get(columns.get("thread", ""), ""), attached))
    rows = list(zip(times_of(dates), said, strict=True))
    known = [time for time, _ in rows if time is not None]
    if len(known) > 1 and known[0] > known[-1]:  # newest first: of messages in one minute, the last row is the oldest
        rows.reverse()
        dates.reverse()
    for number, (time, (sender, text, thread, attached)) in enumerate(rows):
        if time is None:
            raise Unreadable(
                f"row {number + 1} has the time {dates[number][:40]!r}, which cannot be read; write it as 2025-01-31 18:30"
            )
        yield Message(str(number), time, sender, without_quotes(text), thread, pictured=attached)


def _is_unsent(row: dict[str, str], columns: dict[str, str]) -> bool:
    folder = row.get(columns.get("folder", ""), "").strip().lower()
    return folder in NOT_SENT or row.get(columns.get("draft", ""), "").strip().lower() in ("yes", "true", "1")


def _csv_columns(given: list[str]) -> dict[str, str]:
    """The column of each of our fields, where there is one."""
    plain = {re.sub(r"[\s-]+", "_", name.strip().lower()): name for name in reversed(given)}
    found = {field: plain[name] for field, known in CSV_COLUMNS.items() if (name := next((n for n in known if n in plain), None))}
    for field in ("time", "sender", "text"):
        if field not in found:
            raise Unreadable(
                f"names no column for the {field} ({', '.join(CSV_COLUMNS[field])}); it has {', '.join(given)[:200]}"
            )
    return found
