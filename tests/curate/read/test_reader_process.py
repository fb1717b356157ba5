"""What a person may rely on when a file is bad: it is named, whatever it does to its reader, and the others are read."""

import random
import signal
from pathlib import Path

import pytest

from curate.read.reader_process import ReaderProcess
from curate.read.reading import Unreadable

from .shown import GOLDEN


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.md"
    path.write_text("# Bread\n\nI bake on Tuesdays and Fridays, and `x = 1` stays.\n\n[^1]: gone\n", encoding="utf-8")
    return path


def test_a_document_comes_out_as_it_would_in_this_process(note):
    from curate.read.documents import read_document

    with ReaderProcess() as reader:
        assert reader.read(note, "note.md", "own") == read_document(note, "note.md", "own")


def test_a_file_that_takes_too_long_is_named_and_the_next_is_read(note):
    with ReaderProcess(seconds=0.001) as reader:
        with pytest.raises(Unreadable, match=r"takes more than 0 seconds to read; open it in its program"):
            reader.read(note, "note.md", "own")
        reader._seconds = 60
        assert reader.read(note, "note.md", "own").title == "Bread"


def test_a_file_that_takes_too_much_memory_is_named(note, tmp_path):
    large = tmp_path / "large.txt"
    large.write_text("I bake on Tuesdays and Fridays.\n\n" * 500_000)
    with ReaderProcess(memory=150_000_000) as reader:
        with pytest.raises(Unreadable, match=r"needs more memory|brings its reader down"):
            reader.read(large, "large.txt", "own")
        assert reader.read(note, "note.md", "own").title == "Bread"


def test_a_reader_that_is_killed_is_started_again(note):
    with ReaderProcess() as reader:
        reader.read(note, "note.md", "own")
        reader._process.send_signal(signal.SIGKILL)
        reader._process.wait()
        with pytest.raises(Unreadable, match=r"brings its reader down \(SIGKILL\)"):
            reader.read(note, "note.md", "own")
        assert reader.read(note, "note.md", "own").title == "Bread"


def test_the_reader_has_no_keys(note, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-1")
    monkeypatch.setenv("HF_TOKEN", "hf-1")
    with ReaderProcess() as reader:
        reader.read(note, "note.md", "own")
        variables = Path(f"/proc/{reader._process.pid}/environ").read_bytes()
    assert b"sk-1" not in variables
    assert b"hf-1" not in variables


def test_an_unreadable_file_is_refused_or_skipped_as_its_source_says(curate, corpus):
    (corpus.parent / "documents" / "broken.docx").write_bytes(b"PK no package")
    refused = curate(corpus.parent, "plan", "recipe.yaml", code=2)
    assert refused.returncode == 2
    assert "broken.docx cannot be read as DOCX" in refused.stderr
    assert "unreadable: skip" in refused.stderr
    corpus.write_text(corpus.read_text().replace("rights: own}", "rights: own, unreadable: skip}"))
    for command in (["plan", "recipe.yaml"], ["plan", "recipe.yaml", "--passages"]):
        planned = curate(corpus.parent, *command, env={"COLUMNS": "300"})
        assert planned.returncode == 0
        assert "skipped: documents/broken.docx cannot be read as DOCX" in planned.stdout
        assert "4 documents" in planned.stdout or "The ferry" in planned.stdout
    built = curate(corpus.parent, "build", "recipe.yaml")
    assert built.returncode == 0, built.stderr
    assert "skipped: documents/broken.docx" in built.stdout + built.stderr
    assert "1 file that cannot be read" in built.stdout + built.stderr


# --- damaged documents ---

FILES = sorted(path for path in GOLDEN.glob("*/*") if path.name != "right.txt" and path.is_file())


def damaged(data: bytes, chance: random.Random) -> bytes:
    """As a disk, a mail program or somebody who means harm leaves a file."""
    at = chance.randrange(max(len(data), 1))
    match chance.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + chance.randbytes(chance.randrange(1, 200)) + data[at:]
        case 3:
            return data[:at] + data[at : at + 300] * chance.randrange(2, 40) + data[at:]
        case 4:
            return data[:at] + bytes(chance.randrange(1, 400)) + data[at + 200 :]
        case _:
            changed = bytearray(data)
            for _ in range(30):
                changed[chance.randrange(max(len(changed), 1))] ^= 1 << chance.randrange(8)
            return bytes(changed)


@pytest.mark.slow
def test_three_hundred_damaged_files_are_read_or_refused(tmp_path):
    chance = random.Random(11)
    outcomes = []
    with ReaderProcess() as reader:
        for number in range(300):
            source = FILES[number % len(FILES)]
            path = tmp_path / f"{number}{source.suffix}"
            path.write_bytes(damaged(source.read_bytes(), chance))
            try:
                document = reader.read(path, path.name, "own")
            except Unreadable as reason:
                outcomes.append(str(reason))
                continue
            outcomes.append("")
            ends = [0]
            for block in document.blocks:
                assert ends[-1] <= block.start < block.end <= len(document.text)
                assert not document.text[ends[-1] : block.start].strip()
                ends.append(block.end)
            assert all(0 <= each.at <= len(document.text) for each in document.left_out)
    assert [each for each in outcomes if "reader down" in each or "takes more than" in each or "memory" in each] == []
    assert 30 < sum(map(bool, outcomes)) < 270
