"""Facts that nobody gave the generator: names, numbers, years, quotations and terms that no source has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from curate.check import Check
from curate.model import Finding, Pair, Span
from curate.screen.numbers import numbers_in
from curate.sources import SourceTexts
from likeness.metrics.languages import language_of
from likeness.metrics.quantities import quantities_in
from likeness.metrics.text import count_words
from likeness.metrics.wording import tongue_of

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
NAME = re.compile(r"(?<![\w.'’-])[A-ZÀ-ÖØ-Þ][^\W_]*(?:['’-][^\W\d_]+)*(?: [A-ZÀ-ÖØ-Þ][^\W_]*(?:['’-][^\W\d_]+)*)*(?![\w-])")
CONTRACTED = re.compile(r"(?:I|You|We|They|He|She|It|That|There)['’](?:d|ll|m|re|s|ve)\Z")
INSIDE = re.compile(r"[\w,)’'][ \n]$")
"""What precedes a word inside a sentence: there a capital means a name, elsewhere it means nothing."""
NOT_NAMES = frozenset("i mr mrs ms miss dr st sir madam lord lady god am pm ok".split())
DAYS = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december""".split()
)
"""Absent from one document these say nothing: everybody has Mondays."""

QUOTED = re.compile(r"[“\"]([^“”\"]+)[”\"]")
CALLED = re.compile(r"\b(?:called|known as|the term(?: is)?|by the name of) (?:an? |the )?[“\"‘']?([a-z]{5,})", re.IGNORECASE)
QUOTED_WORDS = 5
"""A shorter quotation is a phrase in quote marks more often than somebody's words."""
SHINGLE = 4
SMALL = 12
"""Up to here people count as they speak ("two things", "four times a day"): such a number is no fact by itself."""
FACTORS = frozenset((60.0, 1000.0, 10.0**6))
"""Between units: minutes and hours, grams and kilograms."""
SUMMED = re.compile(
    r"\b(?:altogether|in all|in total|together|both|sum|total|zusammen|insgesamt|beide"
    r"|en tout|au total|ensemble|en total|juntos|sumad\w+)\b",
    re.I,
)
ENDINGS = ("es", "er", "en", "e", "r", "n")
"""Of names that are inflected, or of people named after a place."""
BURST = 3
"""A word as often as this in one response is its subject (Church and Gale 1995, "Poisson mixtures": content words recur)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something in a response that can be looked up, and where it is."""

    kind: str
    """name, number, year, decade, quotation or term."""
    key: str | float
    start: int
    end: int


@dataclass
class Known:
    """What a text knows: the words of which names are made, the numbers, the runs of words in which quotations are found."""

    words: set[str] = field(default_factory=set)
    numbers: set[float] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> Known:
        """All of it from one text."""
        words = words_of(text)
        return cls(set(words), _values(text), set(_runs(words)))

    def add(self, other: Known) -> None:
        """Know what another text knows as well."""
        self.words |= other.words
        self.numbers |= other.numbers
        self.runs |= other.runs

    def has(self, fact: Fact, text: str) -> bool:
        """Whether a fact of `text` is here; a decade does where one of its years does."""
        if fact.kind == "decade":
            return any(fact.key <= number < fact.key + 10 for number in self.numbers)  # type: ignore[operator]
        if fact.kind == "quotation":
            return all(run in self.runs for run in _runs(words_of(text[fact.start : fact.end])))
        if isinstance(fact.key, str):
            return self.words.issuperset(fact.key.split(" ")) or (fact.kind == "name" and self._inflected(fact.key))
        return fact.key in self.numbers or (fact.kind == "number" and self._derives(fact.key, bool(SUMMED.search(text))))

    def _inflected(self, name: str) -> bool:
        """Whether every word of a name is here in another form: "Bernds" for "Bernd", "Londoner" for "London"."""
        return all(
            word in self.words or any(word.removesuffix(end) in self.words or word + end in self.words for end in ENDINGS)
            for word in name.split(" ")
        )

    def _derives(self, value: float, summed: bool) -> bool:
        """Whether a number follows from what is known: rounded, in another unit, a difference of years, a sum of two."""
        numbers = {round(number, 6) for number in self.numbers}
        for known in self.numbers:
            if known and (value / known in FACTORS or known / value in FACTORS):
                return True
            if known > SMALL and value % 10 == 0 and abs(known - value) <= 0.05 * known and known % 10:
                return True
            if known >= 1000 and (other := round(known - value, 6)) >= 1000 and other in numbers:
                return True
            if summed and (other := round(value - known, 6)) <= known and other in numbers:
                return True
        return False


