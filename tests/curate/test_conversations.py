"""What a person may rely on when chats are read: the real exports of the usual programs, and only pairs that make sense alone."""

import csv
import json
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.read.conversations import missing_author, pairs_of, read_messages
from curate.read.documents import Unreadable
from curate.read.message import Message
from curate.read.read import find_files, read_sources
from curate.read.rows import LARGEST_EXPORT
from likeness.errors import CallError
from likeness.recipe.load import load_recipe

ASK = "How hot is your oven, Ida?"
REPLY = "We keep it at two hundred degrees, and the bread goes in when the flour turns brown."
NOON = 1_736_337_600.0  # 2025-01-08 12:00 UTC


def pairs_in(path: Path, author: str = "Ida") -> tuple[list, Stage]:
    stage = Stage("read")
    return pairs_of(read_messages(path), path.name, author, stage), stage


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


# --- what becomes a pair ---


def chat(*said: tuple) -> list[Message]:
    """(minute, sender, text[, reply to]) each."""
    return [Message(str(n), NOON + minute * 60, (who,), text, "", *reply) for n, (minute, who, text, *reply) in enumerate(said)]


def made(*said: tuple) -> tuple[list, dict]:
    stage = Stage("read")
    return pairs_of(chat(*said), "chat", "ida", stage), stage.reasons


def test_what_one_person_sends_in_one_go_is_one_turn():
    (pair,), reasons = made(
        (0, "Ann", "Ida, a question."), (1, "Ann", ASK), (3, "Ida", "Hot."), (4, "Ida", REPLY), (30, "Ann", "Thank you!")
    )
    assert [(turn.role, turn.content) for turn in pair.prompt] == [("user", f"Ida, a question.\n{ASK}")]
    assert pair.response == f"Hot.\n{REPLY}"
    assert reasons == {}


def test_messages_of_one_person_far_apart_are_turns_of_their_own():
    (pair,), _ = made((0, "Ann", "Something else altogether."), (20, "Ann", ASK), (21, "Ida", REPLY))
    assert pair.instruction == ASK


def test_an_answer_within_a_conversation_brings_the_turns_before():
    (first, second), reasons = made(
        (0, "Ann", ASK), (2, "Ida", REPLY), (5, "Ann", "And the rye?"), (6, "Ida", f"Longer. {REPLY}")
    )
    assert [turn.content for turn in first.prompt] == [ASK]
    assert [(turn.role, turn.content) for turn in second.prompt] == [
        ("user", ASK), ("assistant", REPLY), ("user", "And the rye?"),
    ]  # fmt: skip
    assert first.document == second.document  # they stand on one side of the split
    assert reasons == {}


def test_a_question_waits_over_night_and_a_short_answer_will_do():
    (pair,), reasons = made((0, "Ann", "Which oven?"), (60 * 11, "Ida", "The old one, by the mill."))
    assert (pair.instruction, pair.response, reasons) == ("Which oven?", "The old one, by the mill.", {})


def test_words_beside_a_picture_stay_where_they_do_not_point_at_it():
    (pair,), reasons = made((0, "Ann", ASK), (1, "Ann", ""), (2, "Ida", REPLY), (3, "Ida", ""))
    assert (pair.instruction, pair.response, reasons) == (ASK, REPLY, {})


def test_what_several_people_say_in_a_row_is_asked_together():
    (pair,), _ = made((0, "Ann", ASK), (2, "Bob", "Hot, I guess."), (3, "Ida", REPLY))
    assert pair.instruction == f"{ASK}\nHot, I guess."
    (pair,), _ = made((0, "Ann", "Who has seen the key?"), (20, "Bob", ASK), (21, "Ida", REPLY))
    assert pair.instruction == ASK  # the key was twenty minutes ago


