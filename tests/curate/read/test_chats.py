"""What a person may rely on when chats are read, from whatever program and in whatever language their phone speaks."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.localedata import locale_identifiers

from curate.model import Stage
from curate.read.documents import Unreadable
from curate.read.imessage import attributed_text
from curate.read.whatsapp import whatsapp_messages

from .golden import cases, conversation_pairs, expected


@pytest.mark.parametrize("name", cases("chat"))
def test_a_chat_is_read_as_its_golden_file_says(name):
    path, right = expected(name)
    if "refused" in right:
        with pytest.raises(Unreadable, match=right["refused"]):
            conversation_pairs(path, right["author"])
        return
    pairs, reasons = conversation_pairs(path, right["author"])
    assert pairs == right["pairs"]
    assert reasons == right["reasons"]


# --- WhatsApp in every language of Unicode's locale data ---

BEGAN = datetime(2024, 11, 28, 9, 5, 1)
TIMES = [BEGAN + timedelta(minutes=37 * number * number + number) for number in range(30)]
OTHER_DIGITS = {"arab": 0x660, "arabext": 0x6F0, "deva": 0x966, "beng": 0x9E6, "mymr": 0x1040}
RIGHT_TO_REFUSE = {"dz", "ee", "ki", "kkj", "la", "blo"}
"""Their dates have words between the numbers; WhatsApp has none of these languages."""


def stamp(locale: Locale, time: datetime, clock: str) -> str:
    """As a phone writes it; babel leaves the digits to others."""
    written = locale.datetime_formats["short"].replace("{0}", format_time(time, clock, locale=locale))
    written = written.replace("{1}", format_date(time, "short", locale=locale)).replace("'", "")
    zero = OTHER_DIGITS.get(locale.default_numbering_system)
    return "".join(chr(zero + int(char)) if zero and char in "0123456789" else char for char in written)


def chat_of(locale: Locale, clock: str, *, iphone: bool) -> str:
    lines = []
    for number, time in enumerate(TIMES):
        when = stamp(locale, time, clock)
        who = ("Ida", "Tom")[number % 2]
        lines.append(f"[{when}] {who}: said {number}\nand more" if iphone else f"{when} - {who}: said {number}\nand more")
    return "\n".join(lines)


def languages() -> list[str]:
    return sorted({name.split("_")[0] for name in locale_identifiers()})


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["short", "medium", "h:mm a"])
def test_whatsapp_is_read_in_every_language(clock):
    refused = set()
    for name in languages():
        locale = Locale.parse(name)
        stage = Stage("read")
        try:
            messages = list(whatsapp_messages(chat_of(locale, clock, iphone=clock == "medium"), stage))
        except Unreadable:
            refused.add(name)
            continue
        assert [message.text for message in messages] == [f"said {number}\nand more" for number in range(len(TIMES))], name
        assert stage.reasons == {}, name
        exact = clock == "medium"
        steps = [(later - earlier).total_seconds() for earlier, later in pairwise(TIMES)]
        read = [later.time - earlier.time for earlier, later in pairwise(messages)]
        assert len(read) == len(steps) > 0
        assert all(abs(one - other) < (1 if exact else 60) for one, other in zip(steps, read, strict=True)), name
    assert refused <= RIGHT_TO_REFUSE


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["short", "medium", "h:mm a"])
def test_whatsapp_is_read_in_every_region(clock):
    wrong, right = [], 0
    for name in locale_identifiers():
        with suppress(Unreadable, ValueError, UnknownLocaleError):
            found = list(whatsapp_messages(chat_of(Locale.parse(name), clock, iphone=clock == "medium"), Stage("read")))
            if [message.text for message in found] != [f"said {number}\nand more" for number in range(len(TIMES))]:
                wrong.append(name)
            else:
                right += 1
    assert wrong == []
    assert right > 900


def test_a_line_in_another_order_is_never_glued_to_the_one_before():
    """Whatever is done to a line that begins like a date, its words are in no message of another sender."""
    lines = [f"{day}/12/2024, 21:58 - {'Tom' if day % 2 else 'Ida'}: word{day}" for day in range(1, 29)]
    for odd in (
        "2024/12/9 21:58 - Tom: secret",
        "[9.12.24, 21:58:01] Tom: secret",
        "9/12/2024 21:58 Tom secret",
        "99/99/2024, 21:58 - Tom: secret",
    ):
        stage = Stage("read")
        messages = list(whatsapp_messages("\n".join([*lines[:9], odd, "and its second line", *lines[9:]]), stage))
        assert [message.text for message in messages if message.text] == [f"word{day}" for day in range(1, 29)]
        assert stage.reasons == {"a line that begins like a date and is no message": 1}


# --- Apple's database ---


def typedstream(text: str) -> bytes:
    """An NSAttributedString as Apple archives it, down to its string."""
    data = text.encode()
    size = len(data)
    length = bytes([size]) if size < 0x80 else b"\x81" + size.to_bytes(2, "little")
    return (
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84"
        b"\x08NSString\x01\x94\x84\x01+" + length + data + b"\x86\x84\x02iI\x01"
    )


def chat_db(path: Path, rows: list[tuple]) -> Path:
    """A chat.db with two handles and two chats; rows: text, attributedBody, minute, from me, handle, chat, tapback, attachments."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "create table handle (ROWID integer primary key, id text);"
            "create table message (ROWID integer primary key, guid text, text text, attributedBody blob, date integer, is_from_me integer,"
            " handle_id integer, associated_message_type integer, cache_has_attachments integer, item_type integer);"
            "create table chat_message_join (chat_id integer, message_id integer);"
            "insert into handle values (1, '+4915550001'), (2, 'bo@example.org');"
        )
        for number, (text, body, minute, mine, handle, chat, tapback, files) in enumerate(rows, 1):
            date = (754_000_000 + minute * 60) * 1_000_000_000
            database.execute(
                "insert into message values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (number, f"g{number}", text, body, date, mine, handle, tapback, files),
            )
            database.execute("insert into chat_message_join values (?, ?)", (chat, number))
        database.commit()
    return path


