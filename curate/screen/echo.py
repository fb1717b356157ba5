"""Phrases that the data says over and over: what a dataset echoes, the model trained on it echoes louder."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from curate.model import Finding, Pair, Span, content_hash
from curate.screen.broken import READY
from curate.screen.sources import SourceTexts
from curate.words import FUNCTION_WORDS, WORD, paragraphs_of, words_of

Form = Literal["phrase", "opening", "closing", "template"]
Rows = NDArray[np.int64]
Numbers = NDArray[np.int32]

LONGEST = 4
"""Words of a phrase."""

FLOOR = 0.05
"""What stands in fewer of the responses is no echo, however rare it is in the sources."""

FEWEST_ROWS = 8
EDGE = 3
"""Words of an opening or a closing."""

SENTENCE = re.compile(r"[^.!?…]+[.!?…]?")
BLANK = "…"


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
    """Of stretches of the author's documents, as long as the responses, that hold it."""
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
    """The pairs to take away, or to write anew, so that no echo is left. The score is the echo's share of all responses.

    Args:
        pairs: the whole dataset.
        max_share: see `echoes_of`.
        times: see `echoes_of`.
        sources: the author's documents.
    """
    for echo, named in echoes_with_pairs(pairs, max_share, times, sources):
        for pair in named:
            yield Finding(pair.id, "echo", "warning", echo.share, _message(echo, len(pairs)), _span(echo, pair.response))


def echoes_with_pairs(
    pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts
) -> Iterator[tuple[Echo, list[Pair]]]:
    """Every echo, worst first, with the pairs to take away; none where those of a worse one are enough. Arguments: `echoes_of`.

    Of the pairs that hold an echo those are named that cost least: generated before the author's own words, those that hold
    several echoes, those of documents where most others hold it too.
    """
    found = echoes_and_rows(pairs, max_share, times, sources)
    held = Counter(int(row) for _, rows in found for row in rows)
    named: set[int] = set()
    for echo, rows in found:
        left = [int(row) for row in rows if row not in named]
        missing = max(0, echo.rows_over - (len(rows) - len(left)))
        near = Counter(pairs[row].document for row in rows)
        left.sort(key=lambda row: (pairs[row].kind in READY, -held[row], -near[pairs[row].document], pairs[row].id))
        named.update(left[:missing])
        yield echo, [pairs[row] for row in sorted(left[:missing])]


def echoes_of(pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts) -> list[Echo]:
    """What the responses say too often, worst first.

    A phrase of one to four words, an opening or closing of three, or a whole sentence with its content words blanked, may
    stand in `times` the share of responses that it may have among like-long stretches of the author's own documents, and
    always in 5 % (a single word, in 10 %). A phrase of nothing but content words, such as a pet term, may in no case stand in
    more than `max_share`, however fond of it the author is: what is in every sixth row, a model may say in every answer.

    Args:
        pairs: the whole dataset.
        max_share: largest share of responses, in [0, 1], for a term of two words and more.
        times: how many times the author's own share any phrase may have.
        sources: the author's documents; without them only `max_share` is held.
    """
    return [echo for echo, _ in echoes_and_rows(pairs, max_share, times, sources)]


def echoes_and_rows(pairs: Sequence[Pair], max_share: float, times: float, sources: SourceTexts) -> list[tuple[Echo, Rows]]:
    """As `echoes_of`, each with the positions of the pairs that hold it."""
    responses = [pair.response for pair in pairs]
    own = list(like_long(sources, responses))
    fewest = max(FEWEST_ROWS, math.ceil(FLOOR * len(pairs)))
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
        for phrase, rows, source_share in candidates:
            floor = FLOOR if " " in phrase else 2 * FLOOR  # a single word is plain language more often
            allowed = max(floor, times * _at_most(source_share, len(own))) if own else 1.0
            if form == "phrase" and " " in phrase and not FUNCTION_WORDS & set(phrase.split()):
                allowed = min(allowed, max_share)
            if len(rows) > allowed * len(pairs):
                holding = Counter(pairs[row].document for row in rows)
                least = sorted(sizes, key=lambda name: (holding[name] / sizes[name], sizes[name], name))
                over.append((_echo(phrase, form, len(rows), len(pairs), source_share, allowed, least[:3]), rows))
    over.sort(key=lambda each: (-each[0].rows_over, -len(each[0].phrase), each[0].phrase))
    told: list[tuple[Echo, Rows]] = []
    for echo, rows in over:
        if not any(_same(echo, rows, other, other_rows) for other, other_rows in told):
            told.append((echo, rows))
    return told


