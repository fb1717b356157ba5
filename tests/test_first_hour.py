"""The first hour as README tells it, with the real commands, server and browser, in a fresh folder.

LIKENESS_PICTURES=1 keeps what is seen on the way as the pictures of the docs.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.make import BIN, CHROMIUM, call, environment
from tests.messages_server import running

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
LARGEST = 250_000
"""Bytes of a picture in the docs."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def keep(page: Any, folder: Path, name: str) -> None:
    """A picture of what the browser shows; with LIKENESS_PICTURES it becomes the docs'."""
    page.screenshot(path=folder / name, animations="disabled")
    size = (folder / name).stat().st_size
    assert size > 8_000
    if os.environ.get("LIKENESS_PICTURES"):
        assert size < LARGEST, name
        shutil.copy(folder / name, PICTURES / name)


def opened(browser: Any, path: Path, width: int = 1240, height: int = 1180) -> Any:
    """A page of ours in the browser, which must not be wider than its window."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"file://{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path.name} at {width}"
    return page


def test_the_demo_from_documents_to_a_run(browser, tmp_path, own_server):
    """build, show, report, review, build again, train plan, train run: each ends with the next command, and that is taken."""
    shutil.copytree(ROOT / "recipes/demo", tmp_path / "demo", ignore=shutil.ignore_patterns("build", "pictures"))
    build = tmp_path / "demo/build/demo"
    try:
        told = call("curate", tmp_path, "build", "demo").stdout
        shown = told.split("3 typical pairs:\n")[1]
        assert shown.count("  answer: ") == 3
        assert "Report: demo/build/demo/report/index.html" in shown and "All of it: demo/build/demo/index.html" in shown
        assert "  curate " in shown.rsplit("Next (", 1)[1]

        worst = call("curate", tmp_path, "show", "--recipe", "demo", "--worst", "--limit", "2").stdout
        first = worst.split()[0]
        assert "passage" in call("curate", tmp_path, "show", first, "--recipe", "demo").stdout

        page = opened(browser, build / "report/index.html")
        keep(page, tmp_path, "report.png")
        page.locator("#typical ~ .cards a.id").first.click()
        page.locator(".pair:target .passage mark").wait_for()
        keep(page, tmp_path, "report-pair.png")
        keep(opened(browser, build / "report/index.html", 390, 844), tmp_path, "report-phone.png")

        up = json.loads(call("curate", tmp_path, "review", "up", "demo", "--json").stdout)
        page = browser.new_page(viewport={"width": 1240, "height": 860})
        page.goto(up["sign_in"])
        page.get_by_text("Is it good?").wait_for(timeout=60_000)
        waiting = page.get_by_label("Total Records").inner_text()
        with page.expect_response(lambda answer: "/responses" in answer.url) as answer:
            page.get_by_text("Submit", exact=True).click()
        assert answer.value.ok
        assert int(waiting.removeprefix("of ")) == up["review"]["awaiting"]
        again = json.loads(call("curate", tmp_path, "build", "demo", "--json").stdout)
        assert again["version"].startswith("00")
        status = json.loads(call("curate", tmp_path, "review", "status", "demo", "--json").stdout)
        assert status["running"] and sum(status["review"]["verdicts"].values()) == 1
    finally:
        call("curate", tmp_path, "review", "down", "demo", code=None)

    call("train", tmp_path, "plan", "demo")
    toy = {"train.base_model": "builtin:tiny", "train.lora.target_modules": "all-linear", "evaluate.samples": "0"}
    quick = [] if "LIKENESS_PICTURES" in os.environ else [f"--set={key}={value}" for key, value in toy.items()]
    done = subprocess.run(  # on a machine that others use too it may take longer than `call` allows
        [BIN / "train", "run", "demo", "--json", *quick],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    keep(opened(browser, Path(run["run"]) / "report.html"), tmp_path, "run.png")
    page = opened(browser, build / "index.html", 1240, 720)
    links = [link.get_attribute("href") for link in page.locator("a[href]").all()]
    assert all((build / link).exists() for link in links)
    assert any(link.endswith("report.html") for link in links)
    keep(page, tmp_path, "index.png")


def test_your_own_documents_from_init_to_a_build(tmp_path):
    """What README says for one's own files, with a server that speaks Claude's protocol in Claude's place."""
    notes = tmp_path / "notes"
    shutil.copytree(ROOT / "recipes/demo/documents", notes)
    with running() as claude:
        init = call("curate", tmp_path, "init", "my-voice", "--from", "notes", "--voice", "the lock-keeper").stdout
        assert "16 files" in init and init.endswith("  curate plan my-voice/recipe.yaml\n")
        plan = call("curate", tmp_path, "plan", "my-voice", env=claude.environment).stdout
        assert "my-voice: 16 documents" in plan and "budget: $10.00" in plan
        assert claude.log()["attempts"] == 0, "a plan asks nothing"
        sample = call("curate", tmp_path, "build", "my-voice", "--sample", "2", env=claude.environment).stdout
        assert "Its pairs:" in sample and sample.endswith("  curate build my-voice/recipe.yaml\n")
        paid = claude.log()["paid"]
        built = call("curate", tmp_path, "build", "my-voice", env=claude.environment, code=None)
        assert built.returncode == 0, built.stdout + built.stderr
        log = claude.log()
        assert log["paid_twice"] == [] and log["paid"] > paid
        call("curate", tmp_path, "build", "my-voice", env=claude.environment)
        assert claude.log()["attempts"] == log["attempts"], "what has not changed is not done again"
