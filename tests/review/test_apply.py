"""One decision for many pairs that are alike, from the command line: first shown, then done."""

import json
import re

import pytest

from curate.decisions.apply import near, with_check, with_phrase
from curate.model import Finding, Pair, Turn
from tests.make import json_of, rows, write_corpus


def pair(name, response, question="How?"):
    return Pair(name, "pair", (Turn("user", question),), response, "pairs.jsonl")


BELL = "My uncle took down the bell when the bridge came and hung it in his kitchen, and he rang it for dinner."
PAIRS = [
    pair("bell", BELL),
    pair("bell-again", BELL.replace("for dinner", "at dinner")),
    pair("bell-once-more", BELL.replace("My uncle", "The old man").replace("kitchen", "hall")),
    pair("oven", "The oven is older than I am, and it heats from the left."),
    pair("dumbbells", "I lift dumbbells, not for\n  dinner parties."),
    pair("empty", ""),
]


def ids(pairs):
    return [each.id for each in pairs]


def test_near_are_those_that_say_nearly_the_same_and_the_pair_itself():
    assert ids(near(PAIRS[0], PAIRS)) == ["bell", "bell-again", "bell-once-more"]
    assert ids(near(PAIRS[3], PAIRS)) == ["oven"]
    assert ids(near(PAIRS[5], PAIRS)) == ["empty"]


def test_a_phrase_is_found_across_line_breaks_in_any_case_as_whole_words():
    assert ids(with_phrase(PAIRS, "FOR dinner")) == ["bell", "bell-once-more", "dumbbells"]
    assert ids(with_phrase(PAIRS, "bell")) == ["bell", "bell-again", "bell-once-more"]
    assert ids(with_phrase(PAIRS, "how")) == ids(PAIRS), "the question counts as well"
    assert ids(with_phrase(PAIRS, "(a+)+$")) == []


def test_a_phrase_may_begin_or_end_with_a_mark():
    assert ids(with_phrase([pair("price", "It is $5."), pair("other", "It is 5.")], "$5.")) == ["price"]


def test_the_same_finding_is_the_same_message_or_check():
    def says(pair, message):
        return {pair: [Finding(pair, "echo", "warning", 0.3, message)]}

    findings = (
        says("bell", "“bell” stands in 30%") | says("bell-again", "“bell” stands in 30%") | says("oven", "“oven” stands in 20%")
    )
    assert ids(with_check(PAIRS[0], PAIRS, findings, "echo")) == ["bell", "bell-again"]
    assert ids(with_check(PAIRS[3], PAIRS, findings, "echo")) == ["bell", "bell-again", "oven"]


@pytest.fixture(scope="module")
def built(tmp_path_factory, curate):
    """A built dataset that has no server."""
    folder = tmp_path_factory.mktemp("applied")
    write_corpus(folder)
    curate(folder, "build", "recipe.yaml")
    return folder


BOATMAN = "the boatman's pair"


def boatman(folder):
    """The id of the pair in which the uncle never learned to swim: ids change whenever a request does."""
    query = "select id from pairs where kind = 'own_words' and response like 'My uncle ran%'"
    return rows(folder / "build/village/ledger.db", query)[0][0]


