"""Decode bytes of any encoding as text. A note says where the encoding was guessed."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable

from curate.read.reading import Unreadable

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
WITHOUT_MARK = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
LOOKED_AT = 200_000
"""The number of bytes from which an encoding is guessed."""
MOSTLY_UTF8 = 10
"""A file with at least so many multi-byte UTF-8 characters to each invalid byte is UTF-8 with something else pasted in."""

STRANGE = frozenset({"Cc", "Cn", "Co", "Cs"})
"""Unicode categories of characters that hardly any text contains."""

WESTERN = ("cp1252", "iso8859_15", "mac_roman", "cp850")
WESTERN_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüßÿœŒÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜ")
RARE_LETTERS = frozenset("ŠšŽžŸÝýÐðÞþ")
"""Letters of Windows-1252 that western texts have in names only, and texts in other encodings in every line."""
WESTERN_MARKS = frozenset("‘’‚“”„–—…€«»‹›•·°§©®™¡¿£½¼¾ªº²³×±µ¶†‡‰÷¢¥\xa0")
WESTERN_WORDS = frozenset(
    """als and att aus con das dans de del den der des det die dos du een ein el elle en er est et for für había har het ekki
    hann i ich il in is it je la las le les los mais man med mit más na não nicht no non och of og os par pas pero por
    pour på que qui sie son that the to un una und une van var veel voor vous was wir with y zu með sem það è était""".split()
)
OFTEN = 0.08
"""The share of long WESTERN_WORDS among a text's words from which it may have rare letters, too."""
SURELY = 1.05
"""How much better a less usual encoding must fit."""
FOREIGN = 0.1
"""The share of a text's letters that are not Latin, below which it is in no other script."""
WORD = re.compile(r"[^\W\d_]+")
CAPITAL_WITHIN = re.compile(r"[^\W\d_][À-Þ][a-zß-ÿ]|[a-z][½¼¾ª²³×º][a-z]")
CYRILLIC_CAPITAL_WITHIN = re.compile(r"[а-яё][А-ЯЁ](?![А-ЯЁ])")
LATIN_WITHIN = re.compile(r"[A-Za-z][^\W\d_A-Za-z]")

FREQUENT: tuple[tuple[tuple[str, ...], float, frozenset[str]], ...] = (
    (("koi8_r", "cp1251", "cp866", "iso8859_5", "mac_cyrillic", "koi8_u"), 0.6, frozenset("оеаинтсрвл")),
    (("cp1253", "iso8859_7"), 0.55, frozenset("αοιετσνρκπ")),
    (("cp1255",), 0.6, frozenset("יוהלאתרמבש")),
    (("cp1256",), 0.6, frozenset("اليمونرتبة")),
    (("cp874",), 0.5, frozenset("านรอกเงมยลว่ด")),
    (
        ("cp932", "euc_jp", "utf-16-le", "utf-16-be"),
        0.35,
        frozenset("のにはをたがでてとしれさるもなかいっだらりこくうンス"),
    ),
    (("cp949", "johab"), 0.25, frozenset("이다는에을의가고하지도한나그를사은기서로")),
    (
        ("gb18030", "utf-16-le", "utf-16-be"),
        0.2,
        frozenset("的一是不了在人有我他这个们中来上大为和地到以说时要就出会可也你对生能而子那得着下自之年过"),
    ),
    (
        ("big5hkscs", "cp950", "utf-16-le", "utf-16-be"),
        0.2,
        frozenset("的一是不了在人有我他這個們中來上大為和地到以說時要就出會可也你對生能而子那得著下自之年過"),
    ),
)
"""Encodings, the share of a language's letters that are among its most frequent ones, and these letters."""
ENOUGH = 0.45
"""The part of that share that a text must reach to be taken for the language."""
OTHERS = ["cp1250", "cp1252", "cp1254", "cp1257", "cp1258", "iso8859_2", "iso8859_3", "iso8859_4", "mac_latin2", "cp852"]
NAMES = {
    "big5hkscs": "Big5",
    "cp1252": "Windows-1252",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
    "cp950": "Big5",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "mac_roman": "Mac Roman",
    "utf-16-be": "UTF-16 (big endian)",
    "utf-16-le": "UTF-16 (little endian)",
    "utf-32-be": "UTF-32 (big endian)",
    "utf-32-le": "UTF-32 (little endian)",
}


