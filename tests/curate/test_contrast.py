"""Contrast sets: drafted through the ledger, checked against the sources, made into rows and probes; and the interview."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.contrast.answer_schemas import Draft
from curate.contrast.answers import earlier_answers, nearest_rows, on_policy
from curate.contrast.interview import _templates, agreement, control_of, pairs_of, questions, to_retest
from curate.contrast.marked import as_decided, sets_of_reviews, sets_of_tasks
from curate.contrast.private import answers_without_private, without_private
from curate.contrast.question_forms import rare_forms
from curate.contrast.rows import decided, edited, rows_of
from curate.contrast.sets import Written, alike_in_length, draft_name, draft_sets, matched, requests_for
from curate.decisions.explanations import explained
from curate.decisions.outcomes import Outcome
from curate.fingerprint import fingerprint_of
from curate.ledger.ledger import Ledger
from curate.llm.ask import key_of
from curate.model import (
    Contrast,
    ContrastDecision,
    ContrastItem,
    ContrastSet,
    ContrastTask,
    Document,
    Evidence,
    Interviewed,
    Pair,
    Passage,
    ProbeQuestion,
    Stage,
    TermDecision,
    ThinTerm,
    Turn,
    named_items,
)
from curate.review.argilla import Answered, RemoteRecord
from curate.review.contrasts import record_of
from curate.review.interview import name_of, pull
from curate.screen.settings.private_data import PrivateDataSettings
from curate.sources import SourceTexts
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from tests.make import LIVE, RECIPE, rows, write_corpus

GAUGE = "I read the Pellow gauge at six and wrote it down.\n\nThe company asked after the Pellow gauge, and I said it was mine.\n"
DRAFT = {
    "statements": [
        {
            "question": "What is the Pellow gauge?",
            "other_question": "What did you read at six each morning?",
            "answer": "It is what I read at six, and I wrote it down, as I do with all that I read before anybody is up.",
            "wrong": "It is a clock that I wind at noon, and I never write it down, for the company does that by itself.",
            "quote": "I read the Pellow gauge at six and wrote it down.",
        }
    ],
    "neighbours": [
        {
            "name": "the clock", "question": "Is the Pellow gauge the clock?", "answer": "No. It is mine, and the clock is not.",
            "wrong": "Yes, it is the same old thing.", "quote": "something that nobody wrote anywhere",
        }
    ],
    "premises": [],
    "siblings": [
        {"name": name, "question": f"What is the {name}?", "answer": f"I know of no {name}, and I have been here longer than most. If there is one, nobody has ever shown it to me.",
         "wrong": f"The {name} hangs beside the door, and I read it on Fridays before the bread goes in and again when it is out."}
        for name in ("Dunnock rule", "Lessing float", "Pellow gauges", "Weaver staff")
    ],
    "ask": "",
}  # fmt: skip


def drafted(**more):
    items = (
        ContrastItem("statement", "Pellow gauge", "What is it?", "It is a float in a pipe.", "It is a clock on a wall.",
                     Evidence("a.md", 0, 5, "quote"), "And how would you read it?"),
        *(ContrastItem("invented", name, f"What is {name}?", f"I do not know {name}.", f"{name} hangs by the door.")
          for name in ("Dunnock", "Lessing", "Weaver")),
    )  # fmt: skip
    values = {"id": "contrast-1", "term": "Pellow gauge", "key": "pellowgaug", "document": "a.md", "items": items, "mentions": ()}
    return ContrastSet(**values | more)


@pytest.fixture
def gauge(tmp_path):
    """The small corpus with a thin term and a recorded draft of its set."""
    path = write_corpus(tmp_path, RECIPE + "contrast: {terms: 5, share: 0.45}\nreview: {awaiting: keep, pairs: none}\n")
    (tmp_path / "documents/gauge.md").write_text(GAUGE, encoding="utf-8")
    path.write_text(
        path.read_text(encoding="utf-8").replace("  - expect_column_values_to_not_be_null: {column: quote}\n", ""),
        encoding="utf-8",
    )
    line = {"kind": "contrast", "term": "Pellow gauge", "set": DRAFT}
    (tmp_path / "recorded/contrasts.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_set_becomes_rows_preferences_and_probes(gauge, curate):
    made = json.loads(curate(gauge.parent, "build", "recipe.yaml", "--json").stdout)
    (stage,) = [each for each in made["stages"] if each["name"] == "contrast"]
    assert stage["reasons"]["quote is not in the passages"] == 1
    assert stage["reasons"]["invented name is in the sources"] == 1
    folder = gauge.parent / "build/village/dataset" / made["version"]
    sft = [row for part in folder.glob("sft/*.parquet") for row in pq.read_table(part).to_pylist()]
    ours = [row for row in sft if row["kind"] in ("clarification", "correction", "not_known")]
    assert sorted(row["kind"] for row in ours) == ["clarification", "not_known"]
    (told,) = [row for row in ours if row["kind"] == "clarification"]
    text = (gauge.parent / "documents/gauge.md").read_text(encoding="utf-8")
    assert text[told["quote_start"] : told["quote_end"]] == told["quote"]
    probes = pq.read_table(folder / "probes/test.parquet").to_pylist()
    assert sorted(probe["about"] for probe in probes) == ["invented", "known"]
    assert set(probes[0]) == {"id", "about", "prompt", "term", "set"}
    trained = {row["prompt"][-1]["content"] for row in sft}
    assert not trained & {probe["prompt"][-1]["content"] for probe in probes}
    preferences = [row for part in folder.glob("preference/*.parquet") for row in pq.read_table(part).to_pylist()]
    assert {row["term"] for row in preferences} == {"Pellow gauge"}
    assert {row["id"] for row in preferences} == {row["id"] for row in ours}
    status = json.loads(curate(gauge.parent, "status", "recipe.yaml", "--json").stdout)
    assert status["contrast"] == {"unexplained": 1, "unanswered": 0, "inconsistent": 0, "sets": 1, "awaiting": 1}
    report = json.loads(curate(gauge.parent, "report", "recipe.yaml", "--json").stdout)
    assert report["thin_terms"][0]["term"] == "Pellow gauge" and report["preferences"]["rows"] == 2
    assert "Pellow gauge" in (gauge.parent / "build/village/report/index.html").read_text(encoding="utf-8")
    again = json.loads(curate(gauge.parent, "build", "recipe.yaml", "--json").stdout)
    assert again["unchanged"]


@pytest.mark.slow
def test_a_persons_explanation_and_dismissal_reach_the_rows(gauge, curate):
    curate(gauge.parent, "build", "recipe.yaml")
    ledger = Ledger(gauge.parent / "build/village/ledger.db")
    (only,) = ledger.contrast_sets()
    said = "A brass float in a pipe at lock one, and nobody but me reads it."
    assert ledger.add_contrast_decision(ContrastDecision(only.id, "ann", "approve", {"explain": said}))
    assert not ledger.add_contrast_decision(ContrastDecision(only.id, "ann", "approve", {"explain": said}))
    ledger.close()
    made = json.loads(curate(gauge.parent, "build", "recipe.yaml", "--json").stdout)
    folder = gauge.parent / "build/village/dataset" / made["version"]
    sft = [row for part in folder.glob("sft/*.parquet") for row in pq.read_table(part).to_pylist()]
    (told,) = [row for row in sft if row["kind"] == "clarification"]
    assert (told["completion"][0]["content"], told["review"]) == (said, "edited")
    curate(gauge.parent, "contrast", "dismiss", "recipe.yaml", "Pellow gauge")
    made = json.loads(curate(gauge.parent, "build", "recipe.yaml", "--json").stdout)
    assert "probes" not in made["counts"]


@pytest.mark.slow
def test_claude_drafts_sets_once_and_under_the_budget(tmp_path, curate, claude):
    live = (
        LIVE.replace("  kinds:", "  budget_usd: 9\n  kinds:")
        + "contrast: {terms: 2, share: 0.3}\nreview: {awaiting: keep, pairs: none}\n"
    )
    live = live.split("expect:")[0] + live[live.index("split:") :]
    path = write_corpus(tmp_path, live)
    (tmp_path / "documents/gauge.md").write_text(GAUGE, encoding="utf-8")
    curate(tmp_path, "build", "recipe.yaml", env=claude.environment)
    ledger = path.parent / "build/village/ledger.db"
    asked = rows(ledger, "select key from requests where kind = 'contrast'")
    answered = rows(ledger, "select r.usd from responses r join requests q on q.key = r.request where q.kind = 'contrast'")
    assert len(asked) == len(answered) == 1 and answered[0][0] > 0
    count = len(claude.requests())
    (tmp_path / "control.yaml").write_text("questions: [{id: one, about: voice, question: Why bread?}]\n", encoding="utf-8")
    curate(tmp_path, "build", "recipe.yaml", env=claude.environment)
    assert len(claude.requests()) == count


@pytest.mark.slow
def test_an_invented_name_that_is_in_the_sources_is_known():
    written = Written(["The Pellow gauges hang there.", "Die Grummleine ist nass."])
    assert all(map(written.has, ("Pellow gauge", "pellow-gauge", "Grummleinen", "The Pellow Gauge")))
    assert not written.has("Dunnock rule")


def test_length_does_not_tell_the_wrong_answer_from_the_right_one():
    chosen = "It is a float in a pipe. I read it at six."
    rejected = "It is a clock on a wall. I read it at noon. The company gave it to me for thirty years. I am fond of it."
    assert matched(chosen, rejected) == "It is a clock on a wall. I read it at noon."
    assert matched(chosen, "Short.") == "Short."
    assert not alike_in_length(chosen, "Short.")


def test_contrast_rows_keep_to_their_share_and_hold_a_sibling_out():
    one, other = drafted(), drafted(id="contrast-2", term="cold-pinning", key="coldpin")
    made = rows_of([one, other], 20, 0.1, {})
    assert [pair.kind for pair in made.pairs] == ["clarification", "not_known"]  # of two in all, one says it is not known
    assert made.reasons["enough rows that say it is not known"] == 3
    assert made.reasons["over the share of contrasts"] == 1
    assert len(made.probes) == 4
    trained = {pair.instruction for pair in made.pairs}
    assert not trained & {probe.question for probe in made.probes}
    assert {each.pair for each in made.preferences} <= {pair.id for pair in made.pairs}


def test_a_set_asks_what_the_sources_answer_too(corpus, monkeypatch):
    quoted = "The oven is nine feet deep."
    document = Document("a.md", "a.md", f"I mended the Pellow gauge. {quoted}", "own")
    sources = SourceTexts({"a.md": document}, {"a.md": [Passage("a.md", 0, len(document.text), document.text)]})
    terms = [ThinTerm("Pellow gauge", "pellowgaug", "unexplained", (Evidence("a.md", 11, 23, "Pellow gauge"),), "", "high")]
    known = [
        {"question": "How deep is the oven?", "answer": "Nine feet.", "wrong": "Two feet.", "quote": quote}
        for quote in (quoted, "The oven is of brick.", quoted)
    ]
    draft = DRAFT | {"statements": [], "neighbours": [], "known": known}
    monkeypatch.setattr("curate.contrast.sets.ask_missing", lambda *_, **__: None)
    monkeypatch.setattr("curate.contrast.sets.answer_in", lambda *_: Draft.model_validate(draft))
    path = corpus.with_name("contrast.yaml")
    path.write_text(corpus.read_text(encoding="utf-8") + "contrast: {}\n", encoding="utf-8")
    model, stage = SimpleNamespace(identity=lambda request: "model", responses=lambda key: key), Stage("contrast")
    recipe = load_recipe(path)
    ((one,), _) = draft_sets(recipe, terms, sources, [], model, model, stage, lambda *_: None)
    assert [name for name, _ in named_items(one)] == ["known_1", "invented_1", "invented_2"]
    assert stage.reasons["quote is not in the passages"] == 1, "of the first two; a third is not taken"
    made = rows_of([one], 100, 0.1, {})
    assert [(pair.kind, pair.evidence and pair.evidence.quote) for pair in made.pairs] == [
        ("clarification", quoted),
        ("not_known", None),
    ]
    assert "known_1_chosen" in {each["question"] for each in record_of(one)["suggestions"]}
    (request,) = requests_for(recipe, terms, sources, []).values()
    assert "up to 2 short questions that the documents do answer" in request.user and "known" in request.schema["properties"]


def test_an_undecided_set_counts_where_the_recipe_keeps_what_awaits():
    one = drafted()
    assert decided([one], {}, keep_awaiting=False) == []
    assert decided([one], {}, keep_awaiting=True) == [one]
    dismissed = {one.id: ContrastDecision(one.id, "ann", "dismiss", {})}
    assert decided([one], dismissed, keep_awaiting=True) == []
    approved = {one.id: ContrastDecision(one.id, "ann", "approve", {"statement_rejected": "It is a bell."})}
    (kept,) = decided([one], approved, keep_awaiting=False)
    assert kept.items[0].rejected == "It is a bell."


def test_an_explanation_answers_a_plain_question_where_nothing_was_drafted():
    silent = drafted(items=(), ask="What is it?")
    (item,) = edited(silent, {"explain": "A float in a pipe."}).items
    assert (item.question, item.chosen) == ("What do you mean by “Pellow gauge”?", "A float in a pipe.")


def test_what_an_earlier_run_answered_is_the_wrong_answer(tmp_path):
    def own(question, answer, *, adapter):
        return {
            "question": question,
            "answer": answer,
            "adapter": adapter,
            "system": True,
            "retrieval": False,
            "engine": "model",
            "sample": 0,
        }

    folder = BuildFolder(tmp_path)
    for run, answer in (("001", "It is old."), ("002", "It is a bell that hangs over the gate.")):
        (folder.runs / run).mkdir(parents=True)
        table = pa.Table.from_pylist(
            [
                own("What is the Pellow gauge?", answer, adapter=True),
                own("What is the Pellow gauge?", "I do not know.", adapter=False),
                own("Who was your uncle?", "He ran a boat and he swam well all his life.", adapter=False),
            ]
        )
        pq.write_table(table, folder.runs / run / "answers.parquet")
    answers = earlier_answers(folder)
    prefer = Contrast(
        "p",
        (Turn("user", "what is the Pellow gauge"),),
        "It is a float in a pipe, so I read it.",
        "A clock.",
        "a.md",
        "generator",
    )
    prose = Pair(
        "own", "own_words", (Turn("user", "Who was your uncle?"),), "He ran the ferry and never learned to swim at all.", "a.md"
    )
    found = on_policy([prefer], [prose], answers)
    assert [(each.rejected, each.origin) for each in found] == [
        ("It is a bell that hangs over the gate.", "earlier_run"),
        ("He ran a boat and he swam well all his life.", "earlier_run"),
    ]
    same = replace(prefer, chosen="It is a bell that hangs over the gate.")
    assert on_policy([same], [], answers)[0].origin == "generator"


def test_an_answer_marked_as_wrong_opens_a_task_with_the_nearest_rows(corpus, curate):
    curate(corpus.parent, "build", "recipe.yaml")
    done = curate(
        corpus.parent,
        "contrast",
        "add",
        "recipe.yaml",
        "--question",
        "Is the town clock right?",
        "--answer",
        "The town clock is never slow.",
        "--json",
    )
    rows = json.loads(done.stdout)["rows"]
    shown = json.loads(curate(corpus.parent, "show", rows[0], "--json").stdout)
    assert "clock" in json.dumps(shown)
    listed = json.loads(curate(corpus.parent, "contrast", "list", "recipe.yaml", "--json").stdout)
    assert listed["wrong_answers"][0]["rows"] == rows
    (opened,) = sets_of_tasks([ContrastTask("", "Is it right?", "Never.", "run-1", tuple(rows))])
    assert rows[0] in opened.ask and rows_of([opened], 100, 0.1, {}).pairs == []
    told = edited(opened, {"marked_chosen": "It is four minutes slow, and so are we."})
    assert [pair.kind for pair in rows_of([told], 100, 0.1, {}).pairs] == ["correction"]


def test_what_must_never_be_said_can_be_edited_and_taken_back():
    pair = Pair("p", "question_answer", (Turn("user", "Why?"),), "Because it is so.", "a.md")
    sets = sets_of_reviews([pair], {"p": Outcome("approve", never_say=("As an AI, I cannot.",))})
    (only,) = sets
    contrast = Contrast("p", pair.prompt, pair.response, "As an AI, I cannot.", "a.md", "never_say")
    approve = {only.id: ContrastDecision(only.id, "ann", "approve", {"marked_rejected": "I could not say."})}
    assert [each.rejected for each in as_decided([contrast], sets, approve)] == ["I could not say."]
    assert as_decided([contrast], sets, {only.id: ContrastDecision(only.id, "ann", "dismiss", {})}) == []
    assert as_decided([contrast], sets, {}) == [contrast]


def test_a_decision_holds_for_its_draft_and_explanations_for_all(tmp_path):
    term = ThinTerm("Pellow gauge", "pellowgaug", "unexplained", (), "", "high")
    one = drafted()
    other = replace(one, items=(replace(one.items[0], rejected="It is a bell on a gate."), *one.items[1:]))
    one, other = (replace(each, id=draft_name(term, each.items, "")) for each in (one, other))
    assert one.id == draft_name(term, one.items, "") != other.id
    ledger = Ledger(tmp_path / "ledger.db")
    said = "A brass float in a pipe at lock one."
    ledger.add_contrast_sets(ledger.begin_build("fingerprint"), [one])
    ledger.add_contrast_decision(ContrastDecision(one.id, "ann", "approve", {"explain": said, "invented_1_chosen": "No."}))
    decisions = ledger.contrast_decisions()
    explanations, only = explained([other], ledger.explanations(), [])
    assert (explanations, only) == ({other.id: said}, [])
    (kept,) = decided([other], decisions, explanations, keep_awaiting=False)
    assert [(item.role, item.chosen, item.rejected) for item in kept.items] == [("statement", said, "")]
    (kept,) = decided([other], decisions, explanations, keep_awaiting=True)
    assert [item.chosen for item in kept.items] == [said, *(item.chosen for item in other.items[1:])]
    reviews = {pair.kind: pair.review for pair in rows_of([kept], 100, 0.1, decisions, explanations).pairs}
    assert reviews == {"clarification": "edited", "not_known": ""}
    suggested = {each["question"]: each["value"] for each in record_of(other, said)["suggestions"]}
    assert suggested["explain"] == said


def test_add_explain_makes_a_row_with_or_without_a_set(corpus, curate):
    (corpus.parent / "documents/gauge.md").write_text(GAUGE, encoding="utf-8")
    curate(corpus.parent, "contrast", "add", "recipe.yaml", "Pellow gauge", "--explain", "A brass float in a pipe at lock one.")
    refused = curate(corpus.parent, "contrast", "add", "recipe.yaml", "--explain", "A float.", code=2)
    assert "--explain says what a term is: say which term" in refused.stderr
    ledger = Ledger(corpus.parent / "build/village/ledger.db")
    said, decisions = ledger.explanations(), ledger.term_decisions()
    ledger.close()
    for sets in ([drafted()], []):
        texts, only = explained(sets, said, decisions)
        kept = decided(only + sets, {}, texts, keep_awaiting=False)
        (row,) = rows_of(kept, 100, 0.1, {}, texts).pairs
        assert (row.instruction, row.response, row.review) == (
            "What do you mean by “Pellow gauge”?",
            "A brass float in a pipe at lock one.",
            "edited",
        )
    dismissed = [*decisions, TermDecision("Pellow gauges", "dismiss")]
    assert explained([drafted()], said, dismissed) == ({}, [])


def test_private_data_is_treated_in_preferences_as_in_pairs():
    address = "tom.rudge@lockside-bakery.de"
    said = f"Write to {address} about it."
    preference = Contrast("p", (Turn("user", said),), said, said, "a.md", "generator", term="Tom Rudge", evidence=said)
    only_rejected = Contrast("q", (Turn("user", "Who?"),), "Nobody at all.", said, "a.md", "generator")
    clean = replace(only_rejected, pair="r", rejected="Everybody there is.")
    probe = ProbeQuestion("i", "invented", said, "Tom Rudge", "contrast-1")
    redact, drop = (PrivateDataSettings(action=action, names=["Tom Rudge"]) for action in ("redact", "drop"))
    stage = Stage("contrast")
    kept = without_private([preference, only_rejected, clean], redact, {"p"}, stage)
    assert len(kept) == 3 and address not in str(kept) and "Tom Rudge" not in str(kept)
    assert kept[0].chosen == "Write to [an e-mail address] about it." and stage.reasons == {}
    assert address not in str(without_private([probe], redact, set(), stage))
    assert answers_without_private({"who": said}, redact) == {"who": "Write to [an e-mail address] about it."}
    assert without_private([preference, only_rejected, clean], drop, {"p"}, stage) == [preference, clean]
    assert without_private([probe], drop, set(), stage) == []
    assert stage.reasons == {"private data": 2}
    assert without_private([probe], drop, {"contrast-1"}, stage) == [probe]
    assert answers_without_private({"who": said, "why": "So."}, drop) == {"why": "So."}


def test_the_nearest_rows_are_those_that_share_words():
    pairs = [
        Pair(str(number), "question_answer", (Turn("user", question),), answer, "a.md")
        for number, (question, answer) in enumerate([("Bread?", "Flour and water."), ("The ferry?", "My uncle ran the ferry.")])
    ]
    assert [pair.id for pair in nearest_rows("The ferry sank with my uncle.", "What of the ferry?", pairs)] == ["1"]


# --- the interview ---


@pytest.mark.slow
def test_an_interview_becomes_gold_pairs_and_controlled_questions(gauge, curate):
    curate(gauge.parent, "build", "recipe.yaml")
    asked = json.loads(curate(gauge.parent, "interview", "recipe.yaml", "--json", "--most", "3").stdout)["questions"]
    kinds = [question["kind"] for question in asked]
    assert "decision" in kinds
    answers = {
        "term": "A brass float in a pipe at lock one.\nNobody reads it but me.\n\nThey think that it is a clock, all of them.\n\n",
        "decision": "2\nA friend can bear to hear it.\n\nIf he were ill I would wait a week.\n\n",
        "topic": "Bread wants a night of doing nothing.\n\nMy father, with few words.\n\n",
        "register": "You are angry, and it was not me.\n\nI would say it again.\n\n",
    }
    done = curate(gauge.parent, "interview", "recipe.yaml", "--most", "3", input="".join(answers[kind] for kind in kinds))
    assert "6 answers kept" in done.stdout, done.stdout
    made = json.loads(curate(gauge.parent, "build", "recipe.yaml", "--json").stdout)
    folder = gauge.parent / "build/village/dataset" / made["version"]
    sft = [row for part in folder.glob("sft/*.parquet") for row in pq.read_table(part).to_pylist()]
    gold = [row for row in sft if row["kind"] == "interview"]
    assert len(gold) == 5 and {row["review"] for row in gold} == {"approved"}
    decisions = [row for row in pq.read_table(folder / "control/test.parquet").to_pylist() if row["choice"]]
    assert (decisions[0]["about"], decisions[0]["choices"]) == ("decision", ["vouch for it", "say what you think"])
    assert [row["choice"] for row in decisions] == ["say what you think"]
    trained = {row["prompt"][-1]["content"] for row in sft}
    assert decisions[0]["prompt"][-1]["content"] not in trained
    assert json.loads(curate(gauge.parent, "build", "recipe.yaml", "--json").stdout)["unchanged"]
    left = json.loads(curate(gauge.parent, "interview", "recipe.yaml", "--json", "--most", "3").stdout)["questions"]
    assert not {question["key"] for question in left} & {question["key"] for question in asked}


@pytest.mark.parametrize(
    ("tongue", "form", "question"),
    [
        ("en", "how", "How do you mend a gate?"), ("en", "why", "And why not?"), ("en", "when", "When should I begin?"),
        ("en", "who", "Who taught you?"), ("en", "differs", "What is the difference between the two?"),
        ("en", "advice", "Should I move?"), ("de", "how", "Wie macht man das?"), ("de", "differs", "Worin unterscheiden sie sich?"),
        ("fr", "who", "Qui vous a appris cela ?"), ("fr", "advice", "Dois-je partir ?"), ("es", "when", "¿Cuándo empiezo?"),
    ],
)  # fmt: skip
def test_a_question_has_its_form(tongue, form, question):
    forms = _templates()[tongue]["forms"]
    assert list(forms) == list(_templates()["en"]["forms"])
    pair = Pair("p", "question_answer", (Turn("user", question),), "So.", "a.md")
    others = [replace(pair, id=str(number), prompt=(Turn("user", "What is it?"),)) for number in range(19)]
    counts = {name: count for name, count, _ in rare_forms([pair, *others], {name: one for name, (one, _) in forms.items()})}
    assert form not in counts and set(counts.values()) == {0}, "one of twenty is no rarity"


def test_the_interview_asks_in_the_form_that_no_pair_has(corpus):
    ledger, recipe = Ledger(corpus.parent / "ledger.db"), load_recipe(corpus)
    document = Document("a.md", "a.md", "The bread is in the oven and the oven is hot. " * 4, "own")
    pairs = [
        Pair(str(number), "question_answer", (Turn("user", f"Why {word}?"),), "So.", "a.md")
        for number, word in enumerate(("bread", "salt", "flour", "heat") * 5)
    ]
    forms = [each for each in questions(recipe, [document], pairs, ledger) if each.kind == "form"]
    assert [each.about for each in forms] == ["how", "when", "who", "differs", "advice"]
    assert forms[0].why == "0 of 20 questions ask so: how"
    assert [each for each in questions(recipe, [document], pairs[:10], ledger) if each.kind == "form"] == []


@pytest.mark.slow
def test_a_retest_asks_old_decisions_alone_and_counts_agreement(corpus, curate):
    curate(corpus.parent, "build", "recipe.yaml")
    ledger = Ledger(corpus.parent / "build/village/ledger.db")
    first, *_ = (each for each in questions(load_recipe(corpus), [], [], ledger) if each.kind == "decision")
    for key, days in ((first.key, 40), ("lately", 2)):
        old = Interviewed(
            key, "decision", "decision", first.text, "Because.", first.choices[0], "ann", answered_at=time.time() - days * 86_400
        )
        ledger.add_interviewed(old)
    ledger.close()
    asked = json.loads(curate(corpus.parent, "interview", "recipe.yaml", "--retest", "--json").stdout)["questions"]
    assert [(each["key"], each["choices"]) for each in asked] == [(first.key, list(first.choices))]
    done = curate(corpus.parent, "interview", "recipe.yaml", "--retest", input="2\nI see it otherwise now.\n\n").stdout
    assert "1 answer kept" in done and "Of 1 decision asked twice you decided 0 alike" in done
    left = json.loads(curate(corpus.parent, "interview", "recipe.yaml", "--retest", "--json").stdout)
    assert (left["questions"], left["asked_twice"], left["decided_alike"]) == ([], 1, 0)


@pytest.mark.slow
def test_what_was_typed_is_kept_when_a_person_stops_there(gauge, curate):
    asked = json.loads(curate(gauge.parent, "interview", "recipe.yaml", "--json", "--most", "1").stdout)["questions"]
    typed = "²\nA brass float." if asked[0]["kind"] == "decision" else "A brass float."  # the input ends within the line
    done = curate(gauge.parent, "interview", "recipe.yaml", "--most", "3", input=typed + "\nNobody reads it")
    assert "1 answer kept" in done.stdout, done.stdout
    said = rows(gauge.parent / "build/village/ledger.db", "select answer, choice from interview")
    assert [answer for answer, _ in said] == ["A brass float.\nNobody reads it"]


@pytest.mark.slow
def test_claude_asks_on_and_the_question_is_kept(tmp_path, curate, claude):
    path = write_corpus(tmp_path, LIVE)
    env = claude.environment
    curate(
        tmp_path,
        "interview",
        "recipe.yaml",
        "--most",
        "1",
        input="1\nBecause a friend can bear it.\n\nOnce, with my uncle there.\n\n",
        env=env,
    )
    said = rows(path.parent / "build/village/ledger.db", "select kind, question, follows from interview order by id")
    assert [kind for kind, _, _ in said] == ["decision", "follow_up"] and said[1][2] == 1
    assert len(rows(path.parent / "build/village/ledger.db", "select * from responses")) == 1


def test_a_decision_is_asked_again_after_a_month_and_agreement_counted(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    old = time.time() - 40 * 86_400
    first = Interviewed("k", "decision", "decision", "Keep it?", "Because.", "keep it", "ann", answered_at=old)
    number = ledger.add_interviewed(first)
    ledger.add_interviewed(replace(first, key="new", answered_at=time.time()))
    (again,) = to_retest(ledger)
    assert again.retests == number
    ledger.add_interviewed(replace(first, choice="Keep it.", retests=number, answered_at=0.0))
    assert agreement(ledger.interviewed()) == (1, 1)
    assert to_retest(ledger) == []
    assert len(control_of(ledger.interviewed())) == 2
    assert pairs_of(ledger.interviewed()) == []


def test_two_terms_with_one_display_form_have_their_own_answers(corpus, monkeypatch):
    texts = {"a.md": "March is the month of floods.", "b.md": "March was my uncle's name."}
    documents = {path: Document(path, path, text, "own") for path, text in texts.items()}
    sources = SourceTexts(documents, {path: [Passage(path, 0, len(text), text)] for path, text in texts.items()})
    terms = [ThinTerm("March", path, "unexplained", (Evidence(path, 0, 5, "March"),), "", "high") for path in texts]
    monkeypatch.setattr("curate.contrast.sets.ask_missing", lambda *_, **__: None)
    monkeypatch.setattr(
        "curate.contrast.sets.answer_in", lambda key, _: Draft.model_validate(DRAFT | {"ask": key, "statements": []})
    )
    model = SimpleNamespace(identity=lambda request: "model", responses=lambda key: key)
    path = corpus.with_name("contrast.yaml")
    path.write_text(corpus.read_text(encoding="utf-8") + "contrast: {}\n", encoding="utf-8")
    recipe = load_recipe(path)
    sets, _ = draft_sets(recipe, terms, sources, [], model, model, Stage("contrast"), lambda *_: None)
    one, other = requests_for(recipe, terms, sources, []).values()
    assert [each.ask for each in sets] == [key_of(one, "model"), key_of(other, "model")]
    assert sets[0].ask != sets[1].ask


def test_a_runs_answers_make_another_build(corpus):
    path = corpus.with_name("contrast.yaml")
    path.write_text(corpus.read_text(encoding="utf-8") + "contrast: {}\n", encoding="utf-8")
    ledger = Ledger(corpus.parent / "ledger.db")
    seen = {name: [fingerprint_of(load_recipe(name), [], ledger)] for name in (corpus, path)}
    run = BuildFolder.of(load_recipe(path)).runs / "001"
    run.mkdir(parents=True)
    for text in ("one", "longer"):
        (run / "answers.parquet").write_text(text, encoding="utf-8")
        for name, found in seen.items():
            found.append(fingerprint_of(load_recipe(name), [], ledger))
    assert len(set(seen[path])) == 3
    assert len(set(seen[corpus])) == 1


class Remote:
    """A dataset of questions, whose records have these answers."""

    def __init__(self):
        self.answers = {}

    def records(self):
        return [RemoteRecord(name, name, is_pending=False, answers=(answer,)) for name, answer in self.answers.items()]

    def answer(self, name, status="submitted", **texts):
        self.answers[name] = Answered(name, "ann", status, {key: {"value": text} for key, text in texts.items()})


def test_a_corrected_or_discarded_answer_replaces_the_one_before(tmp_path):
    ledger, remote = Ledger(tmp_path / "ledger.db"), Remote()
    topic = Interviewed("t", "bread", "topic", "What of bread?", "", answered_at=-1)
    decision = Interviewed("d", "decision", "decision", "Keep it?", "", answered_at=-1)
    for asked in (topic, decision):
        ledger.add_interviewed(asked)
    remote.answer("interview-t", answer="It wants a nigth of nothing.")
    remote.answer(
        "interview-d", answer="Because it is mine, and I would not give it to anybody who asked me for it.", choice="keep"
    )
    assert pull(remote, ledger) == 2 and pull(remote, ledger) == 0
    (first,) = (each for each in ledger.interviewed() if each.choice)
    remote.answer("interview-t", answer="It wants a night of nothing.")
    remote.answer(
        "interview-d", answer="Because it is mine, and I would not give it to anybody who asked me for it.", choice="sell"
    )
    assert pull(remote, ledger) == 2
    again = replace(decision, retests=first.id)
    ledger.add_interviewed(again)
    remote.answer(name_of(again), answer="sell")
    assert name_of(again) != name_of(decision) and pull(remote, ledger) == 1
    said = ledger.interviewed()
    assert [pair.response for pair in pairs_of(said)] == ["It wants a night of nothing."]
    assert [(each.choice, each.retest) for each in control_of(said)] == [("sell", "sell")]
    assert agreement(said) == (1, 1)
    assert control_of([*said, replace(first, id=99, who="bob", choice="burn")])[0].choice == "burn"
    remote.answer("interview-t", status="discarded")
    remote.answer("interview-d", status="discarded")
    assert pull(remote, ledger) == 2 and pull(remote, ledger) == 0
    said = ledger.interviewed()
    assert pairs_of(said) == [] and control_of(said) == [] and agreement(said) == (0, 0)


def test_a_follow_up_has_the_exchange_before_it():
    said = [
        Interviewed("a", "gauge", "term", "What is it?", "A float in a pipe.", who="ann", answered_at=1.0, id=1),
        Interviewed("b", "gauge", "follow_up", "And why?", "To know the level.", who="ann", follows=1, answered_at=2.0, id=2),
        Interviewed("c", "x", "topic", "Skipped?", "", who="ann", answered_at=3.0, id=3),
    ]
    first, second = pairs_of(said)
    assert [turn.content for turn in second.prompt] == ["What is it?", "A float in a pipe.", "And why?"]
    assert first.document == second.document == "interview/1"
    assert first.wrote == "person"
