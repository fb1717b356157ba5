"""Markdown: the author's words as they stand, code byte for byte, and what was left out with its reason."""

import random
import re
import time
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from curate.read.documents import read_document
from curate.read.markdown import read_markdown

from .makers import read_made
from .shown import golden_cases, read_golden, shown


def blocks_of(text: str) -> list[tuple[str, str]]:
    reading = read_markdown(text)
    return [(block.kind, reading.text[block.start : block.end]) for block in reading.blocks]


def text_of(text: str) -> str:
    return read_markdown(text).text


@pytest.mark.parametrize("case", golden_cases(".md"))
def test_markdown_reads_as_its_golden_file(case):
    document, right = read_golden(case)
    assert shown(document) == right


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ('---\ntitle: "On bread"\ndate: 2020\n---\n', "On bread"),
        ("---\ntags: [a]\ntitle: >-\n  On\n  bread\n---\n", "On bread"),
        ("---\ntitle: On bread # or cake\n...\n", "On bread"),
        ("---\r\ntitle: 'On ''bread'''\r\n---\r\n", "On 'bread'"),
        ("+++\ntitle = 'On bread'\n[a]\nb = 1\n+++\n", "On bread"),
        ("+++\ntitle = 'On bread'\nbroken = = 1\n+++\n", "On bread"),
        (';;;\n{"title": "On bread"}\n;;;\n', "On bread"),
        ('{\n  "title": "On bread",\n  "draft": false\n}\n', "On bread"),
    ],
)
def test_front_matter_gives_the_title_and_is_left_out(front, title):
    reading = read_markdown(f"{front}\nFlour, water, salt.\n")
    assert (reading.title, reading.text) == (title, "Flour, water, salt.")
    assert [each.reason for each in reading.left_out] == ["front_matter"]


def test_a_rule_above_prose_is_no_front_matter():
    assert text_of("---\n\nIt was late, and so I said: no.\n\n---\n\nThen I slept.") == (
        "It was late, and so I said: no.\n\nThen I slept."
    )
    assert text_of("---\nIt was late\n---\nThen.") == "## It was late\n\nThen."


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("a * b * c, 2*3*4, snake_case_name and __init__file, 5 > 3", None),
        ("[two](http://a_(b)) [three][x] [four] <http://e.f>\n\n[x]: y\n[four]: z", "two three four http://e.f"),
        ("[a link that\nwraps](http://x) *and so\ndoes this*", "a link that wraps and so does this"),
        ("`  two  blanks  `, ```` a ``` b ```` and `*no*`", None),
        ("``wrapped\ncode``", "``wrapped code``"),
        ("&lt;b&gt; &amp; &eacute;&#8212;&nbsp;x", "<b> & é— x"),
        ("\\*not\\* \\_emphasis\\_", "*not* _emphasis_"),
        ("Fill in <name>, List<T> and Map<String, T>.", None),
        ("if (a==b && c==d) then ==that==", "if (a==b && c==d) then that"),
        ("one<br>two  \nthree\\\nfour", "one\ntwo\nthree\nfour"),
        ("![alt](x.png) after ![alt2][r]\n\n[r]: y.png", "after"),
        ("日本語の文章が\n途中で折り返されて\nいます、と彼は言ったのだがだれも聞いていなかったらしい。", "日本語の文章が途中で折り返されています、と彼は言ったのだがだれも聞いていなかったらしい。"),
        ("한국어 문장이 여기서 줄이 바뀌어 있지만 한 문단으로 읽혀야 합니다 그리고\n다음 줄이 이어집니다.", "한국어 문장이 여기서 줄이 바뀌어 있지만 한 문단으로 읽혀야 합니다 그리고 다음 줄이 이어집니다."),
    ],
)  # fmt: skip
def test_what_is_in_a_line_is_kept_as_its_author_sees_it(source, kept):
    assert text_of(source) == (source if kept is None else kept)


