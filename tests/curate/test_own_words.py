"""The author's own words: what is asked back as an answer, and what shows the voice."""

import random

import pytest

from curate.generate.answers import Answer, find_quote
from curate.generate.own_words import MOST_SAMPLES, choose_voice_samples, own_windows
from curate.generate.requests import Request
from curate.model import OWN_WORDS, Document
from curate.read.markdown import read_markdown
from curate.read.passages import cut
from likeness.metrics.near_duplicates import asked_of
from tests.curate.read.test_passages import ESSAYS

PROSE = "The keeper wrote it down, and the water went on falling over the weir as it had before. " * 3


def read(text: str, name: str = "a.md") -> Document:
    return read_markdown(text).document(name, "own", stem="a")


def answers(text: str, words: tuple[int, int] = (20, 200), count: int = 9) -> list[str]:
    document = read(text)
    return [
        passage.text[start:end] for passage in cut(document, 700) for start, end in own_windows(document, passage, count, words)
    ]


@pytest.mark.parametrize(
    "other",
    [
        "> Quoted words of somebody else, who is not the author of this.",
        "```\ncode = of(a, program)\n```",
        "| a | table |\n| --- | --- |\n| 1 | 2 |",
        "```output\nprinted\n```",
    ],
)
def test_nothing_but_the_authors_words_is_in_an_answer(other):
    found = answers(f"First. {PROSE}\n\n{other}\n\nSecond. {PROSE}", (20, 500))
    assert [each.split()[0] for each in found] == ["First.", "Second."]
    assert all("weir" in each and "Quoted" not in each and "code" not in each and "|" not in each for each in found)


@pytest.mark.parametrize("opening", ["This", "These", "That", "Such", "The latter", "“This", "Dies", "Cela", "这", "それ"])
def test_an_answer_does_not_open_with_what_hangs_in_the_air(opening):
    assert answers(f"{opening} was so. {PROSE}") == []


@pytest.mark.parametrize("opening", ["This morning it", "That winter", "The gate", "Thistles", "Sister", "这里", "This essay"])
def test_an_opening_that_needs_nothing_before_it_is_taken(opening):
    assert len(answers(f"{opening} was so. {PROSE}")) == 1


def test_an_answer_is_whole():
    assert answers(f"{PROSE} And then:") == []
    assert answers(f"{PROSE} And then,") == []
    assert answers(f"{PROSE}\n\nTwo things:\n\n- oak\n- clay")[0].endswith("- oak\n- clay")
    assert answers(f"{PROSE}\n\nTwo things:\n\n```\ncode\n```")[0].endswith("before.")


def test_a_list_and_a_passage_of_code_are_no_answer():
    items = "\n".join(f"- {PROSE}" for _ in range(3))
    assert answers(f"A list of what was done there.\n\n{items}", (20, 400)) == []
    code = "\n".join(f"x{n} = f({n}) + g({n}) - h({n})" for n in range(14))
    assert answers(f"{PROSE}\n\n```\n{code}\n```") == []


@pytest.mark.parametrize("language", ESSAYS)
def test_own_words_and_quotes_are_found_in_any_script(language):
    essay = ESSAYS[language]
    found = answers("\n\n".join([f"# {essay[:6]}", *(essay for _ in range(4))]), (12, 70))
    assert found
    assert all(each.startswith(essay) for each in found)
    material = f"{essay}\n\n{essay}"
    request = Request("question_answer", "a.md", None, 7, material, 1, (1, 9), "", "", {}, Answer)
    for start, end in ((0, 12), (5, 17), (3, 30)):
        quote = essay[start:end] if language != "korean" else " ".join(essay.split()[: 3 + start])
        evidence = find_quote(quote, request)
        assert evidence is not None
        assert evidence.quote == material[evidence.start - 7 : evidence.end - 7]
        assert evidence.quote.split() == quote.split()
    assert find_quote(essay[:4] + "鯨" + essay[4:10], request) is None


def test_questions_without_blanks_are_compared_by_their_characters():
    one, near, other = asked_of("你为什么种那棵梨树？"), asked_of("你为什么种下那棵梨树？"), asked_of("河水什么时候结冰？")
    assert len(one & near) / len(one | near) > 0.6
    assert len(one & other) / len(one | other) < 0.2


# --- voice samples ---


def writing(documents: int, paragraphs: int) -> list[Document]:
    dice = random.Random(3)
    words = "water gate keeper mill paddle pound lock beam oak winter drought skipper".split()

    def paragraph() -> str:
        run = [dice.choice(words) for _ in range(dice.choice([55, 100, 160]))]
        return " ".join(["I", *run]) + dice.choice([".", "?", ": “so it was”."])

    made = []
    for number in range(documents):
        parts = [paragraph() for _ in range(paragraphs)]
        quoted = "> " + paragraph()
        code = f"```\n{paragraph()}\n```"
        made.append(read("\n\n".join(["# T", quoted, code, *parts, "This hangs. " + paragraph()]), f"{number}.md"))
    return made


def by_path(documents):
    return {document.path: document for document in documents}


@pytest.mark.parametrize(("documents", "paragraphs", "expected"), [(30, 4, 12), (5, 4, 12), (1, 9, 9), (1, 2, 2), (12, 1, 12)])
def test_samples_are_up_to_twelve_over_all_documents(documents, paragraphs, expected):
    made = writing(documents, paragraphs)
    chosen = choose_voice_samples(by_path(made))
    assert len(chosen) == expected <= MOST_SAMPLES
    assert len(set(chosen)) == len(chosen)
    assert len({path for path, _ in chosen}) == min(documents, expected)
    for path, text in chosen:
        document = by_path(made)[path]
        blocks = {document.text[block.start : block.end]: block.kind for block in document.blocks}
        assert blocks[text] in OWN_WORDS
        assert not text.startswith("This")
    assert choose_voice_samples(by_path(made)) == chosen


def test_a_sign_off_that_many_documents_have_shows_the_voice_once():
    sign_off = "I write this at the lock, as ever, with the gate open and the kettle on, and I wish you a dry week. " * 3
    made = [read(f"# T\n\nI rang bell {n}. {'It was heard all over the hill. ' * 9}\n\n{sign_off}", f"{n}.md") for n in range(9)]
    texts = [text for _, text in choose_voice_samples(by_path(made))]
    assert len(texts) == 10 == len(set(texts))


def test_samples_differ_in_length_and_form():
    lengths = [len(text.split()) for _, text in choose_voice_samples(by_path(writing(20, 6)))]
    assert min(lengths) < 80 < 125 < max(lengths)
    texts = [text for _, text in choose_voice_samples(by_path(writing(20, 6)))]
    assert {text[-1] for text in texts} == {".", "?"}


def test_letters_of_few_words_give_samples_too():
    letters = [read("\n\n".join(f"Dear Ida, letter {n} of {m} is brief, and I have nothing to say in it but that we are all well, thank God, and the boat is dry." for m in range(2)), f"{n}.md") for n in range(6)]  # fmt: skip
    assert len(choose_voice_samples(by_path(letters))) == 12
