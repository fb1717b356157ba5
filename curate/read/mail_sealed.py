"""Know encrypted mail, of which nothing can be read, so that it is counted and named; and open what is only signed."""

from __future__ import annotations

import email
import re
from collections.abc import Iterable
from email.message import Message as Mail

from curate.read.message import Message
from likeness.metrics.text import count_of

ENCRYPTED = "an encrypted mail"
SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
SEALED_FILE = re.compile(r"\.(?:p7m|pgp|gpg)$|^encrypted\.asc$", re.IGNORECASE)
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""The object identifier of signed data, with which such a file begins (RFC 5652, 5.1)."""
DATA = bytes.fromhex("06092a864886f70d010701")
"""The one before what is signed (RFC 5652, 5.2)."""
OCTETS, OCTETS_IN_PIECES, EXPLICIT = 0x04, 0x24, 0xA0
DEEPEST = 4
PGP_BLOCK = re.compile(
    r"^-----BEGIN PGP MESSAGE-----[ \t]*\n.*?(?:^-----END PGP MESSAGE-----[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
EXPORT = "decrypt it in the mail program and export it again"


def sealed(parts: Iterable[Mail]) -> str:
    """Why nothing of a mail can be read, if it is encrypted; "" if it is not.

    Args:
        parts: of the mail.
    """
    for part in parts:
        kind = part.get_content_type()
        if kind in ("application/pgp-encrypted", "multipart/encrypted"):
            return ENCRYPTED
        named = str(part.get_filename() or "")
        if kind in SMIME or (kind == "application/octet-stream" and SEALED_FILE.search(named)):
            return ENCRYPTED
        elif kind.startswith("text/") and part.get_content_disposition() != "attachment" and _bytes(part).strip():
            return ""  # it has words; the file is one that is sent with it
    return ""


def signed_mail(part: Mail) -> Mail | None:
    """The mail within its S/MIME signature, as Outlook packs it; None if a part is no such thing.

    Args:
        part: of a mail.
    """
    if part.get_content_type() not in SMIME and not SEALED_FILE.search(str(part.get_filename() or "")):
        return None
    data = _bytes(part)
    at = data.find(DATA)
    if SIGNED_DATA not in data[:40] or at < 0:
        return None
    content = _octets(data, at + len(DATA), DEEPEST)[0]
    return email.message_from_bytes(content) if content else None


def _octets(data: bytes, at: int, deepest: int) -> tuple[bytes, int]:
    """The bytes in the element at `at`, which may be in pieces, and where the next begins (X.690, 8.1 and 8.7)."""
    if at + 2 > len(data) or not deepest:
        return b"", len(data)
    tag, length = data[at], data[at + 1]
    at += 2
    end = len(data) + 1  # of an element without a length: two zeros end it
    if length != 0x80:
        size = length & 0x7F if length > 0x80 else 0
        end = at + size + (int.from_bytes(data[at : at + size]) if size else length)
        at += size
    if tag == OCTETS:
        return data[at:end], end
    if tag not in (OCTETS_IN_PIECES, EXPLICIT):
        return b"", end
    pieces = []
    while at < min(end, len(data)) and data[at : at + 2] != b"\0\0":
        piece, at = _octets(data, at, deepest - 1)
        pieces.append(piece)
    return b"".join(pieces), (end if end <= len(data) else at + 2)


def _bytes(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def without_sealed(text: str) -> str:
    """The text of a mail without what PGP encrypted in it.

    Args:
        text: the mail's.
    """
    return PGP_BLOCK.sub("", text) if "-----BEGIN PGP MESSAGE-----" in text else text


def sealed_in_words(mails: Iterable[Message]) -> str:
    """How many mails cannot be read for this reason, for a person; "" if none.

    Args:
        mails: of one source.
    """
    count = sum(mail.wordless == ENCRYPTED for mail in mails)
    does = "is" if count == 1 else "are"
    return f"{count_of(count, 'message')} {does} encrypted and cannot be read" if count else ""
