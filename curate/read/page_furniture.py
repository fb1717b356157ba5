"""Find what of a web page is not its text: menus, comments, banners, and what a program hides."""

from __future__ import annotations

import re

from lxml import etree

from curate.read.furniture import BYLINES, EPUB_TYPE, EPUB_TYPES, IN_BOOKS, ROLES, TAGS, reason_in
from curate.read.markup import BLOCKS, HEADINGS, VERBATIM, Element, Omitted, one_line
from curate.read.page_notes import is_mark, omit_notes
from curate.read.page_posts import says_post

LONGEST_BYLINE = 200
LONGEST_BOX = 300
WHOLE = {"html", "body", "main", "h1"}
"""Elements that are always part of the page's text, whatever their classes are."""
_SECTION = re.compile(r"(?:^|\s)(?:level\d|section)(?:\s|$)")
"""Classes that pandoc and docutils give to a section."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_IN_BOOKS = (
    IN_BOOKS | set(EPUB_TYPES.values()) | {"controls", "deleted", "front_matter", "hidden", "index", "markup", "struck_out"}
)


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
    if names:
        _omit_boxes(page, omitted)
    omit_notes(page, omitted)
    return omitted


def _omit_boxes(page: Element, omitted: Omitted) -> None:
    """Leave out the few words around a field for a mail address, which asks readers to subscribe."""
    for field in page.iter("input"):
        said = f"{field.get('type') or ''} {field.get('name') or ''} {field.get('placeholder') or ''}"
        if ("mail" not in said.lower() and "@" not in said) or next(
            (each for each in field.iterancestors() if each in omitted), None
        ) is not None:
            continue
        box = next(field.iterancestors("div", "section", "aside"), None)
        if box is not None and len(one_line(box, {}, LONGEST_BOX)) < LONGEST_BOX:
            omitted.setdefault(box, "subscribe")


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
    if get("role") == "button" and (element.getparent() is not None and element.getparent().tag == "figure"):
        return "controls"  # a picture that can be enlarged, and the words that say so
    style = get("style") or ""
    if (get("hidden") is not None and get("role") != "tabpanel") or _HIDDEN.search(style):  # one click away
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
    if tag == "div" and (_is_docs_header(element) or get("title") in ("header", "footer")):  # Google Docs, LibreOffice
        return "page_header"
    if tag == "table" and get("class") == "properties":  # Notion
        return "properties"
    reason = reason_in(f"{get('class') or ''} {get('id') or ''}") if get("class") or get("id") else ""
    if reason and _has_id_of_heading(element):
        reason = reason_in(get("class") or "")
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
    if not BYLINES.isdisjoint(f"{get('class') or ''} {get('id') or ''}".split()) and _is_short_line(element):
        return "" if is_most else "byline"
    if tag == "aside" and "quote" not in (get("class") or "") and _is_beside(element, sizes):
        return "sidebar"
    return ""


def _has_id_of_heading(element: Element) -> bool:
    """Whether a program made an element's id of the words of its heading: `how-i-share-code` is no share button."""
    heading = element
    if element.tag not in HEADINGS:
        by_program = _SECTION.search(element.get("class") or "") is not None
        first = next(iter(element), None)
        if first is None or first.tag not in HEADINGS or not (by_program or first.find("a[@class='headerlink']") is not None):
            return False
        heading = first
    name = _slug((element.get("id") or "").removeprefix("user-content-"))
    return "-" in name and name == _slug(one_line(heading, {}, 300))


def _slug(text: str) -> str:
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-")


def _is_short_line(element: Element) -> bool:
    """Whether an element is a short block or is between blocks, and not words of a paragraph."""
    parent = element.getparent()
    apart = element.tag in BLOCKS or (parent is not None and parent.tag in ("div", "header", "footer"))
    return apart and len(one_line(element, {}, LONGEST_BYLINE)) < LONGEST_BYLINE


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
    inside = any(each.tag in ("article", "main") or says_post(each) for each in element.iterancestors())
    return not inside or size < 60 or linked * 3 > size
