"""What is printed in the margins of PDF pages: stamps along the side, watermarks, the numbers of lines."""

import pytest

from curate.model import Document
from tests.curate.read.makers import Place, pdf, read_made, wide
from tests.curate.read.test_pdf import LEFT, OTHER, STORY, page, set_text

STAMP = "Downloaded from letters.example by a reader on 3 May 2025"
HALVES = " ".join([STORY] * 3), " ".join([OTHER] * 3)


def gone(document: Document, reason: str) -> list[str]:
    return [each.text for each in document.left_out if each.reason == reason]


@pytest.mark.parametrize("stamp", [
    (404, 500, 7, "T@90", STAMP), (404, 100, 7, "T@-90", STAMP), (20, 480, 9, "T@90", STAMP),
    (90, 480, 60, "B@45", "DRAFT"), (300, 300, 7, "T@180", STAMP),
])  # fmt: skip
def test_text_that_runs_in_another_direction_than_the_page_goes(stamp, tmp_path):
    left, _ = set_text(HALVES[0], 80, x=40, width=160)
    right, _ = set_text(HALVES[1], 80, x=220, width=160)
    document = read_made(tmp_path, "a.pdf", pdf([[stamp, *left, *right], [*page(STORY), stamp]]))
    assert document.text == f"{HALVES[0]}\n\n{HALVES[1]}\n\n{STORY}"
    assert gone(document, "turned_text") == [f"{stamp[4]}", f"{stamp[4]}"]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_that_is_turned_as_a_whole_is_read(turn, rotate, tmp_path):
    places: list[Place] = []
    for x, y, size, font, text in page(STORY, f"I saw it, and a wasp did. {OTHER}"):
        at = {0: (x, y), 90: (y, 500 - x), 180: (400 - x, 560 - y), 270: (400 - y, x)}[turn]
        places.append((*at, size, f"{font}@{turn}", text))
    places.append((200, 300, 8, f"T@{turn + 90}", "COPY 7"))
    document = read_made(tmp_path, "a.pdf", pdf([places], rotate=rotate))
    assert document.text == f"{STORY}\n\nI saw it, and a wasp did. {OTHER}"
    assert gone(document, "turned_text") == ["COPY 7"]


def test_what_is_left_out_is_told_where_its_page_is(tmp_path):
    stamp = (404, 500, 7, "T@90", STAMP)
    document = read_made(tmp_path, "a.pdf", pdf([numbered(page(*PROSE)), numbered(page(*PROSE[::-1])), [stamp, *page(STORY)]]))
    assert [each.reason for each in document.left_out] == ["line_numbers", "line_numbers", "turned_text"]
    places = [each.at for each in document.left_out]
    assert places == sorted(places) and len(set(places)) == 3


def numbered(
    places: list[Place], first: int = 1, *, every: int = 1, at: float = 0, size: float = 7, right: bool = False, form: str = "{}"
) -> list[Place]:
    """The places with a number beside each line, or each fifth one."""
    out = list(places)
    heights = sorted({place[1] for place in places})
    for value, y in enumerate(heights, first):
        if value % every == 0:
            said = form.format(value)
            x = at or (LEFT + 330 if right else LEFT - 15 - wide(said, size))
            out.append((x, y, size, "T", said))
    return out


PROSE = f"There are 12 trees and I slept at 3. {STORY}", f"Ward 6 was full in 1961. {OTHER} {STORY}"


@pytest.mark.parametrize("settings", [
    {}, {"every": 5}, {"right": True}, {"every": 5, "right": True}, {"size": 10}, {"form": "{:03d}"}, {"every": 2},
])  # fmt: skip
@pytest.mark.parametrize("again", [False, True])
def test_the_numbers_of_lines_go_and_those_of_the_text_stay(again, settings, tmp_path):
    first, second = page(*PROSE), page(*PROSE[::-1], PROSE[0])
    count = len({place[1] for place in first})
    pages = [numbered(first, **settings), numbered(second, 1 if again else count + 1, **settings)]
    document = read_made(tmp_path, "a.pdf", pdf(pages))
    assert document.text == "\n\n".join([*PROSE, *PROSE[::-1], PROSE[0]])
    assert len(" ".join(gone(document, "line_numbers")).split()) == sum(map(len, pages)) - len(first) - len(second)


def test_the_numbers_on_the_paper_of_courts_go(tmp_path):
    """They are printed at one distance, whatever stands beside them."""
    numbers = [(30.0, 90.0 + 18 * n, 11.0, "T", str(n + 1)) for n in range(25)]
    double = [(x, 90 + 18 * n, size, font, text) for n, (x, _, size, font, text) in enumerate(page(" ".join(PROSE)))]
    single = [(x, y - 90 + 18 * len(double) + 112, size, font, text) for x, y, size, font, text in page(OTHER)]
    document = read_made(tmp_path, "a.pdf", pdf([[*numbers, *double, *single], [*numbers, *page(STORY)]]))
    assert document.text == f"{' '.join(PROSE)}\n\n{OTHER}\n\n{STORY}"


def test_the_numbers_at_both_sides_of_two_columns_go(tmp_path):
    left, _ = set_text(HALVES[0], 80, x=50, width=150)
    right, _ = set_text(HALVES[1], 80, x=220, width=150)
    sides = [*numbered(left, 0, at=30, form="{:03d}"), *numbered(right, len(left), at=390, form="{:03d}")]
    assert read_made(tmp_path, "a.pdf", pdf([sides])).text == "\n\n".join(HALVES)


def test_the_lines_of_a_transcript_keep_their_words(tmp_path):
    said = [
        "Q.  And you were in the orchard at 3?", "A.  I was, for I had left the ladder", "there the night before, beside the wall",
        "with the others.", "Q.  Did anybody see you?", "A.  A wasp did. It had been at the pears", "since August, and nobody minded it until",
        "the end.", "Q.  Thank you.",
    ]  # fmt: skip
    places = [(60.0, 90.0 + 20 * n, 10.0, "C", f"{n + 1:>2} {line}") for n, line in enumerate(said)]
    document = read_made(tmp_path, "a.pdf", pdf([places, places]))
    assert "1" not in document.text
    assert "there the night before" in document.text


def test_numbers_of_tables_lists_and_years_are_no_line_numbers(tmp_path):
    table = [
        (x, 90.0 + 14 * n, 10.0, "T", text)
        for n in range(1, 25)
        for x, text in ((60.0, str(n)), (100.0, f"pear tree {n}"), (250.0, f"{n * 7} kg"))
    ]
    text = read_made(tmp_path, "a.pdf", pdf([table])).text
    assert [line.split(" | ")[0] for line in text.split("\n")] == [f"| {n}" for n in range(1, 25)]
    years = [
        (x, 90.0 + 14 * n, 10.0, "T", text)
        for n, what in enumerate(
            ["Moved to the mill.", "A hard winter.", "Planted the pears.", "Nothing.", "Forty pears in all."] * 3
        )
        for x, text in ((60.0, str(1990 + n)), (100.0, what))
    ]
    assert all(str(1990 + n) in read_made(tmp_path, "b.pdf", pdf([years])).text for n in range(15))
    items = []
    y = 90.0
    for n in range(1, 9):
        places, after = set_text(f"{STORY[: 90 + 31 * n]}", y, x=80)
        items += [(60.0, y, 10.0, "T", str(n)), *places]
        y = after
    text = read_made(tmp_path, "c.pdf", pdf([items])).text
    assert all(f"{n} I planted" in text for n in range(1, 9))