def test_the_pairs_are_shown_first_and_decided_only_with_yes(built, curate):
    def apply(*arguments, code=0):
        return curate(built, "review", "apply", "recipe.yaml", *arguments, code=code)

    def counts():
        return json_of(curate(built, "build", "recipe.yaml", "--json"))["counts"]

    uncle = boatman(built)[:14]
    before = counts()["train"] + counts()["validation"]
    shown = apply("question", "--phrase", "uncle", code=2)
    assert re.search(r"in the newest build the ids of \d pairs begin with 'question'", shown.stderr)
    one = json.loads(apply(uncle, "--phrase", "uncle", "--json").stdout)["pairs"]
    assert len(one) == 2

    preview = apply(uncle, "--phrase", "uncle", "--reason", "private").stdout
    assert all(name in preview for name in one)
    assert "2 pairs: reject, private? Nothing is decided yet" in preview
    assert counts()["train"] + counts()["validation"] == before

    assert "The next build goes by it" in apply(uncle, "--phrase", "uncle", "--reason", "private", "--yes").stdout
    after = json_of(curate(built, "build", "recipe.yaml", "--json"))
    assert after["counts"]["train"] + after["counts"]["validation"] == before - 2
    (stage,) = [stage for stage in after["stages"] if stage["name"] == "review"]
    assert stage["reasons"]["left out by reviewers: private"] == 2
    standing = json_of(curate(built, "review", "status", "recipe.yaml", "--json"))["review"]
    assert (standing["decided"], standing["verdicts"], standing["reasons"]) == (2, {"reject": 2}, {"private": 2})
    assert "(so far: left out)" in apply(uncle, "--phrase", "uncle", "--verdict", "approve").stdout
    apply(uncle, "--phrase", "uncle", "--verdict", "approve", "--yes")
    assert counts()["train"] + counts()["validation"] == before, "it can be taken back"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([BOATMAN], "--check NAME, --phrase TEXT or --near"),
        ([BOATMAN, "--near", "--phrase", "uncle"], "--check NAME, --phrase TEXT or --near"),
        (["nothing", "--near"], "in the newest build no pair's id begins with 'nothing'"),
        ([BOATMAN, "--check", "echo"], "the check 'echo' says nothing"),
        ([BOATMAN, "--near", "--verdict", "keep"], "--verdict takes approve, reject, rewrite"),
        ([BOATMAN, "--near", "--reason", "dull"], "--reason takes facts"),
        ([BOATMAN, "--near", "--verdict", "rewrite"], "needs a --note"),
        ([BOATMAN, "--near", "--verdict", "rewrite", "--note", " \n"], "needs a --note"),
        ([BOATMAN, "--near", "--verdict", "approve", "--reason", "voice"], "does not go with --verdict approve"),
        ([BOATMAN, "--phrase", "orchard"], "does not hold the phrase 'orchard'"),
        ([BOATMAN, "--phrase", "zeppelin"], "does not hold the phrase 'zeppelin'"),
    ],
)
def test_a_wrong_call_is_told_with_what_is_right(built, curate, arguments, told):
    done = curate(
        built,
        "review",
        "apply",
        "recipe.yaml",
        *(boatman(built) if each == BOATMAN else each for each in arguments),
        "--yes",
        code=2,
    )
    assert told in done.stderr


def test_status_says_where_a_server_that_is_not_ours_runs_and_whether(village, curate):
    town = village("pairs: all, awaiting: keep")
    url, key = str(town.owner.http.base_url).rstrip("/"), town.owner.api_key

    def status(*arguments, key=key):
        return curate(town.folder, "review", "status", "recipe.yaml", *arguments, env={"ARGILLA_API_KEY": key}).stdout

    assert json.loads(status("--json")) == {"running": True, "url": url, "pid": None, "review": None}
    assert f"Argilla runs at {url}." in status()
    without = json.loads(status("--json", key=""))
    assert (without["running"], without["url"], without["why"]) == (None, url, "ARGILLA_API_KEY is not set")
    town.write(url, "http://127.0.0.1:9")
    away = json.loads(status("--json"))
    assert (away["running"], away["url"]) == (False, "http://127.0.0.1:9")
    assert f"Argilla at http://127.0.0.1:9: {away['why']}" in status() and "cannot be reached" in away["why"]


def test_what_people_answer_later_counts_over_what_was_applied(village, curate):
    town = village("pairs: all, awaiting: keep")
    town.build()
    early, late, open_ = town.asking("swim?"), town.asking("boatman was your"), town.asking("even bake")
    town.owner.answer(early)

    def apply(*arguments):
        return curate(
            town.folder, "review", "apply", "recipe.yaml", *arguments, env={"ARGILLA_API_KEY": town.owner.api_key}
        ).stdout

    shown = apply(early["external_id"], "--phrase", "uncle")
    assert "(so far: approved)" in shown, "fetched before it is shown"
    apply(early["external_id"], "--phrase", "uncle", "--yes")
    town.sync()
    left = town.records()
    assert early["external_id"] in left, "what somebody answered stays"
    assert late["external_id"] not in left, "nobody needs to answer it any more"
    assert open_["external_id"] in left
    town.build()
    assert town.sync().verdicts == {"reject": 2}
    town.owner.change(left[early["external_id"]], verdict="approve", note="No, this one is good.")
    assert town.sync().verdicts == {"reject": 1, "approve": 1}
