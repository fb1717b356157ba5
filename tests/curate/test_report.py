"""What a person may rely on of `curate report`: it shows what the ledger holds, needs nothing else, and says what to do."""

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from curate.ledger.ledger import Ledger
from curate.model import Decision, Pair, Turn
from curate.report.advice import advice_on
from curate.report.figures import figures_of
from curate.report.habits import HabitRate, habit_rates
from curate.select.yields import KindYield, yield_warnings
from likeness.metrics.habits import habits_of
from likeness.metrics.text import count_words
from likeness.recipe.folders import BuildFolder
from tests.make import CHROMIUM, LIVE, RECIPE, json_of, rows, write_corpus

DEMO = Path(__file__).parents[2] / "recipes/demo"
ATTACK = "<script>alert('x')</script><img src=http://example.com/x.png onerror=alert(1)>"
HOSTILE = [
    ("question_answer", "Cut less than you want to", "What does a page <b>say</b>?", f"{ATTACK} so says the page, and {'more ' * 20}"),
    ("question_answer", "the boat was looked after", "Where can he be reached?",
     "Write to uncle.of.mine@ferrymail.net or leave word in the kitchen, where he hung the bell and rings it for his dinner."),
    ("question_answer", "rang it for dinner", "Why short?", "Because."),
]  # fmt: skip


def built(curate, folder: Path, *arguments: str, env=None) -> dict:
    return json_of(curate(folder, *(arguments or ("build", "recipe.yaml")), "--json", env=env))


