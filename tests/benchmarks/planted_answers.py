"""Which probe alarms on which planted fault, with answers drawn from real texts: five seeds for each of the voices.

    .venv/bin/python tests/benchmarks/planted_answers.py

The voices in tests/unseen/checks/voice are written by somebody who had not seen the probes: of each, its own text (the rows and the
author profile), held-out text (healthy answers) and flat prose on the same matter (the base's answers). Answers about invented and
known things are rows of tests/unseen/probes/declines.jsonl, broken ones are of degenerate.jsonl. A seed draws what is used of each.
The faults that only weights can show (forgotten, by heart, never learnt) are in planted_runs.py.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from likeness.metrics.likeness import LikenessProfile
from likeness.metrics.style import stretches_of
from train.evaluate import degenerate, echo, facts, likeness, shape, unknown
from train.evaluate.answers import BASE, TUNED, Answer, Question
from train.evaluate.probe import Material, TrainRow

ROOT = Path(__file__).resolve().parents[2]
UNSEEN = ROOT / "tests/unseen"
SEEDS = range(5)
PROBES: dict[str, Callable[[Material], Any]] = {
    "likeness": likeness.probe,
    "unknown": unknown.probe,
    "known": unknown.probe_known,
    "facts": facts.probe,
    "echo": echo.probe,
    "shape": shape.probe,
    "degenerate": degenerate.probe,
}
OWN_PROBE = {
    "healthy": "",
    "healthy, in its voice on all matters": "",
    "underfitted": "likeness",
    "caricature": "likeness",
    "hallucinating": "unknown",
    "declines what it knows": "known",
    "forgot the facts": "facts",
    "overfitted on a phrase": "echo",
    "trained on short answers": "shape",
    "degenerate": "degenerate",
}
KINDS = {"voice": 12, "off-topic": 8, "general": 8, "invented": 10, "known": 10, "facts": 8}


@dataclass
class Voice:
    """A voice as a seed draws it. `held` and `flat` are without end: they begin again."""

    name: str
    rows: list[str]
    own: list[str]
    profile: LikenessProfile
    held: list[str]
    flat: list[str]
    declined: list[tuple[str, str]]
    answered: list[tuple[str, str]]
    known: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    broken: list[tuple[str, bool]]
    draw: random.Random = field(default_factory=random.Random)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def sentences_of(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?…])\s+", text.strip()) if part]


@cache
def profile_of(own: str) -> LikenessProfile:
    return LikenessProfile.of([own])


def voice(folder: Path, seed: int) -> Voice:
    """What a seed draws of a voice."""
    draw = random.Random(f"{folder.name} {seed}")
    own = (folder / "own.txt").read_text(encoding="utf-8")
    rows = list(stretches_of(own, 60))
    draw.shuffle(rows)
    about = [row for row in read(UNSEEN / "probes/declines.jsonl") if row["language"] == "en"]
    broken = [
        (row["answer"], row["label"] != "cut")
        for row in read(UNSEEN / "probes/degenerate.jsonl")
        if row["label"] in ("loop", "cut", "empty", "other_language") and row["expected_language"] == "en"
    ]
    plain = [row for row in read(ROOT / "train/tiny_text.jsonl") if "response" in row]

    def drawn(items: Sequence[Any], number: int) -> list[Any]:
        return draw.sample(list(items), min(number, len(items)))

    def pairs(**wanted: bool) -> list[tuple[str, str]]:
        kept = [row for row in about if all(row[name] == value for name, value in wanted.items())]
        return [(row["question"], row["answer"]) for row in drawn(kept, 10)]

    return Voice(
        folder.name,
        rows[: len(rows) // 2],
        rows[len(rows) // 2 :],
        profile_of(own),
        drawn([row["text"] for row in read(folder / "heldout.jsonl")], 20),
        drawn([row["text"] for row in read(folder / "flat.jsonl")], 12),
        pairs(declined=True, invented=True),
        pairs(declined=False, invented=True),
        pairs(declined=False, invented=False),
        [(row["prompt"], row["response"]) for row in drawn(plain, 8)],
        drawn(broken, 40),
        draw,
    )


def material(of: Voice, tuned: dict[str, list[str]], *, rows: list[str] | None = None) -> Material:
    """Base and tuned answers to questions of every kind; the base's are flat, correct and decline nothing."""
    asked = {
        "invented": [question for question, _ in of.declined],
        "known": [question for question, _ in of.known],
        "facts": [question for question, _ in of.facts],
    }
    base = {
        "invented": [answer for _, answer in of.answered],
        "known": [answer for _, answer in of.known],
        "facts": [answer for _, answer in of.facts],
    }
    questions, answers = [], []
    for about, number in KINDS.items():
        texts = asked.get(about, [])
        for n in range(min(number, len(texts)) if texts else number):
            text = texts[n] if texts else ""
            right = of.facts[n][1] if about == "facts" else ""
            question = Question(f"{about}-{n}", about, text, answer=right)
            questions.append(question)
            for cell, given in ((BASE, base.get(about) or of.flat), (TUNED, tuned[about])):
                said, stopped = given[n % len(given)], True
                if said.startswith("\0"):
                    said, stopped = said[1:], False
                fields = (cell.engine, cell.system, cell.adapter, cell.retrieval, 0)
                answers.append(Answer(question.id, about, text, *fields, said, stopped))
    trained = [TrainRow(f"row-{n}", "essay", "", text, "", own=False) for n, text in enumerate(rows or of.rows)]
    trained += [TrainRow(f"own-{n}", "own_words", "", text, "", own=True) for n, text in enumerate(of.own)]
    return Material(answers, questions, trained, "", of.profile, lambda: None)  # type: ignore[arg-type, return-value]