def _at_most(share: float, texts: int) -> float:
    """A share as it may well be where few texts were seen: two more with it, two more without (Agresti and Coull 1998)."""
    return (share * texts + 2) / (texts + 4)


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


def rows_over(rows: int, total: int, allowed: float) -> int:
    """How many of `rows` to take away so that the others are a share of at most `allowed`, below 1: the whole shrinks as well."""
    return max(0, math.ceil(round((rows - allowed * total) / (1 - allowed), 9)))  # 0.1 * 30 is a little more than 3


def _same(echo: Echo, rows: Rows, other: Echo, other_rows: Rows) -> bool:
    """Whether one of two is part of the other, and mostly in the same rows: then one is told."""
    longer, shorter = (echo.phrase, other.phrase) if len(echo.phrase) > len(other.phrase) else (other.phrase, echo.phrase)
    if f" {shorter} " not in f" {longer} ":
        return False
    return len(np.intersect1d(rows, other_rows, assume_unique=True)) >= 0.7 * min(len(rows), len(other_rows))


def like_long(sources: SourceTexts, responses: Sequence[str]) -> Iterator[str]:
    """The documents' prose as one, cut into stretches as long as the responses are, so that shares can be compared.

    The lengths stand in an order that the responses alone decide: the same rows give the same shares, however they are sorted.
    """
    lengths = [len(response.split()) for response in sorted(responses, key=content_hash) if response.strip()]
    running = [w for document in sources.documents.values() for p in paragraphs_of(document.text) for w in p.split()]
    start = 0
    for length in cycle(lengths):
        if start + length > len(running):
            return
        yield " ".join(running[start : start + length])
        start += length


def phrases(responses: Sequence[str], own: Sequence[str], fewest: int) -> Iterator[tuple[str, Rows, float]]:
    """Phrases of one to four words, a content word among them or three words at least, that `fewest` responses hold.

    Counted by widening: a phrase can be frequent only if both its shorter halves are (Agrawal and Srikant 1994), so that
    memory goes with the words and not with all their combinations.

    Yields:
        phrase, the responses that hold it, and the share of `own` texts that do.
    """
    codes, rows, names = _numbered([*responses, *own])
    total = len(responses) + len(own)
    for length in range(1, LONGEST + 1):
        if length > 1:
            codes, names = _widened(codes, names, rows, length)
        inside = codes >= 0
        code, row = np.divmod(_distinct(codes[inside] * np.int64(total) + rows[: len(codes)][inside]), total)  # once a text
        counts = np.bincount(code[row < len(responses)], minlength=len(names))
        frequent = np.flatnonzero(counts >= fewest)
        for each in frequent:
            held = row[np.searchsorted(code, each) : np.searchsorted(code, each, side="right")]
            if length >= EDGE or not FUNCTION_WORDS.issuperset(names[each]):  # “of the” is nobody's; “this is how we” is
                mine = held[held < len(responses)]
                yield " ".join(names[each]), mine, (len(held) - len(mine)) / (len(own) or 1)
        renamed = np.full(len(names) + 1, -1, dtype=np.int32)  # the last stands for what is not frequent already
        renamed[frequent] = np.arange(len(frequent))
        codes, names = renamed[codes], [names[each] for each in frequent]


def _distinct(keys: Rows) -> Rows:
    """As np.unique, whose hashing of whole numbers takes ten times as long as sorting them."""
    keys.sort()
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys


