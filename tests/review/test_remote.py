"""An Argilla server of somebody else's: only what is ours is touched, and whatever goes wrong is told and loses nothing."""

import json

import pytest

from curate.review.desk import Desk
from recipes.errors import CallError, MachineError
from tests.review.conftest import published


@pytest.fixture
def town(village):
    """Built, laid out, and one pair rejected."""
    town = village("pairs: all, awaiting: keep")
    town.build()
    town.owner.answer(town.asking("swim?"), verdict="reject")
    return town


def test_up_and_sync_say_where_the_pairs_lie_and_take_what_was_answered(town, curate):
    key = {"ARGILLA_API_KEY": town.owner.api_key}
    up = json.loads(curate(town.folder, "review", "up", "recipe.yaml", "--json", **key).stdout)
    assert (up["url"], up["pid"]) == (str(town.owner.http.base_url).rstrip("/"), None)
    (dataset,) = up["datasets"]
    assert dataset == {"name": "village", "url": f"{up['url']}/dataset/{town.desk()}/annotation-mode"}
    assert up["review"]["decisions"] == 1
    told = curate(town.folder, "review", "sync", "recipe.yaml", **key).stdout
    assert "8 pairs await review, 1 decided: 1 left out" in told
    assert dataset["url"] in told
    status = json.loads(curate(town.folder, "review", "status", "recipe.yaml", "--json").stdout)
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


def test_no_argilla_at_that_address_is_told(town, tmp_path, monkeypatch):
    """Some other program answers there."""
    import http.server
    import threading

    other = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        town.write(str(town.owner.http.base_url).rstrip("/"), f"http://127.0.0.1:{other.server_port}")
        with pytest.raises(MachineError, match=f"127.0.0.1:{other.server_port}"):
            town.sync()
    finally:
        other.shutdown()
        other.server_close()


def test_settings_that_somebody_changed_are_named_and_a_renamed_dataset_makes_room_for_a_new_one(town):
    desk = town.desk()
    owner = town.owner
    (kind,) = [each["id"] for each in owner.get(f"me/datasets/{desk}/metadata-properties")["items"] if each["name"] == "kind"]
    (vector,) = [each["id"] for each in owner.get(f"datasets/{desk}/vectors-settings")["items"]]
    owner.http.delete(f"/api/v1/metadata-properties/{kind}").raise_for_status()
    owner.http.delete(f"/api/v1/vectors-settings/{vector}").raise_for_status()
    with pytest.raises(CallError, match="metadata property kind, vector wording") as caught:
        town.sync()
    assert "rename" in str(caught.value)
    assert len(town.records()) == 9, "nothing was touched"
    town.build()
    assert any("somebody changed the settings" in note for note in town.notes)

    owner.http.patch(f"/api/v1/datasets/{desk}", json={"name": "kept-aside"}).raise_for_status()
    synced = town.sync()
    assert synced.pushed == 9
    assert town.desk() != desk
    assert len(owner.records(desk)) == 9


def test_a_dataset_that_somebody_deleted_is_laid_out_again_and_decisions_stay(town):
    town.sync()
    town.owner.http.delete(f"/api/v1/datasets/{town.desk()}").raise_for_status()
    town.build()
    assert len(published("sft")) == 8
    assert len(town.records()) == 8, "what is decided is not asked again"


def test_an_admin_of_the_workspace_may_do_it_all_and_an_annotator_is_told_whom_to_ask(town, monkeypatch):
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
    for pair, record in after.items():
        assert record["responses"] == before[pair]["responses"]
        assert record["status"] == before[pair]["status"]


def test_a_half_made_dataset_of_a_killed_process_is_made_anew(village):
    town = village("pairs: all, awaiting: keep")
    body = {"name": "village", "workspace_id": town.workspace_id}
    town.owner.http.post("/api/v1/datasets", json=body).raise_for_status()
    town.build()
    assert len(town.records()) == 9


def test_a_push_that_breaks_off_goes_on_where_it_stopped(village, monkeypatch):
    town = village("pairs: all, awaiting: keep")
    monkeypatch.setattr("curate.review.desk.RECORDS_AT_ONCE", 4)
    real = Desk.push

    def breaks_off(self, records, vectors, vector, done):
        real(self, records[:4], vectors[:4], vector, done)
        raise MachineError("the network went")

    monkeypatch.setattr(Desk, "push", breaks_off)
    town.build()
    assert len(town.records()) == 4
    monkeypatch.setattr(Desk, "push", real)
    assert town.sync().pushed == 5
    assert len(town.records()) == 9
