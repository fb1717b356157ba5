"""Find the text that the sender of a mail wrote: without quotes, their introductions and forwarded mail.

The rules look at the structure of a mail and hardly depend on its language. A line that ends in a colon before a quote introduces
it. Several short `Word: value` lines with an address or a date are the header of another mail.
"""

from __future__ import annotations

import re

from curate.read.mail_lines import RULE
from curate.read.mail_signature import DEVICE_WORDS, SENT_FROM, without_signature
from curate.read.plain import INVISIBLE

CUT = "\ue001"
"""Alone on a line: the mail program itself marks everything below as another mail."""

QUOTED = re.compile(r"[ \t]{0,3}(?:>|\w{1,3}> )")
QUOTE_MARK = re.compile(r"[ \t]{0,3}(?:>|\w{1,3}> ) ?")
ADDRESS_LAST = re.compile(r"https?://\S{1,2000}[ \t]?$")
BROKEN = re.compile(r"[?&/=#%._-]\S")
"""The rest of an address that was broken at the end of a quoted line."""
REPL = re.compile(r">>>(?: |$)")
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

ANSWER_LINES = 2000
"""Only the first so many lines are searched for the header of another mail."""


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