def test_a_long_talk_brings_only_its_last_turns_and_few_words():
    talk = [(n * 6 + (0 if who == "Ann" else 2), who, f"{ASK} {n}" if who == "Ann" else f"{REPLY} {n}")
            for n in range(5) for who in ("Ann", "Ida")]  # fmt: skip
    pairs, _ = made(*talk)
    assert [len(pair.prompt) for pair in pairs] == [1, 3, 5, 5, 5]
    assert all([t.role for t in p.prompt] == ["user", "assistant"] * (len(p.prompt) // 2) + ["user"] for p in pairs)
    long = [(minute, who, text if who == "Ann" else "word " * 190 + text) for minute, who, text in talk]
    assert [len(pair.prompt) for pair in made(*long)[0]] == [1] * 5


def test_turns_of_a_third_person_are_not_taken_for_the_conversation():
    *_, last = made(
        (0, "Bob", ASK), (1, "Ida", REPLY), (2, "Ann", "Where do you buy flour?"), (3, "Ida", f"At the mill. {REPLY}")
    )[0]
    assert [turn.content for turn in last.prompt] == ["Where do you buy flour?"]


def test_a_reply_goes_to_the_message_it_names_however_late():
    (pair,), _ = made((0, "Ann", ASK), (1, "Bob", "Nice weather today, isn't it?"), (600, "Ida", REPLY, "0"))
    assert pair.instruction == ASK


SENSELESS = {
    "too short": ([(0, "Ann", ASK), (1, "Ida", "ok, will do")], "too short to stand alone"),
    "no question": ([(0, "Ann", "Hm"), (1, "Ida", REPLY)], "too short to stand alone"),
    "a nod": ([(0, "Ann", ASK), (1, "Ida", "Yes, of course")], "too short to stand alone"),
    "a link": ([(0, "Ann", ASK), (1, "Ida", "https://example.org/a-page-about-ovens")], "only a link or an emoji"),
    "an emoji": ([(0, "Ann", ASK), (1, "Ida", "👍🏽 :thumbsup:")], "only a link or an emoji"),
    "asked with an emoji": ([(0, "Ann", "🤔"), (1, "Ida", REPLY)], "only a link or an emoji"),
    "to a picture": ([(0, "Ann", ""), (1, "Ida", REPLY)], "with a picture, a file or a message that is gone"),
    "about a picture": (
        [(0, "Ann", ""), (1, "Ann", "Just look at this one"), (2, "Ida", REPLY)],
        "with a picture, a file or a message that is gone",
    ),
    "silence": ([(0, "Ann", "I have bread."), (60 * 5, "Ida", REPLY)], "after a long silence"),
    "a question too long ago": ([(0, "Ann", ASK), (60 * 25, "Ida", REPLY)], "after a long silence"),
    "few words to no question": (
        [(0, "Ann", "I have bread."), (1, "Ida", "In the cellar.")],
        "too short to stand alone",
    ),
    "dangling": (
        [(0, "Ann", "Which of the two is right?"), (1, "Ida", "Yes, that one is fine with me for the new year.")],
        "points at something that is not there",
    ),
    "opening": ([(0, "Ida", REPLY)], "not an answer"),
    "own": ([(0, "Ida", REPLY), (30, "Ida", REPLY)], "answers the author's own message"),
    "lost": ([(0, "Ann", ASK), (1, "Ida", REPLY, "77")], "what it answers is not in the file"),
}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [(ASK, "Under the stairs."), ("so how was the oven", "loud and warm"), ("Und wo ist das Mehl?", "Beim Müller geblieben.")],
)
def test_a_short_answer_to_a_question_is_one(asked, answer):
    (pair,), _ = made((0, "Ann", asked), (1, "Ida", answer))
    assert (pair.instruction, pair.response) == (asked, answer)


@pytest.mark.parametrize(("said", "reason"), SENSELESS.values(), ids=SENSELESS)
def test_what_makes_no_sense_alone_is_left_out_and_counted(said, reason):
    pairs, reasons = made(*said)
    assert pairs == []
    assert reasons[reason] == 1


@pytest.mark.parametrize(
    "answer",
    [
        "That oven is older than I am and it heats from the left side only.",
        "Yes, but only in winter, when the wood is dry and the wind comes from the north.",
        "Yes, that is how my uncle did it for thirty years, and nobody in the village ever complained about it.",
        "See https://example.org for the picture of it, or come by on Tuesday and look.",
        "パンは二百度で焼きます。粉が茶色になったら入れます。",
    ],
)
def test_an_answer_that_says_what_it_means_is_kept(answer):
    (pair,), reasons = made((0, "Ann", ASK), (1, "Ida", answer))
    assert pair.response == answer
    assert reasons == {}


def test_replies_that_run_in_a_circle_do_not_hang():
    said = chat((0, "Ann", ASK, "1"), (1, "Ida", REPLY, "0"), (2, "Ann", ASK, "3"), (3, "Ida", REPLY, "2"))
    assert len(pairs_of(said, "chat", "ida", Stage("read"))) == 2


# --- Slack ---

SLACK_PEOPLE = [
    {"id": "U1", "name": "ann", "real_name": "Ann Miller", "profile": {"display_name": "ann.m", "email": "ann@example.org"}},
    {"id": "U2", "name": "ida", "real_name": "Ida Baker", "profile": {"display_name": "", "email": "ida@example.org"}},
    {"id": "U3", "name": "ci", "is_bot": True, "profile": {}},
]


def slack(folder: Path) -> Path:
    def said(ts: str, user: str, text: str, **more: object) -> dict:
        return {"type": "message", "user": user, "text": text, "ts": ts, "team": "T1"} | more

    written(folder, "users.json", SLACK_PEOPLE)
    written(folder, "channels.json", [{"id": "C1", "name": "general", "members": ["U1", "U2"]}])
    written(folder, "general/2025-01-08.json", [
        said("1736337600.000100", "U2", "<@U2> has joined the channel", subtype="channel_join"),
        said("1736337601.000200", "U1", "<@U2> is bread &gt; cake? See <https://example.org|the page> in <#C1|general>"),
        {"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "news", "text": REPLY, "ts": "1736337660.0"},
        said("1736337700.000100", "U1", ASK, thread_ts="1736337700.000100", reply_count=1),
        said("1736337760.000100", "U2", f"&gt; How hot\n{REPLY}", thread_ts="1736337700.000100", parent_user_id="U1"),
        said("1736337800.000100", "U1", "Who has seen the key to the cellar?"),
        said("1736337810.000100", "U3", "Build 7 has passed."),
        said("1736337860.000100", "U2", f"It hangs beside the door. {REPLY}"),
        said("1736373599.000100", "U1", "Do you keep the sourdough in the cellar?", thread_ts="1736373599.000100"),
    ])  # fmt: skip
    written(folder, "general/2025-01-09.json", [
        said("1736380801.000100", "U2", f"In the cellar, yes. {REPLY}", thread_ts="1736373599.000100", parent_user_id="U1"),
        said("1736384401.000100", "U1", "Here is the picture of the cake", files=[{"id": "F1", "mode": "hosted"}]),
        said("1736384461.000100", "U2", f"What a cake. {REPLY}"),
    ])  # fmt: skip
    return folder


@pytest.mark.parametrize("author", ["ida", "U2", "ida@example.org", "Ida Baker"])
def test_slack_is_read_with_threads_over_midnight_and_without_bots(tmp_path, author):
    pairs, stage = pairs_in(slack(tmp_path / "slack"), author)
    assert [(pair.instruction, pair.response) for pair in pairs] == [
        (ASK, REPLY),
        ("Do you keep the sourdough in the cellar?", f"In the cellar, yes. {REPLY}"),
    ]
    assert stage.reasons == {"with a picture, a file or a message that is gone": 2}


def test_slacks_own_marks_are_read_as_people_see_them(tmp_path):
    messages = read_messages(slack(tmp_path / "slack"))
    assert messages[0].text == "@Ida Baker is bread > cake? See the page in #general"
    assert messages[0].sender == ("ann.m", "Ann Miller", "ann", "ann@example.org", "U1")


def test_one_day_of_slack_is_read_with_the_users_beside_it(tmp_path):
    pairs, _ = pairs_in(slack(tmp_path / "slack") / "general" / "2025-01-08.json", "Ida Baker")
    assert [pair.response for pair in pairs] == [REPLY]


# --- Telegram ---


def telegram(*messages: dict, **more: object) -> dict:
    return {"name": "Ann", "type": "personal_chat", "id": 42, "messages": list(messages)} | more


def telegram_message(number: int, who: str, text: object, **more: object) -> dict:
    return {
        "id": number, "type": "message", "date": f"2025-01-08T12:{number:02}:00", "date_unixtime": str(1736334000 + number * 60),
        "from": who, "from_id": f"user{len(who)}00", "text": text, "text_entities": [],
    } | more  # fmt: skip


TELEGRAM = [
    {"id": 1, "type": "service", "date": "2025-01-08T11:00:00", "actor": "Ann", "actor_id": "user300", "action": "phone_call", "text": ""},
    telegram_message(2, "Ann", ["How hot is ", {"type": "bold", "text": "your"}, " oven, Ida?"]),
    telegram_message(3, "Ida B", [{"type": "blockquote", "text": "How hot"}, REPLY]),
    telegram_message(14, "Ann", "Read this, it is about bread and nothing else", forwarded_from="News"),
    telegram_message(15, "Ida B", f"Not true. {REPLY}"),
    telegram_message(26, "Ann", "", media_type="sticker", sticker_emoji="🍞", file="(File not included. Change data exporting settings to download.)"),
    telegram_message(37, "Ida B", f"Later then. {REPLY}", reply_to_message_id=2),
]  # fmt: skip


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("author", ["Ida B", "user500", "500"])
def test_telegram_is_read_by_the_chat_and_by_the_account(tmp_path, whole, author):
    export: dict = telegram(*TELEGRAM)
    if whole:
        bot = telegram(telegram_message(2, "Bot", ASK), telegram_message(3, "Ida B", REPLY), type="bot_chat", id=7)
        export = {"about": "…", "chats": {"about": "…", "list": [bot, export]}, "personal_information": {"user_id": 500}}
    pairs, stage = pairs_in(written(tmp_path, "result.json", export), author)
    assert [(pair.instruction, pair.response) for pair in pairs] == [(ASK, REPLY), (ASK, f"Later then. {REPLY}")]
    assert stage.reasons == {"with a picture, a file or a message that is gone": 1}


def test_the_topics_of_a_telegram_forum_are_threads(tmp_path):
    topic = {"id": 1, "type": "service", "action": "topic_created", "title": "Bread", "date": "2025-01-08T11:00:00"}
    other = {"id": 4, "type": "service", "action": "topic_created", "title": "Cake", "date": "2025-01-08T11:00:00"}
    path = written(tmp_path, "result.json", telegram(
        topic, other,
        telegram_message(10, "Ann", ASK, reply_to_message_id=1),
        telegram_message(11, "Bob", "Who has eaten the last cake?", reply_to_message_id=4),
        telegram_message(12, "Ida B", REPLY, reply_to_message_id=1),
        type="private_supergroup",
    ))  # fmt: skip
    (pair,), _ = pairs_in(path, "Ida B")
    assert pair.instruction == ASK


# --- Discord ---


def discord_message(number: int, who: str, text: str, **more: object) -> dict:
    return {
        "id": str(1000 + number), "type": "Default", "timestamp": f"2025-01-08T12:{number:02}:00.123+01:00", "timestampEdited": None,
        "callEndedTimestamp": None, "isPinned": False, "content": text,
        "author": {"id": {"Ida": "93"}.get(who, "90"), "name": who.lower(), "discriminator": "0000", "nickname": who, "isBot": who == "Robot", "roles": []},
        "attachments": [], "embeds": [], "stickers": [], "reactions": [], "mentions": [],
    } | more  # fmt: skip


def test_discord_is_read_from_the_exporters_json(tmp_path):
    reply = {"type": "Default", "messageId": "1001", "channelId": "5", "guildId": "1"}
    export = {
        "guild": {"id": "1", "name": "Village"}, "channel": {"id": "5", "type": "GuildTextChat", "name": "bread"},
        "dateRange": {"after": None, "before": None}, "exportedAt": "2025-02-01T00:00:00+00:00",
        "messages": [
            discord_message(0, "Bob", "Joined the server.", type="GuildMemberJoin"),
            discord_message(1, "Ann", ASK),
            discord_message(2, "Robot", "Beep."),
            discord_message(3, "Ida", f"> How hot\n{REPLY}", type="Reply", reference=reply),
            discord_message(14, "Ann", "Look at this", attachments=[{"id": "1", "url": "a.png", "fileName": "a.png", "fileSizeBytes": 1}]),
            discord_message(15, "Ida", f"Not bad. {REPLY}"),
            discord_message(26, "Robot", "Your daily bread fact."),
            discord_message(27, "Ida", f"Who wants to know? {REPLY}"),
        ],
        "messageCount": 8,
    }  # fmt: skip
    for author in ("Ida", "ida#0000", "93"):
        pairs, stage = pairs_in(written(tmp_path, "bread.json", export), author)
        assert [(pair.instruction, pair.response) for pair in pairs] == [(ASK, REPLY)]
        assert stage.reasons == {"with a picture, a file or a message that is gone": 2}


@pytest.mark.parametrize("dates", [
    ["2025-01-08T12:00:00.0000000+00:00", "2025-01-08T12:01:00.0000000+00:00", "2025-01-08T23:01:00.0000000+00:00"],
    ["08-Jan-25 12:00 PM", "08-Jan-25 12:01 PM", "08-Jan-25 11:01 PM"],
    ["08/01/2025 12:00", "08/01/2025 12:01", "13/01/2025 12:01"],
    ["1/8/2025 12:00 PM", "1/8/2025 12:01 PM", "1/13/2025 12:01 PM"],
    ["1736337600", "1736337660", "1736424000"],
    ["1736337600000", "1736337660000", "1736424000000"],
])  # fmt: skip
def test_discords_csv_is_read_with_the_dates_of_every_version(tmp_path, dates):
    path = tmp_path / "bread.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerow(["AuthorID", "Author", "Date", "Content", "Attachments", "Reactions"])
        rows.writerow(["93", "ann", dates[0], ASK, "", "👍 (1)"])
        rows.writerow(["94", "ida", dates[1], f'"{REPLY}",\nshe said', "", ""])
        rows.writerow(["94", "ida", dates[2], f"Good morning. {REPLY}", "a.png", ""])
    (pair,), stage = pairs_in(path, "94")
    assert (pair.instruction, pair.response) == (ASK, f'"{REPLY}",\nshe said')
    assert stage.reasons == {"answers the author's own message": 1}


# --- WhatsApp ---

ANDROID = f"""\
08/01/2025, 12:00 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.
08/01/2025, 12:01 - Ann Miller: {ASK}
I mean the old one.
08/01/2025, 12:02 - Ida: {REPLY} <This message was edited>
08/01/2025, 12:20 - Ann Miller: <Media omitted>
08/01/2025, 12:21 - Ida: Lovely. {REPLY}
08/01/2025, 12:40 - Ann Miller: IMG-20250108-WA0001.jpg (file attached)
08/01/2025, 12:41 - Ida: Lovely too. {REPLY}
13/01/2025, 09:00 - Ann Miller: This message was deleted
13/01/2025, 09:01 - Ida: What was it? {REPLY}
13/01/2025, 09:02 - Ida changed the subject from “Bread: old” to “Bread: new”
"""
IPHONE = f"""\
[1/7/25, 12:00:01\u202fPM] Ann Miller: \u200eMessages and calls are end-to-end encrypted.
[1/8/25, 12:01:00\u202fPM] Ann Miller: {ASK}
I mean the old one.
\u200e[1/8/25, 12:02:00\u202fPM] ~\u202fIda: {REPLY} \u200e<This message was edited>
\u200e[1/8/25, 12:20:00\u202fPM] Ann Miller: \u200eimage omitted
[1/8/25, 12:21:00\u202fPM] Ida: Lovely. {REPLY}
\u200e[1/8/25, 12:40:00\u202fPM] Ann Miller: \u200e<attached: 00000012-PHOTO-2025-01-08.jpg>
[1/8/25, 12:41:00\u202fPM] Ida: Lovely too. {REPLY}
\u200e[1/13/25, 9:00:00\u202fAM] Ann Miller: \u200eThis message was deleted.
[1/13/25, 9:01:00\u202fAM] Ida: What was it? {REPLY}
"""
GERMAN = ANDROID.replace("/01/2025, ", ".01.25, ").replace("<Media omitted>", "<Medien ausgeschlossen>")
GERMAN = GERMAN.replace("(file attached)", "(Datei angehängt)").replace(
    "This message was deleted", "Diese Nachricht wurde gelöscht"
)
FINNISH = (
    IPHONE.replace("1/7/25, 12:", "7.1.2025 klo 12.")
    .replace("1/8/25, 12:", "8.1.2025 klo 12.")
    .replace("1/13/25, 9:", "13.1.2025 klo 9.")
    .replace("\u202fPM", "")
)
FINNISH = FINNISH.replace("\u202fAM", "").replace(":00]", ".00]").replace(":01]", ".01]")


@pytest.mark.parametrize("text", [ANDROID, IPHONE, GERMAN, FINNISH, "\ufeff" + ANDROID.replace("\n", "\r\n")],
                         ids=["android", "iphone", "german android", "finnish iphone", "windows"])  # fmt: skip
def test_whatsapp_is_read_as_phones_write_it(tmp_path, text):
    path = tmp_path / "_chat.txt"
    path.write_bytes(text.encode())
    pairs, stage = pairs_in(path)
    assert [(pair.instruction, pair.response) for pair in pairs] == [(f"{ASK}\nI mean the old one.", REPLY)]
    assert stage.reasons == {"with a picture, a file or a message that is gone": 3}
    assert {message.sender for message in read_messages(path)} == {("Ann Miller",), ("Ida",)}


def test_day_before_month_is_told_by_the_chat_running_forwards(tmp_path):
    def hours(*dates: str) -> float:
        lines = [f"{date}, 12:00 - {who}: Good morning" for date, who in zip(dates, ("Ann", "Ida"), strict=True)]
        first, last = read_messages(written(tmp_path, "chat.txt", "\n".join(lines)))
        return (last.time - first.time) / 3600

    assert hours("11/02/2025", "12/02/2025") == 24  # of February
    assert hours("2/11/25", "2/12/25") == 24  # of February, too
    assert hours("1/31/25", "2/1/25") == 24
    assert hours("31.1.25", "1.2.25") == 24


def test_a_chat_stays_in_order_when_the_phones_clock_is_set_back(tmp_path):
    chat = f"26/10/2025, 02:59 - Ann: {ASK}\n26/10/2025, 02:01 - Ida: {REPLY}\n26/10/2025, 02:03 - Ann: Thank you very much!\n"
    (pair,), _ = pairs_in(written(tmp_path, "chat.txt", chat))
    assert (pair.instruction, pair.response) == (ASK, REPLY)


# --- Messenger and Instagram ---


def mangled(text: str) -> str:
    return text.encode().decode("latin-1")


def messenger(*messages: dict) -> dict:
    people = [{"name": mangled("Zoë")}, {"name": "Ida"}]
    return {"participants": people, "messages": list(messages), "title": mangled("Zoë"), "is_still_participant": True,
            "thread_path": "inbox/zoe_123", "magic_words": []}  # fmt: skip


def test_messenger_is_read_newest_first_and_with_its_letters_mended(tmp_path):
    def said(minute: int, who: str, text: str | None, **more: object) -> dict:
        content = {} if text is None else {"content": mangled(text)}
        return (
            {"sender_name": mangled(who), "timestamp_ms": int(NOON * 1000) + minute * 60_000, "is_geoblocked_for_viewer": False}
            | content
            | more
        )

    export = messenger(
        said(41, "Ida", f"Which song is that? {REPLY}"),
        said(40, "Zoë", "Reacted ❤ to your message "),
        said(31, "Ida", f"Lovely. {REPLY}"),
        said(30, "Zoë", None, photos=[{"uri": "photos/1.jpg", "creation_timestamp": 1}]),
        said(20, "Zoë", "Zoë called you.", call_duration=12),
        said(2, "Ida", f"Für dich, Zoë: {REPLY} 🍞"),
        said(1, "Zoë", "Wie heiß ist dein Ofen?"),
    )
    pairs, stage = pairs_in(written(tmp_path, "message_1.json", json.dumps(export)))
    assert [(pair.instruction, pair.response) for pair in pairs] == [("Wie heiß ist dein Ofen?", f"Für dich, Zoë: {REPLY} 🍞")]
    assert stage.reasons == {"with a picture, a file or a message that is gone": 1}
    assert read_messages(tmp_path / "message_1.json")[0].sender == ("Zoë",)


def test_messengers_encrypted_chats_are_read_which_are_written_otherwise(tmp_path):
    def said(minute: int, who: str, text: str, kind: str = "text", **more: object) -> dict:
        return {"isUnsent": False, "media": [], "reactions": [], "senderName": who, "text": text,
                "timestamp": int(NOON * 1000) + minute * 60_000, "type": kind} | more  # fmt: skip

    export = {"participants": ["Zoë", "Ida"], "threadName": "Zoë_7", "messages": [
        said(1, "Zoë", "Wie heiß ist dein Ofen?"), said(2, "Ida", REPLY),
        said(30, "Zoë", "User unsent a message", isUnsent=True), said(31, "Ida", f"What was it? {REPLY}"),
    ]}  # fmt: skip
    pairs, stage = pairs_in(written(tmp_path, "Zoë_7.json", export))
    assert [(pair.instruction, pair.response) for pair in pairs] == [("Wie heiß ist dein Ofen?", REPLY)]
    assert stage.reasons == {"with a picture, a file or a message that is gone": 1}


# --- CSV ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_is_read_by_the_usual_names_of_columns_and_by_conversation(tmp_path, delimiter, encoding):
    path = tmp_path / "chat.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow(["Timestamp", "From", "Message", "Channel"])
        rows.writerow(["2025-01-08 12:00", "Ann", f"{ASK}; now", "bread"])
        rows.writerow(["2025-01-08 12:01", "Zoë", "Who has seen the cat today?", "cats"])
        rows.writerow(["2025-01-08 12:02", "Ida", REPLY, "bread"])
    (pair,), _ = pairs_in(path)
    assert (pair.instruction, pair.response) == (f"{ASK}; now", REPLY)


# --- what cannot be read ---

HEAD = "time,sender,text\n"
BAD = {
    "other.json": ('{"a": 1}', "not a known chat export"),
    "broken.json": ('{"messages": [\n{"ts": 1},,', "is not JSON: .* in line 2"),
    "deep.json": ("[" * 200_000, "JSON that cannot be read"),
    "digits.json": ("9" * 10_000, "JSON that cannot be read"),
    "users.json": ([{"id": "U1", "name": "ann"}], "not a known chat export"),
    "notes.txt": ("Dear diary,\n\ntoday I baked.\n", "is not a WhatsApp chat"),
    "columns.csv": ("who,what\na,b\n", r"names no column for the time \(timestamp, .*it has who, what"),
    "row.csv": (HEAD + "2025-01-08,Ann,Hi\n2025-01-08,Ann,Hi,there\n", "line 3 has 4 columns, and the first line names 3"),
    "quote.csv": (HEAD + '2025-01-08,Ann,"Hi\n2025-01-08,Ann,Hi\n', "is not CSV: .*quotation mark"),
    "when.csv": (HEAD + "yesterday,Ann,Hi\n", "row 1 has the time 'yesterday'"),
    "month.csv": (HEAD + "13/13/2025 12:00,Ann,Hi\n", "row 1 has the time '13/13/2025 12:00'"),
    "export.zip": ("PK", "is packed; unpack it"),
    "chat.html": ("<p>Hi</p>", "a web page, but not one of a Telegram export"),
    "mail.pst": ("!BDN", "is Outlook's own; save the mails as .eml"),
    "chat.pdf": ("%PDF", r"not a conversation in a known format: mail \(.mbox, .eml"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_told_with_the_reason(tmp_path, name):
    content, why = BAD[name]
    with pytest.raises(Unreadable, match=why):
        read_messages(written(tmp_path, name, content))


@pytest.mark.parametrize("name", ["chat.json", "chat.csv", "chat.txt"])
def test_other_encodings_are_read_and_files_too_large_are_told(tmp_path, name):
    chats = {
        "chat.csv": "time,sender,text,chat\n2025-01-08,Ann,Für wen ist das schöne große Brot?,1\n",
        "chat.txt": "08.01.25, 12:01 - Ann: Für wen ist das schöne große Brot?\n",
        "chat.json": json.dumps(telegram(telegram_message(2, "Ann", "Für wen ist das schöne große Brot?")), ensure_ascii=False),
    }
    path = tmp_path / name
    path.write_bytes(chats[name].encode("cp1252"))
    (message,) = read_messages(path)
    assert message.text == "Für wen ist das schöne große Brot?"
    os.truncate(path, LARGEST_EXPORT + 1)
    with pytest.raises(Unreadable, match="is 500 MB, and 500 MB can be read at once"):
        read_messages(path)


BUSY = [" ", "<", "< ", "<a ", "\u200e", "~", "1", "1/", ":", "a: ", "a.txt ", "(", "> ", "&lt;", "\\", "http://", "yes "]


@pytest.mark.slow
@pytest.mark.parametrize("stuff", BUSY)
def test_a_line_made_to_keep_a_reader_busy_does_not(tmp_path, stuff):
    """Each of these a hundred thousand times over takes minutes where a pattern goes back over what it has read."""
    line = stuff * 100_000
    began = time.process_time()
    for text in (f"08/01/2025, 12:01 - Ann: {line}", f"[1/8/25, 12:01:00 PM] {line}", f"0{line}"):
        with suppress(Unreadable):
            pairs_in(written(tmp_path, "chat.txt", f"{text}\n08/01/2025, 12:02 - Ida: {line}"))
    said = [{"ts": f"173633770{n}.0", "user": user, "text": line} for n, user in enumerate(("U1", "U2"))]
    pairs_in(written(tmp_path, "day.json", said), "U2")
    assert time.process_time() - began < 10


ODD = [
    None,
    True,
    7,
    -1.5,
    1e400,
    "",
    "x",
    "\ud800",
    [],
    {},
    [None],
    {"a": [1]},
    "9" * 400,
    "2025-13-45",
    "0001-01-01T00:00:00+23:59",
]


@pytest.mark.parametrize("shape", ["slack", "telegram", "discord", "messenger", "encrypted"])
def test_no_value_in_any_place_crashes_a_reader(tmp_path, shape):
    """Each value of each message is replaced by each odd one; whatever can be read is read."""
    whole: dict | list = {
        "slack": json.loads((slack(tmp_path / "s") / "general/2025-01-08.json").read_text()),
        "telegram": telegram(*TELEGRAM),
        "discord": {
            "guild": {},
            "channel": {"id": "5"},
            "messages": [discord_message(1, "Ann", ASK, reference={"messageId": "1"})],
        },
        "messenger": messenger({"sender_name": "Ann", "timestamp_ms": 1, "content": "Hi", "type": "Generic"}),
        "encrypted": {"threadName": "x", "messages": [{"senderName": "Ann", "timestamp": 1, "text": "Hi", "type": "text"}]},
    }[shape]
    rows = whole if isinstance(whole, list) else whole["messages"]
    tried = 0
    for number, row in enumerate(rows):
        for key in row:
            for odd in ODD:
                rows[number] = row | {key: odd}
                path = written(tmp_path, "chat.json", json.dumps(whole))
                assert isinstance(pairs_in(path)[0], list)
                tried += 1
        rows[number] = row
    assert tried > 50


# --- sources ---

RECIPE = """\
name: chats
persona: {name: Ida, system_prompt: You bake.}
sources:
  - {path: PATH, as: conversations, author: AUTHOR, rights: own}
"""


def sources_of(tmp_path: Path, path: str, author: str) -> object:
    recipe = load_recipe(written(tmp_path, "recipe.yaml", RECIPE.replace("PATH", path).replace("AUTHOR", author)))
    ledger = Ledger(tmp_path / "ledger.db")
    try:
        return read_sources(find_files(recipe, tmp_path), ledger, Stage("read"), lambda *_: None)
    finally:
        ledger.close()


def test_a_chat_without_the_author_spoils_nothing_where_another_has_them(tmp_path):
    written(tmp_path, "chats/one.txt", ANDROID)
    written(tmp_path, "chats/two.txt", ANDROID.replace("Ida:", "Bob:"))
    assert len(sources_of(tmp_path, "chats/*.txt", "Ida").pairs) == 1
    with pytest.raises(CallError, match="no message from Eve; most are from Ann Miller, Ida, Bob"):
        sources_of(tmp_path, "chats/*.txt", "Eve")


def test_a_slack_export_is_one_source_whose_hash_tells_every_change(tmp_path):
    slack(tmp_path / "slack")
    sources = sources_of(tmp_path, "slack", "ida@example.org")
    assert [pair.response for pair in sources.pairs] == [REPLY, f"In the cellar, yes. {REPLY}"]
    (first,) = sources.files
    assert first["path"] == "slack"
    written(tmp_path, "slack/general/2025-01-10.json", [])
    (second,) = sources_of(tmp_path, "slack", "ida@example.org").files
    assert first["sha256"] != second["sha256"]


def test_a_folder_that_is_no_slack_export_is_told_so(tmp_path):
    written(tmp_path, "chats/one.txt", ANDROID)
    with pytest.raises(CallError, match="chats is a folder, but not a Slack export"):
        sources_of(tmp_path, "chats", "Ida")


def test_who_writes_most_is_named_where_the_author_is_unknown():
    senders = Counter([("Ann", "U1"), ("Ann", "U1"), ("Bob",), ()])
    assert missing_author("Eve", senders) == "has no message from Eve; most are from Ann, Bob. Correct `author`"
    assert missing_author("u1", senders) is None
