"""The report's pictures: SVG that is in the page, read in colour, in black and white, and by a screen reader.

They are drawn 400 units wide, so that their letters are still letters on a phone; a label is above its bar, where there is
room for it. Ours are filled bars, what they are held against is an outline or a line: colour is never all that tells them apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from markupsafe import Markup

from curate.report.coverage import Part
from curate.report.figures import Term
from curate.report.shape import AuthorShape, KindShape
from likeness.metrics.text import count_of

WIDTH = 400
INK, SOFT, LINE, MARK, PALE = "#1d2329", "#5b656f", "#d9dee3", "#0b6e4f", "#ffffff"
FILLS = {"none": PALE, "few": "#d3e8de", "enough": "#8cc3ab", "many": MARK}
"""How well a passage is covered: light to dark, so that paper without colour tells the same."""

LONGEST_LABEL = 52


class Picture:
    """An SVG picture with a title and a description, to be filled from top to bottom."""

    def __init__(self, height: float, title: str, description: str) -> None:
        names = "-".join(re.findall(r"\w+", title.lower()))
        self.root = Xml.Element(
            "svg",
            {"viewBox": f"0 0 {WIDTH} {height:g}", "role": "img", "aria-labelledby": f"{names}-title {names}-text"},
        )
        Xml.SubElement(self.root, "title", {"id": f"{names}-title"}).text = title
        Xml.SubElement(self.root, "desc", {"id": f"{names}-text"}).text = description

    def text(self, x: float, y: float, said: str, *, anchor: str = "start", fill: str = SOFT) -> None:
        """A line of text whose baseline is at `y`.

        Args:
            x: horizontal place.
            y: vertical place.
            said: the text.
            anchor: where the text begins: start, middle or end.
            fill: its colour.
        """
        self._add("text", x=x, y=y, text_anchor=anchor, fill=fill).text = said

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = MARK, stroke: str = "none", dash: str = ""
    ) -> Xml.Element:
        """A rectangle.

        Args:
            x: horizontal place.
            y: vertical place.
            width: width.
            height: height.
            fill: its colour.
            stroke: colour of its outline.
            dash: pattern of a dashed outline.
        """
        return self._add(
            "rect", x=x, y=y, width=max(0.0, width), height=height, fill=fill, stroke=stroke, stroke_dasharray=dash or "none"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, stroke: str = LINE, width: float = 1, dash: str = "") -> None:
        """A straight line.

        Args:
            x1: where it begins, across.
            y1: where it begins, down.
            x2: where it ends, across.
            y2: where it ends, down.
            stroke: colour of its outline.
            width: width.
            dash: pattern of a dashed outline.
        """
        self._add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, stroke_dasharray=dash or "none")

    def _add(self, tag: str, **attributes: Any) -> Xml.Element:
        said = {name.replace("_", "-"): value if isinstance(value, str) else f"{value:.5g}" for name, value in attributes.items()}
        return Xml.SubElement(self.root, tag, said)

    def drawn(self) -> Markup:
        """For the page. All text in it is escaped."""
        return Markup(Xml.tostring(self.root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


def short(label: str, longest: int = LONGEST_LABEL) -> str:
    """A label that fits; of a path the end is kept, which tells more."""
    return label if len(label) <= longest else "…" + label[1 - longest :]


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> Markup:
    """A bar for each row of (label, value, value as it is shown)."""
    most = max((value for _, value, _ in rows), default=0) or 1
    description = "; ".join(f"{label}: {lines}" for label, _, lines in rows)
    picture = Picture(36 * len(rows) + 2, title, description)
    for number, (label, value, lines) in enumerate(rows):
        top = 36 * number
        picture.text(0, top + 13, short(label, 34), fill=INK)
        picture.text(WIDTH, top + 13, lines, anchor="end")
        picture.box(0, top + 18, WIDTH, 10, fill=PALE, stroke=LINE)
        picture.box(0, top + 18, WIDTH * value / most, 10)
    return picture.drawn()


def paired_bars(title: str, ours: str, theirs: str, rows: Sequence[tuple[str, float, float]]) -> Markup:
    """For each row of (label, our share, the share it is held against) a filled bar over an outlined one.

    Shares are in [0, 1]; `ours` and `theirs` say what they are.

    Args:
        title: the document's title.
        ours: what the filled bars are.
        theirs: what the outlined bars are.
        rows: the rows.
    """
    most = max((max(mine, other) for _, mine, other in rows), default=0) or 1
    description = "; ".join(f"{label}: {ours} {_share(mine)}, {theirs} {_share(other)}" for label, mine, other in rows)
    picture = Picture(24 + 44 * len(rows), title, description)
    picture.box(0, 3, 20, 9)
    picture.text(26, 12, ours)
    picture.box(WIDTH / 2, 3.5, 20, 8, fill=PALE, stroke=INK)
    picture.text(WIDTH / 2 + 26, 12, theirs)
    for number, (label, mine, other) in enumerate(rows):
        top = 24 + 44 * number
        picture.text(0, top + 13, short(label, 34), fill=INK)
        picture.text(WIDTH, top + 13, f"{_share(mine)}, {_share(other)}", anchor="end")
        picture.box(0, top + 18, WIDTH * mine / most, 8)
        picture.box(0.5, top + 27.5, (WIDTH - 1) * other / most, 7, fill=PALE, stroke=INK)
    return picture.drawn()


def term_bars(terms: Sequence[Term], title: str) -> Markup:
    """The dataset's commonest terms beside the author's use of them.

    Args:
        terms: those to show.
        title: the picture's.
    """
    rows = [(term.term, term.share, term.source_share) for term in terms]
    return paired_bars(title, "of the answers", "of windows of yours", rows)


def mix_bars(mix: Sequence[Mapping[str, Any]]) -> Markup:
    """Each kind's share of what was asked and of what came of it."""
    rows = [(row["kind"], row["share_kept"], row["share_asked"]) for row in mix]
    return paired_bars("The mix of kinds: got and asked", "of the pairs got", "of the pairs asked", rows)


