"""What blogs export and offer: each post below its title, and nothing of what others wrote or the software put there."""

import json
import re

import pytest

from curate.read.documents import Unreadable, holds_words, read_document

WORDPRESS = """<?xml version="1.0"?>
<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Eel &amp; Reed</title>
<item><title>On eels</title><content:encoded><![CDATA[They come up in June.
Nobody sees them.

[caption id="a"]A pail[/caption]

<blockquote>Leave the pail.</blockquote>

I leave it.
<pre>if eel:
    wait()</pre>]]></content:encoded><excerpt:encoded><![CDATA[Eels, in short.]]></excerpt:encoded>
<wp:post_type>post</wp:post_type><wp:status>publish</wp:status>
<wp:comment><wp:comment_content><![CDATA[Cheap watches here]]></wp:comment_content></wp:comment></item>
<item><title>Pail</title><content:encoded><![CDATA[A file of mine]]></content:encoded><wp:post_type>attachment</wp:post_type></item>
<item><title>Old</title><content:encoded><![CDATA[Thrown away]]></content:encoded><wp:post_type>post</wp:post_type>
<wp:status>trash</wp:status></item></channel></rss>"""
BLOGGER = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Reed</title>
<entry><category scheme="http://schemas.google.com/g/2005#kind" term="x#template"/><content type="text">the template</content></entry>
<entry><category scheme="http://schemas.google.com/g/2005#kind" term="x#post"/><title type="text">Reeds &amp;amp; rope</title>
<content type="html">I cut reeds in frost.&lt;br /&gt;&lt;br /&gt;They bend less.&lt;div class="blogger-post-footer"&gt;All rights
reserved&lt;/div&gt;</content></entry>
<entry><category scheme="http://schemas.google.com/g/2005#kind" term="x#comment"/><content type="html">Nice!</content></entry></feed>"""
FEED = """<rss><channel><item><title>One</title><description>&lt;p&gt;The first frost is the best.&lt;/p&gt;
&lt;p&gt;The post &lt;a href="x"&gt;One&lt;/a&gt; appeared first on &lt;a href="y"&gt;Reed&lt;/a&gt;.&lt;/p&gt;</description></item>
<item><title>Two</title><description>Of the second I say only [&amp;#8230;]</description></item></channel></rss>"""
SAVED = """From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r
Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r
<html><body><article><h1>Ice</h1><p>Ice is caf=C3=A9-dark in March, and it sings before it goes; I have stood =\r
on it twice since my father stopped me.</p></article></body></html>\r\n--b--\r\n"""


MOVABLE_TYPE = """AUTHOR: reed
TITLE: Ice &amp; eels
STATUS: Publish
CONVERT BREAKS: 1
DATE: 06/17/2021 21:30:45
-----
BODY:
Ice is dark in March.
It sings.

I stood on it twice.
-----
EXTENDED BODY:
<p>And once I fell.</p>
-----
COMMENT:
AUTHOR: other
DATE: 06/18/2021 21:30:45
Cheap watches here
-----
--------
AUTHOR: reed
TITLE: Two
STATUS: Draft
-----
BODY:
<p>Of the second I say little.</p>
-----
--------
"""
ASKED = """<html itemscope itemtype="https://schema.org/QAPage"><body><h1>Why?</h1><div itemprop="suggestedAnswer"><p>Because.</p></div>
</body></html>"""


def read(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    return read_document(file, name, "own")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_posts_in_movable_types_form_are_read_without_comments(tmp_path, line_end):
    text = read(tmp_path, "export.txt", MOVABLE_TYPE.replace("\n", line_end)).text
    assert text.replace("\n", " ").replace("  ", " ") == (
        "# Ice & eels Ice is dark in March. It sings. I stood on it twice. And once I fell. # Two Of the second I say little."
    )


def test_a_page_of_a_question_and_several_answers_is_nobodys(tmp_path):
    with pytest.raises(Unreadable, match="by several people"):
        read(tmp_path, "question.html", ASKED)


def test_posts_of_wordpress_keep_their_paragraphs_and_code(tmp_path):
    text = read(tmp_path, "export.xml", WORDPRESS).text
    assert text.startswith("# On eels\n\nThey come up in June.\nNobody sees them.\n\n")
    assert "if eel:\n    wait()" in text and "I leave it." in text
    assert not any(each in text for each in ("caption", "watches", "in short", "Pail", "Thrown away", "file of mine"))


def test_quotations_in_posts_are_known_as_such(tmp_path):
    document = read(tmp_path, "export.xml", WORDPRESS)
    (quoted,) = [document.text[each.start : each.end] for each in document.blocks if each.kind == "quotation"]
    assert "Leave the pail." in quoted


def test_of_bloggers_archive_posts_alone_are_read(tmp_path):
    text = read(tmp_path, "blog.atom", BLOGGER).text
    assert text.splitlines()[0] == "# Reeds & rope" and "I cut reeds in frost." in text and "They bend less." in text
    assert not any(each in text for each in ("template", "reserved", "Nice!"))


def test_a_feeds_footers_go_and_teasers_are_counted(tmp_path):
    document = read(tmp_path, "feed.rss", FEED)
    assert "The first frost is the best." in document.text and "appeared first" not in document.text
    assert "second" not in document.text
    with pytest.raises(Unreadable, match="first lines only"):
        read(tmp_path, "teasers.rss", re.sub(r"<item><title>One.*?</item>", "", FEED, flags=re.DOTALL))
    with pytest.raises(Unreadable, match="neither a feed"):
        read(tmp_path, "other.xml", "<settings><a>1</a></settings>")
    with pytest.raises(Unreadable, match="cannot be read as XML"):
        read(tmp_path, "cut.xml", WORDPRESS[:900])


def test_ghosts_posts_are_read_from_its_json(tmp_path):
    post = {
        "title": "Late",
        "html": "<p>The bus is late.</p><pre><code>wait()\n</code></pre>",
        "status": "draft",
        "plaintext": "The bus",
    }
    whole = {"db": [{"data": {"posts": [post, {"title": "Empty", "html": None}], "users": [{"bio": "Waits."}]}}]}
    assert read(tmp_path, "ghost.json", json.dumps(whole)).text == "# Late\n\nThe bus is late.\n\nwait()"
    whole["db"][0]["data"]["posts"] = [{"title": "Empty", "html": None}]
    with pytest.raises(Unreadable, match="without a post's text"):
        read(tmp_path, "old.json", json.dumps(whole))


def test_of_a_keep_export_each_note_is_read_once_and_the_bin_is_not(tmp_path):
    def note(name, html, **more):
        (tmp_path / f"{name}.json").write_text(json.dumps({"isTrashed": False, "userEditedTimestampUsec": 1, **more}))
        if html:
            (tmp_path / f"{name}.html").write_text(f"<html><body><div class=content>{html}</div></body></html>")

    note("both", "I saw an eel.", textContent="I saw an eel.")
    note("gone", "My old password", textContent="My old password", isTrashed=True)
    note("alone", "", title="Saturday", listContent=[{"text": "mend the pail"}, {"text": "ring Ada", "isChecked": True}])
    (tmp_path / "other.json").write_text("{}")
    assert [path.name for path in sorted(tmp_path.iterdir()) if holds_words(path)] == ["alone.json", "both.html", "other.json"]
    document = read_document(tmp_path / "alone.json", "alone.json", "own")
    assert document.text == "# Saturday\n\n- mend the pail\n- ring Ada"


def test_a_page_saved_in_one_file_is_read(tmp_path):
    assert (
        "Ice is café-dark in March, and it sings before it goes; I have stood on it twice"
        in read(tmp_path, "a.mhtml", SAVED).text
    )
    with pytest.raises(Unreadable, match="is no saved web page"):
        read(tmp_path, "b.mht", "From: a@b.example\n\nHello")


def test_a_notebooks_text_and_code_are_kept_and_its_outputs_left_out(tmp_path):
    cells = [
        {
            "cell_type": "markdown",
            "source": ["# Rain\n", "\n", "It rains *less* than I\n", "remember.\n", "![a](attachment:a.png)"],
        },
        {
            "cell_type": "code",
            "source": ["for d in days:\n", "    print(d)"],
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["Monday\n", "Tuesday"]},
                {"output_type": "display_data", "data": {"image/png": "iVBORw0", "text/plain": ["<Figure>"]}},
                {"output_type": "error", "traceback": ["Trace"]},
            ],
        },
        {"cell_type": "raw", "source": "---"},
    ]
    document = read(tmp_path, "rain.ipynb", json.dumps({"cells": cells, "nbformat": 4}))
    assert document.text == "# Rain\n\nIt rains less than I remember.\n\nfor d in days:\n    print(d)"
    assert [block.kind for block in document.blocks] == ["heading", "prose", "code"]
    assert next((each.reason, each.text) for each in document.left_out) == ("output", "Monday\nTuesday\n<Figure>\nTrace")
    with pytest.raises(Unreadable, match="is no Jupyter notebook"):
        read(tmp_path, "other.ipynb", "{}")
    with pytest.raises(Unreadable, match="said in a recording"):
        read(tmp_path, "talk.vtt", "WEBVTT")
