"""Whether two questions ask the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from likeness.metrics.near_duplicates import shingles
from likeness.metrics.wording import content, grams, is_operator, tongue_of

RUN = 8
"""Words in a row that two texts share only if one was taken from the other: the shortest run by which the GPT-3 paper (Brown et
al. 2020, appendix C) found test examples in the training data, which took 8 to 13 by the length of the examples."""
RUN_HOLDS = 0.6
"""Share of a question's content that such a run must have: "what is the best way to find out how" is in any question."""

MOST_OF = 0.75
"""Part of a question's words from which a run is the question."""
SAME = 0.8

NEAR = 0.7
"""Likeness of what is asked from which two questions are one, or nearly."""

HALF = 0.75
"""Score of a question that is one of the two that a question of two parts asks."""

OPPOSITES = {
    frozenset(pair.split())
    for pair in (
        "~on ~off",
        "~before ~after",
        "~up ~down",
        "~under ~over",
        "~less ~more",
        "~first ~last",
        "~old ~new",
        "~next ~last",
        "~first ~next",
        "~+ein ~+aus",
        "~+auf ~+zu",
    )
}
STRICT = frozenset({"¬", "~or", "~off", "~only", "~before", "~after", "~until"})
"""Small words of which one alone makes another question."""
PLAIN = frozenset(
    """use work make thing time good work give take get put set happen write mean learn differ exampl today photograph help
    list summari overview detail short brief bitte machen geb utilis hac usar""".split()
)
"""Stems that are in questions of every kind: they count for less."""

