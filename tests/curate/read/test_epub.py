"""Books are read by their spine: chapters only, as one document."""

import pytest
from lxml import html

from curate.read.book_styles import inset_classes, mark_quotes
from curate.read.documents import Unreadable
from tests.curate.read.makers import epub, read_made, zipped

PROSE = "The pear tree stood by the wall for as long as anybody could remember, and it gave nothing."


def read(tmp_path, data: bytes):
    return read_made(tmp_path, "book.epub", data)


def reasons(document) -> dict[str, str]:
    said: dict[str, str] = {}
    for each in document.left_out:
        said[each.reason] = said.get(each.reason, "") + each.text
    return said


def test_only_the_chapters_of_a_book_are_read(tmp_path):
    nav = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body><nav epub:type="toc"><ol>'
        '<li><a href="c1.xhtml">One</a></li></ol></nav><nav epub:type="landmarks"><ol>'
        '<li><a epub:type="colophon" href="end.xhtml">Colophon</a></li></ol></nav></body></html>'
    )
    document = read(
        tmp_path,
        epub(
            {
                "cover.xhtml": "<section epub:type='cover'><p>COVER</p></section>",
                "half.xhtml": "<p>THE ORCHARD</p>",
                "rights.xhtml": "<p>Copyright © 2020 by a Press. All rights reserved.</p><p>ISBN 978-1-2345-6789-0</p>",
                "c1.xhtml": f"<h1>One</h1><p>{PROSE}</p>",
                "c2.xhtml": f"<h1>Two</h1><p>{PROSE}</p>",
                "end.xhtml": "<p>Set in a type by hand.</p>",
                "about-the-author.xhtml": "<p>Ada lives by a wall.</p>",
                "idx.xhtml": "<h1>Index</h1><p><a href='c1.xhtml'>pears, 12</a></p>",
            },
            extra='<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
            nav=nav,
        ),
    )
    assert document.title == "The Orchard"
    assert document.text == f"# One\n\n{PROSE}\n\n# Two\n\n{PROSE}"
    assert set(reasons(document)) == {"cover", "title_page", "imprint", "about_author", "index"}
    assert "Set in a type" in reasons(document)["imprint"]


def test_notes_of_another_file_go_with_their_marks_and_pages(tmp_path):
    marks = '<a href="notes.xhtml#n{0}" id="r{0}">{0}</a>'
    notes = "".join(f'<p><a id="n{n}" href="c1.xhtml#r{n}">{n}</a> Note {n} says more.</p>' for n in (1, 2, 3))
    document = read(
        tmp_path,
        epub(
            {
                "c1.xhtml": f"<h1>One</h1><p>A tree{marks.format(1)} and <span epub:type='pagebreak' title='12'>12</span>a wall,"
                f"<sup>{marks.format(2)}</sup> both old.{marks.format(3)}</p><p>{PROSE}</p>",
                "notes.xhtml": f"<h1>Notes</h1>{notes}",
            }
        ),
    )
    assert document.text == f"# One\n\nA tree and a wall, both old.\n\n{PROSE}"
    assert "Note 2 says more." in reasons(document)["footnotes"]


def test_what_is_not_linear_and_notes_within_a_file_are_left_out(tmp_path):
    document = read(
        tmp_path,
        epub(
            {
                "c1.xhtml": f'<p>{PROSE}<a epub:type="noteref" href="#f1">*</a></p><aside epub:type="footnote" id="f1">A note.</aside>',
                "more.xhtml": "<p>Popup text that nobody pages to.</p>",
            },
            spine='<itemref idref="i0"/><itemref idref="i1" linear="no"/>',
        ),
    )
    assert document.text == PROSE
    assert "Popup text" in reasons(document)["footnotes"]


def test_a_chapter_in_two_files_goes_on_where_it_was_broken(tmp_path):
    document = read(
        tmp_path,
        epub(
            {
                "c1a.xhtml": f"<h1>One</h1><p>{PROSE}</p><p>I went to the wall and</p>",
                "c1b.xhtml": f"<p>found it gone.</p><p>{PROSE}</p>",
            }
        ),
    )
    assert document.text == f"# One\n\n{PROSE}\n\nI went to the wall and found it gone.\n\n{PROSE}"


