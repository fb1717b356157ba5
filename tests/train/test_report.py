"""A run's report: what to do next first, nothing wider than a phone, no number that nobody can read."""

import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from likeness.recipe.load import load_recipe
from train.report import next_steps, rounded, run_report
from train.trace import trace

TOKEN = "x" * 400
CONTROL = {"questions": 28, "stopped": 28, "looping": [], "greedy_looping": []}


def metrics(**changed):
    sft = {
        "held_out_loss": 4.3604321, "held_out_loss_before": 5.5441, "best_step": 150, "steps": 300,
        "tokens_per_second": 3201.12345, "seconds": 107.7,
    }  # fmt: skip
    checks = [
        {"file": "a-f16.gguf", "name": "loads", "value": None, "limit": None, "passed": True, "severity": "gate", "message": ""},
        {"file": "a-q8_0.gguf", "name": "kl", "value": 0.00023456789, "limit": 0.0123456789, "passed": True, "severity": "gate", "message": ""},
        {"file": TOKEN, "name": "size", "value": 1234567, "limit": None, "passed": False, "severity": "warning", "message": TOKEN},
        {"file": "a-q4.gguf", "name": "logits", "value": 0.123456789, "limit": 0.1, "passed": False, "severity": "gate", "message": "off"},
    ]  # fmt: skip
    found = {
        "rows": {"train": 299, "held_out": 36, "too_long": 2},
        "sft": sft,
        "control": CONTROL | {"stopped": 20},
        "export": checks,
    }
    return found | changed


def answers():
    return [
        {
            "question": f"How do I know when to wait, {about} {number}? {TOKEN if number == 3 else ''}",
            "about": about, "base": f"I think that waiting is a matter of patience. {TOKEN}" if number == 2 else "Be patient.",
            "tuned": "Call. I have a gate. " * 9, "base_stopped": True, "tuned_greedy": "Call. " * 9, "tuned_greedy_stopped": True, "tuned_stopped": number != 1,
        }
        for about in ("voice", "facts", "unknown", "general") for number in range(7)
    ]  # fmt: skip


def written(folder, **changed):
    run = folder / "001-abc"
    run.mkdir()
    (run / "metrics.jsonl").write_text(
        "\n".join(json.dumps({"step": n, "loss": 5 - n / 100, "eval_loss": 5 - n / 120}) for n in range(0, 300, 20))
    )
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        "name: village\npersona: {name: A, system_prompt: B}\nsources: [{path: recipe.yaml, as: pairs, rights: own}]\n"
        'train: {base_model: "builtin:tiny"}\n'
    )
    page = run_report(run, load_recipe(recipe), metrics(**changed), "doubtful", ["it <b>is</b>"], answers(), recipe)
    (run / "report.html").write_text(page, encoding="utf-8")
    return run / "report.html"


@pytest.mark.slow
def test_it_fits_a_phone_and_the_details_come_after_six_screens(tmp_path):
    from playwright.sync_api import sync_playwright

    page_file = written(tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=["--no-sandbox", "--disable-gpu"]
        )
        for width in (390, 1200):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(f"file://{page_file}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.getElementById('details').getBoundingClientRect().top") < 6 * 800
            heights = "Math.min(...[...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height))"
            assert page.evaluate(heights) >= 9
        browser.close()


def test_numbers_are_rounded_and_nothing_says_none(tmp_path):
    page = BeautifulSoup(written(tmp_path).read_text(encoding="utf-8"), "html.parser")
    page.style.extract()
    text = page.get_text(" ")
    assert "None" not in text
    assert not re.search(r"\d\.\d{6,}", text), re.findall(r"\d+\.\d{6,}", text)
    assert "0.000235" in text or "2.3e-04" in text or "0.00023" in text
    assert page.find("b", string="is") is None
    failed = [row.find_all("td")[-1].text.split()[0] for row in page.find(id="export").find_next("table").tbody.find_all("tr")]
    assert failed == ["failed", "warning", "passed", "passed"], "what failed comes first"


