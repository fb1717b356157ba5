"""What a person may rely on of `curate diff`: every row that came or went is told with its reason, and every figure is counted."""

import json
import re
import shutil
from contextlib import chdir
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.diff.diff import Behind, _came, difference, pieces
from curate.diff.tables import marked
from curate.ledger.ledger import Ledger
from curate.model import Decision, Pair, Turn, Written
from curate.publish.versions import Row, Version
from tests.make import RECIPE, change, json_of, rows, write_corpus

NEW = "# The well\n\nThe well is eleven fathoms deep and my grandmother drew from it every morning of her life until the pump came.\n"
NEW_PAIR = {
    "kind": "question_answer", "quote": "The well is eleven fathoms deep", "instruction": "How deep is your well?",
    "response": "Eleven fathoms, and I have been told so by somebody who went down there after a bucket and was not glad of it at all.",
}  # fmt: skip


def compared(folder: Path, *versions: str) -> dict:
    """What `--json` tells; without the time that a process takes to start."""
    with chdir(folder):
        return json.loads(json.dumps(difference(Path("recipe.yaml"), *versions).as_dict()))


def dataset(folder: Path, version: str) -> dict[str, dict]:
    """The rows of a version, by id, read by somebody else's library."""
    files = (folder / "build/village/dataset" / version / "sft").glob("*.parquet")
    return {row["id"]: row for file in files for row in pq.read_table(file).to_pylist()}


@pytest.fixture(scope="module")
def three(tmp_path_factory, curate) -> Path:
    """Three versions. Second: no clock, a new well, another orchard, a name taken out, a question that is now controlled.

    Third: no more own words.
    """
    folder = tmp_path_factory.mktemp("three")
    write_corpus(folder, RECIPE + "screen: {private_data: {action: redact, names: [Nobody Here]}}\n")
    clock = folder / "documents/clock.html"  # comes after the voice samples are chosen: were it one, all would be asked anew
    clock.rename(folder / "clock.html")
    json_of(curate(folder, "build", "recipe.yaml", "--sample", "1", "--json"))
    (folder / "clock.html").rename(clock)
    json_of(curate(folder, "build", "recipe.yaml", "--json"))
    (folder / "documents/clock.html").unlink()
    (folder / "documents/well.md").write_text(NEW)
    with (folder / "recorded/all.jsonl").open("a") as file:
        file.write(json.dumps(NEW_PAIR) + "\n")
    change(folder / "documents/orchard.txt", "forty trees", "fifty trees")
    change(folder / "recorded/all.jsonl", "forty trees", "fifty trees")
    change(folder / "recipe.yaml", "names: [Nobody Here]", "names: [My uncle]")
    with (folder / "control.yaml").open("a") as file:
        file.write("  - {id: oven, question: How do you get an even bake?, about: voice}\n")
    json_of(curate(folder, "build", "recipe.yaml", "--json"))
    change(folder / "recipe.yaml", "    - {kind: own_words, per_passage: 1, words: [15, 80]}\n", "")
    change(folder / "recipe.yaml", "min_value: 5}", "min_value: 4}")
    json_of(curate(folder, "build", "recipe.yaml", "--json"))
    return folder


def reasons(came: list[dict]) -> dict[str, str]:
    """Why, by id."""
    return {row["id"]: row["why"] for row in came}


def test_every_row_that_came_or_went_is_told_with_its_reason(three):
    found = compared(three, "1", "2")
    before, after = dataset(three, found["before"]), dataset(three, found["after"])
    assert found["rows"] == [len(before), len(after)]
    same_words = found["asked_again"]
    assert {row["id"] for row in found["removed"]} == before.keys() - after.keys() - same_words.keys()
    assert {row["id"] for row in found["added"]} == after.keys() - before.keys() - set(same_words.values())
    why = reasons(found["removed"])
    by_source = {identifier: (row["source"], row["kind"]) for identifier, row in before.items()}
    assert {by_source[identifier]: reason for identifier, reason in why.items()} == {
        ("documents/clock.html", "question_answer"): "its document is gone",
        ("documents/clock.html", "own_words"): "its document is gone",
        ("documents/orchard.txt", "own_words"): "its document changed",
        ("documents/bread.md", "question_answer"): "a check dropped it",
    }
    (dropped,) = [row for row in found["removed"] if row["why"] == "a check dropped it"]
    assert dropped["detail"].startswith("contamination: ")
    came = {after[identifier]["source"]: reason for identifier, reason in reasons(found["added"]).items()}
    assert came == {"documents/well.md": "its document is new", "documents/orchard.txt": "its document changed"}


