"""What answers come to: each response as a decision, many decisions as one outcome, and how far people agree."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.build import build
from curate.decisions.outcomes import agreement, apply_decisions, outcome_of
from curate.ledger.ledger import Ledger
from curate.model import Decision, Pair, Turn
from curate.review.page import decision_of
from likeness.recipe.folders import BuildFolder

TEXT = "The oven is older than I am.\n\nIt heats from the left, and I turn the loaves."
PAIR = Pair("pair-1", "pair", (Turn("user", "How old is your oven?"),), TEXT, "pairs.jsonl")


def answered(status="submitted", pair=PAIR, **values):
    return decision_of([pair], "ada", "review", status, {name: {"value": value} for name, value in values.items()})


def by(reviewer, verdict="approve", queue="review", **more):
    return Decision("pair-1", reviewer, queue, verdict, **more)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace(" ", "\u00a0"),
        TEXT.replace("\n\n", "\n\n\n") + "\n \n",
        TEXT.replace("left, and", "left,  and"),
        "",
        " \u00a0\r\n",
        None,
    ],
)
def test_what_a_browser_does_to_an_untouched_text_is_no_edit(text):
    decision = answered(verdict="approve", response=text, instruction="How old is your oven?")
    assert (decision.verdict, decision.response, decision.instruction) == ("approve", None, None)


@pytest.mark.parametrize(
    "text", [TEXT.replace("older", "younger"), TEXT.replace("\n\n", " "), TEXT.replace("the left", "left"), TEXT.lower()]
)
def test_one_word_one_letter_or_one_paragraph_is_an_edit(text):
    assert answered(verdict="approve", response=text).response == text


def resolved(decisions):
    return {pair: outcome_of(made, 1) for pair, made in decisions.items()}


def test_an_edit_is_kept_without_the_browsers_marks():
    mended = answered(verdict="approve", response="One.\u00a0Two. \r\n\r\n\r\n\r\nThree.\r\n").response
    assert mended == "One. Two.\n\nThree."


def test_what_the_list_view_sends_is_a_verdict_alone():
    decision = answered(verdict="reject", reasons=["facts", "voice"])
    assert decision == Decision("pair-1", "ada", "review", "reject", reasons=("facts", "voice"))


def test_a_draft_decides_nothing_and_a_discarded_record_is_rejected():
    assert answered("draft", verdict="approve") is None
    assert answered(verdict="keep") is None
    assert answered() is None
    assert answered("discarded").verdict == "reject"
    assert answered("discarded", verdict="approve", reasons=["private"]).reasons == ("private",)


def test_redaction_by_a_later_build_is_no_edit_of_the_reviewers():
    redacted = Pair("pair-1", "pair", PAIR.prompt, "[name] bakes.", "pairs.jsonl")
    values = {"verdict": {"value": "approve"}, "response": {"value": TEXT}}
    assert decision_of([PAIR, redacted], "ada", "review", "submitted", values).response is None


@pytest.mark.parametrize(
    ("decisions", "needed", "state"),
    [
        ([], 1, "awaiting"),
        ([by("ada")], 1, "approve"),
        ([by("ada")], 2, "awaiting"),
        ([by("ada"), by("ada")], 2, "awaiting"),
        ([by("ada"), by("ben")], 2, "approve"),
        ([by("ada"), by("ben", "reject")], 2, "disputed"),
        ([by("ada", "reject"), by("ben"), by("ada")], 2, "approve"),
        ([by("ada"), by("ben"), by("cleo", "reject")], 2, "disputed"),
        ([by("ada"), by("ben", "reject"), by("cleo", "reject", "tie-break")], 2, "reject"),
        ([by("ada"), by("ben", "reject"), by("cleo", "reject", "tie-break"), by("ada", "rewrite"), by("ben")], 2, "reject"),
        ([by("ada"), by("command line", "reject", "applied")], 1, "reject"),
        ([by("command line", "reject", "applied"), by("ada")], 1, "approve"),
        ([by("command line", "reject", "applied"), by("ada")], 2, "reject"),
        ([by("command line", "reject", "applied"), by("ada"), by("ben")], 2, "approve"),
    ],
)
def test_an_outcome_takes_enough_reviewers_who_agree_or_one_who_settles_it(decisions, needed, state):
    assert outcome_of(decisions, needed).state == state


def test_the_last_edit_counts_and_every_contrast_is_kept():
    outcome = outcome_of(
        [
            by("ada", response="First.", rating=5, never_say="Never."),
            by("ben", rating=2, never_say="Nor this.", note="Ask the ferryman."),
            by("ada", response="Second.", rating=4, never_say="Never."),
        ],
        2,
    )
    assert (outcome.response, outcome.rating, outcome.note) == ("Second.", 3.0, "Ask the ferryman.")
    assert set(outcome.never_say) == {"Never.", "Nor this."}


def test_who_approves_with_another_text_than_the_other_disagrees():
    def state(*decisions, needed=2):
        return outcome_of(decisions, needed).state

    assert state(by("ada", response="One."), by("ben", response="Two.")) == "disputed"
    assert state(by("ada", response="One."), by("ben", response="One.")) == "approve"
    assert state(by("ada", response="One."), by("ben")) == "approve", "who changes nothing does not say that nobody may"
    assert state(by("ada", "reject", response="One."), by("ben", "reject", response="Two.")) == "reject"
    assert state(by("ada", response="One."), by("ben", response="Two."), by("cy", queue="tie-break")) == "approve"


def test_what_is_taken_back_is_as_if_it_had_never_been_said():
    def state(*decisions, needed=1):
        return outcome_of(decisions, needed).state

    assert state(by("ada"), by("ada", "withdrawn")) == "awaiting"
    assert state(by("ada"), by("ada", "withdrawn"), by("ada", "reject")) == "reject"
    assert state(by("ada"), by("ben"), by("ada", "withdrawn"), needed=2) == "awaiting"
    assert state(by("ada", "reject", queue="applied"), by("ada"), by("ada", "withdrawn")) == "reject", "another queue's stands"
    broken = [by("ada"), by("ben", "reject"), by("cy", queue="tie-break")]
    assert state(*broken, needed=2) == "approve"
    assert state(*broken, by("cy", "withdrawn", queue="tie-break"), needed=2) == "disputed"


def test_a_contrast_is_made_of_what_stands_and_never_of_a_rejected_pair():
    grounded = Pair("pair-1", "grounded", PAIR.prompt, TEXT, "bread.md", context="The passage.")

    def contrasts(decision, pair=PAIR):
        made = apply_decisions([pair], set(), resolved({"pair-1": [decision]})).contrasts
        return [(contrast.chosen, contrast.rejected, contrast.origin) for contrast in made]

    assert contrasts(by("ada")) == []
    assert contrasts(by("ada", never_say="It is new.")) == [(TEXT, "It is new.", "never_say")]
    assert contrasts(by("ada", never_say=TEXT + " ")) == [], "an answer is not preferred to itself"
    assert contrasts(by("ada", response="Old.", never_say="New.")) == [("Old.", "New.", "never_say"), ("Old.", TEXT, "edited")]
    assert contrasts(by("ada", "reject", never_say="It is new.")) == []
    (made,) = apply_decisions([grounded], set(), resolved({"pair-1": [by("ada", never_say="No.")]})).contrasts
    assert made.context == "The passage.", "asked as its pair is asked"


def test_what_was_mended_because_it_is_private_is_published_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = "Ring me at the bakery on +44 1632 960 417 before eight, or come round to the back door and knock."
    pair = {"messages": [{"role": "user", "content": "How do I reach you?"}, {"role": "assistant", "content": told}]}
    Path("pairs.jsonl").write_text(json.dumps(pair), encoding="utf-8")
    Path("recipe.yaml").write_text(
        "name: village\npersona: {name: the baker, description: Dry., system_prompt: You bake.}\n"
        "sources: [{path: pairs.jsonl, as: pairs, rights: own}]\nreview: {pairs: none}\nsplit: {validation: 0}\n",
        encoding="utf-8",
    )
    build(Path("recipe.yaml"), Quiet())
    with closing(Ledger(BuildFolder(Path("build/village")).ledger)) as ledger:
        (made,) = ledger.pairs_of(ledger.newest_pairs(), "kept")
        mended = told.replace(" on +44 1632 960 417", "")
        ledger.add_decision(replace(by("ada", response=mended, never_say="Leave me alone."), pair=made.id))
    build(Path("recipe.yaml"), Quiet())
    folder = BuildFolder(Path("build/village")).dataset()
    (contrast,) = pq.read_table(folder / "preference").to_pylist()
    assert (contrast["chosen"][0]["content"], contrast["rejected"][0]["content"]) == (mended, "Leave me alone.")
    published = [pq.read_table(file).to_pylist() for file in folder.rglob("*.parquet")]
    others = [file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.suffix in (".jsonl", ".json", ".md")]
    assert "the bakery before eight" in str(published)
    assert "960 417" not in str(published + others)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "more", "wrong"),
    [
        ("redact", "", ["Write to [an e-mail address].", "Leave me alone."]),
        ("drop", "", ["Leave me alone."]),
        ("flag", "", ["Write to tom.rudge@lockside-bakery.de.", "Leave me alone."]),
        ("drop", "contrast: {terms: 1}\n", ["Leave me alone."]),
    ],
)
def test_what_must_never_be_said_is_published_as_pairs_are(action, more, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pair = {"messages": [{"role": "user", "content": "How do I reach you?"}, {"role": "assistant", "content": "Come and knock."}]}
    Path("pairs.jsonl").write_text(json.dumps(pair), encoding="utf-8")
    documents = (
        "  - {path: documents/*.md, rights: own}\n"
        "generate: {provider: recorded, recordings: recorded.jsonl, kinds: [{kind: question_answer, per_passage: 1}]}\n"
    )
    Path("documents").mkdir()
    Path("recorded.jsonl").touch()
    Path("documents/bread.md").write_text("The oven is older than I am, and it heats from the left.\n", encoding="utf-8")
    Path("recipe.yaml").write_text(
        "name: village\npersona: {name: the baker, description: Dry., system_prompt: You bake.}\n"
        f"review: {{pairs: none}}\nsplit: {{validation: 0}}\nscreen: {{private_data: {{action: {action}}}}}\n"
        "sources:\n  - {path: pairs.jsonl, as: pairs, rights: own}\n" + (documents + more if more else ""),
        encoding="utf-8",
    )
    build(Path("recipe.yaml"), Quiet())
    with closing(Ledger(BuildFolder(Path("build/village")).ledger)) as ledger:
        (made,) = ledger.pairs_of(ledger.newest_pairs(), "kept")
        for reviewer, said in (("ada", "Write to tom.rudge@lockside-bakery.de."), ("ben", "Leave me alone.")):
            ledger.add_decision(replace(by(reviewer, never_say=said), pair=made.id))
    build(Path("recipe.yaml"), Quiet())
    published = pq.read_table(BuildFolder(Path("build/village")).dataset() / "preference").to_pylist()
    assert [row["rejected"][0]["content"] for row in published] == wrong


class Quiet:
    """Watches a build and says nothing."""

    def stage_begins(self, name): ...

    def progress(self, done, total, usd=0.0): ...

    def stage_ends(self, stage): ...
    def took(self, name, what, seconds): ...

    def note(self, text): ...


def test_a_decision_counts_for_a_pair_that_nobody_had_to_see():
    other = Pair("pair-2", "pair", PAIR.prompt, "Forty.", "pairs.jsonl")
    reviewed = apply_decisions([PAIR, other], set(), resolved({"pair-1": [by("ada", "reject", reasons=("facts",))]}))
    assert (reviewed.kept, reviewed.rejected, dict(reviewed.reasons)) == ([other], [PAIR], {"facts": 1})


def test_what_a_check_bars_is_published_only_with_an_approval():
    other = Pair("pair-2", "pair", PAIR.prompt, "Forty.", "pairs.jsonl")
    reviewed = apply_decisions([PAIR, other], {"pair-1", "pair-2"}, resolved({"pair-1": [by("ada")]}))
    order = ["pair-2", "pair-1"]
    assert [pair.id for pair in reviewed.published(True, set(), order)] == order
    assert [pair.id for pair in reviewed.published(True, {"pair-1", "pair-2"}, order)] == ["pair-1"]
    assert [pair.id for pair in reviewed.published(False, set(), order)] == ["pair-1"]


def verdicts(*units):
    """One letter for each reviewer; a dot where one did not judge the pair."""
    names = {"a": "approve", "r": "reject", "w": "rewrite"}
    return {
        str(number): [by(str(reviewer), names[letter]) for reviewer, letter in enumerate(unit) if letter != "."]
        for number, unit in enumerate(units)
    }


@pytest.mark.parametrize(
    ("units", "agreed", "alpha"),
    [
        # Worked by hand from the coincidence matrix: alpha = 1 - (n - 1) * sum of o_ck / sum of n_c * n_k, over c != k.
        (["aa", "rr"], 1.0, 1.0),
        (["ar", "ra"], 0.0, 1 - 3 * 4 / 8),
        (["aa", "aa", "ar", "rr"], 0.75, 1 - 7 * 2 / (2 * 5 * 3)),
        (["aaa", "aar", "rw.", "w..", "www"], 0.5, 1 - 10 * (2 + 2) / (2 * (5 * 2 + 5 * 4 + 2 * 4))),
        (["aa", "aa"], 1.0, None),
        (["a.", ".r"], None, None),
    ],
)
def test_agreement_is_krippendorffs_alpha(units, agreed, alpha):
    told = agreement(verdicts(*units))
    assert told["agreed"] == agreed
    assert told["alpha"] == (None if alpha is None else pytest.approx(alpha))


def test_agreement_is_between_reviewers_by_what_each_said_last():
    decisions = [
        by("ada", "reject"),
        by("ben"),
        by("ada"),
        by("cleo", "reject", "tie-break"),
        by("command line", "reject", "applied"),
    ]
    assert agreement({"pair-1": decisions})["agreed"] == 1.0
