"""What a person may rely on about the shapes of pairs: dialogues, grounded pairs, prompts of one's own, samples, the mix."""

import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate.generate.answers import Answer, Exchange, answer_schema
from curate.generate.requests import is_about, sample_of
from curate.ledger.ledger import Ledger
from curate.model import Pair, Stage, Turn
from curate.read.passages import cut
from curate.read.read import find_files, read_sources
from curate.select.mix import asked_against_got
from likeness.errors import CallError
from likeness.kinds import KINDS as ALL_KINDS
from likeness.recipe.load import load_recipe
from tests.make import DOCUMENTS, LIVE, RECIPE, json_of, rows, write_corpus

from .asked import requests_for
from .test_generate import ask, ledger, requests  # noqa: F401 - fixtures

KINDS = LIVE[LIVE.index("    - {kind: question_answer") : LIVE.index("expect:")]


def asking_for(kinds: str) -> str:
    return LIVE.replace(KINDS, kinds)


def requests_of(folder, recipe_text):
    from curate.generate.voice_samples import VoiceSamples

    folder.mkdir(exist_ok=True)
    path = write_corpus(folder, recipe_text)
    recipe = load_recipe(path)
    scratch = Ledger(folder / "scratch.db")
    documents = list(read_sources(find_files(recipe, folder), scratch, Stage("read"), lambda *_: None).documents)
    scratch.close()
    passages = {document.path: cut(document, 100) for document in documents}
    return requests_for(recipe, documents, passages, VoiceSamples()), passages


# --- answers ---


def test_what_a_kind_asks_for_is_what_is_read():
    """The fields in a kind's file are those of the model that its answers are read as."""
    assert len(ALL_KINDS) > 5
    assert {field for kind in ALL_KINDS.values() for field in kind.answer} == Exchange.model_fields.keys()
    asked = [kind for kind in ALL_KINDS.values() if kind.is_generated]
    answers = [example_of(answer_schema(kind.answer, kind.exchanges)) for kind in asked]
    read = [Answer.model_validate(answer) for answer in answers]
    assert [bool(answer.dialogues) for answer in read] == [kind.exchanges > 1 for kind in asked]


def example_of(schema: dict[str, Any]) -> Any:
    """What a schema allows, with one item in each list."""
    match schema["type"]:
        case "object":
            return {name: example_of(inner) for name, inner in schema["properties"].items()}
        case "array":
            return [example_of(schema["items"])]
    return "words"


# --- dialogue ---


def test_a_dialogue_becomes_a_pair_for_each_answer(tmp_path, ask):  # noqa: F811
    asked, _ = requests_of(tmp_path / "d", asking_for("    - {kind: dialogue, per_document: 2}\n"))
    pairs, _, stage = ask(asked)
    assert {pair.kind for pair in pairs} == {"dialogue"}
    assert stage.reasons == {}
    assert len({pair.id for pair in pairs}) == len(pairs)
    later = [pair for pair in pairs if len(pair.prompt) > 1]
    assert later
    by_answer = {pair.response: pair for pair in pairs}
    for pair in later:
        assert [turn.role for turn in pair.prompt] == ["user", "assistant"] * (len(pair.prompt) // 2) + ["user"]
        before = by_answer[pair.prompt[-2].content]  # the answer before it is a pair of its own
        assert pair.prompt[:-2] == before.prompt
        assert pair.evidence.quote != ""


def test_an_exchange_without_evidence_takes_those_after_it_along(tmp_path, ask, ledger):  # noqa: F811
    asked, _ = requests_of(tmp_path / "d", asking_for("    - {kind: dialogue, per_document: 1}\n"))
    ask(asked[:1])
    ((text,),) = ledger._db.execute("select text from responses").fetchall()
    answer = json.loads(text)
    exchanges = answer["dialogues"][0]["exchanges"]
    exchanges[1:] = [exchanges[1] | {"quote": "words that nobody ever wrote"}, exchanges[0]]
    ledger._db.execute("update responses set text = ?", (json.dumps(answer),))
    pairs, _, stage = ask(asked[:1])
    assert [len(pair.prompt) for pair in pairs] == [1]
    assert stage.reasons == {"quote is not in the passage": 2}


def test_recorded_dialogues_are_replayed(tmp_path, curate):
    kinds = "    - {kind: dialogue, per_document: 1, words: [10, 60]}\n"
    replayed = KINDS.replace("words: [40, 150]", "words: [15, 60]")
    write_corpus(tmp_path, RECIPE.replace(replayed, kinds).replace("{min_value: 5}", "{min_value: 1}"))
    exchanges = [
        {
            "quote": "He said that a man who can swim will trust the water",
            "instruction": "Could your uncle swim?",
            "response": "No, and he ran the ferry for thirty years. It made him careful of the boat, he said, and it did.",
        },
        {
            "quote": "I say that the boat was looked after",
            "instruction": "So was he right about that?",
            "response": "I never said he was right. I said the boat was looked after, and that is the part I saw myself.",
        },
    ]
    (tmp_path / "recorded/all.jsonl").write_text(json.dumps({"kind": "dialogue", "exchanges": exchanges}) + "\n")
    done = curate(tmp_path, "build", "recipe.yaml", "--json")
    dataset = json.loads(done.stdout)["dataset"]
    found = [row for split in ("train",) for row in pq.read_table(f"{dataset}/sft/{split}.parquet").to_pylist()]
    assert [[turn["role"] for turn in row["prompt"]] for row in found] == [
        ["system", "user"],
        ["system", "user", "assistant", "user"],
    ]
    assert found[1]["prompt"][2]["content"] == exchanges[0]["response"]


# --- grounded ---


def test_a_grounded_pair_carries_its_passage_in_the_prompt(tmp_path, curate, claude):
    write_corpus(tmp_path, asking_for("    - {kind: grounded, per_passage: 1}\n").replace("{min_value: 5}", "{min_value: 1}"))
    done = curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment)
    dataset = json.loads(done.stdout)["dataset"]
    row = pq.read_table(f"{dataset}/sft/train.parquet").to_pylist()[0]
    asked = row["prompt"][-1]["content"]
    notes, question = asked.removeprefix("<notes>\n").split("\n</notes>\n\n")
    assert row["quote"].split()[:4] == notes[notes.index(row["quote"][:10]) :].split()[:4]
    shown = json_of(curate(tmp_path, "show", row["id"], "--json"))
    assert shown["prompt"][-1]["content"] == question


