"""Apple's messages: `chat.db` as the Mac keeps it, and the text files that imessage-exporter writes."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from curate.read.documents import Unreadable
from curate.read.message import Message, names, without_quotes

APPLE_EPOCH = 978_307_200
"""2001-01-01 in seconds since 1970."""
ME = "Me"
SQLITE = b"SQLite format 3\0"
ATTACHMENT = "\ufffc"

TEXT_STAMP = re.compile(r"([A-Z][a-z]{2} \d{1,2}, \d{4} {1,2}\d{1,2}:\d{2}:\d{2}[ \u202f][AP]M)(?: \([^()\n]{1,200}\))?")
ATTACHED_LINE = re.compile(
    r"(?:[^\n]{0,300}/)?[^\n/ ]{1,200}\.(?:jpe?g|heic|png|gif|webp|tiff?|mov|mp4|m4a|caf|amr|mp3|pdf|docx?|xlsx?|pptx?|zip|vcf"
    r"|txt|pluginpayloadattachment)|(?:~|/|[A-Za-z]:\\|attachments/)[^\n]{1,300}\.\w{2,5}|<[^<>\n]{3,60}>",
    re.IGNORECASE,
)
EDITED = re.compile(r"Edited [^:\n]{1,60} later: (.*)")
UNSENT = re.compile(r".{1,80} unsent (?:this|a) message(?: part)?.{0,80}")
TEXT_EXTRA = re.compile(r"Tapbacks:|This message responded to an earlier message\.|Sent with .{1,80}")


def is_sqlite(path: Path) -> bool:
    """Whether a file is a database of SQLite."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def database_messages(path: Path) -> Iterator[Message]:
    """The messages of a `chat.db`, which is opened read-only. Messages of the Mac's owner are from `Me`.

    Raises:
        Unreadable: it is another database, or damaged.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.row_factory = sqlite3.Row
            has = {row["name"] for row in database.execute("select name from pragma_table_info('message')")}
            if not {"is_from_me", "handle_id", "text", "date"} <= has:
                raise Unreadable("is a database, but not Apple's chat.db: it lacks its table of messages")
            wanted = (
                "guid", "attributedBody", "cache_has_attachments", "associated_message_type", "item_type",
                "thread_originator_guid", "date_retracted", "balloon_bundle_id", "account",
            )  # fmt: skip
            columns = ", ".join(f"m.{name}" if name in has else f"null as {name}" for name in wanted)
            rows = database.execute(
                f"select m.ROWID as number, m.text, m.date, m.is_from_me, h.id as handle, j.chat_id as chat, {columns}"  # noqa: S608
                " from message m left join handle h on h.ROWID = m.handle_id"
                " left join chat_message_join j on j.message_id = m.ROWID order by m.date, m.ROWID"
            )
            for row in rows:
                if not row["item_type"] and not 2000 <= (row["associated_message_type"] or 0) < 4000:  # no event, no tapback
                    yield _of_row(row)
    except sqlite3.Error as error:
        raise Unreadable(
            f"cannot be read as a database: {error}; copy chat.db with its -wal file while Messages is closed"
        ) from None


def _of_row(row: sqlite3.Row) -> Message:
    text = row["text"] if isinstance(row["text"], str) and row["text"] else attributed_text(row["attributedBody"])
    link = "URLBalloonProvider" in str(row["balloon_bundle_id"])
    wordless = row["date_retracted"] or (row["balloon_bundle_id"] and not link)
    pictured = ATTACHMENT in text or bool(row["cache_has_attachments"])
    date = float(row["date"] or 0)
    account = str(row["account"] or "").partition(":")[2]
    return Message(
        id=str(row["guid"] or row["number"]),
        time=(date / 1e9 if date > 1e12 else date) + APPLE_EPOCH,
        sender=names(ME, account) if row["is_from_me"] else names(row["handle"] or f"unknown {row['chat']}"),
        text="" if wordless else without_quotes(text.replace(ATTACHMENT, "")),
        thread=str(row["chat"] if row["chat"] is not None else row["handle"]),
        reply_to=str(row["thread_originator_guid"] or ""),
        deleted=bool(row["date_retracted"]),
        pictured=pictured,
    )


def attributed_text(body: object) -> str:
    """The text of an `attributedBody`: the first string in Apple's typedstream, which its length precedes."""
    if not isinstance(body, bytes):
        return ""
    at = body.find(b"NSString")
    at = body.find(b"\x01+", at) + 2 if at >= 0 else 1
    if at < 2 or at >= len(body):
        return ""
    size, at = body[at], at + 1
    if size in (0x81, 0x82):
        width = 2 if size == 0x81 else 4
        size, at = int.from_bytes(body[at : at + width], "little"), at + width
    return body[at : at + size].decode("utf-8", "replace")


def is_text_export(text: str) -> bool:
    """Whether a text begins like a file of imessage-exporter."""
    return bool(TEXT_STAMP.match(text.lstrip("\ufeff\n")))


def text_messages(text: str) -> Iterator[Message]:
    """The messages of a text export: a line with the time, one with the sender, then what was sent; a blank line between two."""
    lines = text.replace("\r\n", "\n").lstrip("\ufeff").split("\n")
    starts = [at for at, line in enumerate(lines[:-1]) if TEXT_STAMP.fullmatch(line) and not (at and lines[at - 1].strip())]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True)):
        stamp = TEXT_STAMP.fullmatch(lines[start])
        assert stamp
        written = " ".join(stamp[1].replace("\u202f", " ").split())
        time = datetime.strptime(written, "%b %d, %Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
        said = []
        deleted = False
        for at, line in enumerate(lines[start + 2 : end], start + 2):
            if edited := EDITED.fullmatch(line):
                said = [edited[1]]  # the text before the edit is above it
            elif UNSENT.fullmatch(line):
                deleted = True
            elif TEXT_EXTRA.fullmatch(line) or (TEXT_STAMP.match(line) and not lines[at - 1].strip()):  # somebody joined
                break
            elif not TEXT_STAMP.fullmatch(line.strip()) and not line.startswith("    "):  # replies are indented
                said.append(line)
        words = [line for line in said if not ATTACHED_LINE.fullmatch(line.strip())]
        text = without_quotes("\n".join(words)).strip()
        yield Message(
            str(number), time, names(lines[start + 1]), text, thread="", deleted=deleted, pictured=len(words) < len(said)
        )
