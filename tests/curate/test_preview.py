"""What a person may rely on before anything is paid for: they see what was read, what was left out of each file, and why."""

import json
from textwrap import dedent

import pytest

from curate.read.documents import LARGEST_BYTES, LARGEST_WITH_PICTURES, Unreadable, read_document
from curate.read.ready_pairs import read_pairs
from curate.read.rows import LARGEST_EXPORT
from likeness.recipe.load import load_recipe

PAGE = """\
    <html><head><title>The weir</title></head><body><article class="entry-content"><h1>The weir</h1>
    <p>The weir leaks, and it has leaked since my uncle built it in the summer of the flood, when nobody had time to look.</p>
    </article><div id="comments"><h2>3 comments</h2><p>{}</p></div></body></html>
    """


@pytest.fixture
def village(corpus):
    page = dedent(PAGE).format("A stranger says that the weir is a disgrace to the whole valley. " * 9)
    (corpus.parent / "documents" / "weir.html").write_text(page, encoding="utf-8")
    note = "---\ntags: secret\n---\n\n# Bells\n\n> He wrote that it rings.\n\nI rang it for dinner. %%ask him%%\n\n```py\nx = '<b>'\n```\n"
    (corpus.parent / "documents" / "bells.md").write_text(note, encoding="utf-8")
    (corpus.parent / "chat.txt").write_text(
        "12.03.24, 10:00 - Ann: How do you keep the bread from going hard?\n12.03.24, 10:05 - Ida: In a linen bag, cut side down, in the crock.\n"
        "12.03.24, 10:06 - Ann: Thanks a lot for that!\n12.03.24, 10:07 - Ida: Sure.\n"
    )
    chat = "  - {path: chat.txt, as: conversations, author: Ida, rights: own}\n"
    corpus.write_text(corpus.read_text().replace("passages:", f"{chat}passages:"), encoding="utf-8")
    return corpus


def test_passages_are_shown_with_what_was_left_out_and_why(curate, village):
    done = curate(village.parent, "plan", "recipe.yaml", "--passages", env={"COLUMNS": "250"})
    assert done.returncode == 0, done.stderr
    assert "documents/bells.md: " in done.stdout
    assert "left out: front matter 12, comments 11" in done.stdout
    assert "[left out, comments] %%ask him%%" in done.stdout
    assert "[quotation]" in done.stdout
    assert "more than half of it was left out (comments" in done.stdout
    assert "documents/bread.md: passage 1 of 2" in done.stdout
    assert "In a linen bag, cut side down, in the crock." in done.stdout
    assert "1 pair from conversations and ready pairs; 1 too short to stand alone" in done.stdout
    page = (village.parent / "build/village/passages.html").read_text(encoding="utf-8")
    assert "<del>%%ask him%%</del>" in page
    assert "x = &#39;&lt;b&gt;&#39;" in page
    assert "more than half left out" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_figures_of_a_file_add_up(curate, village):
    done = curate(village.parent, "plan", "recipe.yaml", "--passages", "--json")
    files = {file["path"]: file for file in json.loads(done.stdout)["files"]}
    bells = files["documents/bells.md"]
    assert bells["characters"] == bells["kept"] + sum(bells["left_out"].values()) + bells["markup"]
    assert files["documents/weir.html"]["lost_most"]
    assert not bells["lost_most"]
    text = "".join(piece["text"] for part in bells["parts"] for piece in part["pieces"] if not piece["reason"])
    assert "I rang it for dinner." in text
    assert "secret" not in text


@pytest.mark.parametrize("command", ["plan", "build"])
def test_a_file_that_loses_more_than_half_is_named(curate, village, command):
    done = curate(village.parent, command, "recipe.yaml", code=None)  # an expectation of the village's holds no mail
    assert "documents/weir.html: more than half of it was left out (comments" in done.stdout + done.stderr
    assert "bells.md: more than half" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["documents/bells.md", "bells.md"])
def test_a_document_is_shown_by_its_name(curate, village, name):
    curate(village.parent, "plan", "recipe.yaml")
    for more in ([], ["--recipe", "recipe.yaml"]):
        done = curate(village.parent, "show", name, *more)
        assert done.returncode == 0, done.stderr
        assert "[left out, front matter] tags: secret" in done.stdout
    assert "no document is called so" in curate(village.parent, "show", "nothing.md", code=2).stderr


def test_voice_samples_are_printed_and_can_be_fixed_in_the_recipe(curate, village):
    done = curate(village.parent, "plan", "recipe.yaml", "--samples")
    assert done.returncode == 0, done.stderr
    assert "# documents/ferry.md" in done.stdout
    assert "The weir is a disgrace" not in done.stdout
    chosen = json.loads(curate(village.parent, "plan", "recipe.yaml", "--samples", "--json").stdout)["samples"]
    fixed = village.parent / "fixed.yaml"
    fixed.write_text(f"extends: recipe.yaml\nname: fixed\n{done.stdout}", encoding="utf-8")
    assert load_recipe(fixed).persona.samples == [each["text"] for each in chosen]
    again = json.loads(curate(village.parent, "plan", "fixed.yaml", "--samples", "--json").stdout)["samples"]
    assert [each["text"] for each in again] == [each["text"] for each in chosen]


@pytest.mark.parametrize(("name", "most"), [("a.md", LARGEST_BYTES), ("a.html", LARGEST_BYTES), ("a.pdf", LARGEST_WITH_PICTURES)])
def test_a_document_that_is_too_large_is_named_with_what_to_do(tmp_path, name, most):
    path = tmp_path / name
    path.touch()
    with path.open("r+b") as file:
        file.truncate(most + 1_000_000)  # a file with a hole in it takes no room
    with pytest.raises(
        Unreadable, match=rf"is {most / 1e6 + 1:.0f} MB, and the limit for a document is {most / 1e6:.0f} MB; split it by chapter"
    ):
        read_document(path, name, "own")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.parquet"])
def test_pairs_that_are_too_large_are_named_with_what_to_do(tmp_path, name):
    from curate.model import Stage

    path = tmp_path / name
    path.touch()
    with path.open("r+b") as file:
        file.truncate(LARGEST_EXPORT + 1)
    with pytest.raises(Unreadable, match="is 500 MB, and 500 MB can be read at once; split it"):
        read_pairs(path, name, Stage("read"))
