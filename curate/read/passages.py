"""Cut documents into passages: at headings first, then between blocks, then between sentences."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import semchunk

from curate.model import Block, BlockKind, Document, Passage
from curate.read.dialects import code_spans
from likeness.metrics.text import HAN_AND_KANA, SOUTH_EAST_ASIAN

HEADING_MARK = re.compile(r"#{1,6} ")
HANGUL = "\uac00-\ud7a3"
TOKEN = re.compile(
    rf"[{HAN_AND_KANA}]|[{SOUTH_EAST_ASIAN}]{{1,2}}|[{HANGUL}]{{1,2}}|[^\W{HAN_AND_KANA}{SOUTH_EAST_ASIAN}{HANGUL}]+|[^\w\s]"
)
FEWEST_TOKENS = 40
"""A shorter section (a heading alone, a dedication) says too little to ask about and is joined to its neighbour."""
MOST_WHOLE = 6000
"""Most tokens of a code block or a table that stays whole although it is longer than a passage should be."""
LONGEST_SENTENCE = 2
"""Longest sentence or list item, as a multiple of the longest passage. A longer one has no punctuation, so it is cut."""
ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•]|\(?(?:\d{1,4}|[A-Za-z]|[ivx]{1,5})[.)])[ \t]")

CLOSING = "\"'”’»)\\]*_」』）】》〉"
SENTENCE_ENDS = re.compile(
    rf"(?<![.!?…؟।॥۔])[.!?…؟।॥۔]+[{CLOSING}]*(?=\s)|[。！？｡]+[{CLOSING}]*(?!\s*\Z)|(?<=[{SOUTH_EAST_ASIAN}\u0e30-\u0e4e])(?= )"
)
ABBREVIATED = re.compile(
    r"(?:\b(?:[A-Za-zÀ-ÖØ-öø-ÿА-я]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|cf|No|Nr|Vol|vol|pp|Fig|fig|ca|bzw|Mme|Mlle|Hr|Fr|Str|Capt|Col|Gen|Lt|Rev"
    r"|Hon|Inc|Ltd|Co|approx|ed|eds|al|Abs|Kap|Bd|usw|etc|т|г|стр|p\.ej|Sra?|Srta|Ing)|\b\d{1,2})\.\Z"
)


def count_tokens(text: str) -> int:
    """The number of words and punctuation marks; a Chinese or Japanese character counts as one, two Thai or Korean ones as one.

    A sub-word tokenizer makes about 1.1 to 1.4 times as many tokens of plain English.
    """
    return len(TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part that is not cut: a block, a list item, or a sentence of a long paragraph."""

    start: int
    end: int
    tokens: int
    level: int = 0
    """The level of a heading, 1 to 6; 0 otherwise."""
    leads: bool = False
    """Whether the next piece belongs to it: it is a heading, or a line that introduces a list or a block."""


def cut(document: Document, max_tokens: int) -> list[Passage]:
    """The passages of a document, in order, with exact offsets: `passage.text == document.text[start:end]`.

    Sections that fit into a passage stay whole, and short neighbouring sections are joined while they fit. Code blocks, tables,
    list items and sentences are not cut, unless they are far too long; one that is longer than a passage becomes a passage by
    itself. A heading stays with the text below it.
    """
    blocks = blocks_of(document)
    pieces = list(_pieces(document.text, blocks, max_tokens))
    headings = [block for block in blocks if block.kind == "heading"]
    passages = []
    for run in _runs(pieces, max_tokens):
        start, end = run[0].start, run[-1].end
        said = "".join(document.text[piece.start : piece.end] for piece in run if not piece.level)
        if re.search(r"\w", said):
            at = bisect.bisect_right(headings, start, key=lambda block: block.start)
            above = document.text[headings[at - 1].start : headings[at - 1].end] if at else ""
            heading = HEADING_MARK.sub("", above, count=1)
            passages.append(Passage(document.path, start, end, document.text[start:end], heading))
    return passages


