"""PDF files are read as paragraphs, without what belongs to the page."""

import pytest

from curate.read.documents import Unreadable, read_document
from tests.curate.read.makers import pdf, read_made, wide, wrapped

STORY = (
    "I planted the pear tree in the first winter, when the ground was still soft enough for a spade and I had more time than money. "
    "It gave nothing for six years, and I was told each year to cut it down, which I never did because of a bird that lived in it."
)
OTHER = (
    "In the seventh year it gave forty pears, and in the eighth a hundred and ten. I have never counted them since, because by then "
    "the neighbours were taking them over the wall, which I had always hoped that they would do one day without asking me."
)
LEFT, WIDTH, LEADING = 60, 300, 12


def read(tmp_path, pages, **settings):
    return read_made(tmp_path, "a.pdf", pdf(pages, **settings))


def set_text(text: str, y: float, *, x: float = LEFT, width: float = WIDTH, size: float = 10, indent: float = 0, font: str = "T"):
    """A paragraph as placed lines, and where the next begins."""
    lines = wrapped(("\0" * int(indent / 5) + text) if indent else text, width, size)
    places = [(x + (indent if not n else 0), y + n * LEADING, size, font, line.lstrip("\0")) for n, line in enumerate(lines)]
    return places, y + len(lines) * LEADING


def page(*paragraphs: str, indent: float = 15, top: float = 90):
    """A page of paragraphs with indented first lines."""
    places, y = [], top
    for text in paragraphs:
        more, y = set_text(text, y, indent=indent)
        places += more
    return places


def test_running_heads_with_the_page_number_in_them_are_left_out(tmp_path):
    pages = []
    for number in range(6):
        folio = 11 + number
        head = f"{folio}   THE ORCHARD BOOK" if folio % 2 == 0 else f"Chapter {'One' if folio < 15 else 'Two'}   {folio}"
        pages.append([(LEFT, 50, 9, "T", head), *page(f"Page {number} begins. {STORY}", f"Then {number}: {OTHER}")])
    document = read(tmp_path, pages)
    assert [document.text[each.start : each.end] for each in document.blocks] == [
        text for number in range(6) for text in (f"Page {number} begins. {STORY}", f"Then {number}: {OTHER}")
    ]
    assert sum(each.characters for each in document.left_out if each.reason == "page_header") > 90


def test_page_numbers_go_roman_ones_as_well(tmp_path):
    romans = ["v", "vi", "vii", "viii"]
    pages = [[*page(f"{roman} times. {STORY}"), (200, 560, 9, "T", f"- {roman} -")] for roman in romans]
    document = read(tmp_path, pages)
    assert document.text == "\n\n".join(f"{roman} times. {STORY}" for roman in romans)


def test_a_text_that_repeats_itself_at_the_foot_of_pages_stays(tmp_path):
    pages = [page(f"Day {n}. {STORY}", "And so to bed.") for n in range(4)]
    assert read(tmp_path, pages).text.count("And so to bed.") == 4


def test_a_paragraph_goes_on_over_the_page(tmp_path):
    lines, _ = set_text(STORY, 90)
    document = read(tmp_path, [lines[:2], [(x, y - 24, size, font, text) for x, y, size, font, text in lines[2:]]])
    assert document.text == STORY


def test_words_broken_at_the_end_of_a_line_are_joined_and_compounds_kept(tmp_path):
    lines = [
        "It is a well-known tree, and a difﬁcult one; the oﬃce", "said so of the remark-", "able fruit that is well-",
        "known in our street as self-", "evident and old, from 1998-", "2004 at the least, as they say it.",
    ]  # fmt: skip
    places = [(LEFT, 90 + n * LEADING, 10, "T", line) for n, line in enumerate(lines)]
    assert read(tmp_path, [places]).text == (
        "It is a well-known tree, and a difficult one; the office said so of the remarkable fruit that is well-known in our street "
        "as self-evident and old, from 1998-2004 at the least, as they say it."
    )


def test_footnotes_in_small_type_go_with_their_marks(tmp_path):
    places, _ = set_text(STORY, 90)
    last = places[-1]
    end = last[0] + wide(last[4], 10)
    mark = (end, last[1] - 4, 6, "T", "12")
    note = [
        (LEFT, 500, 6, "T", "12"),
        (LEFT + 8, 503, 8, "T", "Six and a half, to be exact, says the"),
        (LEFT, 513, 8, "T", "diary of my father."),
    ]
    document = read(tmp_path, [[*places, mark, *note, (200, 560, 9, "T", "7")], page(OTHER, indent=15)])
    assert document.text == f"{STORY}\n\n{OTHER}"
    assert [each.text for each in document.left_out if each.reason == "footnotes"] == [
        "12 Six and a half, to be exact, says the\ndiary of my father."
    ]