def page_of(folder: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((folder / "build" / name / "report/index.html").read_text(encoding="utf-8"), "html.parser")


def section(page: BeautifulSoup, name: str) -> BeautifulSoup:
    """What stands between a heading and the next one."""
    html = "".join(str(each) for each in page.find(id=name).find_next_siblings())
    return BeautifulSoup(html.split("<h2", 1)[0], "html.parser")


def table(part: BeautifulSoup) -> list[list[str]]:
    return [[" ".join(cell.text.split()) for cell in row.find_all("td")] for row in part.find("table").tbody.find_all("tr")]


@pytest.fixture(scope="module")
def village(tmp_path_factory, curate) -> Path:
    """The corpus with faults: a page that attacks, an address, an answer too short, a document nothing was made of."""
    folder = tmp_path_factory.mktemp("village")
    recipe = RECIPE.replace("the baker", '"the <i>baker</i>"').replace(
        "per_passage: 1, words: [15, 60]", "per_passage: 3, words: [15, 60]"
    )
    write_corpus(folder, recipe)
    (folder / "documents/<u>silent.md").write_text(f"# {ATTACK}\n\n{'Nobody wrote anything of this. ' * 12}\n")
    with (folder / "recorded/all.jsonl").open("a") as file:
        for row in HOSTILE:
            file.write(json.dumps(dict(zip(("kind", "quote", "instruction", "response"), row, strict=True))) + "\n")
    built(curate, folder)
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory, curate) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(DEMO, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build", "pictures"))
    built(curate, folder)
    return folder


@pytest.fixture(scope="module")
def figures(demo):
    ledger = Ledger(demo / "build/demo/ledger.db")
    newest = ledger.newest_build(finished=True)
    yield figures_of(BuildFolder(demo / "build/demo"), ledger, newest.id, newest.result)
    ledger.close()


def advice(figures, **changed) -> str:
    return "\n".join(f"{each.title}. {each.text}" for each in advice_on(replace(figures, **changed), "recipe.yaml"))


# --- the page ---


def test_a_build_ends_with_its_report_and_the_command_writes_the_very_same(demo, curate):
    index = demo / "build/demo/report/index.html"
    before = index.read_bytes()
    index.unlink()
    said = built(curate, demo, "report", "recipe.yaml")
    assert said["report"] == str(index)
    assert index.read_bytes() == before
    told = curate(demo, "report", "recipe.yaml").stdout
    assert told.startswith("build/demo/report/index.html\n")
    assert "curate review recipe.yaml" in told


def test_it_needs_nothing_from_outside_and_every_link_leads_somewhere(demo):
    page = page_of(demo, "demo")
    assert page.find_all(["script", "link", "img", "iframe", "object", "embed", "video", "form"]) == []
    assert "url(" not in page.style.text and "@import" not in page.style.text
    links = [link["href"] for link in page.find_all(href=True)]
    assert "expectations/index.html" in links
    for link in links:
        if link.startswith("#"):
            assert page.find(id=link[1:]), link
        else:
            assert (demo / "build/demo/report" / link).is_file()
    assert not [tag for tag in page.find_all(True) for name in tag.attrs if name.startswith("on") or name in ("src", "srcset")]


def test_hostile_documents_are_shown_as_text(village):
    page = page_of(village, "village")
    assert page.find_all(["script", "img", "b", "i", "u"], string=re.compile("alert|baker|silent|say")) == []
    assert page.find("script") is None and page.find("img") is None
    assert "<i>baker</i>" in page.text
    assert "documents/<u>silent.md" in section(page, "coverage").text
    assert "alert('x')" in section(page, "checks").text, "the page that attacks is found, and shown"


def test_every_picture_is_told_in_words_too(demo):
    page = page_of(demo, "demo")
    pictures = page.find_all("svg")
    assert len(pictures) == 7
    for picture in pictures:
        title, text = picture.find("title"), picture.find("desc")
        assert picture["role"] == "img"
        assert picture["aria-labelledby"].split() == [title["id"], text["id"]]
        assert len(title.text) > 4 and len(text.text) > 20
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_the_report_fits_a_phone_and_asks_nothing_of_the_network(demo, village):
    from playwright.sync_api import sync_playwright

    asked = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags)
        for folder, name in ((demo, "demo"), (village, "village")):
            for width in (360, 390, 700, 900, 1200):
                page = browser.new_page(viewport={"width": width, "height": 800})
                page.on("request", lambda request: asked.append(request.url))
                page.on("dialog", lambda dialog: pytest.fail(f"a document opened a dialog: {dialog.message}"))
                page.goto(f"file://{folder}/build/{name}/report/index.html")
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                smallest = page.evaluate(
                    "Math.min(...[...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height))"
                )
                assert smallest >= 9, "letters in pictures can be read"
                before = page.evaluate("document.getElementById('details').getBoundingClientRect().top + scrollY")
                assert before < 6 * 800, f"{name} at {width}: {before / 800:.1f} screens before the details"
                shown = page.locator(".todo a.id").first
                if shown.count():
                    shown.scroll_into_view_if_needed()
                    reading_at = page.evaluate("scrollY")
                    shown.click()
                    opened = page.locator(".pair:target")
                    assert opened.is_visible() and "curate show" in opened.inner_text()
                    texts = opened.locator(".said").count(), opened.locator(".passage mark").count()
                    assert texts >= (2, 1) or "private data" in opened.inner_text()
                    assert page.evaluate("scrollY") == reading_at, "it opens where one reads"
                    assert page.evaluate("document.documentElement.scrollWidth") <= width
                    opened.locator(".close").click()
                    assert page.locator(".pair:target").count() == 0
        browser.close()
    assert {urlsplit(url).scheme for url in asked} == {"file"}


# --- its figures are the ledger's ---


