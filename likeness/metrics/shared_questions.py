"""Rows that ask a held-out question: word for word, as a run of words, or reworded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from likeness.metrics.cjk import CJK
from likeness.metrics.embedding import Embedding
from likeness.metrics.near_duplicates import shingles
from likeness.metrics.questions import Asked, asked, keys_of, one_slot, said_in, words_said
from likeness.metrics.same_question import likely_same
from likeness.metrics.wording import tongue_of

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

REWORDED = 0.55
"""Likeness from which a question may be another in other words: a person is to look."""

HALF = 0.75
"""Score of a question that is one of the two that a question of two parts asks."""

SENTENCE = re.compile(r"[^.?!。？！\n;:]+[.?!。？！]?")
PARTS = re.compile(
    r",? (?:and|und|et|y) (?=(?:how|what|when|where|why|who|which|wie|was|wann|wo|warum|wer|comment|quand|où|pourquoi|qui|quel"
    r"|cómo|cuándo|dónde|por qué|quién|qué)\b)",
    re.IGNORECASE,
)


NEAREST = 4
"""Questions that share most with another: only they are compared with it."""


MANY, COMMON = 5, 0.1
"""What more than so many questions have, and more than this part of them, is their subject: no question is looked up by it."""


MEANT = 0.4
"""Cosine of their meanings from which two questions that may share no word are compared."""
APART, TOLD = 0.2, 16
"""Cosine below which two questions have nothing in common, and of how many questions a text's cosines are kept."""

Meant = Mapping[str, Mapping[int, float]]
"""By text, the questions that are near it in meaning, with their cosines."""
NOTHING: Meant = {}


class Questions:
    """Questions among which those that ask the same as another are looked up."""

    def __init__(self, questions: Sequence[str]) -> None:
        self.asked = [asked(question) for question in questions]
        self._verbatim = {each.said: number for number, each in enumerate(self.asked)}
        self._holding: dict[str | int, list[int]] = defaultdict(list)
        self._parts: list[tuple[Asked, int]] = []
        everywhere = max(MANY, COMMON * len(questions))
        held = Counter(key for each in self.asked for key in keys_of(each))
        for number, each in enumerate(self.asked):
            for key in keys_of(each):
                if held[key] <= everywhere:
                    self._holding[key].append(number)
            parts = [asked(part) for part in PARTS.split(questions[number])]
            if len(parts) > 1:
                self._parts += [(part, number) for part in parts if len(part.things) > 1]

    def find(self, question: str, meant: Meant = NOTHING) -> tuple[int, float] | None:
        """The one that most likely asks the same, and how likely; None where none does by `REWORDED`.

        Args:
            question: what is asked, and perhaps more.
            meant: what `near_in_meaning` found.
        """
        best = (0.0, 0)
        whole = asked(question)
        for part in dict.fromkeys([question, *_sentences(question)]):
            said = said_in(part)
            if said and (number := self._verbatim.get(said)) is not None:
                return number, 1.0
        for part in asking_parts(question):
            found, near = asked(part), meant.get(part)
            by_meaning = [number for number, cosine in (near or {}).items() if cosine >= MEANT][:NEAREST]
            for number in dict.fromkeys((*self._near(found), *by_meaning)):
                other = self.asked[number]
                meaning = near.get(number, 0.0) if near is not None and other.tongue == "en" else None
                best = max(best, (likely_same(found, other, REWORDED, whole.things, meaning), -number))
            for half, number in self._parts:
                if likely_same(found, half, SAME):
                    best = max(best, (HALF, -number))
        return (-best[1], round(best[0], 4)) if best[0] >= REWORDED else None

    def _near(self, found: Asked) -> Iterable[int]:
        counts = Counter(number for key in keys_of(found) for number in self._holding.get(key, ()))
        # not `most_common`: of those that share as much it takes the first counted, and a set's order is another in each process
        nearest = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:NEAREST]
        return (number for number, shared in nearest if 3 * shared >= min(len(found.things), len(self.asked[number].things)))


