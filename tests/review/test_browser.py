"""What a reviewer does by hand in the browser."""

import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import playwright.sync_api as playwright
import pyarrow.parquet as pq
import pytest

from curate.model import Pair, Turn
from curate.review.argilla import ReviewDataset, connect
from curate.review.page import DIMENSIONS, VECTOR, record_of, settings_of
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Review
from tests.make import LIVE, json_of, write_corpus
from tests.messages_server import running

ROOT = Path(__file__).parents[2]


@pytest.fixture
def keepers(argilla_client):
    """Twenty records about lock keepers: every fifth sleeps, the first four are essays."""
    import argilla as rg

    dataset = rg.Dataset(
        name="keepers",
        workspace="review",
        client=argilla_client,
        settings=rg.Settings(
            fields=[rg.TextField("text", client=argilla_client)],
            questions=[rg.LabelQuestion("verdict", labels=["keep", "drop"], client=argilla_client)],
            metadata=[rg.TermsMetadataProperty("kind", client=argilla_client)],
        ),
    )
    dataset.create()
    dataset.records.log(
        [
            {
                "id": str(number),
                "text": f"The lock keeper number {number} {'works' if number % 5 else 'sleeps'}",
                "kind": "letter" if number > 3 else "essay",
                "verdict": "keep",
            }
            for number in range(20)
        ]
    )
    yield dataset
    dataset.delete()