ASKED = "How long do you leave the dough before you bake it?"
ANSWER = "It stands in the cellar for a night, and in winter for a night and a day."


def test_apples_database_is_read_with_the_text_that_is_in_its_blobs(tmp_path):
    long = ANSWER + " " + "And so on. " * 20 + "Schluß."
    path = chat_db(tmp_path / "chat.db", [
        (ASKED, None, 0, 0, 1, 1, 0, 0),
        ("My door code is 4711, as you know.", None, 1, 0, 2, 2, 0, 0),
        (None, typedstream(ANSWER), 2, 1, 0, 1, 0, 0),
        ("Loved “It stands in the cellar”", None, 3, 0, 1, 1, 2000, 0),
        (ASKED, None, 60, 0, 1, 1, 0, 0),
        ("", typedstream(long), 61, 1, 0, 1, 0, 0),
        ("\ufffc", None, 120, 0, 1, 1, 0, 1),
        (ANSWER, None, 121, 1, 0, 1, 0, 0),
    ])  # fmt: skip
    before = path.read_bytes()
    pairs, reasons = conversation_pairs(path, "Me")
    assert pairs == [[ASKED, ANSWER], [ASKED, ANSWER, ASKED, long]]
    assert reasons == {"with a picture, a file or a message that is gone": 1}
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]  # no journal, no lock


def test_another_database_is_refused_by_name(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("create table message (id integer)")
        database.commit()
    with pytest.raises(Unreadable, match=r"not Apple's chat.db"):
        conversation_pairs(tmp_path / "other.db", "Me")
    whole = (tmp_path / "other.db").read_bytes()
    (tmp_path / "broken.db").write_bytes(whole[:100] + b"\xff" * 3000)
    with pytest.raises(Unreadable, match="cannot be read as a database"):
        conversation_pairs(tmp_path / "broken.db", "Me")


@pytest.mark.parametrize(
    "body",
    [b"", b"NSString", b"NSString\x01+", b"NSString\x01+\x81", b"NSString\x01+\x82\xff\xff\xff\xff", b"\xff" * 50, "x", None],
)
def test_a_blob_that_is_none_has_no_text(body):
    assert attributed_text(body) == ""


# --- what a damaged export cannot do ---


def changed(value: object, odd: object) -> Iterator[object]:
    """The value with each of its parts in turn replaced."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield value | {key: odd}
            for other in changed(part, odd):
                yield value | {key: other}
    elif isinstance(value, list):
        for at, part in enumerate(value):
            for other in (odd, *changed(part, odd)):
                yield [*value[:at], other, *value[at + 1 :]]


@pytest.mark.slow
@pytest.mark.parametrize("odd", [None, True, -1.5, "", "x", [], {}, [None], {"a": [1]}, "9" * 400])
@pytest.mark.parametrize("name", ["chat-signal-frames", "chat-signal-database", "chat-slack-blocks", "chat-discord-code"])
def test_no_value_in_any_place_stops_a_reader(tmp_path, name, odd):
    path, right = expected(name)
    file = next(path.rglob("*-*.json")) if path.is_dir() else path
    text = file.read_text(encoding="utf-8")
    by_line = file.suffix == ".jsonl"
    whole = [json.loads(line) for line in text.splitlines()] if by_line else json.loads(text)
    read = 0
    for other in changed(whole, odd):
        damaged = tmp_path / file.name
        damaged.write_text("\n".join(map(json.dumps, other)) if by_line and isinstance(other, list) else json.dumps(other))
        with suppress(Unreadable):
            read += isinstance(conversation_pairs(damaged, right["author"])[0], list)
    assert read > 10