def test_a_row_whose_text_changed_shows_the_words_that_went_and_came(three, curate):
    found = compared(three, "1", "2")
    before, after = dataset(three, found["before"]), dataset(three, found["after"])
    differing = {each for each in before.keys() & after.keys() if before[each]["completion"] != after[each]["completion"]}
    assert {row["id"] for row in found["changed"]} == differing
    assert differing
    for row in found["changed"]:
        for sign, text in (("+", before), ("-", after)):
            kept = " ".join(piece["text"] for piece in row["response"] if piece["sign"] != sign)
            assert kept.split() == text[row["id"]]["completion"][0]["content"].split()
    assert json_of(curate(three, "diff", "recipe.yaml", "1", "2", "--json")) == found
    shown = curate(three, "diff", "recipe.yaml", "1", "2").stdout
    assert "1 row of both versions: asked for again, the words are the same and the id is new" in shown
    assert "[-My uncle-] {+[a person's name]+} did not, and he" in " ".join(shown.split())


def test_the_same_words_under_another_id_are_neither_added_nor_removed(three):
    """The orchard's question was asked anew, because its passage changed; the answer is the same."""
    found = compared(three, "1", "2")
    before, after = dataset(three, found["before"]), dataset(three, found["after"])
    ((old, new),) = found["asked_again"].items()
    assert before[old]["source"] == "documents/orchard.txt"
    assert (before[old]["prompt"], before[old]["completion"]) == (after[new]["prompt"], after[new]["completion"])


def test_a_kind_that_is_no_longer_asked_for_is_the_reason(three):
    found = compared(three)
    assert set(reasons(found["removed"]).values()) == {"its kind is no longer asked for"}
    assert found["added"] == []
    back = compared(three, "3", "1")
    told = {(row["document"], row["kind"]): row["why"] for row in back["added"]}
    assert told["documents/clock.html", "question_answer"] == "its document is new"
    assert told["documents/ferry.md", "own_words"] == "its kind is newly asked for"
    assert told["documents/bread.md", "question_answer"] == "a check had dropped it"


