"""What the embedded Argilla server costs: its start, its memory, pushing records, searching them.

    .venv/bin/python tests/benchmarks/review.py                   the table, in two or three minutes
    .venv/bin/python tests/benchmarks/review.py --records 2000    quicker

"As shipped" is the same server without `serve/speedups.py`: argilla-server's own code, our search engine and queue. Times are of
one machine and one run; ratios travel better than seconds.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402

from curate.model import Finding, Pair, Turn  # noqa: E402
from curate.review.desk import Desk  # noqa: E402
from curate.review.local import server  # noqa: E402
from curate.review.local.environment import environment_python  # noqa: E402
from curate.review.page import VECTOR, record_of, settings_of  # noqa: E402
from curate.review.sync import _vectors  # noqa: E402
from recipes.load import load_recipe  # noqa: E402

RECIPE = load_recipe(ROOT / "recipes/demo/recipe.yaml")
PUSHED = 1000
WORDS = "water lock gate boat winter bridge apprentice bell patience error stone letter ledger".split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000, help="how many records are searched")
    records = parser.parse_args().records
    environment_python()
    print("| | |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        try:
            measure(Path(folder), records)
        finally:
            server.down(Path(folder, "home"))
            server.down(Path(folder, "slow"))


def measure(folder: Path, records: int) -> None:
    for which in ("first", "later"):
        began = time.monotonic()
        running = server.up(folder / "home")
        row(f"start, {which}", f"{time.monotonic() - began:.1f} s")
        if which == "first":
            server.down(folder / "home")
    memory = psutil.Process(running.pid)
    row("memory, started", f"{memory.memory_info().rss / 1e6:.0f} MB")
    quick = pushed(running, PUSHED)
    row(f"push of {PUSHED:,} records", f"{quick:.1f} s, {PUSHED / quick:.0f}/s")
    slow = pushed(without_speedups(folder), PUSHED)
    row("the same as shipped", f"{slow:.1f} s, {PUSHED / slow:.0f}/s: {slow / quick:.1f} times as long")
    for count in (PUSHED, records):
        round_trips(running, count, without=server.up(folder / "slow") if count == PUSHED else None)
    server.down(folder / "slow")
    row(f"push of {records:,} records, with vectors", f"{pushed(running, records, 'large'):.0f} s")
    for name, seconds in searches(running):
        row(f"search of {records:,}: {name}", f"{1000 * seconds:.0f} ms")
    row("memory, after all that", f"{memory.memory_info().rss / 1e6:.0f} MB")


def without_speedups(folder: Path) -> server.Server:
    """The server as shipped."""
    shutil.copytree(server.INSIDE / "serve", folder / "inside" / "serve")
    (folder / "inside" / "serve" / "speedups.py").write_text("def install(): pass\n", encoding="utf-8")
    here, server.INSIDE = server.INSIDE, folder / "inside"
    try:
        return server.up(folder / "slow")
    finally:
        server.INSIDE = here


def round_trips(running: server.Server, count: int, without: server.Server | None) -> None:
    """Pushing and pulling pairs as a review has them: through our desk, and by the library's own calls."""
    ours = desk_of(running, f"desk-{count}")
    records = [made_up(number) for number in range(count)]
    vectors = _vectors([record["suggestions"][1]["value"] for record in records])
    quick = seconds(lambda: ours.push(records, vectors, VECTOR, lambda done: None))
    plain = desk_of(running, f"plain-{count}")
    slow = seconds(lambda: logged(running, plain, records, vectors))
    row(
        f"push of {count:,} reviewed pairs: our desk; the library's calls",
        f"{quick:.1f} s; {slow:.1f} s: {slow / quick:.1f} times",
    )
    if without:
        shipped = desk_of(without, f"plain-{count}")
        slowest = seconds(lambda: logged(without, shipped, records, vectors))
        row("the library's calls on the server as shipped", f"{slowest:.1f} s: {slowest / quick:.1f} times our desk")
    quick = seconds(lambda: list(ours.records()))
    slow = seconds(lambda: list(client(running).datasets(plain.name, "review").records(with_responses=True, batch_size=1000)))
    row(f"pull of {count:,}: our desk; the library's calls", f"{quick:.1f} s; {slow:.1f} s: {slow / quick:.1f} times")


def desk_of(running: server.Server, name: str) -> Desk:
    return Desk(client(running), "review", name, settings_of(RECIPE), 1)


