"""What a person may rely on who starts: one command points at their files, and nothing of the example is left in."""

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from curate.init.own_files import write_own_recipe
from curate.init.questions import propose_questions
from curate.init.ready import write_recipe
from curate.model import Document
from likeness.recipe.load import load_control, load_recipe
from tests.make import CONTROL, DOCUMENTS, LIVE, write_corpus

STARTER = Path(__file__).parents[2] / "recipes/starter"


@pytest.fixture
def notes(tmp_path) -> Path:
    folder = tmp_path / 'my [notes] & "more"'
    write_corpus(folder)
    shutil.rmtree(folder / "recorded")
    (folder / "recipe.yaml").unlink()
    (folder / "control.yaml").unlink()
    (folder / "documents/LOUD.MD").write_text(
        "# Loud\n\nThe bell is loud. The bell is loud on Sundays and the bell is loud at night.\n"
    )
    (folder / "documents/empty.md").write_text("")
    (folder / "documents/picture.png").write_bytes(b"x")
    (folder / "documents/pom.xml").write_text("<project/>")
    (folder / "documents/settings.json").write_text("{}")
    (folder / ".hidden").mkdir()
    (folder / ".hidden/secret.md").write_text("Nobody reads this.")
    return folder


def test_it_points_at_the_files_and_the_recipe_builds(tmp_path, notes, curate, claude):
    done = curate(tmp_path, "init", "my-voice", "--from", str(notes), "--voice", 'Si"mon: # the baker', "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["documents"], said["suffixes"]) == (5, {".md": 3, ".txt": 1, ".html": 1})
    assert set(said["left_out"]) == {"documents/empty.md", "documents/pom.xml", "documents/settings.json", "1 .png"}
    recipe = load_recipe(tmp_path / "my-voice/recipe.yaml")
    assert recipe.name == "my-voice" and recipe.persona.name == 'Si"mon: # the baker'
    assert recipe.generate.provider == "anthropic" and recipe.generate.budget_usd and recipe.review.pairs == "flagged"
    questions = load_control(tmp_path / "my-voice/control.yaml").questions
    assert said["questions"] == len(questions) >= 10
    assert {each.about for each in questions} == {"voice", "facts", "unknown", "general"}
    assert len({each.question for each in questions}) == len(questions)
    assert any(title in each.question for each in questions for title in ("Bread", "The ferry", "The clock", "Loud"))
    assert "secret" not in str(said) and list(notes.rglob("recipe.yaml")) == [], "the files stay as they are"
    found = json.loads(curate(tmp_path, "plan", "my-voice", "--json").stdout)
    assert found["documents"] == 5 and found["requests"] > 0
    built = curate(tmp_path, "build", "my-voice", "--sample", "1", "--json", env=claude.environment)
    assert built.returncode == 0, built.stderr


def test_a_file_whose_name_is_not_utf8_is_left_out(tmp_path, notes):
    (notes / "documents/caf\udce9.md").write_text("# Coffee\n\nIt is strong.\n")
    made = write_own_recipe(tmp_path / "mine", notes, "Simon")
    assert "rename it" in made.left_out["documents/caf\\xe9.md"]
    assert load_recipe(made.recipe).sources[0].unreadable == "skip"


def test_no_recipe_to_start_from_bars_what_people_said_themselves(tmp_path, notes):
    """An interview, conversations and contrasts bring pairs without a quote: one of them would stop every build."""
    own = write_own_recipe(tmp_path / "own", notes, "me").recipe
    recipes = [YAML(typ="safe").load(path) for path in (own, *STARTER.parent.glob("*/*.yaml"))]
    expected = [each.get("expect_column_values_to_not_be_null", {}) for recipe in recipes for each in recipe.get("expect", ())]
    assert expected and not [each for each in expected if each.get("column") == "quote" and each.get("mostly", 1) > 0.9]


def test_the_toy_that_comes_along_may_write(tmp_path, notes):
    made = write_own_recipe(tmp_path / "own", notes, "me", "llama-cpp", "builtin:smollm2-135m")
    assert load_recipe(made.recipe).generate.model == "builtin:smollm2-135m"


def test_a_ready_recipes_name_means_the_recipe(tmp_path, curate):
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter/a.md").write_text("Some words of mine that are long enough to be read as a document.")
    assert curate(tmp_path, "init", "one", "--from", "starter").returncode == 0
    assert (tmp_path / "one/recorded").is_dir()
    assert curate(tmp_path, "init", "two", "--from", "./starter", "--voice", "me").returncode == 0
    assert "starter/**/*.md" in (tmp_path / "two/recipe.yaml").read_text()
    assert curate(tmp_path, "init", "three", "--from", "voice/smollm2").returncode == 0
    neither = curate(tmp_path, "init", "four", "--from", "voice/smollm", code=None)
    assert neither.returncode == 2 and "Did you mean voice/smollm2" in neither.stderr
    assert curate(tmp_path, "init", "five", "--from", "starter", "--voice", "me", code=2)


def test_what_cannot_be_begun_is_refused_and_leaves_nothing(tmp_path, notes, curate):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.png").write_bytes(b"x")
    cases = [
        (("--from", "pictures", "--voice", "me"), "1 .png"),
        (("--from", str(notes)), "whose voice"),
        (("--from", str(notes), "--voice", "me", "--provider", "recorded"), "anthropic or llama-cpp"),
        (("--from", str(notes), "--voice", "me", "--provider", "llama-cpp"), "--model FILE.gguf"),
    ]
    for arguments, words in cases:
        done = curate(tmp_path, "init", "mine", *arguments, code=None)
        assert done.returncode == 2 and words in done.stderr, done.stderr
        assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        (
            "de",
            "Der Garten ist alt und der Zaun ist neu. Wir haben ihn nicht selbst gebaut, aber wir pflegen ihn. ",
            "Was weißt du",
        ),
        ("en", "The garden is old and the fence is new. We have not built it, but we look after it well. ", "What do you know"),
    ],
)
def test_questions_are_in_the_language_of_the_documents(language, text, words):
    documents = [
        Document(f"{n}.md", f"Title {language} {n}", text * 4 + "Blauer Heinrich, blauer Heinrich, blauer Heinrich.", "own")
        for n in range(3)
    ]
    asked = propose_questions(documents)
    assert any(each["question"].startswith(words) for each in asked)
    assert asked == propose_questions(documents)
    assert len({each["id"] for each in asked}) == len(asked)