def asking_parts(question: str) -> list[str]:
    """What is asked as a whole, and its sentences; where some end in a question mark, these alone."""
    asks = "?" in question or "？" in question
    return list(dict.fromkeys([question, *(p for p in _sentences(question) if not asks or p.endswith(("?", "？")))]))


def near_in_meaning(instructions: Iterable[str], questions: Sequence[str], meaning: Embedding) -> Meant:
    """What of some instructions means nearly what the questions mean; of English, which is all that the model has learnt.

    Args:
        instructions: those to look at.
        questions: those to look for.
        meaning: the model that says so.
    """
    parts = list(dict.fromkeys(part for each in instructions for part in asking_parts(each) if tongue_of(part) == "en"))
    places = [place for place, question in enumerate(questions) if tongue_of(question) == "en"]
    if not parts or not places:
        return {}
    found = meaning.nearest(parts, [questions[place] for place in places], APART, TOLD)
    return {part: {places[at]: cosine for at, cosine in near.items()} for part, near in zip(parts, found, strict=True)}


def _sentences(text: str) -> list[str]:
    found = [sentence.strip() for sentence in SENTENCE.findall(text)]
    return [sentence for sentence in found if len(sentence.split()) >= 3 or CJK.search(sentence)][:20]


@dataclass(frozen=True, slots=True)
class Shared:
    """A row that has a held-out question, and how: `row` and `question` are positions."""

    row: int
    question: int
    score: float
    how: str
    asked: bool = True
    """Whether the instruction asks it; else words of it are in a text."""


def shared_questions(rows: Sequence[tuple[str, str]], questions: Sequence[str], meant: Meant = NOTHING) -> Iterator[Shared]:
    """The rows (instruction, response) that ask one of the questions: word for word, as a run of eight words, or nearly so.

    `questions` may be the controlled ones or the instructions of the rows that are held out. Each is looked up, none is compared
    with all. A run that is not most of the question may begin another one: it counts as `HALF`.

    Args:
        rows: instructions and responses.
        questions: those to look for.
        meant: what `near_in_meaning` found for the instructions, where there is a sentence model.
    """
    if not questions:
        return
    index = Questions(questions)
    runs = {run: number for number, question in enumerate(questions) for run in _telling_runs(question)}
    for row, (instruction, response) in enumerate(rows):
        nearest = index.find(instruction, meant)
        if nearest and nearest[1] == 1.0:
            yield Shared(row, nearest[0], 1.0, "it is" if said_in(instruction) == said_in(questions[nearest[0]]) else "it asks")
        elif run := _run_in((instruction, response), runs):
            question = questions[runs[run]]
            mine, theirs = asked(instruction), index.asked[runs[run]]
            apart = mine.things - theirs.things, theirs.things - mine.things
            if run in said_in(instruction) and mine.said != theirs.said and one_slot(mine, theirs, *apart):
                continue  # the run is the frame of another question
            whole = MOST_OF * len(words_said(question)) <= RUN or any(
                said_in(question) in said_in(said) for said in (instruction, response)
            )
            yield Shared(row, runs[run], 1.0 if whole else HALF, f"eight words of it (“{run}”) are in", asked=False)
        elif nearest:
            yield Shared(row, *nearest, "it asks the same as" if nearest[1] >= SAME else "it asks nearly the same as")


def _telling_runs(question: str) -> set[str]:
    """Runs of eight words that hold most of what the question asks: a stock phrase is in none of them."""
    things = asked(question).things
    return {
        run
        for run in shingles(words_said(question), RUN)
        if things and len(things & asked(run).things) >= max(2, RUN_HOLDS * len(things))
    }


def _run_in(texts: tuple[str, str], runs: dict[str, int]) -> str | None:
    if not runs:
        return None
    return next((run for text in texts for run in sorted(shingles(words_said(text), RUN) & runs.keys())), None)