def made_up(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    answer = f"{number} " + " ".join(chance.choices(WORDS, k=120))
    pair = Pair(f"pair-{number}", "essay", (Turn("user", f"What of {number}?"),), answer, "a.md")
    source = ("a.md", 0, 900, " ".join(chance.choices(WORDS, k=300)))
    return record_of(pair, source, [Finding(pair.id, "voice", "warning", 0.99, "far from your writing")], [], WORDS[:2])


def logged(running: server.Server, desk: Desk, records: list[dict[str, Any]], vectors: list[list[float]]) -> None:
    """The same records by `records.log`."""
    import argilla as rg

    dataset = client(running).datasets(desk.name, "review")
    dataset.records.log(
        [
            rg.Record(
                id=record["external_id"],
                fields=record["fields"],
                metadata=record["metadata"],
                vectors={VECTOR: vector},
                suggestions=[
                    rg.Suggestion(each["question"], each["value"], score=each["score"], agent=each["agent"])
                    for each in record["suggestions"]
                ],
                _dataset=dataset,
            )
            for record, vector in zip(records, vectors, strict=True)
        ],
        batch_size=250,
    )


def seconds(act: Callable[[], Any]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def client(running: server.Server) -> Any:
    import argilla

    return argilla.Argilla(api_url=running.url, api_key=running.api_key)


def pushed(running: server.Server, count: int, name: str = "pushed") -> float:
    """Seconds to log records like ours: two texts, a suggestion to edit, four metadata values; vectors in the large set."""
    import argilla as rg

    large = name == "large"
    api = client(running)
    settings = rg.Settings(
        fields=[rg.TextField("instruction", client=api), rg.TextField("response", client=api)],
        questions=[rg.TextQuestion("edited", client=api), rg.LabelQuestion("verdict", labels=["keep", "drop"], client=api)],
        metadata=[
            rg.TermsMetadataProperty("kind", client=api),
            rg.TermsMetadataProperty("flags", client=api),
            rg.FloatMetadataProperty("echo", client=api),
            rg.IntegerMetadataProperty("words", client=api),
        ],
        vectors=[rg.VectorField("voice", dimensions=64, _client=api)] if large else [],
    )
    dataset = rg.Dataset(name=name, workspace="review", settings=settings, client=api)
    dataset.create()
    chance = random.Random(1)
    rows = [
        {
            "id": str(number),
            "instruction": " ".join(chance.choices(WORDS, k=15)),
            "response": f"{number} " + " ".join(chance.choices(WORDS, k=120)),
            "edited": " ".join(chance.choices(WORDS, k=120)),
            "kind": chance.choice(["essay", "decision"]), "flags": chance.sample(WORDS[:4], 2),
            "echo": chance.random(), "words": number % 300,
        } | ({"voice": [chance.gauss() for _ in range(64)]} if large else {})
        for number in range(count)
    ]  # fmt: skip
    began = time.monotonic()
    dataset.records.log(rows, batch_size=500)
    return time.monotonic() - began


def searches(running: server.Server) -> list[tuple[str, float]]:
    """What is asked, and the median seconds of an answer of 50 records (of the first text query, which makes the index: the only)."""
    import httpx

    argilla = client(running)
    dataset = argilla.datasets("large", workspace="review")
    http = httpx.Client(base_url=running.url, headers={"X-Argilla-Api-Key": running.api_key}, timeout=120, trust_env=False)
    vector = [random.Random(2).gauss() for _ in range(64)]
    kind = {"entity": "metadata", "metadata_property": "kind"}
    asked: list[tuple[str, dict[str, Any], int]] = [
        ("first text query", {"query": {"text": {"q": "bridge"}}}, 1),
        ("text", {"query": {"text": {"q": "bridge winter"}}}, 5),
        ("phrase", {"query": {"text": {"q": '"stone letter"'}}}, 5),
        ("filter and sort by metadata", {
            "filters": {"and": [{"type": "terms", "scope": kind, "values": ["essay"]}]},
            "sort": [{"scope": {"entity": "metadata", "metadata_property": "echo"}, "order": "desc"}],
        }, 5),
        ("first by vector", {"query": {"vector": {"name": "voice", "value": vector}}}, 1),
        ("by vector", {"query": {"vector": {"name": "voice", "value": vector}}}, 5),
        ("everything", {}, 5),
    ]  # fmt: skip
    found = []
    for name, body, times in asked:
        taken = []
        for _ in range(times):
            began = time.monotonic()
            http.post(f"/api/v1/me/datasets/{dataset.id}/records/search", json=body).raise_for_status()
            taken.append(time.monotonic() - began)
        found.append((name, statistics.median(taken)))
    return found


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
