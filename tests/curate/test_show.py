"""What a person may rely on who wants to see the data: a build shows pairs, `show` browses, `pairs` lists, a page leads on."""

import json
import re
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from tests.make import CURATE, RECIPE, json_of, rows, write_corpus


@pytest.fixture(scope="module")
def village(tmp_path_factory, curate):
    folder = tmp_path_factory.mktemp("village")
    write_corpus(
        folder,
        RECIPE.replace("words: [15, 60]", "words: [15, 16]").replace("min_value: 5", "min_value: 2")
        + "screen: {length: {slack: 0.4}}\n",
    )
    done = curate(folder, "build", "recipe.yaml")
    return folder, done.stdout


def test_a_build_ends_with_pairs_in_full_the_report_and_one_command(village):
    folder, told = village
    shown = told.split("3 typical pairs:\n")[1]
    written = dict(rows(folder / "build/village/ledger.db", "select id, response from pairs"))
    ids = re.findall(r"^(\S+-[0-9a-f]{12})  ", shown, re.MULTILINE)
    assert len(ids) == 3
    plain = " ".join(shown.split())
    assert all(" ".join(written[each].split()) in plain for each in ids)
    *_, report, everything, why, command = shown.strip().splitlines()
    assert report == "Report: build/village/report/index.html" and (folder / "build/village/report/index.html").is_file()
    assert everything == "All of it: build/village/index.html"
    assert why.startswith("Next (") and command.startswith("  curate ")


def test_a_sample_prints_its_pairs(tmp_path, curate):
    write_corpus(tmp_path)
    told = curate(tmp_path, "build", "recipe.yaml", "--sample", "2").stdout
    ids = [each for (each,) in rows(tmp_path / "build/village/ledger.db", "select id from pairs where state = 'kept'")]
    assert ids and set(ids) <= set(re.findall(r"^(\S+)  documents/", told.split("Its pairs:")[1], re.MULTILINE))
    assert told.endswith("  curate build recipe.yaml\n")
    said = json_of(curate(tmp_path, "pairs", "--json"))
    assert {each["id"] for each in said["pairs"]} >= set(ids), "where a sample is all there is, it is what one browses"


def test_show_browses_by_kind_document_check_and_state(village, curate):
    folder, _ = village

    def browse(*arguments):
        done = curate(folder, "show", *arguments, "--json")
        return json.loads(done.stdout)

    everything = browse("--limit", "100")
    assert (
        everything["matching"]
        == len(everything["pairs"])
        == rows(folder / "build/village/ledger.db", "select count(*) from pairs")[0][0]
    )
    assert len(browse()["pairs"]) == 5
    assert {each["kind"] for each in browse("--kind", "own_words")["pairs"]} == {"own_words"}
    assert {each["document"] for each in browse("--document", "ferry")["pairs"]} == {"documents/ferry.md"}
    dropped = browse("--state", "dropped")["pairs"]
    assert dropped and all(any(f["severity"] == "drop" for f in each["findings"]) for each in dropped)
    check = dropped[0]["findings"][0]["check"]
    found = browse("--check", check)["pairs"]
    assert found and all(check in {f["check"] for f in each["findings"]} for each in found)
    worst = browse("--worst", "--limit", "100")["pairs"]
    assert [each["state"] == "dropped" for each in worst] == sorted((each["state"] == "dropped" for each in worst), reverse=True)
    orders = {tuple(each["id"] for each in browse("--random", "--limit", "100")["pairs"]) for _ in range(4)}
    assert len(orders) > 1 and len({frozenset(order) for order in orders}) == 1


def test_what_is_not_there_is_named(village, curate, tmp_path):
    folder, _ = village
    done = curate(folder, "show", "--kind", "essays", code=2)
    assert "There are: own_words, question_answer" in done.stderr
    curate(folder, "show", "--random", "--worst", code=2)
    curate(folder, "show", "own-words", "--worst", code=2)
    nothing = curate(tmp_path, "show", code=2)
    assert "curate build" in nothing.stderr


def test_pairs_are_listed_a_line_each(village, curate):
    folder, _ = village
    lines = curate(folder, "pairs", "recipe.yaml").stdout.splitlines()
    total = rows(folder / "build/village/ledger.db", "select count(*) from pairs")[0][0]
    assert lines[-1] == f"{total} pairs." and len(lines) == total + 1
    said = json_of(curate(folder, "pairs", "recipe.yaml", "--state", "kept", "--json"))
    assert {each["state"] for each in said["pairs"]} == {"kept"}
    assert {"id", "kind", "document", "prompt", "response", "quote", "findings", "confidence"} <= said["pairs"][0].keys()


def test_the_index_leads_to_everything_and_nowhere_else(village, curate):
    folder, _ = village
    root = folder / "build/village"
    run = root / "runs/001-abc"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text(
        json.dumps({"verdict": "passed", "base_model": "<b>x</b>", "dataset": "001", "finished_at": "2026-01-01"})
    )
    (run / "report.html").write_text("a run")
    (root / "runs/002-broken").mkdir()
    (root / "runs/002-broken/manifest.json").write_text("{")
    (root / "compare").mkdir()
    (root / "compare/a & b.html").write_text("a comparison")
    recipe = folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("in a small town", "in a very small town"))
    assert curate(folder, "build", "recipe.yaml").returncode == 0
    page = BeautifulSoup((root / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = [unquote(link["href"]) for link in page.find_all(href=True)]
    assert all((root / link).exists() for link in links)
    assert {"report/index.html", "report/expectations/index.html", "runs/001-abc/report.html", "compare/a & b.html"} <= set(links)
    assert page.find("b") is None and "<b>x</b>" in page.text
    assert sum(link.startswith("dataset/") and link.endswith("/") for link in links) == 2, "the newest and the one before"
    commands = [code.text for code in page.find_all(class_="command")]
    assert "curate review recipe.yaml" in commands and any(command.startswith("train chat") for command in commands)
    assert CURATE and page.find(["script", "img", "link"]) is None
