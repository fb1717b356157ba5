"""What a person may rely on with `curate judge`: Claude is blind, is asked in both orders, is paid once, and within the budget."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from curate.ledger.ledger import Ledger
from likeness.blind import BlindItem, BlindTest
from tests.make import DOCUMENTS, LIVE, call, change, json_of, rows, write_corpus

pytestmark = pytest.mark.slow
NUMBER = 12
BODIES = "select key, text from requests join responses on key = request where kind = 'judge'"


@pytest.fixture
def run(tmp_path: Path) -> BlindTest:
    """A finished run of the village, with its blind test."""
    write_corpus(tmp_path, LIVE)
    folder = tmp_path / "build/village/runs/001-made"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    items = [
        BlindItem(f"q{n}", f"What of matter {n}?", [f"First say {n}.", f"Second say {n}.", f"Third say {n}."])
        for n in range(NUMBER)
    ]
    orders = (["tuned", "prompted", "real"], ["real", "prompted", "tuned"])
    test = BlindTest(folder, "0123456789ab", "the baker", items, {item.id: orders[n % 2] for n, item in enumerate(items)})
    test.write()
    return test


def judge(folder: Path, claude, *more: str, code: int = 0):
    return call("curate", folder, "judge", "recipe.yaml", *more, env=claude.environment, code=code)


def test_the_judge_is_blind_and_sees_both_orders(run: BlindTest, tmp_path: Path, claude) -> None:
    said = json_of(judge(tmp_path, claude, "--json"))
    asked = rows(tmp_path / "build/village/ledger.db", BODIES)
    assert said["pairs"] == NUMBER and said["usage"]["requests"] == len(asked) == 2 * NUMBER == claude.log()["paid"]
    written = " ".join(" ".join(DOCUMENTS.values()).split())
    chosen: dict[str, list[str]] = {}
    shown: dict[str, set[str]] = {}
    ledger = Ledger(tmp_path / "build/village/ledger.db")
    for key, text in asked:
        prompt = ledger.request(key).body
        assert not re.search(r"tuned|prompted|real\b", json.dumps(prompt)), "nothing says whose an answer is"
        samples = re.findall(r"<sample>\n(.*?)\n</sample>", prompt["system"], re.DOTALL)
        assert samples and all(" ".join(sample.split())[:40] in written for sample in samples), samples
        question = re.search(r"matter (\d+)", prompt["user"])[1]
        answers = re.findall(r"<answer>\n(.*?)\n</answer>", prompt["user"])
        assert len(answers) == 2
        shown.setdefault(question, set()).add(answers[0])
        chosen.setdefault(question, []).append(answers["AB".index(json.loads(text)["answer"])])
    ledger.close()
    assert len(shown) == NUMBER and all(len(firsts) == 2 for firsts in shown.values()), "each answer came first once"
    kept = json.loads(run.judged.read_text(encoding="utf-8"))
    assert len(run.items) == len(kept["tuned"]) == NUMBER
    for item in run.items:
        number = item.id[1:]
        tuned = item.answers[run.sides[item.id].index("tuned")]
        same = len(set(chosen[number])) == 1
        assert kept["tuned"][item.id] == (chosen[number][0] == tuned if same else None)
    alike = [each for each in kept["tuned"].values() if each is not None]
    assert (said["same_in_both_orders"], said["tuned"]) == (len(alike), sum(alike)) and 0 < len(alike) < NUMBER

    assert "0 requests, $0.00" in judge(tmp_path, claude).stdout, "asked once"
    assert claude.log()["paid"] == 2 * NUMBER
    judge(tmp_path, claude, "--model", "claude-sonnet-5-5")
    assert claude.log()["paid"] == 4 * NUMBER and json.loads(run.judged.read_text())["model"] == "claude-sonnet-5-5"


def test_the_judge_keeps_to_the_recipes_budget(run: BlindTest, tmp_path: Path, claude) -> None:
    change(tmp_path / "recipe.yaml", "concurrency: 2", "concurrency: 2\n  budget_usd: 0.02")
    stopped = judge(tmp_path, claude, "--model", "claude-opus-5-5", code=1)
    assert "the budget of" in stopped.stderr and not run.judged.exists()
    assert claude.log()["paid"] < 2 * NUMBER


def test_without_a_blind_test_or_a_budget_it_says_what_to_do(run: BlindTest, tmp_path: Path, claude) -> None:
    (run.folder / "questions.json").unlink()
    assert "`train blind RUN` makes it" in judge(tmp_path, claude, code=2).stderr
    run.write()
    recipe = tmp_path / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(re.sub(r"generate:\n(  .*\n)+", "", text), encoding="utf-8")
    stopped = judge(tmp_path, claude, code=2).stderr
    assert "generate" in stopped and "Traceback" not in stopped
    assert claude.log()["attempts"] == 0
