"""What a reader types into the search box, and what counts as a word.

The language is Elasticsearch's `simple_query_string` as Argilla calls it: words are joined by "and", and there are `|`, `-`,
`"a phrase"`, `"a phrase"~3`, `begin*`, `misspelt~1`, parentheses and `\\` before a sign that is to be taken as it stands. Like
there, operators bind from left to right, and nothing that is typed is an error: what makes no sense is passed over.
Source: Lucene's SimpleQueryParser, and https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-simple-query-string-query
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import deque
from dataclasses import dataclass

LONGEST_QUERY = 1000  # characters; parentheses within each other are read by recursion
MOST_EDITS = 2  # of a misspelt word
WIDEST_SLOP = 1000  # words

# The standard analyzer's words (Unicode Standard Annex 29), near enough: "don't", "3.14" and "example.com" are one word each,
# "well-known", "12:30" and "1999.Then" are two; a Chinese character is a word of its own, and so is an emoji.
_MARKS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code)).startswith("M"))
_LETTER = rf"[\w{_MARKS}]"
_JOINED = r"(?:(?<![\d_])['’.:·](?![\d_])|(?<=\d)['’.,;](?=\d))"  # letters to letters, digits to digits
_WORD = re.compile(rf"[\u2600-\u27bf\U0001f300-\U0001faff]|{_LETTER}+(?:{_JOINED}{_LETTER}+)*")
_CHARACTER = re.compile(  # Hiragana, Han; and whole words in Katakana
    "[\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]+"
)


# HTML's tags as Markdown lets them stand: a name follows the `<` at once, and a `>` within quotes ends nothing.
_TAG = re.compile(r"""</?([a-z][a-z0-9-]*)(?:[\s/](?:[^<>"']|"[^"]*"|'[^']*')*+)?>""", re.IGNORECASE)
_WITHIN_WORDS = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q s samp small span strong sub sup time tt u var wbr".split()
)


def shown(markdown: str) -> str:
    """What a page shows of a Markdown text's HTML: tags that may stand within a word vanish, others part words."""
    return html.unescape(_TAG.sub(lambda tag: "" if tag[1].lower() in _WITHIN_WORDS else " ", markdown))


def words(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return _WORD.findall(_CHARACTER.sub(r" \g<0> ", text.lower()))


@dataclass(frozen=True)
class Words:
    """All of these in one field. (Of one piece that was typed: `well-known`.)"""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Phrase:
    """These words in this order, or moved from it by `slop` places: by others between them, or by changing places (two)."""

    words: tuple[str, ...]
    slop: int = 0


@dataclass(frozen=True)
class Prefix:
    """A word that begins so."""

    start: str


@dataclass(frozen=True)
class Fuzzy:
    """A word that at most `edits` changes of one letter make into this one."""

    word: str
    edits: int


@dataclass(frozen=True)
class Not:
    """Whatever does not match."""

    query: Query


@dataclass(frozen=True)
class Group:
    """Queries from left to right, each with whether what stands before it must match as well ("and") or need not ("or")."""

    first: Query
    rest: tuple[tuple[bool, Query], ...]


@dataclass(frozen=True)
class Everything:
    """A lone `*`."""


Query = Words | Phrase | Prefix | Fuzzy | Not | Group | Everything

_TOKEN = re.compile(
    r""""(?P<phrase>(?:\\.|[^"\\])*)"(?:~(?P<slop>[^\s"|+()]*))?"""
    r"|(?P<sign>[()|+-])"
    r"""|(?P<piece>(?:\\.|[^\s"|+()\\])(?:\\.|[^\s"|+()\\~])*)(?:~(?P<edits>[^\s"|+()]*))?""",
    re.DOTALL,
)


def parse(typed: str) -> Query | None:
    """The query that was typed; None where nothing in it can match."""
    typed = typed[:LONGEST_QUERY]
    return Everything() if typed.strip() == "*" else _group(_balanced(list(_TOKEN.finditer(typed))))


def _balanced(tokens: list[re.Match[str]]) -> deque[re.Match[str]]:
    """The tokens without the parentheses that have no counterpart."""
    opened: list[int] = []
    paired: set[int] = set()
    for place, token in enumerate(tokens):
        if token["sign"] == "(":
            opened.append(place)
        elif token["sign"] == ")" and opened:
            paired |= {opened.pop(), place}
    return deque(token for place, token in enumerate(tokens) if place in paired or token["sign"] not in ("(", ")"))


def _group(tokens: deque[re.Match[str]]) -> Query | None:
    """What stands up to the closing parenthesis, or to the end."""
    parts: list[tuple[bool, Query]] = []
    every: bool | None = None  # the operator between what was read and what comes
    negated, end = False, -1
    while tokens:
        token = tokens.popleft()
        negated = negated and token.start() == end  # "- word": the sign stands alone and means nothing
        end = token.end()
        if token["sign"] == ")":
            break
        if token["sign"] == "-":
            negated = not negated
            continue
        if token["sign"] in ("+", "|"):
            every = token["sign"] == "+" if every is None and parts else every
        elif (query := _group(tokens) if token["sign"] == "(" else _leaf(token)) is not None:
            parts.append((every is not False, Not(query) if negated else query))
            every = None
        negated = False
    return Group(parts[0][1], tuple(parts[1:])) if len(parts) > 1 else parts[0][1] if parts else None


def _leaf(token: re.Match[str]) -> Query | None:
    """A phrase, or a piece between blanks; None where there is no word in it."""
    if token["phrase"] is not None:
        found = tuple(words(_plain(token["phrase"])))
        return Phrase(found, min(_distance(token["slop"]), WIDEST_SLOP)) if found else None
    piece = token["piece"]
    if edits := min(_distance(token["edits"]), MOST_EDITS):
        return Fuzzy(_plain(piece).lower(), edits)
    if token["edits"] is None and (begin := re.fullmatch(r"((?:\\.|[^\\])+)\*", piece, re.DOTALL)):
        return Prefix(_plain(begin[1]).lower())
    found = tuple(words(_plain(piece)))
    return Words(found) if found else None


def _distance(typed: str | None) -> int:
    """What stands after `~`: nothing means 2, and what is no number means 0."""
    if typed is None or not re.fullmatch("[0-9]{0,9}", typed):
        return 0
    return int(typed or 2)


def _plain(typed: str) -> str:
    """Without the backslashes that shield a sign."""
    return re.sub(r"\\(.)", r"\1", typed, flags=re.DOTALL)
