"""What pages show by their layout is named: indented quotes, lines of verse, a block quote that only gives margins."""

from curate.read.web import read_page

PROSE = "I planted the pear tree in the first winter, when the ground was still soft enough for a spade. "


def kinds(html: str) -> list[tuple[str, str]]:
    reading = read_page(f"<html><body><article><h1>Pears</h1>{html}</article></body></html>")
    return [(each.kind, reading.text[each.start : each.end]) for each in reading.blocks][1:]


def test_a_paragraph_that_is_indented_by_its_style_is_a_quote():
    quoted = "The editor wrote to me that it should be shorter and that I should say what I want."
    page = f"<p>{PROSE * 2}</p><p style='margin-left: 40px'>{quoted}</p><p>{PROSE}</p>"
    assert ("quotation", quoted) in kinds(page)
    all_indented = "".join(f"<p style='margin-left: 40px'>{PROSE}{number}</p>" for number in range(4))
    assert {kind for kind, _ in kinds(all_indented)} == {"prose"}


def test_lines_that_are_elements_are_a_poem_with_its_stanzas():
    lines = ["The field is a mirror.", "The mirror is a field.", "", "I walk on the sky", "in my father's boots."]
    page = "".join(f"<div style='text-indent: -1em; padding-left: 1em'>{line or '<br>'}</div>" for line in lines)
    assert kinds(page) == [
        ("verse", "The field is a mirror.\nThe mirror is a field."),
        ("verse", "I walk on the sky\nin my father's boots."),
    ]


def test_a_block_quote_around_a_whole_page_only_gives_it_margins():
    assert {kind for kind, _ in kinds(f"<blockquote><p>{PROSE * 3}</p><p>{PROSE * 3}</p></blockquote>")} == {"prose"}


def test_a_list_without_items_is_an_indented_quote():
    letter = "Bob, you still have my clamps."
    assert ("quotation", letter) in kinds(f"<p>{PROSE}</p><dl><dd>{letter}</dl><p>{PROSE}</p>")


def test_raised_figures_are_exponents_only_after_units_and_variables():
    page = f"<p>{PROSE}The sea<sup>3</sup> took 40 km<sup>2</sup>, and x<sup>2</sup> of it in 10<sup>-3</sup> years.</p>"
    ((_, text),) = kinds(page)
    assert text.endswith("The sea took 40 km², and x² of it in 10⁻³ years.")


def test_a_link_to_a_numbered_paragraph_leaves_the_paragraph_in_place():
    page = f"<p>See part <a href='#p2'>2</a>.</p><p id='p2'>{PROSE}</p>"
    assert [text for _, text in kinds(page)] == ["See part 2.", PROSE.strip()]
