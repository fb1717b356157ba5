"""Read the mail that mail programs keep or export as messages, without quotes of other people's mails and without signatures."""

from __future__ import annotations

import email
import email.header
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from email.message import Message as Mail
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

from curate.read.documents import Unreadable
from curate.read.mail_charsets import decoded
from curate.read.mail_html import html_lines
from curate.read.mail_lines import STUFFED, joined, tidy_mail, unescaped, unflowed
from curate.read.mail_sealed import ENCRYPTED, EXPORT, sealed, sealed_in_words, signed_mail, without_sealed
from curate.read.mail_signature import recurring, without_signature, without_tail
from curate.read.mail_words import before_others, others_words, without_others
from curate.read.mailboxes import is_mbox, raw_mails
from curate.read.message import Message

AUTOMATIC, INVITATION = "an automatic mail", "a calendar invitation"
FORWARDED = "a forwarded mail"
FORWARD = re.compile(
    r"(?:fwd?|wg|wtr|tr|rv|rvx|enc|i|doorst|vb|vl|videresend|pd|továbbítás|πρθ|ilt|trs|пересл|fw|转发|轉寄|轉發|転送|전달)\s?[:：]",
    re.IGNORECASE,
)
"""The prefixes with which mail programs mark the subject of a forwarded mail, in many languages."""
ANSWER = re.compile(
    r"(?:re|aw|antw|antwort|sv|vs|odp|odpov[eě]ď|rif|r|res|resp|ref|ynt|yn|bls|atb"
    r"|vá|vl|να|απ|σχετ|ответ|відп|hồi âm|trả lời|回复|回覆|答复|답장|회신"
    r"|返信|השב|רד|تر|رد)(?:\[\d+\])?\s?[:：]",
    re.IGNORECASE,
)
"""The prefixes with which mail programs mark the subject of an answer; not every program names the mail that it answers."""
UNSENT_LABELS = frozenset(
    """drafts draft trash spam bin entwürfe papierkorb brouillons corbeille borradores papelera bozze cestino rascunhos lixeira
    concepten prullenbak kladder papirkurv utkast papperskorgen luonnokset roskakori черновики корзина спам чернетки кошик
    koncepty koš piszkozatok kuka taslaklar çöp πρόχειρα κάδος טיוטות אשפה المسودات المهملات 下書き ゴミ箱 草稿 垃圾邮件 垃圾郵件
    已删除邮件 垃圾桶 임시보관함 휴지통 draf sampah robocze szkice kosz indésirables""".split()
)
"""Labels of drafts, deleted mail and spam in Gmail's export. For labels of several words, one word is here."""

NEXT_PART = re.compile(r"^-{14} next part -{14}[ \t]*$", re.MULTILINE)
"""Above what pipermail tells of attachments."""
HIDDEN_ADDRESS = re.compile(r"\A([^\s<>@\"()]{1,64}) at ([\w.-]{1,100})(?= \()")
MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]{1,20}: [^\n]{0,200}\n)*\n", re.MULTILINE)
PICTURE = re.compile(
    r"^([> \t]{0,20})(?:<[^<>@\n]{1,120}\.\w{2,5}>|\[(?:cid|image|bild|imagen): ?[^\[\]\n]{1,120}\])[ \t]*$", re.MULTILINE | re.I
)
"""What stands in the plain form for a picture within the text."""
MARKED = re.compile(r"(?<![\w*/_])([*/_])(\w(?:[^*/_\n]{0,80}\w)?)\1(?![\w*/_])")
"""A word in bold or italics, as mail programs write it in the plain form of an HTML mail."""
FEW = 3
"""A plain part that has less than 1/FEW of the HTML part's words only says that there is an HTML part."""


