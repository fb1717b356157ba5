"""What a reviewer sees of a pair."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import curate.screen
from curate.ledger.rows import PassageRow
from curate.model import Evidence, Finding, Pair, Span, Turn
from curate.review.page import content_of, guidelines, record_of, scored_checks, settings_of
from likeness.recipe.load import load_recipe

ANSWER = "The oven is <b>older</b> than I am & it heats from the left; don't ask why."
PASSAGE = PassageRow("documents/bread.md", 100, 180, "I bake on Tuesdays. The oven is older than I am.\n\n# Not a heading")
PAIR = Pair(
    "question-answer-1",
    "question_answer",
    (Turn("user", "Hello <script>alert(1)</script>"), Turn("assistant", "Hello."), Turn("user", "How old is your oven?")),
    ANSWER,
    "documents/bread.md",
    Evidence("documents/bread.md", 120, 148, "The oven is older than I am."),
    "key",
)


def test_texts_stay_texts_and_evidence_is_marked():
    fields = record_of(PAIR, PASSAGE, [], [], [])["fields"]
    assert "<b>" not in fields["answer"] and "&lt;b&gt;older&lt;/b&gt;" in fields["answer"]
    assert "don't ask" in fields["answer"], "or a search for it finds nothing"
    assert (
        "<script" not in fields["question"] and "How old is your oven?" in fields["question"] and "Hello." in fields["question"]
    )
    assert "<mark>The oven is older than I am.</mark>" in fields["source"]
    assert "\n" not in fields["source"], "an empty line would end the HTML, and the document's own Markdown would begin"
    assert fields["findings"] == "<p>Nothing.</p>"


def test_code_keeps_its_indentation_on_the_page():
    pair = Pair("p", "pair", (Turn("user", "How?"),), "for loaf in oven:\n    turn(loaf)\n\tif burnt: stop()", "a.md")
    answer = record_of(pair, None, [], [], [])["fields"]["answer"]
    assert "for loaf in oven:<br>\u00a0\u00a0\u00a0\u00a0turn(loaf)<br>\u00a0\u00a0\u00a0\u00a0if burnt: stop()" in answer


def test_code_is_in_code_type_and_what_is_marked_in_it_stays_marked():
    answer = "Run `ls <dir>`:\n\n```sh\ncd /srv\n\n  ls  # mine\n```\n\nThen stop."
    pair = Pair("p", "pair", (Turn("user", "How with `ls`?"),), answer, "a.md")
    mine = Finding("p", "echo", "warning", 0.4, "said often", Span("response", answer.index("mine"), answer.index("mine") + 4))
    fields = record_of(pair, None, [mine], [], [])["fields"]
    assert fields["question"] == "<p>How with <code>ls</code>?</p>"
    assert "<p>Run <code>ls &lt;dir&gt;</code>:" in fields["answer"]
    assert "<pre><code>cd /srv<br><br>\u00a0\u00a0ls  # <mark>mine</mark></code></pre>" in fields["answer"]
    assert "`" not in fields["answer"] and "\n" not in fields["answer"]
    assert list(fields) == ["question", "findings", "answer", "source"], "findings are read before the answer"
    unclosed = Pair("q", "pair", (Turn("user", "How?"),), "So:\n```\nls", "a.md")
    assert "<pre><code>ls</code></pre>" in record_of(unclosed, None, [], [], [])["fields"]["answer"]


@pytest.mark.parametrize("passage", [PASSAGE, None], ids=["with its passage", "without"])
def test_a_pairs_id_is_shown_beside_its_document(passage):
    source = record_of(PAIR, passage, [], [], [])["fields"]["source"]
    assert source.startswith("<p><i>documents/bread.md") and "<small>question-answer-1</small></p>" in source


def test_a_conversation_says_who_speaks_and_which_turn_is_to_be_answered():
    question = record_of(PAIR, None, [], [], [])["fields"]["question"]
    assert re.findall("<i>(.*?)</i>", question) == ["They said", "You said", "They said, now"]
    assert question.endswith("<p><i>They said, now</i><br>How old is your oven?</p>")
    alone = replace(PAIR, prompt=PAIR.prompt[-1:])
    assert record_of(alone, None, [], [], [])["fields"]["question"] == "<p>How old is your oven?</p>"


def test_a_finding_about_the_whole_answer_hides_no_other():
    start = ANSWER.index("the left")
    whole = Finding(PAIR.id, "language", "warning", 0.5, "not English", Span("response", 0, len(ANSWER)))
    there = Finding(PAIR.id, "echo", "warning", 0.4, "said often", Span("response", start, start + 8))
    answer = record_of(PAIR, None, [whole, there], [], [])["fields"]["answer"]
    assert re.findall("<mark>(.*?)</mark>", answer) == ["the left"]
    assert "<mark>" not in record_of(PAIR, None, [whole], [], [])["fields"]["answer"], "what is said of all marks nothing"


def test_findings_are_told_in_words_and_where_they_point_is_marked():
    start = ANSWER.index("the left")
    found = [
        Finding(PAIR.id, "private_data", "warning", 1.0, "private data: a place", Span("response", start, start + 8)),
        Finding(
            PAIR.id, "echo", "warning", 0.400000036363988, "“the left” stands in 40%", Span("response", start + 4, start + 8)
        ),
        Finding(PAIR.id, "standalone", "warning", 1.0, "speaks of <it>", Span("instruction", 0, 3)),
    ]
    record = record_of(PAIR, None, found, ["left out by ada"], ["oven"])
    assert record["fields"]["answer"].count("<mark>") == 1, "what overlaps is marked once"
    assert "<mark>the left</mark>" in record["fields"]["answer"]
    assert "<mark>How</mark>" in record["fields"]["question"]
    told = record["fields"]["findings"]
    assert "<b>private data</b>: a place" in told and "speaks of &lt;it&gt;" in told and "left out by ada" in told
    assert record["metadata"] == {
        "kind": "question_answer", "document": "documents/bread.md", "checks": ["echo", "private_data", "standalone"],
        "severity": "warning", "words": 16, "confidence": 0.216, "terms": ["oven"],
        "score_private_data": 1.0, "score_echo": 0.4, "score_standalone": 1.0,
    }  # fmt: skip
    assert {each["score"] for each in record["suggestions"]} == {0.216}
    barred = record_of(PAIR, None, [*found, Finding(PAIR.id, "length", "drop", 3, "too short")], [], [])
    assert barred["metadata"]["severity"] == "drop"


def test_the_answer_and_the_question_are_prefilled():
    record = record_of(PAIR, PASSAGE, [], [], [])
    assert {each["question"]: each["value"] for each in record["suggestions"]} == {
        "verdict": "approve",
        "response": ANSWER,
        "instruction": "How old is your oven?",
    }
    assert content_of(record) == content_of(record_of(PAIR, PASSAGE, [], [], []))
    assert content_of(record) != content_of(record_of(PAIR, PASSAGE, [], ["sent back by ada"], []))


def test_every_check_that_warns_can_be_filtered_and_sorted_by():
    """Read from the checks themselves: a new one that is forgotten here fails."""
    warns = set()
    for path in Path(curate.screen.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not any(isinstance(node, ast.Constant) and node.value == "warning" for node in ast.walk(tree)):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                name = node.args[1]
                assert isinstance(name, ast.Constant)
                warns.add(name.value)
    assert len(warns) > 10
    assert set(scored_checks()) == warns


DEMO = Path(__file__).parents[2] / "recipes/demo/recipe.yaml"


def test_the_guidelines_are_the_recipes():
    recipe = load_recipe(DEMO)
    told = guidelines(recipe)
    for part in (recipe.persona.name, recipe.persona.description, "question_answer: 40 to 180 words", "Does not sound like me"):
        assert part in told
    assert "Reviewers disagreed" not in told
    assert "Reviewers disagreed" in settings_of(recipe, tie_break=True)["guidelines"]
    assert "1, then Enter" not in told, "it is ticked already: that key would take it away"
    assert "Shift+Enter" in told


def test_the_guidelines_hold_the_personas_texts_as_text():
    """Argilla shows a line break as one."""
    recipe = load_recipe(DEMO)
    persona = recipe.persona.model_copy(update={"name": "A*n*n <b>", "description": "# Keeper\n\n- counts *everything*\n"})
    told = guidelines(recipe.model_copy(update={"persona": persona}), tie_break=True)
    assert "answer as <b>A*n*n &lt;b&gt;</b> does, from these pairs" in told
    assert "<br># Keeper<br><br>- counts *everything*</p>" in told
    further = [line for paragraph in told.split("\n\n") for line in paragraph.split("\n")[1:]]
    assert further
    assert all(line.startswith("- ") for line in further), "only lists have lines"
