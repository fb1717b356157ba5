"""Passages: exact parts that cut no code, table, item or sentence, in any script."""

import random
import re

import pytest

from curate.model import Document, Passage
from curate.read.markdown import read_markdown
from curate.read.passages import LONGEST_SENTENCE, count_tokens, cut, sentences
from curate.read.plain import tidy
from likeness.metrics.text import count_words


def read(text: str) -> Document:
    return read_markdown(text).document("a.md", "own", stem="a")


def random_text(dice: random.Random) -> str:
    """Headings, paragraphs, items and odd words, from none to far more than a passage holds."""
    letters = "abcdefghijklmnopqrstuvwxyzäöüßéñøžабвгд中文字"
    blocks = []
    for _ in range(dice.randint(0, 30)):
        words = ["".join(dice.choices(letters, k=dice.randint(1, 14))) for _ in range(dice.choice([1, 3, 20, 80, 400]))]
        for odd in ("—", "co-operation", "don't", "x" * 300, "3.14", "“quoted”", "http://a.b/c_d?e=f", "etc.", "né"):
            if words and dice.random() < 0.3:
                words[dice.randrange(len(words))] = odd
        ends = iter(lambda: dice.choice([" ", " ", " ", " ", ". ", ", ", "; ", "? ", "\n"]), None)
        text = "".join(word + end for word, end in zip(words, ends, strict=False)).strip()
        blocks.append(dice.choice(["", "", "", "# ", "## ", "- "]) + text)
    return tidy(dice.choice(["\n\n", "\n"]).join(blocks))


@pytest.mark.parametrize("seed", range(40))
def test_passages_are_exact_parts_that_hold_every_word_and_cut_none(seed):
    dice = random.Random(seed)
    text, most = random_text(dice), dice.choice([50, 100, 350, 700])
    passages = cut(Document("a.md", "A", text, "own"), most)
    covered = bytearray(len(text))
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        body = re.sub(r"^#{1,6} .+\n*", "", passage.text, flags=re.MULTILINE)
        if count_tokens(body) > most:  # below its headings it is one sentence or item, and not endless
            assert len(list(sentences(body))) == 1 or re.match(r"- |\w[.] ", body)
            assert count_tokens(body) <= LONGEST_SENTENCE * most
        assert not re.search(r"\w\w", text[max(0, passage.start - 1) : passage.start + 1])
        assert not re.search(r"\w\w", text[passage.end - 1 : passage.end + 1])
        covered[passage.start : passage.end] = b"\1" * (passage.end - passage.start)
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    assert all(one.end <= other.start for one, other in zip(passages, passages[1:], strict=False))
    for heading in re.finditer(r"^#{1,6} (.+)$", text, re.MULTILINE):  # a heading with nothing below it is no passage
        covered[heading.start() : heading.end()] = b"\1" * (heading.end() - heading.start())
    assert all(covered[word.start()] for word in re.finditer(r"\w+", text))


def test_a_passage_keeps_its_name_when_the_document_changes_elsewhere():
    paragraphs = [f"Paragraph {n} " + "has a few words of its own to say here. " * 8 for n in range(6)]
    before = cut(Document("a.md", "A", "\n\n".join(paragraphs), "own"), 80)
    after = cut(Document("a.md", "A", "\n\n".join([*paragraphs, "And one more."]), "own"), 80)
    assert {passage.id for passage in before[:-1]} <= {passage.id for passage in after}


def test_a_passage_knows_the_heading_above_it():
    text = "# One\n\n" + "word " * 90 + "\n\n" + "more " * 90 + "\n\n# Two\n\n" + "last " * 90
    assert [p.heading for p in cut(Document("a.md", "A", text.strip(), "own"), 100)] == ["One", "One", "Two"]


PROSE = "The keeper wrote it down, and the water went on falling over the weir as it had before. "
CODE = "```python\n# not a heading\n" + "\n".join(f"x{n} = f({n})  # {n}" for n in range(40)) + "\n\n\ny = 1\n```"
TABLE = "| a | b |\n| --- | --- |\n" + "\n".join(f"| {n} | {n * n} |" for n in range(40))
LIST = "\n".join(f"- item {n}: {PROSE * 2}\n  - nested in {n}, with words of its own" for n in range(6))


def holds_whole(passages: list[Passage], part: str) -> bool:
    return sum(part in passage.text for passage in passages) == 1


@pytest.mark.parametrize("most", [50, 120, 350])
def test_no_code_table_item_or_sentence_is_cut(most):
    parts = ["# One", PROSE * 9, CODE, PROSE * 2, TABLE, "## Two", PROSE * 3, LIST, PROSE * 8]
    document = read("\n\n".join(part.strip() for part in parts))
    passages = cut(document, most)
    assert len(passages) > 2
    assert holds_whole(passages, CODE)
    assert holds_whole(passages, TABLE.replace("| --- | --- |\n", ""))
    for n in range(6):
        assert sum(re.search(rf"item {n}:.*\n  - nested in {n}, with", passage.text) is not None for passage in passages) == 1
    for passage in passages:
        assert passage.text == document.text[passage.start : passage.end]
        assert re.search(r"[.|`]\Z|own\Z", passage.text)
        assert re.match(r"#|The keeper|```|\||- item", passage.text)
        assert not passage.heading.startswith("not a heading")


