"""What a recipe asks of the generator: each passage and kind becomes a request whose key is its content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel

from curate.generate.shapes import Answer
from curate.generate.stretches import PARAGRAPH, own_stretches
from curate.generate.templates import Prompts
from curate.model import Document, Pair, Passage, Turn, content_hash
from curate.read.passages import count_tokens
from recipes.schema import Kind, Recipe

LONGEST_MATERIAL = 6000
"""Tokens of a document that one request carries; a longer document is taken in stretches of whole passages."""

VOICE_SAMPLES = 3

EXCHANGES = 3
"""Questions and answers of a dialogue, as its prompt asks for them."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the prompt, the schema that binds the answer, and what it is about."""

    kind: str
    document: str
    passage: str | None
    start: int
    """Offset of `material` in the document."""
    material: str
    count: int
    """Pairs (or dialogues) asked for."""
    words: tuple[int, int]
    system: str
    user: str
    schema: dict[str, Any]
    before: tuple[Turn, ...] = ()
    """The conversation that the answer goes on with."""
    replaces: str | None = None
    """The pair that is to be written anew."""
    shape: type[BaseModel] = Answer
    """What its answer is read as."""

    @property
    def pairs(self) -> int:
        """Pairs that its answer is to bring."""
        return self.count * (EXCHANGES if self.kind == "dialogue" and not self.replaces else 1)

    @property
    def longest_answer(self) -> int:
        """Room for the answer in tokens: its words, its JSON, and thinking before it."""
        return min(20_000, 6_000 + 3 * self.pairs * (self.words[1] + 80))


def requests_for(
    recipe: Recipe, documents: Sequence[Document], passages: dict[str, list[Passage]], samples: Sequence[str]
) -> Iterator[Request]:
    """Every request of a recipe, document by document; what stands twice in the documents is asked about once.

    Args:
        recipe: with a `generate` section.
        documents: what was read.
        passages: by document path.
        samples: the author's own prose, shown to the generator.
    """
    assert recipe.generate is not None
    prompts = Prompts(recipe)
    system = prompts.system(list(samples))
    seen: set[tuple[str, str]] = set()
    for document in documents:
        headings = {passage.id: passage.heading for passage in passages[document.path]}
        for kind in recipe.generate.kinds:
            for passage, start, material, count in _materials(kind, document, passages[document.path]):
                heading = headings[passage] if passage else ""
                user = prompts.user(kind, document.title, heading, material, count)
                if (kind.kind, user) in seen:
                    continue
                seen.add((kind.kind, user))
                yield Request(
                    kind=kind.kind,
                    document=document.path,
                    passage=passage,
                    start=start,
                    material=material,
                    count=count,
                    words=kind.word_range,
                    system=system,
                    user=user,
                    schema=answer_schema(kind.kind),
                )


def rewrite_request(recipe: Recipe, pair: Pair, asked: Request, note: str, title: str) -> Request:
    """What asks for `pair`, which answered `asked`, to be written anew with a reviewer's note."""
    return replace(
        asked,
        count=1,
        user=Prompts(recipe).rewrite(pair, note, title, asked.material, asked.words),
        schema=answer_schema("own_words" if pair.kind == "own_words" else "question_answer"),
        before=pair.prompt[:-1],
        replaces=pair.id,
    )


def sample_of(requests: Sequence[Request], passages: dict[str, list[Passage]], count: int) -> list[Request]:
    """The requests about `count` passages, which are spread over the documents; the same ones each time."""
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
    if kind.kind == "own_words":
        assert kind.per_passage
        for passage in passages:
            for start, end in own_stretches(passage, kind.per_passage, kind.word_range):
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


def choose_voice_samples(passages: dict[str, list[Passage]]) -> list[tuple[str, str]]:
    """A paragraph from each of a few documents, (path, text): the same for the same documents."""
    chosen: list[tuple[str, str]] = []
    for path in sorted(passages, key=lambda path: content_hash("voice", path)):
        paragraphs = [
            paragraph.strip()
            for passage in passages[path]
            for paragraph in PARAGRAPH.findall(passage.text)
            if 50 <= len(paragraph.split()) <= 180 and not paragraph.lstrip().startswith("#")
        ]
        if paragraphs:
            chosen.append((path, min(paragraphs, key=lambda text: content_hash("voice", text))))
        if len(chosen) == VOICE_SAMPLES:
            break
    return chosen


def answer_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of an answer, within what schema-bound output supports (no length or count limits)."""
    text = {"type": "string"}
    pair = as_object(instruction=text) if kind == "own_words" else as_object(instruction=text, response=text, quote=text)
    if kind == "dialogue":
        return as_object(dialogues=_list(as_object(exchanges=_list(pair))))
    return as_object(pairs=_list(pair))


def as_object(**properties: Any) -> dict[str, Any]:
    """The JSON Schema of an object with all of these properties and no other."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