def test_grounded_and_own_words_take_passages(tmp_path):
    for kind in ("grounded", "own_words"):
        with pytest.raises(CallError, match=f"{kind} takes `per_passage`"):
            load_recipe(write_corpus(tmp_path / kind, asking_for(f"    - {{kind: {kind}, per_document: 1}}\n")))


# --- prompts of the recipe's own ---

OWN = '{% include "_document.md.j2" %}\nAsk {{ persona.name }} for {{ count }} {{ "letter" if count == 1 else "letters" }} of {{ words[0] }} words on {{ heading }}.'


def with_own_prompt(folder, prompt: str):
    recipe = asking_for("    - {kind: essay, per_document: 1, prompt: prompts/letter.md.j2}\n")
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts/letter.md.j2").write_text(prompt)
    return requests_of(folder, recipe)[0]


def test_a_recipes_own_prompt_takes_the_place_of_ours(tmp_path):
    asked = with_own_prompt(tmp_path / "own", OWN)
    assert all("Ask the baker for 1 letter of 350 words" in request.user for request in asked)
    assert all(request.material in request.user for request in asked)
    assert all(request.user.count("</document>") == 1 for request in asked)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("Write a letter.", r"letter\.md\.j2: this prompt leaves out the document"),
        ("{{ text | data }} {% if %}", r"letter\.md\.j2:1: not a Jinja2 template"),
        ("{{ text | data }} {{ colour }}", r"letter\.md\.j2: this prompt cannot be filled in: 'colour' is undefined"),
        ("{{ text | data }} {{ ''.__class__.__mro__ }}", r"letter\.md\.j2: this prompt cannot be filled in"),
        ("{{ text | data }} {% include 'elsewhere.j2' %}", r"letter\.md\.j2: this prompt cannot be filled in: elsewhere\.j2"),
        ("{{ text }}", r"does not take it as data"),
    ],
)
def test_a_prompt_that_cannot_work_is_told_with_its_mend(tmp_path, prompt, told):
    """The last one holds the document, but not as data: it could close its block."""
    with pytest.raises(CallError, match=told):
        with_own_prompt(tmp_path / "own", prompt)


def test_a_prompt_that_is_not_there_is_told_with_its_line(tmp_path):
    recipe = asking_for("    - {kind: essay, per_document: 1, prompt: nowhere.j2}\n")
    with pytest.raises(CallError, match=r"recipe\.yaml:10: prompt: there is no file .*nowhere\.j2"):
        load_recipe(write_corpus(tmp_path / "x", recipe))


def test_an_edited_prompt_makes_another_build(tmp_path, curate, claude):
    recipe = asking_for("    - {kind: essay, per_document: 1, words: [40, 150], prompt: letter.md.j2}\n")
    write_corpus(tmp_path, recipe.replace("{min_value: 5}", "{min_value: 1}"))
    (tmp_path / "letter.md.j2").write_text(OWN)
    first = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert first["usage"]["requests"] == len(DOCUMENTS)
    assert json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))["unchanged"]
    (tmp_path / "letter.md.j2").write_text(OWN + " Be brief.")
    again = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert again["usage"]["requests"] == len(DOCUMENTS)


