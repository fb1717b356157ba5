"""Notes of Joplin, in each of the forms that it exports."""

import io
import tarfile

import pytest

from curate.read.documents import Unreadable, source_files
from likeness.recipe.schema import Source
from tests.curate.read.makers import read_made

BODY = "The clock stopped at ten.\n\nid: so I called the drawer with the keys. Key: 34 is the worst.\n\n- [x] oil\n- [ ] glass"


def item(title: str, body: str, kind: int = 1, *, number: int = 7, **fields: str) -> str:
    """A file of a RAW export."""
    known = {
        "id": f"{number:032x}",
        "created_time": f"2024-03-{number:02d}T08:00:00.000Z",
        "is_todo": "0",
        "author": "",
        **fields,
    }
    said = "\n\n".join(part for part in (title, body) if part)
    lines = "\n".join(f"{name}: {value}" for name, value in known.items())
    return f"{said}\n\n{lines}\ntype_: {kind}".lstrip("\n")


NOT_NOTES = {
    "a folder": item("House", "", 2), "a file": item("clock.jpg", "", 4, mime="image/jpeg", ocr_text="TEMPUS"),
    "a tag": item("clocks", "", 5), "a tag of a note": item("", "", 6, note_id="1" * 32, tag_id="2" * 32),
    "a deleted note": item("Old", "Gone.", deleted_time="1733000000000"),
}  # fmt: skip


@pytest.mark.parametrize("data", [item("The clock", BODY), item("The clock", BODY).replace("\n", "\r\n") + "\r\n"])
def test_a_note_is_its_title_and_its_text(data, tmp_path):
    document = read_made(tmp_path, "a.md", data)
    assert document.text == f"# The clock\n\n{BODY}"
    assert (document.title, document.notes) == ("The clock", ())


def test_a_note_may_have_no_text_no_title_or_be_in_html(tmp_path):
    assert read_made(tmp_path, "a.md", item("Only a title", "")).text == "# Only a title"
    html = item("Rain", "<p>It <b>rained</b> on the wall.</p><ul><li>twice</li></ul>", markup_language="2")
    assert read_made(tmp_path, "b.md", html).text == "# Rain\n\nIt rained on the wall.\n\n- twice"


@pytest.mark.parametrize("text", [
    f"A list of fields.\n\nid: {'a' * 32}\nsaid: never\ntype_: 1 is what a note has.",
    "Of types.\n\nid: mine\ntype_: 2",
    f"Prose above the fields.\nid: {'a' * 32}\ntype_: 2",
])  # fmt: skip
def test_a_text_that_only_looks_like_it_is_kept_whole(text, tmp_path):
    assert " ".join(read_made(tmp_path, "a.md", text).text.split()) == " ".join(text.split())


def test_what_is_no_note_is_passed_over(tmp_path):
    for number, (name, data) in enumerate(NOT_NOTES.items()):
        with pytest.raises(Unreadable, match="is a notebook, a tag, a file's record or a deleted note of Joplin"):
            read_made(tmp_path, f"{number}.md", data)
        assert (tmp_path / f"{number}.md").exists(), name
    (tmp_path / "note.md").write_text(item("The clock", BODY))
    source = Source.model_validate({"path": f"{tmp_path}/**/*.md", "rights": "own"})
    assert [path.name for path in source_files(source)] == ["note.md"]


def test_an_encrypted_note_and_a_clipped_page_are_refused_by_name(tmp_path):
    with pytest.raises(Unreadable, match="is an encrypted note of Joplin; turn its encryption off"):
        read_made(tmp_path, "a.md", item("", "", encryption_cipher_text="JED01x", encryption_applied="1"))
    with pytest.raises(Unreadable, match=r"was clipped from https://news\.example/a with Joplin"):
        read_made(tmp_path, "b.md", item("A page", "By others.", source_url="https://news.example/a"))


def jex(*items: str, more: bytes = b"") -> bytes:
    """A JEX file with these items and a picture."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        files = {f"{number:032x}.md": data.encode() for number, data in enumerate(items)} | {
            "resources/clock.jpg": b"\xff\xd8type_: 1"
        }
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue() + more


def test_a_jex_file_is_read_as_its_notes_in_the_order_of_their_days(tmp_path):
    data = jex(
        item("Second", "It struck.", number=9),
        *NOT_NOTES.values(),
        item("First", BODY, number=2),
        item("A page", "By others.", number=3, source_url="https://news.example/a"),
        item("", "", number=4, encryption_applied="1"),
    )
    document = read_made(tmp_path, "notes.jex", data)
    assert document.text == f"# First\n\n{BODY}\n\n# Second\n\nIt struck."
    assert [(each.reason, each.text) for each in document.left_out] == [("web_clip", "A page\n\nBy others.")]
    assert document.notes == ("1 of 4 notes is encrypted and cannot be read",)


@pytest.mark.parametrize(("data", "says"), [
    (b"no tar at all" * 100, "cannot be read as JEX"), (jex(*NOT_NOTES.values()), "has no notes; choose some in Joplin"),
    (jex(item("", "", encryption_applied="1")), "has only encrypted notes; turn Joplin's encryption off, and export again"),
])  # fmt: skip
def test_a_jex_file_without_notes_that_can_be_read_is_refused(data, says, tmp_path):
    with pytest.raises(Unreadable, match=says):
        read_made(tmp_path, "a.jex", data)


def test_markdown_with_front_matter_as_joplin_exports_it(tmp_path):
    fields = "title: The clock\nupdated: 2024-12-01 21:40:02Z\ncreated: 2024-10-12 08:14:11Z\nlatitude: 57.7\nsource: joplin-desktop\ntags:\n  - clocks"
    document = read_made(tmp_path, "The clock.md", f"---\n{fields}\n---\n\n{BODY}\n\n![clock.jpg](../_resources/clock.jpg)\n")
    assert (document.title, document.text) == ("The clock", BODY)
