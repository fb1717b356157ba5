"""What people decided outlives an edit; what was paid for is not asked again; what must go, or costs again, is said first."""

import json
import re
import time

import pytest

from curate.generate.answers import Answer, Exchange, pairs_of
from curate.generate.decided_before import nearest
from curate.generate.voice_samples import VoiceSamples
from curate.ledger.ledger import Ledger
from curate.llm.ask import key_of, known_key
from curate.model import Decision, Document, Stage, VoiceSample, content_hash
from curate.read.passages import cut
from likeness.recipe.load import load_recipe
from tests.make import DOCUMENTS, LIVE, json_of, rows, write_corpus

from .asked import requests_for

NONE = VoiceSamples()
TEXT = "The clock in the square is four minutes slow and has been so since my wedding. The whole town knows it."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("four minutes slow and has been so since the wedding", "four minutes slow and has been so since my wedding"),
        (
            "The clock in the square is five minutes slow and has been",
            "The clock in the square is four minutes slow and has been",
        ),
        ("A clock in the square is four minutes slow", "The clock in the square is four minutes slow"),
        ("The whole village knows it by now.", None),
        ("nothing of this is in there at all", None),
        ("slow", None),
    ],
)
def test_what_a_quote_has_become_is_found_by_its_words(quote, found):
    where = nearest(quote, TEXT)
    assert (where and TEXT[where[0] : where[1]]) == found


@pytest.mark.slow
def test_the_nearest_stretch_is_found_in_time_whatever_the_text():
    for text in ("word " * 200_000, " " * 200_000, "(" * 200_000, "the clock in " * 70_000):
        began = time.process_time()
        nearest("The clock in the square is four minutes slow", text)
        assert time.process_time() - began < 3


def test_an_answer_with_more_than_was_asked_for_is_cut_and_counted_once(tmp_path):
    (request, *_), _ = _asked(tmp_path)
    quotes = re.findall(r"[^.]+\.", request.material)[:3]
    answer = Answer(pairs=[Exchange(instruction=f"What of {n}?", response="So.", quote=q) for n, q in enumerate(quotes)])
    stage = Stage("generate")
    assert len(pairs_of(request, "key", answer, stage, request.count)) == request.count == 1
    assert stage.reasons == {"more than was asked for": 2}


def _asked(folder, samples=NONE):
    recipe = load_recipe(write_corpus(folder, LIVE) if not (folder / "recipe.yaml").exists() else folder / "recipe.yaml")
    document = Document("documents/bread.md", "Bread", DOCUMENTS["documents/bread.md"].replace("        ", ""), "own")
    return requests_for(recipe, [document], {document.path: cut(document, 100)}, samples), recipe


def test_samples_are_no_part_of_a_request_and_old_answers_are_found(tmp_path):
    one, _ = _asked(tmp_path, VoiceSamples([VoiceSample("a.md", "I bake on Tuesdays.")]))
    other, _ = _asked(
        tmp_path,
        VoiceSamples(
            [VoiceSample("a.md", "My uncle ran the ferry.")], earlier=[["My uncle ran the ferry."], ["I bake on Tuesdays."]]
        ),
    )
    assert one[0].system != other[0].system
    assert [key_of(each, "model") for each in one] == [key_of(each, "model") for each in other]

    ledger = Ledger(tmp_path / "ledger.db")
    old = content_hash("model", one[0].system, one[0].user, one[0].schema, length=32)  # as it was before 0.2
    assert known_key(other[0], "model", ledger) == key_of(other[0], "model")
    ledger.add_request(old, one[0].kind, one[0].document, one[0].passage, {})
    assert known_key(other[0], "model", ledger) == old
    assert known_key(other[1], "model", ledger) == key_of(other[1], "model")
    ledger.close()


