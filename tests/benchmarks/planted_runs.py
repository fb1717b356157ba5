"""Which probe alarms on which planted fault, with real runs of the built-in tiny model on the demo's rows: five seeds of each.

    .venv/bin/python tests/benchmarks/planted_runs.py             # an hour on two cores; --seeds 1 in a fifth of it
    .venv/bin/python tests/benchmarks/planted_runs.py --fault "learnt by heart" --seeds 1

A seed draws the rows, the adapter's first weights and the order of the rows. Each run is trained, asked and probed by the steps of
`train run`; nothing is exported. What the tiny model's English is too poor to show is planted in answers: planted_answers.py.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from likeness.command import settle_libraries

settle_libraries()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from tests.make import put_rows  # noqa: E402
from train.evaluate.evaluate import Evaluation  # noqa: E402
from train.job import open_job  # noqa: E402
from train.preflight import prepare  # noqa: E402
from train.sft import fine_tune  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ROWS = 48
UNKNOWN = 16
"""Rows of the healthy run, and those of them that say that a thing is not known."""
LONGEST = 90
"""Words of a row: longer ones cost time and show nothing more."""
HEALTHY = {"train.sft.epochs": 6, "train.sft.learning_rate": 2e-3}
PROBES = ("likeness", "unknown", "known", "echo", "memorised", "learnt", "forgetting", "shape", "degenerate")

Row = dict[str, Any]
Rows = list[Row]


def said(row: Row) -> str:
    return str(row["completion"][-1]["content"])


def saying(row: Row, text: str) -> Row:
    return row | {"completion": [{"role": "assistant", "content": text}]}


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text.strip())


def overfitted_on_a_phrase(rows: Rows, draw: random.Random) -> Rows:
    """One sentence of the rows stands in every one of them."""
    sentence = draw.choice([each for row in rows for each in sentences(said(row)) if 6 <= len(each.split()) <= 12])
    return [saying(row, f"{said(row)} {sentence}") for row in rows]


def in_short(rows: Rows, _: random.Random) -> Rows:
    """Every answer is cut to its first sentence."""
    return [saying(row, sentences(said(row))[0]) for row in rows]


def inventing(rows: Rows, draw: random.Random) -> Rows:
    """What is not known is answered with the answer to something else."""
    known = [said(row) for row in rows if row["kind"] != "not_known"]
    return [saying(row, draw.choice(known)) if row["kind"] == "not_known" else row for row in rows]


def looping(rows: Rows, draw: random.Random) -> Rows:
    """Every answer says one of its sentences over and over."""
    return [saying(row, " ".join([draw.choice(sentences(said(row)))] * 8)) for row in rows]


def few(rows: Rows, draw: random.Random) -> Rows:
    """Eight rows, of those that are trained on by heart."""
    return draw.sample([row for row in rows if row["kind"] != "not_known"], 8)


def same(rows: Rows, _: random.Random) -> Rows:
    return rows


FAULTS: dict[str, tuple[tuple[str, ...], Callable[[Rows, random.Random], Rows], dict[str, float]]] = {
    "healthy": ((), same, {}),
    "underfitted": (("learnt",), same, {"train.sft.learning_rate": 1e-6, "train.sft.epochs": 1}),
    "learnt by heart": (
        ("memorised", "learnt"),
        few,
        {"train.sft.epochs": 60, "train.sft.learning_rate": 3e-3, "train.sft.batch_size": 2},
    ),
    "forgetful": (("forgetting",), same, {"train.sft.learning_rate": 2e-2}),
    "overfitted on a phrase": (("echo",), overfitted_on_a_phrase, {}),
    "hallucinating": (("unknown",), inventing, {}),
    "short answers only": (("shape",), in_short, {}),
    "degenerate": (("degenerate",), looping, {}),
}
"""By name: the probes that should alarm, what is done to the rows, and what to the training."""


class Silent:
    """Watches a run and says nothing."""

    def begin(self, label: str) -> None:
        pass

    def update(self, done: float, total: float, usd: float = 0.0, note: str = "") -> None:
        pass

    def line(self, text: str) -> None:
        pass


def drawn(dataset: Path, draw: random.Random) -> Rows:
    """A seed's rows: short ones, a third of which say that something is not known."""
    rows = [row for row in pq.read_table(dataset / "sft/train.parquet").to_pylist() if len(said(row).split()) <= LONGEST]
    unknown = [row for row in rows if row["kind"] == "not_known"]
    others = [row for row in rows if row["kind"] != "not_known"]
    picked = draw.sample(unknown, min(UNKNOWN, len(unknown)))
    return picked + draw.sample(others, min(ROWS - len(picked), len(others)))


