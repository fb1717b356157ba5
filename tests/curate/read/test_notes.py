"""Exports of note and journal programs, and files that are refused by name."""

import json

import pytest

from curate.read.documents import REFUSED, Unreadable
from tests.curate.read.makers import read_made, zipped

ENTRIES = {
    "metadata": {"version": "1.0"},
    "entries": [
        {"creationDate": "2021-05-02T08:00:00Z", "text": "# Rain\n\nIt rained on the *wall*\\.\n\n![](dayone-moment://A1)"},
        {"creationDate": "2020-01-01T08:00:00Z", "text": "Frost\\-work on the pane.\n\n- one\n- two", "tags": ["winter"]},
    ],
}


@pytest.mark.parametrize("name", ["Journal.json", "Journal.zip"])
def test_a_journal_of_day_one_is_read_in_the_order_of_its_days(name, tmp_path):
    text = json.dumps(ENTRIES)
    data = zipped({"Journal.json": text, "photos/a.jpeg": b"\xff\xd8"}) if name.endswith("zip") else text
    document = read_made(tmp_path, name, data)
    assert document.text == "Frost-work on the pane.\n\n- one\n- two\n\n# Rain\n\nIt rained on the wall."
    assert [each.kind for each in document.blocks] == ["prose", "list", "heading", "prose"]


def test_notes_of_evernote_are_read_and_clipped_pages_are_not(tmp_path):
    note = (
        "<note><title>{}</title><content><![CDATA[<?xml version='1.0'?><!DOCTYPE en-note SYSTEM 'http://xml.evernote.com/pub/enml2.dtd'>"
        "<en-note><div>{}</div><div><en-todo checked='true'/>bread</div></en-note>]]></content><note-attributes>{}</note-attributes></note>"
    )
    document = read_made(
        tmp_path,
        "notes.enex",
        "<?xml version='1.0'?><!DOCTYPE en-export SYSTEM 'http://xml.evernote.com/pub/evernote-export3.dtd'><en-export>"
        + note.format("Wall", "Mend it on Sunday.", "")
        + note.format("A page", "By somebody else.", "<source>web.clip7</source>")
        + "</en-export>",
    )
    assert document.text == "# Wall\n\nMend it on Sunday.\n\nbread"
    assert [(each.reason, "By somebody else." in each.text) for each in document.left_out] == [("web_clip", True)]


def test_code_of_evernote_keeps_its_lines_and_encrypted_text_is_left_out(tmp_path):
    style = "font-family: Menlo; padding: 8px;-en-codeblock:true;"
    code = f"<div style='{style}'><div>for gate in gates:</div><div>    gate.open(wait=1 &lt; 2)</div><div><br/></div><div>done</div></div>"
    secret = "<div>Before<en-crypt cipher='AES' hint='usual'>RU5DMPqt</en-crypt> after.</div>"
    note = f"<en-note><div>It works&nbsp;so.</div>{code}{secret}</en-note>"
    document = read_made(
        tmp_path,
        "notes.enex",
        f"<en-export><note><title>Gates</title><content><![CDATA[{note}]]></content></note></en-export>",
    )
    kinds = {block.kind: document.text[block.start : block.end] for block in document.blocks}
    assert "for gate in gates:\n    gate.open(wait=1 < 2)\n\ndone" in kinds["code"]
    assert "It works so." in document.text.replace("\xa0", " ")
    assert "Before after." in document.text and "RU5D" not in document.text


CLIPPINGS = (
    "\ufeffWalls (Ada Mill)\r\n- Ihre Markierung auf Seite 12 | Hinzugefügt am Montag, 4. Mai 2020\r\n\r\nA wall is a sentence.\r\n==========\r\n"
    "Walls (Ada Mill)\r\n- Ihr Lesezeichen auf Seite 13 | Hinzugefügt am Montag, 4. Mai 2020\r\n\r\n\r\n==========\r\n"
)
NOTE = "\ufeffWalls (Ada Mill)\r\n- {} | x\r\n\r\nNo: a wall is a question.\r\n==========\r\n"
OTHERS = {
    "My Clippings.txt": (CLIPPINGS, "other people's words; leave it out"),
    "notebook.html": ("<body><div class='bookTitle'>Walls</div><div class='noteHeading'>Highlight</div><div class='noteText'>A wall</div></body>",
                      "other people's words; leave it out"),
    "data.json": ('{"a": 1}', "no journal of Day One; .*as: pairs"),
    "deep.json": ("[" * 100_000, "no journal of Day One"),
    "some.zip": (zipped({"a.txt": "x"}), "unpack it"),
    "broken.enex": ("<en-export><note>", "cannot be read as ENEX"),
}  # fmt: skip


@pytest.mark.parametrize("named", ["Ihre Notiz auf Seite 12", "Your Note on page 12", "Tu nota en la página 12", "Votre note sur la page 12",
                                   "La tua nota a pagina 12", "您在第 12 页的笔记", "12ページ|位置No. 201のメモ"])  # fmt: skip
def test_the_readers_own_notes_are_read_below_what_they_are_about(named, tmp_path):
    passage = CLIPPINGS.split("==========", maxsplit=1)[0] + "==========\r\n"
    document = read_made(tmp_path, "My Clippings.txt", passage + NOTE.format(named))
    own = [document.text[block.start : block.end] for block in document.blocks if block.kind == "prose"]
    assert own == ["No: a wall is a question."]
    assert [block.kind for block in document.blocks] == ["heading", "quotation", "prose"]


@pytest.mark.parametrize("name", OTHERS)
def test_what_holds_no_words_of_the_author_is_refused(name, tmp_path):
    data, why = OTHERS[name]
    with pytest.raises(Unreadable, match=why):
        read_made(tmp_path, name, data)


def test_a_text_with_a_row_of_signs_is_no_list_of_highlights(tmp_path):
    assert "Second part" in read_made(tmp_path, "a.txt", "First part.\n\n==========\n\nSecond part of it.\n").text


@pytest.mark.parametrize("suffix", sorted(REFUSED))
def test_a_kind_that_is_not_read_says_what_to_do(suffix, tmp_path):
    with pytest.raises(Unreadable, match=r"save a copy as|use an EPUB|export it as|convert it|put what you said|read"):
        read_made(tmp_path, f"a{suffix}", "x")
