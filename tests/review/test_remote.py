"""An Argilla server of somebody else's: only what is ours is touched, and whatever goes wrong is told and loses nothing."""

import http.server
import threading
from datetime import timedelta

import pytest

from curate.review import page
from curate.review.argilla import ReviewDataset, connect
from curate.review.page import DIMENSIONS, VECTOR
from likeness.errors import CallError, MachineError
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Review
from tests.make import json_of
from tests.review.people import published


@pytest.fixture
def town(village):
    """Built, laid out, and one pair rejected."""
    town = village("pairs: all, awaiting: keep")
    town.build()
    town.owner.answer(town.asking("swim?"), verdict="reject")
    return town


def test_up_and_sync_say_where_the_pairs_lie_and_take_what_was_answered(town, curate):
    key = {"ARGILLA_API_KEY": town.owner.api_key}
    up = json_of(curate(town.folder, "review", "up", "recipe.yaml", "--json", env=key))
    assert (up["url"], up["pid"]) == (str(town.owner.http.base_url).rstrip("/"), None)
    (dataset,) = up["datasets"]
    assert dataset == {"name": "village", "url": f"{up['url']}/dataset/{town.desk()}/annotation-mode"}
    assert up["review"]["decisions"] == 1
    told = curate(town.folder, "review", "sync", "recipe.yaml", env=key).stdout
    assert "8 pairs await review, 1 decided: 1 left out" in told
    assert dataset["url"] in told
    status = json_of(curate(town.folder, "review", "status", "recipe.yaml", "--json"))
    assert status["review"]["verdicts"] == {"reject": 1}
    for secret in (town.owner.api_key,):
        assert not any(
            secret in path.read_text(errors="replace") for path in (town.folder / "build").rglob("*") if path.is_file()
        )


@pytest.mark.parametrize(
    ("key", "told"),
    [("", "ARGILLA_API_KEY is not set"), ("a wrong one", "does not accept the key"), (" ", "ARGILLA_API_KEY is not set")],
)
def test_a_wrong_key_is_told_and_a_build_goes_on_without(town, monkeypatch, key, told):
    monkeypatch.setenv("ARGILLA_API_KEY", key)
    with pytest.raises(CallError, match=told):
        town.sync()
    assert town.build().unchanged, "what was fetched before counts, nothing else is known"
    assert any(told in note for note in town.notes)
    monkeypatch.setenv("ARGILLA_API_KEY", town.owner.api_key)
    town.build()
    assert len(published("sft")) == 8


def test_a_server_that_is_gone_is_told_with_what_to_do(town, monkeypatch):
    town.write(str(town.owner.http.base_url).rstrip("/"), "http://127.0.0.1:9")
    with pytest.raises(MachineError, match="cannot be reached") as caught:
        town.sync()
    assert "http://127.0.0.1:9" in str(caught.value) and "Nothing is lost" in str(caught.value)


class Answering:
    """Some other program at an address of its own: it answers everything alike."""

    def __init__(self, status, content, **headers):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments): ...

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()


PAGE = b"<!DOCTYPE html><html><h1>Welcome</h1></html>"


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        lambda: Answering(200, PAGE),
        lambda: Answering(404, PAGE),
        lambda: Answering(404, b'{"detail": "Not Found"}'),
        lambda: Answering(200, b'{"hello": "world"}'),
        lambda: Answering(200, b"[1]"),
        lambda: Answering(301, b"", Location="https://127.0.0.1:9/"),
    ],
    ids=["a web page", "a web page, not found", "JSON, not found", "JSON", "a list", "it sends elsewhere"],
)
def test_no_argilla_at_that_address_is_told(other, monkeypatch):
    monkeypatch.setenv("ARGILLA_API_KEY", "a key")
    with other() as program, pytest.raises(CallError, match="no Argilla") as caught:
        connect(Review(argilla=program.url))
    assert str(caught.value).startswith(program.url) and "`argilla` in the recipe's `review`" in str(caught.value)


