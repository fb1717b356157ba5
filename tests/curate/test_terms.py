"""Thin terms: what is found in four languages, what counts as explained, and what a person says of terms is remembered."""

import json
from pathlib import Path

import pytest

from curate.contrast.cli import _decide
from curate.contrast.terms import thin_terms
from curate.decisions.explanations import keys_of
from curate.model import Document, Pair, TermDecision, Turn
from curate.read.documents import read_document
from likeness.errors import CallError
from likeness.metrics.distinctive import key_of
from likeness.metrics.explained import explains, goes_on_to_explain

PLANTED = Path(__file__).parent / "planted/terms"
LABELS = json.loads((PLANTED / "labels.json").read_text(encoding="utf-8"))


def document(text: str, path: str = "a.md") -> Document:
    return Document(path, path, text, "own")


def pair(question: str, answer: str) -> Pair:
    return Pair(question, "question_answer", (Turn("user", question),), answer, "a.md")


def listed(terms, name):
    return [term.kind for term in terms if term.key in keys_of(name)]


@pytest.mark.parametrize("name", LABELS)
def test_planted_terms_are_found_and_ordinary_words_are_not(name):
    terms = thin_terms([read_document(PLANTED / name, name, "own")], [])
    labels = LABELS[name]
    missed = [term for kind in ("thin", "explained", "inconsistent") for term in labels[kind] if not listed(terms, term)]
    assert len(missed) <= 2, missed
    assert [term for term in labels["ordinary"] if listed(terms, term)] == []
    assert all(listed(terms, term) == ["unanswered"] for term in labels["explained"])
    assert all(listed(terms, term) == ["inconsistent"] for term in labels["inconsistent"])
    assert [term for term in labels["thin"] if listed(terms, term) == ["unanswered"]] == []


@pytest.mark.parametrize(
    ("one", "other", "tongue"),
    [
        ("slack water", "Slack-Water", "en"),
        ("Pellow gauges", "the Pellow gauge's", "en"),
        ("Grummleinen", "der Grummleine", "de"),
        ("les sangoires", "Sangoire", "fr"),
        ("las vereguillas", "vereguilla", "es"),
    ],
)
def test_a_term_is_itself_in_every_form(one, other, tongue):
    assert key_of(one, tongue) == key_of(other, tongue)


def test_every_mention_is_where_it_says():
    text = "I asked for the Pellow gauge. He had the Pellow gauge with him, and the Pellow gauge was wet."
    (term,) = thin_terms([document(text)], [])
    assert len(term.mentions) == 3
    assert all(text[place.start : place.end] == place.quote for place in term.mentions)


@pytest.mark.parametrize(
    ("sentence", "term", "tongue", "told"),
    [
        ("The dumbfill is the first pour of the day.", "dumbfill", "en", True),
        ("What we call a dumbfill makes no bell.", "dumbfill", "en", True),
        ("That is the dumbfill.", "dumbfill", "en", True),
        ("The dumbfill, a pour that makes no bell, comes first.", "dumbfill", "en", True),
        ("After the dumbfill is the time to sit down.", "dumbfill", "en", False),
        ("Is the dumbfill the first pour?", "dumbfill", "en", False),
        ("I put the dumbfill off again.", "dumbfill", "en", False),
        ("Die Grummleine ist ein geteertes Seil.", "Grummleine", "de", True),
        ("Bei der Kesselprobe war mein Vater dabei.", "Kesselprobe", "de", False),
        ("On appelle sangoire la poussière noire.", "sangoire", "fr", True),
        ("Llamamos vereguilla a la primera sal.", "vereguilla", "es", True),
    ],
)
def test_what_explains_a_term(sentence, term, tongue, told):
    start = sentence.index(term)
    assert explains(sentence, start, start + len(term), tongue) is told


def test_the_next_sentence_may_explain():
    text = "The side pond was dying. It is a walled basin beside the lock."
    assert goes_on_to_explain(text, 24, "en")
    assert not goes_on_to_explain("The side pond was dying. It rained.", 24, "en")


