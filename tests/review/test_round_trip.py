"""A build lays out what needs a person, people answer, the next build goes by it: against a real server."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from curate.model import Decision, Findings
from curate.show.find import find_pair
from curate.show.terminal import print_pair
from likeness.errors import GateError
from tests.messages_server import running
from tests.review.people import published

PAIRS = (
    '{"question": "What is your name?", "answer": "The baker. Write to me at baker@mill.example and I will read it on Sunday."}\n'
)
DOUBTFUL = (
    '{"question": "Who sells the rye?", "answer": "Ask for Orla at the mill, orla@mill.example, before the market opens on Friday."}\n'
    '{"question": "Who mends the boat?", "answer": "The man at the quay does; his address is boats@quay.example, and he is slow."}\n'
)


def said(row):
    return row["completion"][0]["content"]


def test_what_people_answer_is_what_is_published_and_nothing_else(village):
    town = village("pairs: all, awaiting: leave_out")
    with pytest.raises(GateError, match="nothing is decided yet"):
        town.build()
    assert len(town.records()) == 9
    assert all(record["status"] == "pending" for record in town.records().values())

    approved, edited, rejected = town.asking("swim?"), town.asking("even bake"), town.asking("flat?")
    contrasted, discarded, drafted = town.asking("apple tree"), town.asking("dead tree?"), town.asking("boatman was your")
    town.owner.answer(approved, sounds_like_me=4)
    town.owner.answer(edited, response="Turn the loaves.\r\n\r\nThen turn them again.", instruction="How do you bake evenly?")
    town.owner.answer(rejected, verdict="reject", reasons=["voice", "too_long"])
    town.owner.answer(contrasted, never_say="Hire a surgeon.")
    town.owner.answer(discarded, status="discarded")
    town.owner.answer(drafted, status="draft", verdict="reject")
    made = town.build()

    rows = published("sft")
    assert rows.keys() == {record["external_id"] for record in (approved, edited, contrasted)}
    one, other = rows[approved["external_id"]], rows[edited["external_id"]]
    assert (one["review"], one["rating"]) == ("approved", 4)
    assert said(one).startswith("My uncle did not"), "untouched: the very text that was suggested"
    assert (other["review"], other["rating"]) == ("edited", None)
    assert (other["prompt"][-1]["content"], said(other)) == (
        "How do you bake evenly?",
        "Turn the loaves.\n\nThen turn them again.",
    )
    assert {
        name: (row["chosen"][0]["content"][:16], row["rejected"][0]["content"][:16])
        for name, row in published("preference").items()
    } == {
        f"{edited['external_id']} edited": ("Turn the loaves.", "You learn where "),
        f"{contrasted['external_id']} never_say": ("Less than you ca", "Hire a surgeon."),
    }
    (stage,) = [stage for stage in made.stages if stage.name == "review"]
    assert stage.reasons == {
        "approved": 2,
        "edited": 1,
        "awaiting review": 4,
        "left out by reviewers: voice, too_long": 1,
        "left out by reviewers: no reason given": 1,
    }
    assert sum(stage.reasons.values()) == stage.rows_in

    assert town.build().unchanged
    synced = town.sync()
    assert (synced.decisions, synced.pushed, synced.taken_away) == (0, 0, 0), "nothing has changed, nothing is done"
    assert (synced.awaiting, synced.decided, synced.verdicts) == (4, 5, {"approve": 3, "reject": 2})


def test_what_awaits_review_is_kept_or_holds_the_build_up(village):
    town = village("pairs: all, awaiting: keep")
    town.build()
    assert len(published("sft")) == 9
    assert {row["review"] for row in published("sft").values()} == {None}
    town.write("awaiting: keep", "awaiting: hold")
    with pytest.raises(GateError, match="9 pairs await review"):
        town.build()
    for record in town.records().values():
        town.owner.answer(record)
    town.build()
    assert {row["review"] for row in published("sft").values()} == {"approved"}


def test_only_flagged_pairs_need_a_person_the_doubtful_first(village):
    town = village("pairs: flagged, awaiting: keep", "screen: {echo: {times: 1}}\n")
    (town.folder / "pairs.jsonl").write_text(PAIRS + DOUBTFUL, encoding="utf-8")
    town.write(
        '{path: "documents/*", rights: own}',
        '{path: "documents/*", rights: own}\n  - {path: pairs.jsonl, as: pairs, rights: own}',
    )
    town.build()
    ledger = town.ledger()
    findings = Findings(ledger.findings_in(ledger.newest_pairs()))
    ledger.close()
    assert 1 < len(findings) < 10
    assert town.records().keys() == findings.keys()
    queue = town.owner.queue(town.desk())
    scores = [record["metadata"]["confidence"] for record in queue]
    assert scores == sorted(scores)
    flagged = [record for record in queue if "private_data" in record["metadata"]["checks"]]
    (mail,) = [record for record in flagged if "baker@" in str(record["fields"])]
    assert (mail["metadata"]["score_private_data"], mail["metadata"]["severity"]) == (1.0, "warning")
    assert "<mark>baker@mill.example</mark>" in mail["fields"]["answer"]
    assert {each["score"] for each in mail["suggestions"]} == {mail["metadata"]["confidence"]}

    town.owner.answer(mail)
    town.sync()
    town.write("screen: {echo: {times: 1}}", "screen: {echo: {times: 1}, private_data: {action: redact}}")
    town.build()
    row = published("sft")[mail["external_id"]]
    assert row["review"] == "approved", "a text that was taken back by a check since is no edit of the reviewer's"
    assert "baker@" not in said(row)


def test_pushing_again_changes_only_what_changed(village):
    town = village("pairs: all, awaiting: keep")
    town.build()
    before = town.records()
    rejected, drafted = town.asking("swim?"), town.asking("boatman was your")
    town.owner.answer(rejected, verdict="reject", reasons=["facts"], note="He could swim a little.")
    town.owner.answer(drafted, status="draft", note="I come back to this.")
    town.sync()

    file = town.folder / "documents/ferry.md"
    file.write_text(file.read_text(encoding="utf-8").replace("thirty years", "thirty-one years"), encoding="utf-8")
    town.build()
    after = town.records()
    of_the_ferry = {pair for pair, record in before.items() if record["metadata"]["document"].endswith("ferry.md")}
    assert {
        pair: record for pair, record in after.items() if record["metadata"]["document"].endswith(("bread.md", "clock.html"))
    } == {
        pair: record for pair, record in before.items() if record["metadata"]["document"].endswith(("bread.md", "clock.html"))
    }, "untouched, to the second of their last change"
    new = {pair: record for pair, record in after.items() if pair not in before}
    (back,) = new.values()
    assert "boatman was your" in back["fields"]["question"], "the passage is its answer; the other pair says what it said"
    assert "thirty-one years" in back["fields"]["answer"]
    assert back["status"] == "pending"
    assert not any("My uncle did not" in said(row) for row in published("sft").values()), "what was left out stays out"
    assert of_the_ferry & after.keys() == {rejected["external_id"], drafted["external_id"]}, "what people wrote on stays"


def test_a_decision_is_about_a_text_and_a_changed_text_comes_back(village):
    town = village("pairs: flagged, awaiting: leave_out")
    town.build()
    ledger = town.ledger()
    by_question = {pair.instruction: pair.id for pair in ledger.pairs_of(ledger.newest_pairs(), "kept", "awaiting")}
    bake, flat, boatman = (next(i for q, i in by_question.items() if word in q) for word in ("even bake", "flat?", "boatman was"))
    ledger.add_decision(Decision(bake, "ada", "review", "approve", response="Turn them. All of them.", never_say="Buy bread."))
    ledger.add_decision(Decision(flat, "ada", "review", "reject", reasons=("facts",)))
    ledger.add_decision(Decision(boatman, "ada", "review", "approve", instruction="What was he like?", rating=2))
    ledger.close()
    town.build()
    before = {(row["prompt"][-1]["content"], said(row), row["review"]) for row in published("sft").values()}
    ids = published("sft").keys()

    town.write("description: ", "description: Very ")
    made = town.build()
    assert {(row["prompt"][-1]["content"], said(row), row["review"]) for row in published("sft").values()} == before
    assert not published("sft").keys() & ids, "every request is another now, and so is every id"
    assert [row["rejected"][0]["content"] for row in published("preference").values() if row["origin"] == "never_say"] == [
        "Buy bread."
    ]
    assert town.build().unchanged
    assert town.sync().decided == 3
    (stage,) = [stage for stage in made.stages if stage.name == "review"]
    assert stage.reasons.items() >= {"edited": 2, "left out by reviewers: facts": 1}.items()

    file = town.folder / "documents/ferry.md"
    file.write_text(file.read_text(encoding="utf-8").replace("thirty years", "thirty-one years"), encoding="utf-8")
    town.build()
    (record,) = [record for record in town.records().values() if "thirty-one years" in record["fields"]["answer"]]
    told = record["fields"]["findings"]
    assert "It has changed. Before: approved by ada; the question changed to “What was he like?”; sounds like me: 2" in told


def test_what_was_submitted_and_is_a_draft_again_waits_again(village):
    town = village("pairs: all, awaiting: keep")
    town.build()
    one = town.asking("swim?")
    town.owner.answer(one, verdict="reject")
    assert (town.sync().awaiting, town.sync().decided) == (8, 1)
    town.owner.change(town.asking("swim?"), status="draft", verdict="reject")
    synced = town.sync()
    assert (synced.decisions, synced.awaiting, synced.decided) == (1, 9, 0)
    assert town.sync().decisions == 0
    town.owner.change(town.asking("swim?"), verdict="reject")
    assert (town.sync().awaiting, town.sync().verdicts) == (8, {"reject": 1})


def test_two_that_sync_at_once_lay_out_one_desk(village, monkeypatch):
    town = village("pairs: all, awaiting: keep")
    monkeypatch.setenv("ARGILLA_API_KEY", "not the key")
    town.build()
    monkeypatch.setenv("ARGILLA_API_KEY", town.owner.api_key)
    assert town.owner.dataset(town.workspace, "village") is None, "nothing is laid out yet"
    with ThreadPoolExecutor(4) as pool:
        synced = list(pool.map(lambda _: town.sync(), range(4)))
    assert [each.awaiting for each in synced] == [9] * 4
    assert len(town.records()) == 9


def test_a_document_that_returns_finds_its_decisions(village):
    town = village("pairs: all, awaiting: keep")
    file = town.folder / "documents/bread.md"  # the author's prose that prompts show is from it as well
    text = file.read_text(encoding="utf-8")
    town.build()
    bread, ferry = [
        {p for p, r in town.records().items() if r["metadata"]["document"].endswith(name)} for name in ("bread.md", "ferry.md")
    ]
    rejected = town.asking("even bake")
    town.owner.answer(rejected, verdict="reject")
    file.unlink()
    town.build()
    assert town.records().keys() & bread == {rejected["external_id"]}, "the answered one stays, as the reviewer's own record"
    assert town.records().keys() >= ferry
    assert published("sft").keys() & bread == set()

    file.write_text(text, encoding="utf-8")
    town.build()
    assert town.records().keys() >= bread
    assert published("sft").keys() & bread == bread - {rejected["external_id"]}


def test_who_disagrees_is_settled_by_a_third(village):
    town = village("pairs: all, awaiting: leave_out, min_submitted: 2")
    with pytest.raises(GateError):
        town.build()
    ada, ben, cleo = town.person("ada"), town.person("ben"), town.person("cleo")
    desk = town.desk()
    agreed, disputed, alone = town.asking("swim?"), town.asking("even bake"), town.asking("flat?")
    ada.answer(agreed, sounds_like_me=5)
    ada.answer(disputed, note="As he speaks.")
    ada.answer(alone)
    with pytest.raises(GateError, match="nothing is decided yet"):
        town.build()
    assert not any(ada.name in str(record["fields"]) for record in town.records().values()), "others see nothing of it"
    assert len(ben.queue(desk)) == 9
    assert len(ada.queue(desk)) == 6

    ben.answer(agreed, sounds_like_me=2)
    ben.answer(disputed, verdict="reject", reasons=["facts"])
    town.build()
    assert published("sft").keys() == {agreed["external_id"]}
    assert published("sft")[agreed["external_id"]]["rating"] == 3.5
    synced = town.sync()
    assert synced.agreement == {"pairs": 2, "agreed": 0.5, "alpha": 0.0}
    assert (synced.awaiting, synced.disputed, synced.decided) == (7, 1, 1)

    (tie,) = cleo.queue(town.desk("village-tie-break"))
    assert tie["external_id"] == disputed["external_id"]
    assert f"approved by {ada.name}: As he speaks." in tie["fields"]["findings"]
    assert f"left out by {ben.name} (facts)" in tie["fields"]["findings"]
    cleo.answer(tie, response="Turn them once.")
    town.build()
    row = published("sft")[disputed["external_id"]]
    assert (row["review"], said(row)) == ("edited", "Turn them once.")
    assert town.sync().agreement["agreed"] == 0.5, "who breaks a tie agrees with nobody and disagrees with nobody"


def test_a_dispute_that_is_settled_elsewhere_leaves_the_tie_break(village):
    town = village("pairs: all, awaiting: keep, min_submitted: 2")
    town.build()
    ada, ben = town.person("ada"), town.person("ben")
    ada.answer(town.asking("even bake"))
    ben.answer(town.asking("even bake"), verdict="reject")
    town.sync()
    assert len(town.records("village-tie-break")) == 1
    (town.folder / "documents/bread.md").unlink()
    town.build()
    assert town.records("village-tie-break") == {}


def test_more_reviewers_are_asked_what_one_has_answered(village):
    town = village("pairs: all, awaiting: keep")
    town.build()
    ada, ben = town.person("ada"), town.person("ben")
    ada.answer(town.asking("swim?"))
    assert town.asking("swim?")["status"] == "completed"
    town.write("pairs: all", "pairs: all, min_submitted: 2")
    town.build()
    distribution = town.owner.get(f"datasets/{town.desk()}")["distribution"]
    assert distribution == {"strategy": "overlap", "min_submitted": 2}
    assert len(ben.queue(town.desk())) == 9


def test_a_pair_sent_back_is_written_anew_with_the_note_and_returns(village, monkeypatch):
    town = village("pairs: all, awaiting: leave_out")
    town.write("provider: recorded\n  recordings: recorded/*.jsonl", "provider: anthropic\n  concurrency: 2")
    town.write("words: [15, 60]", "words: [40, 150]")
    with running() as claude:
        for name, value in claude.environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(GateError):
            town.build()
        asked = len(claude.requests())
        first = next(record for record in town.records().values() if record["metadata"]["kind"] == "question_answer")
        town.owner.answer(first, verdict="rewrite", note="Say it as if to a child <b>")
        with pytest.raises(GateError):
            town.build()
        (request,) = claude.requests()[asked:]
        assert "Say it as if to a child" in str(request["body"])

        new = [record for record in town.records().values() if "Rewritten" in record["fields"]["findings"]]
        (second,) = new
        assert f"sent back by {town.owner.name}: Say it as if to a child &lt;b&gt;" in second["fields"]["findings"]
        assert second["status"] == "pending"
        assert second["metadata"]["document"] == first["metadata"]["document"]
        town.owner.answer(second, verdict="rewrite", note="Shorter still.")
        with pytest.raises(GateError):
            town.build()
        (third,) = [
            r for r in town.records().values() if r["status"] == "pending" and "Shorter still." in r["fields"]["findings"]
        ]
        town.owner.answer(third)
        town.build()
        assert published("sft").keys() == {third["external_id"]}
        assert town.build().unchanged
        assert len(claude.requests()) == asked + 2, "each was asked for once"
        assert claude.log()["paid_twice"] == []


def test_a_server_that_was_away_gets_the_pairs_when_it_is_back(village):
    town = village("pairs: all, awaiting: keep")
    address = str(town.owner.http.base_url)
    town.write(address, "http://127.0.0.1:9/")
    made = town.build()
    assert made.counts["train"] + made.counts["validation"] == 9, "it stops nothing"
    (told,) = [note for note in town.notes if "pushed" in note]
    assert "cannot be reached" in told and "http://127.0.0.1:9" in told
    town.write("http://127.0.0.1:9/", address)
    assert town.build().version == made.version
    assert len(town.records()) == 9


def test_without_a_local_server_a_build_says_how_to_begin(village):
    town = village("pairs: all, awaiting: keep")
    town.write(f"argilla: {town.owner.http.base_url}", "argilla: local")
    town.build()
    assert f"9 pairs await review: curate review {town.recipe}" in town.notes


def test_a_share_asks_about_the_same_pairs_each_time(village):
    town = village("pairs: 0.4, awaiting: keep")
    town.build()
    few = town.records().keys()
    assert 0 < len(few) < 9
    town.write("pairs: 0.4", "pairs: 0.8")
    town.build()
    assert few < town.records().keys()


def test_a_workspace_of_others_is_left_as_it_was(village, owner):
    """The desk is the recipe's own dataset; another dataset beside it, and a record of another's in it, stay."""
    town = village("pairs: all, awaiting: keep")
    town.build()
    beside = httpx.Client(base_url=owner.http.base_url, headers={"X-Argilla-Api-Key": owner.api_key})
    body = {"name": "theirs", "workspace_id": town.workspace_id}
    theirs = beside.post("/api/v1/datasets", json=body).raise_for_status().json()
    strange = {"items": [{"external_id": "not-ours", "fields": dict.fromkeys(("question", "answer", "findings", "source"), "x")}]}
    beside.put(f"/api/v1/datasets/{town.desk()}/records/bulk", json=strange).raise_for_status()
    (town.folder / "documents/bread.md").unlink()
    town.build()
    assert "not-ours" in town.records()
    assert owner.get(f"datasets/{theirs['id']}")["name"] == "theirs"


def test_what_was_sent_back_is_not_replayed_from_recordings_and_stays_out(village):
    """With `awaiting: keep`, what recordings answered before would be published at once, as if somebody had asked for it."""
    town = village("pairs: all, awaiting: keep")
    (town.folder / "pairs.jsonl").write_text(PAIRS, encoding="utf-8")
    ready = "\n  - {path: pairs.jsonl, as: pairs, rights: own}"
    town.write('{path: "documents/*", rights: own}', '{path: "documents/*", rights: own}' + ready)
    town.build()
    before = published("sft").keys()
    sent_back = [town.asking("swim?"), town.asking("even bake"), town.asking("your name?")]
    for record in sent_back:
        town.owner.answer(record, verdict="rewrite", note="Shorter.")
    town.notes.clear()
    made = town.build()
    assert published("sft").keys() == before - {record["external_id"] for record in sent_back}
    assert not any("Rewritten" in record["fields"]["findings"] for record in town.records().values())
    told = "\n".join(town.notes)
    assert "2 of the pairs sent back cannot be rewritten by recordings; they stay out" in told
    assert "1 of the pairs sent back came ready and cannot be rewritten; they stay out" in told
    assert "2 of 12 requests" not in told, "what was asked at first has as many recordings as before"
    assert {row["kind"]: row["written"] for row in made.mix} == {"question_answer": 5, "own_words": 4, "pair": 1}

    town.owner.change(town.records()[sent_back[0]["external_id"]], verdict="approve", response="He could not.")
    town.build()
    assert said(published("sft")[sent_back[0]["external_id"]]) == "He could not.", "mended in Argilla after all"


def test_a_recording_that_names_the_pair_replaces_it(village):
    town = village("pairs: all, awaiting: keep")
    town.build()
    first = town.asking("swim?")
    town.owner.answer(first, verdict="rewrite", note="Begin with the boat.")
    recording = {
        "kind": "question_answer", "quote": "a man who can swim will trust the water", "replaces": first["external_id"],
        "instruction": "Should a boatman swim?",
        "response": "The boat was the better kept for it. My uncle could not swim a stroke, and so he looked after every plank.",
    }  # fmt: skip
    with (town.folder / "recorded/all.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(recording) + "\n")
    made = town.build()
    rows = published("sft")
    assert first["external_id"] not in rows
    (new,) = [row for row in rows.values() if said(row) == recording["response"]]
    assert "Rewritten" in town.records()[new["id"]]["fields"]["findings"]
    assert not any("sent back" in note for note in town.notes)
    (row,) = [row for row in made.mix if row["kind"] == "question_answer"]
    assert (row["written"], row["kept"]) == (5, 5), "what stands in place of another is not counted beside it"

    town.owner.change(town.records()[first["external_id"]], verdict="approve")
    town.build()
    assert first["external_id"] in published("sft"), "the recording is for the pair that was sent back, not for its passage"


def test_a_first_build_says_how_many_wait_and_where(village):
    town = village("pairs: all, awaiting: leave_out")
    with pytest.raises(GateError, match="9 pairs await review, nothing is decided yet") as caught:
        town.build()
    assert f"curate review {town.recipe}" in str(caught.value.fix)
    where = str(town.owner.http.base_url).rstrip("/")
    assert f"9 pairs await review at {where}: curate review {town.recipe}" in town.notes
    first, *others = town.records().values()
    for record in others:
        town.owner.answer(record, verdict="reject")
    with pytest.raises(GateError, match="1 pair awaits review, no other pair is left to publish"):
        town.build()
    town.owner.answer(first, verdict="reject")
    with pytest.raises(GateError, match=r"^no pair is left to publish"):
        town.build()


def test_decisions_of_a_lost_ledger_are_fetched_again(village):
    town = village("pairs: all, awaiting: leave_out")
    with pytest.raises(GateError):
        town.build()
    town.owner.answer(town.asking("swim?"))
    town.owner.answer(town.asking("even bake"), verdict="reject")
    town.build()
    kept = published("sft").keys()
    shutil.rmtree(town.folder / "build")

    town.notes.clear()
    with pytest.raises(GateError, match="without the decisions that arrived while this was built") as caught:
        town.build()
    assert f"curate build {town.recipe}" in str(caught.value.fix)
    assert "note: 2 decisions arrived while this was built; the next build goes by them" in town.notes
    town.notes.clear()
    town.build()
    assert published("sft").keys() == kept
    assert not any("arrived" in note for note in town.notes)


def test_show_tells_what_became_of_a_pair_in_the_review(village, capsys):
    town = village("pairs: all, awaiting: keep, min_submitted: 1")
    town.build()

    def shown(record):
        print_pair(found := find_pair(record["external_id"], None))
        return found, capsys.readouterr().out

    names = ("swim?", "flat?", "apple tree", "boatman was your")
    mended, rejected, sent_back, waiting = [town.asking(name) for name in names]
    town.owner.answer(mended, response="He could not.", sounds_like_me=4, never_say="He swam like a fish.")
    town.owner.answer(rejected, verdict="reject", reasons=["voice", "too_long"], note="Not a sermon.")
    town.owner.answer(sent_back, verdict="rewrite", note="Shorter.")
    town.build()
    reviewer = town.owner.name

    found, told = shown(mended)
    assert (found["state"], found["review"]["told"], found["review"]["response"]) == ("kept", "edited", "He could not.")
    assert "My uncle did not" in told and "response, as reviewers edited it" in told and "He could not." in told
    assert "review: edited; sounds like me: 4 of 5" in told and f"approved by {reviewer}" in told
    assert "what it must never say" in told and "He swam like a fish." in told
    found, told = shown(rejected)
    assert found["state"] == "rejected"
    assert "review: left out (voice, too_long)" in told and "note: Not a sermon." in told and "mended" not in told
    assert "review: sent back\n" in shown(sent_back)[1] and "note: Shorter." in shown(sent_back)[1]
    found, told = shown(waiting)
    assert found["review"]["outcome"] == "awaiting" and "review: awaits review" in told

    (town.folder / "documents/ferry.md").unlink()
    town.build()
    found, told = shown(mended)
    assert found["state"] == "not in the newest build" and "(question_answer, not in the newest build)" in told
    town.write("min_submitted: 1", "min_submitted: 2")
    assert find_pair(rejected["external_id"], town.recipe)["review"]["told"] == "awaits another reviewer"


def test_show_names_the_pair_that_was_written_anew_and_the_one_before_it(village):
    town = village("pairs: all, awaiting: keep")
    town.build()
    first = town.asking("swim?")["external_id"]
    town.owner.answer(town.asking("swim?"), verdict="rewrite", note="Begin with the boat.")
    recording = {"kind": "question_answer", "quote": "a man who can swim will trust the water", "replaces": first}
    text = "The boat was the better kept for it. My uncle could not swim a stroke, and so he looked after every plank."
    with (town.folder / "recorded/all.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(recording | {"instruction": "Should a boatman swim?", "response": text}) + "\n")
    town.build()
    new = find_pair(first, None)["review"]["replaced_by"]
    assert find_pair(new, None)["response"] == text
    assert find_pair(new, None)["review"]["replaces"] == first
