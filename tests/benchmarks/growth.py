"""How time and memory of every step grow with documents and pairs, in one process, in two, and on Ray; exponents fitted.

    .venv/bin/python tests/benchmarks/growth.py                                    1,000 to 100,000 documents, 10,000 to 1,000,000 pairs
    .venv/bin/python tests/benchmarks/growth.py --documents 1000 4000 --pairs 3000 10000 --engines here processes
    .venv/bin/python tests/benchmarks/growth.py --steps checks --cluster 64        what 64 cores would take, computed

Each figure is of a process of its own, whose memory is that of the driver: before the step, and how much more at its peak. Processor
time counts the step's processes as well, but for Ray's, which are not ours: there only the time on the clock is known. Exponents are
of processor time (on Ray: of the clock), by least squares on logarithms: 1 is twice the rows in twice the time.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from screen import made_up

from curate.engine.engine import Engine, Here
from curate.engine.on_ray import OnRay
from curate.engine.processes import Processes
from curate.ledger.ledger import Ledger
from curate.ledger.stored import StoredDocuments
from curate.model import Document, Stage
from curate.read.read import find_files, read_sources
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe, Screen

RECIPE = """\
name: growth
persona: {name: the keeper, description: Plain., system_prompt: You keep a lock.}
sources: [{path: "documents/*", rights: own}]
generate:
  provider: anthropic
  model: claude-haiku-5-5
  kinds: [{kind: question_answer, per_passage: 2}, {kind: own_words, per_passage: 1}, {kind: essay, per_document: 1}]
"""
WORDS = 400
"""Of a document."""


def documents(count: int) -> Iterator[Document]:
    """Documents of about 400 words in four sections."""
    draw = np.random.default_rng(17)
    vocabulary = np.array(
        [f"{a}{b}{c}" for a in "bdfglmnprst" for b in ("an", "el", "or", "ist") for c in ("", "a", "er", "ing")]
    )
    for n in range(count):
        words = vocabulary[draw.zipf(1.3, size=WORDS) % len(vocabulary)]
        sections = ("\n\n".join(" ".join(part) + "." for part in np.split(each, 4)) for each in np.split(words, 4))
        text = "\n\n".join(f"## Part {m} of {n}\n\n{section}" for m, section in enumerate(sections))
        yield Document(f"documents/{n}.md", f"Number {n}", text, "own")


# --- the steps: each prepares itself, and gives what is timed ---


def read(count: int, folder: Path) -> Callable[[Engine], Any]:
    path = recipe_with(count, folder)
    ledger = Ledger(folder / "ledger.db")
    files = find_files(load_recipe(path), folder)
    return lambda engine: read_sources(files, ledger, Stage("read"), lambda *_: None, engine)


def was_read(count: int, folder: Path) -> tuple[Recipe, StoredDocuments, Ledger]:
    path = recipe_with(count, folder)
    recipe, ledger = load_recipe(path), Ledger(folder / "ledger.db")
    return recipe, read_sources(find_files(recipe, folder), ledger, Stage("read"), lambda *_: None).documents, ledger


def cut(count: int, folder: Path) -> Callable[[Engine], Any]:
    from curate.read.step import keep_passages

    recipe, made, ledger = was_read(count, folder)
    return lambda engine: keep_passages(made, recipe.passages.max_tokens, ledger, engine)


def requests(count: int, folder: Path) -> Callable[[Engine], Any]:
    from curate.generate.planning import make_plan
    from curate.generate.requests import Asking
    from curate.generate.voice_samples import VoiceSamples

    recipe, made, ledger = was_read(count, folder)
    return lambda engine: make_plan(Asking(recipe, VoiceSamples()), made.by_path, ledger, engine)


def plan(count: int, folder: Path) -> Callable[[Engine], Any]:
    """`curate plan`, nothing of which is read yet."""
    from curate.plan import plan as look

    path = recipe_with(count, folder)
    return lambda engine: look(path, [f"engine={NAMES[type(engine)]}"])


def plan_again(count: int, folder: Path) -> Callable[[Engine], Any]:
    """`curate plan` where all is read and planned: in a process of its own, or what the first left in memory would count."""
    path = recipe_with(count, folder)
    subprocess.run([sys.executable, __file__, "--plan", str(path)], check=True)
    from curate.plan import plan as look

    return lambda engine: look(path, [f"engine={NAMES[type(engine)]}"])


def checks(count: int, _folder: Path) -> Callable[[Engine], Any]:
    """Those that judge each row by itself."""
    from curate.check import checks as all_checks
    from curate.screen.screen import _look_alone, _Looking

    pairs, sources = made_up(count)
    names = tuple(check.name for check in all_checks() if check.find and check.scope == "row")
    looking = _Looking(names, Screen(), sources, frozenset())
    _look_alone(looking, pairs[:20], {}, Here())  # what is learnt of the documents is the same for few pairs and for many
    return lambda engine: _look_alone(looking, pairs, {}, engine)


def among_all(name: str) -> Callable[[int, Path], Callable[[Engine], Any]]:
    """A check that judges rows among all others."""

    def prepared(count: int, _folder: Path) -> Callable[[Engine], Any]:
        from curate.check import Given, check_named

        pairs, sources = made_up(count)
        return lambda engine: list(check_named(name).find(Given(pairs, sources, Screen(), engine)))

    return prepared


def frame(count: int, _folder: Path) -> Callable[[Engine], Any]:
    """The table that Great Expectations sees."""
    from curate.decisions.outcomes import Reviewed
    from curate.select.split import Split
    from curate.validate.frame import COSTLY, frame_of

    pairs, sources = made_up(count)
    held = count // 20
    _ = sources.author.voice  # as above
    return lambda engine: frame_of(Split(pairs[held:], pairs[:held]), sources, {}, Reviewed(), COSTLY, engine)


OF_DOCUMENTS = {"read": read, "cut": cut, "requests": requests, "plan": plan, "plan again": plan_again}
OF_PAIRS = {
    "checks": checks, "duplicates": among_all("duplicates"), "reworded": among_all("reworded"),
    "contradictions": among_all("contradictions"), "echo": among_all("echo"), "frame": frame,
}  # fmt: skip
HERE_ONLY = {"reworded", "contradictions", "echo"}
"""They judge all rows at once, in the driver."""
NAMES: dict[type, str] = {Here: "here", Processes: "processes", OnRay: "ray"}


def recipe_with(count: int, folder: Path) -> Path:
    """A recipe with so many documents; no more than one of them is in memory."""
    (folder / "documents").mkdir(exist_ok=True)
    for document in documents(count):
        (folder / document.path).write_text(document.text, encoding="utf-8")
    path = folder / "recipe.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


# --- measuring ---


def measure(step: str, count: int, engine: str) -> None:
    """In a process of its own: prepare and run a step, and print what it took."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        run = (OF_DOCUMENTS | OF_PAIRS)[step](count, Path(folder))
        made: Engine = {"here": Here, "processes": lambda: Processes(2), "ray": lambda: OnRay(0.6)}[engine]()
        if engine == "ray":  # started before the clock is: what a build pays once
            list(made.map(_nothing, None, [0, 1]))
        gc.collect()
        before = psutil.Process().memory_info().rss
        began, cpu = time.monotonic(), sum(os.times()[:4])
        run(made)
        seconds = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        figures = {
            "seconds": seconds,
            "cpu": sum(os.times()[:4]) - cpu,
            "before": before / 1e6,
            "more": max(0, peak - before) / 1e6,
        }
        if isinstance(made, OnRay):
            made.__exit__(None, None, None)
    print(json.dumps(figures))


