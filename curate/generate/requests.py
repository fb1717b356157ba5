"""What a recipe asks of the generator: each passage and kind becomes a request whose key is its content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from curate.generate.stretches import PARAGRAPH, own_stretches
from curate.model import Document, Passage, content_hash
from curate.read.passages import count_tokens
from recipes.schema import Kind, Recipe

LONGEST_MATERIAL = 6000
"""Tokens of a document that one request carries; a longer document is taken in stretches of whole passages."""

VOICE_SAMPLES = 3


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
    """Pairs asked for."""
    words: tuple[int, int]
    system: str
    user: str
    schema: dict[str, Any]

    @property
    def longest_answer(self) -> int:
        """Room for the answer in tokens: its words, its JSON, and thinking before it."""
        return min(20_000, 6_000 + 3 * self.count * (self.words[1] + 80))


def requests_for(
    recipe: Recipe, documents: Sequence[Document], passages: dict[str, list[Passage]], samples: Sequence[str]
) -> Iterator[Request]:
    """Every request of a recipe, document by document.

    Args:
        recipe: with a `generate` section.
        documents: what was read.
        passages: by document path.
        samples: the author's own prose, shown to the generator.
    """
    assert recipe.generate is not None
    system = _template("system").render(persona=recipe.persona, samples=samples)
    for document in documents:
        for kind in recipe.generate.kinds:
            for passage, start, material, count in _materials(kind, document, passages[document.path]):
                yield Request(
                    kind=kind.kind,
                    document=document.path,
                    passage=passage,
                    start=start,
                    material=material,
                    count=count,
                    words=kind.word_range,
                    system=system,
                    user=_template(kind.kind).render(title=document.title, text=material, count=count, words=kind.word_range),
                    schema=answer_schema(kind.kind),
                )


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
    fields = ["instruction"] if kind == "own_words" else ["instruction", "response", "quote"]
    pair = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in fields},
        "required": fields,
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"pairs": {"type": "array", "items": pair}},
        "required": ["pairs"],
        "additionalProperties": False,
    }


@lru_cache
def _template(name: str) -> Any:
    environment = Environment(
        loader=PackageLoader("curate.generate", "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - prompts are not HTML; documents go through `data`
    )
    environment.filters["data"] = as_data
    return environment.get_template(f"{name}.md.j2")


def as_data(text: str) -> str:
    """A document's text, unable to close its own block or to open one of ours."""
    return re.sub(r"<(?=\s*/?\s*(?:document|task|sample)\b)", "&lt;", text, flags=re.IGNORECASE)
