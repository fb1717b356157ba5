"""Mail as messages: an mbox file, as every mail program writes it. Quoted text and signatures are taken off."""

from __future__ import annotations

import email.policy
import mailbox
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

from curate.read.documents import Unreadable
from curate.read.message import Message
from curate.read.plain import html_to_plain, tidy

QUOTE_INTRODUCTION = re.compile(
    r"^(?:(?:On|Am|Le|El) .{4,200}(?:wrote|schrieb|a écrit|escribió) ?:"
    r"|-{2,} ?(?:Original Message|Ursprüngliche Nachricht|Forwarded message).*"
    r"|(?:From|Von|De): [^\n]+\n(?:Sent|Date|Gesendet|Envoyé|Enviado): [^\n]+"  # Outlook's
    r"|_{10,})\s*$",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
SIGNATURE = re.compile(r"^(?:-- ?|Sent from my .{1,40})$", re.MULTILINE)


def mail_messages(path: Path) -> Iterator[Message]:
    """The messages of an mbox. Each is a thread of its own: what a mail answers is told by its header alone.

    Raises:
        Unreadable: it is no mbox.
    """
    with path.open("rb") as file:
        if not file.read(5) == b"From ":
            raise Unreadable("is not an mbox file: it does not begin with a `From ` line")
    for number, message in enumerate(_mails(path)):
        yield Message(
            id=_header(message, "message-id"),
            time=0.0,
            sender=tuple(sorted({address for _, address in getaddresses([_header(message, "from")]) if address})),
            text=body_text(message),
            thread=str(number),
            reply_to=_header(message, "in-reply-to"),
        )


def _mails(path: Path) -> Iterator[EmailMessage]:
    box = mailbox.mbox(path, factory=None, create=False)
    try:
        for key in box.iterkeys():
            yield email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
    finally:
        box.close()


def _header(message: EmailMessage, name: str) -> str:
    """A header as it is written: the library's own parser gives up on some that mail programs write."""
    return next((str(value).strip() for key, value in message.raw_items() if key.lower() == name), "")


def body_text(message: EmailMessage) -> str:
    """What the sender wrote in this message: no quoted lines, no signature, no attachment."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        content = part.get_content()
    except (LookupError, UnicodeError, KeyError):  # an unknown or broken character set
        content = (part.get_payload(decode=True) or b"").decode("utf-8", "replace")  # type: ignore[union-attr]
    text = str(content)
    if part.get_content_subtype() == "html":
        text = html_to_plain(re.sub(r"<blockquote.*</blockquote>", "", text, flags=re.DOTALL | re.IGNORECASE))[1]
    text = text.replace("\r\n", "\n")
    if signature := SIGNATURE.search(text):
        text = text[: signature.start()]
    if introduction := _introduction(text):
        text = text[:introduction]
    text = "\n".join(line for line in text.split("\n") if not re.match(r">(?!From )", line))
    text = re.sub(r"^>(?=From )", "", text, flags=re.MULTILINE)  # how mbox files write a line that begins so
    return tidy(re.sub(r"(?<=[^\n])\n(?=[^\n\-*#\d])", " ", text))


def _introduction(text: str) -> int | None:
    """Where the quoted message begins, when all that follows is quoted."""
    for found in QUOTE_INTRODUCTION.finditer(text):
        after = [line for line in text[found.end() :].split("\n") if line.strip()]
        if found[0][0] in "-_" or "\n" in found[0].strip() or all(line.startswith(">") for line in after):
            return found.start()
    return None
