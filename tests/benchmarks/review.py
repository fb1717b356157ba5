"""What a review costs: the server's start, its memory, pushing pairs and fetching answers, searches, and the page in a browser.

    .venv/bin/python tests/benchmarks/review.py                   the table, in about ten minutes
    .venv/bin/python tests/benchmarks/review.py --records 1000    quicker

"SDK" is Argilla's own client, called in the plainest way (`records.log`, `records(with_responses=True)`). "As shipped" is the
same server without `serve/speedups.py`: argilla-server's own code, our search engine and queue. The records are the demo's page:
four fields, three suggestions, its metadata, a vector of 256 numbers. Times are of one machine and one run; ratios travel better
than seconds.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402

from curate.model import Finding, Pair, Turn  # noqa: E402
from curate.review.argilla import ReviewDataset, connect  # noqa: E402
from curate.review.local import server  # noqa: E402
from curate.review.local.environment import environment_python  # noqa: E402
from curate.review.page import DIMENSIONS, VECTOR, record_of, settings_of  # noqa: E402
from likeness.command import settle_libraries  # noqa: E402
from likeness.recipe.load import load_recipe  # noqa: E402
from likeness.recipe.schema import Review  # noqa: E402
from tests.benchmarks.road import row  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
RECIPE = load_recipe(ROOT / "recipes/demo/recipe.yaml")
WORDS = "water lock gate boat winter bridge apprentice bell patience error stone letter ledger".split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told = "how many are pushed; the last are searched"
    parser.add_argument("--records", type=int, nargs="+", default=[1000, 10_000], help=told)
    counts = parser.parse_args().records
    settle_libraries()
    environment_python()
    print("| | |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        try:
            measure(Path(folder), counts)
        finally:
            for home in ("home", "sdk", "shipped"):
                server.down(Path(folder, home))


def measure(folder: Path, counts: list[int]) -> None:
    started(folder / "home", "start, first")
    server.down(folder / "home")
    running = started(folder / "home", "start, later")
    memory = psutil.Process(running.pid)
    row("memory, started", f"{memory.memory_info().rss / 1e6:.0f} MB")
    others = {"SDK": server.up(folder / "sdk"), "SDK, server as shipped": as_shipped(folder)}
    for count in counts:
        desk = round_trips(running, others, count)
    for home in ("sdk", "shipped"):
        server.down(folder / home)
    for name, seconds in searches(running, desk):
        row(f"search of {counts[-1]:,}: {name}", f"{1000 * seconds:.0f} ms")
    for name, seconds in pages(running, desk):
        row(f"page of {counts[-1]:,}: {name}", f"{1000 * seconds:.0f} ms")
    row("memory, after all that", f"{memory.memory_info().rss / 1e6:.0f} MB")


def started(home: Path, told: str) -> server.Server:
    began = time.monotonic()
    running = server.up(home)
    row(told, f"{time.monotonic() - began:.1f} s")
    return running


def as_shipped(folder: Path) -> server.Server:
    """A server without our speed-ups."""
    shutil.copytree(server.INSIDE / "serve", folder / "inside" / "serve")
    (folder / "inside" / "serve" / "speedups.py").write_text("def install(): pass\n", encoding="utf-8")
    here, server.INSIDE = server.INSIDE, folder / "inside"
    try:
        return server.up(folder / "shipped")
    finally:
        server.INSIDE = here


def round_trips(running: server.Server, others: dict[str, server.Server], count: int) -> ReviewDataset:
    """Pushing pairs and fetching what became of them: our desk against the SDK, on a server of the same kind and as shipped."""
    records, vectors = made_up(count)  # of which the desks have the first
    ours = desk_of(running, f"ours-{count}")
    quick = seconds(lambda: ours.push(records, vectors, VECTOR, lambda done: None))
    row(f"push of {count:,}: our desk", f"{quick:.1f} s, {count / quick:.0f}/s")
    plain = {name: desk_of(other, f"sdk-{count}") for name, other in others.items()}
    for name, desk in plain.items():
        logged = [as_the_client_wants(record, vector) for record, vector in zip(records, vectors, strict=True)]
        slow = seconds(lambda: desk._dataset.records.log(logged, batch_size=250))  # noqa: B023 - called at once
        row(f"push of {count:,}: {name}", f"{slow:.1f} s: {slow / quick:.1f} times as long")
    quick = seconds(lambda: [*ours.records()])
    row(f"fetch of {count:,}: our desk", f"{quick:.1f} s")
    for name, desk in plain.items():
        slow = seconds(lambda: [*desk._dataset.records(with_responses=True)])  # noqa: B023 - called at once
        row(f"fetch of {count:,}: {name}", f"{slow:.1f} s: {slow / quick:.1f} times as long")
    return ours


def seconds(act: Callable[[], Any]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def desk_of(running: server.Server, name: str) -> ReviewDataset:
    """An empty desk with the demo's page."""
    os.environ["ARGILLA_API_KEY"] = running.api_key
    desk = ReviewDataset(connect(Review(argilla=running.url)), "review", name, settings_of(RECIPE), 1)
    desk.push(*made_up(1), VECTOR, lambda done: None)  # the first one prepares the server's statements
    return desk