def lengths(kinds: Sequence[KindShape], author: AuthorShape | None) -> Markup:
    """Words of the responses by kind, and of the author's paragraphs and documents, on one logarithmic axis.

    A bar reaches from the 5 % to the 95 % quantile, its thick part from 25 % to 75 %; the tick is the median. The bracket
    beneath is what the recipe asks for.
    """
    rows: list[tuple[str, Sequence[int], tuple[int, int] | None, bool]] = [
        (kind.kind, kind.words, kind.asked, True) for kind in kinds
    ]
    if author:
        rows += [
            ("your paragraphs", author.paragraph_words, None, False),
            ("your documents", author.document_words, None, False),
        ]
    ends = [value for _, words, asked, _ in rows for value in (*words, *(asked or ())) if value > 0]
    low, high = math.log10(max(1, min(ends, default=1))), math.log10(max(ends, default=10))
    lines = [f"{name}: median {words[2]} words, nine in ten between {words[0]} and {words[4]}" for name, words, _, _ in rows]
    picture = Picture(44 * len(rows) + 24, "Words of the answers, beside your own", "; ".join(lines))

    def at(words: float) -> float:
        return 4 + (WIDTH - 8) * (math.log10(max(1, words)) - low) / ((high - low) or 1)

    bottom = 44 * len(rows) + 6
    for tick in _ticks(low, high):
        picture.line(at(tick), 0, at(tick), bottom)
        picture.text(min(max(at(tick), 10), WIDTH - 14), bottom + 14, f"{tick:,}", anchor="middle")
    for number, (name, words, asked, ours) in enumerate(rows):
        top = 44 * number
        fill = MARK if ours else PALE
        picture.text(0, top + 13, name, fill=INK)
        picture.text(WIDTH, top + 13, f"{words[0]:,} · {words[2]:,} · {words[4]:,}", anchor="end")
        picture.line(at(words[0]), top + 24, at(words[4]), top + 24, stroke=MARK if ours else INK, width=2)
        picture.box(at(words[1]), top + 19, max(2.0, at(words[3]) - at(words[1])), 10, fill=fill, stroke=MARK if ours else INK)
        picture.line(at(words[2]), top + 17, at(words[2]), top + 31, stroke=INK, width=2)
        if asked:
            for x in map(at, asked):
                picture.line(x, top + 32, x, top + 37, stroke=INK)
            picture.line(at(asked[0]), top + 37, at(asked[1]), top + 37, stroke=INK, dash="3 2")
    return picture.drawn()