class Town:
    """The corpus with answers of a server that speaks Claude's protocol, and decisions straight in the ledger."""

    def __init__(self, folder, claude, curate):
        self.folder, self.claude, self.curate = folder, claude, curate
        write_corpus(
            folder, LIVE.replace("  concurrency: 2", "  concurrency: 4").split("expect:")[0] + "review: {awaiting: keep}\n"
        )

    def build(self, *more, code=0):
        return self.curate(self.folder, "build", "--json", *more, env=self.claude.environment, code=code)

    def plan(self):
        return json_of(self.curate(self.folder, "plan", "--json", env=self.claude.environment))

    def asked(self):
        return len(self.claude.requests())

    def edit(self, name, old, new):
        path = self.folder / "documents" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def ledger(self):
        return self.folder / "build/village/ledger.db"

    def pairs(self, kind, document):
        query = f"select id, evidence, state from pairs where build = (select max(build) from pairs) and kind = '{kind}'"
        found = [
            (id_, json.loads(quote)[3], state)
            for id_, quote, state in rows(self.ledger, f"{query} and document like '%{document}'")
        ]
        return sorted(found)

    def decide(self, pair, verdict="approve", **more):
        ledger = Ledger(self.ledger)
        ledger.add_decision(Decision(pair, "ada", "review", verdict, **more))
        ledger.close()

    def published(self):
        import pyarrow.parquet as pq

        folder = self.folder / "build/village/dataset"
        files = (folder / (folder / "latest").read_text().strip() / "sft").glob("*.parquet")
        return {row["id"]: row for file in files for row in pq.read_table(file).to_pylist()}


@pytest.fixture
def town(tmp_path, claude, curate):
    return Town(tmp_path, claude, curate)


@pytest.mark.slow
def test_a_document_that_goes_and_returns_asks_nothing_again(town):
    town.build()
    asked = town.asked()
    file = town.folder / "documents/bread.md"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    town.build()
    file.write_text(text, encoding="utf-8")
    assert town.plan()["answered_already"] == asked
    town.build()
    assert town.asked() == asked
    assert town.claude.log()["paid_twice"] == []


@pytest.mark.slow
def test_a_decision_survives_an_edit_of_the_passage_around_its_quote(town):
    town.build()
    asked = town.asked()
    [(approved, quote, _)] = town.pairs("question_answer", "clock.html")
    [(own, _, _)] = town.pairs("own_words", "clock.html")
    town.decide(approved, response="We are all late together. I like it that way.", rating=5)
    town.decide(own, instruction="What of your clock?")
    elsewhere = next(word for word in ("ladder", "mended", "lunch", "wedding") if word not in quote)
    before = town.published()[approved]

    town.edit("clock.html", elsewhere, f"old {elsewhere}")
    planned = town.plan()
    assert planned["decided"] == {"stay": 1, "second_look": 1, "go": {}}
    assert planned["requests"] == planned["answered_already"], "what they stand for is not asked again"
    done = town.build()
    assert "1 decided pair stays: the quotes they rest on are still there" in done.stderr
    assert "1 decided pair awaits a second look" in done.stderr
    assert town.asked() == asked
    row = town.published()[approved]
    assert row["completion"][0]["content"] == "We are all late together. I like it that way."
    assert (row["review"], row["rating"], row["quote"]) == ("edited", 5, before["quote"])

    [(again, now, state)] = town.pairs("own_words", "clock.html")
    assert state == "awaiting"
    assert f"old {elsewhere}" in now
    shown = json_of(town.curate(town.folder, "show", again, "--json"))
    assert (shown["prompt"][-1]["content"], shown["response"]) == ("What of your clock?", now)
    assert f"old {elsewhere}" in shown["passage"]["text"]
    assert json.loads(town.build().stdout)["unchanged"]

    town.edit("bread.md", "water, and salt", "water, and coarse salt")  # something else, later
    town.build()
    assert town.published()[approved]["review"] == "edited", "and it stays, build after build"
    assert town.pairs("own_words", "clock.html") == [(again, now, "awaiting")]
    town.decide(again)
    town.build()
    assert town.published()[again]["review"] == "approved"

    town.edit("clock.html", f"old {elsewhere}", elsewhere)
    town.build()
    assert town.published()[own]["review"] == "edited", "the passage is what it was: so are its pairs"
    assert [each for each, _, _ in town.pairs("own_words", "clock.html")] == [own]


