"""What the readers made of each file: its passages as they would be sent, and what was left out, where and why."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from curate.generate.voice_samples import voice_samples
from curate.ledger.ledger import Ledger
from curate.model import Document, LeftOut, Pair, Passage, Stage
from curate.read.passages import blocks_of, count_tokens, cut
from curate.read.read import find_files, read_sources
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe

MOST_PAIRS = 50
"""Pairs of conversations and of ready pairs that are shown: the first of each file in turn would tell no more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A window of a document, or something that was left out at this place."""

    text: str
    kind: str = ""
    """Of what is kept: the block's kind."""
    reason: str = ""
    """Of what is left out: why."""
    characters: int = 0
    """How long it is in the file; of what is left out, only the beginning is kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """A passage with what was left out within it; or, with the number 0, what lies between passages and is not sent."""

    number: int
    start: int
    end: int
    tokens: int
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What was made of one file."""

    path: str
    title: str
    characters: int
    """In the file, once decoded."""
    kept: int
    left_out: dict[str, int]
    """Characters by reason, the most first."""
    markup: int
    """Characters that are neither: marks, tags, addresses, blanks."""
    lost_most: bool
    """Whether more was left out than kept."""
    notes: tuple[str, ...]
    parts: list[Part]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Preview:
    """What was made of all files of a recipe."""

    name: str
    files: list[FilePreview]
    pairs: list[Pair] = field(default_factory=list)
    """The first of those that come from conversations or came ready."""
    pairs_in_all: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """Turns and rows that made no pair, by reason."""
    skipped: tuple[str, ...] = ()
    """Files that could not be read and are left out, as the recipe says."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "name": self.name,
            "files": [file.as_dict() for file in self.files],
            "pairs": self.pairs_in_all,
            "left_out": self.left_out,
            "skipped": list(self.skipped),
        }


def preview(recipe_path: Path) -> Preview:
    """Read a recipe's sources as a build does, and show what came of them.

    Raises:
        CallError: the recipe or a source is wrong.
    """
    recipe = load_recipe(recipe_path)
    ledger = Ledger(BuildFolder.of(recipe).ledger)
    try:
        stage = Stage("read")
        sources = read_sources(find_files(recipe, recipe_path.absolute().parent), ledger, stage, lambda *_: None)
        files = [preview_document(document, cut(document, recipe.passages.max_tokens)) for document in sources.documents]
    finally:
        ledger.close()
    return Preview(
        recipe.name, files, sources.pairs[:MOST_PAIRS], len(sources.pairs), dict(stage.reasons), tuple(sources.skipped)
    )


def samples_of(recipe_path: Path) -> list[tuple[str, str]]:
    """The paragraphs that prompts show of the author's writing, (document, text), as a build would choose them.

    Raises:
        CallError: the recipe or a source is wrong.
    """
    recipe = load_recipe(recipe_path)
    ledger = Ledger(BuildFolder.of(recipe).ledger)
    try:
        sources = read_sources(find_files(recipe, recipe_path.absolute().parent), ledger, Stage("read"), lambda *_: None)
        return list(voice_samples(recipe, ledger, sources.documents.by_path).chosen)
    finally:
        ledger.close()


def preview_document(document: Document, passages: Sequence[Passage]) -> FilePreview:
    """What was made of one document, cut into these passages."""
    gone: Counter[str] = Counter()
    for each in document.left_out:
        gone[each.reason] += each.characters
    kept = len(document.text)
    characters = max(document.characters, kept)
    return FilePreview(
        path=document.path,
        title=document.title,
        characters=characters,
        kept=kept,
        left_out=dict(gone.most_common()),
        markup=max(0, characters - kept - gone.total()),
        lost_most=gone.total() > kept,
        notes=document.notes,
        parts=list(_parts(document, passages)),
    )


def _parts(document: Document, passages: Sequence[Passage]) -> Iterator[Part]:
    """Passages, and what lies between them, in order; what was left out is at the end of the part where it stood."""
    at = 0
    left = list(document.left_out)
    for number, passage in enumerate(passages, 1):
        before, left = _until(left, passage.start - 1)
        yield from _part(document, 0, at, passage.start, before)
        within, left = _until(left, passage.end)
        yield from _part(document, number, passage.start, passage.end, within)
        at = passage.end
    yield from _part(document, 0, at, len(document.text), left)


def _until(left: list[LeftOut], offset: int) -> tuple[list[LeftOut], list[LeftOut]]:
    count = bisect.bisect_right(left, offset, key=lambda each: each.at)
    return left[:count], left[count:]


def _part(document: Document, number: int, start: int, end: int, left: Sequence[LeftOut]) -> Iterator[Part]:
    pieces: list[Piece] = []
    edges = {edge for block in blocks_of(document) for edge in (block.start, block.end) if start < edge < end}
    cuts = sorted({start, end} | edges | {each.at for each in left if start < each.at < end})
    waiting = list(left)
    for begin, finish in zip(cuts, [*cuts[1:], end], strict=True):
        while waiting and waiting[0].at <= begin:
            pieces.append(_gone(waiting.pop(0)))
        if text := document.text[begin:finish].strip("\n"):
            pieces.append(Piece(text, _kind_at(document, begin), characters=len(text)))
    pieces += map(_gone, waiting)
    if pieces:
        yield Part(number, start, end, count_tokens(document.text[start:end]) if number else 0, pieces)


def _gone(left: LeftOut) -> Piece:
    return Piece(left.text, reason=left.reason, characters=left.characters)


def _kind_at(document: Document, offset: int) -> str:
    blocks = blocks_of(document)
    at = bisect.bisect_right(blocks, offset, key=lambda block: block.start)
    return blocks[at - 1].kind if at and offset < blocks[at - 1].end else ""
