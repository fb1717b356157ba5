"""Archives of what a person posted: all that they wrote, and nothing of what they passed on or quoted."""

import json

import pytest

from curate.read.conversations import read_messages
from curate.read.documents import Unreadable, holds_words, read_document

OUTBOX = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "orderedItems": [
        {"type": "Create", "published": "2024-02-01T10:00:00Z", "object": {"type": "Note", "content": "<p>The second note,<br>in two lines.</p>"}},
        {"type": "Announce", "published": "2024-01-05T10:00:00Z", "object": "https://else.example/users/other/statuses/1"},
        {"type": "Create", "published": "2024-01-01T10:00:00Z", "object": {"type": "Note", "content":
         '<p><span class="h-card"><a href="https://x.example/@ada">@<span>ada</span></a></span> Eels &amp; reeds come first.</p>'}},
    ],
}  # fmt: skip
TWEETS = [
    {"tweet": {"id_str": "20", "full_text": "@ada @bo Reeds &amp; eels, again. https://t.co/abc", "entities": {"urls": []}}},
    {"tweet": {"id_str": "9", "full_text": "First frost today: https://t.co/xyz",
               "entities": {"urls": [{"url": "https://t.co/xyz", "expanded_url": "https://reed.example/frost"}]}}},
    {"tweet": {"id_str": "11", "full_text": "RT @ada: somebody else said this", "entities": {}}},
]  # fmt: skip
PACKAGE = [
    {"ID": 2, "Timestamp": "2024-01-02 10:00:00", "Contents": "> did you see the eel?\nI did <:eel:123>, <@99>. It was longer than the boat.", "Attachments": ""},
    {"ID": 1, "Timestamp": "2024-01-01 10:00:00", "Contents": "The boat leaks.\n```py\nbail(2)\n```", "Attachments": ""},
]  # fmt: skip
REVIEWS = (
    "Book Id,Title,Author,ISBN,My Review\n"
    '1,"Reeds, a history",B. Writer,"=""97""","I read it twice.<br/><br/>The <i>second</i> time &amp; aloud."\n'
    '2,Eels,B. Writer,"=""98""",\n'
)


def read(tmp_path, name, data):
    file = tmp_path / name
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return read_document(file, name, "own")


def test_mastodon_gives_what_was_written_and_not_what_was_passed_on(tmp_path):
    text = read(tmp_path, "outbox.json", OUTBOX).text
    assert text.index("Eels & reeds come first.") < text.index("The second note,")
    assert "else.example" not in text
    with pytest.raises(Unreadable, match="read it as documents"):
        read_messages(tmp_path / "outbox.json")


def test_x_gives_posts_without_names_in_front_and_short_links(tmp_path):
    file = tmp_path / "tweets.js"
    text = read(tmp_path, file.name, f"window.YTD.tweets.part0 = {json.dumps(TWEETS)}").text
    assert text == "First frost today: https://reed.example/frost\n\nReeds & eels, again."
    assert holds_words(file)
    (tmp_path / "app.js").write_text("window.alert(1)")
    assert not holds_words(tmp_path / "app.js")
    with pytest.raises(Unreadable, match="is a program"):
        read_document(tmp_path / "app.js", "app.js", "own")


def test_discords_package_gives_messages_without_quotes(tmp_path):
    document = read(tmp_path, "messages.json", PACKAGE)
    assert document.text == "The boat leaks.\n\n```py\nbail(2)\n```\n\nI did :eel:, . It was longer than the boat."
    assert [block.kind for block in document.blocks] == ["prose", "code", "prose"]


def test_reviews_stand_below_what_they_are_about(tmp_path):
    assert read(tmp_path, "goodreads.csv", REVIEWS).text == "# Reeds, a history\n\nI read it twice.\n\nThe second time & aloud."
    with pytest.raises(Unreadable, match="without a column `Review`"):
        read(tmp_path, "answers.csv", "question,answer\na,b\n")


@pytest.mark.parametrize("data", ['{"orderedItems": []}', '[{"ID": 1, "Contents": ""}]'])
def test_an_archive_without_a_post_says_so(tmp_path, data):
    with pytest.raises(Unreadable, match="without a post of your own"):
        read(tmp_path, "outbox.json", data)