@pytest.mark.parametrize(
    ("source", "reason", "kept"),
    [
        ("One. %%two%% Three.", "comments", "One. Three."),
        ("One. <!-- two --> Three.", "comments", "One. Three."),
        ("One. ![[two.png]] Three.", "embed", "One. Three."),
        ("One. {{< two >}} Three.", "shortcode", "One. Three."),
        ("One. {% two %} Three.", "shortcode", "One. Three."),
        ("One. {{ two }} Three.", "shortcode", "One. Three."),
        ("One. [two:: 2] Three.", "properties", "One. Three."),
        ("One. Three. #two #two/b", "tags", "One. Three."),
        ("One.[^2] Three.\n\n[^2]: Two.", "footnotes", "One. Three."),
        ("One.^[Two.] Three.", "footnotes", "One. Three."),
        ("One. ![two](2.png) Three.", "image", "One. Three."),
        ("One. Three.\n\n```dataview\nTABLE two\n```", "query", "One. Three."),
    ],
)
def test_what_is_left_out_is_said_with_its_reason(source, reason, kept):
    reading = read_markdown(source)
    assert reading.text == kept
    assert [each.reason for each in reading.left_out] == [reason]
    assert "two" in reading.left_out[0].text.lower()


@pytest.mark.parametrize(
    "code",
    [
        "`{{ two }}`",
        "`[[two]]`",
        "`%%two%%`",
        "`{% two %}`",
        "`![[two]]`",
        "``a ` {{ two }}``",
        "`#two`",
        "`==two==`",
        "`\\(a_b\\)`",
    ],
)
def test_inline_code_is_no_dialect_of_anything(code):
    assert text_of(f"One {code} three.") == f"One {code} three."


def test_wiki_links_leave_their_words():
    assert text_of("[[A/Pear]] [[Pear|the tree]] [[#July]] [[Pear#June|then]] [[Pear\\|bar]]") == "Pear the tree July then bar"
    assert blocks_of("| a |\n|---|\n| [[Pear\\|bar]] |") == [("table", "| a |\n| bar |")]


def test_a_session_with_python_is_code_and_a_deep_quotation_is_not():
    assert blocks_of("It says:\n\n>>> f(1)\n2\n\nAnd then.")[1] == ("code", "```pycon\n>>> f(1)\n2\n```")
    assert blocks_of("> one\n>> two\n>>> three (3)")[0][0] == "quotation"


# --- properties ---

WORDS = "water gate keeper mill paddle pound lock beam oak winter drought skipper ledger lantern".split()
CODE = [
    "x = __a__ * b_c",
    "    indented  twice",
    "",
    "# no heading",
    "\ttab [a](b) <!-- c -->",
    "{{ x }} %%y%% [[z]] &amp; \\_",
    "> q",
    "- i",
]


def random_markdown(dice: random.Random) -> tuple[str, list[str], list[str]]:
    """Markdown, the words that are to be kept in their order, and the contents of its blocks of code."""
    parts: list[str] = []
    kept: list[str] = []
    codes: list[str] = []

    def words(count: int) -> list[str]:
        chosen = [f"{dice.choice(WORDS)}{dice.randint(0, 999)}" for _ in range(count)]
        kept.extend(chosen)
        return chosen

    def marked(word: str) -> str:
        link = f"[{word}](http://x/y_(z))"
        return dice.choice([word, word, f"*{word}*", f"**{word}**", f"`{word}`", link, f"[[a|{word}]]", f"{word} {{{{< x >}}}}"])

    for _ in range(dice.randint(1, 12)):
        match dice.randint(0, 7):
            case 0:
                parts.append(f"{'#' * dice.randint(1, 6)} {' '.join(words(3))}")
            case 1:
                parts.append("\n".join(f"- {' '.join(map(marked, words(4)))}" for _ in range(3)))
            case 2:
                parts.append("\n".join(f"> {' '.join(map(marked, words(5)))}" for _ in range(2)))
            case 3:
                rows = [words(3) for _ in range(3)]
                parts.append(
                    "\n".join([f"| {' | '.join(rows[0])} |", "|---|---|---|", *(f"| {' | '.join(r)} |" for r in rows[1:])])
                )
            case 4 | 5:
                lines = [*dice.choices(CODE, k=dice.randint(1, 6)), "end"]
                codes.append("\n".join(lines))
                fence = dice.choice(["```", "~~~~"])
                parts.append(f"{fence}{dice.choice(['', 'python'])}\n{codes[-1]}\n{fence}")
            case 6:
                parts.append("<!-- gone -->\n")
            case _:
                run = list(map(marked, words(dice.randint(3, 40))))
                parts.append("".join(word + dice.choice([" ", " ", " ", "\n"]) for word in run).strip())
    return "\n\n".join(parts), kept, codes


