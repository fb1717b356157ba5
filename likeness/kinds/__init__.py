"""The kinds of pairs. Each is one file beside this one: what it is, in its front matter, and the prompt that asks for it.

A kind whose responses people wrote before (mail, chats, ready pairs) has no prompt and cannot be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    answer: Literal["pairs", "questions", "dialogues", "contrast"] = "pairs"
    """What the generator's answer holds; `questions`: the response is the material itself; `contrast`: it is part of a
    contrast set, and is asked for with `contrast` in place of a kind."""
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
        return self.wrote in ("generator", "author") and self.answer != "contrast"


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
        kinds[name] = PairKind(name, **said | ({"words": tuple(said["words"])} if "words" in said else {}))
    return kinds


KINDS = _load()
"""By name."""
