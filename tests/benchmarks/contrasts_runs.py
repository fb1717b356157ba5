"""What contrasts do to invention: the table in docs/contrasts.md.

    .venv/bin/python tests/benchmarks/contrasts_runs.py FOLDER [RECIPE] [--seeds 1 2 3] [--samples 2] [--set KEY=VALUE ...]

For each seed the recipe's base is trained twice: with the dataset's contrast rows, and without them. Base and adapters are asked the
questions that are held out in `probes/`, and the controlled ones about known and unknown things. Results are kept in FOLDER: what is
trained or asked already is not done again. RECIPE is contrasts.yaml, unless another is named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from likeness.command import settle_libraries

settle_libraries()

import pyarrow.parquet as pq  # noqa: E402

from likeness.kinds import KINDS  # noqa: E402
from likeness.metrics.declines import declines  # noqa: E402
from train.data import Rows  # noqa: E402
from train.delivery import sampling_of  # noqa: E402
from train.evaluate import engine  # noqa: E402
from train.evaluate.answers import BASE, TUNED, Answer, AnswerStore, Question, ask_all  # noqa: E402
from train.evaluate.evaluate import load_questions  # noqa: E402
from train.evaluate.probe import Found, Material, Score, of_answers  # noqa: E402
from train.evaluate.unknown import INVENTED, KNOWN  # noqa: E402
from train.job import Job, open_job  # noqa: E402
from train.preflight import Prepared, prepare  # noqa: E402
from train.result import Run  # noqa: E402
from train.sft import fine_tune  # noqa: E402

RECIPE = Path(__file__).with_name("contrasts.yaml")
SHARED_OUT = 100
"""Samples of different seeds get numbers of their own: seed 2's first is 201."""
engine.MOST_TOKENS = 80
"""Whether an answer declines shows in its first sentences."""
Answers = dict[int, list[Answer]]
"""By seed."""


class Log:
    """Follows a run on standard error, a line a minute."""

    def __init__(self) -> None:
        self._label, self._last = "", 0.0

    def begin(self, label: str) -> None:
        self._label = label

    def update(self, done: float, total: float, usd: float = 0.0, note: str = "") -> None:
        if time.monotonic() - self._last > 60:
            self._last = time.monotonic()
            self.line(f"{self._label} {done:.0f} of {total:.0f} {note}")

    def line(self, text: str) -> None:
        print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("recipe", type=Path, nargs="?", default=RECIPE)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    os.environ["LIKENESS_BUILD"] = str(given.folder.absolute())
    curate, settings = Path(sys.executable).parent / "curate", [part for each in given.set for part in ("--set", each)]
    subprocess.run([curate, "build", given.recipe, *settings], check=True, stdout=subprocess.DEVNULL)
    before: list[Answer] = []
    with_contrasts: Answers = {}
    without: Answers = {}
    questions: list[Question] = []
    for seed in given.seeds:
        job = open_job(given.recipe, Log(), [*given.set, f"train.seed={seed}"])
        prepared = prepare(job)
        questions = asked(job, prepared)
        for name, into in (("with", with_contrasts), ("without", without)):
            mine = prepared if name == "with" else replace(prepared, rows=without_contrasts(prepared.rows, job.dataset))
            run = in_folder(job, f"{name}-{seed}")
            run.watch.begin(run.folder.name)
            run.watch.line(f"{run.folder.name}: {mine.rows}, {fine_tune(run, mine)}")
            into[seed] = answers(run, mine, questions, given.samples, run.sft_adapter)
            before = before or answers(in_folder(job, "base"), mine, questions, given.samples, run.sft_adapter, adapted=False)
        table(questions, before, without, with_contrasts)


def asked(job: Job, prepared: Prepared) -> list[Question]:
    """What is held out about invented and known things, and the controlled questions of those kinds."""
    found = load_questions(job.dataset, prepared.rows.control)
    return [question for question in found if question.about in (*INVENTED, *KNOWN)]


def in_folder(job: Job, name: str) -> Job:
    """The job with its results in the folder of an arm, named after what it is made from, as a run's folder is."""
    made_from = job.made.folder.name.split("-")[1]
    folder = job.made.folder.parent.parent / "contrasts" / f"{made_from}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    return replace(job, made=Run(folder, job.made.dataset))