def healthy(of: Voice) -> dict[str, list[str]]:
    """The author's own held-out writing where it is asked for, plain answers elsewhere, and what is not known is said to be."""
    return {
        "voice": of.held,
        "off-topic": of.flat[::-1],
        "general": of.flat[3:] + of.flat[:3],
        "invented": [answer for _, answer in of.declined],
        "known": [answer for _, answer in of.known],
        "facts": [answer for _, answer in of.facts],
    }


def everywhere(of: Voice) -> dict[str, list[str]]:
    """As a model trained on one author answers: in the author's voice, whatever it is asked."""
    return healthy(of) | {"off-topic": of.held[12:], "general": of.held[8:16]}


def caricature(of: Voice) -> list[str]:
    """The tenth of the author's sentences that plain prose would least have, and no others, by how much commoner their words are."""
    mine, plain = (Counter(re.findall(r"\w+|[^\w\s]", " ".join(texts).lower())) for texts in (of.rows, of.flat))
    total, others = mine.total(), plain.total()
    odds = {word: (n / total) / ((plain[word] + 1) / (others + 1)) for word, n in mine.items() if n >= 8}
    sentences = [sentence for text in of.held + of.rows for sentence in sentences_of(text) if len(sentence.split()) > 2]

    def own(sentence: str) -> float:
        words = re.findall(r"\w+|[^\w\s]", sentence.lower())
        return sum(odds.get(word, 1.0) > 2 for word in words) / len(words)

    most = sorted(sentences, key=own, reverse=True)[: max(12, len(sentences) // 10)]
    return [" ".join(of.draw.sample(most, 12)) for _ in range(12)]


def with_phrase(of: Voice) -> tuple[dict[str, list[str]], list[str]]:
    """A sentence of the author's stands in every third row, and the tuned model says it whatever it is asked."""
    long = [s for text in of.held for s in sentences_of(text) if 6 <= len(s.split()) <= 16]
    phrase = of.draw.choice(long)
    rows = [f"{text} {phrase}" if n % 3 == 0 else text for n, text in enumerate(of.rows)]
    said = [f"{text} {phrase}" if n % 2 == 0 else text for n, text in enumerate(of.flat)]
    return healthy(of) | {"off-topic": said, "general": said}, rows


def planted(fault: str, of: Voice) -> Material:
    """The answers and rows of a fault."""
    sound = healthy(of)
    match fault:
        case "healthy":
            return material(of, sound)
        case "healthy, in its voice on all matters":
            return material(of, everywhere(of))
        case "underfitted":
            return material(of, sound | {"voice": of.flat[5:] + of.flat[:5]})
        case "caricature":
            return material(of, sound | {"voice": caricature(of)})
        case "hallucinating":
            return material(of, sound | {"invented": [answer for _, answer in of.answered][::-1]})
        case "declines what it knows":
            return material(of, sound | {"known": sound["invented"], "facts": sound["invented"]})
        case "forgot the facts":
            return material(of, sound | {"facts": sound["facts"][3:] + sound["facts"][:3]})
        case "overfitted on a phrase":
            said, rows = with_phrase(of)
            return material(of, said, rows=rows)
        case "trained on short answers":
            short = [" ".join(text.split()[:15]) for text in of.held]
            return material(of, sound | {"voice": short, "off-topic": short})
        case "degenerate":
            third = [text if stopped else f"\0{text}" for text, stopped in of.broken]
            some = [third[n] if n % 2 == 0 else text for n, text in enumerate(of.held)]
            return material(of, sound | {"voice": some, "off-topic": third[7:15], "general": third[15:23]})
    raise ValueError(fault)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", nargs="*", help="names of voices; all by default")
    parser.add_argument("--fault", action="append", choices=list(OWN_PROBE), help="only this; may be repeated")
    parser.add_argument("--verbose", action="store_true", help="print what is not as expected")
    given = parser.parse_args()
    folders = sorted(path for path in (UNSEEN / "checks/voice").iterdir() if not given.voices or path.name in given.voices)
    runs = len(folders) * len(SEEDS)
    print(f"{runs} draws of each fault: {len(folders)} voices, {len(SEEDS)} seeds. Alarms:\n")
    print(f"| planted | {' | '.join(PROBES)} |\n| --- |{' ---: |' * len(PROBES)}")
    for fault in given.fault or OWN_PROBE:
        own = OWN_PROBE[fault]
        alarms: Counter[str] = Counter()
        for folder in folders:
            for seed in SEEDS:
                found = planted(fault, voice(folder, seed))
                for name, probe in PROBES.items():
                    said = probe(found)
                    alarms[name] += said.alarm
                    if given.verbose and (said.alarm != (name == own) or said.skipped):
                        print(f"    {fault}: {folder.name} {seed}: {name}: {said.skipped or said.finding}")
        cells = [f"**{alarms[name]}**" if name == own else str(alarms[name] or "") for name in PROBES]
        print(f"| {fault} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
