"""The same question answered in two ways: the model learns neither."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from curate.model import Finding, Pair
from curate.screen.broken import READY
from curate.screen.minhash import NearestIndex, asked_of
from curate.screen.numbers import numbers_in
from curate.words import FUNCTION_WORDS

SAME_QUESTION = 0.8
"""Jaccard similarity of what is asked from which two instructions are one question."""
APART = 0.1
"""Jaccard similarity of content words below which two answers share nothing but the question."""

YES = re.compile(
    r"\A\W*(?:yes|yea|aye|always|certainly|of course|by all means|indeed|it is|it does|you should|i do|i would|go ahead)\b",
    re.I,
)
NO = re.compile(
    r"\A\W*(?:no|nay|never|not|certainly not|of course not|by no means|hardly|it is not|it isn't|it does not|it doesn't"
    r"|you should not|you shouldn't|i do not|i don't|i would not|i wouldn't|do not|don't)\b",
    re.I,
)
NEGATED = re.compile(r"\b(?:not|never|no|nor|cannot|without)\b|n't\b", re.I)
COUNTED = re.compile(r"[\s-]+(?P<thing>[^\W\d_]{3,})")
SENTENCE = re.compile(r"[^.!?]+")


def find_contradictions(pairs: Sequence[Pair]) -> Iterable[Finding]:
    """Both of two pairs that ask the same and answer otherwise; each finding names the other pair.

    Told of are a yes and a no, another number of the same thing, a statement and its denial (score 1.0), and answers that share
    nearly no word (score 0.5). Each pair is compared with the first that asked its question. Two pairs that people wrote, and
    essays or reflections, which may differ as they like, are left alone. Heuristics for English.
    """
    index = NearestIndex(SAME_QUESTION)
    told: set[str] = set()
    for place, pair in enumerate(pairs):
        if len(pair.prompt) > 1 or pair.kind in ("essay", "reflection"):
            continue
        if likest := index.find_or_add(place, asked_of(pair.instruction)):
            first = pairs[likest[0]]
            if not {first.kind, pair.kind} <= READY and (found := contradiction(first.response, pair.response)):
                score, why = found
                for one, other in ((first, pair), (pair, first)):
                    if one.id not in told:
                        told.add(one.id)
                        yield Finding(one.id, "contradictions", "warning", score, f"{other.id} asks the same, and {why}")


def contradiction(one: str, other: str) -> tuple[float, str] | None:
    """How two answers to one question differ: a score, and the reason in words; None where they agree or only vary."""
    one, other = one.replace("’", "'"), other.replace("’", "'")
    if (_says(one) or _says(other)) and {_says(one), _says(other)} == {"yes", "no"}:
        return 1.0, "one answers yes where the other answers no"
    ours, theirs = _counts(one), _counts(other)
    for thing in ours.keys() & theirs.keys():
        if not ours[thing] & theirs[thing]:
            numbers = sorted(ours[thing] | theirs[thing])
            return 1.0, f"the answers give other numbers for “{thing}”: {', '.join(f'{number:g}' for number in numbers)}"
    if denied := _denied(one, other):
        return 1.0, f"one says what the other denies, about {', '.join(sorted(denied)[:4])}"
    if len(_content(one) & _content(other)) < APART * len(_content(one) | _content(other)):
        return 0.5, "its answer shares hardly a word with this one's"
    return None


def _says(answer: str) -> str | None:
    if NO.match(answer):
        return "no"
    return "yes" if YES.match(answer) else None


def _counts(answer: str) -> dict[str, set[float]]:
    """What is counted in an answer, and its numbers."""
    counts = defaultdict(set)
    for number in numbers_in(answer):
        if (counted := COUNTED.match(answer, number.end)) and (thing := _stem(counted["thing"])) not in FUNCTION_WORDS:
            counts[thing].add(number.value)
    return counts


def _denied(one: str, other: str) -> set[str] | None:
    """The content words of two sentences that have nearly the same ones, of which only one is negated."""
    theirs = [(_content(sentence[0]), bool(NEGATED.search(sentence[0]))) for sentence in SENTENCE.finditer(other)]
    for sentence in SENTENCE.finditer(one):
        words, negated = _content(sentence[0]), bool(NEGATED.search(sentence[0]))
        for their_words, their_negated in theirs:
            shared = words & their_words
            if negated != their_negated and len(shared) >= 3 and len(shared) >= 0.75 * max(len(words), len(their_words)):
                return shared
    return None


def _content(text: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"[^\W\d_]+", text.casefold()) if word not in FUNCTION_WORDS}


def _stem(word: str) -> str:
    word = word.casefold()
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