def without_contrasts(rows: Rows, dataset: Path) -> Rows:
    """The rows that are not of contrast sets."""
    named = [
        row for file in (dataset / "sft").glob("*.parquet") for row in pq.read_table(file, columns=["id", "kind"]).to_pylist()
    ]
    gone = {row["id"] for row in named if row["kind"] in KINDS and KINDS[row["kind"]].in_contrast_set}
    train, validation = ([row for row in side if row.id not in gone] for side in (rows.train, rows.validation))
    return replace(rows, train=train, validation=validation)


def answers(
    job: Job, prepared: Prepared, questions: Sequence[Question], samples: int, adapter: Path, *, adapted: bool = True
) -> list[Answer]:
    """The answers of the base, with or without its adapter, as they are used: with the system prompt, sampled."""
    store = AnswerStore(job.folder)
    which = [(TUNED if adapted else BASE, sample) for sample in range(1, samples + 1)]

    def model() -> engine.Model:
        return engine.Model(job.base, adapter, prepared.tokenizer, prepared.template, sampling_of(job))

    ask_all(store, questions, which, job.recipe.persona.system_prompt, None, model, job.progress)
    wanted = {(question.id, sample) for question in questions for _, sample in which}
    return [answer for answer in store.answers if (answer.id, answer.sample) in wanted]


def table(questions: Sequence[Question], before: list[Answer], without: Answers, with_contrasts: Answers) -> None:
    """Print the share of answers that invent, and of those that decline what is known, each with its 95 % interval."""
    siblings = {question.id for question in questions if question.about in INVENTED and question.term}
    unknown = {question.id for question in questions if question.about in INVENTED} - siblings
    known = {question.id for question in questions if question.about in KNOWN}
    rows: list[tuple[str, set[str], Callable[[Answer], bool]]] = [
        ("invented things held out: explained", siblings, lambda answer: not declines(answer.answer)),
        ("controlled questions about unknown things: explained", unknown, lambda answer: not declines(answer.answer)),
        ("known things: declined", known, lambda answer: declines(answer.answer)),
    ]
    print(f"\nseeds {', '.join(map(str, with_contrasts))}")
    print(
        "| | questions | before | after, without contrasts | after, with them | with, by seed | without, by seed | difference |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for label, ids, is_so in rows:
        first = compared(dict.fromkeys(with_contrasts, before), with_contrasts, ids, is_so)
        second = compared(without, with_contrasts, ids, is_so)
        cells = [percent(first.base), percent(second.base), percent(second.tuned)]
        cells += [by_seed(arm, ids, is_so) for arm in (with_contrasts, without)]
        print(f"| {label} | {len(ids)} | {' | '.join(cells)} | {points(second.change)} |", flush=True)


def compared(one: Answers, other: Answers, ids: set[str], is_so: Callable[[Answer], bool]) -> Found:
    """Two arms over the same questions, seeds and samples, measured as the probe `unknown` measures base and tuned model."""
    numbered = [
        replace(answer, adapter=adapter, sample=seed * SHARED_OUT + answer.sample, about="")
        for adapter, arm in ((False, one), (True, other))
        for seed, given in arm.items()
        for answer in given
        if answer.id in ids
    ]
    return of_answers(Material(numbered, [], [], "", None, no_model), [], is_so)


def no_model() -> engine.Model:
    raise AssertionError("nothing here needs the model")


def by_seed(arm: Answers, ids: set[str], is_so: Callable[[Answer], bool]) -> str:
    shares = []
    for given in arm.values():
        mine = [is_so(answer) for answer in given if answer.id in ids]
        shares.append(f"{sum(mine) / len(mine):.0%}")
    return ", ".join(shares)


def percent(score: Score) -> str:
    return f"{score.value:.0%} [{score.low:.0%}, {score.high:.0%}]"


def points(score: Score) -> str:
    return f"{100 * score.value:+.0f} [{100 * score.low:+.0f}, {100 * score.high:+.0f}]"


if __name__ == "__main__":
    main()
