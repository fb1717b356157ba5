"""What nothing reads is named by its kind, with what to save it as; what is likely to hold the most words comes first."""

from pathlib import Path

import pytest

from curate.init.own_files import write_own_recipe
from likeness.errors import CallError

FILES = {
    "old.doc": "x" * 90, "Book.scriv/1/content.rtf": "x" * 50, "Book.scriv/2/content.RTF": "x" * 50, "scene.fountain": "x",
    "a.odd": "words", "b.png": "\0" * 9000, "c.jpg": "\0", "noext": "words " * 9,
}  # fmt: skip


def test_every_kind_that_is_not_read_is_named_with_what_to_save_it_as(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(text)
    with pytest.raises(CallError, match="no file here that can be read") as refused:
        write_own_recipe(tmp_path / "none", tmp_path / "in", "Ann")
    assert "2 .rtf (not read: each is RTF; open it and save a copy as DOCX" in (refused.value.fix or "")
    (tmp_path / "in/read.md").write_text("The bell is loud on Sundays, and the bell is loud at night.")
    (tmp_path / "in/empty.md").write_text("")
    lines = write_own_recipe(tmp_path / "mine", tmp_path / "in", "Ann").lines()
    left_out = [line.removeprefix("  left out: ") for line in lines if line.startswith("  left out: ")]
    named = [line.partition(",")[0].partition(" is ")[0] for line in left_out]
    order = ["2 .rtf", "1 .doc", "1 .fountain", "1 file without a suffix", "1 .odd", "1 .png", "1 .jpg", "empty.md"]
    assert named == order
    assert "save a copy as DOCX" in left_out[1] and "save what is your text as .txt" in left_out[4]
    assert left_out[5].endswith("not of a kind that is read"), "a picture holds no text to save"
    assert not any("more" in line for line in lines)