def test_the_figures_are_the_ledgers(demo, figures):
    page, ledger = page_of(demo, "demo"), demo / "build/demo/ledger.db"
    ((result,),) = rows(ledger, "select result from builds where finished_at is not null")
    result = json.loads(result)
    ((kept,),) = rows(ledger, "select count(*) from pairs where state in ('kept', 'awaiting', 'contrast')")
    ((flagged,),) = rows(
        ledger,
        "select count(distinct pair) from findings join pairs on pairs.id = findings.pair where state in ('kept', 'awaiting', 'contrast')",
    )
    headlines = [figure.b.text for figure in page.find(class_="figures").find_all(class_="figure")]
    words = sum(len(text.split()) for (text,) in rows(ledger, "select text from documents"))
    assert headlines[:4] == [str(kept), f"{words:,}", str(flagged), "6 of 7"] and headlines[5] == "$0.00"
    assert headlines[4].endswith(" %")
    steps = [row[:4] for row in table(section(page, "steps"))]
    assert steps == [
        [stage["name"], f"{stage['rows_in']:,}", f"{stage['rows_out']:,}", f"{stage['seconds']:.1f}"]
        for stage in result["stages"]
    ]
    mix = [[row["kind"], str(row["asked"]), str(row["written"]), str(row["kept"])] for row in result["mix"]]
    assert sorted(row[:4] for row in table(section(page, "mix"))) == sorted(mix)
    shares = [float(row[4].split()[0]) for row in table(section(page, "mix"))]
    assert shares == sorted(shares), "the kind that yields least comes first"
    found = rows(
        ledger,
        "select check_name, count(distinct case severity when 'drop' then pair end), count(distinct case severity when 'warning'"
        " then pair end) from findings group by check_name",
    )
    told = {title.text.split(":")[0]: title.text for title in section(page, "checks").find_all("h3")}
    assert len(told) == len(found)
    for check, dropped, warned in found:
        counts = [int(number) for number in re.findall(r"(\d+) pairs?", told[check.replace("_", " ")])]
        assert counts == [number for number in (dropped, warned) if number]
    expectations = [(row[0].split(" ")[0], row[2].startswith("holds")) for row in table(section(page, "expectations"))]
    assert sorted(expectations) == sorted((check["expectation"], check["success"]) for check in result["checks"])
    assert [held for _, held in expectations] == sorted(held for _, held in expectations), "what failed comes first"
    assert len(table(section(page, "sources"))) == 16


def test_the_map_counts_every_pair_where_its_quote_stands(demo, figures):
    quotes = rows(
        demo / "build/demo/ledger.db",
        "select document, evidence from pairs where state in ('kept', 'awaiting', 'contrast') and evidence is not null",
    )
    assert sum(part.pairs for parts in figures.passages.values() for part in parts) == len(quotes) == figures.coverage.placed
    by_document = Counter(json.loads(evidence)[0] for _, evidence in quotes)
    assert {path: sum(part.pairs for part in parts) for path, parts in figures.passages.items()} == by_document
    told = section(page_of(demo, "demo"), "coverage").find("desc").text
    for path, parts in figures.passages.items():
        assert f"{path}: {', '.join(str(part.pairs) for part in parts)} pairs" in told


def test_shares_of_terms_are_those_of_a_plain_count(demo, figures):
    responses = [
        text.casefold()
        for (text,) in rows(
            demo / "build/demo/ledger.db", "select response from pairs where state in ('kept', 'awaiting', 'contrast')"
        )
    ]
    first = figures.terms[0]
    assert first.term == "slack water"
    assert first.share == pytest.approx(sum("slack water" in text for text in responses) / len(responses), abs=0.001)
    assert sum(figures.voice.tenths) == figures.voice.judged


