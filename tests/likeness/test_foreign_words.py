"""What a person may rely on when a server speaks: its words show no key of theirs and move no cursor."""

import sys

import pytest

from likeness.command import fail
from likeness.errors import MachineError
from likeness.foreign_words import in_one_line, without_keys

KEY = "sk-0123456789"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("SHORT_TOKEN", "not")


def test_a_key_that_a_server_repeats_is_not_shown():
    assert without_keys(f"not accepted: Bearer {KEY}") == f"not accepted: Bearer {'*' * len(KEY)}"


def test_a_message_is_one_line_without_control_characters():
    assert in_one_line(f"no \x1b[31m{KEY[:-1]}\n\u202e{KEY}", 25) == f"no [31m{KEY[:-1]} *****"


def test_no_error_shows_a_key(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["curate", "--json"])
    try:
        raise MachineError(f"the library said {KEY}", where=KEY, fix=KEY)
    except MachineError as error:
        fail(error, debug=True)
    said = capsys.readouterr()
    assert KEY not in said.out + said.err
    assert "the library said ***" in said.out and "Traceback" in said.err


def test_no_error_moves_the_cursor(capsys):
    fail(MachineError("gone\n\tfor good", where="a\x1b[2J\u202eb.md"), debug=False)
    assert capsys.readouterr().err == "error: a\\x1b[2J\\u202eb.md: gone\n\tfor good\n"


def test_the_log_of_a_launch_keeps_no_key_and_its_length(tmp_path):
    from train.launch.record import Place

    place = Place(tmp_path)
    said = f"pip: token {KEY} é\x1b[2J\n".encode()
    place.log.parent.mkdir(parents=True, exist_ok=True)
    assert place.keep_log(said) == [f"pip: token {'*' * len(KEY)} é[2J"]
    assert place.log.stat().st_size == len(said) and KEY.encode() not in place.log.read_bytes()
