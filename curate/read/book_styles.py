"""Find the quotes of a book that only its style sheets show: classes of paragraphs that are set in on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.read.markup import Element, one_line

STYLE_RULE = re.compile(r"([^{}]{1,400})\{([^{}]{0,2000})\}")
CLASS = re.compile(r"\.([\w-]{1,80})\Z")
DECLARATION = re.compile(r"(?:^|;)\s{0,20}(margin(?:-left|-right)?)\s{0,5}:\s{0,5}([^;]{1,100})", re.IGNORECASE)
SIZE = re.compile(r"(-?[\d.]{1,6})(em|rem|%|px|pt|in|cm)?\Z")
IN_EMS = {"em": 1.0, "rem": 1.0, "%": 0.25, "px": 1 / 16, "pt": 1 / 12, "in": 6.0, "cm": 2.4, "": 0.0}
OTHERWISE = re.compile(r"text-align\s{0,5}:\s{0,5}(?:center|right)|text-indent\s{0,5}:\s{0,5}-", re.IGNORECASE)
DOCUMENTS = {"clipping", "diary", "email", "inscription", "letter", "log", "memo", "newspaper", "sign", "telegram"}
"""Classes that publishers give to a document within the text, which mostly is another person's."""
LEAST_LEFT, LEAST_RIGHT = 1.4, 0.9
"""The least margins of a quote, in letters' heights."""
MOST_SET_IN = 0.25
"""Share of a book's text. If more of it is set in, that is how the book is set."""


def inset_classes(css: str, least_right: float = LEAST_RIGHT) -> set[str]:
    """The classes whose paragraphs a style sheet sets in on both sides, or only on the left if `least_right` is 0."""
    found = set()
    for selectors, body in STYLE_RULE.findall(re.sub(r"/\*[^*]{0,10000}\*/", "", css)):
        left, right = _margins(body)
        if left >= LEAST_LEFT and right >= least_right and not OTHERWISE.search(body):
            found |= {named[1] for each in selectors.split(",") if (named := CLASS.search(each.strip()))}
    return found


def _margins(body: str) -> tuple[float, float]:
    left = right = 0.0
    for name, value in DECLARATION.findall(body):
        sizes = [_in_ems(each) for each in value.replace("!important", "").split()]
        if not sizes:
            continue
        if name.lower() == "margin":
            right = sizes[1] if len(sizes) > 1 else sizes[0]
            left = sizes[3] if len(sizes) > 3 else right
        elif name.lower().endswith("left"):
            left = sizes[0]
        else:
            right = sizes[0]
    return left, right


def _in_ems(size: str) -> float:
    found = SIZE.match(size.lower())
    try:
        return float(found[1]) * IN_EMS[found[2] or ""] if found else 0.0
    except ValueError:
        return 0.0


def mark_quotes(roots: Iterable[Element], classes: set[str]) -> None:
    """Name the paragraphs of these classes as quotes, unless they are much of the book."""
    if not classes:
        return
    total = size = 0
    found = []
    for root in roots:
        for each in root.iter("p", "div"):
            named = classes.intersection((each.get("class") or "").split())
            length = len(one_line(each, {})) if named or each.tag == "p" else 0
            total += length if each.tag == "p" else 0
            if named:
                size += length
                found.append(each)
    if size <= MOST_SET_IN * total:
        for each in found:
            each.set("class", f"{each.get('class')} blockquote")