@pytest.mark.parametrize("by_line", [False, True])
def test_two_columns_are_read_one_after_the_other(by_line, tmp_path):
    left, _ = set_text(" ".join([STORY] * 3), 120, x=40, width=160)
    right, _ = set_text(" ".join([OTHER] * 3), 120, x=220, width=160)
    title = [(40, 80, 18, "B", "A title over both of the columns")]
    body = sorted(left + right, key=lambda place: place[1]) if by_line else left + right
    document = read(tmp_path, [title + body])
    assert document.text == f"# A title over both of the columns\n\n{' '.join([STORY] * 3)}\n\n{' '.join([OTHER] * 3)}"


def test_headings_lists_verse_code_and_tables_are_known(tmp_path):
    places = [(LEFT, 60, 18, "B", "The orchard")]
    more, y = set_text(STORY, 100)
    places += [*more, (LEFT, y + 18, 13, "B", "What it needs")]
    places += [(LEFT, y + 40, 10, "T", "• water in June"), (LEFT, y + 52, 10, "T", "• a wall")]
    verse = ["The wheel goes round,", "the miller sleeps,", "and what he found", "the water keeps."]
    places += [(LEFT + 40, y + 80 + n * LEADING, 10, "T", line) for n, line in enumerate(verse)]
    code = ["def f(x):", "    return x"]
    places += [
        (LEFT + 6 * (len(line) - len(line.lstrip())), y + 150 + n * LEADING, 10, "C", line.strip()) for n, line in enumerate(code)
    ]
    rows = [("Year", "Pears"), ("7", "40"), ("8", "110")]
    for n, (one, two) in enumerate(rows):
        places += [(LEFT, y + 200 + n * LEADING, 10, "T", one), (LEFT + 150, y + 200 + n * LEADING, 10, "T", two)]
    document = read(tmp_path, [places])
    assert [(each.kind, document.text[each.start : each.end]) for each in document.blocks] == [
        ("heading", "# The orchard"),
        ("prose", STORY),
        ("heading", "## What it needs"),
        ("list", "- water in June"),
        ("list", "- a wall"),
        ("verse", "\n".join(verse)),
        ("code", "def f(x):\n    return x"),
        ("table", "| Year | Pears |\n| 7 | 40 |\n| 8 | 110 |"),
    ]
    assert document.title == "The orchard"


def test_ragged_lines_with_an_indented_first_line_are_one_paragraph(tmp_path):
    lines = wrapped(STORY, 260)
    places = [(LEFT + (20 if n == 0 else 0), 90 + n * LEADING, 10, "T", line) for n, line in enumerate(lines)]
    places += [(x, y + 12 * len(lines), size, font, text) for x, y, size, font, text in places]
    assert read(tmp_path, [places]).text == f"{STORY}\n\n{STORY}"


def test_a_table_of_contents_is_left_out(tmp_path):
    rows = [(LEFT, 100 + n * LEADING, 10, "T", f"Chapter {n} " + "." * 40 + f" {n * 12 + 3}") for n in range(5)]
    document = read(tmp_path, [[(LEFT, 70, 16, "B", "Contents"), *rows], page(STORY)])
    assert document.text == STORY
    assert [each.reason for each in document.left_out] == ["contents"]


def test_letters_without_names_are_named_before_anything_is_paid(tmp_path):
    letters = sorted(set(STORY))
    codes = "".join(chr(letters.index(letter) + 1 if letter != " " else 32) for letter in STORY)
    differences = "/Encoding << /Type /Encoding /Differences [1 " + " ".join(f"/g{n}" for n in range(len(letters))) + "] >>"
    places = [(20, 90 + n * LEADING, 10, "T", codes[n * 40 : n * 40 + 40]) for n in range(6)]
    with pytest.raises(Unreadable, match=r"letters that cannot be decoded .*ocrmypdf --force-ocr"):
        read(tmp_path, [places], encoding=differences)


def test_a_shifted_alphabet_is_no_text(tmp_path):
    shifted = "".join(chr(ord(letter) - 29) if letter.isalpha() else letter for letter in STORY)
    with pytest.raises(Unreadable, match="letters that cannot be decoded"):
        read(tmp_path, [set_text(shifted, 90, width=340)[0]])