def _ticks(low: float, high: float) -> Iterable[int]:
    """1, 3, 10, 30, 100 … between two powers of ten."""
    ticks = (step * 10**power for power in range(7) for step in (1, 3))
    return [tick for tick in ticks if 10**low <= tick <= 10**high]


def voice_tenths(tenths: Sequence[int]) -> Markup:
    """How many responses are in each tenth of the author's own spread; the line is where all of them would lie alike."""
    total, most = sum(tenths), max([*tenths, sum(tenths) / 10]) or 1
    lines = "; ".join(f"{10 * i} to {10 * i + 10} %: {n} answers" for i, n in enumerate(tenths))
    picture = Picture(166, "Where the answers are in your own spread", lines)
    step, base, high = WIDTH / 10, 114, 110
    for i, n in enumerate(tenths):
        picture.box(i * step + 4, base - high * n / most, step - 8, high * n / most)
        picture.text((i + 0.5) * step, base + 15, str(n), anchor="middle", fill=INK)
    picture.line(0, base, WIDTH, base, stroke=INK)
    level = base - high * total / 10 / most
    picture.line(0, level, WIDTH, level, stroke=INK, dash="5 4")
    picture.text(0, base + 32, "nearest to your style")
    picture.text(WIDTH, base + 32, "farthest from it", anchor="end")
    picture.text(WIDTH / 2, base + 48, "dashed: as you yourself would lie", anchor="middle")
    return picture.drawn()


def coverage_map(passages: Mapping[str, Sequence[Part]]) -> Markup:
    """A strip for each document, a box for each passage, as wide as its words, as dark as it has pairs, with their number."""
    most = max((sum(part.words for part in parts) for parts in passages.values()), default=1)
    lines = [f"{path}: {', '.join(str(part.pairs) for part in parts)} pairs" for path, parts in passages.items()]
    picture = Picture(46 * len(passages) + 24, "Pairs by passage", "; ".join(lines))
    x = 0.0
    for amount, label in (("none", "no pair"), ("few", "few"), ("enough", "enough"), ("many", "many")):
        _passage(picture, x, 2, 18, amount)
        picture.text(x + 24, 15, label)
        x += 100
    for number, (path, parts) in enumerate(passages.items()):
        top = 28 + 46 * number
        picture.text(0, top + 10, short(path), fill=INK)
        x = 0.0
        for part in parts:
            width = WIDTH * part.words / (most or 1)
            box = _passage(picture, x, top + 15, width, part.amount)
            Xml.SubElement(box, "title").text = f"{part.name}: {count_of(part.pairs, 'pair')}, {part.words} words"
            if width >= 18:
                ink = PALE if part.amount == "many" else INK
                picture.text(x + width / 2, top + 29, str(part.pairs), anchor="middle", fill=ink)
            x += width
    return picture.drawn()


def _passage(picture: Picture, x: float, y: float, width: float, amount: str) -> Xml.Element:
    none = amount == "none"
    return picture.box(
        x + 0.5, y, width - 1, 19, fill=FILLS[amount], stroke=INK if none else FILLS["many"], dash="3 2" if none else ""
    )


def _share(share: float) -> str:
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"
