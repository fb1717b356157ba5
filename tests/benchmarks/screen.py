"""Every check on pairs, timed: rows a second and the memory that it takes, on 100,000 made-up pairs.

    .venv/bin/python tests/benchmarks/screen.py                      all checks
    .venv/bin/python tests/benchmarks/screen.py voice echo           some
    .venv/bin/python tests/benchmarks/screen.py --rows 10000         fewer pairs

Words are made of syllables and drawn by Zipf's law, every second a function word, so that phrases repeat as they do in prose;
lengths are those of the demo's kinds; one pair in a hundred is nearly another. Each check runs in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil

from curate.model import Document, Evidence, Pair, Turn
from curate.read.passages import cut
from curate.report.coverage import coverage_of
from curate.report.habits import habit_rates
from curate.report.shape import kind_shapes
from curate.report.voice import voice_report
from curate.screen.broken import find_broken
from curate.screen.contamination import find_contamination
from curate.screen.contradictions import find_contradictions
from curate.screen.debris import find_debris
from curate.screen.duplicates import find_duplicates
from curate.screen.echo import find_echo
from curate.screen.grounding import find_ungrounded
from curate.screen.injection import find_injection
from curate.screen.language import find_other_language
from curate.screen.length import find_length
from curate.screen.mannerisms import find_mannerisms
from curate.screen.private_data import find_private_data
from curate.screen.refusals import find_refusals
from curate.screen.reworded import find_reworded
from curate.screen.settings.private_data import PrivateDataSettings
from curate.screen.shape import find_shape
from curate.screen.standalone import find_dependent
from curate.screen.voice import find_voice
from curate.sources import SourceTexts
from likeness.metrics.text import FUNCTION_WORDS

KINDS = {
    "question_answer": (0.55, 127),
    "own_words": (0.3, 165),
    "reflection": (0.05, 230),
    "decision": (0.05, 207),
    "essay": (0.05, 459),
}
"""Share of the pairs, and words of a response."""

CHECKS: dict[str, Callable[[list[Pair], SourceTexts], Any]] = {
    "broken": lambda pairs, sources: list(find_broken(pairs)),
    "refusals": lambda pairs, sources: list(find_refusals(pairs, sources)),
    "debris": lambda pairs, sources: list(find_debris(pairs, sources)),
    "injection": lambda pairs, sources: list(find_injection(pairs, sources)),
    "private data": lambda pairs, sources: list(find_private_data(pairs, PrivateDataSettings())),
    "contamination": lambda pairs, sources: list(find_contamination(pairs, sources.control)),
    "length": lambda pairs, sources: list(find_length(pairs, 0.5)),
    "duplicates": lambda pairs, sources: list(find_duplicates(pairs, 0.7)),
    "reworded": lambda pairs, sources: list(find_reworded(pairs, "flag")),
    "contradictions": lambda pairs, sources: list(find_contradictions(pairs)),
    "grounding": lambda pairs, sources: list(find_ungrounded(pairs, sources)),
    "standalone": lambda pairs, sources: list(find_dependent(pairs, sources)),
    "language": lambda pairs, sources: list(find_other_language(pairs, sources)),
    "shape": lambda pairs, sources: list(find_shape(pairs, sources)),
    "voice": lambda pairs, sources: list(find_voice(pairs, 0.99, sources)),
    "mannerisms": lambda pairs, sources: list(find_mannerisms(pairs, 3.0, sources)),
    "echo": lambda pairs, sources: list(find_echo(pairs, 0.15, 3.0, sources)),
    "report: coverage": lambda pairs, sources: coverage_of(pairs, sources),
    "report: voice": lambda pairs, sources: voice_report(pairs, sources),
    "report: habits": lambda pairs, sources: habit_rates(pairs, sources),
    "report: kinds": lambda pairs, sources: kind_shapes(pairs),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", help=f"of {', '.join(CHECKS)}")
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.checks) - set(CHECKS)):
        parser.error(f"there is no check {', '.join(unknown)}")
    pairs, sources = made_up(arguments.rows)
    words = sum(len(pair.response.split()) for pair in pairs)
    print(f"{len(pairs):,} pairs, {words / len(pairs):.0f} words each; {len(sources.documents)} documents of 5,000 words\n")
    print("| check | seconds | rows/s | memory beyond the rows | findings |\n| --- | --- | --- | --- | --- |")
    for name in arguments.checks or CHECKS:
        seconds, megabytes, found = alone(CHECKS[name], pairs, sources)
        print(f"| {name} | {seconds:.1f} | {len(pairs) / seconds:,.0f} | {megabytes:.0f} MB | {found} |", flush=True)


def alone(check: Callable[[list[Pair], SourceTexts], Any], pairs: list[Pair], sources: SourceTexts) -> tuple[float, float, str]:
    """Seconds, peak memory beyond what was there before (MB), and findings of a check in a forked process."""
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    def measured() -> None:
        before = psutil.Process().memory_info().rss
        began = time.monotonic()
        result = check(pairs, sources)
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answers.put((time.monotonic() - began, (peak - before) / 1e6, f"{len(result):,}" if isinstance(result, list) else ""))

    process = context.Process(target=measured)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"the check left with {process.exitcode}")
    return answers.get()


def made_up(rows: int) -> tuple[list[Pair], SourceTexts]:
    """Pairs and the documents behind them."""
    draw = np.random.default_rng(17)
    syllables = [c + v + e for c in "bdfglmnprstvw" for v in "aeiou" for e in ("", "n", "r", "st")]
    content = np.array(["".join(draw.choice(syllables, size=draw.integers(1, 4))) for _ in range(20_000)])
    common = np.array(sorted(FUNCTION_WORDS))

    def prose(words: int) -> str:
        text = np.empty(words, dtype=object)
        text[0::2] = common[draw.zipf(1.3, size=len(text[0::2])) % len(common)]
        text[1::2] = content[draw.zipf(1.2, size=len(text[1::2])) % len(content)]
        text[9::10] += np.where(draw.random(len(text[9::10])) < 0.7, ".", ",")
        return " ".join(text).capitalize() + "."

    documents = [
        Document(f"{n}.md", f"Number {n}", f"# Number {n}\n\n" + "\n\n".join(prose(100) for _ in range(50)), "own")
        for n in range(40)
    ]
    passages = {document.path: cut(document, 700) for document in documents}
    kinds = draw.choice(list(KINDS), size=rows, p=[share for share, _ in KINDS.values()])
    pairs: list[Pair] = []
    for n, kind in enumerate(kinds):
        words = int(KINDS[kind][1] * draw.uniform(0.7, 1.3))
        response = pairs[-1].response + " And so it was." if n % 100 == 99 else prose(words)
        document = documents[n % len(documents)]
        passage = passages[document.path][n // len(documents) % len(passages[document.path])]
        evidence = Evidence(document.path, passage.start, passage.start + 20, passage.text[:20])
        asked = (int(KINDS[kind][1] / 3), KINDS[kind][1] * 2)
        pairs.append(Pair(f"{n:06d}", str(kind), (Turn("user", prose(15)),), response, document.path, evidence, None, asked))
    return pairs, SourceTexts({document.path: document for document in documents}, passages, [prose(12) for _ in range(50)])


if __name__ == "__main__":
    main()
