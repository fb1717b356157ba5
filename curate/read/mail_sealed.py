"""Know encrypted mail, of which nothing can be read, so that it is counted and named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message as Mail

from curate.read.message import Message

ENCRYPTED = "an encrypted mail"
SIGNED_WHOLE = "a mail that is packed into its signature (S/MIME)"
SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
SEALED_FILE = re.compile(r"\.(?:p7m|pgp|gpg)$|^encrypted\.asc$", re.IGNORECASE)
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
"""The object identifier of signed data, with which such a file begins (RFC 5652, 5.1)."""
PGP_BLOCK = re.compile(
    r"^-----BEGIN PGP MESSAGE-----[ \t]*\n.*?(?:^-----END PGP MESSAGE-----[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
EXPORT = "decrypt it in the mail program and export it again"


def sealed(parts: Iterable[Mail]) -> str:
    """Why nothing of a mail can be read, if it is encrypted or packed into its signature; "" if it is not.

    Args:
        parts: of the mail.
    """
    found = ""
    for part in parts:
        kind = part.get_content_type()
        if kind in ("application/pgp-encrypted", "multipart/encrypted"):
            return ENCRYPTED
        named = str(part.get_filename() or "")
        if kind in SMIME or (kind == "application/octet-stream" and SEALED_FILE.search(named)):
            if "signed" in str(part.get_param("smime-type") or "") or SIGNED_DATA in _beginning(part):
                found = SIGNED_WHOLE
            else:
                return ENCRYPTED
        elif kind.startswith("text/") and part.get_content_disposition() != "attachment" and _beginning(part).strip():
            return ""  # it has words; the file is one that is sent with it
    return found


def _beginning(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload[:2000] if isinstance(payload, bytes) else b""


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
    reasons = [mail.wordless for mail in mails if mail.wordless in (ENCRYPTED, SIGNED_WHOLE)]
    if not reasons:
        return ""
    what = "encrypted" if ENCRYPTED in reasons else "packed into their signatures"
    if len(reasons) == 1:
        return f"1 message is {what.replace('their signatures', 'its signature')} and cannot be read"
    return f"{len(reasons)} messages are {what} and cannot be read"
