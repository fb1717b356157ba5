"""What is masked as no prose, and that offsets hold and time stays linear."""

import time
from pathlib import Path

import markdown_it
import pytest

from likeness.metrics.prose import mask


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Nothing to mask here, it's 3 < 4.", "Nothing to mask here, it's 3 < 4."),
        ("Before\n```py\nx = 1\n```\nafter", "Before after"),
        ("Open\n~~~\nuntil the end\n", "Open"),
        ("A step:\n\n    make install\n    make test\n\nDone.", "A step: Done."),
        ("- an item\n\n    its second paragraph", "- an item its second paragraph"),
        ("Use `a` and ``b ` c`` here, not ` alone.", "Use and here, not ` alone."),
        ("Text\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nend | not a table", "Text end | not a table"),
        ('See [the page](https://x.example/a_(b) "t") and https://y.example/q?z=1.', "See [the page] and"),
        ("[1]: https://x.example\nText", "Text"),
        ("> quoted\n> more\n\nmine", "mine"),
        ("Commit 3f2a9bc1d broke it, deadbeef did not, 1234567 neither.", "Commit broke it, deadbeef did not, 1234567 neither."),
        ("It costs $5 or $6, and $x^2 = y$ holds.", "It costs $5 or $6, and holds."),
        ("I wrote <b>bold</b> and `<b>` in code.", "I wrote <b>bold</b> and in code."),
    ],
)
def test_code_tables_addresses_and_quotations_become_spaces(text, left):
    masked = mask(text)
    assert len(masked) == len(text)
    assert [at for at, c in enumerate(masked) if c == "\n"] == [at for at, c in enumerate(text) if c == "\n"]
    assert all(a in (b, " ") for a, b in zip(masked, text, strict=True))
    assert " ".join(masked.split()) == left


def test_block_code_is_masked_where_a_markdown_parser_finds_it():
    """On the readmes of the installed packages: every line that CommonMark takes for code outside lists is blank."""
    seen = 0
    for path in sorted(Path(markdown_it.__file__).parents[1].glob("*.dist-info/METADATA")):
        text = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[2].replace("\r\n", "\n")
        if "```" not in text:
            continue
        masked = mask(text).split("\n")
        for token in markdown_it.MarkdownIt().parse(text):
            if token.type == "fence" and token.map and token.level == 0:
                seen += 1
                assert not "".join(masked[slice(*token.map)]).strip(), (path, token.map)
    assert seen > 50


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["`", "``a` ", "[", "](", "$", "|", "> ", "    x\n", "\\(", "a`b\n\n", "http://", "0a", "$x=", "~~~\n"]
)
def test_a_long_run_of_any_mark_is_masked_in_linear_time(piece):
    text = piece * (600_000 // len(piece))
    start = time.process_time()
    assert len(mask(text)) == len(text)
    assert time.process_time() - start < 1.5
