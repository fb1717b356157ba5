"""What holds of every document that is read, whatever is in it: nothing of the author's is lost, moved or changed."""

import html
import random
import re

import pytest

from curate.read.documents import read_document
from curate.read.passages import cut
from curate.read.reading import Unreadable

from .shown import GOLDEN

WORDS = """the ferry was late again and nobody minded Großmutter naïve 川は静か река течёт don’t “stop,” he said; well-made
    3.5 km (or so) 50% of it, e.g. the left one: a/b C++ x_y snake_case_name 1) not a list — a dash … and so on""".split()
CODE = ["def f(x):", "    return x  # __init__", "\tif a < b && c > d: {", "", "$ ls -la | grep '*.py'", ">>> print('hi')", "<!-- kept -->",
        "{{ template }}", "# no heading", "- no item", "[[not a link]]", "   odd   blanks   ", "%% kept %%", "\\begin{x}", "é 中文 ＝", "| a | b |", "*not bold*",
        "&amp; &lt;", "http://example.org/?q=1&b=[2]", "~~~x", "$$x^2$$"]  # fmt: skip


def sentence(chance):
    return "Here " + " ".join(chance.choice(WORDS) for _ in range(chance.randrange(6, 30))) + " ended."


def program(chance):
    lines = [chance.choice(CODE) for _ in range(chance.randrange(1, 9))]
    return "\n".join(["first = 1", *lines, "last = 2"])


def escaped(text):
    """Prose that Markdown takes for nothing else."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)


def markdown(chance):
    out, kept, codes, gone = ["---\ntitle: A river\nkey: front matter value\n---"], [], [], ["front matter value"]
    for number in range(chance.randrange(4, 14)):
        match chance.randrange(5):
            case 0:
                kept.append(f"Heading {number}")
                out.append(f"## {kept[-1]}")
            case 1:
                codes.append(program(chance))
                out.append(f"```text\n{codes[-1]}\n```")
            case 2:
                gone.append(f"comment number {number}")
                out.append(f"<!-- {gone[-1]} -->")
            case _:
                kept.append(sentence(chance))
                out.append(escaped(kept[-1]))
    return ".md", "\n\n".join(out) + "\n", kept, codes, gone


def page(chance):
    out, kept, codes, gone = [], [], [], []
    for number in range(chance.randrange(6, 14)):
        match chance.randrange(5):
            case 0:
                kept.append(f"Heading {number}")
                out.append(f"<h2>{kept[-1]}</h2>")
                kept.append(sentence(chance))  # a heading of nothing is a theme's
                out.append(f"<p>{html.escape(kept[-1])}</p>")
            case 1:
                codes.append(program(chance))
                out.append(f'<pre><code class="language-text">{html.escape(codes[-1])}</code></pre>')
            case 2:
                gone.append(f"share line number {number}")
                out.append(f'<div class="sharedaddy">{gone[-1]}</div>')
            case _:
                kept.append(f"{sentence(chance)} {sentence(chance)}")
                out.append(f"<p>{html.escape(kept[-1])}</p>")
    body = "\n".join(out)
    return (
        ".html",
        f"<html><head><title>x</title></head><body><article class='entry-content'>{body}</article></body></html>",
        kept,
        codes,
        gone,
    )


def org(chance):
    out, kept, codes, gone = ["#+TITLE: A river"], [], [], []
    for number in range(chance.randrange(4, 12)):
        match chance.randrange(4):
            case 0:
                kept.append(f"Heading {number}")
                out.append(f"* {kept[-1]}")
            case 1:
                codes.append(re.sub(r"^([*#])", r" \1", program(chance), flags=re.MULTILINE))
                out.append(f"#+begin_src text\n{codes[-1]}\n#+end_src")
            case 2:
                gone.append(f"comment number {number}")
                out.append(f"# {gone[-1]}")
            case _:
                kept.append(re.sub(r"[_/*+=~\[\]<>{}\\]", "", sentence(chance)))
                out.append(kept[-1])
    return ".org", "\n\n".join(out) + "\n", kept, codes, gone


def bare(text):
    return "".join(text.split())


@pytest.mark.parametrize("make", [markdown, page, org])
@pytest.mark.parametrize("seed", range(40))
def test_what_is_not_left_out_comes_through_character_for_character(tmp_path, make, seed):
    suffix, text, kept, codes, gone = make(random.Random(seed))
    path = tmp_path / f"a{suffix}"
    path.write_text(text, encoding="utf-8")
    try:
        document = read_document(path, path.name, "own")
    except Unreadable:
        assert not kept
        return
    assert [code for code in codes if code not in document.text] == []
    own = [document.text[block.start : block.end] for block in document.blocks if block.kind not in ("code", "output")]
    assert bare("".join(own).replace("## ", "").replace("# ", "")) == bare("".join(kept))
    left = " ".join(each.text for each in document.left_out)
    assert [each for each in gone if each not in left or each in document.text] == []


@pytest.mark.parametrize("tokens", [60, 300])
def test_offsets_hold_and_no_code_is_cut_in_any_file_of_the_corpus(tokens):
    sources = sorted(path for path in GOLDEN.glob("*/*") if path.name != "right.txt")
    assert len(sources) > 20
    for source in sources:
        document = read_document(source, source.name, "own")
        end = 0
        for block in document.blocks:
            assert end <= block.start < block.end <= len(document.text), source
            assert not document.text[end : block.start].strip(), source
            end = block.end
        assert not document.text[end:].strip(), source
        end = 0
        whole = [(block.start, block.end) for block in document.blocks if block.kind in ("code", "table", "output")]
        for passage in cut(document, tokens):
            assert passage.text == document.text[passage.start : passage.end]
            assert passage.start >= end
            end = passage.end
            assert not any(a < passage.start < b or a < passage.end < b for a, b in whole), source