def blocks_of(document: Document) -> Sequence[Block]:
    """The blocks of a document. If they are not known, headings are found by their marks, and other blocks by blank lines."""
    if document.blocks:
        return document.blocks
    found = []
    for match in re.finditer(r"^#{1,6} .+$|(?:^(?!#{1,6} ).*\S.*(?:\n|\Z))+", document.text, re.MULTILINE):
        kind: BlockKind = "heading" if HEADING_MARK.match(match[0]) else "list" if match[0].startswith("- ") else "prose"
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        found.append(Block(kind, start, match.start() + len(match[0].rstrip())))
    return found


def _pieces(text: str, blocks: Sequence[Block], max_tokens: int) -> Iterator[_Piece]:
    """The pieces of a document, none of which is cut further."""
    held: _Piece | None = None
    in_item = False
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        for piece in _pieces_of(text, block, max_tokens):
            belongs = block.kind in ("code", "output") or _is_indented(text, piece)
            if held and in_item and belongs and held.tokens + piece.tokens <= MOST_WHOLE:
                held = replace(held, end=piece.end, tokens=held.tokens + piece.tokens)
                continue
            if held:
                yield held
            held = piece
            in_item = block.kind == "list"
        if held and following and not held.level and text[held.start : held.end].rstrip().endswith((":", "：")):
            held = replace(held, leads=True)
    if held:
        yield held


def _is_indented(text: str, piece: _Piece) -> bool:
    """Whether a piece is indented, so that it belongs to the list item before it."""
    return text[piece.start] in " \t" and (piece.start == 0 or text[piece.start - 1] == "\n")


