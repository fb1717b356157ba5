"""What the checks are worth: the demo's rows with the usual faults of generated rows among them, trained on as they are and cleaned.

    .venv/bin/python tests/benchmarks/cleaned_runs.py             # three seeds, half an hour on two cores

`faulty_rows.jsonl` was written by somebody who had not seen the checks: an assistant's tone, habits of language models, refusals, talk
of the task, pet phrases in every answer, textbook prose, what is broken or far too short. Half of the rows are such. Both runs take as
many steps, from one seed; the cleaned one leaves out every row with a finding, as a person would who rejects what is flagged.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from likeness.command import settle_libraries

settle_libraries()

import pyarrow.parquet as pq  # noqa: E402

from curate.model import Evidence, Pair, Stage, Turn  # noqa: E402
from curate.read.documents import read_document  # noqa: E402
from curate.screen.screen import screen  # noqa: E402
from curate.sources import SourceTexts  # noqa: E402
from likeness.recipe.screen import Screen  # noqa: E402
from tests.benchmarks.planted_runs import BIN, ROOT, Row, Rows, newest, probes_of, said  # noqa: E402

LONGEST = 160
"""Words of a row, whichever it is: longer ones cost time and show nothing more."""
ASKED_WORDS = (40, 180)
"""Of an answer, as the demo's recipe asks."""
STEPS, ROWS_A_STEP = 120, 2
PROBES = ("likeness", "echo", "degenerate", "shape")


def faulty(like: Row) -> tuple[Rows, Counter[str]]:
    """The rows with faults, in the form of the others, and how many have which."""
    read = [json.loads(line) for line in Path(__file__).with_name("faulty_rows.jsonl").read_text(encoding="utf-8").splitlines()]
    system = like["prompt"][0]
    rows = [
        dict.fromkeys(like)
        | {
            "prompt": [system, {"role": "user", "content": row["prompt"]}],
            "completion": [{"role": "assistant", "content": row["response"]}],
            "id": f"faulty-{row['fault']}-{number}",
            "kind": "question_answer",
            "source": like["source"],
            "words": len(row["response"].split()),
        }
        for number, row in enumerate(read)
    ]
    return rows, Counter(row["fault"] for row in read)


def as_pair(row: Row) -> Pair:
    """A row as the checks see it."""
    quote = Evidence(row["source"], row["quote_start"], row["quote_end"], row["quote"]) if row["quote"] else None
    asked = next(turn["content"] for turn in row["prompt"] if turn["role"] == "user")
    words = ASKED_WORDS if row["kind"] == "question_answer" else None
    return Pair(row["id"], row["kind"], (Turn("user", asked),), said(row), row["source"], quote, words_asked=words)


def cleaned(rows: Rows, sources: SourceTexts) -> Rows:
    """Those in which no check found anything."""
    _, findings = screen([as_pair(row) for row in rows], Screen(), sources, Stage("screen"))
    found = {finding.pair for finding in findings}
    return [row for row in rows if row["id"] not in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    scores: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "demo"
        shutil.copytree(ROOT / "recipes/demo", folder, ignore=shutil.ignore_patterns("build"))
        subprocess.run([BIN / "curate", "build", folder / "recipe.yaml"], check=True, stdout=subprocess.DEVNULL)
        table = pq.read_table(newest(folder / "build/demo/dataset") / "sft/train.parquet")
        good = [row for row in table.to_pylist() if len(said(row).split()) <= LONGEST]
        bad, faults = faulty(good[0])
        files = [path for path in sorted((folder / "documents").rglob("*.*")) if path.is_file()]
        documents = [read_document(path, f"documents/{path.relative_to(folder / 'documents')}", "own") for path in files]
        sources = SourceTexts({document.path: document for document in documents})
        mixed = [*random.Random(0).sample(good, min(len(bad), len(good))), *bad]
        kept = cleaned(mixed, sources)
        left = Counter(str(row["id"]).split("-")[1] for row in kept if str(row["id"]).startswith("faulty-"))
        print(f"{len(mixed)} rows, {len(bad)} of them faulty; cleaned {len(kept)}, {left.total()} of them faulty")
        print("faulty rows that no check found: " + ", ".join(f"{left[each]} of {faults[each]} {each}" for each in faults))
        for seed in range(given.seeds):
            for name, rows in (("uncleaned", mixed), ("cleaned", kept)):
                began = time.monotonic()
                values = {"train.seed": seed, "train.sft.epochs": round(STEPS * ROWS_A_STEP / len(rows), 4)}
                probes = probes_of(folder, "recipe.yaml", "demo", f"{name}-{seed}", rows, values)
                print(f"{name}, seed {seed}, {time.monotonic() - began:.0f} s", flush=True)
                for probe in PROBES:
                    found = probes[probe]
                    print(f"  {probe}: {found['skipped'] or found['finding']}", flush=True)
                    if tuned := found["tuned"]:
                        scores.setdefault((name, probe), []).append(float(tuned["value"]))
    print(f"\nmeans of {given.seeds}\n\n| | {' | '.join(PROBES)} |\n| --- |{' ---: |' * len(PROBES)}")
    for name in ("uncleaned", "cleaned"):
        print(
            f"| {name} | "
            + " | ".join(f"{mean(scores[name, each]):.2f}" if (name, each) in scores else "–" for each in PROBES)
            + " |"
        )


if __name__ == "__main__":
    main()
