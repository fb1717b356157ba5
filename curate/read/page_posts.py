"""Find the elements of a web page that hold the post, or its posts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from lxml import etree

from curate.read.furniture import hyphened_names
from curate.read.markup import BLOCKS, HEADINGS, Element, Omitted, is_element, one_line, raw_text
from curate.read.page_foot import FOOT

POST = re.compile(
    r"(?:entry|post|article|story|blog|single|td-post|gh|theme-post|blogpost|news|c-entry)-(?:content|body|text|entry)"
    r"(?:-(?:inner|text|full))?|e-content|post-full-content|available-content|postarticle-content|js-post-content|storycontent|"
    r"articlebody|postbody|postcontent|entrytext|mw-parser-output|markdown-body|meteredcontent|kg-canvas|content-body|w-richtext|"
    r"sqs-html-content|notion-page-content|doc-content"
)
"""Names that themes give to the element that holds the post."""
_BY_NAME = {
    "ads", "byline", "contents", "cookies", "navigation", "popup", "related_posts", "share", "sidebar", "site", "subscribe",
}  # fmt: skip
"""Reasons that are based on the name of an element."""
FEWEST_WORDS_OF_A_POST = 20
HOLDERS = {"article", "body", "center", "div", "main", "section", "td"}
"""Elements that may hold a whole post."""
LEAST_BESIDE = 300
"""Characters of a block below a marked post that make it a part of it; the words about an author are mostly fewer."""
LEAST_ADDED = 60
"""Characters of a block beside the post that make it a part of it."""
SHARE_OF_A_LONE_POST = 0.75
TEASER_WORDS = 80
MOST_TO_LOCATE = 2_000_000
"""A larger page is not given to trafilatura, whose time grows faster than the page."""


def find_posts(page: Element, omitted: Omitted, text: str) -> tuple[list[Element], bool]:
    """The elements that hold the post, or the posts of a page; and whether the page's markup marks them as posts.

    Args:
        page: the tree.
        omitted: its elements that are not text.
        text: the page as it is in the file, for trafilatura.
    """
    words: dict[Element, int] = {}

    def count(element: Element) -> int:
        if element not in words:
            words[element] = len(raw_text(element, omitted).split())
        return words[element]

    body = page.find("body") if page.tag == "html" and page.find("body") is not None else page
    kept = [
        each
        for each in kept_elements(body, omitted)
        if each.tag in BLOCKS and each.tag not in ("p", "body") and each.tag not in HEADINGS
    ]
    everything = count(body)
    for says in (_is_article_body, says_post, is_article, _is_main):
        found = _without_teasers(_outermost([each for each in kept if says(each)]), count)
        total = sum(map(count, found))
        if found and total and (total >= FEWEST_WORDS_OF_A_POST or total * 2 >= everything):
            return found, says is not _is_main
    return [_located(body, omitted, text, everything)], False


def _is_article_body(element: Element) -> bool:
    return "articlebody" in (element.get("itemprop") or "").lower()


def says_post(element: Element) -> bool:
    """Whether an element is named as what holds the post."""
    names = element.get("class") or element.get("id")
    return bool(names) and any(POST.fullmatch(name) for name in hyphened_names(element).split())


def is_article(element: Element) -> bool:
    """Whether an element is marked as an article."""
    kind = element.get("itemtype") or ""
    return (
        element.tag == "article"
        or "Article" in kind
        or "BlogPosting" in kind
        or "h-entry" in (element.get("class") or "").split()
    )


def _is_main(element: Element) -> bool:
    return bool(element.tag == "main" or element.get("role") == "main")


def loses_much(posts: list[Element], omitted: Omitted) -> bool:
    """Whether an element that is left out only because of its name is as long as everything that is kept."""
    kept = sum(len(raw_text(post, omitted)) for post in posts)
    named = [each for each, reason in omitted.items() if reason in _BY_NAME and each.tag in BLOCKS]
    return any(len(raw_text(each, {}, 2 * kept + 1000)) > max(kept, 600) for each in named)


def rescue(omitted: Omitted, text: str) -> bool:
    """Keep elements that were left out because of their names if trafilatura takes them for the text; return whether any were."""
    lines = _lines_of_trafilatura(text)
    found = False
    for element, reason in list(omitted.items()):
        if reason in _BY_NAME and element.tag in BLOCKS:
            said = [" ".join(line.split())[:60] for line in raw_text(element, {}).splitlines()]
            if sum(len(line) == 60 and line in lines for line in said) >= 3:
                del omitted[element]
                found = True
    return found


@lru_cache(maxsize=2)
def _lines_of_trafilatura(text: str) -> frozenset[str]:
    """The beginnings of the paragraphs that trafilatura takes for the text of a page."""
    if len(text) > MOST_TO_LOCATE:
        return frozenset()
    import trafilatura

    found = trafilatura.extract(text, favor_recall=True, include_comments=False) or ""
    return frozenset(" ".join(line.split())[:60] for line in found.splitlines() if len(line) > 40)


def kept_elements(body: Element, omitted: Omitted) -> Iterator[Element]:
    """The elements that are not left out, in order."""
    walk = etree.iterwalk(body, events=("start",))
    for _, element in walk:
        if element in omitted:
            walk.skip_subtree()
        else:
            yield element


def _outermost(elements: list[Element]) -> list[Element]:
    inside = set(elements)
    return [each for each in elements if not any(above in inside for above in each.iterancestors())]


def _without_teasers(posts: list[Element], count: Callable[[Element], int]) -> list[Element]:
    """Keep only the longest post if it has nearly all the text: the others then are teasers for other pages."""
    if len(posts) < 2 or len({_article_around(post) for post in posts}) == 1:
        return posts
    longest = max(posts, key=count)
    if any(each is not longest and _is_whole(each, count(each)) for each in posts):
        return posts
    total = sum(map(count, posts))
    if count(longest) >= SHARE_OF_A_LONE_POST * total or (
        count(longest) >= 3 * TEASER_WORDS and all(count(each) < TEASER_WORDS for each in posts if each is not longest)
    ):
        return [longest]
    return posts


def _is_whole(post: Element, words: int) -> bool:
    """Whether a short post is no teaser: it links to no other page, and it is a poem or a few sentences."""
    has_lines = post.find(".//br") is not None or post.find(".//pre") is not None
    return post.find(".//a[@href]") is None and (has_lines or words >= FEWEST_WORDS_OF_A_POST)


def _article_around(post: Element) -> Element | None:
    """The article that contains a post; the post itself if there is none."""
    return next((each for each in post.iterancestors() if is_article(each)), post)


def _located(body: Element, omitted: Omitted, text: str, everything: int) -> Element:
    """The smallest element with all the text that trafilatura finds; the body, if that element has less than half its words."""
    if everything < 3 * FEWEST_WORDS_OF_A_POST:
        return body
    lines = _lines_of_trafilatura(text)
    holders = [
        each
        for each in kept_elements(body, omitted)
        if each.tag in BLOCKS and lines and " ".join(raw_text(each, omitted, 200).split())[:60] in lines
    ]
    if not holders:
        return body
    common = [holders[0], *holders[0].iterancestors()]
    for holder in holders[1:]:
        above = {holder, *holder.iterancestors()}
        common = [each for each in common if each in above]
    chosen = next((each for each in common if each.tag in HOLDERS), body)
    if len(raw_text(chosen, omitted).split()) * 2 < everything:
        return body
    while (parent := chosen.getparent()) is not None and chosen is not body and _adds_text(parent, chosen, omitted):
        chosen = parent
    return chosen


def _adds_text(parent: Element, chosen: Element, omitted: Omitted) -> bool:
    """Whether there is text around an element that is neither links nor short lines: a poem beside the prose, for example."""
    return any(each is not chosen and _has_text(each, omitted, LEAST_ADDED) for each in parent)


def _has_text(element: Element, omitted: Omitted, least: int) -> bool:
    """Whether a block has so many characters, few of them in links, and is no footer of a page."""
    if not is_element(element) or element in omitted or element.tag not in BLOCKS or element.tag in HEADINGS:
        return False
    size = len(one_line(element, omitted, 20_000))
    linked = sum(len(one_line(link, omitted, 2_000)) for link in element.iter("a"))
    return size >= least and linked * 3 < size and not FOOT.search(one_line(element, omitted, 2_000))


def beside(post: Element, omitted: Omitted) -> list[Element]:
    """What is below the only post in its `main` and is text, too: a note to a poem, for example."""
    main = next((each for each in post.iterancestors() if _is_main(each)), None)
    found: list[Element] = []
    while main is not None and post is not main:
        found += [each for each in post.itersiblings() if _has_text(each, omitted, LEAST_BESIDE)]
        post = post.getparent()
    return found
