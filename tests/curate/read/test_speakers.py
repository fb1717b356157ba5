"""In a dialogue, the words of an interviewer or a language model are not the author's."""

import pytest

from curate.read.documents import Unreadable, read_document
from curate.read.markdown import read_markdown
from curate.read.web import read_page


def kinds(text: str) -> list[tuple[str, str]]:
    document = read_markdown(text).document("a.md", "own", stem="a")
    return [(block.kind, document.text[block.start : block.end].split()[-1]) for block in document.blocks]


@pytest.mark.parametrize(
    ("other", "own"), [("**Q:**", "**A:**"), ("Interviewer:", "Ada Mill:"), ("ChatGPT said:\n\n", "You said:\n\n")]
)
def test_what_the_other_says_is_a_quotation_until_the_next_label(other, own):
    text = f"I was asked.\n\n{other} Why one?\n\nMore two?\n\n{own} Because three.\n\nAnd four.\n\n{other} Really five?\n\n{own} Yes six."
    right = {
        "asked.": "prose",
        "one?": "quotation",
        "two?": "quotation",
        "three.": "prose",
        "four.": "prose",
        "five?": "quotation",
        "six.": "prose",
    }
    assert {word: kind for kind, word in kinds(text) if word in right} == right


def test_lists_and_headings_of_a_model_are_its_own_and_code_stays_code():
    text = "Me: how?\n\nClaude: So.\n\n### Steps\n\n- open\n\n```\nx\n```\n\nMe: it stuck."
    assert [kind for kind, _ in kinds(text)] == ["prose", "quotation", "quotation", "quotation", "code", "prose"]


@pytest.mark.parametrize(
    "text", ["Note: it rains.\n\nNote: it pours.", "Claude: a river in France.\n\nIt is slow.", "Q: why?\n\nNobody knows."]
)
def test_a_label_without_a_dialogue_changes_nothing(text):
    assert {kind for kind, _ in kinds(text)} == {"prose"}


def test_an_interview_on_a_page_is_told_as_well():
    words = "the gate was never shut, and nobody came to shut it in all of those years"
    page = "".join(f"<p><b>Interviewer:</b> Was it so, that {words}?</p><p><b>Ada:</b> It was so; {words}.</p>" for _ in range(3))
    document = read_page(f"<article><h1>A talk</h1>{page}</article>").document("a.html", "own", stem="a")
    assert [block.kind for block in document.blocks] == ["heading", *["quotation", "prose"] * 3]


OTTER = "Clara Neumann  0:02  \nI promised to say what went wrong.\n\nPriya Solberg  0:19  \nI filled mine with email.\n\n"
ZOOM = "[00:01:02] Clara Neumann: I promised it.\n[00:01:19] Priya: I filled mine.\n"
AGENDA = "Breakfast 8:30\nThe bus 9:15\nMuseum 10:00\nBreakfast again 11:30\nThe bus 12:00\n"
DIARY = "12:30 Lunch: soup\n13:00 Ada came by and said that the pail leaks.\n14:00 Mended the pail.\n" * 3


BOLD = "**Clara Neumann** (0:02)\n\nI promised to say what went wrong.\n\n**Priya** (0:19)\n\nI filled mine with email.\n\n"
CAPTIONS = "WEBVTT\n\n" + "00:00:02.120 --> 00:00:05.480\n<v Clara Neumann>I promised to say what went wrong.</v>\n\n" * 5
SUBTITLES = "1\n00:00:02,120 --> 00:00:05,480\nI promised to say what went wrong.\n\n" * 5
ABOUT = (
    f"Captions are a list of times.\n\n{'They are read by players, and by few people. ' * 3}\n\n" * 9
    + f"```\n{CAPTIONS}```\n"
    + "x\n\n" * 99
)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        (OTTER * 2, True),
        (ZOOM * 2, True),
        (BOLD * 2, True),
        (CAPTIONS, True),
        (SUBTITLES, True),
        (AGENDA, False),
        (DIARY, False),
        (ABOUT, False),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_what_several_people_said_in_a_recording_is_no_document(tmp_path, text, spoken, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_text(text)
    if spoken:
        with pytest.raises(Unreadable, match="what was said in a recording"):
            read_document(file, file.name, "own")
    else:
        assert read_document(file, file.name, "own").text
