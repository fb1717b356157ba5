"""Read what blogs export and offer: feeds (RSS, Atom), WordPress' WXR, archives of Blogger and Ghost. Comments are left out."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from lxml import etree

from curate.read.markup import Element, Part, parse, put_in
from curate.read.reading import Reading, Unreadable
from curate.read.web import fragment_parts

CONTENT = "http://purl.org/rss/1.0/modules/content/"
MACHINERY = re.compile(
    r"attachment|nav_menu_item|revision|custom\w*|oembed_cache|user_request|feedback|(?:wp|jp|acf|elementor)[_-].*"
)
"""WordPress' types of what is in its database beside posts and pages."""
GONE = {"trash", "auto-draft", "inherit"}
SHORTCODE = re.compile(r"\[/?(?:caption|gallery|embed|audio|video|playlist|contact-form|vc_|et_pb_|su_)[^\[\]\n]{0,500}\]")
"""What WordPress replaces when it shows a post."""
BLOCK = re.compile(
    r"\s*</?(?:p|div|h[1-6]|ul|ol|li|blockquote|pre|table|figure|hr|section|dl|form|iframe|script|style)\b", re.IGNORECASE
)
TEASER = re.compile(r"(?:\[(?:…|\.\.\.|&#8230;|&hellip;)\]|\b(?:Read more|Continue reading)[^<]{0,40})\s*(?:</\w+>\s*)*\Z")


FOOT = re.compile(
    r"<div class=.blogger-post-footer.*\Z"
    r"|<p>(?:(?!</p>).){0,2000}(?:appeared first on|erschien zuerst auf|est apparu en premier sur|se publicó primero en"
    r"|apareció primero en|apareceu primeiro em|proviene da|verscheen eerst op) <a(?:(?!</p>).){0,2000}</p>\s*\Z"
    r"|<p>\s*<a [^<>]*>[^<>]{1,40}</a>\s*</p>\s*\Z",
    re.DOTALL | re.IGNORECASE,
)
"""What a blog's software puts below each post: where it was first, and a link of a few words back to it."""


def read_blog(path: Path) -> Reading:
    """The posts and pages of a feed or of a blog's export, each below its title, in the file's order.

    Raises:
        Unreadable: it is other XML, is damaged, or has no post.
    """
    reading, teasers = Reading(path.stem), 0
    try:
        walk = etree.iterparse(
            path, tag=("{*}item", "{*}entry"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
        )
        for _, entry in walk:
            content = _content(entry).rstrip()
            while (cut := FOOT.sub("", content).rstrip()) != content:
                content = cut
            if TEASER.search(content):
                teasers += 1
            elif content:
                parts = fragment_parts(parse(content), names=True)
                title = " ".join(html.unescape(_text(entry, "title")).split())
                if any(part.kind for part in parts):
                    put_in(reading, [Part("heading", f"# {title}" if title else "", level=1), *parts])
            entry.clear()
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"cannot be read as XML ({str(error)[:160]}); export or fetch it again") from None
    kind = etree.QName(walk.root).localname.lower() if walk.root is not None else ""
    if kind not in ("rss", "feed", "rdf"):
        raise Unreadable("is XML, and neither a feed nor the export of a blog (WordPress, Blogger)")
    if teasers and not reading.text:
        raise Unreadable("is a feed of first lines only; export the blog, or save its pages")
    if teasers:
        reading.note(f"{teasers} {'post is' if teasers == 1 else 'posts are'} in it by the first lines alone and left out")
    return reading


MOVABLE_TYPE = re.compile(
    r"\ufeff?(?:(?:AUTHOR|TITLE|BASENAME|STATUS|DATE|ALLOW COMMENTS|CONVERT BREAKS|CATEGORY|PRIMARY CATEGORY): ?.*\n){3}"
)
"""How the text begins that Movable Type, TypePad, Hatena and other blogs in Japan export."""
ENTRY, SECTION = re.compile(r"^-{8}[ \t]*$", re.MULTILINE), re.compile(r"^-{5}[ \t]*$", re.MULTILINE)


def is_movable_type(text: str) -> bool:
    """Whether a text is a blog in Movable Type's form."""
    return MOVABLE_TYPE.match(text.replace("\r\n", "\n") if "\r" in text[:200] else text) is not None