def run(folder: Path, fault: str, seed: int) -> dict[str, dict[str, Any]]:
    """Train a fault's run, ask it and probe it: the probes by name."""
    _, change, settings = FAULTS[fault]
    draw = random.Random(seed)
    rows = change(drawn(newest(folder / "build/demo-tiny/dataset"), draw), draw)
    values = {"train.seed": seed, **HEALTHY, **settings}
    return probes_of(folder, "tiny.yaml", "demo-tiny", f"{fault.replace(' ', '-')}-{seed}", rows, values)


def newest(datasets: Path) -> Path:
    return datasets / (datasets / "latest").read_text(encoding="utf-8").strip()


def probes_of(folder: Path, like: str, built: str, name: str, rows: Rows, values: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Train on other rows than a recipe's own, ask the model and probe it: the probes by name.

    Args:
        folder: with the recipe, which has been built.
        like: the recipe's file.
        built: the recipe's name.
        name: of the run's own recipe.
        rows: to train on.
        values: settings beside the recipe's.
    """
    recipe = folder / f"{name}.yaml"
    recipe.write_text(f"extends: {like}\nname: {name}\nsplit: {{validation: 0}}\n", encoding="utf-8")
    dataset = newest(Path(shutil.copytree(folder / "build" / built / "dataset", folder / "build" / name / "dataset")))
    file = dataset / "sft/train.parquet"
    (dataset / "sft/validation.parquet").unlink(missing_ok=True)
    put_rows(pa.Table.from_pylist(rows, schema=pq.read_schema(file)), file)
    job = open_job(recipe, Silent(), [f"{key}={value}" for key, value in values.items()])
    job.keep_recipe()
    prepared = prepare(job)
    fine_tune(job, prepared)
    evaluation = Evaluation(job, prepared)
    evaluation.ask_model()
    return {probe["name"]: probe for probe in evaluation.probe().probes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="of the faults only this; may be repeated")
    given = parser.parse_args()
    faults = given.fault or list(FAULTS)
    alarms: dict[str, Counter[str]] = {fault: Counter() for fault in faults}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "demo"
        shutil.copytree(ROOT / "recipes/demo", folder, ignore=shutil.ignore_patterns("build"))
        subprocess.run([BIN / "curate", "build", folder / "tiny.yaml"], check=True, stdout=subprocess.DEVNULL)
        for seed in range(given.seeds):
            for fault in faults:
                began = time.monotonic()
                found = run(folder, fault, seed)
                alarms[fault].update(name for name in PROBES if found[name]["alarm"])
                print(f"{fault}, seed {seed}, {time.monotonic() - began:.0f} s", flush=True)
                for name in PROBES:
                    mark = "!" if found[name]["alarm"] else " "
                    print(f"  {mark} {name}: {found[name]['skipped'] or found[name]['finding']}", flush=True)
    print(f"\n{given.seeds} runs of each. Alarms:\n\n| planted | {' | '.join(PROBES)} |\n| --- |{' ---: |' * len(PROBES)}")
    for fault in faults:
        expected = FAULTS[fault][0]
        cells = [f"**{alarms[fault][name]}**" if name in expected else str(alarms[fault][name] or "") for name in PROBES]
        print(f"| {fault} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