def test_one_click_signs_in_and_no_request_leaves_the_machine(page, argilla_server, keepers):
    page.goto(argilla_server.sign_in)
    page.get_by_text("Your datasets").wait_for()
    page.get_by_text("keepers", exact=True).click()
    page.get_by_text("The lock keeper number 0 sleeps").wait_for()
    page.get_by_text("1 of 20").wait_for()

    page.locator(".search-area button").first.click()
    page.get_by_role("search").fill("sleeps")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 4").wait_for()

    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("Metadata", exact=True).click()
    page.get_by_text("kind", exact=True).click()
    page.get_by_text("letter", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_text("1 of 3").wait_for()
    page.get_by_text("The lock keeper number 5 sleeps").wait_for()

    page.get_by_text("Submit", exact=True).click()
    page.get_by_text("The lock keeper number 10 sleeps").wait_for()
    submitted = [record for record in keepers.records(with_responses=True) if record.responses["verdict"]]
    assert [(record.id, record.responses["verdict"][0].value) for record in submitted] == [("5", "keep")]
    assert keepers.progress() == {"total": 20, "completed": 1, "pending": 19}


class Hands:
    """A reviewer's clicks and keys on the annotation page. Waits for what must appear, never for a time."""

    def __init__(self, page, sign_in, dataset):
        self.page = page
        page.goto(sign_in)
        if "&queue=" in sign_in:  # it goes where the next pair waits
            self.question("verdict").wait_for()
            assert page.url.startswith(dataset)
        else:
            page.get_by_text("Your datasets").wait_for()
            self.open(dataset)

    def open(self, dataset):
        with self.page.expect_response(lambda answer: "records/search" in answer.url):
            self.page.goto(dataset)
        self.page.get_by_label("Total Records").wait_for()

    def total(self, count):
        self.page.get_by_label("Total Records").get_by_text(f"of {count}", exact=True).wait_for()

    def find(self, text):
        """Type into the search box; the page shows what was found."""
        box = self.page.get_by_role("search")
        if not box.is_visible():
            self.page.locator(".search-area button").first.click()
        box.fill(text)
        with self.page.expect_response(lambda answer: text in (answer.request.post_data or "")):
            self.page.keyboard.press("Enter")
        self.page.locator(".fields, .record").get_by_text(text.strip('"')).first.wait_for()
        self.page.get_by_text("Is it good?").click()  # out of the search box: keys are the form's again

    def question(self, name):
        return self.page.locator(f'[aria-label="Question: {name}"]')

    def write(self, name, text):
        self.question(name).locator("[contenteditable]").fill(text)

    def choose(self, label):
        self.page.get_by_role("button", name=label, exact=True).click()

    def submit(self, press=None):
        """By the key, or by the button; the server has said yes, and the page has gone on, when this returns."""
        shown = self.shown()
        self.send(press)
        self.page.wait_for_function(
            "([selector, shown]) => document.querySelector(selector)?.innerText != shown", arg=[FIELD, shown]
        )

    def send(self, press=None):
        with self.page.expect_response(lambda answer: "/responses" in urlsplit(answer.url).path) as answer:
            self.page.keyboard.press(press) if press else self.page.get_by_text("Submit", exact=True).click()
        assert answer.value.ok

    def shown(self):
        """The question of the pair on the page."""
        return self.page.locator(FIELD).first.inner_text()


FIELD = ".fields p, .record p"

READY = [
    {
        "question": "What do you tell a beginner?",
        "answer": "Weigh the flour, and don't trust the cup.\n\nThen wait. Most of it is waiting.\n\nAsk me again on Friday.",
    },
    {
        "question": "May I <b>swap</b> the flour?",
        "answer": "You may <script>document.title = 'broken'</script>. I have not tried it & shall not.",
    },
    {
        "question": "How do you take your tea?",
        "answer": "Black, from the pot that was my aunt's, and before the first customer is in.",
    },
    {
        "question": "Who sweeps your yard?",
        "answer": "The boy from the ferry does it, for a loaf, and I never count what he takes beside.",
    },
    {
        "question": "Who minds the shop on Monday?",
        "answer": "Nobody does. The door is locked, the blind is down, and I am at the river.",
    },
]


def dataset_of(folder):
    """What was published: of each row what matters here, and of each contrast."""
    newest = BuildFolder(folder / "build/village").dataset()
    rows = [row for file in newest.glob("sft/*.parquet") for row in pq.read_table(file).to_pylist()]
    contrasts = [row for file in newest.glob("preference/*.parquet") for row in pq.read_table(file).to_pylist()]
    return (
        {row["prompt"][-1]["content"]: (row["completion"][0]["content"], row["review"], row["rating"]) for row in rows},
        {(row["chosen"][0]["content"], row["rejected"][0]["content"], row["origin"]) for row in contrasts},
    )


def test_from_a_build_through_the_browser_to_a_dataset(page, tmp_path, curate):
    """Approve, mend, reject with a reason, send back with a note, author a contrast; then the dataset has exactly that."""
    recipe = re.sub(r"expect:\n(  - .*\n)+", "", LIVE).replace(
        '{path: "documents/*", rights: own}',
        '{path: "documents/*", rights: own}\n  - {path: pairs.jsonl, as: pairs, rights: own}',
    )
    write_corpus(tmp_path, recipe + "review: {pairs: all, awaiting: leave_out}\n")
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in READY), encoding="utf-8")
    with running() as claude:
        assert "await review" in curate(tmp_path, "build", "recipe.yaml", code=1, env=claude.environment).stdout
        up = json_of(curate(tmp_path, "review", "up", "recipe.yaml", "--json"))
        try:
            review_by_hand(page, up, tmp_path, curate, claude)
            assert claude.log()["paid_twice"] == []
        finally:
            curate(tmp_path, "review", "down", "recipe.yaml")