def _numbered(texts: Sequence[str]) -> tuple[Numbers, Numbers, list[tuple[str, ...]]]:
    """Every word of all texts as a number, the text that it stands in, and the words that the numbers stand for."""
    vocabulary: dict[str, int] = {}
    ids = [np.array([vocabulary.setdefault(word, len(vocabulary)) for word in words_of(text)], dtype=np.int32) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), [len(each) for each in ids])
    return np.concatenate([*ids, np.zeros(0, dtype=np.int32)]), rows, [(word,) for word in vocabulary]


def _widened(codes: Numbers, names: list[tuple[str, ...]], rows: Numbers, length: int) -> tuple[Numbers, list[tuple[str, ...]]]:
    """Phrases one word longer, from frequent ones that overlap within a text; -1 where there is none."""
    inside = (codes[:-1] >= 0) & (codes[1:] >= 0) & (rows[: len(codes) - 1] == rows[length - 1 :])
    joined = codes[:-1][inside] * np.int64(len(names)) + codes[1:][inside]
    distinct = _distinct(joined.copy())
    widened = np.full(max(0, len(codes) - 1), -1, dtype=np.int32)
    widened[inside] = np.searchsorted(distinct, joined)
    return widened, [(*names[first], names[second][-1]) for first, second in (divmod(int(each), len(names)) for each in distinct)]


def _sets(
    responses: Sequence[str], own: Sequence[str], made_of: Callable[[str], Iterable[str]], fewest: int
) -> Iterator[tuple[str, Rows, float]]:
    """What `fewest` responses hold of what a function makes of a text; as `phrases`."""
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(responses):
        for each in set(made_of(text)):
            rows.setdefault(each, []).append(row)
    frequent = {each: held for each, held in rows.items() if len(held) >= fewest}
    own_rows = Counter(each for text in own for each in set(made_of(text)) if each in frequent)
    for each, held in frequent.items():
        yield each, np.array(held, dtype=np.int64), own_rows[each] / (len(own) or 1)


def opening(text: str) -> list[str]:
    """The first three words."""
    words = words_of(text[:200])
    return [" ".join(words[:EDGE])] if len(words) >= EDGE else []


def closing(text: str) -> list[str]:
    """The last three words."""
    words = words_of(text[-200:])
    return [" ".join(words[-EDGE:])] if len(words) >= EDGE else []


def templates(text: str) -> list[str]:
    """Its sentences with runs of content words blanked (“it is not the … but the …”), where three words and more are left."""
    found = []
    for sentence in SENTENCE.findall(text.casefold()):
        kept = [word if word in FUNCTION_WORDS else BLANK for word in WORD.findall(sentence)]
        shown = [word for i, word in enumerate(kept) if word != BLANK or kept[i - 1 : i] != [BLANK]]
        if BLANK in shown and len(shown) - shown.count(BLANK) >= EDGE and len(shown) <= 4 * EDGE:
            found.append(" ".join(shown))
    return found


def _message(echo: Echo, total: int) -> str:
    what = {
        "phrase": f"“{echo.phrase}” stands in",
        "opening": f"“{echo.phrase} …” opens",
        "closing": f"“… {echo.phrase}” closes",
        "template": f"a sentence built as “{echo.phrase}” stands in",
    }[echo.form]
    usual = (
        f"{echo.source_share:.1%} of like stretches of your documents"
        if echo.source_share
        else "no such stretch of your documents"
    )
    return (
        f"{what} {echo.rows} of {total} responses ({echo.share:.1%}; {usual}): without this pair and others like it, or with"
        f" {echo.pairs_to_add} pairs of other matter, it falls to {echo.allowed:.0%}"
    )


def _span(echo: Echo, response: str) -> Span | None:
    """Where the response has it; of openings the first place, of closings the last."""
    if echo.form == "template":
        return None
    places = list(re.finditer(r"\W+".join(map(re.escape, echo.phrase.split())), response, re.IGNORECASE))
    return Span("response", *places[-1 if echo.form == "closing" else 0].span()) if places else None