def mail_messages(path: Path) -> Iterator[Message]:
    """The mails of a file or a folder, as input for `one_mailbox`.

    Raises:
        Unreadable: it is no mailbox.
    """
    if path.is_file() and path.suffix.lower() in (".mbox", ".mbx") and not is_mbox(path):
        raise Unreadable("is not an mbox file: it does not begin with a `From ` line")
    for number, raw in enumerate(raw_mails(path)):
        mail = email.message_from_bytes(raw)
        if _is_unsent(mail):
            continue
        identifier = next(iter(MESSAGE_ID.findall(_header(mail, "message-id"))), f"mail {number} of {path.name}")
        text, wordless, quoted, quoted_from = _texts(mail)
        yield Message(
            id=identifier,
            time=_time(mail),
            sender=tuple(sorted({address for _, address in _senders(mail) if address})),
            text=text,
            thread=identifier,  # only the header tells which mail is answered
            reply_to=" ".join(_answered(mail))
            or (f"<quoted-in-{identifier.strip('<>')}>" if quoted and ANSWER.match(_subject(mail)) else ""),
            wordless=wordless,
            quoted=quoted,
            quoted_from=quoted_from,
        )


def one_mailbox(mails: Iterable[Message]) -> list[Message]:
    """Join the mails of several files: each mail once, linked to the mail that it answers, without recurring signature lines.

    Raises:
        Unreadable: some are encrypted, and no other has words.
    """
    found: dict[str, Message] = {}
    for mail in mails:
        if mail.id not in found or not found[mail.id].text:
            found[mail.id] = mail
    if (why := sealed_in_words(found.values())) and not any(mail.text for mail in found.values()):
        raise Unreadable(f"has no words: {why}; {EXPORT}")
    by_sender: dict[tuple[str, ...], list[str]] = {}
    for mail in found.values():
        if mail.text:
            by_sender.setdefault(mail.sender, []).append(mail.text)
    tails = {sender: recurring(texts) for sender, texts in by_sender.items()}
    return [
        replace(
            mail, reply_to=_parent(mail.reply_to.split(), found), text=mail.text and without_tail(mail.text, tails[mail.sender])
        )
        for mail in found.values()
    ]


def _parent(candidates: list[str], found: dict[str, Message]) -> str:
    """The first candidate that was found; else the first candidate, which shows that the mail is an answer."""
    return next((each for each in candidates if each in found), next(iter(candidates), ""))


def _answered(mail: Mail) -> list[str]:
    """Ids of the mail that a mail answers: those in In-Reply-To, then the last of References (RFC 5322, 3.6.4)."""
    named = MESSAGE_ID.findall(_header(mail, "in-reply-to"))
    references = MESSAGE_ID.findall(_header(mail, "references"))
    return list(dict.fromkeys([*named, *references[-1:]]))


def _header(mail: Mail, name: str) -> str:
    """The raw value of a header, because the library's parsers fail on some headers that mail programs write."""
    return next((str(value).strip() for key, value in mail.raw_items() if key.lower() == name), "")


def _senders(mail: Mail) -> list[tuple[str, str]]:
    """Name and address of each; the archives of mailing lists (pipermail) write `name at host (Name)`."""
    return getaddresses([HIDDEN_ADDRESS.sub(r"\1@\2", _header(mail, "from"))])


def _subject(mail: Mail) -> str:
    return _decoded_header(_header(mail, "subject"))


def _decoded_header(raw: str) -> str:
    raw = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # bytes that are no ASCII, though they should be
    try:
        return " ".join(str(email.header.make_header(email.header.decode_header(raw))).split())
    except (email.errors.HeaderParseError, LookupError, UnicodeError, ValueError):
        return raw


