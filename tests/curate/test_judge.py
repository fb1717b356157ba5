"""What a person may rely on with `screen.judge`: Claude sees the passage, its word is kept and paid for once, a reviewer is told."""

import json

import pytest

from curate.model import Evidence, Pair, Turn
from curate.screen.judge import Judgement, _finding
from likeness.errors import CallError
from likeness.recipe.load import load_recipe
from tests.make import DOCUMENTS, LIVE, RECIPE, rows, write_corpus

JUDGED = LIVE.replace("expect:", "screen: {judge: {pairs: all}}\nexpect:")


def judgement(*claims: tuple[str, str]) -> Judgement:
    return Judgement(claims=[{"claim": claim, "verdict": verdict, "why": "The passage says ten."} for claim, verdict in claims])


def findings(answer: Judgement):
    quote = "The orchard has forty trees"
    pair = Pair(
        "p", "question_answer", (Turn("user", "How many trees?"),), "There are ninety trees, and I planted them in 1990.",
        "orchard.txt", Evidence("orchard.txt", 0, len(quote), quote),
    )  # fmt: skip
    return list(_finding(pair, answer)), pair


def test_a_finding_points_at_the_claim_and_says_why():
    (found,), pair = findings(judgement(("I planted them in 1990", "absent"), ("There are ninety trees", "contradicted")))
    assert (found.check, found.severity, found.score) == ("judge", "warning", 1.0)
    assert pair.response[found.span.start : found.span.end] == "There are ninety trees"
    assert found.message == "the passage says otherwise than “There are ninety trees”: The passage says ten.; and 1 more"


def test_supported_claims_and_none_at_all_are_no_finding():
    assert findings(judgement(("There are ninety trees", "supported")))[0] == []
    assert findings(judgement())[0] == []


def test_a_claim_that_is_not_in_the_response_is_told_without_a_place():
    (found,), _ = findings(judgement(("Words of nobody", "absent"), ("There are ninety trees", "supported")))
    assert (found.span, found.score) == (None, 0.5)


def test_the_judge_sees_the_passage_and_is_paid_once(tmp_path, curate, claude):
    write_corpus(tmp_path, JUDGED)
    done = curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment)
    said = json.loads(done.stdout)
    stage = next(stage for stage in said["stages"] if stage["name"] == "judge")
    ledger = tmp_path / "build/village/ledger.db"
    judged = rows(ledger, "select body, document from requests where kind = 'judge'")
    assert len(judged) == sum(1 for (kind,) in rows(ledger, "select kind from pairs where state = 'kept'") if kind != "own_words")
    for body, document in judged:
        prompt = json.loads(body)["user"]
        words = " ".join(DOCUMENTS[document].split())
        assert " ".join(prompt.split("<document ")[1].split(">")[1].split("</document")[0].split())[
            :40
        ] in words or document.endswith("html")
        assert "<answer>" in prompt
    flagged = rows(ledger, "select count(distinct pair) from findings where check_name = 'judge'")[0][0]
    assert flagged == stage["reasons"]["with claims that its passage does not support"] > 0
    assert said["usage"]["requests"] == claude.log()["paid"] == len(rows(ledger, "select 1 from requests"))
    asked = claude.log()["attempts"]
    (tmp_path / "control.yaml").write_text(
        (tmp_path / "control.yaml").read_text() + "  - {id: sun, question: How far is the sun?, about: general}\n"
    )
    curate(tmp_path, "build", "recipe.yaml", env=claude.environment)
    assert claude.log()["attempts"] == asked


def test_the_budget_counts_the_judge_too(tmp_path, curate, claude):
    write_corpus(tmp_path, JUDGED)
    curate(tmp_path, "build", "recipe.yaml", env=claude.environment)
    pairs_only = rows(
        tmp_path / "build/village/ledger.db",
        "select sum(usd) from responses join requests on key = request where kind != 'judge'",
    )[0][0]
    other = tmp_path / "other"
    other.mkdir()
    write_corpus(
        other,
        JUDGED.replace("concurrency: 2", f"concurrency: 2\n  budget_usd: {pairs_only + 0.01:.4f}").replace(
            "pairs: all", "pairs: all, model: claude-opus-5-5"
        ),
    )
    stopped = curate(other, "build", "recipe.yaml", env=claude.environment, code=1)
    assert "the budget of" in stopped.stderr


def test_a_judge_without_generated_pairs_is_refused(tmp_path):
    recipe = RECIPE[: RECIPE.index("generate:")] + "screen: {judge: {}}\ncontrol: control.yaml\n"
    with pytest.raises(CallError, match=r"`screen\.judge` reads pairs against their passages|documents are turned into pairs"):
        load_recipe(write_corpus(tmp_path, recipe))
