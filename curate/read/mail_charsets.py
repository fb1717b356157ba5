"""Decode the bytes of mails, whose headers are often wrong about the character set."""

from __future__ import annotations

import codecs
import re

from curate.read.documents import Unreadable
from curate.read.encoding import decode_text

READ_AS = {  # the encoding that a name mostly stands for, as browsers read it (encoding.spec.whatwg.org)
    "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "ansi_x3.4-1968": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "big5": "big5hkscs", "unicode-1-1-utf-7": "utf-7",
    "iso-8859-8-i": "cp1255", "iso-8859-8": "cp1255", "iso-8859-6-i": "iso-8859-6",
    "x-sjis": "cp932", "windows-31j": "cp932", "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman", "ansi": "cp1252", "utf8": "utf-8", "x-unknown": "utf-8",
}  # fmt: skip
SEVERAL_BYTES = {
    "gb18030",
    "cp932",
    "cp949",
    "big5hkscs",
    "euc_jp",
    "euc-jp",
    "johab",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "utf-32",
}
TWICE = re.compile("[\u00c2\u00c3][\u00a0-\u00bf\u0192\u201a]|\u00e2\u20ac[\u2122\u0153\u009d\u201c\u201d\u02dc\u00a6]")
FOREIGN = frozenset(map(chr, range(0xC0, 0x100)))
FEW_LETTERS = 12


def decoded(data: bytes, named: str) -> str:
    """Decode bytes by the character set that is named; valid UTF-8 is read as such, whatever one-byte set is named."""
    try:
        known = codecs.lookup(READ_AS.get(named, named)).name if named else ""
    except (LookupError, ValueError):
        known = ""
    for encoding in (
        [known, "utf-8"] if known in SEVERAL_BYTES or known.startswith(("iso2022", "hz", "utf")) else ["utf-8", known]
    ):
        try:
            text = data.decode(encoding or "cp1252")
            return _as_meant(text, data) if encoding in ("cp1252", "utf-8") else text
        except (UnicodeError, LookupError):
            continue
    try:  # the name is wrong, or the mail is damaged
        return decode_text(data)[0]
    except Unreadable:
        return data.decode("cp1252" if not known or known.startswith("utf") else known, "replace")


def _as_meant(text: str, data: bytes) -> str:
    """The text without the two usual lies: UTF-8 that was read as Windows-1252 before, and Cyrillic with a Western name."""
    if TWICE.search(text):
        try:
            return text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text
    letters = sum(map(str.isalpha, text))
    if sum(character in FOREIGN for character in text) * 2 > letters > FEW_LETTERS:
        try:
            return decode_text(data)[0]
        except Unreadable:
            return text
    return text