def test_a_chapter_that_is_called_notes_is_a_chapter(tmp_path):
    long = " ".join([PROSE] * 4)
    document = read(
        tmp_path, epub({"c1.xhtml": f"<h1>Notes</h1><p>{long}</p><p>{long}</p>", "c2.xhtml": f"<h1>Index</h1><p>{long}</p>"})
    )
    assert document.text.startswith(f"# Notes\n\n{long}")
    assert document.text.endswith(f"# Index\n\n{long}")


def test_files_are_not_left_out_for_the_names_that_converters_give(tmp_path):
    chapters = {f"index_split_{n:03}.html": f"<h2>Part {n}</h2><p>{PROSE}</p>" for n in range(3)}
    assert read(tmp_path, epub(chapters)).text == "\n\n".join(f"## Part {n}\n\n{PROSE}" for n in range(3))


def test_words_that_a_note_explains_stay_and_asides_of_a_book_as_well(tmp_path):
    page = (
        f"<p>{PROSE} The <a epub:type='annoref' href='#x'>Emperor's</a> tree.</p>"
        f"<aside epub:type='help'><p>A hint of mine.</p></aside><header><h2>Two</h2><p>In which I wait</p></header><p>{PROSE}</p>"
    )
    text = read(tmp_path, epub({"c1.xhtml": page})).text
    assert text == f"{PROSE} The Emperor's tree.\n\nA hint of mine.\n\n## Two\n\nIn which I wait\n\n{PROSE}"


def test_titles_come_from_the_contents_where_they_are_set_as_paragraphs(tmp_path):
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>The Wall</text></navLabel>'
        '<content src="c1.xhtml"/></navPoint></navMap></ncx>'
    )
    data = epub(
        {"c1.xhtml": f"<p class='x'>THE WALL</p><p>{PROSE}</p>"},
        extra='<item id="ncx" href="nav.xhtml" media-type="application/x-dtbncx+xml"/>',
        nav=ncx,
    )
    assert read(tmp_path, data).text == f"## THE WALL\n\n{PROSE}"


def test_verse_and_epigraphs_keep_their_lines(tmp_path):
    poem = "<div class='poem'><div class='stanza'><div class='verse'>One line</div><div class='verse i2'>another line</div></div></div>"
    quote = "<blockquote epub:type='epigraph'><p>Said by another.</p></blockquote>"
    document = read(tmp_path, epub({"c1.xhtml": f"<h2>One</h2>{quote}<p>{PROSE}</p>{poem}"}))
    assert [(each.kind, document.text[each.start : each.end]) for each in document.blocks[1:]] == [
        ("quotation", "Said by another."),
        ("prose", PROSE),
        ("verse", "One line\nanother line"),
    ]


def test_old_pages_with_named_entities_and_broken_pages_are_read(tmp_path):
    old = (
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Caf&eacute;&nbsp;au lait &amp; bread, and nothing else at all.</p></body></html>'
    )
    broken = "<html><body><p>Left open <b>and bold, with & alone. It goes on to the end.</body></html>"
    text = read(tmp_path, epub({"a.xhtml": old, "b.xhtml": broken})).text
    assert text == "Café au lait & bread, and nothing else at all.\n\nLeft open and bold, with & alone. It goes on to the end."