def _time(mail: Mail) -> float:
    try:
        return parsedate_to_datetime(_header(mail, "date")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0


def own_text(mail: Mail) -> tuple[str, str]:
    """The text that the sender wrote, without quotes, signature and attachments; and the reason if there is none."""
    return _texts(mail)[:2]


def _is_unsent(mail: Mail) -> bool:
    """Whether a mail's headers mark it as a draft or as deleted."""
    labels = set(re.findall(r"\w+", _decoded_header(_header(mail, "x-gmail-labels")).casefold()))
    return (
        bool(labels & UNSENT_LABELS)
        or _header(mail, "x-uniform-type-identifier") == "com.apple.mail-draft"
        or _header(mail, "x-unsent") == "1"
        or _header(mail, "x-apple-auto-saved") == "1"
    )


def _texts(mail: Mail) -> tuple[str, str, str, str]:
    """The sender's text, the reason if there is none, the quoted text, and the lines that say whose text is quoted."""
    if why := _no_persons(mail):
        return "", why, "", ""
    whole, is_html = _body(mail)
    text = readable = without_sealed(whole)
    if signed := SIGNED.search(text):
        text = re.sub(r"^- ", "", text[signed.end() :].split("-----BEGIN PGP SIGNATURE-----")[0], flags=re.MULTILINE)
    text = PICTURE.sub(r"\1", text)
    text = NEXT_PART.split(text, maxsplit=1)[0]
    if FORWARD.match(_subject(mail)):
        text = before_others(text, _subject(mail))
        if not without_signature(text).strip():
            return "", FORWARDED, "", ""
    quoted, quoted_from = others_words(text, _subject(mail))
    name, address = next(iter(_senders(mail)), ("", ""))
    text = without_signature(without_others(text, _subject(mail)), _decoded_header(name), address)
    # `html_lines` writes a horizontal rule as ten underscores
    own, theirs = (re.sub(r"^_{10}$", "", each, flags=re.MULTILINE) if is_html else joined(each) for each in (text, quoted))
    own = tidy_mail(own.replace(STUFFED, ""))
    why = ENCRYPTED if readable != whole and not own else ""
    return own, why, tidy_mail(theirs.replace(STUFFED, "")), quoted_from


def _no_persons(mail: Mail) -> str:
    """Why a mail has no words of a person: a program sent it, or it is encrypted; "" if it may have."""
    submitted = _header(mail, "auto-submitted").lower()
    precedence = _header(mail, "precedence").lower()
    if (
        (submitted and not submitted.startswith("no"))
        or any(_header(mail, name) for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response"))
        or precedence in ("auto_reply", "junk")
        or (precedence == "bulk" and not _header(mail, "list-id"))
        or _header(mail, "return-path") == "<>"
        or mail.get_content_type() == "multipart/report"
    ):
        return AUTOMATIC
    kinds = {
        part.get_content_type() for part in _parts(mail) if part.get_content_disposition() != "attachment"
    }  # a file sent along
    if "text/calendar" in kinds or "calendarmessage" in _header(mail, "content-class"):
        return INVITATION
    return sealed(_parts(mail))


def _parts(mail: Mail) -> Iterator[Mail]:
    """The parts of a mail, also those packed into its signature, without the parts of attached mails."""
    stack = [mail]
    while stack:
        part = stack.pop()
        if packed := signed_mail(part):
            stack.append(packed)
            continue
        yield part
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            stack.extend(reversed(part.get_payload()))  # type: ignore[arg-type]


def _body(mail: Mail) -> tuple[str, bool]:
    """The text of all parts that are shown, and whether it was HTML. The plain form is preferred, unless it is nearly empty."""
    plain: list[str] = []
    html: list[str] = []
    for part in _parts(mail):
        if part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment" or part.get_filename():
            continue
        if part.get_content_subtype() == "html":
            html.append(_decoded(part))
        elif part.get_content_subtype() in ("plain", "enriched") or part.get("content-type") is None:
            text = _decoded(part)
            flowed = str(part.get_param("format") or "").lower() == "flowed"
            plain.append(unflowed(text, delete_space=str(part.get_param("delsp")).lower() == "yes") if flowed else text)
    text = "\n".join(plain)
    if html:
        lines = "\n".join(html_lines(each) for each in html)
        if len(re.findall(r"\w+", text)) * FEW < len(re.findall(r"\w+", lines)):
            return lines, True
        text = MARKED.sub(lambda marked: marked[2] if marked[0] not in lines and marked[2] in lines else marked[0], text)
    return text, False


def _decoded(part: Mail) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_param("charset")
    named = str(charset[2] if isinstance(charset, tuple) else charset or "").strip().lower()
    return unescaped(decoded(data, named).replace("\r\n", "\n").replace("\r", "\n"))