def test_a_gateways_page_of_error_is_told_by_its_status(monkeypatch):
    monkeypatch.setenv("ARGILLA_API_KEY", "a key")
    with Answering(502, PAGE) as gateway, pytest.raises(MachineError, match="status 502") as caught:
        connect(Review(argilla=gateway.url))
    assert "<" not in str(caught.value)


def test_metadata_and_vectors_that_somebody_removed_are_put_back(town):
    desk, owner = town.desk(), town.owner
    (kind,) = [each["id"] for each in owner.get(f"me/datasets/{desk}/metadata-properties")["items"] if each["name"] == "kind"]
    (vector,) = [each["id"] for each in owner.get(f"datasets/{desk}/vectors-settings")["items"]]
    owner.http.delete(f"/api/v1/metadata-properties/{kind}").raise_for_status()
    owner.http.delete(f"/api/v1/vectors-settings/{vector}").raise_for_status()
    assert town.sync().decisions == 1
    town.sync()
    there = owner.get(f"me/datasets/{desk}/metadata-properties")["items"]
    assert [each["settings"]["type"] for each in there if each["name"] == "kind"] == ["terms"]
    (vector,) = owner.get(f"datasets/{desk}/vectors-settings")["items"]
    assert (vector["name"], vector["dimensions"]) == (VECTOR, DIMENSIONS)
    assert len(town.records()) == 9


def test_a_dataset_that_lacks_a_field_is_fetched_and_not_pushed(town, monkeypatch):
    """It was laid out by another version, say; the mend that is told is one that a person can do."""
    before, first = town.records(), town.desk()
    weather = {"name": "weather", "title": "What the weather was", "use_markdown": True, "required": False}

    def settings_of(recipe, **queue):
        ours = page.settings_of(recipe, **queue)
        return ours | {"fields": [*ours["fields"], weather]}

    monkeypatch.setattr("curate.review.sync.settings_of", settings_of)
    with pytest.raises(CallError, match="'village' is not set up as ours: it lacks the fields weather") as caught:
        town.sync()
    assert "Name another `workspace`" in str(caught.value)
    ledger = town.ledger()
    assert [decision.verdict for made in ledger.decisions().values() for decision in made] == ["reject"]
    ledger.close()
    assert town.records() == before
    town.build()
    assert any("lacks the fields weather" in note for note in town.notes)

    second = f"{town.workspace}-2"
    town.write(f"workspace: {town.workspace}", f"workspace: {second}")
    assert town.sync().pushed == 8
    moved = town.owner.dataset(second, "village")
    assert "weather" in {field["name"] for field in town.owner.get(f"datasets/{moved}/fields")["items"]}
    assert town.owner.records(first) == before, "this one stays as it is"


def test_a_dataset_without_our_questions_is_not_ours(town):
    settings = page.settings_of(load_recipe(town.recipe))
    settings["questions"] = [*settings["questions"], {"type": "text", "name": "rhyme", "title": "A rhyme", "required": False}]
    with pytest.raises(CallError, match="it lacks the questions rhyme"):
        ReviewDataset(connect(Review(argilla=str(town.owner.http.base_url))), town.workspace, "village", settings, 1)
    settings["newer_questions"] = ["rhyme"]
    older = ReviewDataset(connect(Review(argilla=str(town.owner.http.base_url))), town.workspace, "village", settings, 1)
    assert len(list(older.records())) == len(town.records()), "a question that came with a later version may be missing"


def test_the_guidelines_follow_the_recipe_until_somebody_mends_them(town):
    def told():
        return town.owner.get(f"datasets/{town.desk()}")["guidelines"]

    for before, after in (("Dry and exact.", "A baker who took to the sea."), ("who took to the sea", "who came back")):
        assert after not in told()
        town.write(before, after)
        town.sync()
        assert after in told()
    mended = {"guidelines": told().replace("One reason is enough", "One reason is enough, and ask Ada")}
    town.owner.http.patch(f"/api/v1/datasets/{town.desk()}", json=mended).raise_for_status()
    town.write("who came back", "who stayed")
    town.sync()
    assert told() == mended["guidelines"]


