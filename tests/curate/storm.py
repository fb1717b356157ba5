"""Many requests, asked through the very path of a build: for tests and benchmarks, in their process or in one of their own.

python -m tests.curate.storm LEDGER REQUESTS CONCURRENCY    prints {"pairs", "requests", "reasons", "peak_mb", "cpu_seconds", …}
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from curate.generate.answers import Answer, answer_schema
from curate.generate.generate import Generated, generate_pairs
from curate.generate.providers import make_provider
from curate.ledger.ledger import Ledger
from curate.llm.request import Request
from curate.model import Stage
from likeness.kinds import KINDS
from likeness.recipe.schema import Generate

SYSTEM = "You write training data.\n" + "The person keeps a ferry and a diary, and is brief in both. " * 60
SENTENCE = "On day {n} the ferry carried {n} people and {m} sheep across, and the bell was rung {k} times before noon. "


def many_requests(count: int, pairs_each: int = 1) -> list[Request]:
    """Requests of about the size of real ones, each about a passage of its own."""
    asked = []
    for number in range(count):
        material = "".join(SENTENCE.format(n=number, m=number * 7 % 1000 + day, k=day) for day in range(20))
        user = f'<document title="Day {number}">\n{material}\n</document>\n\n<task kind="question_answer" count="{pairs_each}">Write.</task>'
        asked.append(
            Request(
                kind="question_answer",
                document="diary.md",
                passage=None,
                start=0,
                material=material,
                count=pairs_each,
                words=(40, 150),
                system=SYSTEM,
                user=user,
                schema=answer_schema(KINDS["question_answer"].answer),
                shape=Answer,
            )
        )
    return asked


def settings(concurrency: int, **more: Any) -> Generate:
    """Of a recipe that asks Claude."""
    kinds = [{"kind": "question_answer", "per_passage": 1}]
    return Generate(provider="anthropic", model="claude-haiku-5-5", concurrency=concurrency, kinds=kinds, **more)


def ask_many(ledger: Path, count: int, generate: Generate) -> tuple[Generated, Stage]:
    """What `count` requests come to."""
    stage = Stage("generate")
    kept = Ledger(ledger)
    try:
        return generate_pairs(many_requests(count), make_provider(generate), kept, generate, stage, lambda *_: None), stage
    finally:
        kept.close()


def main() -> None:
    """As a process of its own, so that it can be killed or measured."""
    ledger, count, concurrency = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    from curate.llm import claude  # noqa: F401 - its import is not what is measured

    began, cpu = time.monotonic(), time.process_time()
    generated, stage = ask_many(ledger, count, settings(concurrency))
    measured = {
        "pairs": len(generated.pairs),
        "requests": generated.usage.requests,
        "reasons": stage.reasons,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