def decode_text(data: bytes) -> tuple[str, str]:
    """The text, and a note on its encoding; the note is "" if the file names the encoding or is UTF-8.

    Raises:
        Unreadable: it is no text, or in no encoding that can be recognised.
    """
    for mark, encoding, name in MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ""
            except UnicodeDecodeError as error:
                raise Unreadable(f"begins as {name} and is damaged at byte {error.start:,}; save it again as UTF-8") from None
    if b"\x00" in data:
        return _without_mark(data)
    if data.isascii() and re.search(rb"\x1b\$[@B]", data[:LOOKED_AT]) and (text := _decoded(data, "iso2022_jp")):
        return text, ""
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        first = error.start
    if len(re.findall(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]", data[:LOOKED_AT])) > len(data[:LOOKED_AT]) // 100:
        raise Unreadable("is not text")
    if mixed := _mostly_utf8(data):
        return mixed
    if encoding := _guess(data):
        return data.decode(encoding), (
            f"its encoding was guessed: {_name(encoding)}; if letters look wrong, save it as UTF-8 in the program that wrote it"
        )
    line = data.count(b"\n", 0, first) + 1
    raise Unreadable(
        f"is not UTF-8 (byte 0x{data[first]:02x} in line {line}), and its encoding cannot be recognised; save it as UTF-8 in the "
        "program that wrote it, or convert it: `iconv -f ENCODING -t UTF-8 FILE > NEW`"
    )


def _without_mark(data: bytes) -> tuple[str, str]:
    """Decode UTF-16 or UTF-32 that has no byte order mark."""
    best, found = 0.0, ""
    for encoding in WITHOUT_MARK:
        width = 2 if "16" in encoding else 4
        if len(data) % width:
            continue
        try:
            text = data[: LOOKED_AT // 4 * 4].decode(encoding, "ignore")
        except UnicodeDecodeError:
            continue
        strange = sum(unicodedata.category(character) in STRANGE for character in re.sub(r"[\t\n\r\f]", "", text))
        usual = sum(text.count(character) for character in " \n,.。、，，的のاе")
        if text and strange <= len(text) // 100 and usual / len(text) > best:
            best, found = usual / len(text), encoding
    if not found:
        raise Unreadable("is not text")
    try:
        return data.decode(found), f"its encoding was guessed: {NAMES[found]}"
    except UnicodeDecodeError:
        raise Unreadable("is not text") from None


def _mostly_utf8(data: bytes) -> tuple[str, str] | None:
    """The text of UTF-8 with a few pasted bytes of Windows-1252; None if it is not that."""
    text = data.decode("utf-8", "surrogateescape")
    strange = len(re.findall(r"[\udc80-\udcff]", text))
    if sum(not character.isascii() for character in text) - strange < MOSTLY_UTF8 * strange:
        return None
    text = re.sub(r"[\udc80-\udcff]", lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), text)
    return text, f"{strange:,} bytes of it are not UTF-8 and were read as Windows-1252"


def _guess(data: bytes) -> str:
    """The most likely encoding; "" if none fits."""
    sample = data[:LOOKED_AT]
    for encoding in WESTERN:
        if (text := _decoded(sample, encoding)) is not None and _is_western(text):
            return encoding if _decoded(data, encoding) is not None else ""
    best, found = ENOUGH, ""
    for encodings, usual, letters in FREQUENT:
        for encoding in encodings:
            text = _decoded(sample, encoding)
            if text is None:
                continue
            share = _share(text, letters) / usual
            if share > best * SURELY and _decoded(data, encoding) is not None:
                best, found = share, encoding
    if found:
        return found
    from charset_normalizer import from_bytes

    likely = (match.encoding for match in from_bytes(sample, cp_isolation=OTHERS) if not CAPITAL_WITHIN.search(str(match)))
    return next((encoding for encoding in likely if _decoded(data, encoding) is not None), "")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        if len(data) == LOOKED_AT:  # the cut may be in the middle of a character
            return codecs.getincrementaldecoder(encoding)().decode(data)
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_western(text: str) -> bool:
    """Whether a text reads like a western European language: few accented letters, no capitals within words."""
    strange = {character for character in text if not character.isascii()}
    if not strange <= WESTERN_LETTERS | WESTERN_MARKS | RARE_LETTERS:
        return False
    words = WORD.findall(text)
    letters = sum(map(len, words))
    accented = sum(not character.isascii() for word in words for character in word)
    usual = [word for word in map(str.lower, words) if word in WESTERN_WORDS]
    if strange & RARE_LETTERS and sum(len(word) > 2 for word in usual) < len(words) * OFTEN:
        return False
    return accented * 4 <= letters and bool(usual) and not CAPITAL_WITHIN.search(text)


def _name(encoding: str) -> str:
    """The usual name of an encoding."""
    if encoding.startswith("cp125"):
        return f"Windows-{encoding[2:]}"
    return NAMES.get(encoding) or encoding.replace("_", "-").replace("iso", "ISO-").replace("koi", "KOI").replace("-r", "-R")


def _share(text: str, letters: Iterable[str]) -> float:
    """The share of the given letters among all non-ASCII letters."""
    if 5 * len(LATIN_WITHIN.findall(text)) > sum(not character.isascii() for character in text):
        return 0.0
    others = [character for character in text if not character.isascii() and unicodedata.category(character)[0] in "LMS"]
    if len(others) < FOREIGN * sum(map(str.isalpha, text)):
        return 0.0
    wrong = len(CYRILLIC_CAPITAL_WITHIN.findall(text))  # what one table has as a small letter is another's capital
    return (sum(map(text.count, letters)) - 4 * wrong) / len(others) if others else 0.0
