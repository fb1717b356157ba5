"""Read web pages: the whole post and nothing else, with the kind of each block."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from lxml import etree

from curate.model import BlockKind
from curate.read.furniture import EPUB_TYPE, EPUB_TYPES, IN_BOOKS, ROLES, TAGS, reason_in
from curate.read.layout import mark_layout
from curate.read.markup import (
    BLOCKS,
    HEADINGS,
    SUBTITLE,
    UNSAID,
    VERBATIM,
    Element,
    Omitted,
    Part,
    Renderer,
    is_element,
    one_line,
    parse,
    put_in,
    raw_text,
    tidied,
)
from curate.read.reading import Reading

WHOLE = {"html", "body", "main", "h1"}
"""Elements that are always part of the page's text, whatever their classes are."""
POST = re.compile(
    r"(?:entry|post|article|story|blog|single|td-post|gh|theme-post|blogpost|news|c-entry)-(?:content|body|text|entry)"
    r"(?:-(?:inner|text|full))?|e-content|post-full-content|available-content|postarticle-content|js-post-content|storycontent|"
    r"articlebody|postbody|postcontent|entrytext|mw-parser-output|markdown-body|meteredcontent|kg-canvas|content-body|w-richtext|"
    r"sqs-html-content|notion-page-content|doc-content"
)
"""Names that themes give to the element that holds the post."""
_TITLE = re.compile(r"(?:^|[\s-])(?:entry-title|post-title|article-title|p-name|headline|mso-title)(?:$|\s)")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_MARK = re.compile(
    r"[\[(]?\s*(?:\d{1,4}|[¹²³⁰⁴-⁹]{1,3}|[*†‡§¶#]{1,4}|[a-z]{1,2}|[ivxlc]{1,7}|(?:fn|note)\.?\s*\d{1,4})\s*[\])]?", re.IGNORECASE
)
"""The text of a footnote mark."""
_BRACKETED = re.compile(r"\[\s?(?:\d{1,3}|[*†‡§]{1,3})\s?\]")
_FOOT = re.compile(
    r"©|\(c\)\s*(?:19|20)\d\d|copyright|all rights reserved|last (?:updated|modified|changed|revised)|webmaster|best viewed"
    r"|optimi[sz]ed for|visitors? (?:number|no\.|since)|(?:accessed|visited|viewed) [\d.,]{1,12} times|hits since"
    r"|valid (?:x?html|css)|this (?:page|site) (?:is|was) (?:hosted|maintained|created|made)|powered by|hosted (?:by|at|on)"
    r"|web ?ring|guest ?book|printer[- ]friendly|print(?:able)? version|(?:e-?)?mail me|back to (?:top|home|the (?:top|index))"
    r"|letzte (?:änderung|aktualisierung)|zuletzt (?:geändert|aktualisiert)|besucher(?: nr| seit|zähler)|druckversion"
    r"|seitenanfang|gästebuch|dernière (?:mise à jour|modification)|visiteurs? (?:depuis|n°)|version imprimable|haut de page"
    r"|livre d[’']or|última (?:actualización|modificación|atualização)|ultimo aggiornamento|visitante n|libro de visitas",
    re.IGNORECASE,
)
_IN_BOOKS = (
    IN_BOOKS | set(EPUB_TYPES.values()) | {"controls", "deleted", "front_matter", "hidden", "index", "markup", "struck_out"}
)
_BY_NAME = {
    "related_posts",
    "share",
    "subscribe",
    "navigation",
    "site",
    "sidebar",
    "byline",
    "ads",
    "popup",
    "cookies",
    "contents",
}
"""Reasons that are based on the name of an element."""
_OF_THE_TEXT = {"verse", "quotation", "code"}
"""Kinds of block that are not above the title of a page."""
_NOTE = re.compile(r"(?:- )?[\[(]?(\d{1,3}|[*†‡§]{1,3}|[¹²³⁰⁴-⁹]{1,3})[\])]?[.:]?\s*\S")
_TYPED = re.compile(
    r"(?:(?<=[\w.,;:!?”\"’')])(?:\*{1,3}|[†‡§]{1,2})|(?:(?<=[^\W\d_]{4})|(?<=[.,;:!?”\"’')]))[¹²³⁰⁴-⁹]{1,3}"
    r"|(?<=[\w.,;:!?”\"’')]) ?\[\d{1,3}\])(?=[\s.,;:)!?”’]|$)"
)
"""A mark of a note that is typed after a word."""
_SIGN = re.compile(r"[*†‡§¹²³⁰⁴-⁹]|\[\d")
"""What each such mark has. Most paragraphs have none, and are not searched further."""
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
FIRST_PARTS = 3
LONGEST_BYLINE = 14
_BYLINE = re.compile(
    r"(?:published|posted|updated|last (?:updated|modified)|written|veröffentlicht|publié|publicad[oa]"
    r"|pubblicato)\b[^.!?]{0,60}\b(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_BY = {"by", "von", "par", "por", "di", "door", "av", "af"}
_STAMP = re.compile(
    r"(?:\d{1,2}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?[^\W\d]{3,10}\.?,?\s(?:de\s)?(?:19|20)\d\d"
    r"|[^\W\d]{3,10}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s(?:19|20)\d\d|(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}"
    r"|\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d|(?:19|20)\d\d年\d{1,2}月\d{1,2}日"
    r"|\d{1,3}[\s-]?min(?:ute)?s?\.?\s(?:read|reading|lesezeit|de lec?tur[ae]|di lettura|de leitura|leestijd))",
    re.IGNORECASE,
)
"""A date with its year, or how long a text takes to read."""
_BEFORE_STAMP = re.compile(r"(?:.{0,80}[·•|/–—-])?\s*|(?:by|von|par|por|di)\s.{1,60}\s", re.IGNORECASE)
_AFTER_STAMP = re.compile(r"\s*(?:[·•|/,–—-].{0,80}|(?:by|von|par|por|di|in|en|dans)\s.{1,60})?", re.IGNORECASE)
_ABOUT_THE_PAGE = re.compile(
    r"(?:filed under|posted in|tag(?:s|ged)?\b|categor(?:y|ies)|edit this page|view (?:the )?source|permalink|back to"
    r"|older|newer|previous|next"
    r"|[←→⟵]|kategorien?|schlagw|abgelegt|étiquettes?|catégories?|categorías?|etiquetas?|categorie)(?=[\s:])[^.!?]{0,200}\Z",
    re.IGNORECASE,
)
"""A line below a post: its tags, or links to its neighbours."""
_SEE_ALSO = re.compile(
    r"(?:related|read (?:also|more|next)|also read|see also|you (?:may|might) also (?:like|enjoy)|up next|lesen sie auch"
    r"|lies auch|siehe auch|(?:à )?lire aussi|voir aussi|lee también|ver también|leggi anche|leia também|lees ook)\b.{0,40}[:：]",
    re.IGNORECASE,
)
"""A line within a post that names other posts."""
LAST_PARTS = 4
LONGEST_CALL = 45
_CALL = re.compile(
    r"\b(?:subscri|sign up|newsletter|mailing list|follow (?:me|us|along)|share (?:this|it)|comment|buy me a coffee|ko-?fi"
    r"|patreon"
    r"|support my|tip jar|rss|discuss|abonnier|teilt?\b|folgt? mir|kommentar|suscr[ií]b|s[ií]gue(?:me|nos)|comparte|comentario"
    r"|abonne"
    r"|suivez|partage|commentaire|iscriviti|seguimi|condividi|inscreva|assine|siga-me|compartilhe|subskrybuj|подпи[сш]|поделит)",
    re.IGNORECASE,
)
_CALLS = re.compile(
    r"(?:(?:please|and|also)\W+)?(?:if you (?:liked|enjoyed|found)|(?:did you )?enjoy(?:ed)? this"
    r"|(?:thanks|thank you) for reading"
    r"|share this|subscribe|follow me|sign up for|leave a comment|like this\?|discuss this|want more)\b",
    re.IGNORECASE,
)
"""How paragraphs begin that ask the readers for something."""
FEWEST_WORDS_OF_A_POST = 20
HOLDERS = {"article", "body", "center", "div", "main", "section", "td"}
"""Elements that may hold a whole post."""
LEAST_BESIDE = 300
"""Characters of a block below a marked post that make it a part of it; the words about an author are mostly fewer."""
LEAST_ADDED = 60
"""Characters of a block beside the post that make it a part of it."""
SHARE_OF_A_LONE_POST = 0.75
TEASER_WORDS = 80
LONGEST_NOTE = 4_000
MOST_TITLED = 100
"""On a page with more posts, titles are searched only around the first so many."""
MOST_TO_LOCATE = 2_000_000
"""A larger page is not given to trafilatura, whose time grows faster than the page."""


def read_page(text: str) -> Reading:
    """The post of a web page: its title, its subtitle and its text.

    Parts that are left out are recorded: menus, comments, related posts, share and subscribe lines, banners and footnotes.
    """
    page = parse(text)
    mark_layout(page)
    omitted = furniture(page)
    reading = Reading()
    named = _named(page)
    posts, marked = _posts(page, omitted, text)
    if _loses_much(posts, omitted) and _rescued(omitted, text):
        posts, marked = _posts(page, omitted, text)
    heads = {post: _head(post, omitted, named) for post in posts[:MOST_TITLED]}
    posts = [*posts, *_beside(posts[0], omitted)] if len(posts) == 1 and marked else posts
    first = heads[posts[0]][:1]
    reading.title = one_line(first[0], omitted) if first else _title_in(posts[0], named, omitted) or named
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
            parts = _titled(_without_head(_without_links_at_the_ends(parts), _plain(named)), _plain(named))
        put_in(reading, tidied(_without_calls(_without_unlinked_notes(parts))))
    return reading


def fragment_parts(text: str) -> list[Part]:
    """All text of a piece of HTML without a page around it, such as a note."""
    page = parse(text)
    renderer = Renderer(furniture(page, names=False))
    renderer.walk(page)
    return renderer.parts


# --- what is not text ---


def furniture(page: Element, *, names: bool = True, book: bool = False) -> Omitted:
    """The elements of a page that are not its text, with the reasons.

    Args:
        page: the tree.
        names: whether to judge by classes and ids, which have no meaning in mails and notes.
        book: whether it is a page of a book, which has notes and page numbers but no comments, menus and buttons.
    """
    omitted: Omitted = {}
    sizes = _sizes(page)
    whole = sizes.get(page, (0, 0))[0]
    in_code = 0
    walk = etree.iterwalk(page, events=("start", "end"))
    for event, element in walk:
        is_code = element.tag in VERBATIM or element.tag == "code"
        if event == "end":
            in_code -= is_code
            continue
        reason = _reason(element, sizes, whole, names=names, in_code=in_code > 0)
        if reason and book and element.tag not in TAGS and reason not in _IN_BOOKS:
            reason = ""
        if reason in ("navigation", "figures") and element.tag in ("div", "figure") and element.find(".//pre") is not None:
            reason = ""  # named for the button beside the code
        if reason == "footnotes" and element.tag == "a" and not is_mark(one_line(element, {}, 60)):
            reason = ""  # words of the text, with a note on them
        if reason:
            omitted[element] = reason
            walk.skip_subtree()
        in_code += is_code
    _omit_notes(page, omitted)
    return omitted


def _sizes(page: Element) -> dict[Element, tuple[int, int]]:
    """For each block, the number of its characters, and how many of them are in links."""
    sizes: dict[Element, tuple[int, int]] = {}
    stack: list[list[int]] = [[0, 0]]
    links = 0
    walk = etree.iterwalk(page, events=("start", "end", "comment"))
    for event, element in walk:
        if event == "start":
            if element.tag in ("script", "style", "template", "noscript", "svg"):
                walk.skip_subtree()
                stack.append([0, 0])
                continue
            links += element.tag == "a"
            size = len(element.text.strip()) if element.text else 0
            stack.append([size, size if links else 0])
            continue
        if event == "end":
            links -= element.tag == "a"
            size, linked = stack.pop()
            if element.tag in BLOCKS:
                sizes[element] = (size, linked)
            stack[-1][0] += size
            stack[-1][1] += linked
        if element.tail:
            size = len(element.tail.strip())
            stack[-1][0] += size
            stack[-1][1] += size if links else 0
    return sizes


def _reason(element: Element, sizes: dict[Element, tuple[int, int]], whole: int, *, names: bool, in_code: bool) -> str:
    tag, get = element.tag, element.get
    if tag in WHOLE or tag == "img":
        return ""
    if in_code:
        if tag in ("button", "style", "script"):
            return "controls"
        reason = reason_in(f"{get('class') or ''} {get('id') or ''}") if get("class") or get("id") else ""
        return "controls" if reason in ("figures", "navigation") else ""
    if tag in TAGS and not (tag == "script" and (get("type") or "").startswith("math/tex")):
        return TAGS[tag]
    if tag in ("del", "s", "strike"):
        return "struck_out"
    style = get("style") or ""
    if get("hidden") is not None or _HIDDEN.search(style):
        return "hidden"
    if get("aria-hidden") == "true" and tag != "figcaption":
        return "markup"
    if "mso-" in style:
        if found := re.search(r"mso-element\s*:\s*(footnote|endnote|comment|header|footer|toc)", style):
            return {"comment": "comments", "toc": "contents"}.get(found[1], "footnotes" if "note" in found[1] else "page_numbers")
        if re.search(r"mso-special-character\s*:\s*comment", style):
            return "comments"
    is_most = sizes.get(element, (0, 0))[0] * 2 > whole
    for role in (get("role") or "").split():
        if role in ROLES and not is_most:
            return ROLES[role]
    for name in (get("epub:type") or get(EPUB_TYPE) or "").split():
        if name in EPUB_TYPES:
            return EPUB_TYPES[name]
    if not names or tag in VERBATIM or tag == "code":
        return ""
    if tag == "a" and _is_anchor(element):
        return "navigation"
    if tag == "a" and _is_card(element):
        return "related_posts"  # a card that shows another page
    if tag == "footer" and not is_most and next(element.iterancestors("blockquote", "figure"), None) is None:
        return "site"
    if tag == "form" and not is_most:
        return "controls"
    if tag == "label" and (get("contenteditable") == "false" or get("for")):
        return "controls"
    if "Comment" in (get("itemtype") or ""):
        return "comments"
    if tag == "div" and _is_docs_header(element):
        return "page_header"
    reason = reason_in(f"{get('class') or ''} {get('id') or ''}") if get("class") or get("id") else ""
    if reason == "figures":
        return "" if tag in ("table", "figure", "div") else "controls"
    if reason == "comments":
        if tag not in BLOCKS:
            return "comments" if "msocomment" in (get("class") or "").lower() else ""
        return "" if is_most and element.find(".//h1") is not None else reason
    if tag in HEADINGS and reason not in ("byline", "share", "related_posts", "subscribe", "sidebar"):
        return ""  # named for the button in it
    if reason and not is_most:
        return reason
    if tag == "aside" and "quote" not in (get("class") or "") and _is_beside(element, sizes):
        return "sidebar"
    return ""


def _is_anchor(link: Element) -> bool:
    """Whether a link only has the address of the heading or the paragraph that it is in."""
    words = one_line(link, {}, 20)
    if (link.get("href") or "")[:1] != "#" or words not in ("#", "¶", "§", "🔗", "⚓", "∞", "link"):
        return False
    return words in ("¶", "🔗", "⚓") or next(link.iterancestors(*HEADINGS), None) is not None


def _is_card(link: Element) -> bool:
    """Whether a link holds a heading and more: it shows another page with its title and its description."""
    heading = next(link.iter(*HEADINGS), None)
    if heading is None or not (link.get("href") or "").strip("#"):
        return False
    words = one_line(link, {}, 2000)
    return len(words) > len(one_line(heading, {}, 2000)) + 3 and len(words) < 1000


def _is_docs_header(element: Element) -> bool:
    """Whether it is the header or footer of a page that Google Docs wrote: a `div` that is not a note."""
    parent = element.getparent()
    if parent is None or parent.tag != "body" or "doc-content" not in (parent.get("class") or ""):
        return False
    return not any((each.get("id") or "").startswith(("ftnt", "cmnt")) for each in element.iter("a"))


def _is_beside(element: Element, sizes: dict[Element, tuple[int, int]]) -> bool:
    """Whether an `aside` is not part of the text: it is outside the post, very short, or mostly links."""
    size, linked = sizes.get(element, (0, 0))
    inside = any(each.tag in ("article", "main") or _says_post(each) for each in element.iterancestors())
    return not inside or size < 60 or linked * 3 > size


def _omit_notes(page: Element, omitted: Omitted) -> None:
    """Leave out marks that link to a note on the same page, and the notes."""
    places: dict[Element, int] = {}
    named: dict[str, Element] = {}
    links = []
    for place, element in enumerate(page.iter(etree.Element)):
        for name in (element.get("id"), element.get("name") if element.tag == "a" else None):
            if name:
                named.setdefault(name, element)
                places[element] = place
        if element.tag == "a" and "#" in (href := element.get("href") or ""):
            places[element] = place
            links.append((element, href.partition("#")[2]))
    found: dict[str, Element | None] = {}
    for link, name in links:
        words = one_line(link, {}, 40)
        target = named.get(name)
        raised = is_raised(link)
        if not is_mark(words) and link.get("rel") != "footnote":
            continue
        if target is None:
            href = link.get("href") or ""
            if (raised and "://" not in href[:8]) or (href.startswith("#") and _BRACKETED.fullmatch(words)):
                omitted.setdefault(with_its_sup(link), "footnotes")
            continue
        if places[target] < places[link] and not raised:
            continue  # a link from a note back to its mark; it goes with the note
        if name not in found:
            found[name] = note_at(target)
        note = found[name]
        if note is None or any(above is note for above in link.iterancestors()):
            continue
        if not raised and words.isdigit() and not _begins_with(note, words) and not _links_back(note, link):
            continue  # a link to a numbered part of the text
        reason = "comments" if name.startswith(("cmnt", "_cmnt", "_msocom")) else "footnotes"
        omitted.setdefault(with_its_sup(link), reason)
        if places[target] > places[link]:
            omitted.setdefault(note, reason)
    _omit_whole_lists(omitted)


def _begins_with(note: Element, mark: str) -> bool:
    """Whether a note is in a list, which numbers it, or begins with its mark."""
    return note.tag in ("li", "dd", "dt") or re.match(rf"[\[(]?{mark}\b", one_line(note, {}, 40)) is not None


def _links_back(note: Element, link: Element) -> bool:
    names = {name for each in (link, link.getparent()) if each is not None for name in (each.get("id"), each.get("name")) if name}
    return any((each.get("href") or "").partition("#")[2] in names for each in note.iter("a"))


def _omit_whole_lists(omitted: Omitted) -> None:
    """Leave out the notes of a list that nothing links to, if most others of the list are left out."""
    notes = [each for each, reason in omitted.items() if reason == "footnotes" and each.tag in ("li", "p", "div", "dd")]
    for parent, count in Counter(each.getparent() for each in notes if each.getparent() is not None).items():
        if parent.tag in ("ol", "ul", "dl") and count * 2 >= len(parent):
            omitted.setdefault(parent, "footnotes")


def is_mark(words: str) -> bool:
    """Whether the words of a link may be the mark of a note."""
    return _MARK.fullmatch(words) is not None


def is_raised(link: Element) -> bool:
    """Whether a link is a superscript."""
    return (
        next(link.iterancestors("sup"), None) is not None
        or link.find(".//sup") is not None
        or re.search(r"vertical-align\s*:\s*super", link.get("style") or "") is not None
    )


def with_its_sup(link: Element) -> Element:
    """The `sup` that contains only this link, else the link itself."""
    parent = link.getparent()
    alone = (
        parent is not None
        and parent.tag == "sup"
        and len(parent) == 1
        and not (parent.text or "").strip()
        and not (link.tail or "").strip()
    )
    return parent if alone else link


def note_at(target: Element) -> Element | None:
    """The note to which a mark points; None if the target is a heading or a part of the text."""
    note = target
    while note.tag not in BLOCKS and note.getparent() is not None:
        note = note.getparent()
    if note.tag in ("html", "body", "main", "article") or note.tag in HEADINGS or note.find(".//h2") is not None:
        return None
    if note.tag in VERBATIM or len(raw_text(note, {}, LONGEST_NOTE)) > LONGEST_NOTE:
        return None
    parent = note.getparent()
    while parent is not None and parent.tag in ("li", "div", "dd") and len(parent) == 1 and not (parent.text or "").strip():
        note, parent = parent, parent.getparent()
    return note


# --- where the post is ---


def _posts(page: Element, omitted: Omitted, text: str) -> tuple[list[Element], bool]:
    """The elements that hold the post, or the posts of a page; and whether the page's markup marks them as posts."""
    words: dict[Element, int] = {}

    def count(element: Element) -> int:
        if element not in words:
            words[element] = len(raw_text(element, omitted).split())
        return words[element]

    body = page.find("body") if page.tag == "html" and page.find("body") is not None else page
    kept = [
        each for each in _kept(body, omitted) if each.tag in BLOCKS and each.tag not in ("p", "body") and each.tag not in HEADINGS
    ]
    everything = count(body)
    for says in (_is_article_body, _says_post, _is_article, _is_main):
        found = _without_teasers(_outermost([each for each in kept if says(each)]), count)
        total = sum(map(count, found))
        if found and total and (total >= FEWEST_WORDS_OF_A_POST or total * 2 >= everything):
            return found, says is not _is_main
    return [_located(body, omitted, text, everything)], False


def _is_article_body(element: Element) -> bool:
    return "articlebody" in (element.get("itemprop") or "").lower()


def _says_post(element: Element) -> bool:
    names = element.get("class") or element.get("id")
    return bool(names) and any(POST.fullmatch(name) for name in _hyphened(element).split())


def _is_article(element: Element) -> bool:
    kind = element.get("itemtype") or ""
    return (
        element.tag == "article"
        or "Article" in kind
        or "BlogPosting" in kind
        or "h-entry" in (element.get("class") or "").split()
    )


def _is_main(element: Element) -> bool:
    return bool(element.tag == "main" or element.get("role") == "main")


def _hyphened(element: Element) -> str:
    names = f"{element.get('class') or ''} {element.get('id') or ''}".strip()
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_:.]+|-{2,}", "-", names).lower()


