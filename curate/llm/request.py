"""One call to a model: the prompt, the schema that binds the answer, and what it is about."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from curate.model import Turn
from likeness.metrics.text import HAN_AND_KANA, SOUTH_EAST_ASIAN


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
    shape: type[BaseModel]
    """What its answer is read as."""
    before: tuple[Turn, ...] = ()
    """The conversation that the answer goes on with."""
    replaces: str | None = None
    """The pair that is to be rewritten."""
    exchanges: int = 1
    """Pairs that each of `count` brings."""
    about: str = ""
    """The term, where it is about one."""
    writes_responses: bool = True
    """Whether the answer holds responses, or only the questions to a response that is there."""
    keyed_system: str | None = None
    """`system` as far as it makes the request what it is: without samples that were chosen for it. None: all of it."""
    earlier_systems: tuple[str, ...] = ()
    """What `system` was with earlier samples, which were part of the key in ledgers of before 0.2."""

    @property
    def pairs(self) -> int:
        """Pairs that its answer is to bring."""
        return self.count * self.exchanges

    @property
    def size(self) -> Size:
        """What it comes to, without its texts."""
        system, user = _extent_of_shared(self.system), Extent.of(self.user)
        schema = len(json.dumps(self.schema).encode())
        return Size(self.kind, self.pairs, self.words, self.writes_responses, system, user, schema)

    @property
    def longest_answer(self) -> int:
        """See `Size.longest_answer`."""
        return _longest_answer(self.pairs, self.words)


class Extent(NamedTuple):
    """How long a text is."""

    tokens: float
    """Roughly."""
    bytes: int

    @classmethod
    def of(cls, text: str) -> Extent:
        """The extent of a text."""
        return cls(tokens_of(text), len(text.encode("utf-8", "surrogatepass")))


_extent_of_shared = lru_cache(maxsize=8)(Extent.of)


class Size(NamedTuple):
    """What a request comes to: what plans count, of which there may be a million."""

    kind: str
    pairs: int
    words: tuple[int, int]
    writes_responses: bool
    system: Extent
    user: Extent
    schema: int
    """Bytes."""

    @property
    def longest_answer(self) -> int:
        """Room for the answer in tokens: its words and its JSON, twice over, and a little thinking before it.

        A model that thinks at length is given more as soon as one of its answers shows it: see `room_for_answer`.
        """
        return _longest_answer(self.pairs, self.words)

    @property
    def tokens(self) -> tuple[float, float]:
        """Tokens in and out, roughly: for pacing and planning, never for the budget."""
        read = self.system.tokens + self.user.tokens + TOKENS_FOR_THE_SCHEMA
        words = sum(self.words) / 2 if self.writes_responses else 0
        return read, self.pairs * (words + WORDS_BESIDE) * TOKENS_PER_WORD


class Asked(Mapping[str, Request]):
    """Requests by key that are made when they are asked for: a million of them do not fit into memory.

    All of them are answered in the same shape.
    """

    @abstractmethod
    def missing(self) -> Asked:
        """Those that have neither an answer nor a reason why there will be none, as it is now."""


def _longest_answer(pairs: int, words: tuple[int, int]) -> int:
    return min(20_000, 1_000 + 3 * pairs * (words[1] + 80))


def as_object(**properties: Any) -> dict[str, Any]:
    """The JSON Schema of an object with all of these properties and no other."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def as_list(items: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a list."""
    return {"type": "array", "items": items}


def expected_tokens(request: Request) -> tuple[float, float]:
    """See `Size.tokens`."""
    return request.size.tokens


def tokens_of(text: str) -> float:
    """Tokens that a text will come to, roughly: a character of Chinese, Japanese, Korean or Thai is about one."""
    alone = 0 if text.isascii() else len(TOKEN_BY_ITSELF.findall(text))
    return (len(text) - alone) / CHARACTERS_PER_TOKEN + alone


SHORTEST_CACHED_PROMPT = 1024
"""Tokens below which the provider caches no prompt (platform.claude.com/docs/en/build-with-claude/prompt-caching)."""

CHARACTERS_PER_TOKEN = 3.8

TOKEN_BY_ITSELF = re.compile(f"[{HAN_AND_KANA}{SOUTH_EAST_ASIAN}\uac00-\ud7a3]")

TOKENS_PER_WORD = 1.4

TOKENS_FOR_THE_SCHEMA = 250

WORDS_BESIDE = 45
"""A question, a quote and their JSON."""