def test_figures_then_and_now_are_those_of_the_rows(three):
    found = compared(three, "1", "3")
    before, after = dataset(three, found["before"]), dataset(three, found["after"])
    assert len(found["kinds"]) == 2 and found["terms"]
    for side, version in enumerate((before, after)):
        for kind in found["kinds"]:
            words = sorted(row["words"] for row in version.values() if row["kind"] == kind["kind"])
            assert kind["pairs"][side] == len(words)
            assert kind["shares"][side] == pytest.approx(len(words) / len(version), abs=1e-4)
            assert (kind["words"][side][2:3] or [None]) == [words[(len(words) - 1) // 2] if words else None]
        texts = [" ".join(re.findall(r"[\w']+", row["completion"][0]["content"].casefold())) for row in version.values()]
        for term, shares in found["terms"].items():
            count = sum(f" {term} " in f" {text} " for text in texts)
            assert shares[side] == pytest.approx(count / len(texts), abs=1e-4), term
    gates = {(gate["expectation"], json.dumps(gate["arguments"])): gate["held"] for gate in found["gates"]}
    assert gates == {
        ("expect_table_row_count_to_be_between", '{"min_value": 5}'): [True, None],
        ("expect_table_row_count_to_be_between", '{"min_value": 4}'): [None, True],
        ("expect_column_values_to_not_be_null", '{"column": "quote"}'): [True, True],
    }


def test_what_reviewers_said_is_the_reason_of_what_they_left_out(three, tmp_path):
    """The ledger as the review leaves it: a pair rejected with a reason, and one that waits."""
    shutil.copytree(three, tmp_path, dirs_exist_ok=True)
    ledger_file = tmp_path / "build/village/ledger.db"
    ((pair,),) = rows(ledger_file, "select id from pairs where build = 3 and state = 'dropped'")
    for state, verdict, reason, detail in (
        ("rejected", "reject", "a reviewer rejected it", "not my voice · ask again"),
        ("awaiting", "reject", "it awaits review", ""),
        ("rejected", "rewrite", "a reviewer sent it back", "not my voice · ask again"),
    ):
        ledger = Ledger(ledger_file)
        ledger.add_decision(Decision(pair, "ada", "review", verdict, reasons=("not my voice",), note="ask again"))
        ledger._db.execute("update pairs set state = ? where build = 3 and id = ?", (state, pair))
        ledger._db.execute("delete from findings where build = 3 and pair = ?", (pair,))
        ledger.close()
        (told,) = [row for row in compared(tmp_path, "1", "2")["removed"] if row["id"] == pair]
        assert (told["why"], told["detail"]) == (reason, detail)


@pytest.mark.parametrize(
    ("state_now", "decided", "why"),
    [
        ("kept", True, "it has been reviewed"),
        ("kept", False, "it awaited review, and nothing asks for that any more"),
        ("awaiting", False, "the recipe publishes what awaits review now"),
    ],
)
def test_a_row_is_called_reviewed_only_where_somebody_has_decided(state_now, decided, why):
    row = Row("p1", "essay", "a.md", "train", "What of it?", "Dry.")
    pair = Pair("p1", "essay", (Turn("user", "What of it?"),), "Dry.", "a.md")
    then, now = Version("001", {}, {}), Version("002", {}, {"p1": row})
    waited, since = (Behind({"p1": Written(pair, state, at)}, {}, {}, {}) for at, state in enumerate(("awaiting", state_now)))
    decisions = {"p1": [Decision("p1", "ada", "review", "approve")]} if decided else {}
    assert _came(row, then, now, waited, since, decisions).why == why


def test_versions_are_named_by_name_number_or_beginning(three, curate):
    names = sorted(path.name for path in (three / "build/village/dataset").glob("0*"))
    for first, second in (("1", "2"), ("001", "002"), (names[0], names[1]), (names[0][:5], names[1][:5])):
        found = compared(three, first, second)
        assert [found["before"], found["after"]] == names[:2]
    assert [compared(three, "1")[side] for side in ("before", "after")] == [names[0], names[2]]
    for unclear, told in (("00", "3 dataset versions begin with '00'"), ("7", "no dataset versions begin with '7'")):
        done = curate(three, "diff", "recipe.yaml", unclear, code=2)
        assert told in done.stderr and names[2] in done.stderr


def test_what_a_cap_leaves_out_is_told_with_the_cap(corpus, curate):
    json_of(curate(corpus.parent, "build", "recipe.yaml", "--json"))
    change(corpus, "split:", "balance: {per_kind: {question_answer: 4}}\nsplit:")
    json_of(curate(corpus.parent, "build", "recipe.yaml", "--json"))
    (gone,) = compared(corpus.parent, "1", "2")["removed"]
    assert gone["why"] == "a cap or the split left it out"
    assert gone["detail"].startswith("balance: over the cap of 4 pairs of kind question_answer")
    assert [row["why"] for row in compared(corpus.parent, "2", "1")["added"]] == ["a cap or the split had left it out"]


def test_a_first_version_has_nothing_to_be_compared_with_and_says_so(corpus, curate):
    none = curate(corpus.parent, "diff", "recipe.yaml", code=2)
    assert "no dataset has been built yet" in none.stderr
    json_of(curate(corpus.parent, "build", "recipe.yaml", "--json"))
    first = curate(corpus.parent, "diff", "recipe.yaml", code=2)
    assert "is the first of its line" in first.stderr
    same = compared(corpus.parent, "1", "1")
    assert same["added"] == same["removed"] == same["changed"] == [] and same["terms"] == {}


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("The gate leaks.", "The gate holds.", "The gate [-leaks.-] {+holds.+}"),
        ("", "A word.", "{+A word.+}"),
        ("one two", "one", "one [-two-]"),
        ("[bold]x[/bold] y", "[bold]x[/bold] z", "[bold]x[/bold] [-y-] {+z+}"),
        (" ".join("abcdefghijklmnopqrst") + " x", " ".join("abcdefghijklmnopqrst") + " y", "… o p q r s t [-x-] {+y+}"),
    ],
)
def test_changes_are_shown_with_a_few_words_around(old, new, shown):
    assert marked(pieces(old, new)).plain.strip() == shown