SENTENCE = re.compile(r"[^.?!\n;:]+[.?!]?")
PARTS = re.compile(
    r",? (?:and|und|et|y) (?=(?:how|what|when|where|why|who|which|wie|was|wann|wo|warum|wer|comment|quand|où|pourquoi|qui|quel"
    r"|cómo|cuándo|dónde|por qué|quién|qué)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question asks."""

    said: str
    """Its words."""
    things: frozenset[str]
    small: frozenset[str]
    """Operators."""
    asking: frozenset[str]
    order: tuple[str, ...]

    @property
    def numbers(self) -> frozenset[str]:
        """Its figures."""
        return frozenset(each for each in self.things if each[0].isdigit())


@lru_cache(maxsize=100_000)
def asked(question: str) -> Asked:
    """What a question asks, however it is worded."""
    codes = content(question, tongue_of(question))
    things = [code for code in codes if not is_operator(code) and not code.startswith("?")]
    small = Counter(code for code in codes if is_operator(code))
    return Asked(
        _said(question),
        frozenset(things),
        frozenset(small),
        frozenset(code for code in codes if code.startswith("?")),
        tuple(things),
    )


def likeness_of(one: Asked, other: Asked) -> float:
    """How far two questions ask the same, in [0, 1]: shared content over all content, 0 where a small word makes them two.

    A number, a negation, "off" for "on", "who" for "where" make another question, whatever else is shared. A thing in the
    one's place of which the other has another weighs more than one that is only added.
    """
    if one.said == other.said:
        return 1.0
    if not one.things or not other.things or not may_be_one(one, other):
        return 0.0
    unlike = one.small ^ other.small
    mine, theirs = one.things - other.things, other.things - one.things
    spelt_alike = [(a, b) for a in mine for b in theirs if _alike(a, b)]
    mine, theirs = mine - {a for a, _ in spelt_alike}, theirs - {b for _, b in spelt_alike}
    shared = one.things - mine
    weight = sum(map(_weight, shared))
    if len(shared) == 1 and (mine or theirs):
        return 0.0  # one word in common is a subject, no question
    similarity = weight / (weight + sum(map(_weight, mine)) + sum(map(_weight, theirs)))
    if mine and theirs:
        score = similarity * (1 - 0.15 * min(1.0, sum(map(_weight, mine)), sum(map(_weight, theirs))))
    else:
        score = 0.3 + 0.7 * similarity
    score -= 0.1 * len(unlike)
    if one.asking != other.asking:
        score -= 0.12 if "?why" in one.asking ^ other.asking or "?when" in one.asking ^ other.asking else 0.06
    if shared == one.things and len(shared) > 1 and _swapped(one, other):
        score = min(score, HALF)
    return max(0.0, score)


def may_be_one(one: Asked, other: Asked) -> bool:
    """Whether no number, negation or other small word makes two questions of them."""
    unlike = one.small ^ other.small
    if one.numbers != other.numbers or unlike & STRICT or any(pair <= unlike for pair in OPPOSITES):
        return False
    return not (one.asking and other.asking and not one.asking & other.asking)


def _swapped(one: Asked, other: Asked) -> bool:
    """Whether the first and last thing have changed places ("from A to B", "from B to A"), which may turn the question."""
    return (
        len(one.order) == len(other.order) >= 2
        and one.order[-2:] == other.order[-2:][::-1]
        and one.order[:-2] == other.order[:-2]
    )


def _weight(code: str) -> float:
    return 0.35 if code in PLAIN else 1.0


def _alike(one: str, other: str) -> bool:
    """Whether two stems are spellings or derivations of one word."""
    if min(len(one), len(other)) < 5 or one[:3] != other[:3] or one[0].isdigit():
        return False
    ours, theirs = grams([one]), grams([other])
    return len(ours & theirs) >= 0.6 * min(len(ours), len(theirs)) and abs(len(one) - len(other)) <= 4


class Questions:
    """Questions among which those that ask the same as another are looked up."""

    def __init__(self, questions: Sequence[str]) -> None:
        self.asked = [asked(question) for question in questions]
        self._verbatim = {each.said: number for number, each in enumerate(self.asked)}
        self._holding: dict[str, list[int]] = defaultdict(list)
        self._parts: list[tuple[Asked, int]] = []
        for number, each in enumerate(self.asked):
            for code in each.things:
                self._holding[code[:4]].append(number)
            parts = [asked(part) for part in PARTS.split(questions[number])]
            if len(parts) > 1:
                self._parts += [(part, number) for part in parts if len(part.things) > 1]

    def find(self, question: str) -> tuple[int, float] | None:
        """The one that asks most nearly the same, and how nearly; None where none does by `NEAR`."""
        best = (0.0, 0)
        for part in dict.fromkeys([question, *_sentences(question)]):
            found = asked(part)
            if (number := self._verbatim.get(found.said)) is not None and found.said:
                return number, 1.0
            for number in self._near(found):
                best = max(best, (likeness_of(found, self.asked[number]), -number))
            for half, number in self._parts:
                if likeness_of(found, half) >= SAME:
                    best = max(best, (HALF, -number))
        return (-best[1], round(best[0], 4)) if best[0] >= NEAR else None

    def _near(self, found: Asked) -> Iterable[int]:
        counts = Counter(number for code in {code[:4] for code in found.things} for number in self._holding.get(code, ()))
        return (
            number for number, shared in counts.items() if 2 * shared >= min(len(found.things), len(self.asked[number].things))
        )


def _sentences(text: str) -> list[str]:
    found = [sentence.strip() for sentence in SENTENCE.findall(text)]
    return [sentence for sentence in found if len(sentence.split()) >= 3][:20]


@dataclass(frozen=True, slots=True)
class Shared:
    """A row that has a held-out question, and how: `row` and `question` are positions."""

    row: int
    question: int
    score: float
    how: str


def shared_questions(rows: Sequence[tuple[str, str]], questions: Sequence[str]) -> Iterator[Shared]:
    """The rows (instruction, response) that ask one of the questions: word for word, as a run of eight words, or nearly so.

    `questions` may be the controlled ones or the instructions of the rows that are held out. Each is looked up, none is compared
    with all. A run that is not most of the question may begin another one: it counts as `HALF`.
    """
    if not questions:
        return
    index = Questions(questions)
    runs = {run: number for number, question in enumerate(questions) for run in _telling_runs(question)}
    for row, (instruction, response) in enumerate(rows):
        nearest = index.find(instruction)
        if nearest and nearest[1] == 1.0:
            yield Shared(row, nearest[0], 1.0, "it is" if _said(instruction) == _said(questions[nearest[0]]) else "it asks")
        elif run := _run_in((instruction, response), runs):
            question = questions[runs[run]]
            whole = MOST_OF * len(_words(question)) <= RUN or any(
                _said(question) in _said(said) for said in (instruction, response)
            )
            yield Shared(row, runs[run], 1.0 if whole else HALF, f"eight words of it (“{run}”) are in")
        elif nearest:
            yield Shared(row, *nearest, "it asks the same as" if nearest[1] >= SAME else "it asks nearly the same as")


def _telling_runs(question: str) -> set[str]:
    """Runs of eight words that hold most of what the question asks: a stock phrase is in none of them."""
    things = asked(question).things
    return {
        run
        for run in shingles(_words(question), RUN)
        if things and len(things & asked(run).things) >= max(2, RUN_HOLDS * len(things))
    }


def _run_in(texts: tuple[str, str], runs: dict[str, int]) -> str | None:
    if not runs:
        return None
    return next((run for text in texts for run in sorted(shingles(_words(text), RUN) & runs.keys())), None)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("’", "").replace("'", ""))


def _said(text: str) -> str:
    return " ".join(_words(text))
