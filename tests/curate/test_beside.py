"""Results lie beside the recipe, from wherever a command is called; an older build elsewhere is found; no two recipes share one."""

import json
import os
import pty
import shutil
import subprocess

import pytest

from tests.make import CURATE, LIVE, environment, json_of, rows, write_corpus
from tests.nobody import AS_NOBODY, NEEDS_ROOT, give_to_nobody, open_to_all

ASKED = "select count(*) from responses"


def at_a_terminal(folder, *arguments, answer=b"y\n"):
    """Call `curate` at a terminal and answer its question: (exit code, all that it said)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [CURATE, *arguments], cwd=folder, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    os.write(ours, answer)
    said = b""
    while True:
        try:
            said += os.read(ours, 4096)
        except OSError:  # it has ended
            break
    os.close(ours)
    return process.wait(), said.decode()


@pytest.fixture
def two_folders(tmp_path):
    """A recipe in voice/, and another folder to call from."""
    (tmp_path / "voice").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write_corpus(tmp_path / "voice")
    return tmp_path / "voice", tmp_path / "elsewhere"


@pytest.mark.slow
def test_calling_from_elsewhere_pays_nothing_again(two_folders, claude, curate):
    voice, elsewhere = two_folders
    (voice / "recipe.yaml").write_text(LIVE, encoding="utf-8")
    key = claude.environment
    curate(voice, "build", env=key)
    asked = rows(voice / "build/village/ledger.db", ASKED)
    for folder, recipe in ((elsewhere, "../voice"), (voice.parent, "voice/recipe.yaml"), (voice, ".")):
        again = json_of(curate(folder, "build", recipe, "--json", env=key))
        assert again["unchanged"]
        assert again["dataset"] == str(voice / "build/village/dataset" / again["version"])
    assert rows(voice / "build/village/ledger.db", ASKED) == asked
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_every_command_takes_a_recipe_its_folder_or_nothing(two_folders, curate):
    voice, elsewhere = two_folders
    curate(voice, "build")
    pair = rows(voice / "build/village/ledger.db", "select id from pairs limit 1")[0][0]
    for command in (
        ("plan",),
        ("status",),
        ("report",),
        ("review", "status"),
        ("review", "down"),
        ("review", "apply", pair, "--near"),
    ):
        for folder, recipe in ((voice, ()), (voice.parent, ("voice",)), (elsewhere, ("../voice/recipe.yaml",))):
            words = (*command[:2], *recipe, *command[2:])
            curate(folder, *words)
    curate(voice.parent, "show", pair)
    for folder, words in ((voice, ()), (voice, ("001", "001")), (voice.parent, ("voice", "001", "001"))):
        done = curate(folder, "diff", *words, code=0 if words else 2)
        assert words or "is the first of its line" in done.stderr
    for words in (("plan",), ("runs",), ("chat", "-q", "Who?")):
        said = [
            curate(folder, *words[:1], *recipe, *words[1:], program="train", code=None).stderr
            for folder, recipe in ((voice, ()), (voice.parent, ("voice",)), (elsewhere, ("../voice/recipe.yaml",)))
        ]
        assert not any("there is no recipe" in each or "No such" in each for each in said), said
    done = curate(elsewhere, "build", code=2)
    assert "there is no recipe in this folder" in done.stderr
    done = curate(voice.parent, "build", code=2)
    assert "Below it are: voice." in done.stderr


def test_a_folder_with_several_recipes_asks_which(corpus, curate):
    (corpus.parent / "other.yaml").write_text("extends: recipe.yaml\nname: other\n", encoding="utf-8")
    corpus.rename(corpus.with_name("village.yaml"))
    done = curate(corpus.parent, "plan", code=2)
    assert "there are 2 recipes: other.yaml, village.yaml" in done.stderr
    (corpus.parent / "other.yaml").unlink()
    curate(corpus.parent, "plan")  # control.yaml is no recipe


@pytest.mark.slow
def test_two_recipes_of_one_name_are_refused_with_both_paths(two_folders, curate):
    voice, elsewhere = two_folders
    curate(voice, "build")
    shutil.copy(voice / "recipe.yaml", voice / "longer.yaml")
    for command in ("build", "plan", "status", "report", "diff"):
        done = curate(voice, command, "longer.yaml", code=2)
        assert f"{voice}/longer.yaml and {voice}/recipe.yaml" in done.stderr
    curate(voice, "plan", "longer.yaml", "--build", str(elsewhere))
    (voice / "recipe.yaml").rename(voice / "moved.yaml")
    curate(voice, "build", "moved.yaml", "--json")  # a recipe that was renamed keeps its results
    project = voice.rename(voice.with_name("moved"))
    assert json_of(curate(project, "build", "moved.yaml", "--json"))["unchanged"], "and so does a project that was moved"
    copied = shutil.copytree(project, project.with_name("copied"))
    assert json_of(curate(copied, "build", "moved.yaml", "--json"))["unchanged"]


@pytest.mark.slow
def test_an_old_build_in_the_calling_folder_is_found_and_moved(two_folders, curate):
    voice, elsewhere = two_folders
    made = json_of(curate(elsewhere, "build", "../voice", "--build", "build", "--json"))
    (elsewhere / "build/village/recipe.path").unlink()  # builds of before have none
    (elsewhere / "build/argilla").mkdir(mode=0o700)
    (elsewhere / "build/argilla/argilla.db").write_text("what was reviewed")
    old = elsewhere / "build/village"
    for command in ("build", "plan", "status"):
        done = curate(elsewhere, command, "../voice", code=2)
        assert str(old) in done.stderr
        assert f"mv build/village {voice}/build/ && cp -a build/argilla {voice}/build/" in done.stderr
        assert not (voice / "build").exists()
    assert json_of(curate(elsewhere, "build", "../voice", "--build", "build", "--json"))["unchanged"]

    (elsewhere / "build/other").mkdir()
    code, said = at_a_terminal(elsewhere, "status", "../voice")
    assert code == 0, said
    assert "Move it there?" in said
    assert "up to date" in said
    assert not old.exists()
    assert (voice / "build/village/dataset/latest").read_text().strip() == made["version"]
    assert (voice / "build/argilla/argilla.db").read_text() == "what was reviewed"
    assert (voice / "build/argilla").stat().st_mode & 0o777 == 0o700
    assert (elsewhere / "build/argilla/argilla.db").exists(), "the other build there is still reviewed on it"
    assert json_of(curate(elsewhere, "build", "../voice", "--json"))["unchanged"]


@pytest.mark.slow
def test_an_old_build_that_is_not_to_be_moved_stays(two_folders, curate):
    voice, elsewhere = two_folders
    curate(elsewhere, "build", "../voice", "--build", "build")
    code, said = at_a_terminal(elsewhere, "build", "../voice", answer=b"n\n")
    assert code == 2, said
    assert (elsewhere / "build/village/ledger.db").exists()
    assert not (voice / "build").exists()


@pytest.mark.slow
@NEEDS_ROOT
def test_a_recipe_in_somebody_elses_folder_builds_where_one_calls(two_folders, curate):
    voice, elsewhere = two_folders
    give_to_nobody(elsewhere)
    open_to_all(voice)
    done = curate(elsewhere, "build", "../voice", "--json", env={"HOME": str(elsewhere)}, program=(*AS_NOBODY, CURATE))
    assert done.stderr.count(f"{voice} is not to be written to: results go to {elsewhere}/build") == 1
    assert json.loads(done.stdout)["dataset"].startswith(f"{elsewhere}/build/village/")
    assert not (voice / "build").exists()