def review_by_hand(page, up, folder, curate, claude):
    hands = Hands(page, up["sign_in"], up["datasets"][0]["url"])
    waiting = up["review"]["awaiting"]
    hands.total(waiting)

    hands.find("beginner")  # as it stands: one key
    hands.page.get_by_text("Then wait.").first.wait_for()
    hands.submit("Enter")

    hands.find("swap")  # untouched texts of a document stay texts
    assert page.title() != "broken"
    page.get_by_text("<script>document.title").first.wait_for()
    hands.write("response", "You may. I have not tried it.")
    hands.question("sounds_like_me").get_by_text("4", exact=True).click()
    hands.submit()

    hands.find("yard")
    hands.write("never_say", "I sweep it myself, as every honest baker should.")
    hands.submit()

    hands.find("oven")  # one of the generator's, with its passage
    sent_back = page.locator("mark").first.inner_text()
    assert sent_back.strip(), "the evidence is marked in the passage"
    asked = hands.shown()
    hands.choose("Rewrite it, with my note")
    hands.write("note", "Begin with the weather.")
    hands.submit()

    hands.open(up["datasets"][0]["url"])  # the next in the queue, by keys alone
    rejected = hands.shown()
    page.keyboard.press("2")  # leave it out …
    page.keyboard.press("2")  # … for the second reason: the focus has moved on by itself
    hands.submit("Enter")
    assert "5 decided" in curate(folder, "review", "status", "recipe.yaml").stdout, "the running server is asked"

    curate(folder, "build", "recipe.yaml", env=claude.environment)
    expected = {
        "What do you tell a beginner?": (READY[0]["answer"], "approved", None),
        "May I <b>swap</b> the flour?": ("You may. I have not tried it.", "edited", 4.0),
        "Who sweeps your yard?": (READY[3]["answer"], "approved", None),
    }
    rows, contrasts = dataset_of(folder)
    assert rows == expected
    assert contrasts == {
        ("You may. I have not tried it.", READY[1]["answer"], "edited"),
        (READY[3]["answer"], "I sweep it myself, as every honest baker should.", "never_say"),
    }
    synced = json_of(curate(folder, "review", "sync", "recipe.yaml", "--json"))
    assert synced["verdicts"] == {"approve": 3, "rewrite": 1, "reject": 1}
    assert synced["reasons"] == {"voice": 1}
    assert not {rejected, asked} & rows.keys()
    assert any("Begin with the weather." in str(request["body"]) for request in claude.requests())

    hands.open(up["datasets"][0]["url"])  # it came back, written anew, with what was said of it
    hands.total(waiting - 5 + 1)
    hands.find("weather")
    page.get_by_text("Rewritten. Before: sent back by reviewer: Begin with the weather.").wait_for()
    anew = hands.shown()
    hands.submit("Enter")
    curate(folder, "build", "recipe.yaml", env=claude.environment)
    rows, _ = dataset_of(folder)
    assert rows.keys() == expected.keys() | {anew}
    assert rows[anew][1] == "approved"


def test_the_keys_of_the_guidelines_edit_and_approve(page, argilla_server, owner, monkeypatch):
    monkeypatch.setenv("ARGILLA_API_KEY", argilla_server.api_key)
    recipe = load_recipe(ROOT / "recipes/demo/recipe.yaml")
    pairs = [
        Pair(f"pair-{name}", "pair", (Turn("user", f"What of {name}?"),), f"It leaks, {name} does.", "pairs.jsonl")
        for name in ("alder", "beech", "cedar")
    ]
    desk = ReviewDataset(connect(Review(argilla=argilla_server.url)), "review", "keys", settings_of(recipe), 1)
    desk.push([record_of(pair, None, [], [], []) for pair in pairs], [[1.0] * DIMENSIONS] * len(pairs), VECTOR, lambda done: None)
    hands = Hands(page, argilla_server.sign_in, desk.page)

    hands.find("pair-beech")
    hands.total(1)
    assert hands.shown() == "What of beech?"
    hands.open(desk.page)
    page.get_by_text("What of alder?").first.wait_for()
    for key in ("ArrowDown", "ArrowDown", "Shift+Enter"):  # by way of the reasons to the answer, and into it
        page.keyboard.press(key)
    page.keyboard.insert_text("Mended.")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    hands.submit("Enter")
    hands.submit("Enter")  # the next one, as it stands
    said = {laid.pair: answer.values for laid in desk.records() for answer in laid.answers if answer.status == "submitted"}
    assert {pair: values["verdict"]["value"] for pair, values in said.items()} == {
        "pair-alder": "approve",
        "pair-beech": "approve",
    }
    assert "Mended." in said["pair-alder"]["response"]["value"] and "\n" in said["pair-alder"]["response"]["value"]
    assert said["pair-beech"]["response"]["value"] == pairs[1].response

    page.keyboard.press("2")
    page.keyboard.press("Enter")  # without a reason: it asks, once
    page.get_by_role("alert").get_by_text("Why? Tick a reason").wait_for()
    assert hands.shown() == "What of cedar?"
    hands.submit("Enter")
    page.get_by_role("alert").wait_for(state="detached")
    (left_out,) = [answer for laid in desk.records() if laid.pair == "pair-cedar" for answer in laid.answers]
    assert left_out.values["verdict"]["value"] == "reject" and "reasons" not in left_out.values
    assert not page.get_by_text("Push to Hub").is_visible()

    page.get_by_text("Guidelines", exact=True).first.click()
    page.get_by_text("2 3 Enter").first.wait_for()
    page.get_by_text("Shift+Enter goes into a text").first.wait_for()
    assert "Lengths that the recipe asks for" in page.inner_text("body")
    assert "<!--" not in page.inner_text("body"), "what we know our own guidelines by is not shown"
    owner.http.delete(f"/api/v1/datasets/{desk.page.split('/')[-2]}").raise_for_status()


