"""What a recipe asks of the generator: each passage and kind becomes a request whose key is its content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import Any

from curate.generate.answers import Answer, answer_schema
from curate.generate.own_words import own_windows
from curate.generate.templates import Prompts
from curate.generate.voice_samples import VoiceSamples
from curate.llm.request import Request
from curate.model import Document, Pair, Passage, content_hash
from curate.read.passages import count_tokens
from likeness.kinds import KINDS
from likeness.recipe.schema import Kind, Recipe

LONGEST_MATERIAL = 6000
"""Tokens of a document that one request carries; a longer document is taken in windows of whole passages."""


@dataclass(frozen=True)
class Asking:
    """What all requests of a recipe share."""

    recipe: Recipe
    samples: VoiceSamples
    """The author's own prose, shown to the generator."""

    @cached_property
    def prompts(self) -> Prompts:
        """The recipe's; each process loads them, for templates cannot be sent."""
        return Prompts(self.recipe)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """What is asked for, by name."""
        return {kind.kind: kind for kind in self.recipe.generate.kinds} if self.recipe.generate else {}

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The answer's schema, by kind."""
        return {kind: answer_schema(KINDS[kind].answer, KINDS[kind].exchanges) for kind in self.kinds}

    @cached_property
    def system(self) -> str:
        """What every prompt begins with."""
        return self.prompts.system(self.samples.shown)

    @cached_property
    def keyed_system(self) -> str:
        """That, as far as it is part of the keys."""
        return self.prompts.system(self.samples.shown if self.samples.fixed else ())

    @cached_property
    def earlier_systems(self) -> tuple[str, ...]:
        """What it was before."""
        return tuple(self.prompts.system(earlier) for earlier in self.samples.earlier)

    def __getstate__(self) -> dict[str, Any]:
        return {"recipe": self.recipe, "samples": self.samples}


def requests_about(asking: Asking, document: Document, passages: Sequence[Passage]) -> Iterator[tuple[Request, str]]:
    """Every request about a document, and the heading that its prompt says.

    Args:
        asking: what all requests share.
        document: what is asked about.
        passages: its.

    Raises:
        CallError: a template of the recipe's own is broken.
    """
    headings = {passage.id: passage.heading for passage in passages}
    for kind in asking.kinds.values():
        for passage, start, material, count in _materials(kind, document, passages):
            heading = headings[passage] if passage else ""
            yield request_about(asking, kind, document, passage, heading, start, material, count), heading


def request_about(
    asking: Asking,
    kind: Kind,
    document: Document,
    passage: str | None,
    heading: str,
    start: int,
    material: str,
    count: int,
) -> Request:
    """One request.

    Args:
        asking: what all requests share.
        kind: what is asked for.
        document: what is asked about.
        passage: of it, where it is about one.
        heading: above it.
        start: where the material is in the document.
        material: what is shown.
        count: pairs, or dialogues.
    """
    said = KINDS[kind.kind]
    return Request(
        kind=kind.kind,
        document=document.path,
        passage=passage,
        start=start,
        material=material,
        count=count,
        words=kind.word_range,
        system=asking.system,
        user=asking.prompts.user(kind, document.title, heading, material, count),
        schema=asking.schemas[kind.kind],
        shape=Answer,
        exchanges=said.exchanges,
        writes_responses=not said.response_is_material,
        keyed_system=asking.keyed_system,
        earlier_systems=asking.earlier_systems,
    )


def rewrite_request(recipe: Recipe, pair: Pair, asked: Request, note: str, title: str) -> Request:
    """What asks for `pair`, which answered `asked`, to be rewritten with a reviewer's note.

    Args:
        recipe: the recipe.
        pair: the pair.
        asked: the request that it answered.
        note: a few words beside the bar.
        title: the document's title.
    """
    return replace(
        asked,
        count=1,
        user=Prompts(recipe).rewrite(pair, note, title, asked.material, asked.words),
        schema=answer_schema(KINDS[pair.kind].answer),
        exchanges=1,
        before=pair.prompt[:-1],
        replaces=pair.id,
    )


def sample_of(passages: Mapping[str, Sequence[Passage]], count: int) -> list[Passage]:
    """So many passages, spread over the documents; the same ones each time.

    Args:
        passages: by document path.
        count: how many.
    """
    shuffled: list[list[Passage]] = []
    for path in sorted(passages, key=lambda path: content_hash("sample", path)):
        if cut := passages[path]:
            shuffled.append(sorted(cut, key=lambda passage: content_hash("sample", passage.id)))
        if len(shuffled) == count:  # one of each is enough
            break
    return [passage for row in zip_longest(*shuffled) for passage in row if passage][:count]


def is_about(chosen: Sequence[Passage], document: str, passage: str | None, start: int, end: int) -> bool:
    """Whether a request is about one of the chosen passages.

    Args:
        chosen: the sample.
        document: the path of the request's.
        passage: the request's, where it is about one.
        start: of its material in the document.
        end: of it.
    """
    if passage:
        return any(passage == each.id for each in chosen)
    return any(document == each.document and start <= each.start < end for each in chosen)


def _materials(kind: Kind, document: Document, passages: Sequence[Passage]) -> Iterator[tuple[str | None, int, str, int]]:
    """(passage id, offset in the document, text, pairs to ask for) of each request."""
    if KINDS[kind.kind].response_is_material:
        assert kind.per_passage
        for passage in passages:
            for start, end in own_windows(document, passage, kind.per_passage, kind.word_range):
                yield passage.id, passage.start + start, passage.text[start:end], 1
    elif kind.per_passage:
        for passage in passages:
            yield passage.id, passage.start, passage.text, kind.per_passage
    else:
        assert kind.per_document
        windows = _windows(passages)
        shares = [0] * len(windows)
        for number in range(kind.per_document):  # spread over a long document
            shares[number * len(windows) // kind.per_document] += 1
        for (start, end), count in zip(windows, shares, strict=True):
            if count:
                yield None, start, document.text[start:end], count


def _windows(passages: Sequence[Passage]) -> list[tuple[int, int]]:
    """Runs of whole passages of at most LONGEST_MATERIAL tokens."""
    windows: list[tuple[int, int]] = []
    size = 0
    for passage in passages:
        tokens = count_tokens(passage.text)
        if windows and size + tokens <= LONGEST_MATERIAL:
            windows[-1] = (windows[-1][0], passage.end)
            size += tokens
        else:
            windows.append((passage.start, passage.end))
            size = tokens
    return windows