@pytest.mark.slow
def test_a_pair_sent_back_stays_as_it_was_rewritten(town):
    town.build()
    [(pair, _, _)] = town.pairs("question_answer", "clock.html")
    town.decide(pair, "rewrite", note="Shorter.")
    town.build()
    query = f"select id from pairs where replaces = '{pair}' order by build desc limit 1"
    ((new,),) = rows(town.ledger, query)
    quotes = [quote for _, quote, _ in town.pairs("question_answer", "clock.html")]
    elsewhere = next(word for word in ("ladder", "mend", "lunch", "wedding") if not any(word in quote for quote in quotes))
    asked = town.asked()
    town.edit("clock.html", elsewhere, f"old {elsewhere}")
    town.build()
    assert [each for each, _, _ in town.pairs("question_answer", "clock.html")] == [new]
    kinds = [json.dumps(each["body"]).count("question_answer") for each in town.claude.requests()[asked:]]
    assert not any(kinds), "the pair that was rewritten is neither asked nor rewritten again"


@pytest.mark.slow
def test_what_must_go_is_said_first_and_goes_only_if_agreed(town):
    town.build()
    [(pair, _, _)] = town.pairs("question_answer", "clock.html")
    [(own, _, _)] = town.pairs("own_words", "orchard.txt")
    town.decide(pair)
    town.decide(own)
    town.build()
    asked, version = town.asked(), (town.folder / "build/village/dataset/latest").read_text()
    (town.folder / "documents/orchard.txt").unlink()
    town.edit("clock.html", "four minutes slow", "gone")
    path = town.folder / "documents/clock.html"
    path.write_text(
        re.sub(
            r"<p>.*</p>",
            "<p>There is no clock any more, and nobody has asked me about it since then.</p>",
            path.read_text(),
            flags=re.DOTALL,
        )
    )
    planned = town.plan()
    assert planned["decided"] == {"stay": 0, "second_look": 0, "go": {"question_answer": 1, "own_words": 1}}
    shown = town.curate(town.folder, "plan", env=town.claude.environment).stdout
    assert "2 pairs must go, for what they rest on is gone (" in shown
    done = town.build(code=2)
    assert "2 pairs that people approved, edited or sent back must go" in done.stderr
    assert "--yes" in done.stderr
    assert (town.asked(), (town.folder / "build/village/dataset/latest").read_text()) == (asked, version)
    town.build("--yes")
    assert not town.published().keys() & {pair, own}
    town.build()  # once is enough


@pytest.mark.slow
def test_a_renamed_document_keeps_its_decisions(town):
    town.build()
    [(pair, _, _)] = town.pairs("question_answer", "clock.html")
    town.decide(pair)
    town.build()
    (town.folder / "documents/clock.html").rename(town.folder / "documents/square.html")
    town.build()
    assert town.published()[pair]["review"] == "approved"


@pytest.mark.slow
def test_another_model_or_prompt_says_first_what_is_asked_again(town):
    town.build()
    asked = town.asked()
    recipe = town.folder / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace("concurrency: 4", "concurrency: 4\n  model: claude-haiku-5-5"), encoding="utf-8")
    planned = town.plan()["asked_again"]
    assert planned["requests"] == asked
    assert planned["usd"] > 0
    assert re.fullmatch(
        rf"{asked} answers are asked for again, because the model is another: about \$\d+\.\d\d", planned["summary"]
    )
    recipe.write_text(text.replace("description: Dry", "description: Very dry"), encoding="utf-8")
    assert "a prompt is another" in town.plan()["asked_again"]["summary"]
    done = town.build()
    assert done.stderr.index("asked for again, because a prompt is another") < done.stderr.index("generate ")
    assert town.plan()["asked_again"] is None


@pytest.mark.slow
def test_a_misspelt_model_is_named_with_the_nearest(town):
    recipe = town.folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("concurrency: 4", "concurrency: 4\n  model: claude-sonet-5-5"), encoding="utf-8")
    shown = town.curate(town.folder, "plan", env=town.claude.environment).stdout
    assert "claude-sonet-5-5 is not in the list of models; did you mean claude-sonnet-5-5?" in shown
    done = town.build(code=2)
    assert "claude-sonnet-5-5" in done.stderr
