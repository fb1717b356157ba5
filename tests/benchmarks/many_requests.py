"""Very many requests: planned, asked, killed and resumed; what of that grows, and how large the ledger gets.

    .venv/bin/python tests/benchmarks/many_requests.py --asked 5000 20000      asked of the loopback server, with short answers
    .venv/bin/python tests/benchmarks/many_requests.py --answered 20000 100000 a ledger with so many responses, written by this file

Memory is the driver's peak, in a process of its own. Nothing is made of the answers: pairs are in memory, as all later steps see them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from curate.engine.engine import Here  # noqa: E402
from curate.generate.planned import Plan  # noqa: E402
from curate.generate.planning import make_plan  # noqa: E402
from curate.generate.providers import make_provider  # noqa: E402
from curate.generate.requests import Asking  # noqa: E402
from curate.generate.voice_samples import voice_samples  # noqa: E402
from curate.ledger.ledger import Ledger  # noqa: E402
from curate.llm.ask import ask_missing  # noqa: E402
from curate.model import Stage, Usage  # noqa: E402
from curate.read.read import find_files, read_sources  # noqa: E402
from curate.status import status  # noqa: E402
from likeness.recipe.folders import BuildFolder  # noqa: E402
from likeness.recipe.load import load_recipe  # noqa: E402
from tests.messages_server import running  # noqa: E402

RECIPE = """\
name: many
persona: {name: the keeper, description: Plain., system_prompt: You keep a lock.}
sources: [{path: "documents/*", rights: own}]
passages: {max_tokens: 50}
generate:
  provider: anthropic
  model: claude-haiku-5-5
  concurrency: 64
  kinds: [{kind: question_answer, per_passage: 1, words: [4, 9]}]
"""
SECTIONS = 250
"""Of a document; each is cut into two passages, and each of these is a request."""


def corpus(folder: Path, requests: int) -> Path:
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    for number in range(requests // (2 * SECTIONS)):
        lines = (
            f"## Day {number}.{day}\n\n"
            + " ".join(f"At {hour} on day {number}.{day} the gauge stood at {hour * day}." for hour in range(4, 8))
            for day in range(SECTIONS)
        )
        (folder / f"documents/{number}.md").write_text("\n\n".join(lines), encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return folder / "recipe.yaml"


def planned(path: Path) -> tuple[Plan, Ledger, Any]:
    recipe = load_recipe(path)
    ledger = Ledger(BuildFolder.of(recipe).ledger)
    documents = read_sources(find_files(recipe, path.parent), ledger, Stage("read"), lambda *_: None).documents.by_path
    asking = Asking(recipe, voice_samples(recipe, ledger, documents))
    return make_plan(asking, documents, ledger, Here()).plan, ledger, recipe.generate


def ask(path: Path) -> None:
    """In a process of its own: plan, and ask what has no answer."""
    figures: dict[str, Any] = {}
    began = time.process_time()
    plan, ledger, generate = planned(path)
    figures |= {"requests": len(plan), "missing": len(plan.missing()), "plan": time.process_time() - began}
    began = time.process_time()
    ask_missing(plan, make_provider(generate), ledger, generate, Usage(), lambda *_: None, wait=False)
    figures |= {"ask": time.process_time() - began, "left": len(plan.missing())}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(figures | {"peak": peak / 1e6, "ledger": ledger.path.stat().st_size / 1e6}))


def answer(path: Path, left: int) -> None:
    """In a process of its own: write short responses to all requests but the last `left`."""
    plan, ledger, _ = planned(path)
    said = {"provider": "anthropic", "model": "claude-haiku-5-5", "stop_reason": "end_turn", "usd": 0.0001}
    said |= dict.fromkeys(("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens"), 100)
    keys = list(plan)[: len(plan) - left]
    for start in range(0, len(keys), 1000):
        for key in keys[start : start + 1000]:
            request = plan[key]
            body = {"system": request.system, "user": request.user, "schema": request.schema}
            ledger.add_request(key, request.kind, request.document, request.passage, body)
        with ledger.transaction():
            for key in keys[start : start + 1000]:
                quote = plan[key].material.split("\n")[-1][:60]
                pair = {"instruction": "What was read?", "response": "The gauge stood there.", "quote": quote}
                ledger.add_response(key, said | {"text": json.dumps({"pairs": [pair]})})
                ledger.settle(ledger.send(key, 0.001), "answered")


def look(path: Path) -> None:
    """In a process of its own: what opening and `curate status` take."""
    began = time.process_time()
    Ledger(BuildFolder.of(load_recipe(path)).ledger).close()
    opened = time.process_time() - began
    began = time.process_time()
    status(path)
    print(json.dumps({"open": opened, "status": time.process_time() - began}))


def alone(*arguments: object) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, *map(str, arguments)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asked", type=int, nargs="*", default=[])
    parser.add_argument("--answered", type=int, nargs="*", default=[])
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    for one, step in ((given.ask, ask), (given.look, look)):
        if one:
            step(one)
            return
    if given.answer:
        answer(given.answer, 500)
        return
    for count in given.asked:
        with tempfile.TemporaryDirectory() as folder, running() as server:
            os.environ.update(server.environment)
            print("asked", json.dumps(alone("--ask", corpus(Path(folder), count))), flush=True)
    for count in given.answered:
        with tempfile.TemporaryDirectory() as folder, running() as server:
            os.environ.update(server.environment)
            path = corpus(Path(folder), count)
            alone("--answer", path)
            print("answered", json.dumps(alone("--look", path) | alone("--ask", path)), flush=True)


if __name__ == "__main__":
    main()
