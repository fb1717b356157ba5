"""Word documents are read as they would be printed with all changes accepted."""

import pytest

from curate.read.documents import Unreadable, read_document
from tests.curate.read.makers import NUMBERING, W, paragraph, read_made, run, word, zipped
from tests.curate.read.shown import shown

FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'


def read(tmp_path, body: str, **parts: str):
    return read_made(tmp_path, "a.docx", word(body, **parts))


def field(instruction: str, result: str) -> str:
    return (
        FIELD.format("begin")
        + f"<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        + FIELD.format("separate")
        + result
        + FIELD.format("end")
    )


def blocks(document) -> list[tuple[str, str]]:
    return [(each.kind, document.text[each.start : each.end]) for each in document.blocks]


def reasons(document) -> dict[str, str]:
    return {each.reason: each.text for each in document.left_out}


def test_blocks_are_known_by_their_styles_whatever_language_word_speaks(tmp_path):
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr>'
    document = read(
        tmp_path,
        paragraph("The orchard", "Titel")
        + paragraph("Trees", "Heading1")
        + paragraph("One apple.")
        + paragraph("No fruit falls far.", "Zitat")
        + paragraph("First", more=item.format(0, 2))
        + paragraph("Second", more=item.format(0, 2))
        + paragraph("Bullet", more=item.format(0, 1))
        + paragraph("below", more=item.format(1, 1))
        + paragraph("def f(x):", "Quelltext")
        + paragraph("")
        + paragraph("    return x", "Quelltext")
        + paragraph("The tree", "Beschriftung"),
    )
    assert document.title == "The orchard"
    assert blocks(document) == [
        ("heading", "# The orchard"),
        ("heading", "# Trees"),
        ("prose", "One apple."),
        ("quotation", "No fruit falls far."),
        ("list", "1. First"),
        ("list", "2. Second"),
        ("list", "- Bullet"),
        ("list", "  a) below"),
        ("code", "def f(x):\n\n    return x"),
        ("caption", "The tree"),
    ]


def test_notes_and_comments_go_with_their_marks_and_are_told(tmp_path):
    note = '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>Six and a half.</w:t></w:r></w:p></w:footnote>'
    remark = '<w:comment w:id="0" w:author="Ed"><w:p><w:r><w:t>Really?</w:t></w:r></w:p></w:comment>'
    document = read(
        tmp_path,
        paragraph(
            '<w:commentRangeStart w:id="0"/>'
            + run("It took years")
            + '<w:r><w:footnoteReference w:id="2"/></w:r>'
            + run(", and more.")
            + '<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>'
            + run("3", '<w:vertAlign w:val="superscript"/>')
        )
        + paragraph(run("It holds 4 m") + run("2", '<w:vertAlign w:val="superscript"/>')),
        footnotes=note,
        comments=remark,
    )
    assert document.text == "It took years, and more.\n\nIt holds 4 m²"
    assert [(each.reason, each.text) for each in document.left_out] == [
        ("footnotes", "Six and a half."),
        ("comments", "Really?"),
        ("footnotes", "3"),
    ]


def test_changes_are_read_as_accepted(tmp_path):
    gone = '<w:del w:id="1" w:author="E"><w:r><w:delText xml:space="preserve">ten </w:delText></w:r></w:del>'
    added = f'<w:ins w:id="2" w:author="E">{run("twelve ")}</w:ins>'
    joined = '<w:rPr><w:del w:id="3" w:author="E"/></w:rPr>'
    moved_from = f'<w:moveFrom w:id="4" w:author="E">{run("Moved.")}</w:moveFrom>'
    moved_to = f'<w:moveTo w:id="5" w:author="E">{run(" Moved.")}</w:moveTo>'
    document = read(
        tmp_path,
        paragraph(run("I paid ") + gone + added + run("pounds."))
        + paragraph(run("One paragraph "), more=joined)
        + paragraph(run("after all."))
        + paragraph(moved_from)
        + paragraph(run("Here it is.") + moved_to),
    )
    assert document.text == "I paid twelve pounds.\n\nOne paragraph after all.\n\nHere it is. Moved."
    assert [each.text for each in document.left_out if each.reason == "deleted"] == ["ten", "Moved."]


def test_what_nobody_sees_on_paper_is_left_out(tmp_path):
    contents = paragraph(field('TOC \\o "1-3"', run("Trees 1")), "Verzeichnis1")
    document = read(
        tmp_path,
        contents
        + paragraph(
            run("Seen")
            + run(" SECRET", "<w:vanish/>")
            + run(" and heard", '<w:vanish w:val="0"/>')
            + run(" wrong", "<w:strike/>")
            + run(".")
        )
        + paragraph("Unseen paragraph", "Unsichtbar")
        + paragraph(run("On page ") + field("PAGE", run("7")) + run(" of ") + field("HYPERLINK x", run("the book")) + run(".")),
        header="<w:p><w:r><w:t>My running head</w:t></w:r></w:p>",
    )
    assert document.text == "Seen and heard.\n\nOn page of the book."
    said = reasons(document)
    assert said["contents"] == "Trees 1"
    assert said["struck_out"] == "wrong"
    assert said["hidden"] == "Unseen paragraph"
    assert said["page_numbers"] == "7"
    assert said["page_header"] == "My running head"


