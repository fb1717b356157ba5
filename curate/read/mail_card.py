"""Find the card below a mail that no `-- ` announces: the sender's name again, a title, a telephone, an address.

It is known by its form: short lines at the end, one of which is a telephone number, a mail address or a web address, below the
sender's name or a line that ends the letter. Legal notices are known by where they stand: below such lines, as the last.
"""

from __future__ import annotations

import re

PHONE = re.compile(r"(?<![\w.,])(?:\+|00)?[(\[]?\d(?:[ \u2009()\[\]./–-]{0,3}\d){6,14}(?![\w])")
DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
WEB = re.compile(
    r"[^\s<>()|@]{1,80}@[^\s<>()|@]{1,200}|(?:https?://|www\.)\S+|(?<![\w.-])[a-z0-9-]{2,60}\.(?:[a-z0-9-]{2,60}\.){0,3}(?:com|org|net|eu|[a-z]{2})(?![\w.])",
    re.IGNORECASE,
)
REGISTERED = re.compile(
    r"\bHR[AB] ?\d|USt-?Id|\bSIRET\b|\bRCS \w|\bVAT (?:no|number|reg)|\bNIP\W{1,3}\d|\bKRS\W{1,3}\d|\bP\. ?IVA|\bKvK\W"
    r"|Amtsgericht|Geschäftsführ\w*:|\bcompany (?:no|number|reg)|registered (?:in|office)",
    re.IGNORECASE,
)
"""Where a firm is registered, as some countries require it below a mail."""
SENTENCE = re.compile(r"[.!?…。！？;:：]$")
SHORT_FORM = re.compile(r"(?:\b[^\W\d]{1,4}\.)$")
"""An abbreviation at the end of a line: `Ltd.`, `Sp. z o.o.`"""
ITEM = re.compile(r"(?:[-*•–+]|\d{1,3}[.)])\s")
AFTERWORD = re.compile(r"[*_]{0,2}(?:p\.? ?(?:p\.? ?)?s\b|n\.? ?b\b|追伸)", re.IGNORECASE)
"""A postscript, which is the sender's."""
MOST_WORDS, MOST_LETTERS = 9, 80
"""Of a line of a card."""
MOST_LINES = 14
BESIDE = " \t–—-|,·•"
"""What parts a name from the rest of its line."""
MOST_BESIDE = 4
"""Words beside a number or an address: what it is, or who."""
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
MOST_DENSE = 28
"""Letters of a line in Chinese, Japanese or Korean, which has no blanks."""


def without_card(lines: list[str], name: str = "", address: str = "") -> list[str]:
    """The lines of a mail without the card at their end, and without what stands below it, but for a postscript.

    Args:
        lines: the sender's.
        name: of the sender, as the header has it.
        address: of the sender.
    """
    afterword = next(
        (at for at in range(len(lines) - 1, max(len(lines) - MOST_LINES, 0), -1) if AFTERWORD.match(lines[at].strip())),
        len(lines),
    )
    end = _end(lines, afterword)
    begin = _begin(lines, _first(lines, end), end, name or address.partition("@")[0], address.casefold())
    if begin is None:
        return lines
    kept = lines[: _end(lines, begin)]
    return [*kept, "", *lines[afterword:]] if afterword < len(lines) else kept


def _end(lines: list[str], end: int) -> int:
    """The line after the last that has anything in it."""
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _first(lines: list[str], end: int) -> int:
    """Where the short lines at the end begin."""
    first = end
    while first and end - first < MOST_LINES and (not lines[first - 1].strip() or is_short(lines[first - 1].strip())):
        first -= 1
    while first < end and not lines[first].strip():
        first += 1
    return first


def _begin(lines: list[str], first: int, end: int, name: str, address: str) -> int | None:
    """The first line of the card within the short lines at the end; None if they are none.

    Args:
        lines: the sender's.
        first: where the short lines begin.
        end: where they end.
        name: of the sender.
        address: of the sender.
    """
    own = re.compile(re.escape(name), re.IGNORECASE) if name else None
    unnamed_lines = [(own.sub("", line).strip(BESIDE) if own and own.search(line) else line.strip()) for line in lines[first:end]]
    contacts = [at for at, line in enumerate(unnamed_lines, first) if is_contact(line)]
    if not contacts:
        return None
    named = [at for at in range(first, contacts[-1] + 1) if _is_name(lines[at], name)]
    if named:
        at = named[0]
        signed = len(named) > 1 or (at > 0 and bool(lines[at - 1].strip()))  # the first, or below a greeting, it signs the letter
        return at + 1 if signed and at not in contacts else at
    if _is_asked_for(lines, first):
        return None
    begin = contacts[0]
    while begin > first and lines[begin - 1].strip():
        begin -= 1
    if begin > 0 and lines[begin].rstrip().endswith((",", "，")):  # the greeting
        begin += 2
    if not any(line.strip() for line in lines[:begin]) or _is_asked_for(lines, begin):
        return None
    size = end - begin
    if size > 1 and address and any(address in line.casefold() for line in lines[begin:end]):
        return begin
    unnamed = not name or bool(DENSE.search("".join(lines[begin:end]))) > bool(DENSE.search(name))  # in another script
    return begin if unnamed and size > 2 and (len(contacts) > 1 or name) else None


def _is_asked_for(lines: list[str], at: int) -> bool:
    """Whether the line above says that something follows."""
    above = next((line.rstrip() for line in reversed(lines[:at]) if line.strip()), "")
    return above.endswith((":", "："))


def is_contact(line: str) -> bool:
    """Whether a line has a telephone number, a mail address or a web address, and hardly a word beside it."""
    if ITEM.match(line):
        return False
    if REGISTERED.search(line):
        return True
    rest, addresses = WEB.subn(" ", line)
    for number in PHONE.findall(rest):
        if not DATE.match(number):
            rest = rest.replace(number, " ", 1)
            addresses += 1
    return bool(addresses) and len(re.findall(r"[^\W\d_]{2,}", rest)) <= MOST_BESIDE * addresses and len(rest) < MOST_LETTERS


def is_short(line: str) -> bool:
    """Whether a line may stand in a card: a few words that are no sentence and no item of a list."""
    if ITEM.match(line) or len(line) > 2 * MOST_LETTERS:
        return False
    if is_contact(line):
        return True
    if SENTENCE.search(line) and not (SHORT_FORM.search(line) and len(line.split()) <= 6 and not line.endswith(("!", "?", "…"))):
        return False
    dense = len(DENSE.findall(line))
    return dense <= MOST_DENSE and len(line) <= MOST_LETTERS and len(PHONE.sub("0", line).split()) <= MOST_WORDS


def _is_name(line: str, name: str) -> bool:
    """Whether a line is the sender's name or a part of it, or begins with all of it."""
    words = set(re.findall(r"[^\W\d_]{2,}", name.casefold()))
    said = re.findall(r"[^\W\d_]{2,}", WEB.sub(" ", line).casefold())
    if not words or not said:
        return False
    if DENSE.search(name):
        return "".join(said).startswith("".join(re.findall(r"\w+", name.casefold())))
    return set(said) <= words or (len(words) > 1 and words <= set(said[: len(words) + 2]))