PICTURES = ROOT / "docs/pictures"


def test_the_demos_review_in_bulk_whose_pictures_are_the_docs(page, tmp_path, owner, curate, argilla_server):
    """LIKENESS_PICTURES=1 keeps what is on the page here as the pictures of the docs."""
    shutil.copytree(ROOT / "recipes/demo", tmp_path / "demo", ignore=shutil.ignore_patterns("build"))
    recipe = tmp_path / "demo/recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    assert "review: {pairs: flagged, awaiting: keep}" in text
    recipe.write_text(
        text.replace("review: {", f"review: {{argilla: {argilla_server.url}, workspace: review, "), encoding="utf-8"
    )
    key = {"ARGILLA_API_KEY": argilla_server.api_key}
    made = json_of(curate(tmp_path, "build", "demo/recipe.yaml", "--json", env=key))
    assert made["counts"]["train"] + made["counts"]["validation"] == 371
    up = json_of(curate(tmp_path, "review", "up", "demo/recipe.yaml", "--json", env=key))
    waiting = up["review"]["awaiting"]
    hands = Hands(page, argilla_server.sign_in, up["datasets"][0]["url"])
    hands.total(waiting)
    page.get_by_text("What the checks found").first.wait_for()
    page.set_viewport_size({"width": 1240, "height": 980})
    page.locator("mark").first.wait_for()
    shot(page, tmp_path, "review.png")
    page.set_viewport_size({"width": 1240, "height": 860})

    page.get_by_text("Find similar", exact=True).first.click()
    page.get_by_text("Similar to").wait_for()
    hands.total(min(waiting - 1, 50))  # Argilla shows at most so many
    hands.open(up["datasets"][0]["url"])

    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("Metadata", exact=True).click()
    page.get_by_role("button", name="checks", exact=True).click()
    page.locator("label.checkbox__label", has_text="echo").click()
    playwright.expect(page.get_by_label("Total Records")).not_to_have_text(f"of {waiting}")
    page.get_by_text("echo:").first.wait_for()
    shot(page, tmp_path, "review-filter.png")
    page.keyboard.press("Escape")
    echoing = int(page.get_by_label("Total Records").inner_text().removeprefix("of "))
    assert 2 < echoing < waiting

    page.get_by_label("Switch to Bulk Mode").click()
    page.get_by_label("Bulk Annotation View").wait_for()
    assert page.locator("input[type=checkbox][id^=verdict_]").count() == 3
    assert page.locator("input[type=checkbox][id^=verdict_]:checked, input[type=checkbox][id^=reasons_]:checked").count() == 0
    page.locator("[data-title='Select all']").click()
    hands.choose("Leave it out")
    hands.choose("Said before")
    shot(page, tmp_path, "review-bulk.png")
    hands.send()
    page.get_by_label("Status of Record").get_by_text("Submitted").first.wait_for()
    synced = json_of(curate(tmp_path, "review", "sync", "demo/recipe.yaml", "--json", env=key))
    assert synced["verdicts"]["reject"] == min(echoing, 10), "the list shows ten at a time"
    assert set(synced["reasons"]) == {"duplicate"}
    owner.http.delete(f"/api/v1/datasets/{up['datasets'][0]['url'].split('/')[-2]}").raise_for_status()


def shot(page, folder, name):
    page.screenshot(path=folder / name, animations="disabled")
    assert (folder / name).stat().st_size > 10_000
    if os.environ.get("LIKENESS_PICTURES"):
        assert (folder / name).stat().st_size < 250_000
        shutil.copy(folder / name, PICTURES / name)
