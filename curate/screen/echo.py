"""Phrases that the data says over and over: what a dataset echoes, the model trained on it echoes louder."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import cycle
from typing import Any

import numpy as np

from curate.check import Check, Given
from curate.model import Finding, Pair, Span, content_hash
from curate.screen.settings.echo import EchoSettings
from curate.sources import SourceTexts
from likeness.metrics.phrases import Form, Rows, _at_most, _sets, closing, opening, phrases, rows_over, templates
from likeness.metrics.text import FUNCTION_WORDS, count_of, count_words, paragraphs_of, units_of, words_of

FLOOR = 0.05
"""What is in fewer of the responses is no echo, however rare it is in the sources."""

FEWEST_ROWS, FEWEST_HOLDING = 8, 4
"""Of fewer responses nothing is said; and of no phrase that fewer of them hold."""
SMALL = 50
"""Responses below which a share counts as what it is at least, by Wilson's bound of five in six (1927); the author's counts as
what it is likely to be then, for both bounds together would let everything pass."""
FEWEST_PARAGRAPHS = 10
"""Paragraphs of which fewer say too little of how the author opens and closes: what is anywhere in a text counts then."""
FEWEST_LETTERS = 3
"""Letters by which the author's greetings and farewells are known."""
GREETING = re.compile(
    r"\W*(?:dear|hi|hello|hey|good (?:morning|evening|afternoon)|hallo|liebe[rs]?|moin|guten (?:morgen|tag|abend)"
    r"|sehr geehrte[rs]?|servus"
    r"|bonjour|bonsoir|salut|cher|chère|coucou|hola|querid[oa]s?|estimad[oa]s?|buen[oa]s (?:días|tardes|noches))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Echo:
    """A phrase, opening, closing or sentence template that too many responses have."""

    phrase: str
    form: Form
    rows: int
    """Responses that hold it."""
    share: float
    """Of all responses."""
    source_share: float
    """Of windows of the author's documents, as long as the responses, that hold it."""
    allowed: float
    """The share that it may have."""
    rows_over: int
    """Pairs to take away to come down to what is allowed."""
    pairs_to_add: int
    """Or pairs without it to add."""
    ask_more_of: tuple[str, ...]
    """Documents whose pairs hold it least: where to ask for those."""

    @property
    def ratio(self) -> float:
        """How many times as common as in the sources; infinite where these do not have it."""
        return self.share / self.source_share if self.source_share else math.inf

    def as_dict(self) -> dict[str, Any]:
        """For the report; `ratio` is None where the sources do not have the phrase."""
        return asdict(self) | {"ratio": round(self.ratio, 2) if self.source_share else None}


def find_echo(pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts) -> Iterable[Finding]:
    """The pairs to take away, or to rewrite, so that no echo is left. The score is the echo's share of all responses.

    Args:
        pairs: the whole dataset.
        max_share: see `echoes_of`.
        times: see `echoes_of`.
        sources: the author's documents.
    """
    for echo, named in echoes_with_pairs(pairs, max_share, times, sources):
        for pair in named:
            yield Finding(
                pair.id, "echo", "warning", echo.share, _message(echo, len(pairs)), _span(echo, pair.response), echo.form
            )


def echoes_with_pairs(
    pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts
) -> Iterator[tuple[Echo, list[Pair]]]:
    """Every echo, worst first, with the pairs to take away; none where those of a worse one are enough. Arguments: `echoes_of`.

    Of the pairs that hold an echo those are named that cost least: generated before the author's own words, those that hold
    several echoes, those of documents where most others hold it too.

    Args:
        pairs: the pairs to look at.
        max_share: see `echoes_of`.
        times: see `echoes_of`.
        sources: the author's documents and passages.
    """
    found = echoes_and_rows(pairs, max_share, times, sources)
    held = Counter(int(row) for _, rows in found for row in rows)
    named: set[int] = set()
    for echo, rows in found:
        left = [int(row) for row in rows if row not in named]
        missing = max(0, echo.rows_over - (len(rows) - len(left)))
        near = Counter(pairs[row].document for row in rows)
        left.sort(key=lambda row: (pairs[row].wrote != "generator", -held[row], -near[pairs[row].document], pairs[row].id))
        named.update(left[:missing])
        yield echo, [pairs[row] for row in sorted(left[:missing])]


def echoes_of(pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts) -> list[Echo]:
    """What the responses say too often, worst first.

    A phrase of one to four words, an opening or closing of three, or a whole sentence with its content words blanked, may
    be in `times` the share of responses that it may have among equally long windows of the author's own documents, and
    always in 5 % (a single word, in 10 %). A phrase of nothing but content words, such as a pet term, may in no case be in
    more than `max_share`, however fond of it the author is: what is in every sixth row, a model may say in every answer.

    Args:
        pairs: the whole dataset.
        max_share: largest share of responses, in [0, 1], for a term of two words and more.
        times: how many times the author's own share any phrase may have.
        sources: the author's documents; without them only `max_share` is held.
    """
    return [echo for echo, _ in echoes_and_rows(pairs, max_share, times, sources)]


def echoes_and_rows(pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts) -> list[tuple[Echo, Rows]]:
    """As `echoes_of`, each with the positions of the pairs that hold it.

    Args:
        pairs: the pairs to look at.
        max_share: see `echoes_of`.
        times: see `echoes_of`.
        sources: the author's documents and passages.
    """
    responses = [pair.response for pair in pairs]
    own = list(like_long(sources, responses))
    if len(pairs) < FEWEST_ROWS:
        return []
    fewest = max(FEWEST_HOLDING, math.ceil(FLOOR * len(pairs)))
    letters = [letter for document in sources.documents.values() for letter in letters_of(document.text)]
    paragraphs = [paragraph for document in sources.documents.values() for paragraph in paragraphs_of(document.text)]
    forms: list[tuple[Form, Iterable[tuple[str, Rows, float]]]] = [
        ("phrase", phrases(responses, own, fewest)),
        ("template", _sets(responses, own, templates, fewest)),
        ("opening", _sets(responses, paragraphs, opening, fewest)),
        ("closing", _sets(responses, paragraphs, closing, fewest)),
    ]
    sizes = Counter(pair.document for pair in pairs)
    over = []
    for form, candidates in forms:
        for phrase, rows, in_windows in candidates:
            source_share = in_windows
            floor = FLOOR if " " in phrase else 2 * FLOOR  # a single word is plain language more often
            if form in ("opening", "closing") and len(paragraphs) < FEWEST_PARAGRAPHS:
                source_share = max(source_share, sum(f" {phrase} " in _spaced(window) for window in own) / (len(own) or 1))
            if len(letters) >= FEWEST_LETTERS:
                source_share = max(source_share, _share_of_letters(phrase, form, letters))
            usual = _likely if len(pairs) < SMALL else _at_most
            allowed = max(floor, times * usual(source_share, len(own))) if own else 1.0
            if form == "phrase" and " " in phrase and not FUNCTION_WORDS & set(phrase.split()):
                allowed = min(allowed, max_share)
            if len(rows) > allowed * len(pairs) and (len(pairs) >= SMALL or _at_least(len(rows), len(pairs)) > allowed):
                holding = Counter(pairs[row].document for row in rows)
                least = sorted(sizes, key=lambda name: (holding[name] / sizes[name], sizes[name], name))
                over.append((_echo(phrase, form, len(rows), len(pairs), source_share, allowed, least[:3]), rows))
    over.sort(key=lambda each: (-each[0].rows_over, -len(each[0].phrase), each[0].phrase))
    shown: list[tuple[Echo, Rows]] = []
    for echo, rows in over:
        if not any(_same(echo, rows, other, other_rows) for other, other_rows in shown):
            shown.append((echo, rows))
    return shown


def letters_of(text: str) -> list[tuple[str, str]]:
    """The first and the last paragraph of each letter in a document: one begins with a greeting, the first with the document."""
    letters: list[tuple[str, str]] = []
    for paragraph in paragraphs_of(text):
        if letters and not GREETING.match(paragraph):
            letters[-1] = (letters[-1][0], paragraph)
        else:
            letters.append((paragraph, paragraph))
    return letters


def _share_of_letters(phrase: str, form: Form, letters: Sequence[tuple[str, str]]) -> float:
    """The share of letters that begin or end with a phrase."""
    spaced = f" {phrase} "
    edges = [
        (form != "closing" and spaced in _spaced(first)) or (form != "opening" and spaced in _spaced(last))
        for first, last in letters
    ]
    return sum(edges) / len(letters)


@lru_cache(maxsize=10_000)
def _spaced(paragraph: str) -> str:
    return f" {' '.join(words_of(paragraph))} "


def _likely(share: float, texts: int) -> float:
    """A share as it is likely where few texts were seen (Jeffreys's prior)."""
    return (share * texts + 0.5) / (texts + 1)


def _at_least(rows: int, total: int) -> float:
    """The lower bound of a share, by one standard deviation."""
    share = rows / total
    return (share + 0.5 / total - math.sqrt(share * (1 - share) / total + 0.25 / total**2)) / (1 + 1 / total)


def _echo(phrase: str, form: Form, rows: int, total: int, source_share: float, allowed: float, least: Iterable[str]) -> Echo:
    return Echo(
        phrase,
        form,
        rows,
        round(rows / total, 4),
        round(source_share, 4),
        round(allowed, 4),
        rows_over(rows, total, allowed),
        math.ceil(rows / allowed) - total,
        tuple(least),
    )


def _same(echo: Echo, rows: Rows, other: Echo, other_rows: Rows) -> bool:
    """Whether one of two is part of the other, and mostly in the same rows: then one is reported."""
    longer, shorter = (echo.phrase, other.phrase) if len(echo.phrase) > len(other.phrase) else (other.phrase, echo.phrase)
    if f" {shorter} " not in f" {longer} ":
        return False
    return len(np.intersect1d(rows, other_rows, assume_unique=True)) >= 0.7 * min(len(rows), len(other_rows))


def like_long(sources: SourceTexts, responses: Sequence[str]) -> Iterator[str]:
    """The documents' prose as one, cut into windows as long as the responses are, so that shares can be compared.

    The lengths come in an order that the responses alone decide: the same rows give the same shares, however they are sorted.
    """
    lengths = [count_words(response) for response in sorted(responses, key=content_hash) if response.strip()]
    running = [w for document in sources.documents.values() for p in paragraphs_of(document.text) for w in units_of(p)]
    start = 0
    for length in cycle(lengths):
        if start + length > len(running):
            return
        yield "".join(running[start : start + length]).rstrip()
        start += length


def _message(echo: Echo, total: int) -> str:
    what = {
        "phrase": f"“{echo.phrase}” is in",
        "opening": f"“{echo.phrase} …” opens",
        "closing": f"“… {echo.phrase}” closes",
        "template": f"a sentence built as “{echo.phrase}” is in",
    }[echo.form]
    usual = (
        f"{echo.source_share:.1%} of equally long windows of your documents"
        if echo.source_share
        else "no such window of your documents"
    )
    return (
        f"{what} {echo.rows} of {total} responses ({echo.share:.1%}; {usual}): without this pair and others like it, or with"
        f" {count_of(echo.pairs_to_add, 'pair')} of other matter, it falls to {echo.allowed:.0%}"
    )


def _span(echo: Echo, response: str) -> Span | None:
    """Where the response has it; of openings the first place, of closings the last."""
    if echo.form == "template":
        return None
    places = list(re.finditer(r"\W+".join(map(re.escape, echo.phrase.split())), response, re.IGNORECASE))
    return Span("response", *places[-1 if echo.form == "closing" else 0].span()) if places else None


def _find(given: Given) -> Iterable[Finding]:
    settings = given.settings[EchoSettings]
    return find_echo(given.pairs, settings.max_share, settings.times, given.sources)


CHECK = Check(
    name="echo",
    about="Phrases, openings, closings and sentence templates that the answers say over and over.",
    scope="dataset",
    order=170,  # last: of what is kept
    reasons={
        "phrase": "repeats a phrase",
        "opening": "opens as too many others do",
        "closing": "closes as too many others do",
        "template": "is built as too many others are",
    },
    find=_find,
    settings=EchoSettings,
    example=(
        "Of 300 answers 66 say *slack water*; of 100 pieces of the documents that are as long as the answers, 3 do. Where 15 of "
        "100 answers may say it, 25 answers get a finding: without them 41 of 275 say it. The other 41 are left alone."
    ),
)
