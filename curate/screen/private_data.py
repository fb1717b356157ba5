"""Private data: addresses, numbers and keys that a model would repeat to anybody, and people that the recipe names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from curate.model import Finding, Pair, Severity, Span, Turn
from recipes.schema import PrivateData


@dataclass(frozen=True, slots=True)
class Private:
    """A piece of private data and where it stands."""

    what: str
    start: int
    end: int


def find_private_data(pairs: Iterable[Pair], settings: PrivateData) -> Iterable[Finding]:
    """Private data in any message of a pair. The message says what it is and never repeats it; score is always 1.

    With `action: redact` the pairs that `redact_private_data` changes are told of, and not dropped; no span is given, because
    the text that it would point into is gone.
    """
    severity: Severity = "drop" if settings.action == "drop" else "warning"
    for pair in pairs:
        for span, private in _of_pair(pair, settings.names):
            message = f"private data: {private.what} in the {span.part if span else 'conversation before'}"
            if settings.action == "redact":
                yield Finding(pair.id, "private_data", severity, 1.0, f"{message} was taken out")
            else:
                yield Finding(pair.id, "private_data", severity, 1.0, message, span)


def redact_private_data(pairs: Sequence[Pair], settings: PrivateData) -> list[Pair]:
    """The pairs with every piece of private data replaced by what it was, in brackets: "[an e-mail address]".

    Ids stay, and so do the offsets of the evidence: they say where the quote stands in the document, which nobody changes.
    The quote's own text is published, and is redacted as well.
    """

    def redacted(text: str) -> str:
        for private in reversed(list(private_data_in(text, settings.names))):
            text = f"{text[: private.start]}[{private.what}]{text[private.end :]}"
        return text

    return [
        replace(
            pair,
            prompt=tuple(Turn(turn.role, redacted(turn.content)) for turn in pair.prompt),
            response=redacted(pair.response),
            evidence=pair.evidence and replace(pair.evidence, quote=redacted(pair.evidence.quote)),
        )
        for pair in pairs
    ]


def private_data_in(text: str, names: Sequence[str] = ()) -> Iterator[Private]:
    """What is private in a text, in order; where two overlap the earlier and longer one counts."""
    found = [
        Private(what, *match.span())
        for what, pattern, holds in PATTERNS
        for match in pattern.finditer(text)
        if holds is None or holds(match)
    ]
    if names:
        listed = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
        found += [Private("a person's name", *match.span()) for match in listed.finditer(text)]
    end = 0
    for private in sorted(found, key=lambda each: (each.start, -each.end)):
        if private.start >= end:
            yield private
            end = private.end


def _of_pair(pair: Pair, names: Sequence[str]) -> Iterator[tuple[Span | None, Private]]:
    for turn in pair.prompt[:-1]:
        yield from ((None, private) for private in private_data_in(turn.content, names))
    for part, text in pair.sides:
        yield from ((Span(part, private.start, private.end), private) for private in private_data_in(text, names))


# what a candidate must be beyond its looks


def _is_card(match: re.Match[str]) -> bool:
    """The Luhn sum (ISO/IEC 7812-1, annex B), over the lengths and first digits that card numbers have."""
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(match: re.Match[str]) -> bool:
    """ISO 13616: country and check digits moved to the end, letters as 10 to 35, the remainder by 97 is 1."""
    letters = match[0].replace(" ", "").upper()
    return 15 <= len(letters) <= 34 and int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1


def _is_phone(match: re.Match[str]) -> bool:
    """Seven to fifteen digits (ITU-T E.164 allows fifteen), written as a telephone number is, or told to be one."""
    number, digits = match[0], re.sub(r"\D", "", match[0])
    before = match.string[max(0, match.start() - 40) : match.start()]
    if not 7 <= len(digits) <= 15 or OTHER_NUMBER.fullmatch(number) or NO_PHONE.search(before):
        return False
    groups = re.findall(r"\d+", number)
    looks = (
        number[0] == "+"
        or digits.startswith("00")
        or (number[0] == "(" and len(digits) >= 9)
        or (len(groups) == 3 and [len(group) for group in groups] == [3, 3, 4])
        or (digits[0] == "0" and 2 <= len(groups) <= 5 and len(digits) >= 9)
    )
    return looks or bool(PHONE_CUE.search(before))


OTHER_NUMBER = re.compile(
    r"(?:1\d|20)\d\d *[-–] *(?:1\d|20)\d\d|\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{1,3}(?:\.\d{1,3}){3}"
)
"""Two years, a date, an address of a machine."""
PHONE_CUE = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell|fax|call|ring|dial|text|whatsapp)\b[^.!?\d]{0,25}\Z"
    r"|\bnumber is:? *\Z",
    re.IGNORECASE,
)
NO_PHONE = re.compile(
    r"\b(?:isbn|issn|doi|page|pages|pp?\.|no\.|order|invoice|lot|serial|model|version|patent)[-:#\s\d]*\Z", re.IGNORECASE
)


def _is_secret(match: re.Match[str]) -> bool:
    """At least three bits of Shannon entropy per character, letters and digits both: a made key, not a word."""
    value = match["value"]
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= 3.0 and bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))


def _is_public_address(match: re.Match[str]) -> bool:
    try:
        return ip_address(match[0]).is_global
    except ValueError:
        return False


STREETS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Terrace|Boulevard|Blvd|Way|Place|Pl|Square"
    "|Gardens|Grove"
)
PATTERNS: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], bool] | None]] = [
    ("an e-mail address", re.compile(r"(?<![\w.+-])[\w.+-]*[^\W_]@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}"), None),
    (
        "a private key",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        None,
    ),
    (
        "an access key",
        re.compile(
            r"\b(?:sk-(?:[a-z]+-)*[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}"
            r"|hf_[A-Za-z]{30,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35}|(?:sk|rk|pk)_(?:live|test)_\w{16,}"
            r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
        ),
        None,
    ),
    (
        "a password or key",
        re.compile(
            r"\b(?:password|passwd|pwd|passcode|secret|token|api[_ -]?key|access[_ -]?key)\b[\"']?(?: is)?\s*[:=]?\s*[\"'`]?"
            r"(?P<value>[^\s\"'`,;]{8,})",
            re.IGNORECASE,
        ),
        _is_secret,
    ),
    ("an account number (IBAN)", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _is_iban),
    ("a card number", re.compile(r"(?<![\d-])[3-6]\d{3}(?:[ -]?\d){8,15}(?![\d-])"), _is_card),
    (
        "a social security number",
        re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
        None,
    ),
    ("a telephone number", re.compile(r"(?<![\w.+/-])(?:\+|\()?\d(?:[ ().–/-]{0,2}\d){6,14}(?![\w-])"), _is_phone),
    (
        "a street address",
        re.compile(
            rf"\b\d{{1,5}}[A-Za-z]?,? (?:[A-Z][\w'’.-]+ ){{1,3}}(?:{STREETS})\b"
            r"|\b(?:[A-ZÄÖÜ][\wäöüß-]+(?:straße|strasse|gasse|weg|platz)|(?:rue|avenue|boulevard|via|calle|plaza) (?:de "
            r"|du |des |della )?[A-Z]\w+),? "
            r"\d{1,4}\b|\b\d{1,4},? (?:rue|avenue|boulevard) (?:de |du |des |la )*[A-Z]\w+"
            r"|\b(?:GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})\b|\bP\.? ?O\.? Box \d+"
        ),
        None,
    ),
    (
        "an internet address",
        re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4})(?![\w.:])", re.IGNORECASE),
        _is_public_address,
    ),
]
"""What it is called, what it looks like, and what it must hold beside. Regular expressions after the published formats."""
