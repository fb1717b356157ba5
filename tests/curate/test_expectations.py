"""What a person may rely on of our expectations: each holds where it should, fails where it should, names rows, says what to do."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from curate.decisions.outcomes import Reviewed
from curate.model import Evidence, Finding, Pair, Turn
from curate.read.documents import read_document
from curate.read.passages import cut
from curate.select.split import Split
from curate.sources import SourceTexts
from curate.validate.frame import COLUMNS, frame_of
from curate.validate.suite import Outcome, make_suite, validate
from likeness.errors import RecipeError
from likeness.recipe.load import load_recipe
from tests.make import CONTROL, RECIPE, change, json_of, one_message
from tests.make import rows as rows_of

from .test_style import DEMO, planted

pytestmark = pytest.mark.slow  # Great Expectations takes seconds to load

NOTHING = SourceTexts()


def pair(name: str, said: str = "Dry.", asked: str = "", kind: str = "question_answer", **more) -> Pair:
    return Pair(name, kind, (Turn("user", asked or f"What of {name}?"),), said, more.pop("document", "a.md"), **more)


def table(train, validation=(), sources=NOTHING, findings=None, reviewed=None):
    return frame_of(Split(list(train), list(validation)), sources, findings or {}, reviewed or Reviewed(kept=list(train)))


def suite_of(folder: Path, *expected: dict):
    """The suite of a recipe that expects just this."""
    (folder / "control.yaml").write_text(CONTROL)
    before, rest = RECIPE.split("expect:\n")
    after = rest[rest.index("split:") :]
    (folder / "recipe.yaml").write_text(f"{before}expect: {json.dumps(list(expected))}\n{after}")
    return make_suite(load_recipe(folder / "recipe.yaml"), folder / "recipe.yaml")


@pytest.fixture
def judge(tmp_path):
    """`judge(frame, name, **arguments)`: what Great Expectations says, and `judge.page` is what Data Docs show."""

    def run(frame, name: str, **arguments) -> Outcome:
        (outcome,) = validate(frame, suite_of(tmp_path, {name: arguments}), tmp_path / "docs")
        run.page = (tmp_path / "docs/index.html").read_text(encoding="utf-8")
        run.shown = " ".join(BeautifulSoup(run.page, "html.parser").get_text(" ").split())
        return outcome

    return run


@pytest.fixture(scope="module")
def keeper():
    paths = [path for path in sorted((DEMO / "documents").rglob("*")) if path.suffix in (".md", ".txt", ".html")]
    documents = [read_document(path, path.name, "own") for path in paths]
    return SourceTexts(
        {d.path: d for d in documents}, {d.path: cut(d, 350) for d in documents}, ["How far is the moon from the mill?"]
    )


# --- one by one ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expected", "fix"),
    [
        (("expect_column_values_to_not_be_null", {"column": "quote"}), "Take this expectation out of the recipe"),
        (("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["essay"]}), "Reject these rows in review"),
        (("expect_column_values_to_be_in_set", {"column": "response", "value_set": ["Wet."]}), "Correct or reject these rows"),
    ],
)
def test_the_librarys_own_say_what_helps_against_the_rows_that_break_them(judge, expected, fix):
    name, arguments = expected
    failed = judge(table([pair("p1", kind="interview")]), name, **arguments)
    assert failed.rows == ("p1",) and fix in failed.fix


@pytest.mark.slow
def test_term_share(judge):
    rows = [
        pair(f"p{n}", "The slack water came. Slack water!" if n < 3 else "A dry day, slack and long. Water came.")
        for n in range(10)
    ]
    held = judge(table(rows), "expect_term_share_to_be_at_most", terms=["Slack water"], max_share=0.3)
    assert (held.success, held.rows, held.fix) == (True, (), "")
    failed = judge(table(rows), "expect_term_share_to_be_at_most", terms=["slack water"], max_share=0.2)
    assert (failed.success, failed.rows, failed.observed) == (False, ("p0", "p1", "p2"), "'slack water' in 30.0% of rows")
    assert "Leave out or reword 2 rows with “slack water”" in failed.fix  # 1 of 8 is less than a fifth, 2 of 9 is more
    assert "“slack water” may be in at most 20.0% of rows (response)." in judge.shown
    assert not judge(
        table(rows), "expect_term_share_to_be_at_most", column="instruction", terms=["what of"], max_share=0.9
    ).success


@pytest.mark.slow
@pytest.mark.slow
def test_passage_coverage_names_the_passages_that_no_pair_quotes(judge, keeper):
    places = [(document, passage) for document, passages in keeper.passages.items() for passage in passages]
    rows = [
        pair(f"p{n}", document=document, evidence=Evidence(document, passage.start, passage.start + 20, passage.text[:20]))
        for n, (document, passage) in enumerate(places)
    ]
    assert judge(table(rows, sources=keeper), "expect_passage_coverage_to_be_at_least", min_share=1.0).success
    failed = judge(table(rows[3:], sources=keeper), "expect_passage_coverage_to_be_at_least", min_share=0.99)
    assert (failed.success, failed.rows) == (False, ())
    assert failed.observed.startswith(f"{len(rows) - 3} of {len(rows)} passages")
    for document, passage in places[:3]:
        assert f"{document}: {passage.heading or 'the beginning'}" in judge.shown
    assert "`per_passage`" in failed.fix and places[0][0] in failed.fix
    assert "no documents" in judge(table(rows), "expect_passage_coverage_to_be_at_least", min_share=0.1).observed


@pytest.mark.slow
def test_voice_distance_fails_on_flat_prose_and_names_it(judge, keeper):
    rows, flat = planted("voice")
    frame = table(rows, sources=keeper)
    assert judge(frame[~frame["id"].isin(flat)], "expect_voice_distance_quantile_to_be_at_most", max_distance=0.99).success
    failed = judge(frame, "expect_voice_distance_quantile_to_be_at_most", quantile=0.9, max_distance=0.99)
    assert not failed.success and len(failed.rows) >= 20 and set(failed.rows) <= flat
    assert "persona.description" in failed.fix and "90% of generated responses have a voice distance" in judge.shown
    assert "not judged" in judge(table(rows), "expect_voice_distance_quantile_to_be_at_most", max_distance=1.0).observed
    assert not judge(table(rows), "expect_voice_distance_quantile_to_be_at_most", max_distance=1.0).success


def test_kind_mix_names_what_is_too_many_those_with_findings_first(judge):
    rows = [pair(f"q{n}") for n in range(8)] + [pair(f"e{n}", kind="essay") for n in range(2)]
    doubt = {name: [Finding(name, "voice", "warning", 1.0, "not your voice")] for name in ("q5", "q6")}
    frame = table(rows, findings=doubt)
    mix = {"question_answer": 6, "essay": 4}
    assert judge(frame, "expect_kind_mix_to_be_close_to", mix=mix, tolerance=0.2).success
    failed = judge(frame, "expect_kind_mix_to_be_close_to", mix=mix)
    assert (failed.success, set(failed.rows)) == (False, {"q5", "q6"})
    assert "2 question_answer too many" in failed.fix and "2 essay too few" in failed.fix
    assert "`balance: {per_kind: {question_answer: 6}}`" in failed.fix
    assert "The kinds have the shares 60% question_answer, 40% essay" in judge.shown


def test_length_quantile_names_what_pulls_it_out_of_range(judge):
    rows = [pair(f"p{n}", "word " * (10 + n), kind="essay") for n in range(11)] + [pair("short", "word")]
    frame = table(rows)
    name = "expect_length_quantile_to_be_between"
    assert judge(frame, name, kind="essay", min_words=15, max_words=15).success
    long = judge(frame, name, kind="essay", max_words=14)
    assert (long.success, long.rows) == (False, ("p10", "p9", "p8", "p7", "p6", "p5"))
    assert (long.observed, long.fix[:5]) == ("15 words at the 50% quantile of 11 responses", "Lower")
    short = judge(frame, name, quantile=0.05, min_words=10)
    assert (short.success, short.rows, short.fix[:5]) == (False, ("short",), "Raise")
    assert "The 5% quantile of the words of all responses is at least 10." in judge.shown
    assert not judge(frame, name, kind="decision", max_words=99).success


@pytest.mark.slow
def test_leakage_is_of_controlled_and_held_out_questions(judge, keeper):
    held = pair("held", asked="How does a keeper clear weeds, mud and ice from the upper side pond?", document="b.md")
    near = pair("near", asked="How does a keeper clear weeds, mud and logs from the upper side pond?")
    moon = pair("moon", asked="How far away from the mill is the moon?")
    fine = pair("fine", asked="How does a keeper mend a paddle in a frost?")
    name = "expect_leakage_share_to_be_at_most"
    frame = table([near, moon, fine], [held], keeper)
    failed = judge(frame, name)
    assert (failed.success, set(failed.rows), failed.observed) == (False, {"near", "moon"}, "2 of 3 rows to train on")
    assert "held asks “How does a keeper clear weeds" in judge.shown and "“How far is the moon from the mill?”" in judge.shown
    assert judge(frame, name, max_share=0.7).success
    assert set(judge(frame, name, similarity=0.95).rows) < {"near", "moon"}
    assert judge(table([fine], [held, moon], keeper), name).success


def test_near_duplicate_share(judge):
    line = "The gate was shut at four and the water stood level with the third stone of the wall until dusk"
    rows = [
        pair("whole", line + " and after."),
        pair("near", line + "."),
        pair("far", "Nothing of the kind was ever written down here."),
    ]
    name = "expect_near_duplicate_share_to_be_at_most"
    failed = judge(table(rows), name, max_share=0.3)
    assert (failed.success, failed.rows, failed.observed) == (False, ("near",), "1 of 3 rows")
    assert "of whole" in judge.shown and "`screen: {duplicates: {near: 0.5}}`" in failed.fix
    assert judge(table(rows), name, max_share=0.34).success
    assert judge(table(rows), name, max_share=0.0, similarity=0.99).success


def test_review_completeness_counts_rejected_and_undecided(judge):
    done, seen, waits, split = pair("done", review="approved"), pair("unasked"), pair("waits"), pair("split")
    reviewed = Reviewed(kept=[done, seen], awaiting=[waits], disputed=[split], rejected=[pair("gone")])
    name = "expect_review_completeness_to_be_at_least"
    frame = table([done, seen, waits], reviewed=reviewed)
    assert list(frame["review"].fillna("")) == ["approved", "", "awaiting"]
    failed = judge(frame, name, min_share=0.6)
    assert (failed.success, failed.rows, failed.observed) == (False, ("waits", "split"), "2 of 4 pairs")
    assert "curate review" in failed.fix and "left out until it is decided" in judge.shown
    assert judge(frame, name, min_share=0.5).success
    assert judge(table([seen]), name).success  # nobody was asked


# --- all together ---


def test_what_stands_beside_the_rows_survives_great_expectations(keeper):
    frame = table([pair("p")], sources=keeper)
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame.attrs["passages"]) == len({p.id for cut in keeper.passages.values() for p in cut}) > 50


def test_costly_columns_are_measured_only_where_they_are_named(keeper):
    rows, _ = planted("voice")
    for measured, column in ((["voice_distance"], "leakage_similarity"), (["leakage"], "voice_distance"), ([], "leakage")):
        frame = frame_of(Split(rows, []), keeper, {}, Reviewed(), measured)
        assert frame[column].isna().all()
    assert table(rows, sources=keeper)["voice_distance"].notna().all()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("expect_column_values_to_not_match_regex", {"column": "response", "regex": "rot"}),
        ("expect_column_values_to_be_in_set", {"column": "response", "value_set": ["<b onclick=x>"]}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "response", "value_set": ["dry"]}),
        ("expect_column_most_common_value_to_be_in_set", {"column": "document", "value_set": ["dry"]}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["document", "kind"]}),
        ("expect_leakage_share_to_be_at_most", {}),
        ("expect_near_duplicate_share_to_be_at_most", {"max_share": 0}),
    ],
)
def test_data_docs_load_nothing_and_hostile_texts_stay_texts(judge, name, arguments):
    hostile = "<b onclick=alert(1)>$x ${params}</b><script>alert(2)</script>"
    rows = [pair(f"{hostile}{n}", f"dry rot {hostile} {n}", f"How {hostile} so?", document=hostile) for n in range(3)]
    assert not judge(table(rows[:2], rows[2:]), name, **arguments).success
    soup = BeautifulSoup(judge.page, "html.parser")
    assert not soup.find_all(["script", "img", "link", "iframe", "b"]) and "http" not in judge.page
    assert hostile in soup.get_text()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("expect_kind_mix_to_be_close_to", {"mix": {"esay": 1}}, "there is no kind esay; there are "),
        ("expect_kind_mix_to_be_close_to", {"mix": {"essay": 0}}, "the share of essay must be above 0"),
        ("expect_kind_mix_to_be_close_to", {"mix": {}}, "name at least one kind"),
        ("expect_length_quantile_to_be_between", {}, "say `min_words`, `max_words` or both"),
        ("expect_length_quantile_to_be_between", {"min_words": 9, "max_words": 8}, "`min_words` (9) is above `max_words` (8)"),
        ("expect_length_quantile_to_be_between", {"min_words": 9, "kind": "x"}, "there is no kind x"),
        ("expect_length_quantile_to_be_between", {"min_words": 9, "quantile": 90}, "quantile"),
        ("expect_passage_coverage_to_be_at_least", {"min_share": 80}, "min_share"),
        ("expect_passage_coverage_to_be_at_least", {}, "min_share"),
        ("expect_voice_distance_quantile_to_be_at_most", {"max_distance": -1}, "max_distance"),
        ("expect_leakage_share_to_be_at_most", {"similarity": 0.5}, "similarity"),
        ("expect_near_duplicate_share_to_be_at_most", {"max_share": 0.1, "near": 0.5}, "near"),
        ("expect_review_completeness_to_be_at_least", {"min_share": "most"}, "min_share"),
        ("expect_term_share_to_be_at_most", {"max_share": 0.1, "terms": []}, "terms"),
        ("expect_term_share_to_be_at_most", {"max_share": 0.1, "column": "respones"}, "there is no column respones"),
    ],
)
def test_a_wrong_argument_is_reported_before_anything_is_paid_for(tmp_path, name, arguments, message):
    with pytest.raises(RecipeError) as error:
        suite_of(tmp_path, {"expect_column_to_exist": {"column": "id"}}, {name: arguments})
    (problem,) = error.value.problems
    assert f": expect[1].{name}: " in problem and "recipe.yaml:" in problem and message in problem


def test_a_build_stops_at_the_gate_and_publishes_once_balanced(corpus, curate):
    gate = "expect:\n  - expect_kind_mix_to_be_close_to: {mix: {question_answer: 1, own_words: 1}, tolerance: 0.05}\n"
    change(corpus, "expect:\n", gate)
    message = one_message(curate(corpus.parent, "build", "recipe.yaml", code=1))
    assert "expect_kind_mix_to_be_close_to" in message and "; rows: question-answer-" in message
    assert "\n1 question_answer too many, 1 own_words too few." in message
    assert "`balance: {per_kind: {question_answer: 4}}`" in message and "report/expectations/index.html" in message
    change(corpus, "split:", "balance: {per_kind: {question_answer: 4}}\nsplit:")
    said = json_of(curate(corpus.parent, "build", "recipe.yaml", "--json"))
    stages = {stage["name"]: stage for stage in said["stages"]}
    assert (stages["balance"]["rows_in"], stages["balance"]["rows_out"]) == (9, 8)
    assert stages["balance"]["reasons"] == {"too many of a kind": 1}
    assert stages["split"]["rows_in"] == stages["publish"]["rows_out"] == 8
    manifest = json.loads((Path(said["dataset"]) / "manifest.json").read_text())
    assert next(stage for stage in manifest["stages"] if stage["name"] == "balance")["reasons"] == {"too many of a kind": 1}
    assert manifest["recipe"]["balance"] == {"per_kind": {"question_answer": 4}, "terms": {}}
    ((gone,),) = rows_of(corpus.parent / "build/village/ledger.db", "select id from pairs where state = 'left out'")
    shown = json_of(curate(corpus.parent, "show", gone, "--json"))
    assert shown["state"] == "left out"
    assert shown["findings"][-1]["message"].startswith("over the cap of 4 pairs of kind question_answer: 5 there were")


def test_voice_and_leakage_are_measured_where_expectations_name_them(corpus, curate):
    """The controlled question is like enough to be told of, and not so like that the screen drops the pair."""
    change(
        corpus.parent / "control.yaml",
        "How far is the moon?",
        "How much is one to cut from an old apple tree?",
    )
    change(corpus, "{validation: 0.2, by: document}", "{validation: 0}")
    voice = "  - expect_voice_distance_quantile_to_be_at_most: {max_distance: 0.9, severity: warning}\n"
    change(corpus, "expect:\n", f"expect:\n{voice}  - expect_leakage_share_to_be_at_most: {{}}\n")
    done = curate(corpus.parent, "build", "recipe.yaml", code=1)
    assert "warning: expect_voice_distance_quantile_to_be_at_most" in done.stdout
    assert "not judged: it takes 5,000 words of documents to know a voice" in done.stdout
    message = one_message(done)
    assert re.search(r"expect_leakage_share_to_be_at_most \(\): 1 of \d rows to train on; rows: question-answer-\w+\n", message)


def test_a_dataset_of_one_document_says_that_nothing_is_held_out(corpus, curate):
    for path in (corpus.parent / "documents").iterdir():
        if path.name != "bread.md":
            path.unlink()
    change(corpus, "{min_value: 5}", "{min_value: 1}")
    done = curate(corpus.parent, "build", "recipe.yaml")
    assert "nothing is held out to watch the loss on: all pairs come from documents/bread.md" in done.stdout