def test_a_paid_build_shows_what_each_kind_cost(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    said = built(curate, tmp_path, env=claude.environment)
    page = page_of(tmp_path, "village")
    paid = dict(
        rows(
            tmp_path / "build/village/ledger.db",
            "select kind, sum(usd) from responses join requests on requests.key = responses.request group by kind",
        )
    )
    costs = {row[0]: float(row[9].lstrip("$")) for row in table(section(page, "mix"))}
    assert costs == {kind: pytest.approx(usd, rel=0.06) for kind, usd in paid.items()}
    assert sum(costs.values()) == pytest.approx(said["usage"]["usd"], rel=0.06)
    assert "US dollars by kind" in section(page, "glance").text


def test_private_data_is_told_of_and_not_repeated(village):
    text = page_of(village, "village").text
    assert "private data: an e-mail address" in text
    assert "uncle.of.mine" not in text and "uncle.of.mine" not in str(page_of(village, "village"))


def test_the_ten_worst_rows_stand_worst_first(demo, tmp_path, curate):
    shutil.copytree(demo, tmp_path, dirs_exist_ok=True)
    recipe = tmp_path / "recipe.yaml"
    text = recipe.read_text().replace("words: [40, 180]", "words: [110, 115]").replace("min_value: 250", "min_value: 50")
    text = text.replace("max_share: 0.25", "max_share: 0.5")
    recipe.write_text(text + "screen: {length: {slack: 0}}\n")
    said = built(curate, tmp_path)
    (dropped,) = [stage["reasons"]["too long"] for stage in said["stages"] if stage["name"] == "screen"]
    assert dropped > 50
    heading = page_of(tmp_path, "demo").find(lambda tag: tag.name == "h3" and tag.text.startswith("length: "))
    shown = [row[0] for row in table(BeautifulSoup(str(heading.find_next_sibling("table")), "html.parser"))]
    words = [int(re.search(r"(\d+) words, asked for 110 to 115", line)[1]) for line in shown]
    ratios = [max(110 / n, n / 115) for n in words]
    assert len(shown) == 10 and ratios == sorted(ratios, reverse=True)
    assert words[0] == 9, "nine words for a hundred and ten are farther off than any that are too long"
    told = " ".join(page_of(tmp_path, "demo").find(class_="todo").text.split())
    (mix,) = [row for row in said["mix"] if row["kind"] == "question_answer"]
    assert mix["asked"] == 218
    assert f"question_answer yields {mix['kept'] / 218:.0%}: {mix['kept']} of 218 pairs" in told
    assert re.search(r"\d+ too long", told) and "set this kind's words to what the generator writes" in told.casefold()


def test_what_people_decided_is_told(village, tmp_path, curate):
    shutil.copytree(village, tmp_path, dirs_exist_ok=True)
    ids = [id_ for (id_,) in rows(tmp_path / "build/village/ledger.db", "select id from pairs where state = 'kept' order by id")]
    ledger = Ledger(tmp_path / "build/village/ledger.db")
    for pair, verdict in zip(ids, ("approve", "approve", "reject"), strict=False):
        ledger.add_decision(Decision(pair, "ada", "review", verdict))
    ledger.add_decision(Decision("another-build's", "bob", "review", "reject"))
    ledger.close()
    said = built(curate, tmp_path, "report", "recipe.yaml")
    assert said["review"]["outcomes"] == {"approve": 2, "reject": 1}
    review = section(page_of(tmp_path, "village"), "review")
    assert table(review) == [["approved", "2"], ["rejected", "1"]]
    assert "ada 3" in review.text and "bob" not in review.text


def test_what_people_left_out_is_not_told_as_the_checks_work(village, tmp_path, curate):
    shutil.copytree(village, tmp_path, dirs_exist_ok=True)
    query = "select id from pairs where state = 'kept' and kind = 'question_answer' order by id"
    (rejected,), (sent_back,), *_ = rows(tmp_path / "build/village/ledger.db", query)
    ledger = Ledger(tmp_path / "build/village/ledger.db")
    ledger.add_decision(Decision(rejected, "ada", "review", "reject"))
    ledger.add_decision(Decision(sent_back, "ada", "review", "rewrite", note="Shorter."))
    ledger.close()
    before = built(curate, village, "report", "recipe.yaml")
    assert "by reviewers" not in str(before["fates"])
    dropped = before["fates"]["question_answer"]["dropped by the checks"]
    assert dropped > 0
    built(curate, tmp_path)
    said = built(curate, tmp_path, "report", "recipe.yaml")
    (row,) = [row for row in said["mix"] if row["kind"] == "question_answer"]
    assert said["fates"]["question_answer"] == {
        "in the dataset": row["kept"],
        "dropped by the checks": dropped,
        "rejected by reviewers": 1,
        "sent back by reviewers": 1,
    }
    assert sum(said["fates"]["question_answer"].values()) == row["written"], "each pair counts once"
    (yields,) = [each for each in said["yields"] if each["kind"] == "question_answer"]
    assert yields["lost"]["rejected by reviewers"] == 2, "one rejected, one sent back"
    assert sum(yields["lost"].values()) == row["asked"] - row["kept"], "each missing pair has its reason"


# --- what to do next ---


def test_it_names_the_rows_that_echo_as_the_check_did(demo, figures):
    (echo, ids), *others = figures.echoes
    assert echo.phrase == "slack water" and not others
    found = {pair for (pair,) in rows(demo / "build/demo/ledger.db", "select pair from findings where check_name = 'echo'")}
    assert set(ids) <= found and len(ids) == echo.rows_over == 3, "contrast rows came in after the check: fewer are over"
    (told,) = [each for each in advice_on(figures, "recipe.yaml") if "slack water" in each.title]
    assert f"{echo.share:.0%} of the answers" in told.title and f"{echo.source_share:.0%} of equally long windows" in told.text
    assert told.command == "curate show --recipe recipe.yaml --check echo"
    assert told.pairs == ids
    ((message,),) = rows(demo / "build/demo/ledger.db", "select distinct message from findings where check_name = 'echo'")
    assert "of equally long windows" in message, "a report and a finding say it alike"


def test_it_names_documents_without_pairs_and_what_awaits_review(village):
    told = [" ".join(line.text.split()) for line in page_of(village, "village").find(class_="todo").find_all("li")]
    assert any("passage of documents/<u>silent.md" in line and "Record answers for them" in line for line in told)
    assert any("obody has looked at them yet" in line and line.endswith("curate review recipe.yaml") for line in told)
    assert not any("documents/bread.md" in line for line in told), "what has pairs is left alone"


def test_each_thing_is_told_of_when_it_is_there_and_only_then(figures):
    plain = advice(figures)
    cases = {
        "farther from your style": {"voice": replace(figures.voice, beyond_95=0.3)},
        "A habit of the generator's, dashes,": {"habits": (HabitRate("dashes", 14.0, 0.5),)},
        "are outside the": {"kinds": (replace(figures.kinds[0], outside=0.4, pairs=300),)},
        "No row is held out": {"result": figures.result | {"counts": {"train": 9, "validation": 0}}},
        "An expectation does not hold. expect_x (a 1): 3": {
            "result": figures.result
            | {
                "checks": [
                    {
                        "expectation": "expect_x",
                        "arguments": {"a": 1},
                        "success": False,
                        "severity": "critical",
                        "observed": "3",
                        "rows": [],
                    }
                ]
            }
        },
    }
    for text, changed in cases.items():
        assert text not in plain
        assert text in advice(figures, **changed), text
    assert "A habit" not in advice(figures, habits=(HabitRate("dashes", 4.0, 3.5),)), "who loves dashes may have them"
    quiet = {"echoes": (), "reviewing": replace(figures.reviewing, awaiting=()), "habits": ()}
    quiet |= {"result": figures.result | {"checks": [], "mix": []}, "yields": (), "thin": (), "preferences": None}
    assert advice(figures, **quiet) == "Train on it. nothing stands out"


def test_habits_of_one_name_are_counted_together():
    """English has its own connectives beside the common ones."""
    own = "However, I went home. In short, it rained. " + "The miller and I sat by the stove and said nothing. " * 40
    author = SimpleNamespace(habits=habits_of([own]))
    assert sum(habit.name == "connectives" for habit in author.habits) == 2
    pair = Pair("p", "question_answer", (Turn("user", "Why?"),), "Moreover, it rained. To be clear, it poured.", "document")
    (told,) = [rate for rate in habit_rates([pair], SimpleNamespace(author=author)) if rate.habit == "connectives"]
    words = count_words(own)
    assert (told.responses, told.yours) == (round(2000 / 8, 3), round(2000 / words, 3))


def test_at_most_six_and_the_weightiest_first(figures):
    """A kind that yields 12 %, a mix that collapsed, one expectation: these first, documents in one line with a table."""
    mix = [
        {"kind": "reflection", "asked": 100, "kept": 12, "share_asked": 0.5, "share_kept": 0.11},
        {"kind": "essay", "asked": 100, "kept": 97, "share_asked": 0.5, "share_kept": 0.89},
    ]
    low = KindYield("reflection", 100, 12, {"too short": 88}, "set this kind's `words` to what the generator writes")
    bare = {path: tuple(replace(part, pairs=0) for part in parts) for path, parts in figures.passages.items()}
    habits = (HabitRate("dashes", 4.0, 0.5), HabitRate("hedges", 3.0, 0.5))
    failed = {"expectation": "expect_x", "arguments": {}, "success": False, "severity": "warning", "observed": "3", "rows": []}
    changed = {
        "result": figures.result | {"mix": mix, "checks": [failed], "counts": {"train": 300, "validation": 0}},
        "yields": (low, KindYield("essay", 100, 97, {}, "")),
        "passages": bare,
        "habits": habits,
        "voice": replace(figures.voice, beyond_95=0.15),
    }
    told = advice_on(replace(figures, **changed), "recipe.yaml")
    assert len(told) == 6
    weights = [each.weight for each in told[:-1]]
    assert weights == sorted(weights, reverse=True)
    assert all(each.command.startswith(("curate ", "train ")) for each in told)
    titles = [each.title for each in told]
    assert titles[1].startswith("reflection yields 12%") and "88 too short" in told[1].text
    assert titles[2].startswith("The mix is not what the recipe asks for")
    (uncovered,) = [each for each in told if "no pair" in each.title]
    assert "16 documents" in uncovered.title and len(uncovered.table) == 9 and uncovered.more == 8
    assert told[-1].command == "train plan recipe.yaml"


def test_a_dataset_of_one_row_and_a_poor_kind_warn_as_they_are_built(tmp_path, curate):
    write_corpus(tmp_path, RECIPE.replace("words: [15, 60]", "words: [15, 16]").replace("min_value: 5", "min_value: 1"))
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("    - {kind: own_words, per_passage: 1, words: [15, 80]}\n", ""))
    recipe.write_text(recipe.read_text() + "screen: {length: {slack: 0.2}}\n")
    said = curate(tmp_path, "build", "recipe.yaml", code=None)
    assert said.returncode in (0, 1), said.stderr
    (line,) = [line for line in said.stdout.splitlines() if line.startswith("warning: question_answer yields")]
    assert "too long" in line
    assert "set this kind's `words` to what the generator writes" in said.stdout
    (few,) = yield_warnings([], 1)
    assert few.startswith("warning: the dataset has 1 row;")