def _nothing(_shared: None, _part: int) -> None:
    pass


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-3)), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--pairs", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--engines", nargs="*", default=list(NAMES.values()), choices=list(NAMES.values()))
    parser.add_argument("--steps", nargs="*", default=[*OF_DOCUMENTS, *OF_PAIRS], choices=[*OF_DOCUMENTS, *OF_PAIRS])
    parser.add_argument("--cluster", type=int, help="cores, to compute what the largest size would take there")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.plan:
        from curate.plan import plan as look

        look(arguments.plan)
        return
    if arguments.one:
        measure(arguments.one[0], int(arguments.one[1]), arguments.one[2])
        return
    computed = f" {arguments.cluster} cores, computed |" if arguments.cluster else ""
    print(f"| step | engine | rows | seconds | processor seconds | driver before | and more | exponent |{computed}")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |" + (" --- |" if computed else ""))
    for step in arguments.steps:
        sizes = arguments.documents if step in OF_DOCUMENTS else arguments.pairs
        for engine in arguments.engines:
            if engine == "here" or step not in HERE_ONLY:
                table(step, engine, sizes, arguments.cluster)


def table(step: str, engine: str, sizes: Sequence[int], cluster: int | None) -> None:
    """The rows of one step on one engine."""
    found = []
    for size in sizes:
        command = [sys.executable, __file__, "--one", step, str(size), engine]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {step} | {engine} | {size:,} | failed: {done.stderr.strip().splitlines()[-1][:80]} |", flush=True)
            return
        found.append(json.loads(done.stdout.splitlines()[-1]))
        one = found[-1]
        clock = "seconds" if engine == "ray" else "cpu"
        power = f"{exponent(sizes[: len(found)], [each[clock] for each in found]):.2f}" if len(found) > 1 else ""
        cpu = "" if engine == "ray" else f"{one['cpu']:.1f}"
        cells = [
            step,
            engine,
            f"{size:,}",
            f"{one['seconds']:.1f}",
            cpu,
            f"{one['before']:.0f} MB",
            f"{one['more']:.0f} MB",
            power,
        ]
        if cluster:  # what does not share work stays as it is; the rest is divided, and nothing is said of the network
            cells.append(f"{one['cpu'] / (1 if step in HERE_ONLY else cluster):.1f} s" if engine == "here" else "")
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
