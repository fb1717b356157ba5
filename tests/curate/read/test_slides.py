"""Presentations are read in the order in which they are shown."""

from curate.read.documents import read_document
from tests.curate.read.makers import presentation, shape


def test_titles_lists_tables_and_notes_of_slides_are_read(tmp_path):
    cell = "<a:tc><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>"
    table = f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr>{cell.format('Year')}{cell.format('Pears')}</a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    path = tmp_path / "talk.pptx"
    path.write_bytes(
        presentation(
            [
                shape("3", "sldNum") + shape("Water\nand salt", "body") + shape("The wall", "title"),
                "hidden|" + shape("Not to be shown", "title"),
                shape("Two", "ctrTitle") + f"<p:grpSp>{shape('In a group.')}</p:grpSp>" + table + shape("deep", "body", 1),
            ],
            notes={0: "Here I tell of the wall."},
        )
    )
    document = read_document(path, "talk.pptx", "own")
    assert document.text == (
        "## The wall\n\n- Water\n- and salt\n\nHere I tell of the wall.\n\n## Two\n\nIn a group.\n\n| Year | Pears |\n\n  - deep"
    )
    assert {(each.reason, each.text) for each in document.left_out} >= {("hidden", "Not to be shown"), ("page_numbers", "3")}
    assert [each.kind for each in document.blocks] == ["heading", "list", "list", "prose", "heading", "prose", "table", "list"]
