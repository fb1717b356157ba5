"""The kinds of pairs. Each is one file beside this one: what it is and what is answered, in its front matter, and the prompt.

A kind whose responses people wrote before (mail, chats, ready pairs) has no prompt and cannot be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
SUFFIX = ".md.j2"


@dataclass(frozen=True, slots=True)
class PairKind:
    """All that a kind is, besides its prompt."""

    name: str
    about: str
    """One sentence for people."""
    words: tuple[int, int] = (0, 0)
    """Fewest and most words of a response, where the recipe does not say. Concise pairs make concise models."""
    wrote: Literal["generator", "author", "person", "unknown"] = "generator"
    """Who wrote the response: the generator; the author, in a document; a person, in a conversation; or nobody knows."""
    per: Literal["any", "passage"] = "any"
    """Whether it can be asked for by document too."""
    answer: tuple[Literal["instruction", "response", "quote"], ...] = ("instruction", "response", "quote")
    """What the generator's answer holds of each pair; without `response` the material itself is the response."""
    exchanges: int = 1
    """Where it is more, the answer holds dialogues of so many pairs each."""
    in_contrast_set: bool = False
    """Whether it is part of a contrast set, and is asked for with `contrast` in place of a kind."""
    shows_passage: bool = False
    """Whether the passage is in the pair's prompt."""
    asks: Literal["anything", "facts", "opinion"] = "anything"
    """What its questions are after: two answers to a question after facts cannot differ."""
    admits_ignorance: bool = False
    """Whether the response says that something is not known; of such rows a dataset takes few."""
    kept_before: int = 0
    """Of pairs that say the same, one of a kind with more is kept before one of a kind with less."""
    kept_because: str = ""
    """Why, for people; where `kept_before` is above 0."""
    controls: Literal["voice", "journaling", "decision", "facts"] = "voice"
    """What its questions test when they are proposed as controlled questions."""

    @property
    def is_generated(self) -> bool:
        """Whether it can be asked for in a recipe."""
        return self.wrote in ("generator", "author") and not self.in_contrast_set

    @property
    def response_is_material(self) -> bool:
        """Whether only the instruction is asked for, to a response that is there."""
        return "response" not in self.answer


def split_front_matter(text: str) -> tuple[str, str]:
    """The YAML between two `---` lines at the top of a text, and what follows it."""
    _, front, prompt = text.split("---\n", 2)
    return front, prompt


def _load() -> dict[str, PairKind]:
    from ruamel.yaml import YAML

    kinds = {}
    for path in sorted(FOLDER.glob(f"*{SUFFIX}")):
        name = path.name.removesuffix(SUFFIX)
        said = YAML(typ="safe", pure=True).load(split_front_matter(path.read_text(encoding="utf-8"))[0])
        fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
        kinds[name] = PairKind(name, **fields)
    return kinds


KINDS = _load()
"""By name."""