def find_ungrounded(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Names, numbers, years, quotations and terms of generated responses that are in none of the author's documents.

    Names and years that are in another document, but neither in the pair's own nor in what was asked, are found as well:
    the generator took them from elsewhere. The score is 1.0 where no source has the thing and 0.5 there.
    What people wrote themselves (`own_words`, conversations, ready pairs) is not looked at. Numbers are read in figures and
    in English words; capitals tell a name only in languages that do not capitalise every noun. A wrong fact made of right
    words and small numbers ("seven locks" for "five locks") is not found here.
    """
    documents, everywhere, names = sources.learn(_known)
    for pair in pairs:
        if pair.wrote != "generator" or pair.document not in documents:
            continue
        asked: Known | None = None
        dated: list[tuple[int, int]] | None = None
        seen: set[tuple[str, str | float]] = set()
        for fact in facts_in(pair.response, names):
            if (fact.kind, fact.key) in seen or documents[pair.document].has(fact, pair.response):
                continue
            asked = asked or Known.of("\n".join(turn.content for turn in pair.prompt))  # seldom needed, and dear
            if asked.has(fact, pair.response):
                continue
            if fact.kind in ("number", "year"):
                if dated is None:
                    found = quantities_in(pair.response, tongue_of(pair.response))
                    dated = [(each.start, each.end) for each in found if each.dimension in ("version", "clock")]
                if any(start <= fact.start < end for start, end in dated):
                    continue
            seen.add((fact.kind, fact.key))
            elsewhere = everywhere.has(fact, pair.response)
            if not elsewhere or fact.kind == "year" or (fact.kind == "name" and not DAYS.issuperset(str(fact.key).split(" "))):
                yield _finding(pair, fact, elsewhere)


def _known(sources: SourceTexts) -> tuple[dict[str, Known], Known, bool]:
    """What each document says, by path, what they say together, and whether a capital tells a name."""
    documents = {path: Known.of(document.text) for path, document in sources.documents.items()}
    everywhere = Known()
    for known in documents.values():
        everywhere.add(known)
    return documents, everywhere, not _every_noun_has_a_capital(document.text for document in sources.documents.values())


def _values(text: str) -> set[float]:
    """The numbers of a text, in figures or words of four languages; of a quantity also its value in the smallest unit."""
    values = {number.value for number in numbers_in(text)}
    for quantity in quantities_in(text, tongue_of(text)):
        if quantity.dimension in ("clock", "date"):
            hours, minutes = divmod(quantity.low, 60 if quantity.dimension == "clock" else 100)
            values.update((hours, minutes, hours % 12, hours + 12))
        values.update((quantity.low, quantity.high))
    return values


def facts_in(text: str, names: bool = True) -> Iterator[Fact]:
    """What can be looked up in a text: `names` says whether its capitals tell names."""
    if names and language_of(text) != "de":
        yield from _names(text)
    else:
        yield from _german_names(text)
    for number in numbers_in(text):
        if number.decade:
            yield Fact("decade", number.value, number.start, number.end)
        elif number.value > SMALL or number.value % 1:
            figure = text[number.start : number.end]
            yield Fact("year" if re.fullmatch(r"1\d{3}|20\d{2}", figure) else "number", number.value, number.start, number.end)
    for quotation in QUOTED.finditer(text):
        if count_words(quotation[1]) >= QUOTED_WORDS:
            yield Fact("quotation", quotation[1], *quotation.span(1))
    yield from _terms(text)


def _names(text: str) -> Iterator[Fact]:
    """Words with a capital, neighbours as one name; a word that begins a sentence is none of it."""
    for match in NAME.finditer(text):
        start, words = match.start(), match[0].split(" ")
        if not INSIDE.search(text, max(0, start - 2), start):
            start += len(words.pop(0)) + 1
        while words and (_stem(words[0]) in NOT_NAMES or CONTRACTED.match(words[0])):
            start += len(words.pop(0)) + 1
        if words and len(words[0]) > 1:
            yield Fact("name", " ".join(words_of(text[start : match.end()])), start, match.end())


GERMAN_NAME = re.compile(
    r"(?<![\w.'’-])(?:(?:Herrn?|Frau|Dr\.|Professor(?:in)?|Onkel|Tante|Firma|Familie|Sankt|St\.) )"
    r"[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)?"
    r"|(?<=[a-zäöüß,] )[A-ZÄÖÜ][a-zäöüß]+ (?:von |van |de )?[A-ZÄÖÜ][a-zäöüß]+(?:-[A-ZÄÖÜ][a-zäöüß]+)?(?![\w-])"
    r"|(?<=\b[Ii]n )[A-ZÄÖÜ][a-zäöüß]+(?=[ ,.])|(?<=\b[Nn]ach )[A-ZÄÖÜ][a-zäöüß]+(?=[ ,.])"
    r"|(?<=\b[Aa]us )[A-ZÄÖÜ][a-zäöüß]+(?=[ ,.])"
)


def _german_names(text: str) -> Iterator[Fact]:
    """Where every noun has a capital: titles with what follows, two capitals in a row, places after "in", "nach" and "aus"."""
    for match in GERMAN_NAME.finditer(text):
        words = words_of(match[0])
        if not re.search(r"(?:ung|heit|keit|schaft|tion|en|e|er|el)\Z", words[-1]) or len(words) > 1:
            yield Fact("name", " ".join(words), *match.span())


def _terms(text: str) -> Iterator[Fact]:
    """Words that a text makes its subject: named by "called" or "known as", or coming again and again."""
    for called in CALLED.finditer(text):
        yield Fact("term", _stem(called[1]), *called.span(1))
    words = [match for match in WORD.finditer(text) if len(match[0]) >= 6 and match[0].islower()]
    times = Counter(_stem(match[0]) for match in words)
    for match in words:
        if times[_stem(match[0])] >= BURST:
            yield Fact("term", _stem(match[0]), *match.span())


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: without case, possessive and plural."""
    return [_stem(match[0]) for match in WORD.finditer(text)]


def _stem(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word.casefold()).replace("’", "'")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _runs(words: Sequence[str]) -> Iterator[int]:
    """Every four words in a row, as a hash."""
    return (hash(tuple(words[at : at + SHINGLE])) for at in range(len(words) - SHINGLE + 1))


def _every_noun_has_a_capital(texts: Iterable[str]) -> bool:
    """German: about a third of the words inside a sentence have a capital; in English or French hardly a tenth has."""
    capital = inside = 0
    for text in texts:
        for match in WORD.finditer(text):
            if INSIDE.search(text, max(0, match.start() - 2), match.start()):
                inside += 1
                capital += match[0][0].isupper() and len(match[0]) > 1
    return inside >= 100 and capital > 0.2 * inside


def _finding(pair: Pair, fact: Fact, elsewhere: bool) -> Finding:
    thing = pair.response[fact.start : fact.end]
    shown = f"“{thing}”" if fact.kind in ("quotation", "term") else thing
    if elsewhere:
        message = f"the {fact.kind} {shown} is in another of your documents, not in the one that this answer rests on"
    else:
        message = f"the {fact.kind} {shown} is neither in the passage nor anywhere in your documents"
    span = Span("response", fact.start, fact.end)
    return Finding(
        pair.id, "grounding", "warning", 0.5 if elsewhere else 1.0, message, span, "elsewhere" if elsewhere else "nowhere"
    )


CHECK = Check(
    name="grounding",
    about="Names, numbers, dates, quotations and rare words that the passage does not have.",
    scope="row",
    order=110,
    reasons={"elsewhere": "rests on another document", "nowhere": "rests on no document"},
    find=lambda given: find_ungrounded(given.pairs, given.sources),
)