# --- what there is to report on ---


def test_without_a_build_it_says_what_to_run_first(corpus, curate):
    done = curate(corpus.parent, "report", "recipe.yaml", code=2)
    assert "no dataset has been built yet" in done.stderr and "curate build" in done.stderr
    assert not (corpus.parent / "build").exists()


def test_pairs_that_came_ready_have_a_report_without_documents(tmp_path, curate):
    lines = [json.dumps({"instruction": f"Question {n}?", "output": f"Answer {n} has few words."}) for n in range(4)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    (tmp_path / "recipe.yaml").write_text(
        "name: ready\npersona: {name: A, system_prompt: B}\nsources: [{path: pairs.jsonl, as: pairs, rights: own}]\n"
    )
    built(curate, tmp_path)
    page = page_of(tmp_path, "ready")
    assert "all pairs came ready" in section(page, "coverage").text
    assert "Not judged" in section(page, "voice").text
    assert section(page, "length").find("svg")


def test_a_report_is_of_the_last_build_that_published(village, tmp_path, curate):
    shutil.copytree(village, tmp_path, dirs_exist_ok=True)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("min_value: 5}", "min_value: 500}"))
    curate(tmp_path, "build", "recipe.yaml", code=1)
    before = page_of(village, "village")
    said = built(curate, tmp_path, "report", "recipe.yaml")
    assert said["version"] in before.h1.text
    assert page_of(tmp_path, "village").h1.text == before.h1.text
    assert [check["success"] for check in said["checks"]] == [True, True]
