"""Read Telegram Desktop's export: result.json, of one chat or of an account, or its HTML pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from curate.read.message import Message, names, without_quotes
from curate.read.times import epoch, iso

Row = dict[str, Any]
WORDLESS = (
    "forwarded_from", "forwarded_from_id", "via_bot", "poll", "location_information", "contact_information", "game_title",
    "invoice_information",
)  # fmt: skip
"""Keys of messages that hold no words of the sender."""
PICTURED = ("media_type", "photo", "file")
"""Keys of messages with a picture or a file beside the words."""
PAGE_TIME = re.compile(r"(\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2})(?: UTC([+-]\d{2}):?(\d{2}))?")


def telegram_chat(chat: Row) -> Iterator[Message]:
    """The messages of one chat of a result.json. Chats with bots are left out."""
    if chat.get("type") == "bot_chat":
        return
    name = str(chat.get("id"))
    found = chat.get("messages")
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    topics = {str(row.get("id")) for row in rows if row.get("action") == "topic_created"}
    for row in rows:
        time = epoch(row.get("date_unixtime", "")) or iso(row.get("date"))
        if row.get("type") != "message" or time is None or row.get("media_type") == "sticker":
            continue
        answered = str(row.get("reply_to_message_id") or "")
        in_topic = answered in topics  # in a forum, every message answers the one that opened its topic
        elsewhere = row.get("reply_to_peer_id") or name
        wordless = any(row.get(key) for key in WORDLESS)
        identifier = str(row.get("from_id") or "")
        yield Message(
            id=f"{name}/{row.get('id')}",
            time=time,
            sender=names(row.get("from"), identifier, identifier.removeprefix("user")),
            text="" if wordless else without_quotes(_text(row.get("text"))),
            thread=f"{name}/{answered}" if in_topic else name,
            reply_to=f"{elsewhere}/{answered}" if answered and not in_topic else "",
            pictured=any(row.get(key) for key in PICTURED),
        )


def _text(text: Any) -> str:
    """The text of a message, which is a string or a list of parts. Quotes are left out, and code gets fences."""
    if not isinstance(text, list):
        return text if isinstance(text, str) else ""
    out = []
    for part in text:
        written = str(part.get("text", "")) if isinstance(part, dict) else str(part)
        match part.get("type") if isinstance(part, dict) else None:
            case "blockquote":
                pass
            case "pre":
                out.append(f"\n```\n{written}\n```\n")
            case "code":
                out.append(f"`{written}`")
            case _:
                out.append(written)
    return "".join(out)


def is_telegram_page(text: str) -> bool:
    """Whether a web page belongs to an export of Telegram."""
    return 'class="message default' in text and 'class="pull_right date details"' in text


def telegram_page(text: str, path: Path) -> Iterator[Message]:
    """The messages of a page of the export. A message without a name has the sender of the message before it."""
    soup = BeautifulSoup(text, "html.parser")
    sender = ""
    for number, message in enumerate(soup.select("div.message.default")):
        identifier = str(message.get("id") or number).removeprefix("message")
        body = message.select_one(":scope > .body") or message
        name = body.select_one(":scope > .from_name")
        sender = _words(name).strip() if name else sender
        date = body.select_one(".date.details")
        time = _page_time(str(date.get("title") or "")) if date else None
        if time is None:
            continue
        if body.select_one(".sticker, .sticker_wrap, .media_photo .sticker") is not None:
            continue
        wordless = body.select_one(".forwarded, .media_poll, .media_location, .media_contact, .media_game") is not None
        written = body.select_one(":scope > .text")
        answered = body.select_one(":scope > .reply_to a[href*='go_to_message']")
        reply_to = re.sub(r".*go_to_message", "", str(answered["href"])[-100:]) if answered else ""
        yield Message(
            id=identifier,
            time=time,
            sender=names(re.sub(r" via @\w+$", "", sender)),
            text="" if wordless or not written else without_quotes(_words(written)),
            thread=path.parent.name,
            reply_to=reply_to,
            pictured=body.select_one(".media_wrap") is not None,
        )


def _words(element: Tag) -> str:
    for quoted in element.select("blockquote"):
        quoted.decompose()
    for code in element.select("pre"):
        code.insert(0, "\n```\n")
        code.append("\n```\n")
    for line_end in element.select("br"):
        line_end.replace_with("\n")
    return element.get_text().strip()


def _page_time(title: str) -> float | None:
    if not (found := PAGE_TIME.search(title)):
        return None
    zone = f"{found[2]}{found[3]}" if found[2] else "+0000"
    try:
        return datetime.strptime(f"{found[1]} {zone}", "%d.%m.%Y %H:%M:%S %z").timestamp()
    except ValueError:
        return None
