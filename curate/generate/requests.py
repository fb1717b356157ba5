"""What a recipe asks of the generator: each passage and kind becomes a request whose key is its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import Any

from curate.engine.engine import Engine, Here, parts_of
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


AT_ONCE, WORTH_WORKERS = 64, 8
"""Documents whose prompts are written as one part of the step, and parts below which starting processes takes longer."""


def requests_for(
    recipe: Recipe,
    documents: Sequence[Document],
    passages: dict[str, list[Passage]],
    samples: VoiceSamples,
    engine: Engine | None = None,
) -> Iterator[Request]:
    """Every request of a recipe, document by document; what is twice in the documents is asked about once.

    Args:
        recipe: with a `generate` section.
        documents: what was read.
        passages: by document path.
        samples: the author's own prose, shown to the generator.
        engine: where prompts are written; this process where none is named.

    Raises:
        CallError: a template of the recipe's own is broken.
    """
    asking = _Asking(recipe, samples)
    prompts = asking.prompts
    system = prompts.system(samples.shown)
    keyed_system = prompts.system(samples.shown if samples.fixed else ())
    earlier_systems = tuple(prompts.system(earlier) for earlier in samples.earlier)
    seen: set[bytes] = set()
    parts = parts_of([(document, passages[document.path]) for document in documents], AT_ONCE)
    for part in (engine or Here()).map(_asked, asking, parts, worth=WORTH_WORKERS):
        for request in part:
            asked = hashlib.blake2b(f"{request.kind}\0{request.user}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
            if asked not in seen:
                seen.add(asked)
                yield replace(request, system=system, keyed_system=keyed_system, earlier_systems=earlier_systems)


@dataclass(frozen=True)
class _Asking:
    """What all parts of the step share."""

    recipe: Recipe
    samples: VoiceSamples

    @cached_property
    def prompts(self) -> Prompts:
        """The recipe's; each process loads them, for templates cannot be sent."""
        return Prompts(self.recipe)

    def __getstate__(self) -> dict[str, Any]:
        return {"recipe": self.recipe, "samples": self.samples}


def _asked(asking: _Asking, part: Sequence[tuple[Document, list[Passage]]]) -> list[Request]:
    """The requests about some documents, without what all requests begin with."""
    assert asking.recipe.generate is not None
    kinds = asking.recipe.generate.kinds
    schemas = {kind.kind: answer_schema(KINDS[kind.kind].answer, KINDS[kind.kind].exchanges) for kind in kinds}
    found = []
    for document, passages in part:
        headings = {passage.id: passage.heading for passage in passages}
        for kind in kinds:
            said = KINDS[kind.kind]
            for passage, start, material, count in _materials(kind, document, passages):
                heading = headings[passage] if passage else ""
                user = asking.prompts.user(kind, document.title, heading, material, count)
                found.append(
                    Request(
                        kind=kind.kind,
                        document=document.path,
                        passage=passage,
                        start=start,
                        material=material,
                        count=count,
                        words=kind.word_range,
                        system="",
                        user=user,
                        schema=schemas[kind.kind],
                        shape=Answer,
                        exchanges=said.exchanges,
                        writes_responses=not said.response_is_material,
                    )
                )
    return found


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


def sample_of(requests: Sequence[Request], passages: dict[str, list[Passage]], count: int) -> list[Request]:
    """The requests about `count` passages, which are spread over the documents; the same ones each time.

    Args:
        requests: what to ask.
        passages: by document path.
        count: how many.
    """
    shuffled = {
        path: sorted(passages[path], key=lambda passage: content_hash("sample", passage.id))
        for path in sorted(passages, key=lambda path: content_hash("sample", path))
    }
    in_turn = [passage for row in zip_longest(*shuffled.values()) for passage in row if passage]
    chosen = in_turn[:count]
    ids = {passage.id for passage in chosen}
    starts = {(passage.document, passage.start) for passage in chosen}

    def about_one(request: Request) -> bool:
        if request.passage:
            return request.passage in ids
        end = request.start + len(request.material)
        return any(document == request.document and request.start <= start < end for document, start in starts)

    return [request for request in requests if about_one(request)]


def _materials(kind: Kind, document: Document, passages: list[Passage]) -> Iterator[tuple[str | None, int, str, int]]:
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


def _windows(passages: list[Passage]) -> list[tuple[int, int]]:
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
