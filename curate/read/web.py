"""Read web pages: the whole post and nothing else, with the kind of each block."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from curate.model import BlockKind
from curate.read.layout import mark_layout
from curate.read.markup import UNSAID, Element, Part, Renderer, one_line, parse, plain, put_in, tidied
from curate.read.page_ends import with_title, without_calls, without_head, without_links_at_the_ends, without_sections_of_others
from curate.read.page_foot import without_lines_about_the_page
from curate.read.page_furniture import furniture
from curate.read.page_notes import without_unlinked_notes
from curate.read.page_posts import beside, find_posts, loses_much, rescue
from curate.read.page_titles import head_of, name_of_page, title_in
from curate.read.reading import Reading

MOST_TITLED = 100
"""On a page with more posts, titles are searched only around the first so many."""


def read_page(text: str) -> Reading:
    """The post of a web page: its title, its subtitle and its text.

    Parts that are left out are recorded: menus, comments, related posts, share and subscribe lines, banners and footnotes.
    """
    page = parse(text)
    mark_layout(page)
    omitted = furniture(page)
    reading = Reading()
    named = name_of_page(page)
    posts, marked = find_posts(page, omitted, text)
    if loses_much(posts, omitted) and rescue(omitted, text):
        posts, marked = find_posts(page, omitted, text)
    heads = {post: head_of(post, omitted, named) for post in posts[:MOST_TITLED]}
    posts = [*posts, *beside(posts[0], omitted)] if len(posts) == 1 and marked else posts
    first = heads[posts[0]][:1]
    reading.title = one_line(first[0], omitted) if first else title_in(posts[0], named, omitted) or named
    for element, is_post in _in_order(page, posts, {each for head in heads.values() for each in head}):
        if not is_post:
            reason = omitted.get(element, "page_around")
            if reason not in UNSAID:
                reading.leave_out(reason, one_line(element, {}))
            continue
        for number, each in enumerate(heads.get(element, ())):
            kind: BlockKind = "prose" if number else "heading"
            reading.add(kind, ("" if number else "# ") + one_line(each, omitted))
        renderer = Renderer(omitted)
        renderer.walk(element)
        parts = renderer.parts
        if not marked:
            parts = without_lines_about_the_page(without_links_at_the_ends(parts))
            parts = with_title(without_head(parts, plain(named)), plain(named))
        parts = without_unlinked_notes(without_calls(without_sections_of_others(parts, marked=marked)))
        put_in(reading, tidied(parts))
    return reading


def fragment_parts(page: Element, *, names: bool = False) -> list[Part]:
    """All text of a parsed piece of HTML without a page around it, such as a note.

    Args:
        page: the piece.
        names: whether what the names of elements say is left out, as in a page: in a post, forms to sign up and buttons to share.
    """
    renderer = Renderer(furniture(page, names=names))
    renderer.walk(page)
    return renderer.parts


def _in_order(page: Element, posts: list[Element], said: set[Element]) -> Iterator[tuple[Element, bool]]:
    """The elements of a page in order, each with whether it is a post.

    Those that are no post are the largest elements that contain no post and no element of `said` (titles, subtitles).
    """
    chosen = set(posts)
    holders = {each for element in (*posts, *said) for each in element.iterancestors()}
    walk = etree.iterwalk(page, events=("start",))
    for _, element in walk:
        if element in holders:
            continue
        walk.skip_subtree()
        if element in chosen:
            yield element, True
        elif element not in said and element.tag not in ("head", "script", "style"):
            yield element, False