def made_up(count: int) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """Records as a review has them, of a hundred and twenty words each, and their vectors."""
    chance = random.Random(1)
    records = []
    for number in range(count):
        prompt = (Turn("user", " ".join(chance.choices(WORDS, k=15))),)
        response = f"{number} " + " ".join(chance.choices(WORDS, k=120))
        pair = Pair(f"pair-{number:06}", chance.choice(["essay", "decision"]), prompt, response, f"documents/{number % 40}.md")
        found = [Finding(pair.id, "echo", "warning", chance.random(), "a term too many")] if number % 3 else []
        passage = (pair.document, 0, 2000, " ".join(chance.choices(WORDS, k=250)))
        records.append(record_of(pair, passage, found, [], chance.sample(WORDS, 3)))
    return records, [[round(chance.gauss(), 4) for _ in range(DIMENSIONS)] for _ in range(count)]


def as_the_client_wants(record: dict[str, Any], vector: list[float]) -> Any:
    import argilla as rg

    return rg.Record(
        id=record["external_id"],
        fields=record["fields"],
        metadata=record["metadata"],
        vectors={VECTOR: vector},
        suggestions=[rg.Suggestion(s["question"], s["value"], score=s["score"], agent=s["agent"]) for s in record["suggestions"]],
    )


def searches(running: server.Server, desk: ReviewDataset) -> Iterator[tuple[str, float]]:
    """What is asked, and the median seconds of an answer of ten records, as the page asks (what makes an index first: the only)."""
    import httpx

    http = httpx.Client(base_url=running.url, headers={"X-Argilla-Api-Key": running.api_key}, timeout=120, trust_env=False)
    vector = [random.Random(2).gauss() for _ in range(DIMENSIONS)]
    kind = {"entity": "metadata", "metadata_property": "kind"}
    pending = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["pending"]}
    asked: list[tuple[str, dict[str, Any], int]] = [
        ("the next ten", {"filters": {"and": [pending]}}, 5),
        ("first text query", {"query": {"text": {"q": "bridge"}}}, 1),
        ("text", {"query": {"text": {"q": "bridge winter"}}}, 5),
        ("phrase", {"query": {"text": {"q": '"stone letter"'}}}, 5),
        ("filter and sort by metadata", {
            "filters": {"and": [pending, {"type": "terms", "scope": kind, "values": ["essay"]}]},
            "sort": [{"scope": {"entity": "metadata", "metadata_property": "score_echo"}, "order": "desc"}],
        }, 5),
        ("first by vector", {"query": {"vector": {"name": VECTOR, "value": vector}}}, 1),
        ("by vector", {"query": {"vector": {"name": VECTOR, "value": vector}}}, 5),
    ]  # fmt: skip
    path = f"/api/v1/me/datasets/{desk.page.split('/')[-2]}/records/search"
    query = {"include": ["responses", "suggestions"], "limit": 10}
    for name, body, times in asked:
        ask = functools.partial(http.post, path, params=query, json=body)
        yield name, statistics.median(seconds(ask) for _ in range(times))
        ask().raise_for_status()


def pages(running: server.Server, desk: ReviewDataset) -> Iterator[tuple[str, float]]:
    """The page as a reviewer waits for it in Chromium: until a pair can be read; from one answer to the next pair; a search."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(running.sign_in)
        page.get_by_text("Your datasets").wait_for()
        text = page.locator(".fields p, .record p").first

        def opened() -> None:
            page.goto(desk.page)
            text.wait_for()

        def submitted() -> None:
            shown = text.inner_text()
            page.get_by_text("Submit", exact=True).click()
            page.wait_for_function("shown => document.querySelector('.fields p, .record p')?.innerText != shown", arg=shown)

        def searched() -> None:
            page.locator(".search-area button").first.click()
            page.get_by_role("search").fill("321")
            with page.expect_response(lambda answer: "321" in (answer.request.post_data or "")):
                page.keyboard.press("Enter")
            page.get_by_text("of 1", exact=True).wait_for()

        yield "opened for the first time", seconds(opened)
        yield "opened again", statistics.median(seconds(opened) for _ in range(5))
        yield "from Submit to the next pair", statistics.median(seconds(submitted) for _ in range(9))
        yield "a search typed and shown", seconds(searched)
        browser.close()


if __name__ == "__main__":
    main()