def _loses_much(posts: list[Element], omitted: Omitted) -> bool:
    """Whether an element that is left out only because of its name is as long as everything that is kept."""
    kept = sum(len(raw_text(post, omitted)) for post in posts)
    named = [each for each, reason in omitted.items() if reason in _BY_NAME and each.tag in BLOCKS]
    return any(len(raw_text(each, {}, 2 * kept + 1000)) > max(kept, 600) for each in named)


def _rescued(omitted: Omitted, text: str) -> bool:
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


def _kept(body: Element, omitted: Omitted) -> Iterator[Element]:
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
    return next((each for each in post.iterancestors() if _is_article(each)), post)


def _located(body: Element, omitted: Omitted, text: str, everything: int) -> Element:
    """The smallest element with all the text that trafilatura finds; the body, if that element has less than half its words."""
    if everything < 3 * FEWEST_WORDS_OF_A_POST:
        return body
    lines = _lines_of_trafilatura(text)
    holders = [
        each
        for each in _kept(body, omitted)
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
    return size >= least and linked * 3 < size and not _FOOT.search(one_line(element, omitted, 2_000))


def _beside(post: Element, omitted: Omitted) -> list[Element]:
    """What is below the only post in its `main` and is text, too: a note to a poem, for example."""
    main = next((each for each in post.iterancestors() if _is_main(each)), None)
    found: list[Element] = []
    while main is not None and post is not main:
        found += [each for each in post.itersiblings() if _has_text(each, omitted, LEAST_BESIDE)]
        post = post.getparent()
    return found


def _without_links_at_the_ends(parts: list[Part]) -> list[Part]:
    """For a page without a marked post: leave out blocks of links and the footer at both ends, and rows of such blocks."""
    kept = [number for number, part in enumerate(parts) if part.kind]
    rows: set[int] = set()
    for three in zip(kept, kept[1:], kept[2:], strict=False):
        if all(_is_links(parts[number]) for number in three):
            rows.update(three)
    if sum(len(parts[number].text.split()) for number in kept if number not in rows) >= 50:
        parts = [Part(None, part.text, "navigation") if number in rows else part for number, part in enumerate(parts)]
    first, last = 0, len(parts)
    while first < last and (parts[first].kind is None or _is_links(parts[first])):
        first += 1
    while last > first and (parts[last - 1].kind is None or _is_links(parts[last - 1]) or _is_foot(parts[last - 1])):
        last -= 1
    if first == last:
        return parts
    ends = [*range(first), *range(last, len(parts))]
    return [
        Part(None, part.text, part.reason or "navigation")
        if number in ends or (part.kind and (_is_bar(part) or _is_column(part)))
        else part
        for number, part in enumerate(parts)
    ]


def _is_bar(part: Part) -> bool:
    """Whether a block is a row of links with separators."""
    return _is_links(part) and bool(re.search(r"\S\s*[|·•]\s*\S|\]\s*\[", part.text))


def _is_column(part: Part) -> bool:
    """Whether a block is three or more lines, and nearly all of them are links."""
    return part.kind in ("verse", "prose") and part.linked >= 0.9 and part.text.count("\n") > 1


def _without_head(parts: list[Part], named: str) -> list[Part]:
    """For a page without a marked post: leave out short lines above the heading that is the page's title."""
    in_title = [number for number, part in enumerate(parts) if part.kind == "heading" and _plain(part.text) in named]
    begins = [number for number in in_title if named.startswith(_plain(parts[number].text))]
    title = next(iter([*begins, *in_title]), 0)
    if any(part.kind and (len(part.text.split()) >= 25 or part.kind in _OF_THE_TEXT) for part in parts[:title]):
        return parts
    return [Part(None, part.text, part.reason or "page_around") if number < title else part for number, part in enumerate(parts)]


def _without_unlinked_notes(parts: list[Part]) -> list[Part]:
    """Leave out notes whose marks are not links: `3` in the text, `3. Of the upper pond.` below.

    They are at the end of the post, or two and more in a row in its second half.
    """
    marks = {
        _bare(mark)
        for part in parts
        if part.reason == "footnotes" and part.kind is None
        for mark in re.split(r"[\s,;]+", part.text[:200])
    }
    marks = {mark for mark in marks if re.fullmatch(r"\d{1,3}|[*†‡§]{1,3}", mark)}
    typed: dict[str, set[str]] = {}
    for part in parts:
        if part.kind in ("prose", "list", "quotation") and _SIGN.search(part.text):
            for mark in _TYPED.findall(part.text):
                typed.setdefault(_bare(mark), set()).add(mark)
    known = marks | set(typed)
    if not known:
        return parts
    notes = {id(part) for part in parts if _is_note(part, known)}
    at_end: list[Part] = []
    for part in reversed(parts):
        if part.kind and id(part) not in notes:
            break
        at_end += [part] if part.kind else []
    run: list[Part] = []
    gone = at_end
    for part in [*parts[len(parts) // 2 :], Part("other", "")]:
        if part.kind == "prose" and id(part) in notes:
            run.append(part)
        elif part.kind:
            gone += run if len(run) > 1 else []
            run = []
    found = {form for part in gone if (mark := _NOTE.match(part.text)) for form in typed.get(_bare(mark[1]), ())}
    left_out = {id(part) for part in gone}
    for part in parts:
        if id(part) in left_out:
            part.kind, part.reason = None, "footnotes"
        elif found and part.kind in ("prose", "list", "quotation"):
            part.text = _TYPED.sub(lambda mark: "" if mark[0] in found else mark[0], part.text)
    return parts


def _is_note(part: Part, marks: set[str]) -> bool:
    if part.kind not in ("prose", "list"):
        return False
    found = _NOTE.match(part.text)
    return part.noted in marks or (found is not None and _bare(found[1]) in marks)


def _bare(mark: str) -> str:
    """A mark without brackets; superscript digits become digits."""
    return mark.strip("[]() ").translate(_DIGITS)


def _without_calls(parts: list[Part]) -> list[Part]:
    """Leave out the byline, and short paragraphs at the end of a post about its page or that ask its readers to share it."""
    for part in parts:
        if part.kind == "prose" and part.linked >= 0.5 and _SEE_ALSO.match(part.text):
            part.kind, part.reason = None, "related_posts"
    kept = [number for number, part in enumerate(parts) if part.kind]
    for number in kept[:FIRST_PARTS] if len(kept) > LAST_PARTS else ():
        if parts[number].kind == "prose" and _is_byline(parts[number].text):
            parts[number] = Part(None, parts[number].text, "byline")
    for number in kept[-LAST_PARTS:]:
        part = parts[number]
        if len(kept) > LAST_PARTS and part.kind == "prose" and part.linked > 0 and _ABOUT_THE_PAGE.match(part.text):
            parts[number] = Part(None, part.text, "navigation")
            continue
        words = len(part.text.split())
        if part.kind != "prose" or words > LONGEST_CALL or len(kept) <= LAST_PARTS:
            continue
        if (part.linked > 0 and _CALL.search(part.text)) or (words <= LONGEST_CALL // 2 and _CALLS.match(part.text)):
            parts[number] = Part(None, part.text, "share")
    return parts


def _is_byline(text: str) -> bool:
    """Whether a line only has a date or the time to read, an author and the like."""
    words = text.split()
    if len(words) > LONGEST_BYLINE or len(text) > 200:
        return False
    if _BYLINE.match(text) or (1 < len(words) <= 5 and words[0].lower() in _BY and words[1].istitle() and text[-1:].isalpha()):
        return True
    before, *after = _STAMP.split(text)
    return (
        bool(after)
        and text[-1:] not in ".!?"
        and bool(_BEFORE_STAMP.fullmatch(before))
        and all(map(_AFTER_STAMP.fullmatch, after))
    )


def _is_links(part: Part) -> bool:
    return part.kind in ("prose", "list", "table", "verse") and part.linked >= 0.8 and len(part.text) < 600


def _is_foot(part: Part) -> bool:
    signs = len({found.lower() for found in _FOOT.findall(part.text)})
    return part.kind in ("prose", "verse", "table") and signs > 0 and len(part.text.split()) <= (40 if signs == 1 else 90)


def _titled(parts: list[Part], named: str) -> list[Part]:
    """Make a heading of the first block's first line if it is the page's title; short lines below it are the byline."""
    first = next((number for number, part in enumerate(parts) if part.kind), None)
    if (
        first is None
        or parts[first].kind not in ("prose", "verse")
        or any(part.kind == "heading" and part.level == 1 for part in parts)
    ):
        return parts
    title, *below = [line.strip() for line in parts[first].text.split("\n")]
    if not 0 < len(_plain(title)) <= 120 or _plain(title) not in named or len(below) > 2 or any(len(line) > 60 for line in below):
        return parts
    rest = [Part(None, line, "byline") for line in below]
    return [*parts[:first], Part("heading", f"# {title}", level=1), *rest, *parts[first + 1 :]]


# --- its title ---


def _named(page: Element) -> str:
    for meta in page.iter("meta"):
        if meta.get("property") == "og:title" and (meta.get("content") or "").strip():
            return " ".join(str(meta.get("content")).split())
    title = page.find(".//title")
    return " ".join("".join(title.itertext()).split()) if title is not None else ""


def _titles(element: Element, omitted: Omitted) -> Iterator[tuple[Element, str]]:
    for each in _kept(element, omitted):
        if (
            each.tag in HEADINGS
            or each.get("itemprop") == "headline"
            or (each.get("class") and _TITLE.search(_hyphened(each)))
            or _is_title(each)
        ):
            yield each, one_line(each, omitted, 400)


def _is_title(element: Element) -> bool:
    """Whether it is a paragraph in the style for titles of Google Docs and other word processors."""
    return element.tag == "p" and "title" in (element.get("class") or "").lower().split()


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()


def _title_in(post: Element, named: str, omitted: Omitted) -> str:
    """The heading in the post that is part of the page's title, else its first heading of level 1."""
    first = within = ""
    for each, words in _titles(post, omitted):
        if words and _plain(words) and _plain(named).startswith(_plain(words)):
            return words
        if (each.tag == "h1" or _is_title(each)) and not first:
            first = words
        if words and _plain(words) and _plain(words) in _plain(named) and not within:
            within = words
    return within or first


def _head(post: Element, omitted: Omitted, named: str) -> list[Element]:
    """The title above a post, outside its element, and the subtitles."""
    title = _title_before(post, omitted, named)
    return [] if title is None else [title, *_subtitles(title, post, omitted)]


def _title_before(post: Element, omitted: Omitted, named: str) -> Element | None:
    """The heading above a post, outside its element; None if the post has a title of its own."""
    name = _plain(named)
    for each, words in _titles(post, omitted):
        if each.tag == "h1" or (_plain(words) and _plain(words) == name):
            return None
    above = {post, *post.iterancestors()}
    for ancestor in post.iterancestors():
        before: list[tuple[Element, str]] = []
        for child in ancestor:
            if child in above:
                break
            if is_element(child) and child not in omitted:
                before += _titles(child, omitted)
        before = [(each, words) for each, words in reversed(before) if _plain(words) and not _is_site_name(each)]
        for each, words in before:
            if _plain(words) in name:
                return each
        if ancestor.tag in ("article", "main") or _is_article(ancestor):
            for each, _ in before:
                if each.tag in ("h1", "h2") or _TITLE.search(_hyphened(each)):
                    return each
    return None


def _is_site_name(heading: Element) -> bool:
    parent = heading.getparent()
    names = f"{_hyphened(heading)} {_hyphened(parent) if parent is not None else ''}"
    return bool(re.search(r"site|blog|logo|brand", names)) and not re.search(r"post|entry|article", names)


def _subtitles(title: Element, post: Element, omitted: Omitted) -> Iterator[Element]:
    above = {post, *post.iterancestors()}
    parent = title.getparent()
    beside: Iterable[Any] = title.itersiblings()
    around: Iterable[Any] = parent.itersiblings() if parent is not None and parent not in above else ()
    for each in (*beside, *around):
        if each in above:
            return
        if is_element(each) and each not in omitted and each.get("class") and SUBTITLE.search(_hyphened(each)):
            yield each


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