@pytest.mark.parametrize("seed", range(60))
def test_every_word_comes_through_in_order_and_no_code_changes(seed):
    source, kept, codes = random_markdown(random.Random(seed))
    reading = read_markdown(source)
    text = reading.text
    written = {block.kind: "" for block in reading.blocks}
    assert reading.blocks
    end = 0
    for block in reading.blocks:
        assert text[end : block.start].strip() == ""
        assert text[block.start : block.end].strip()
        written[block.kind] += text[block.start : block.end] + "\n"
        end = block.end
    assert text[end:] == ""
    prose = "\n".join(text[block.start : block.end] for block in reading.blocks if block.kind != "code")
    assert re.findall(rf"\b(?:{'|'.join(WORDS)})\d+\b", prose) == kept
    for code in codes:
        assert f"\n{code}\n" in written["code"]
    again = MarkdownIt("commonmark").parse(text)
    assert [token.content for token in again if token.type == "fence"] == [f"{code}\n" for code in codes]


@pytest.mark.parametrize("name", ["README.md", *sorted(str(p) for p in Path("docs").glob("*.md"))])
def test_no_word_of_a_page_is_lost(name):
    source = Path(__file__).parents[3].joinpath(name).read_text(encoding="utf-8")
    reading = read_markdown(source)
    held = reading.text + " ".join(each.text for each in reading.left_out)
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    texts = [child.content for token in tokens for child in token.children or () if child.type in ("text", "code_inline")] + [
        token.content for token in tokens if token.type in ("fence", "code_block")
    ]
    lost = {word for text in texts for word in re.findall(r"\w+", text)} - set(re.findall(r"\w+", held))
    assert not lost
    assert texts
    assert [
        token.content for token in tokens if token.type == "fence" and not token.level and token.content not in reading.text
    ] == []


