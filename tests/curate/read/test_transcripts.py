"""Recordings that a program wrote down: who said what, in order; what has no name is nobody's."""

import pytest

from curate.model import Stage
from curate.read.conversations import pairs_of, read_messages
from curate.read.documents import Unreadable

ZOOM = """WEBVTT\r
\r
1\r
00:00:03.100 --> 00:00:07.400\r
Ada Mill: Why do you leave the pail out\r
\r
2\r
00:00:07.900 --> 00:00:09.200\r
Ada Mill: in the frost?\r
\r
3\r
00:00:10.000 --> 00:00:19.200\r
Bo Reed: Because it keeps its shape: ice &amp; all. I learnt that from my father, who never mended one.\r
\r
4\r
00:00:20.000 --> 00:00:21.200\r
Somebody laughs: loudly.\r
"""
TEAMS = """WEBVTT

00:00:03.100 --> 00:00:07.400
<v Ada Mill>Why do you leave the pail
out in the frost?</v>

00:00:10.000 --> 00:00:19.200
<v Bo Reed>Because it keeps its shape: ice &amp; all. I learnt that from my father, who never mended one.</v>

00:00:19.500 --> 00:00:21.200
<v Ada Mill>I see, and I will never mend mine again.</v>

00:00:22.000 --> 00:00:24.200
<v Bo Reed>Do, if it leaks into the boat.</v>
"""
OTTER = """Ada Mill  0:03
Why do you leave the pail out in the frost?

Bo Reed  0:10
Because it keeps its shape: ice & all. I learnt that from my father, who never mended one.

Ada Mill  0:20
I see.

Bo Reed  0:22
Good.
"""
MARKDOWN = OTTER.replace("Ada Mill  ", "**Ada Mill** ").replace("Bo Reed  ", "**Bo Reed** ")
SAID = "Because it keeps its shape: ice & all. I learnt that from my father, who never mended one."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("zoom.vtt", ZOOM),
        ("zoom.txt", ZOOM),
        ("teams.vtt", TEAMS),
        ("teams.md", TEAMS),
        ("otter.txt", OTTER),
        ("otter.md", MARKDOWN),
    ],
)
def test_a_question_in_a_recording_and_its_answer_are_a_pair(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text, newline="")
    messages = read_messages(file)
    assert [(m.sender[0], m.text) for m in messages[:2]] == [
        ("Ada Mill", "Why do you leave the pail out in the frost?"),
        ("Bo Reed", SAID),
    ]
    pairs = pairs_of(messages, name, "Bo Reed", Stage("read"))
    assert (pairs[0].instruction, pairs[0].response) == ("Why do you leave the pail out in the frost?", SAID)
    assert all("laughs" not in pair.response for pair in pairs)


def test_what_says_no_name_is_refused(tmp_path):
    file = tmp_path / "film.srt"
    file.write_text("1\n00:00:02,120 --> 00:00:05,480\nI promised to say what went wrong.\n\n" * 5)
    with pytest.raises(Unreadable, match="does not say by whom"):
        read_messages(file)