# --- samples ---


def test_a_sample_is_of_passages_spread_over_the_documents(tmp_path):
    kinds = KINDS + "    - {kind: essay, per_document: 1}\n"
    asked, passages = requests_of(tmp_path / "s", asking_for(kinds))
    for count in (1, 3, 4):
        chosen = sampled(asked, passages, count)
        about = {request.passage for request in chosen if request.passage}
        assert len(about) <= count
        assert len({request.document for request in chosen}) == min(count, len(DOCUMENTS))
        assert set(chosen_keys(chosen)) <= set(chosen_keys(asked))
        assert sum(request.kind == "essay" for request in chosen) == min(count, len(DOCUMENTS))
    everything = sampled(asked, passages, 1000)
    assert chosen_keys(everything) == chosen_keys(asked)


def sampled(asked, passages, count):
    chosen = sample_of(passages, count)
    return [one for one in asked if is_about(chosen, one.document, one.passage, one.start, one.start + len(one.material))]


def chosen_keys(asked):
    return [(request.kind, request.document, request.start) for request in asked]


def test_a_sample_is_built_end_to_end_and_not_asked_twice(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    sampled = curate(tmp_path, "build", "recipe.yaml", "--sample", "2", "--json", env=claude.environment)
    # the recipe wants five rows at least: told, not enforced
    assert "warning: expect_table_row_count_to_be_between" in sampled.stderr
    said = json.loads(sampled.stdout)
    assert (said["version"], said["sample"]) == ("sample", 2)
    assert 0 < said["usage"]["requests"] < 8
    assert not (tmp_path / "build/village/dataset/latest").exists()
    assert len(pq.read_table(f"{said['dataset']}/sft/train.parquet")) == said["counts"]["train"] > 0
    status = json_of(curate(tmp_path, "status", "recipe.yaml", "--json"))
    assert (status["state"], status["version"]) == ("only a sample is built; `curate build` builds the rest", None)

    whole = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert whole["version"].startswith("001-")
    assert whole["usage"]["requests"] == whole["stages"][2]["rows_in"] - said["usage"]["requests"]
    assert claude.log()["paid_twice"] == []
    curate(tmp_path, "build", "recipe.yaml", "--sample", "1", env=claude.environment)
    assert (tmp_path / "build/village/dataset/latest").read_text().strip() == whole["version"]
    assert json_of(curate(tmp_path, "status", "recipe.yaml", "--json"))["state"] == "up to date"


def test_a_sample_shows_pairs_that_await_review_too(corpus, curate):
    with corpus.open("a") as recipe:
        recipe.write("review: {pairs: all, awaiting: hold}\n")
    told = curate(corpus.parent, "build", "recipe.yaml", "--sample", "1").stdout
    assert "Its pairs:" in told and "(awaiting)" in told


# --- asked against got, and what it cost ---


def test_the_report_says_asked_against_got_and_the_cost_of_each_kind(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    done = curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment)
    said = json.loads(done.stdout)
    question, own = said["mix"]
    assert (question["kind"], own["kind"]) == ("question_answer", "own_words")
    assert question["asked"] == question["requests"] > 0
    assert question["words_asked"] == [40, 150]
    assert question["words"] == sorted(question["words"])
    assert question["share_kept"] + own["share_kept"] == pytest.approx(1)
    paid = dict(
        rows(
            tmp_path / "build/village/ledger.db",
            "select kind, sum(usd) from responses join requests on key = request group by kind",
        )
    )
    for row in said["mix"]:
        assert row["usd"] == pytest.approx(paid[row["kind"]], abs=1e-6)
        assert row["usd_per_kept"] == pytest.approx(row["usd"] / row["kept"], abs=1e-6)
    manifest = json.loads(
        (tmp_path / "build/village/dataset/latest").parent.joinpath(said["version"], "manifest.json").read_text()
    )
    assert manifest["mix"] == said["mix"]
    status = curate(tmp_path, "status", "recipe.yaml").stdout
    assert f"${question['usd_per_kept']:.4f} a pair" in status
    card = (tmp_path / "build/village/dataset" / said["version"] / "README.md").read_text()
    assert "Asked of the generator, and got" in card


def test_pairs_that_came_ready_are_counted_without_being_asked_for():
    ready = [Pair(str(n), "pair", (Turn("user", "Why?"),), "Because it is so.", "a.jsonl") for n in range(4)]
    (row,) = asked_against_got([], ready, ready[:3], {})
    assert (row["asked"], row["written"], row["kept"], row["share_kept"], row["words_asked"]) == (0, 4, 3, 1.0, None)
