"""What a person sees while something works: in a log a line every ten seconds, in words."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest

from likeness import progress
from likeness.command import say
from likeness.progress import Progress, in_words


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_work_goes_on_when_nobody_reads_any_more(monkeypatch):
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        Progress().line("one")
        say("two")
        print("three", flush=True)


def test_a_log_gets_a_line_every_ten_seconds_in_words(clock, capsys):
    shown = Progress()
    shown.begin("training the base")
    for step in range(1, 381):
        clock[0] += 0.4
        shown.update(step / 380, 1.0, note=f"loss {5 - step / 100:.2f}")
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert 14 <= len(lines) <= 16  # 152 seconds
    assert lines[0] == "training the base: 7 %, about 2 min left, loss 4.74"
    assert not re.search(r"\d\.\d{4}| of 1\b|\d+/\d+", text)


def test_steps_that_follow_each_other_share_the_ten_seconds(clock, capsys):
    shown = Progress()
    for name in ("read", "cut", "generate", "screen"):
        shown.begin(name)
        for done in range(10):
            clock[0] += 0.5
            shown.update(done, 10)
    assert capsys.readouterr().out == ""  # each ended within five seconds
    shown.begin("generate")
    clock[0] += 11
    shown.update(5, 10, 1.25)
    clock[0] += 11
    shown.update(8, 10, 2.5)
    assert capsys.readouterr().out.splitlines() == [
        "asking for pairs: 50 %, $1.25",
        "asking for pairs: 80 %, about 5 s left, $2.50",
    ]


def test_a_run_that_goes_on_counts_from_where_it_goes_on(clock, capsys):
    shown = Progress()
    shown.begin("train")
    shown.update(900, 1000)
    clock[0] += 20
    shown.update(910, 1000, note="loss 3.10")
    assert capsys.readouterr().out == "training the adapter: 91 %, about 3 min left, loss 3.10\n"


def test_a_terminal_shows_words_percent_time_left_and_loss(clock, monkeypatch):
    from rich.console import Console

    out = io.StringIO()
    shown = Progress()
    shown._console = Console(file=out, force_terminal=True, width=120)
    shown.begin("train")
    shown.update(10, 100, note="loss 3.41, held out 3.60")
    clock[0] += 30
    shown.update(40, 100, note="loss 3.30, held out 3.60")
    shown._bar.refresh()
    shown.clear()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "training the adapter" in text
    assert "40 % about 60 s left loss 3.30, held out 3.60" in " ".join(text.split())


@pytest.mark.parametrize(
    ("seconds", "words"), [(2, "about 5 s"), (47, "about 50 s"), (130, "about 2 min"), (8000, "about 2 h 13 min")]
)
def test_time_is_said_as_a_person_says_it(seconds, words):
    assert in_words(seconds) == words


def test_every_step_has_words():
    """A step's one word is for the line that stays; while it works a person reads what is done."""
    root = Path(__file__).parents[2]
    source = "\n".join(path.read_text(encoding="utf-8") for name in ("curate", "train") for path in (root / name).rglob("*.py"))
    steps = set(re.findall(r'(?:job\.stage\(|job\.step\(|(?:progress|watch)\.begin\()"([a-z ]+)"', source))
    assert {"generate", "train", "export"} <= steps <= progress.WORDS.keys()