LONG = 100_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [" " * LONG, "[" * LONG, "![" * LONG, "a" * LONG, "*" * LONG, "`" * LONG, "{{ " * (LONG // 3), "%% " * (LONG // 3),
     "<" * LONG, "#" * LONG, "> " * 5000, "-" * LONG, "\n" * LONG, "#a" * (LONG // 2), "[[" * (LONG // 2), "{: " * (LONG // 3),
     "!!! " + "a-" * (LONG // 2) + "!", "=" * LONG, "$" * LONG, "\\" * LONG, "&" * LONG, "|" * LONG, "^" * LONG, "~" * LONG],
    ids=lambda text: repr(text[:5]),
)  # fmt: skip
def test_no_row_of_marks_takes_long(text):
    began = time.process_time()
    read_markdown(text)
    read_markdown(f"word {text} word")
    assert time.process_time() - began < 4


def test_a_file_that_loses_most_of_its_text_says_so(tmp_path):
    (tmp_path / "a.md").write_text("A line.\n\n<!-- " + "much more than that " * 20 + "-->\n")
    document = read_document(tmp_path / "a.md", "a.md", "own")
    assert document.text == "A line."
    assert document.notes == ("more than half of it was left out (comments 399 characters); 7 characters were kept",)
    assert document.characters == 418


def test_fences_are_written_alike_and_dashes_below_a_table_head_go():
    tilde = "~~~ruby\nputs 1   # kept\n~~~\n\n````md\n```sh\nls\n```\n````\n"
    assert blocks_of(tilde) == [("code", "```ruby\nputs 1   # kept\n```"), ("code", "````md\n```sh\nls\n```\n````")]
    assert blocks_of("Hive | Weight\n:-- | --:\nnorth | 34\n") == [("table", "| Hive | Weight |\n| north | 34 |")]


def test_captions_of_pictures_and_tables_are_no_prose():
    assert blocks_of("![A weir](w.png)\n*The weir in May.*\n\nIt was wet.") == [
        ("caption", "The weir in May."),
        ("prose", "It was wet."),
    ]
    assert blocks_of("| a | b |\n|---|---|\n| 1 | 2 |\n\n: Weirs by depth {#tbl-w}\n")[-1] == ("caption", "Weirs by depth")
    assert blocks_of("![A weir](w.png) and *this* is what I said of it.")[0][0] == "prose"


def test_marks_of_other_programs_on_lines_of_their_own_go():
    assert blocks_of("{.lead}\nIt was wet.") == [("prose", "It was wet.")]
    assert blocks_of("@[youtube](abc)\n\nIt was wet.") == [("prose", "It was wet.")]
    assert blocks_of("Begun in May\n#weir #notes\n\nIt was wet.") == [("prose", "Begun in May"), ("prose", "It was wet.")]
    assert blocks_of("- It was wet ((64a1b2c3-1111-2222-3333-444455556666)) again")[0][1].split() == [
        "-",
        "It",
        "was",
        "wet",
        "again",
    ]


def test_the_heading_of_a_table_of_contents_goes_with_it():
    text = "# Weir\n\n## Contents\n\n- [One](#one)\n- [Two](#two)\n\n## One\n\nIt was wet."
    assert blocks_of(text) == [("heading", "# Weir"), ("heading", "## One"), ("prose", "It was wet.")]


def test_items_that_pandoc_numbers_are_a_list():
    text = "(@) Open the gate.\n(@wait) Wait.\n\nThen:\n\n(@) Close it."
    assert blocks_of(text) == [("list", "1. Open the gate.\n2. Wait."), ("prose", "Then:"), ("list", "3. Close it.")]


def test_a_picture_s_words_that_are_repeated_below_it_are_its_caption(tmp_path):
    text = "Before it.\n\n![The elm in June](elm.jpg)\n\nThe elm in June\n\nThe elm in June was taller.\n\nThe elm in June\n"
    document = read_made(tmp_path, "a.md", text)
    kinds = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert kinds == [
        ("prose", "Before it."),
        ("caption", "The elm in June"),
        ("prose", "The elm in June was taller."),
        ("prose", "The elm in June"),
    ]


def test_a_drawing_in_a_shortcode_is_code(tmp_path):
    text = "The train.\n\n{{< mermaid >}}\ngraph LR\n  A[Great wheel] --> B[Centre wheel]\n{{< /mermaid >}}\n\nAfter it.\n"
    document = read_made(tmp_path, "a.md", text)
    assert [block.kind for block in document.blocks] == ["prose", "code", "prose"]
    assert "graph LR\n  A[Great wheel] --> B[Centre wheel]" in document.text


def test_a_block_for_one_output_format_alone_is_left_out():
    reading = read_markdown("Before.\n\n```{=latex}\n\\newpage\n```\n\nAfter, with `x`{=html}.\n\n```python\nx = 1\n```\n")
    assert reading.text.startswith("Before.\n\nAfter") and "newpage" not in reading.text and "x = 1" in reading.text
    assert reading.left_out[0].text == "\\newpage"