def test_a_name_that_is_in_the_documents_is_not_called_unknown():
    documents = [Document("a.md", "Tools", "The Brandlow method is what we use. " * 5, "own")]
    asked = propose_questions(documents)
    assert {each["about"] for each in asked if "Brandlow" in each["question"]} <= {"facts"}
    assert sum(each["about"] == "unknown" for each in asked) == 2


# --- what is left in of an example ---


def test_an_examples_questions_are_refused_before_any_work(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    shutil.copy(STARTER / "control.yaml", tmp_path / "control.yaml")
    claude.control({"reset": True})
    for command in ("plan", "build"):
        done = curate(tmp_path, command, "recipe.yaml", env=claude.environment, code=None)
        assert done.returncode == 2
        assert "control.yaml still asks what the example starter asks" in done.stderr
        assert "How many knives do you own?" in done.stderr
    assert claude.log()["attempts"] == 0 and not (tmp_path / "build").exists()
    general = 'questions:\n  - {id: w, about: general, question: "At what temperature does water boil at sea level?"}\n'
    (tmp_path / "control.yaml").write_text(CONTROL + general.partition("\n")[2])
    assert curate(tmp_path, "plan", "recipe.yaml", env=claude.environment).returncode == 0, "what suits anybody may stay"


def test_an_examples_recordings_are_refused_before_any_work(tmp_path, curate):
    write_corpus(tmp_path)
    shutil.rmtree(tmp_path / "recorded")
    shutil.copytree(STARTER / "recorded", tmp_path / "recorded")
    done = curate(tmp_path, "build", "recipe.yaml", code=None)
    assert done.returncode == 2 and "still replays the answers of the example starter" in done.stderr
    assert not (tmp_path / "build").exists()


def test_the_example_itself_builds_as_it_is(tmp_path, curate):
    assert curate(tmp_path, "init", "mine").returncode == 0
    assert curate(tmp_path, "plan", "mine").returncode == 0
    (tmp_path / "mine/documents/more.md").write_text(DOCUMENTS["documents/bread.md"])
    assert curate(tmp_path, "plan", "mine").returncode == 0, "beside the example's document its questions may stay"


@pytest.mark.parametrize("name", ["2024", "null", "1e3", "my-voice"])
def test_a_recipe_may_have_any_name(tmp_path, name):
    assert load_recipe(write_recipe(tmp_path / name, "starter")).name == name


def test_conversations_are_told_from_what_the_person_wrote_alone(tmp_path, notes, curate):
    (notes / "documents/Chat with Ned.txt").write_text(
        "".join(f"[12/0{n}/2024, 08:1{n}:00] {('Ned', 'Simon')[n % 2]}: Is the ferry late again?\n" for n in range(1, 9))
    )
    (notes / "sent.mbox").write_text(
        "From a@b.c Mon Jan  1 00:00:00 2024\nFrom: Simon <a@b.c>\nSubject: x\n\nThe ferry is late.\n"
    )
    done = curate(tmp_path, "init", "mine", "--from", str(notes), "--voice", "Simon")
    assert done.returncode == 0, done.stderr
    assert (
        "2 files hold conversations, which are not read yet: say in mine/recipe.yaml what you are called in them." in done.stdout
    )
    recipe = (tmp_path / "mine/recipe.yaml").read_text()
    assert 'Chat with Ned.txt", as: conversations, author: "Simon", rights: own}' in recipe
    assert 'sent.mbox", as: conversations, author: "YOUR@ADDRESS", rights: own}' in recipe
    assert json.loads(curate(tmp_path, "plan", "mine", "--json").stdout)["documents"] == 5
    (tmp_path / "mine/recipe.yaml").write_text(recipe.replace("YOUR@ADDRESS", "a@b.c").replace("\n  # - {path", "\n  - {path"))
    assert {each.author for each in load_recipe(tmp_path / "mine/recipe.yaml").sources} == {None, "Simon", "a@b.c"}
    assert curate(tmp_path, "plan", "mine", "--json").returncode == 0
