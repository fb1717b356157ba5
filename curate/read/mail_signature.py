"""Take off what stands below the words of a mail: signatures, devices' lines, legal notices, the footers of mailing lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from curate.read.mail_card import AFTERWORD, is_short, without_card

SIGNATURE = re.compile(r"--|[–—]")
DASHED_NAME = re.compile(r"[-–—]{1,2}[^\W\d_][^\s]*(?: \S+){0,2}")
SENT_FROM = re.compile(
    r"(?:sent (?:with|via|using) \[?(?:proton ?mail|tuta\w*|mailspring|spark|superhuman|airmail|canary|fastmail|missive)"
    r"|sent from|gesendet von|gesendet mit (?:der|dem|meine[mr]) "
    r"|von mein\w* .{2,40} gesendet|envoyé (?:de|à partir)|envoyée? depuis"
    r"|enviado (?:desde|do|de|a partir)|enviada do|inviato da|verzonden (?:vanaf|met|vanuit)|verstuurd vanaf"
    r"|wysłan\w z|skickat från|sendt fra|lähetetty"
    r"|отправлено (?:с|из)|надіслано з|odesláno z|odoslané z|küldve|trimis de|στάλθηκε από|gönderildi|נשלח מ|أُ?رسلت? من"
    r"|dikirim dari|đã gửi từ|get outlook|发自|寄自|發自|從我的|나의)\b.{0,80}|.{0,30}(?:から送信|에서 보냄|gönderildi)",
    re.IGNORECASE,
)
DEVICE = re.compile(
    r".{0,40}(?:iphone|ipad|android|blackberry|galaxy|smartphone|huawei|xiaomi|outlook for|gmail|thunderbird|yahoo mail"
    r"|windows ?(?:phone|10|11)|proton ?mail)\b.{0,60}(?<![.!?,;])",
    re.IGNORECASE,
)
DEVICE_WORDS = 10
SECRET = tuple(
    """confiden privileg vertraulich vertrouwelijk poufn конфиденц конфіденц důvěrn bizalmas luottamuk fortrolig konfiden gizli
    εμπιστευτ חסוי سري 機密 保密 기밀 riservat sigilos""".split()
)
RECIPIENT = tuple(
    """recipient addressee intended destinat empfänger adressat adresat geadresseerde ontvanger адресат получател příjemc címzett
    vastaanottaj mottag modtag alıcı παραλήπτ נמען المستلم 受信者 收件人 收信人 수신인 penerima""".split()
)
LEGAL_LETTERS = 120
"""A shorter paragraph about confidentiality and a recipient may be the sender's own words, so it is kept."""
MESSAGE = tuple(
    """message mensaje mensagem messaggi nachricht mail courriel correo wiadomoś bericht письм сообщен повідомл zpráv správ üzenet
    viesti meddel besked mesaj ileti μήνυμα הודע رسال 邮件 郵件 メール メッセージ 메일 pesan thư information
    contenu inhalt""".split()
)
PRINTED = (
    "print",
    "imprim",
    "druck",
    "stampa",
    "drukow",
    "печат",
    "друкув",
    "印刷",
    "打印",
    "skriv ut",
    "tulost",
    "afdruk",
    "tisk",
)
NATURE = (
    "environ", "umwelt", "ambient", "środowisk", "окруж", "природ", "環境", "环境", "环保", "miljö", "miljø", "milieu",
    "ympärist", "planet", "tree", "bäume", "arbre", "prostřed",
)  # fmt: skip
SCANNED = re.compile(
    r"\b(?:avast|avg|mcafee|norton|eset|sophos)\b.{0,60}|virus[- ]?(?:free|frei)|(?:sans|libre de|wolna od|geen) ?virus", re.I
)
"""What virus scanners write below a mail."""
NOTICE_LINES = 16
NOTICE_BEGINS, NOTICE_LETTERS = 12, 90
"""Words and letters within which a notice speaks of the mail."""
LIST_FOOTER = re.compile(r"https?://|\S@\S|unsubscribe|list(?:info|serv|e)\b", re.IGNORECASE)

MAIN_WORDS = 8
TAIL_LINES = 12
FEW_MAILS = 4
BOX = re.compile(r"([-_=*─━—＊＝～〜・◇◆☆★]{1,3})\1{5,}")
"""A rule across the page, above or below a signature."""
LONGEST_SIGNATURE = 40
"""Most lines of a signature. A dash that is alone on a line further up does not begin one."""


def without_signature(text: str, name: str = "", address: str = "") -> str:
    """The text without a signature, a device's line, a legal notice and the footer of a mailing list at its end.

    Args:
        text: of a mail.
        name: of its sender, as the header has it.
        address: of its sender.
    """
    lines = text.rstrip().split("\n")
    for at in range(max(0, len(lines) - LONGEST_SIGNATURE), len(lines)):
        if SIGNATURE.fullmatch(lines[at].rstrip()):
            del lines[at:]
            break
    _drop_box(lines)
    _drop_legal(lines)
    _drop_notice(lines)
    _drop_last_lines(lines)
    lines = without_card(lines, name, address)
    _drop_last_lines(lines)
    return "\n".join(lines)


