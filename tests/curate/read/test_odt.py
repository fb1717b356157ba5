"""OpenDocument texts: what is printed, in the kinds that their styles say, and nothing of what others wrote beside it."""

import zipfile

import pytest

from curate.read.documents import Unreadable, read_document

NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (("office", "office"), ("text", "text"), ("style", "style"), ("table", "table"), ("draw", "drawing"))
)
CONTENT = f"""<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMES}><office:automatic-styles>
<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Quotations"/>
<style:style style:name="T9" style:family="text"><style:text-properties text:display="none"/></style:style>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1"/></text:list-style>
</office:automatic-styles><office:body><office:text>
<text:tracked-changes><text:changed-region><text:deletion><text:p>Struck out.</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:table-of-content><text:index-body><text:p>The pail 3</text:p></text:index-body></text:table-of-content>
<text:h text:outline-level="2">The pail</text:h>
<text:p>I mended<text:note><text:note-body><text:p>With tin.</text:p></text:note-body></text:note> the<text:s text:c="1"/>pa<text:soft-page-break/>il
 <text:span>twice</text:span>,<office:annotation><text:p>When?</text:p></office:annotation><text:span text:style-name="T9">secret</text:span> and it leaks.</text:p>
<text:p text:style-name="P1">A pail is patience.</text:p><text:p text:style-name="P1">Or it is none.</text:p>
<text:p text:style-name="Preformatted_20_Text">if leaks:</text:p><text:p text:style-name="Preformatted_20_Text"><text:s text:c="4"/>mend()</text:p>
<text:list text:style-name="L1"><text:list-item><text:p>Tin</text:p></text:list-item><text:list-item><text:p>Solder</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>year</text:p></table:table-cell><table:table-cell><text:p>leaks</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>1974</text:p></table:table-cell><table:table-cell><text:p>3</text:p></table:table-cell></table:table-row></table:table>
<text:p>First line<text:line-break/>second line.</text:p>
</office:text></office:body></office:document-content>"""


def test_an_opendocument_text_is_read_as_it_is_printed(tmp_path):
    with zipfile.ZipFile(tmp_path / "pail.odt", "w") as file:
        file.writestr("content.xml", CONTENT)
    document = read_document(tmp_path / "pail.odt", "pail.odt", "own")
    by_kind = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert by_kind[:4] == [
        ("heading", "## The pail"),
        ("prose", "I mended the pail twice, and it leaks."),
        ("quotation", "A pail is patience."),
        ("quotation", "Or it is none."),
    ]
    assert ("code", "if leaks:\n    mend()") in by_kind
    assert [text for kind, text in by_kind if kind == "list"] == ["1. Tin", "2. Solder"]
    assert any(kind == "table" and "1974" in text for kind, text in by_kind)
    assert document.text.endswith("First line\nsecond line.")
    assert {(each.reason, each.text) for each in document.left_out} >= {("deleted", "Struck out."), ("hidden", "secret")}
    assert not any(word in document.text for word in ("Struck", "tin.", "When", "secret", "pail 3"))


def test_what_is_no_opendocument_text_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.odt", "w") as file:
        file.writestr("mimetype", "application/zip")
    with pytest.raises(Unreadable, match=r"contains no content\.xml"):
        read_document(tmp_path / "other.odt", "other.odt", "own")