def test_code_within_an_item_stays_with_it():
    items = "\n".join(f"{n}. {PROSE}\n\n   ```sh\n   make   {n}\n   ```\n\n   And after it {n}." for n in range(1, 8))
    passages = cut(read(items), 60)
    assert len(passages) == 7
    for n, passage in enumerate(passages, 1):
        assert passage.text.startswith(f"{n}. The keeper")
        assert f"```sh\nmake   {n}\n```\n\n   And after it {n}." in passage.text


def test_a_comment_in_code_is_no_heading():
    passages = cut(read(f"# Real\n\n{PROSE * 4}\n\n{CODE}\n\n{PROSE * 12}"), 100)
    assert {passage.heading for passage in passages} == {"Real"}


def test_a_title_goes_with_what_it_heads():
    text = "\n\n".join(["# Book", "## Part", *(f"### Chapter {n}\n\n{PROSE * 5}\n\n{PROSE * 4}" for n in range(4))])
    passages = cut(read(text), 110)
    assert passages[0].text.startswith("# Book\n\n## Part\n\n### Chapter 0\n\nThe keeper")
    assert not any(re.search(r"^#+ .*\Z", passage.text.splitlines()[-1]) for passage in passages)


def test_a_line_that_leads_to_a_list_goes_with_it():
    passages = cut(read(f"{PROSE * 4}\n\nThree things help:\n\n- oak, which lasts\n- clay, which holds\n\n{PROSE * 4}"), 90)
    assert any("Three things help:\n\n- oak" in passage.text for passage in passages)


def test_a_short_end_of_a_chapter_stays_in_it():
    text = f"# One\n\n{PROSE * 4}\n\n## Last of one\n\nBrief.\n\n# Two\n\n{PROSE * 5}"
    assert [passage.text.splitlines()[0] for passage in cut(read(text), 100)] == ["# One", "# Two"]


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith met Dr. J. R. Brown at No. 5 in May. | He left.",
        "It cost 3.14 pounds, e.g. in May. | Then? | “Well.” | He slept…",
        "Wir trafen uns am 3. Juni bei Prof. Weber. | Es regnete.",
        "Run `a. B` and `c! D` first. | Then stop.",
        "他六年没有结果。| 你说呢？| “好。”| 他走了。",
        "木を植えた。| 「もう待てない。」| 彼は言った！",
        "나는 나무를 심었다. | 여섯 해가 지났다.",
        "मैंने पेड़ लगाया। | वह नहीं फला।",
        "ฉันปลูกต้นแพร์ในฤดูหนาวแรก | เมื่อดินยังนุ่มพอจะขุดได้",
    ],
)
def test_sentences_end_where_a_reader_ends_them(text):
    whole = text.replace("| ", "").replace("|", "")
    assert [whole[start:end] for start, end in sentences(whole)] == [part.strip() for part in text.split("|")]


# --- words and tokens ---

ESSAYS = {
    "chinese": "我在第一个冬天种下了那棵梨树，那时候地还软得可以下锹，而我的时间比钱多。它六年没有结一个果子，每年都有人劝我把它砍掉。",
    "japanese": "最初の冬に梨の木を植えた。土はまだ柔らかく、お金よりも時間があった。六年間、実はひとつもならなかった。",
    "thai": "ฉันปลูกต้นแพร์ในฤดูหนาวแรก เมื่อดินยังนุ่มพอจะขุดได้ และฉันมีเวลามากกว่าเงิน หกปีมันไม่ออกผลเลย",
    "korean": "나는 첫 겨울에 배나무를 심었다. 땅은 아직 부드러웠고 돈보다 시간이 많았다. 여섯 해 동안 열매가 열리지 않았다.",
}  # fmt: skip
WORDS = {"chinese": (54, 60), "japanese": (45, 50), "thai": (18, 26), "korean": (17, 17)}


@pytest.mark.parametrize("language", ESSAYS)
def test_words_are_counted_as_their_readers_count_them(language):
    fewest, most = WORDS[language]
    assert fewest <= count_words(ESSAYS[language]) <= most
    assert count_words(ESSAYS[language] * 3) >= 3 * fewest - 3


@pytest.mark.parametrize("language", ESSAYS)
def test_an_essay_in_any_script_is_cut_between_its_sentences(language):
    paragraph = (ESSAYS[language] + " ") * 6
    document = read("# T\n\n" + "\n\n".join(f"{paragraph.strip()}" for _ in range(3)))
    passages = cut(document, 120)
    assert len(passages) >= 5
    assert all(count_tokens(passage.text) <= 120 for passage in passages)
    for passage in passages:
        following = document.text[passage.end : passage.end + 1]
        assert passage.text[-1] in "。." if language != "thai" else following in ("", " ", "\n")
    assert sum(len(re.sub(r"\s", "", passage.text)) for passage in passages) == len(re.sub(r"\s", "", document.text))


def test_english_is_counted_as_before():
    assert count_words("I can't wait — not for co-operation, 3.14 times.") == 9
    assert count_tokens("I can't wait, 3.14.") == 10
