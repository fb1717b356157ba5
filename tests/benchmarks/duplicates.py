"""Near-duplicates among many rows: seconds, rows a second, peak memory, and the recall on planted ones.

    .venv/bin/python tests/benchmarks/duplicates.py                 100,000 rows
    .venv/bin/python tests/benchmarks/duplicates.py --rows 1000000  a million
    .venv/bin/python tests/benchmarks/duplicates.py --oracle        2,000 rows against every pair counted by hand

Rows have 50 to 150 words drawn as often as in real text (Zipf); one in twenty is an earlier row with up to one word in eight
changed, about as often nearer than the threshold as farther. The table is of one machine and one run.
"""

from __future__ import annotations

import argparse
import resource
import time
from itertools import combinations

import numpy as np

from curate.model import Pair, Turn
from curate.screen.duplicates import SHINGLE, find_duplicates
from curate.screen.reworded import find_reworded
from likeness.metrics.near_duplicates import shingles

NEAR = 0.7
VOCABULARY = 30_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--oracle", action="store_true", help="compare with every pair counted exactly, 2,000 rows")
    parser.add_argument("--reworded", action="store_true", help="time the search for rewordings as well")
    arguments = parser.parse_args()
    if arguments.oracle:
        oracle()
        return
    pairs, planted = rows(arguments.rows)
    print("| check | rows | seconds | rows/s | peak memory | planted | found |\n| --- | --- | --- | --- | --- | --- | --- |")
    report("duplicates", lambda: {finding.pair for finding in find_duplicates(pairs, NEAR)}, len(pairs), planted)
    if arguments.reworded:
        report("reworded", lambda: {finding.pair for finding in find_reworded(pairs, "flag")}, len(pairs), planted)


def rows(number: int) -> tuple[list[Pair], set[str]]:
    """Rows of random words, and the ids of those that another row is near to: the same with up to one word in eight changed.

    The changed row is the longer by a word, so that the check keeps it and drops the one that it was made of.
    """
    chance = np.random.default_rng(17)
    words = np.array([f"w{n:x}" for n in range(VOCABULARY)])
    rank = 1 / np.arange(1, VOCABULARY + 1)
    edges = np.cumsum(rank / rank.sum())
    pairs: list[Pair] = []
    planted: set[str] = set()
    while len(pairs) < number:
        drawn = np.minimum(np.searchsorted(edges, chance.random(int(chance.integers(50, 151)))), VOCABULARY - 1)
        pairs.append(row(len(pairs), words[drawn]))
        if len(pairs) % 20 == 19 and len(pairs) < number:
            changes = int(chance.integers(1, len(drawn) // 8))
            changed = drawn.copy()
            changed[chance.integers(0, len(changed), changes)] = chance.integers(0, VOCABULARY, changes)
            pairs.append(row(len(pairs), np.append(words[changed], "more")))
            one, other = (shingles(pair.response.rstrip(".").split(), SHINGLE) for pair in pairs[-2:])
            if len(one & other) >= NEAR * len(one | other):
                planted.add(pairs[-2].id)
    return pairs, planted


def row(number: int, words: np.ndarray) -> Pair:
    return Pair(f"p{number}", "question_answer", (Turn("user", "What is said?"),), " ".join(words) + ".", "random")


def report(check: str, run, number: int, planted: set[str]) -> None:
    began = time.monotonic()
    found = run()
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    recall = f"{len(found & planted) / len(planted):.4f} (and {len(found - planted)} more)"
    print(
        f"| {check} | {number:,} | {seconds:.1f} | {number / seconds:,.0f} | {peak:.2f} GB | {len(planted):,} | {recall} |",
        flush=True,
    )


def oracle() -> None:
    """Every pair of 2,000 rows counted exactly, and by datasketch where it is installed."""
    pairs, _ = rows(2_000)
    sets = {pair.id: shingles(pair.response.casefold().rstrip(".").split(), SHINGLE) for pair in pairs}
    near = {
        frozenset((one, other))
        for one, other in combinations(sets, 2)
        if len(sets[one] & sets[other]) >= NEAR * len(sets[one] | sets[other])
    }
    ours = {frozenset((f.pair, f.message.split(" of ")[1].split(",")[0])) for f in find_duplicates(pairs, NEAR)}
    print(f"{len(near)} pairs are near by count; found {len(ours & near)} of them and {len(ours - near)} others")
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        print("datasketch is not installed")
        return
    index = MinHashLSH(threshold=NEAR, num_perm=128, params=(32, 4))
    theirs = set()
    for name, members in sets.items():
        minhash = MinHash(num_perm=128)
        minhash.update_batch([member.encode() for member in members])
        theirs |= {frozenset((name, other)) for other in index.query(minhash)}
        index.insert(name, minhash)
    print(f"datasketch puts {len(theirs & near)} of them into one bucket, and {len(theirs - near)} others")


if __name__ == "__main__":
    main()
