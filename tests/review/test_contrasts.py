"""Contrast sets and the interview at a real Argilla: authored by hand in the browser, and back in the dataset's rows."""

import json
import re

import pyarrow.parquet as pq
import pytest

from tests.curate.test_contrast import DRAFT, GAUGE
from tests.make import json_of
from tests.review.test_browser import Hands, shot

pytestmark = pytest.mark.slow

MORE = "contrast: {terms: 5, share: 0.45}\n"


@pytest.fixture
def gauged(village):
    """The village with a thin term that the sources do not explain, and one set drafted for it."""
    made = village("pairs: none, awaiting: keep", MORE)
    (made.folder / "documents/gauge.md").write_text(GAUGE, encoding="utf-8")
    draft = DRAFT | {"statements": [], "ask": "What is the Pellow gauge to you?"}
    line = {"kind": "contrast", "term": "Pellow gauge", "set": draft}
    (made.folder / "recorded/contrasts.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return made


def built(village, curate):
    """What `curate build` says; in a process of its own, as the browser's loop runs in this one."""
    return json_of(curate(village.folder, "build", "recipe.yaml", "--json", env={"ARGILLA_API_KEY": village.owner.api_key}))


def synced_by(village, curate):
    return json_of(
        curate(village.folder, "review", "sync", "recipe.yaml", "--json", env={"ARGILLA_API_KEY": village.owner.api_key})
    )


def sft_of(village, version):
    folder = village.folder / "build/village/dataset" / version
    return [row for part in folder.glob("sft/*.parquet") for row in pq.read_table(part).to_pylist()]


def test_a_set_is_authored_in_the_browser_and_reaches_the_rows(gauged, curate, page, argilla_server, tmp_path):
    first = built(gauged, curate)
    assert not [row for row in sft_of(gauged, first["version"]) if row["kind"] == "clarification"]
    synced = synced_by(gauged, curate)
    assert synced["contrasts"] == 1
    (dataset,) = [each for each in synced["datasets"] if each["name"] == "village-contrasts"]
    hands = Hands(page, argilla_server.sign_in, dataset["url"])
    hands.total(1)
    page.get_by_text("Your texts do not say what it is.").wait_for()
    page.get_by_text("I read the Pellow gauge at six").first.wait_for()
    shot(page, tmp_path, "contrasts.png")
    hands.write("explain", "A brass float in a pipe at the oven door. I read the heat off it, and nobody else may touch it.")
    hands.choose("Right, as it is, or as I edited it")
    hands.send()
    synced = synced_by(gauged, curate)
    assert (synced["decisions"], synced["contrasts"]) == (1, 0)
    (told,) = [row for row in sft_of(gauged, built(gauged, curate)["version"]) if row["kind"] == "clarification"]
    assert told["completion"][0]["content"].startswith("A brass float") and told["review"] == "edited"
    ledger = gauged.ledger()
    assert [each.verdict for each in ledger.contrast_decisions().values()] == ["approve"]
    ledger.close()
    assert synced_by(gauged, curate)["decisions"] == 0


def test_a_set_that_is_discarded_dismisses_its_term(gauged, owner):
    gauged.build()
    gauged.sync()
    (record,) = gauged.records("village-contrasts").values()
    owner.answer(record, "discarded")
    assert gauged.sync().decisions == 1
    ledger = gauged.ledger()
    assert [(said.term, said.action) for said in ledger.term_decisions()] == [("Pellow gauge", "dismiss")]
    ledger.close()
    assert "probes" not in gauged.build().counts


def test_the_interview_is_answered_in_the_browser(gauged, curate, page, argilla_server, tmp_path):
    built(gauged, curate)
    key = {"ARGILLA_API_KEY": gauged.owner.api_key}
    for pushed in (2, 0):
        said = curate(gauged.folder, "interview", "recipe.yaml", "--argilla", "--most", "2", env=key).stdout
        assert f"{pushed} questions put to you" in said
    address = re.search(r"put to you: (\S+)", said)[1]
    hands = Hands(page, argilla_server.sign_in, address)
    hands.total(2)
    page.get_by_text("What is the Pellow gauge to you?").first.wait_for()
    shot(page, tmp_path, "interview.png")

    hands.write("answer", "A float that I read at six, and it has never been wrong.")
    hands.send()
    assert synced_by(gauged, curate)["decisions"] == 1
    ledger = gauged.ledger()
    answered = [each.answer for each in ledger.interviewed() if each.answered_at >= 0]
    ledger.close()
    assert answered == ["A float that I read at six, and it has never been wrong."]
    (gold,) = [row for row in sft_of(gauged, built(gauged, curate)["version"]) if row["kind"] == "interview"]
    assert gold["prompt"][-1]["content"] == "What is the Pellow gauge to you?"