def read_movable_type(text: str) -> Reading:
    """The posts of a blog in Movable Type's form, drafts too, each below its title. Comments and trackbacks are left out."""
    reading = Reading()
    for entry in ENTRY.split(text.replace("\r\n", "\n").removeprefix("\ufeff")):
        about, *sections = SECTION.split(entry.strip("\n"))
        named = [re.fullmatch(r"\n?(EXTENDED BODY|BODY):[ \t]*\n(.*)", section, re.DOTALL) for section in sections]
        parts = [part for body in named if body for part in fragment_parts(parse(_in_paragraphs(body[2])), names=True)]
        if any(part.kind for part in parts):
            title = re.search(r"^TITLE: *(.*)$", about, re.MULTILINE)
            words = " ".join(html.unescape(title[1]).split()) if title else ""
            put_in(reading, [Part("heading", f"# {words}" if words else "", level=1), *parts])
    return reading


def posts_of_ghost(whole: Any) -> list[dict[str, Any]]:
    """The posts and pages in what Ghost exports as JSON; none where it is other JSON."""
    database = whole.get("db") if isinstance(whole, dict) else None
    data = database[0].get("data") if isinstance(database, list) and database and isinstance(database[0], dict) else None
    posts = data.get("posts") if isinstance(data, dict) else None
    return [post for post in posts if isinstance(post, dict)] if isinstance(posts, list) else []


def read_ghost(posts: list[dict[str, Any]]) -> Reading:
    """Posts, drafts too, each below its title.

    Raises:
        Unreadable: none has its text as HTML.
    """
    reading = Reading()
    for post in posts:
        parts = fragment_parts(parse(str(post.get("html") or "")), names=True)
        if any(part.kind for part in parts):
            title = " ".join(str(post.get("title") or "").split())
            put_in(reading, [Part("heading", f"# {title}" if title else "", level=1), *parts])
    if not reading.text:
        raise Unreadable("is an export of Ghost without a post's text; export it again with a newer Ghost")
    return reading


def _content(entry: Element) -> str:
    """The HTML of a post or page; nothing of what is neither, or is deleted."""
    kind = _text(entry, "post_type")
    if (kind and MACHINERY.fullmatch(kind)) or _text(entry, "status") in GONE or _text(entry, "trashed") == "true":
        return ""
    if _text(entry, "type") == "COMMENT" or _child(entry, "in-reply-to") is not None or not _is_post(entry):
        return ""
    for child in entry:
        if isinstance(child.tag, str) and child.tag == f"{{{CONTENT}}}encoded":
            text = SHORTCODE.sub("", child.text or "")
            return _in_paragraphs(text) if kind else text
    for name in ("content", "description", "summary"):
        if (child := _child(entry, name)) is None:
            continue
        if child.get("type") == "xhtml":
            return "".join(etree.tostring(each, encoding="unicode", with_tail=False) for each in child)
        text = child.text or ""
        return html.escape(text) if child.get("type") == "text" and "<" not in text else text
    return ""


def _is_post(entry: Element) -> bool:
    """Blogger's older archive has its template, settings and comments as entries of other kinds."""
    kinds = [each.get("term") or "" for each in entry if (each.get("scheme") or "").endswith("#kind")]
    return not kinds or any(kind.endswith(("#post", "#page")) for kind in kinds)


def _in_paragraphs(text: str) -> str:
    """What WordPress' older editor keeps without marks: blank lines part paragraphs, and line ends stay."""
    if re.search(r"<p[\s>]", text):
        return text
    made = []
    for piece in re.split(r"(<pre\b.*?</pre>)", text, flags=re.DOTALL | re.IGNORECASE):
        if BLOCK.match(piece) and piece.lstrip()[:4].lower() == "<pre":
            made.append(piece)
            continue
        for part in re.split(r"\n[ \t\r]*\n", piece):
            made.append(part if not part.strip() or BLOCK.match(part) else f"<p>{part.strip().replace(chr(10), '<br>')}</p>")
    return "\n".join(made)


def _child(entry: Element, name: str) -> Element | None:
    return next((each for each in entry if isinstance(each.tag, str) and etree.QName(each).localname == name), None)


def _text(entry: Element, name: str) -> str:
    child = _child(entry, name)
    return (child.text or "").strip() if child is not None else ""
