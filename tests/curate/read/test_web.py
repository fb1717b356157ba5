"""Web pages are read as the post, all of it and nothing else."""

import time

import pytest

from curate.read.documents import Unreadable, read_document
from curate.read.web import read_page
from tests.curate.read.shown import golden_cases, read_golden, shown

PAGES = [*golden_cases(".html"), *golden_cases(".htm")]
PROSE = "The pear tree stood by the wall for as long as anybody could remember, and it gave nothing for six years."


def kinds(text: str) -> list[tuple[str, str]]:
    reading = read_page(text)
    return [(each.kind, reading.text[each.start : each.end]) for each in reading.blocks]


def reasons(text: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for each in read_page(text).left_out:
        said[each.reason] = said.get(each.reason, "") + each.text
    return said


@pytest.mark.parametrize("case", PAGES)
def test_a_page_is_read_as_its_golden_file_says(case):
    document, right = read_golden(case)
    assert shown(document) == right


def test_golden_pages_of_every_shape_are_there():
    assert set(PAGES) >= {
        "wordpress", "substack", "medium", "ghost", "blogger", "google-docs", "word-page", "handmade", "poem", "programming", "wiki",
    }  # fmt: skip


@pytest.mark.parametrize("case", PAGES)
def test_blocks_of_a_page_hold_all_of_its_text_and_do_not_overlap(case):
    document, _ = read_golden(case)
    end = 0
    for block in document.blocks:
        assert document.text[end : block.start].strip() == ""
        end = block.end
    assert end == len(document.text)


def test_comments_go_however_a_theme_marks_them():
    comment = "<p>You are wrong about pears and about walls, and I have told you so before.</p>"
    for around in (
        "<div id='comments'>{}</div>",
        "<ol class='commentlist'><li class='comment'><article class='comment-body'>{}</article></li></ol>",
        "<section class='Comments__wrapper'>{}</section>",
        "<div id='disqus_thread'>{}</div>",
        "<div itemprop='comment' itemscope itemtype='https://schema.org/Comment'>{}</div>",
        "<div class='wp-block-comments'>{}</div>",
        "<section class='webmentions'>{}</section>",
    ):
        page = f"<body class='comments-open'><article><h1>Pears</h1><p>{PROSE}</p>{around.format(comment * 9)}</article></body>"
        assert kinds(page) == [("heading", "# Pears"), ("prose", PROSE)], around
        assert "You are wrong" in reasons(page)["comments"], around


def test_code_that_is_highlighted_as_a_comment_stays():
    page = f"<article><p>{PROSE}</p><pre class='line-numbers language-js'><code><span class='token comment'>// why</span>\nnext()</code></pre></article>"
    assert kinds(page)[1] == ("code", "// why\nnext()")


def test_names_that_say_how_a_page_is_laid_out_hide_nothing():
    page = f"<body class='has-sidebar'><div class='content-sidebar-wrap with-nav'><div class='post share-enabled'><p>{PROSE}</p></div></div></body>"
    assert kinds(page) == [("prose", PROSE)]


def test_a_misleading_name_does_not_take_the_text_away():
    text = "".join(f"<p>{PROSE} And that was the {n} time that I was told so.</p>" for n in range(12))
    page = f"<article><h1>Pears</h1><p>Short beginning of it all, before the rest of the story is unfolded.</p><div class='read-more'>{text}</div></article>"
    assert sum(kind == "prose" for kind, _ in kinds(page)) == 13


def test_a_page_of_several_posts_is_read_whole_and_teasers_are_not():
    two = f"<article><h2>One</h2><p>{PROSE}</p></article><article><h2>Two</h2><p>{PROSE}</p></article>"
    assert [text for kind, text in kinds(two) if kind == "heading"] == ["## One", "## Two"]
    teaser = f"<article><h1>One</h1>{f'<p>{PROSE}</p>' * 20}</article><article><h2>Other</h2><p>Read on elsewhere.</p></article>"
    assert "Other" not in read_page(teaser).text


def test_raised_figures_are_marks_exponents_or_the_end_of_a_number():
    page = (
        "<article><p>It was old.<sup>1</sup> The field has 20 m<sup>2</sup> and 10<sup>6</sup> worms on the 2<sup>nd</sup> day,"
        " x<sup>n</sup> and E = mc<sup>2</sup>, as my father<sup>*</sup> said<sup>[3]</sup> in 1998<sup>4</sup>, with H<sub>2</sub>O.</p></article>"
    )
    assert read_page(page).text == (
        "It was old. The field has 20 m² and 10⁶ worms on the 2nd day, xⁿ and E = mc², as my father said in 1998, with H2O."
    )


def test_a_mark_that_links_to_a_heading_is_no_footnote():
    page = f"<article><p>{PROSE} See section <a href='#two'>2</a>.</p><h2 id='two'>Two</h2><p>{PROSE}</p></article>"
    assert "See section 2." in read_page(page).text
    assert "## Two" in read_page(page).text


def test_links_that_share_a_page_are_known_by_where_they_lead():
    page = (
        f"<article><p>{PROSE}</p><p><a href='https://twitter.com/intent/tweet?url=x'>Teilen</a> | "
        "<a href='https://www.facebook.com/sharer/sharer.php?u=x'>Gefällt mir</a></p>"
        f"<p>I wrote to <a href='https://twitter.com/ada'>Ada</a>. {PROSE}</p></article>"
    )
    assert [kind for kind, _ in kinds(page)] == ["prose", "prose"]
    assert "Teilen" in reasons(page)["share"]


def test_hidden_words_and_markup_for_machines_are_not_read():
    page = (
        f"<article><p>{PROSE}<span style='display: none'>X1</span><span hidden>X2</span><script>X3</script><!-- X4 -->"
        "<span class='screen-reader-text'>X5</span></p><video>X6</video><noscript>X7</noscript><iframe>X8</iframe><svg><text>X9</text></svg></article>"
    )
    assert read_page(page).text == PROSE


def test_xhtml_loses_its_notes_and_page_numbers():
    reading = read_page(
        """<?xml version="1.0" encoding="utf-8"?>
        <html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
        <head><title>Nature</title></head><body epub:type="bodymatter"><section epub:type="chapter"><h2>Nature</h2>
        <p>Our age is retrospective.<a href="notes.xhtml#n1" epub:type="noteref">1</a>
        It builds<span epub:type="pagebreak" title="7">7</span> the sepulchres of the fathers.<sup><a href="#n2">2</a></sup></p>
        </section><aside epub:type="footnote" id="n1">1. A note.</aside>
        <section role="doc-endnotes"><p>2. Another note.</p></section></body></html>"""
    )
    assert reading.title == "Nature"
    assert reading.text == "## Nature\n\nOur age is retrospective. It builds the sepulchres of the fathers."


def test_html_that_is_broken_is_read_as_far_as_it_goes():
    assert read_page("<p>one<p>two <b>three</p></i> four").text.split() == ["one", "two", "three", "four"]


@pytest.mark.parametrize("depth", [3_000, 10_000, 100_000])
@pytest.mark.parametrize("tag", ["div", "blockquote"])
def test_a_page_that_nests_deep_is_read(depth, tag):
    assert "deep" in read_page(f"<{tag}>" * depth + "<p>deep</p>" + f"</{tag}>" * depth).text


HOSTILE = {
    "blanks": "<p>a" + " " * 3_000_000 + "b</p>",
    "brackets": "<" * 1_000_000,
    "comment": "<!--" * 300_000,
    "links": "<p>" + "<a href='#x'>1</a> " * 20_000 + "<i id='x'>x</i></p>",
    "word": "<![if !supportLists]>" * 50_000,
    "articles": "<article><p>words here</p></article>" * 20_000,
    "inline": "<b>" * 50_000 + "deep words",
    "lists": "<ul><li>x" * 900 + "</ul>" * 900,
    "cells": "<table>" + ("<tr>" + "<td>7</td>" * 10 + "</tr>") * 3_000 + "</table>",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_takes_no_more_than_a_moment(name):
    started = time.process_time()
    read_page(HOSTILE[name])
    assert time.process_time() - started < 5


def test_a_table_of_many_cells_is_read(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<table>" + ("<tr>" + "<td>7</td>" * 10 + "</tr>") * 2_000 + "</table>")
    assert read_document(path, "a.html", "own").text.count("7") == 20_000


def test_the_encoding_that_a_page_declares_is_used(tmp_path):
    path = tmp_path / "a.html"
    path.write_bytes("<meta charset='iso-8859-2'><p>Zażółć gęślą jaźń</p>".encode("iso-8859-2"))
    assert read_document(path, "a.html", "own").text == "Zażółć gęślą jaźń"


def test_a_bracketed_mark_without_its_note_goes_and_so_does_a_footer():
    page = (
        f"<body><h1>Kilns</h1><p>{PROSE}<a href='#n2' title='note'>[2]</a> It was hot.</p><p>{PROSE} {PROSE} {PROSE}</p>"
        "<p><small>This page has been viewed 31 times. <a href='p.cgi'>Printable version</a></small></p></body>"
    )
    read = read_page(page).text
    assert f"{PROSE} It was hot." in read
    assert "31 times" not in read


def test_a_table_that_is_typed_in_columns_is_no_poem():
    log = "tide    hour    feet\nhigh    04:10   11.2\nlow     10:31    0.9"
    poem = "The tide comes in,\n   it has no name,\nthe tide goes out."
    assert kinds(f"<article><p>{PROSE}</p><pre>{log}</pre><pre>{poem}</pre></article>")[1:] == [("table", log), ("verse", poem)]


def test_lines_of_a_poem_in_spans_are_one_stanza():
    stanza = "<p class='stanza'>" + "<br>".join(f"<span class='line'>line {n}</span>" for n in range(4)) + "</p>"
    typed = "<div class='stanza' style='white-space: pre-wrap'>We had a boat.\nIt had a hole.\nWe had a hole.</div>"
    assert [text for kind, text in kinds(f"<article><p>{PROSE}</p>{typed}{stanza}</article>") if kind == "verse"] == [
        "We had a boat.\nIt had a hole.\nWe had a hole.",
        "line 0\nline 1\nline 2\nline 3",
    ]


def test_a_note_below_the_post_belongs_to_it():
    note = f"<section class='note'><h2>A note</h2><p>{PROSE} {PROSE} {PROSE}</p></section>"
    about = "<div class='who'><p>Ada keeps a mill and has written two books about it.</p></div>"
    page = f"<main><article><h1>Pears</h1><p>{PROSE}</p></article>{note}{about}</main>"
    assert [text for _, text in kinds(page)] == ["# Pears", PROSE, "## A note", f"{PROSE} {PROSE} {PROSE}"]


def test_an_indented_division_is_a_quote_and_one_with_a_list_is_not():
    page = f"<article><p>{PROSE}</p><p>{PROSE}</p><div style='margin-left: 3em'><p>{PROSE}</p></div>{{}}<p>{PROSE}</p></article>"
    assert [kind for kind, _ in kinds(page.format(""))] == ["prose", "prose", "quotation", "prose"]
    assert "quotation" not in [
        kind for kind, _ in kinds(page.replace("<div style='margin-left: 3em'><p>", "<div style='margin-left: 3em'><ul><li>"))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "12 May 2019 · 4 min read",
        "by Ada Mill on May 12, 2019",
        "2019-05-12 | Notes",
        "12 mai 2019 · 4 min de lecture",
        "2019年5月12日",
    ],
)
def test_a_line_with_the_date_is_no_prose_and_a_sentence_with_one_is(line):
    body = f"<p>{PROSE}</p>" * 5
    assert line not in read_page(f"<article><h1>Pears</h1><p>{line}</p>{body}</article>").text
    said = "It was planted on 12 May 2019 - by me."
    assert said in read_page(f"<article><h1>Pears</h1><p>{said}</p>{body}</article>").text


def test_words_that_word_has_a_comment_on_stay_and_the_comment_goes():
    said = (
        "<p class=MsoNormal>I keep <a style='mso-comment-reference:BP_1;mso-comment-date:20200101T1000'>it on the sill</a>"
        "<span class=MsoCommentReference><a class=msocomanchor href='#_msocom_1' name='_msoanchor_1'>[BP1]</a>"
        "<span style='mso-special-character:comment'>&nbsp;</span></span>, with a fern in it.</p>"
    )
    assert kinds(f"<body><div class=WordSection1>{said}<p>{PROSE}</p></div></body>")[0] == (
        "prose",
        "I keep it on the sill, with a fern in it.",
    )


def test_google_docs_has_its_title_and_its_quotes_in_classes():
    page = (
        "<html><head><style>.c1{margin-left:36pt}.c2{color:#000}</style></head><body class='c9 doc-content'>"
        f"<p class='c2 title'><span>The goat</span></p><p class='c2'>{PROSE * 4}</p><p class='c1'>{PROSE}</p><h1>After</h1><p>{PROSE}</p></body></html>"
    )
    assert read_page(page).title == "The goat"
    assert [kind for kind, _ in kinds(page)] == ["heading", "prose", "quotation", "heading", "prose"]


def test_a_poem_typed_with_blanks_keeps_them():
    poem = "<div class='poem' style='white-space: pre-wrap'>A rope,\n     a man,\n  a bell.</div>"
    assert kinds(f"<article><p>{PROSE}</p>{poem}</article>")[1] == ("verse", "A rope,\n     a man,\n  a bell.")
    collapsed = poem.replace("pre-wrap", "pre-line")
    assert kinds(f"<article><p>{PROSE}</p>{collapsed}</article>")[1] == ("verse", "A rope,\na man,\na bell.")


def test_lines_within_a_post_that_are_about_the_site_go():
    others = "<p><b>Related:</b> <a href='/x'>The pike and the policeman</a></p>"
    page = f"<article><h1>Eels</h1><p>by Ada Mill</p><p>{PROSE}</p>{others}<p>{PROSE}<sup>[<a href='#n'>a</a>]</sup></p><p>{PROSE}</p><p>{PROSE}</p></article>"
    assert [text for _, text in kinds(page)] == ["# Eels", *[PROSE] * 4]


def test_the_word_for_an_author_within_a_paragraph_stays():
    page = f"<article><h1>Pears</h1><div class='meta'>12 May, Ada</div><p>As <span class='author'>Bob</span> says: {PROSE}</p><p class='date'>May</p></article>"
    assert kinds(page)[1:] == [("prose", f"As Bob says: {PROSE}")]


def test_a_heading_whose_words_are_its_id_is_not_what_they_name():
    page = (
        f"<article><h1>Code</h1><p>{PROSE}</p><h2 id='how-i-share-it'>How I share it</h2><p>{PROSE}</p>"
        f"<section id='comments-and-names' class='level2'><h2>Comments and names</h2><p>{PROSE}</p></section>"
        "<section id='share-this' class='buttons'><h2>Share this</h2><p>Here and there.</p></section></article>"
    )
    assert [text for kind, text in kinds(page) if kind == "heading"] == ["# Code", "## How I share it", "## Comments and names"]
    assert "Here and there" not in read_page(page).text


def test_comments_and_related_posts_go_where_only_their_headings_show_them():
    post = f"<div class='a1'><h1>Pears</h1><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p></div>"
    box = "<div class='a4'><div>Like it?</div><input placeholder='you@example.com'><button>Go</button></div>"
    others = (
        "<div class='a2'><h4>Das könnte dich auch interessieren</h4><p>Plums, and why they are blue.</p></div>"
        "<div class='a3'><h4>2 Gedanken zu „Pears“</h4><p><b>Bo</b> sagt:</p><p>I had one, too, and it fell.</p></div>"
    )
    assert [text for _, text in kinds(f"<body>{post}{box}{others}</body>")] == ["# Pears", PROSE, PROSE, PROSE]
    own = f"<article><h1>Code</h1><p>{PROSE}</p><p>{PROSE}</p><h2>Comments</h2><p>{PROSE}</p><h2>Thoughts on pears</h2><p>{PROSE}</p></article>"
    assert [text for kind, text in kinds(own) if kind == "heading"] == ["# Code", "## Comments", "## Thoughts on pears"]


def test_a_sites_question_whether_a_person_is_there_is_refused(tmp_path):
    asked = "<title>Just a moment...</title><body><p>Checking if the site connection is secure</p><script>window._cf_chl_opt={}</script>"
    (tmp_path / "a.html").write_text(f"<html><head>{asked}</body></html>", encoding="utf-8")
    with pytest.raises(Unreadable, match="question whether a person is there"):
        read_document(tmp_path / "a.html", "a.html", "own")
    real = f"<title>Pears</title><body><article>{f'<p>{PROSE}</p>' * 9}</article><script src='/cdn-cgi/challenge-platform/x.js'></script>"
    (tmp_path / "b.html").write_text(f"<html><head>{real}</body></html>", encoding="utf-8")
    assert PROSE in read_document(tmp_path / "b.html", "b.html", "own").text


def test_what_is_one_click_away_stays_and_what_is_hidden_goes():
    page = (
        "<article><p>On Linux it lies open, and anybody may read it there.</p><div role=tabpanel hidden>"
        "<p>On Windows it is locked.</p></div><p hidden>Draft.</p></article>"
    )
    assert "On Windows it is locked." in read_page(page).text and "Draft." not in read_page(page).text


def test_all_of_an_editors_comment_goes():
    page = (
        "<body><p>The mill stood still<sup><a href=#cmnt1 id=cmnt_ref1>[a]</a></sup> that year, and nobody asked why.</p>"
        "<div class=c1><p><a href=#cmnt_ref1 id=cmnt1>[a]</a>Which year?</p><p>_Assigned to Ada_</p></div></body>"
    )
    assert read_page(page).text == "The mill stood still that year, and nobody asked why."
