"""Find the text that the sender of a mail wrote: without quotes and their introductions, forwarded mail, signatures, disclaimers.

The rules look at the structure of a mail and hardly depend on its language. A line that ends in a colon before a quote introduces
it. Several short `Word: value` lines with an address or a date are the header of another mail. Lines that recur at the end of one
sender's mails are their signature.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from curate.read.plain import INVISIBLE, as_laid_out

STUFFED = "\ue003"
"""Before a mark of the sender's own at the beginning of a line, which is no quote: `format=flowed` puts a blank there."""
CUT = "\ue001"
"""Alone on a line: the mail program itself marks everything below as another mail."""

QUOTED = re.compile(r"[ \t]{0,3}(?:>|\w{1,3}> )")
QUOTE_MARK = re.compile(r"[ \t]{0,3}(?:>|\w{1,3}> ) ?")
ADDRESS_LAST = re.compile(r"https?://\S{1,2000}[ \t]?$")
BROKEN = re.compile(r"[?&/=#%._-]\S")
"""The rest of an address that was broken at the end of a quoted line."""
TIGHT_QUOTE = re.compile(r">(?!From |[ >]|\Z)")
"""A quoted line of a program that puts no blank after the mark."""
REPL = re.compile(r">>>(?: |$)")
RULE = re.compile(r"[-_=*─━—]{3,}|[-_=*─━—]{2,20} ?[^-_=*─━—\n]{3,80}[-_=*─━—]{2,20}")
HEAD_LINE = re.compile(r"[*_]{0,2}([^\W\d_][^\n:：<>@*]{0,28})[*_]{0,2} ?[:：](?!//)[*_]{0,2}\s*(.*)")
ADDRESS = re.compile(r"[^\s<>@:;,]@[^\s<>@:;,]")
TIME = re.compile(r"\d{1,2} ?[:.h時时点시] ?\d{2}")
YEAR = re.compile(r"(?<!\d)(?:1[34]|19|20|25)\d{2}(?!\d)")
DATE = re.compile(r"(?<!\d)\d{1,4}(?:[./-] ?\d{1,2}[./-] ?|[년年] ?\d{1,2}[월月] ?)\d{1,4}(?!\d)")
DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
COLON = (":", "：", ":*", ":_")

HEAD_WORDS = frozenset(
    """from sent date to cc bcc subject reply-to|von gesendet datum an betreff|de envoyé date à objet|enviado fecha para asunto
    el|da inviato data a oggetto|assunto enviada em|van verzonden aan onderwerp|od wysłano data do temat|от отправлено дата кому
    тема|від надіслано дата|komu předmět odesláno datum|odoslané predmet|feladó küldve dátum címzett tárgy|trimis către subiect|
    från skickat datum till ämne|fra sendt dato til emne|lähettäjä lähetetty päivämäärä vastaanottaja aihe|kimden gönderildi
    tarih kime konu|από στάλθηκε ημερομηνία προς θέμα|מאת נשלח אל נושא תאריך|من تاريخ إلى الموضوع|差出人 送信日時 日時 日付 宛先
    件名|发件人 发送时间 日期 收件人 主题 抄送|寄件者 寄件日期 收件者 主旨|보낸사람 보낸날짜 날짜 받는사람 제목
    จาก ส่ง วันที่ ถึง เรื่อง từ ngày đến chủđề|dari dikirim tanggal kepada subjek""".replace("|", " ").split()
)
"""Field names in the header of a quoted mail. With other field names, the remaining evidence decides."""
OTHERS_MAIL = re.compile(
    r"original|urspr|forward|weitergeleit|transf|transm|reenvi|encaminh|inoltr|doorgest|oorspronk|przekaz|пересл|исходн|vidare"
    r"|videresen|välit|ilet|転送|元のメ|转发|轉寄|原始|전달|원본|przes|přepos|tovább|προωθ|הועבר|מקור|محوّل|teruskan|chuyển",
    re.IGNORECASE,
)
WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb|geschrieben|écrit|escribió|ha scritto|escreveu|schreef|napisał|написал|пише|skrev|kirjoitti|yazdı"
    r"|napsal|írta|a scris|έγραψε|menulis|đã viết)|כתב|كتب|写道|寫道|書きました|님이 작성|เขียน",
    re.IGNORECASE,
)