def test_a_deleted_dataset_is_pushed_again_and_decisions_stay(town):
    town.sync()
    town.owner.http.delete(f"/api/v1/datasets/{town.desk()}").raise_for_status()
    town.build()
    assert len(published("sft")) == 8
    assert len(town.records()) == 8, "what is decided is not asked again"


def test_an_admin_may_do_it_all_an_annotator_is_sent_to_one(town, monkeypatch):
    admin, annotator = town.person("admin", "admin"), town.person("annotator")
    annotator.answer(town.asking("even bake"))
    monkeypatch.setenv("ARGILLA_API_KEY", admin.api_key)
    assert town.sync().decisions == 2
    ledger = town.ledger()
    reviewers = {decision.reviewer for made in ledger.decisions().values() for decision in made}
    ledger.close()
    assert annotator.name in reviewers
    monkeypatch.setenv("ARGILLA_API_KEY", annotator.api_key)
    with pytest.raises(CallError, match="may not do this"):
        town.sync()


def test_what_people_answered_stays_when_its_record_is_pushed_again(town):
    """A finding more, and the record is another; the drafts and answers on it are the reviewers'."""
    drafted = town.asking("even bake")
    town.owner.answer(drafted, status="draft", note="Half a thought.")
    before = town.records()
    town.write(
        "control: control.yaml\n", "control: control.yaml\nscreen: {private_data: {names: [Tuesdays, woodpecker, bell, oven]}}\n"
    )
    town.build()
    after = town.records()
    changed = {pair for pair in after if after[pair]["fields"] != before[pair]["fields"]}
    assert drafted["external_id"] in changed
    assert after.keys() == before.keys()
    for pair, record in after.items():
        assert record["responses"] == before[pair]["responses"]
        assert record["status"] == before[pair]["status"]


def test_a_half_made_dataset_is_waited_for_and_later_taken_over(village, monkeypatch):
    town = village("pairs: all, awaiting: keep")
    body = {"name": "village", "workspace_id": town.workspace_id}
    town.owner.http.post("/api/v1/datasets", json=body).raise_for_status()
    made = town.desk()
    town.build()
    assert any("somebody is making the dataset 'village' just now" in note for note in town.notes)
    assert town.desk() == made
    monkeypatch.setattr("curate.review.argilla.MAKING", timedelta(minutes=-1))
    town.sync()
    assert town.desk() != made
    assert len(town.records()) == 9


def test_on_the_local_server_a_half_made_dataset_is_made_anew_at_once(village, monkeypatch, argilla_server, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # where no other village has the name
    town = village("pairs: all, awaiting: keep")
    monkeypatch.setattr("curate.review.argilla.local_server", lambda home: argilla_server)
    town.write(f"argilla: {town.owner.http.base_url}", "argilla: local")
    body = {"name": "village", "workspace_id": town.workspace_id}
    town.owner.http.post("/api/v1/datasets", json=body).raise_for_status()
    town.build()
    assert len(town.records()) == 9


def test_a_push_that_breaks_off_goes_on_where_it_stopped(village, monkeypatch):
    town = village("pairs: all, awaiting: keep")
    monkeypatch.setattr("curate.review.argilla.RECORDS_AT_ONCE", 4)
    real = ReviewDataset.push

    def breaks_off(self, records, vectors, vector, done):
        real(self, records[:4], vectors[:4], vector, done)
        raise MachineError("the network went")

    monkeypatch.setattr(ReviewDataset, "push", breaks_off)
    town.build()
    assert len(town.records()) == 4
    monkeypatch.setattr(ReviewDataset, "push", real)
    assert town.sync().pushed == 5
    assert len(town.records()) == 9