BOMB = "".join(
    f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};&e{n - 1};&e{n - 1};&e{n - 1};&e{n - 1};&e{n - 1};&e{n - 1};">' for n in range(1, 12)
)
HOSTILE = {
    "bomb": (epub({"c.xhtml": "<p>x</p>" + " " * 30_000_000}), "unpacks to .* times its size"),
    "protected": (
        zipped(
            {
                "META-INF/encryption.xml": '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
                'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:CipherReference URI="OEBPS/c1.xhtml"/></encryption>'
            }
        ),
        "is copy-protected",
    ),
    "other": (zipped({"hello.txt": "no book"}), "cannot be read as EPUB .*some other ZIP"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_readable_book_is_named(name, tmp_path):
    data, why = HOSTILE[name]
    with pytest.raises(Unreadable, match=why):
        read(tmp_path, data)


def test_entities_that_multiply_stay_what_they_are(tmp_path):
    page = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "ha">{BOMB}]><html xmlns="http://www.w3.org/1999/xhtml"><body><p>{PROSE} &e11;</p></body></html>'
    assert len(read(tmp_path, epub({"c.xhtml": page})).text) < 200


def test_quotes_that_only_the_style_sheet_shows_are_known():
    css = "p.c1 {margin: 0} .c2, .c3 { margin-left: 8%; margin-right: 2em } .c4 {margin: 1em 3em; text-align: center} .c5{margin-left:2em}"
    assert inset_classes(css) == {"c2", "c3"}
    page = html.fromstring(
        f"<div>{'<p>The river had been high since March.</p>' * 9}<p class='c2'>Dear Ann, it is shut.</p></div>"
    )
    mark_quotes([page], {"c2"})
    assert page[-1].get("class") == "c2 blockquote"
    mark_quotes([page], {"c9"})
    all_set_in = html.fromstring("<div><p class='c2'>The river had been high.</p></div>")
    mark_quotes([all_set_in], {"c2"})
    assert all_set_in[0].get("class") == "c2"


def test_a_book_of_indesign_has_its_parts_in_classes(tmp_path):
    chapter = (
        "<p class='Running-head'>The Orchard</p><p class='Chapter-Number'>1</p><p class='Chapter-Title'>Pears</p>"
        f"<p class='Body'><span class='_idGenDropcap-1'>T</span>{PROSE[1:]} {PROSE} {PROSE} {PROSE}</p><p class='Heading'>Thanks</p><p>{PROSE}</p>"
    )
    imprint = "<p class='Imprint'>© Ada Mill</p><p class='Imprint'>ISBN 978-0-00-000000-2</p>"
    front = "<p class='Title'>THE TREE</p><p class='Author'>Ada Mill</p>"
    document = read(tmp_path, epub({"b.xhtml": front, "b-1.xhtml": imprint, "b-2.xhtml": chapter}))
    assert document.text.endswith(f"## 1\n\n## Pears\n\n{PROSE} {PROSE} {PROSE} {PROSE}\n\n## Thanks\n\n{PROSE}")
    assert reasons(document)["page_numbers"] == "The Orchard"
    assert "ISBN" in reasons(document)["imprint"]


def test_marks_of_printed_pages_and_lines_of_programs_go(tmp_path):
    chapter = (
        f"<h1>One</h1><p>It grew <a id='page_7' class='page'>[Page 7]</a>slowly. <span class='page' id='p8'>8</span>{PROSE}</p>"
        f"<p>See <a class='page' href='#p8'>page 8</a>.</p><p>{PROSE}</p><p class='x'>This ebook was made with Sigil</p>"
    )
    document = read(tmp_path, epub({"c1.xhtml": chapter}))
    assert document.text == f"# One\n\nIt grew slowly. {PROSE}\n\nSee page 8.\n\n{PROSE}"
    assert reasons(document)["imprint"] == "This ebook was made with Sigil"


def test_a_letter_in_a_book_is_no_prose_of_its_author(tmp_path):
    letter = "<div class='letter'><p>Dear Ada,</p><p>it bore two.</p></div>"
    group = "<hgroup><h2>II</h2><p>The letter</p></hgroup>"
    document = read(tmp_path, epub({"c1.xhtml": f"{group}<p>{PROSE} {PROSE}</p>{letter}<p>{PROSE}</p>"}))
    assert [block.kind for block in document.blocks] == ["heading", "heading", "prose", "quotation", "quotation", "prose"]


FURNITURE = {
    "es": ["portadilla", "creditos", "catalogo", "colofon"], "fr": ["faux-titre", "mentions-legales", "du-meme-auteur", "acheve"],
    "de": ["schmutztitel", "impressum", "leseprobe", "buch_titelei"], "it": ["frontespizio", "colophon", "occhiello", "legales"],
}  # fmt: skip
NAMELESS = {
    "es": "Depósito legal: M-1-2018. Diseño de cubierta: Ana. Primera edición: marzo de 2018.",
    "fr": "Dépôt légal : mars 2018. Première édition. Conception graphique : Anne.",
    "de": "1. Auflage 2018. Umschlaggestaltung: Anna Berg. Lektorat: Tom Tal. Druck und Bindung: Wolf.",
    "it": "Prima edizione: marzo 2018. Tutti i diritti riservati. Progetto grafico: Anna.",
}


@pytest.mark.parametrize("language", FURNITURE)
def test_what_stands_around_the_chapters_is_told_in_other_languages(language, tmp_path):
    around = {f"{name}.xhtml": f"<p>Around the book, {name}.</p>" for name in FURNITURE[language]}
    document = read(
        tmp_path, epub({**around, "x9.xhtml": f"<p>{NAMELESS[language]}</p>", "c1.xhtml": f"<h1>Uno</h1><p>{PROSE}</p>"})
    )
    assert document.text == f"# Uno\n\n{PROSE}" or document.text == f"## Uno\n\n{PROSE}"
