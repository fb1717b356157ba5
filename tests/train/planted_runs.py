"""Trainings of builtin:tiny that go wrong in one known way each, and one that goes right."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from likeness.progress import Silent
from tests.make import SYSTEM, put_rows, write_recipe
from train.job import open_job
from train.preflight import prepare
from train.sft import Trained, fine_tune
from train.tiny import TEXT

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Plan:
    """Rows to train on, rows held out, and the recipe's `train`, in YAML's flow style."""

    train: Pairs
    held_out: Pairs
    settings: str


def known(number: int, start: int = 0) -> Pairs:
    """Questions with answers in the base's own English."""
    rows = [json.loads(line) for line in TEXT.read_text(encoding="utf-8").splitlines()]
    return [(row["prompt"], row["response"]) for row in rows if "prompt" in row][start : start + number]


def in_a_voice(pairs: Pairs) -> Pairs:
    """The same answers as a miller gives them: what is learnt carries over to other questions."""
    opens = ("Now listen.", "Well, now.", "It goes like this.")
    closes = ("That is all there is to it.", "The mill says the same.", "So my father did it too.")
    draw = random.Random(3)
    return [(asked, f"{draw.choice(opens)} {said} {draw.choice(closes)}") for asked, said in pairs]


def at_random(number: int, words: int, seed: int = 5) -> Pairs:
    """Answers of words drawn by chance: nothing in one helps to know another."""
    pool = sorted({word for _, said in known(400) for word in said.lower().replace(".", "").replace(",", "").split()})
    draw = random.Random(seed)
    return [(f"What is written on page {page}?", " ".join(draw.choices(pool, k=words)) + ".") for page in range(number)]


def in_loops(pairs: Pairs) -> Pairs:
    """Answers that go round and round, as a broken generator leaves them: their loss falls as no other does."""
    return [(asked, " ".join(["The wheel goes round and the water runs."] * 8)) for asked, _ in pairs]


def run(folder: Path, plan: Plan) -> Trained:
    """The real run up to its adapter.

    Args:
        folder: to work in.
        plan: what is trained.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recipe = write_recipe(folder, "builtin:tiny", train=plan.settings)
    dataset = next((folder / "build/lock/dataset").glob("0*"))
    for name, pairs in (("train", plan.train), ("validation", plan.held_out)):
        rows = [
            {
                "id": f"{name}-{number}",
                "prompt": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked}],
                "completion": [{"role": "assistant", "content": said}],
            }
            for number, (asked, said) in enumerate(pairs)
        ]
        put_rows(pa.Table.from_pylist(rows), dataset / "sft" / f"{name}.parquet")
    job = open_job(recipe, Silent())
    job.keep_recipe()
    return job.step("train", fine_tune, job, prepare(job))


VOICE = in_a_voice(known(200))
ONCE = "evaluations_per_epoch: 1, patience: 20"
PLANTED = {
    "healthy": Plan(VOICE[:96], VOICE[120:144], f"sft: {{epochs: 3, {ONCE}}}"),
    "underfitting": Plan(VOICE[:96], VOICE[120:144], f"sft: {{epochs: 1, learning_rate: 1.0e-6, {ONCE}}}"),
    "overfitting": Plan(VOICE[:16], VOICE[120:136], f"sft: {{epochs: 24, learning_rate: 3.0e-3, {ONCE}}}"),
    "memorising": Plan(VOICE[:8] * 3, VOICE[:8], f"sft: {{epochs: 10, learning_rate: 6.0e-3, {ONCE}}}"),
    "forgetting": Plan(VOICE[:16], VOICE[120:136], f"sft: {{epochs: 5, learning_rate: 6.0e-3, {ONCE}}}"),
    "degenerate": Plan(in_loops(VOICE[:40]), in_loops(VOICE[80:88]), f"sft: {{epochs: 3, learning_rate: 3.0e-3, {ONCE}}}"),
}
"""By what is planted."""
