"""What machines left in a text: broken characters, markup, pieces of a prompt or of a file format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from curate.model import Finding, Pair, Severity, Span
from curate.screen.broken import READY
from curate.screen.sources import SourceTexts

BROKEN_CHARACTERS = re.compile(
    r"\ufffd|\\u[0-9a-f]{4}|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]"
)
MISREAD = re.compile(
    r"[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]+"
)
"""What may be UTF-8 read as Windows-1252, such as "â€™"; it is if it reads as UTF-8 again."""

PROMPT = re.compile(
    r"</?(?:document|task|sample|samples|think|thinking|s|pair|pairs|response|instruction|output|input|answer|question"
    r"|quote|user|assistant|system)>"
    r"|<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|\A\s*[{\[]\s*[\"{\[]|\"(?:instruction|response"
    r"|quote)\"\s*:",
)
MARKUP: list[tuple[str, Severity, re.Pattern[str]]] = [
    ("an HTML tag", "drop", re.compile(
        r"</?(?:p|br|div|span|a|b|i|em|strong|ul|ol|li|h[1-6]|table|tr|td|th|img|code|pre|sup|sub"
        r"|blockquote)(?:\s[^<>]*)?/?>", re.I
    )),
    ("an HTML entity", "drop", re.compile(r"&(?:amp|lt|gt|nbsp|quot|apos|[mn]dash|hellip|[lr][sd]quo|#\d{2,5}"
    r"|#x[0-9a-f]{2,5});", re.I)),
    ("a code fence", "drop", re.compile(r"^```", re.M)),
    ("a Markdown table", "warning", re.compile(r"^\s*\|?[^|\n]+\|[^\n]*\n\s*\|?\s*:?-{3,}:?\s*\|[-|: ]*$", re.M)),
    ("a Markdown link", "warning", re.compile(r"!?\[[^\]\n]+\]\((?:https?://|mailto:|www\.|[./#])[^)\s]*\)")),
    ("a footnote mark", "warning", re.compile(r"\[\^?\d{1,3}\]|【[^】]*】")),
    ("LaTeX", "warning", re.compile(r"\\(?:begin|end|frac|text\w*|emph|section|cite|ref|sqrt|sum|cdot|times)\b\s*\{?|\\\("
    r"|\\\[|\$\$.+?\$\$")),
]  # fmt: skip
"""What is left over, what it does to a generated pair, and what it looks like."""


def find_debris(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs with broken characters, pieces of a prompt, or markup in them; the finding points to the first of each.

    What drops a generated pair is only told of where people wrote it: they can mend it at its source. Markup that the author's
    own documents have as well is the author's. Score is always 1.
    """
    foreign = [each for each in MARKUP if not any(each[2].search(document.text) for document in sources.documents.values())]
    for pair in pairs:
        for part, text in pair.sides:
            for match, message, severity in _debris(text, foreign):
                mild = pair.kind in READY
                yield Finding(pair.id, "debris", "warning" if mild else severity, 1.0, message, Span(part, *match.span()))


def _debris(text: str, foreign: list[tuple[str, Severity, re.Pattern[str]]]) -> Iterator[tuple[re.Match[str], str, Severity]]:
    if broken := BROKEN_CHARACTERS.search(text):
        yield broken, f"debris: a character that nothing shows, {broken[0].encode('unicode_escape').decode()}", "drop"
    if misread := next(filter(_was_utf8, MISREAD.finditer(text)), None):
        yield misread, f"debris: a character read in the wrong encoding, “{misread[0]}”", "drop"
    if prompt := PROMPT.search(text):
        yield prompt, f"debris: a piece of a prompt or of a file, “{prompt[0].strip()}”", "drop"
    for what, severity, pattern in foreign:
        if markup := pattern.search(text):
            yield markup, f"debris: {what} is left over, “{markup[0].strip()[:40]}”", severity


def _was_utf8(match: re.Match[str]) -> bool:
    """Whether characters that stand together were one in UTF-8: "é" read as "Ã©" comes back, "Ño" in Spanish does not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return match[0].encode(encoding).decode("utf-8") != match[0]
        except UnicodeError:
            continue
    return False
