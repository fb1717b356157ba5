"""Conversations become pairs: what the author answered, to what was asked. An mbox file, as every mail program writes it."""

from __future__ import annotations

import email.policy
import mailbox
import re
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

from curate.model import Pair, Stage, Turn, content_hash
from curate.read.documents import Unreadable
from curate.read.plain import html_to_plain, tidy

QUOTE_INTRODUCTION = re.compile(
    r"^(?:(?:On|Am|Le|El) .{4,200}(?:wrote|schrieb|a écrit|escribió) ?:"
    r"|-{2,} ?(?:Original Message|Ursprüngliche Nachricht|Forwarded message).*"
    r"|(?:From|Von|De): [^\n]+\n(?:Sent|Date|Gesendet|Envoyé|Enviado): [^\n]+"  # Outlook's
    r"|_{10,})\s*$",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
SIGNATURE = re.compile(r"^(?:-- ?|Sent from my .{1,40})$", re.MULTILINE)
FEWEST_WORDS = 8
"""A shorter answer (`Thanks, will do`) makes no sense without its conversation."""


def read_conversations(path: Path, name: str, author: str, stage: Stage) -> list[Pair]:
    """The pairs of an mbox: a message to the author, and the author's answer to it.

    Quoted text and signatures are taken off. What is left out is counted in `stage`.

    Raises:
        Unreadable: it is no mbox.
    """
    if path.suffix.lower() != ".mbox":
        raise Unreadable("is not an mbox file; mail programs export folders as .mbox")
    with path.open("rb") as file:
        if not file.read(5) == b"From ":
            raise Unreadable("is not an mbox file: it does not begin with a `From ` line")
    author = next((address for _, address in getaddresses([author])), author)  # of `Me <me@example.com>` the address
    messages: dict[str, tuple[str, str]] = {}
    answers: list[tuple[str, str, str]] = []
    for message in _messages(path):
        sender = {address.casefold() for _, address in getaddresses([_header(message, "from")])}
        text = body_text(message)
        identifier = _header(message, "message-id")
        messages[identifier] = (text, ",".join(sorted(sender)))
        if author.casefold() in sender:
            answers.append((identifier, _header(message, "in-reply-to"), text))
    if not answers:
        senders = Counter(address for _, sent_by in messages.values() for address in sent_by.split(",") if address)
        found = ", ".join(address for address, _ in senders.most_common(5))
        raise Unreadable(f"has no mail from {author}; most of it is from {found or 'nobody'}. Mend `author`")
    pairs = []
    for identifier, asked, text in answers:
        if not asked:
            stage.count("not an answer")
        elif asked not in messages:
            stage.count("what it answers is not in the file")
        elif author.casefold() in messages[asked][1]:
            stage.count("answers the author's own message")
        elif len(text.split()) < FEWEST_WORDS or not messages[asked][0]:
            stage.count("too short to stand alone")
        else:
            pairs.append(_pair(name, identifier, messages[asked][0], text))
    return pairs


def _pair(name: str, identifier: str, question: str, answer: str) -> Pair:
    return Pair(
        id=f"conversation-{content_hash(name, identifier, question, answer, length=12)}",
        kind="conversation",
        prompt=(Turn("user", question),),
        response=answer,
        document=f"{name}#{content_hash(identifier, length=8)}",
    )


def _messages(path: Path) -> Iterator[EmailMessage]:
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