def test_next_steps_follow_from_what_was_measured():
    titles = [each["title"] for each in next_steps(metrics(), "r.yaml", "001")]
    assert titles[0] == "8 answers did not end by themselves" and "1 file withheld" in titles and len(titles) <= 6
    sound = metrics(control=CONTROL, export=[], rows={"train": 9, "held_out": 1, "too_long": 0})
    sound["sft"] = sound["sft"] | {"best_step": 290}
    assert [each["command"] for each in next_steps(sound, "r.yaml", "001")] == ["train chat r.yaml", "train runs r.yaml"]
    worse = metrics()
    worse["sft"] = worse["sft"] | {"held_out_loss": 6.0}
    assert next_steps(worse, "r.yaml", "001")[0]["command"] == "curate report r.yaml"
    without = metrics()
    without["sft"] = without["sft"] | {"held_out_loss": None, "held_out_loss_before": None, "best_step": None}
    assert all("learnt by heart" not in each["title"] for each in next_steps(without, "r.yaml", "001"))


def test_a_number_is_read_in_three_digits():
    assert [rounded(value) for value in (0.123456, 1234567, 0.0000123, 0.0, float("nan"), 3)] == [
        "0.123", "1,234,567", "1.2e-05", "0", "not a number", "3",
    ]  # fmt: skip


def test_likeness_is_a_figure_only_where_it_was_measured(tmp_path):
    measured = {
        "name": "likeness", "measures": "", "skipped": "", "unit": "likeness", "alarm": False, "finding": "34 (12 to 51)", "cases": [],
        "base": {"value": 0.0, "low": 0.0, "high": 0.0}, "tuned": {"value": 34.2, "low": 12.1, "high": 51.4},
    }  # fmt: skip
    skipped = measured | {"tuned": None, "base": None, "skipped": "the author's own text is too short"}
    recipe = load_recipe(Path(__file__).parents[2] / "recipes/demo/recipe.yaml")
    (tmp_path / "metrics.jsonl").touch()
    pages = [run_report(tmp_path, recipe, metrics(), "passed", [], [], None, [probe]) for probe in (measured, skipped)]
    assert "likeness to the author (12 to 51)" in pages[0] and "likeness to the author" not in pages[1]


def test_an_untrue_answer_has_a_command_for_a_contrast_task(tmp_path, monkeypatch):
    score = {"value": 0.5, "low": 0.2, "high": 0.8}
    case = {
        "question": "q", "asked": "What is Tolley's drip?", "tuned": "It's at number two,\nand it runs.", "base": "", "why": "explains",
        "rows": [{"id": "own-words-1", "why": "near"}],
    }  # fmt: skip
    probe = {
        "name": "unknown", "measures": "", "skipped": "", "unit": "share", "alarm": True, "finding": "half", "cases": [case],
        "base": score, "tuned": score,
    }  # fmt: skip
    recipe = load_recipe(Path(__file__).parents[2] / "recipes/demo/recipe.yaml")
    run = tmp_path / "001-abc"
    run.mkdir()
    (run / "metrics.jsonl").touch()

    def commands(*probes):
        page = run_report(run, recipe, metrics(), "passed", [], [], Path("my recipe.yaml"), probes)
        shown = BeautifulSoup(page, "html.parser").find_all("code", class_="command")
        return [shlex.split(code.text) for code in shown if "contrast add" in code.text]

    wanted = "curate contrast add", "my recipe.yaml", "--question", case["asked"], "--answer", "It's at number two, and it runs."
    assert commands(probe) == [[*wanted[0].split(), *wanted[1:], "--run", "001-abc"]]
    assert commands(probe | {"name": "likeness"}) == []
    monkeypatch.setattr(
        "train.trace.read_runs",
        lambda runs: [
            SimpleNamespace(
                recipe={"train": {"sft": {"epochs": 1, "learning_rate": 1e-4}}}, probes={"unknown": probe | {"details": {}}}
            )
        ],
    )
    (traced,) = trace(run, "my recipe.yaml", [])
    assert [*wanted[0].split(), *wanted[1:], "--run", "001-abc"] in map(shlex.split, traced["commands"])