SIGNATURE = re.compile(r"--|[–—]")
DASHED_NAME = re.compile(r"[-–—]{1,2}[^\W\d_][^\s]*(?: \S+){0,2}")
SENT_FROM = re.compile(
    r"(?:sent from|gesendet von|von mein\w* .{2,40} gesendet|envoyé (?:de|à partir)|envoyée? depuis"
    r"|enviado (?:desde|do|de|a partir)|enviada do|inviato da|verzonden (?:vanaf|met|vanuit)|verstuurd vanaf"
    r"|wysłan\w z|skickat från|sendt fra|lähetetty"
    r"|отправлено (?:с|из)|надіслано з|odesláno z|odoslané z|küldve|trimis de|στάλθηκε από|gönderildi|נשלח מ|أُ?رسلت? من"
    r"|dikirim dari|đã gửi từ|get outlook|发自|寄自|發自|從我的|나의)\b.{0,60}|.{0,30}(?:から送信|에서 보냄|gönderildi)",
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
LIST_FOOTER = re.compile(r"https?://|\S@\S|unsubscribe|list(?:info|serv|e)\b", re.IGNORECASE)

ANSWER_LINES = 2000
"""Only the first so many lines are searched for the header of another mail."""
MAIN_WORDS = 8
TAIL_LINES = 12
BOX = re.compile(r"([-_=*─━—＊＝～〜・◇◆☆★]{1,3})\1{5,}")
"""A rule across the page, above or below a signature."""
LONGEST_SIGNATURE = 40
"""Most lines of a signature. A dash that is alone on a line further up does not begin one."""
MARK = re.compile(r"(?:[-*•–+]|\d{1,3}[.)])\s")
FULL_LINE = 40


def without_others(text: str, subject: str = "") -> str:
    """A mail's text without the words of others: quoted lines, whole mails below or within it, and the lines before them.

    Args:
        text: as the mail has it; quoted lines begin with `>`.
        subject: of the mail; the header of a quoted mail has the same one.
    """
    lines = [_clean(line) for line in text.split("\n")]
    quoted = _quoted(lines)
    topic = re.sub(r"^(?:\s*[^\s:：]{1,6}[:：])+", "", subject).strip().casefold()
    last_own = max((n for n, line in enumerate(lines) if line.strip() and not quoted[n]), default=-1)
    last_quoted = max((n for n, is_quoted in enumerate(quoted) if is_quoted), default=-1)
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if lines[at].strip() == CUT:
            break
        if quoted[at]:
            if not (at and quoted[at - 1]):
                _drop_introduction(kept, ends=last_own < at)
            if kept[-1:] != [""]:
                kept.append("")
        elif end := _head_of_mail(lines, at, kept, topic):
            _drop_rule(kept)
            while end < len(lines) and not lines[end].strip():
                end += 1
            if end == len(lines) or not quoted[end]:
                break
            at = end - 1
        elif _ends_with_others(lines, at, quoted_below=last_quoted > at):
            break
        else:
            kept.append(lines[at])
        at += 1
    return "\n".join(kept).strip("\n")


def before_others(text: str, subject: str = "") -> str:
    """What the sender of a forwarded mail wrote above it: the lines before the first of another's, or "" if none is known to be.

    Args:
        text: the mail's.
        subject: the mail's.
    """
    lines, kept = text.rstrip().split("\n"), without_others(text, subject).rstrip().split("\n")
    own = 0
    while own < min(len(lines), len(kept)) and lines[own] == kept[own]:
        own += 1
    return "\n".join(lines[:own]) if own < len(lines) else ""


def others_words(text: str, subject: str = "") -> tuple[str, str]:
    """The text that a mail quotes from the mail that it answers, without deeper quotes; and the lines that introduce the quote.

    Args:
        text: as the mail has it; quoted lines begin with `>`.
        subject: of the mail.
    """
    lines = [_clean(line) for line in text.split("\n")]
    quoted = _quoted(lines)
    topic = re.sub(r"^(?:\s*[^\s:：]{1,6}[:：])+", "", subject).strip().casefold()
    if any(quoted):
        first = quoted.index(True)
        inner = [QUOTE_MARK.sub("", line, count=1) if is_quoted else "" for line, is_quoted in zip(lines, quoted, strict=True)]
        above = "\n".join(lines[:first]).rstrip().split("\n")
        introduction = above[_first_of_introduction(above, len(above)) :] if above[-1].rstrip().endswith(COLON) else []
        inner = inner[first:]
        for at in range(min(3, len(inner))):  # iPhones quote the introduction, too
            if any(line.strip() for line in inner[:at]):
                break
            if _introduces_the_rest(inner, at):
                end = next((n + 1 for n in range(at, min(at + 3, len(inner))) if inner[n].rstrip().endswith(COLON)), at + 1)
                introduction, inner = inner[at:end], inner[end:]
                break
        return without_signature(without_others("\n".join(inner), subject)), "\n".join(introduction)
    for at in range(min(len(lines), ANSWER_LINES)):
        end = _head_of_mail(lines, at, lines[max(at - 4, 0) : at], topic)
        if not end and lines[at].strip() != CUT and not _ends_with_others(lines, at, quoted_below=False):
            continue
        begin = end or at + 1
        while not end and begin < min(at + 4, len(lines)):  # a rule or a device's line is above the header
            if end := _head_of_mail(lines, begin, lines[at:begin], topic):
                begin = end
            else:
                begin += 1
        begin = end or at + 1
        head = [line for line in lines[at:begin] if line.strip()]
        sender = next((line for line in head if ADDRESS.search(line)), head[0] if head else "")  # `From` is above `To`
        return without_signature(without_others("\n".join(lines[begin:]), subject)), sender
    return "", ""


def _clean(line: str) -> str:
    return INVISIBLE.sub("", line).replace("\xa0", " ").rstrip()


def _quoted(lines: list[str]) -> list[bool]:
    """Which lines are quoted. Not quoted is `>>>`, if it is the only mark."""
    found = [bool(QUOTED.match(line)) for line in lines]
    marks = [line for line, is_quoted in zip(lines, found, strict=True) if is_quoted]
    if marks and all(REPL.match(line) for line in marks):
        return [False] * len(lines)
    for at in range(1, len(lines)):  # an address that a program wrapped
        found[at] = found[at] or (found[at - 1] and bool(BROKEN.match(lines[at])) and bool(ADDRESS_LAST.search(lines[at - 1])))
    for at in range(1, len(lines) - 1):  # the second half of a quoted line that a program wrapped
        long = found[at - 1] and len(lines[at - 1]) >= 60
        found[at] = found[at] or (long and found[at + 1] and lines[at][:1].islower())
    return found


def _dated(text: str) -> bool:
    return bool((TIME.search(text) and (YEAR.search(text) or DATE.search(text))) or (YEAR.search(text) and DAY.search(text)))


def _drop_introduction(kept: list[str], *, ends: bool) -> None:
    """Delete the lines that introduce a quote: the last line, and the lines before it that belong to it.

    Args:
        kept: the lines before the quote.
        ends: the sender wrote nothing after the quote.
    """
    last = len(kept)
    while last and not kept[last - 1].strip() and len(kept) - last < 3:
        last -= 1
    if not last or not kept[last - 1].strip():
        return
    first = _first_of_introduction(kept, last)
    line = " ".join(each.strip() for each in kept[first:last])
    evidence = bool(ADDRESS.search(line)) + _dated(line) + bool(WROTE.search(line))
    if line.endswith(COLON):
        if (evidence and len(line) < 400) or (ends and len(line) < 80):
            del kept[first:]
    elif evidence > 1 and len(line) < 200:
        del kept[first:]


def _first_of_introduction(kept: list[str], last: int) -> int:
    """The first line of an introduction ("On Monday, Ann wrote:"), which a mail program may have wrapped into several lines."""
    for first in range(last - 1, max(last - 4, -1), -1):
        if first < last - 1 and (not kept[first].strip() or kept[first].rstrip().endswith((".", "!", "?", *COLON))):
            break
        line = " ".join(each.strip() for each in kept[first:last])
        if ADDRESS.search(line) and _dated(line):
            return first
    start = last - 1
    while start and last - start < 4 and kept[start - 1].strip():
        start -= 1
    if last - start < 4 and len(kept[start].split()) > 2 and ADDRESS.search(" ".join(kept[start:last])):
        return start
    above = kept[last - 2].strip() if last > 1 else ""
    if not _dated(kept[last - 1]) and above and not above.endswith((".", "!", "?", ",", *COLON)) and _dated(above):
        return last - 2
    return last - 1


def _introduces_the_rest(lines: list[str], at: int) -> bool:
    """Whether the lines from `at` on say who wrote and when: without quote marks, all text below is then the other person's."""
    line = lines[at].strip()
    end = at + 1
    while not line.endswith(COLON) and end < min(at + 3, len(lines)) and lines[end].strip():
        line = f"{line} {lines[end].strip()}"
        end += 1
    if len(line) > 400 or not _dated(line):
        return False
    alone = not (at and lines[at - 1].strip()) and not (end < len(lines) and lines[end].strip())
    wrote = bool(WROTE.search(line)) and (alone or bool(TIME.search(line)))
    if bool(ADDRESS.search(line)) + wrote + line.endswith(COLON) < 2:
        return False
    return end - at == 1 or bool(ADDRESS.search(lines[at])) or _dated(lines[at])


def _ends_with_others(lines: list[str], at: int, *, quoted_below: bool) -> bool:
    """Whether everything from this line on was written by others, although it has no quote marks."""
    if RULE.fullmatch(lines[at].strip()) and OTHERS_MAIL.search(lines[at]):
        return True
    return not quoted_below and (_introduces_the_rest(lines, at) or _parted_by_device(lines, at))


def _parted_by_device(lines: list[str], at: int) -> bool:
    """Whether a line such as "Sent from my phone" is a paragraph: phones put it between the answer and the other mail."""
    alone = not (at and lines[at - 1].strip()) and not (at + 1 < len(lines) and lines[at + 1].strip())
    return alone and len(lines[at].split()) <= DEVICE_WORDS and bool(SENT_FROM.fullmatch(lines[at].strip()))


def _head_of_mail(lines: list[str], at: int, kept: list[str], topic: str) -> int:
    """The line after the header of another mail that begins in line `at`; 0 if none begins there."""
    before = next((line.strip() for line in reversed(kept[-4:]) if line.strip()), "")
    introduced = bool(RULE.fullmatch(before)) or (before.endswith(COLON) and len(before) < 80)
    apart = not kept or not kept[-1].strip() or introduced
    if not HEAD_LINE.fullmatch(lines[at].strip()):
        return 0
    names: list[str] = []
    values: list[str] = []
    end = at
    number = at
    while number < min(at + 40, len(lines)) and len(names) < 14:
        line = lines[number].strip()
        if found := HEAD_LINE.fullmatch(line):
            if len(found[1].split()) > 3:
                break
            names.append(found[1].strip().casefold().replace(" ", ""))
            values.append(found[2])
            end = number + 1
        elif line and not (names and (ADDRESS.search(line) or values[-1].endswith((";", ",")) or not values[-1])):
            break
        elif line:
            values[-1] += f" {line}"
            end = number + 1
        elif number - end > 1:
            break
        number += 1
    if len(names) < (2 if introduced else 3):
        return 0
    known = sum(name in HEAD_WORDS for name in names)
    address = any(ADDRESS.search(value) for value in values)
    dated = any(_dated(value) for value in values)
    if not apart and not (known > 2 and address and dated):
        return 0
    of_topic = bool(topic) and any(value.casefold().strip().endswith(topic) for value in values)
    if ADDRESS.search(values[0]) and any(_dated(value) for value in values[1:]):
        return end
    is_head = known > 2 or ((address or dated) and (of_topic or known > 1 or introduced))
    return end if is_head else 0


def _drop_rule(kept: list[str]) -> None:
    """Delete the rule, or the short line with a colon, above the header of another mail."""
    while kept and not kept[-1].strip():
        kept.pop()
    if kept and (RULE.fullmatch(kept[-1].strip()) or (kept[-1].rstrip().endswith(COLON) and len(kept[-1].split()) <= 6)):
        kept.pop()


def without_signature(text: str) -> str:
    """The text without a signature, a device's line, a legal notice and the footer of a mailing list at its end."""
    lines = text.rstrip().split("\n")
    for at in range(max(0, len(lines) - LONGEST_SIGNATURE), len(lines)):
        if SIGNATURE.fullmatch(lines[at].rstrip()):
            del lines[at:]
            break
    _drop_box(lines)
    _drop_legal(lines)
    for _ in range(4):  # there may be several
        while lines and not lines[-1].strip():
            lines.pop()
        _drop_list_footer(lines)
        if len(lines) > 1 and _is_last_line(lines[-1].strip(), apart=not lines[-2].strip()):
            lines.pop()
    return "\n".join(lines)


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


def _speaks_of(text: str, roots: tuple[str, ...]) -> bool:
    text = text.casefold()
    return any(root in text for root in roots)


def _is_long(paragraph: str) -> bool:
    dense = re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", paragraph)
    return sum(char.isalpha() for char in paragraph) >= (LEGAL_LETTERS // 2 if dense else LEGAL_LETTERS)


def recurring(texts: Sequence[str]) -> set[str]:
    """The lines that recur at the end of one sender's mails.

    A line recurs if it is in three mails and in a tenth of all; among four mails at most, a short line recurs if it is in two.
    """
    counted = Counter(line for text in texts for line in {_form(line) for line in _tail(text)})
    needed = max(3, len(texts) // 10)
    few = len(texts) <= 4
    return {line for line, times in counted.items() if times >= needed or (few and times > 1 and len(line.split()) < MAIN_WORDS)}


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


def joined(text: str) -> str:
    """Join the lines of wrapped paragraphs. Verse, lists, addresses and code keep their lines."""
    lines = text.split("\n")
    width = max((len(line) for line in lines), default=0)
    if width > 130:
        return text
    out: list[str] = []
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", text):
        if out:
            out.append("")
        out += _joined_paragraph(paragraph.split("\n"), width)
    return "\n".join(out)


def _joined_paragraph(lines: list[str], width: int) -> list[str]:
    verse = len(lines) > 2 and all(line.lstrip()[:1].isupper() for line in lines)
    out = [lines[0]]
    last = lines[0]
    for line in lines[1:]:
        word = line.split(" ", 1)[0]
        code = line[:1].isspace() and not MARK.match(out[-1].lstrip())
        full = len(last) + 1 + len(word) > width and len(last) >= FULL_LINE
        if last[-1:] in ".!?…" and line is lines[-1] and len(line.split()) <= 3:
            full = False  # a name after the last sentence
        open_ended = len(last) >= FULL_LINE and not verse and last[-1:] not in ".!?:;…"
        if code or RULE.fullmatch(last) or RULE.fullmatch(line) or MARK.match(line.lstrip()) or not (full or open_ended):
            out.append(line)
        else:
            out[-1] += f" {line.lstrip()}"
        last = line
    return out


def unescaped(text: str) -> str:
    """The text with `From` where an mbox has `>From` at the beginning of a line, except within a quote."""
    if ">From " not in text:
        return text
    lines = text.split("\n")
    for at, line in enumerate(lines):
        beside = [lines[n] for n in (at - 1, at + 1) if 0 <= n < len(lines)]
        if line.startswith(">From ") and not any(TIGHT_QUOTE.match(other) for other in beside):
            lines[at] = line[1:]
    return "\n".join(lines)


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the lines of `format=flowed` text (RFC 3676): a line that ends in a space continues in the next of the same quote."""
    out: list[str] = []
    depth_before, goes_on = -1, False
    for line in text.split("\n"):
        quote = re.match(r">*", line)
        depth = quote.end() if quote else 0
        content = line[depth:].removeprefix(" ")
        mark = ">" * depth + " " if depth else ""
        if not depth and line.startswith(" >"):
            content = STUFFED + content
        if goes_on and depth == depth_before and content.rstrip(" ") != "--":
            out[-1] += content
        else:
            out.append(mark + content)
        goes_on = content.endswith(" ") and content != "-- "
        if goes_on and delete_space:
            out[-1] = out[-1][:-1]
        depth_before = depth
    return "\n".join(out)


def tidy_mail(text: str) -> str:
    """Keep the sender's lines and indentation, with one blank line between paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", as_laid_out(text.replace("\xa0", " ")))
