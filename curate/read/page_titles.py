"""Find the title of a page, of each post, and the subtitles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from curate.read.furniture import hyphened_names
from curate.read.markup import HEADINGS, SUBTITLE, Element, Omitted, is_element, one_line, plain
from curate.read.page_posts import is_article, kept_elements

_TITLE = re.compile(r"(?:^|[\s-])(?:entry-title|post-title|article-title|p-name|headline|mso-title)(?:$|\s)")

TITLE_STYLES = {"title", "title-western"}


def name_of_page(page: Element) -> str:
    """The title in the head of a page."""
    for meta in page.iter("meta"):
        if meta.get("property") == "og:title" and (meta.get("content") or "").strip():
            return " ".join(str(meta.get("content")).split())
    title = page.find(".//title")
    return " ".join("".join(title.itertext()).split()) if title is not None else ""


def _titles(element: Element, omitted: Omitted) -> Iterator[tuple[Element, str]]:
    for each in kept_elements(element, omitted):
        if (
            each.tag in HEADINGS
            or each.get("itemprop") == "headline"
            or (each.get("class") and _TITLE.search(hyphened_names(each)))
            or _is_title(each)
        ):
            yield each, one_line(each, omitted, 400)


def _is_title(element: Element) -> bool:
    """Whether it is a paragraph in the style for titles of Google Docs and other word processors."""
    return element.tag == "p" and not TITLE_STYLES.isdisjoint((element.get("class") or "").lower().split())


def title_in(post: Element, named: str, omitted: Omitted) -> str:
    """The heading in the post that is part of the page's title, else its first heading of level 1.

    Args:
        post: the element that holds the post.
        named: the title in the head of the page.
        omitted: elements that are not text.
    """
    first = within = ""
    for each, words in _titles(post, omitted):
        if words and plain(words) and plain(named).startswith(plain(words)):
            return words
        if (each.tag == "h1" or _is_title(each)) and not first:
            first = words
        if words and plain(words) and plain(words) in plain(named) and not within:
            within = words
    return within or first


def head_of(post: Element, omitted: Omitted, named: str) -> list[Element]:
    """The title above a post, outside its element, and the subtitles.

    Args:
        post: the element that holds the post.
        omitted: elements that are not text.
        named: the title in the head of the page.
    """
    title = _title_before(post, omitted, named)
    return [] if title is None else [title, *_subtitles(title, post, omitted)]


def _title_before(post: Element, omitted: Omitted, named: str) -> Element | None:
    """The heading above a post, outside its element; None if the post has a title of its own."""
    name = plain(named)
    for each, words in _titles(post, omitted):
        if each.tag == "h1" or (plain(words) and plain(words) == name):
            return None
    above = {post, *post.iterancestors()}
    for ancestor in post.iterancestors():
        before: list[tuple[Element, str]] = []
        for child in ancestor:
            if child in above:
                break
            if is_element(child) and child not in omitted:
                before += _titles(child, omitted)
        before = [(each, words) for each, words in reversed(before) if plain(words) and not _is_site_name(each)]
        for each, words in before:
            if plain(words) in name:
                return each
        if ancestor.tag in ("article", "main") or is_article(ancestor):
            for each, _ in before:
                if each.tag in ("h1", "h2") or _TITLE.search(hyphened_names(each)):
                    return each
    return None


def _is_site_name(heading: Element) -> bool:
    parent = heading.getparent()
    names = f"{hyphened_names(heading)} {hyphened_names(parent) if parent is not None else ''}"
    return bool(re.search(r"site|blog|logo|brand", names)) and not re.search(r"post|entry|article", names)


def _subtitles(title: Element, post: Element, omitted: Omitted) -> Iterator[Element]:
    above = {post, *post.iterancestors()}
    parent = title.getparent()
    beside: Iterable[Any] = title.itersiblings()
    around: Iterable[Any] = parent.itersiblings() if parent is not None and parent not in above else ()
    for each in (*beside, *around):
        if each in above:
            return
        if is_element(each) and each not in omitted and each.get("class") and SUBTITLE.search(hyphened_names(each)):
            yield each