def _pieces_of(text: str, block: Block, max_tokens: int) -> Iterator[_Piece]:
    tokens = count_tokens(text[block.start : block.end])
    whole = _Piece(block.start, block.end, tokens)
    match block.kind:
        case "heading":
            level = text[block.start : block.end].find(" ") if HEADING_MARK.match(text, block.start) else 2
            yield replace(whole, level=level, leads=True)
        case "code" | "output" | "table":
            yield from [whole] if tokens <= MOST_WHOLE else _of_lines(text, block.start, block.end, max_tokens)
        case "list":
            for start, end in _items(text, block):
                tokens = count_tokens(text[start:end])
                if tokens <= LONGEST_SENTENCE * max_tokens:
                    yield _Piece(start, end, tokens)
                else:
                    yield from _of_sentences(text, start, end, max_tokens)
        case "verse":
            yield from [whole] if tokens <= max_tokens else _of_lines(text, block.start, block.end, max_tokens // 2)
        case _:
            yield from [whole] if tokens <= max_tokens else _of_sentences(text, block.start, block.end, max_tokens)


def _items(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The items of a list, each with the items nested in it."""
    lines = [(match.start() + block.start, match[0]) for match in re.finditer(r".+", text[block.start : block.end])]
    found = [(start, ITEM.match(line)) for start, line in lines]
    least = min((len(item["indent"]) for _, item in found if item), default=0)
    starts = [start for start, item in found if item and len(item["indent"]) == least]
    edges = sorted({block.start, *starts, block.end})
    for start, end in zip(edges, edges[1:], strict=False):
        yield start, start + len(text[start:end].rstrip())


def _of_lines(text: str, start: int, end: int, tokens: int) -> Iterator[_Piece]:
    """Chunks of as many lines as fit. Stanzas and functions stay together if they are short enough."""
    _, offsets = semchunk.chunk(text[start:end], max(tokens, 1), count_tokens, offsets=True)
    for a, b in offsets:
        yield from _trimmed(text, start + a, start + b)


def _of_sentences(text: str, start: int, end: int, max_tokens: int) -> Iterator[_Piece]:
    for a, b in sentences(text[start:end]):
        piece = _Piece(start + a, start + b, count_tokens(text[start + a : start + b]))
        if piece.tokens <= LONGEST_SENTENCE * max_tokens:
            yield piece
        else:
            yield from _of_lines(text, piece.start, piece.end, max_tokens)


def _trimmed(text: str, start: int, end: int) -> Iterator[_Piece]:
    part = text[start:end]
    begin, finish = start + len(part) - len(part.lstrip("\n")), start + len(part.rstrip())
    if begin < finish:
        yield _Piece(begin, finish, count_tokens(text[begin:finish]))


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The start and end of each sentence of a text, in any script. No sentence ends within inline code or after "Mr."."""
    spans = code_spans(text)
    start = number = 0
    for found in SENTENCE_ENDS.finditer(text):
        end = found.end()
        while number < len(spans) and spans[number][1] <= found.start():
            number += 1
        if number < len(spans) and spans[number][0] <= found.start():
            continue
        if found[0][:1] == "." and ABBREVIATED.search(text, max(start, found.start() - 12), found.start() + 1):
            continue
        following = text[end : end + 40].lstrip()
        if found[0][:1] in ".…" and following[:1].islower():
            continue
        if end > start and text[start:end].strip():
            yield start + len(text[start:end]) - len(text[start:end].lstrip()), end
            start = end
    if text[start:].strip():
        yield start + len(text[start:]) - len(text[start:].lstrip()), start + len(text[start:].rstrip())


def _runs(pieces: Sequence[_Piece], max_tokens: int) -> Iterator[list[_Piece]]:
    """Lists of pieces, each of which becomes a passage."""
    for section in _joined(_sections(pieces), max_tokens):
        if sum(piece.tokens for piece in section) <= max_tokens:
            yield section
        else:
            yield from _filled(section, max_tokens)


def _sections(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """The pieces from one heading to the next. Headings without text between them begin the same section."""
    section: list[_Piece] = []
    for piece in pieces:
        if piece.level and any(not each.level for each in section):
            yield section
            section = []
        section.append(piece)
    if section:
        yield section


def _joined(sections: Iterator[list[_Piece]], max_tokens: int) -> Iterator[list[_Piece]]:
    """Join neighbouring sections if one of them is too short for a passage, or both together fit into half a passage."""
    before: list[_Piece] = []
    held: list[_Piece] = []
    size = size_before = 0
    for section in sections:
        tokens = sum(piece.tokens for piece in section)
        begins_chapter = bool(held and section[0].level and held[0].level > section[0].level)
        if held and size < FEWEST_TOKENS and begins_chapter and before and size_before + size <= max_tokens:
            before, size_before = before + held, size_before + size  # a chapter's short last section stays with the chapter
            held, size = section, tokens
        elif not held or size < FEWEST_TOKENS or size + tokens <= max_tokens // 2:
            held, size = held + section, size + tokens
        else:
            if before:
                yield before
            before, size_before = held, size
            held, size = section, tokens
    if before and held and size < FEWEST_TOKENS and size_before + size <= max_tokens:
        yield before + held
    else:
        yield from filter(None, (before, held))


def _filled(section: list[_Piece], max_tokens: int) -> Iterator[list[_Piece]]:
    """Split a section that is too long into passages, each with as many whole pieces as fit."""
    runs: list[list[_Piece]] = [[]]
    size = 0
    for piece in section:
        if runs[-1] and size + piece.tokens > max_tokens:
            carried: list[_Piece] = []
            while len(runs[-1]) > 1 and runs[-1][-1].leads:
                carried.insert(0, runs[-1].pop())
            if len(runs[-1]) == 1 and runs[-1][0].leads:  # only pieces that lead to this one
                runs[-1] += carried
            else:
                runs.append(carried)
            size = sum(each.tokens for each in runs[-1])
        runs[-1].append(piece)
        size += piece.tokens
    last = runs[-1]
    while len(runs) > 1 and sum(piece.tokens for piece in last) < FEWEST_TOKENS and len(runs[-2]) > 2 and not runs[-2][-2].leads:
        last.insert(0, runs[-2].pop())
    yield from runs