def _drop_last_lines(lines: list[str]) -> None:
    """Delete devices' lines and the footer of a mailing list."""
    for _ in range(4):  # there may be several
        while lines and not lines[-1].strip():
            lines.pop()
        _drop_list_footer(lines)
        if len(lines) > 1 and _is_last_line(lines[-1].strip(), apart=not lines[-2].strip()):
            lines.pop()


def _drop_box(lines: list[str]) -> None:
    """Delete a signature that stands between two rules at the end, as Japanese mails have it."""
    if len(lines) < 4 or not BOX.fullmatch(lines[-1].strip()):
        return
    for at in range(len(lines) - 2, max(0, len(lines) - 2 - LONGEST_SIGNATURE), -1):
        if BOX.fullmatch(lines[at].strip()):
            del lines[at:]
            return


def _is_last_line(line: str, *, apart: bool) -> bool:
    """Whether the last line of a mail is a device's line, or a name after a dash."""
    if len(line) > 100 or len(line.split()) > DEVICE_WORDS:
        return False
    return bool(SENT_FROM.fullmatch(line) or DEVICE.fullmatch(line) or (apart and DASHED_NAME.fullmatch(line)))


def _drop_list_footer(lines: list[str]) -> None:
    for at in range(len(lines) - 1, max(-1, len(lines) - 9), -1):
        if re.fullmatch(r"[-_=~–—]{2,}", lines[at].strip()):
            if at and (at == len(lines) - 1 or LIST_FOOTER.search("\n".join(lines[at + 1 :]))):
                del lines[at:]
            return


def _drop_legal(lines: list[str]) -> None:
    """Delete a legal notice and all that follows it: a long paragraph about confidentiality and recipients, if not the first."""
    if not _speaks_of("\n".join(lines), SECRET):
        return
    begin = None
    for at in range(len(lines) + 1):
        if at < len(lines) and lines[at].strip():
            begin = at if begin is None else begin
            continue
        if begin:
            paragraph = " ".join(lines[begin:at])
            if _speaks_of(paragraph, SECRET) and _speaks_of(paragraph, RECIPIENT) and _is_long(paragraph):
                del lines[begin:]
                return
        begin = None


def _drop_notice(lines: list[str]) -> None:
    """Delete a notice that stands last: it speaks of the mail itself, of secrets, viruses or printing, below a short line."""
    for at in range(len(lines) - 1, max(_main(lines), len(lines) - NOTICE_LINES), -1):
        above = next((line.strip() for line in reversed(lines[:at]) if line.strip()), "")
        beginning = " ".join(lines[at].split()[:NOTICE_BEGINS])[:NOTICE_LETTERS]
        if not lines[at].strip() or not is_short(above) or AFTERWORD.match(lines[at].strip()):
            continue
        notice = " ".join(line.strip() for line in lines[at:])
        secret = _speaks_of(beginning, MESSAGE) and _speaks_of(notice, SECRET) and _is_long(notice, LEGAL_LETTERS // 2)
        short = len(notice) < 2 * LEGAL_LETTERS
        if secret or (short and (SCANNED.search(notice) or (_speaks_of(notice, PRINTED) and _speaks_of(notice, NATURE)))):
            del lines[at:]


def _speaks_of(text: str, roots: tuple[str, ...]) -> bool:
    text = text.casefold()
    return any(root in text for root in roots)


def _is_long(paragraph: str, letters: int = LEGAL_LETTERS) -> bool:
    dense = re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", paragraph)
    return sum(char.isalpha() for char in paragraph) >= (letters // 2 if dense else letters)


def recurring(texts: Sequence[str]) -> set[str]:
    """The lines that recur at the end of one sender's mails.

    A line recurs if it is in three mails and in a tenth of all; among four mails at most, a short line recurs if it is in two,
    and a long one if it is in two that begin otherwise.
    """
    tails = [{_form(line) for line in _tail(text)} for text in texts]
    counted = Counter(line for tail in tails for line in tail)
    needed = max(3, len(texts) // 10)
    often = {line for line, times in counted.items() if times >= needed}
    if len(texts) > FEW_MAILS:
        return often
    begins = [_form(lines[_main(lines)]) for lines in (text.split("\n") for text in texts)]
    apart = Counter(line for line, _ in {(line, begin) for tail, begin in zip(tails, begins, strict=True) for line in tail})
    return often | {line for line, times in counted.items() if times > 1 and (len(line.split()) < MAIN_WORDS or apart[line] > 1)}


def without_tail(text: str, tail: set[str]) -> str:
    """The text without the lines at its end that are in `tail`. The main part is always kept."""
    lines = text.split("\n")
    after_main = len(lines) - _main(lines) - 1
    while after_main > 0 and (not lines[-1].strip() or _form(lines[-1]) in tail):
        lines.pop()
        after_main -= 1
    return "\n".join(lines).rstrip()


def _main(lines: list[str]) -> int:
    """The number of the first line with enough words to be a sentence; no signature is looked for above it."""
    for at, line in enumerate(lines):
        if (
            len(line.split()) >= MAIN_WORDS
            or len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]", line)) >= 12
        ):
            return at
    return len(lines) - 1


def _tail(text: str) -> Iterable[str]:
    lines = text.split("\n")
    return [line for line in lines[_main(lines) + 1 :] if line.strip()][-TAIL_LINES:]


def _form(line: str) -> str:
    return " ".join(line.casefold().split()).strip(" .,!")