def test_scanned_pages_are_named_and_some_among_others_are_told(tmp_path):
    with pytest.raises(Unreadable, match=r"is scanned: 3 of its 3 pages are pictures; .*ocrmypdf"):
        read(tmp_path, [[], [], []], images=True)
    document = read(tmp_path, [[], page(STORY), page(OTHER)], images=True)
    assert document.text == f"{STORY}\n\n{OTHER}"
    assert document.notes == ("1 of 3 pages are pictures without text",)


@pytest.mark.parametrize("language", [
    "Ein Bürgermeister ging durch die Straßen und grüßte jeden, der ihm entgegenkam, mit dem Hut in der Hand und einem Lächeln, "
    "das niemand ihm glaubte, weil er es zu oft geübt hatte.",
    "Strč prst skrz krk, řekla babička, a vnuk se smál, protože nikdy neslyšel větu bez samohlásek, a chtěl ji říkat celý den.",
    "NATO EU UN USA GmbH KG HTML XML JSON SQL API CPU GPU RAM are all short, but this is a sentence that somebody wrote about them.",
])  # fmt: skip
def test_a_language_is_not_taken_for_nameless_letters(language, tmp_path):
    from curate.read.pdf import _is_garbled

    assert not _is_garbled(language)


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4\nnothing else")
    with pytest.raises(Unreadable, match="cannot be read as PDF"):
        read_document(path, "a.pdf", "own")


def test_the_only_running_head_of_a_short_document_goes(tmp_path):
    for head in ([(LEFT, 50, 8, "T", "2   Ada Mill")], [(LEFT, 50, 10, "T", "The Orchard Book")]):
        title = [(LEFT, 60, 16, "B", "The Orchard Book")]
        document = read(tmp_path, [[*title, *page(STORY)], [*head, *page(OTHER)]])
        assert document.text == f"# The Orchard Book\n\n{STORY}\n\n{OTHER}"
        assert [each.reason for each in document.left_out] == ["page_header"]


def test_the_rows_of_a_narrow_table_are_told_by_their_alignment(tmp_path):
    rows = [("Tree", "Pears", "Wasps"), ("wall", "40", "2"), ("gate", "110", "31")]
    places, y = set_text(STORY, 90)
    for number, row in enumerate(rows):
        x = LEFT + 40.0
        for cell, width in zip(row, (20.0, 24.0, 0.0), strict=True):
            places.append((x, y + 20 + 14 * number, 10, "T", cell))
            x += width + 9.5
    document = read(tmp_path, [places])
    assert [(each.kind, document.text[each.start : each.end]) for each in document.blocks][1:] == [
        ("table", "| Tree | Pears | Wasps |\n| wall | 40 | 2 |\n| gate | 110 | 31 |")
    ]


def test_the_centred_end_of_an_abstract_over_two_columns_stays_with_it(tmp_path):
    abstract, y = set_text(STORY, 60)
    abstract, y = abstract[:-1], y - LEADING  # only full lines
    end = (LEFT + WIDTH / 2 - wide("and so it was.", 10) / 2, y, 10.0, "T", "and so it was.")
    left, _ = set_text(f"{OTHER} {STORY}", y + 40, width=140)
    right, _ = set_text(f"{STORY} {OTHER}", y + 40, x=LEFT + 160, width=140)
    document = read(tmp_path, [[*abstract, end, *left, *right]])
    assert document.text.split("\n\n")[0] == " ".join([*(line for *_, line in abstract), "and so it was."])


def test_a_formula_is_no_heading_and_no_prose(tmp_path):
    above, y = set_text(STORY, 90)
    below, _ = set_text(OTHER, y + 40)
    document = read(tmp_path, [[*above, (190.0, y + 14, 10.0, "B", "n = a + b t"), *below]])
    assert [each.kind for each in document.blocks] == ["prose", "other", "prose"]


def test_an_item_at_the_top_of_a_page_is_no_running_head(tmp_path):
    item = [
        (LEFT, 90, 7, "T", "•"),
        (LEFT + 11, 90, 10, "T", "the pear tree beside the wall, which"),
        (LEFT + 11, 102, 10, "T", "nobody cut."),
    ]
    document = read(tmp_path, [page(STORY), [*item, *page(OTHER, top=140)]])
    assert document.text == f"{STORY}\n\n- the pear tree beside the wall, which nobody cut.\n\n{OTHER}"