def test_a_table_is_one_block_and_a_frame_around_text_is_none(tmp_path):
    def cell(text: str) -> str:
        return f"<w:tc>{paragraph(text)}</w:tc>"

    data = f"<w:tbl><w:tr>{cell('Year')}{cell('Pears')}</w:tr><w:tr>{cell('7')}{cell('40')}</w:tr></w:tbl>"
    frame = f"<w:tbl><w:tr><w:tc>{paragraph('A heading', 'Heading2')}{paragraph('Words in a frame.')}</w:tc></w:tr></w:tbl>"
    assert blocks(read(tmp_path, data + frame)) == [
        ("table", "| Year | Pears |\n| 7 | 40 |"),
        ("heading", "## A heading"),
        ("prose", "Words in a frame."),
    ]


def test_text_boxes_hyphens_and_drop_caps_are_put_together(tmp_path):
    box = f"<w:txbxContent>{paragraph('In a box.')}</w:txbxContent>"
    drawn = (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    document = read(
        tmp_path,
        paragraph(run("O"), more='<w:framePr w:dropCap="drop" w:lines="3"/>')
        + paragraph(
            "<w:r><w:t>nce well</w:t><w:noBreakHyphen/><w:t>known, co</w:t><w:softHyphen/><w:t>operate.</w:t></w:r>" + drawn
        ),
    )
    assert document.text == "Once well-known, cooperate.\n\nIn a box."


def test_a_typescript_in_courier_is_no_program(tmp_path):
    courier = '<w:rFonts w:ascii="Courier New"/>'
    prose = "".join(paragraph(run(f"Line {n} of my novel goes on.", courier)) for n in range(3))
    assert {kind for kind, _ in blocks(read(tmp_path, prose))} == {"prose"}
    mixed = paragraph("I ran this:") + paragraph(run("make all", courier)) + paragraph("It failed.")
    assert blocks(read(tmp_path, mixed))[1] == ("code", "make all")


def test_strict_documents_are_read_as_well(tmp_path):
    path = tmp_path / "strict.docx"
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    path.write_bytes(
        zipped(
            {
                "word/document.xml": f'<w:document xmlns:w="{strict}"><w:body><w:p><w:r><w:t>Strict.</w:t></w:r></w:p></w:body></w:document>'
            }
        )
    )
    assert read_document(path, "strict.docx", "own").text == "Strict."


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "entities": (
        zipped({"word/document.xml": f"{BOMB}<w:document {W}><w:body><w:p/></w:body></w:document>"}),
        "defines entities",
    ),
    "bomb": (zipped({"word/document.xml": b" " * 30_000_000}), "unpacks to .* times its size"),
    "old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "older or encrypted one of Office; save a copy"),
    "other": (zipped({"hello.txt": "no document"}), "cannot be read as DOCX .*some other ZIP"),
    "cut": (word(paragraph("x"))[:300], "cannot be read as DOCX"),
    "broken": (zipped({"word/document.xml": "<w:document><w:body>"}), "cannot be read as DOCX"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_document_is_named_at_once(name, tmp_path):
    data, why = HOSTILE[name]
    path = tmp_path / "a.docx"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=why):
        read_document(path, "a.docx", "own")


@pytest.mark.slow
def test_deep_nesting_is_refused_and_a_large_table_is_read(tmp_path):
    path = tmp_path / "deep.docx"
    inner = "<w:tbl><w:tr><w:tc>" * 600 + "<w:p><w:r><w:t>deep</w:t></w:r></w:p>" + "</w:tc></w:tr></w:tbl>" * 600
    path.write_bytes(zipped({"word/document.xml": f"<w:document {W}><w:body>{inner}</w:body></w:document>"}))
    with pytest.raises(Unreadable, match=r"nested too deeply|cannot be read"):
        read_document(path, "deep.docx", "own")
    row = "<w:tr>" + "<w:tc><w:p><w:r><w:t>7</w:t></w:r></w:p></w:tc>" * 10 + "</w:tr>"
    assert read(tmp_path, f"<w:tbl>{row * 300}</w:tbl>").text.count("| 7 ") == 3000


def test_the_numbers_of_a_list_go_on_and_begin_again(tmp_path):
    assert "lowerLetter" in NUMBERING
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr>'
    shapes = [(0, "a"), (1, "b"), (1, "c"), (0, "d"), (1, "e")]
    text = shown(read(tmp_path, "".join(paragraph(word_, more=item.format(level)) for level, word_ in shapes)))
    assert "[list]   a) b\n[list]   b) c\n[list] - d\n[list]   a) e" in text