def test_a_term_that_a_pair_asks_for_is_not_listed():
    text = "The dumbfill is the first pour of the day. We heat for the dumbfill. The Corrigan mould is never lent out."
    plain = thin_terms([document(text)], [])
    assert listed(plain, "dumbfill") == ["unanswered"]
    assert listed(plain, "Corrigan mould") == ["unexplained"]
    asked = thin_terms(
        [document(text)], [pair("What is a dumbfill?", "It warms the channel. I learnt it beside the Corrigan mould.")]
    )
    assert listed(asked, "dumbfill") == []
    (mould,) = asked
    assert (mould.risk, mould.said_by) == ("high", ("What is a dumbfill?",))


def test_two_amounts_and_two_spellings_are_inconsistent():
    amounts = "The slip-coat takes two hours to dry. In winter I was told that the slip-coat takes five hours to dry."
    assert listed(thin_terms([document(amounts)], []), "slip-coat") == ["inconsistent"]
    spelt = "I lent the brush to Fenniwick. I lent the pot to Fenniwick. He asked Fenniwyck for both."
    (term,) = thin_terms([document(spelt)], [])
    assert term.kind == "inconsistent" and "Fenniwyck" in term.why


def test_code_and_tables_hold_no_terms():
    from curate.model import Block

    text = "We baked.\n\nzorbulate(Quxinator)\nzorbulate(Quxinator)"
    code = Document("a.md", "a", text, "own", (Block("prose", 0, 9), Block("code", 11, len(text))))
    assert thin_terms([code], []) == []


def test_what_a_person_says_of_terms_counts():
    text = "The Corrigan mould is never lent out. I fetched the old tin and the old tin was empty. They rang for the mould of Corrigan."
    said = [TermDecision("the Corrigan mould", "dismiss")]
    assert listed(thin_terms([document(text)], [], said), "Corrigan mould") == []
    again = [*said, TermDecision("Corrigan moulds", "add")]
    assert listed(thin_terms([document(text)], [], again), "Corrigan mould") == ["unexplained"]
    added = thin_terms([document(text)], [], [TermDecision("old tin", "add")])
    assert listed(added, "old tin") == ["unexplained"]
    merged = thin_terms([document(text)], [], [TermDecision("mould of Corrigan", "merge", "Corrigan mould")])
    (mould,) = [term for term in merged if term.key in keys_of("Corrigan mould")]
    assert len(mould.mentions) == 2
    told = thin_terms([document(text)], [], [TermDecision("Corrigan mould", "explain", text="A mould of lead.")])
    assert listed(told, "Corrigan mould") == ["unanswered"]


def test_the_commands_remember(corpus, curate):
    (corpus.parent / "documents/clock.md").write_text("The Ringold key is on the shelf.\n\nI gave the Ringold key to nobody.\n")
    (corpus.parent / "documents/clock.html").unlink()
    first = json.loads(curate(corpus.parent, "contrast", "list", "recipe.yaml", "--json").stdout)
    assert [(term["term"], term["kind"]) for term in first["terms"]] == [("Ringold key", "unexplained")]
    curate(corpus.parent, "contrast", "dismiss", "recipe.yaml", "Ringold keys")
    assert json.loads(curate(corpus.parent, "contrast", "list", "recipe.yaml", "--json").stdout)["terms"] == []
    wrong = curate(corpus.parent, "contrast", "merge", "recipe.yaml", "Nobodys thing", "Ringold key", code=2)
    assert "in none of the documents" in wrong.stderr
    nothing = curate(corpus.parent, "contrast", "add", "recipe.yaml", code=2)
    assert "say which term" in nothing.stderr


def test_a_term_is_not_merged_into_itself_nor_back(corpus):
    (corpus.parent / "documents/clock.md").write_text("Teo came late.\n\nI had told Teodoro, and Teodoro had told Teo.\n")
    with pytest.raises(CallError, match="'Teo' is 'Teo' already"):
        _decide(corpus, "Teo", "merge", "Teo", as_json=False)
    _decide(corpus, "Teodoro", "merge", "Teo", as_json=False)
    with pytest.raises(CallError, match="'Teodoro' is 'Teo' already"):
        _decide(corpus, "Teo", "merge", "Teodoro", as_json=False)


def test_the_value_of_an_option_is_no_recipe():
    from typer.main import get_command

    from curate.contrast.cli import app

    add = get_command(app).commands["add"]
    assert add._first(["Pellow gauge", "--explain", "moves in/out"]) == "Pellow gauge"
    assert add._first(["--explain", "moves in/out", "my-voice", "Pellow gauge"]) == "my-voice"
    assert add._first(["--json"]) == ""
