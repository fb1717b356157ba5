"""Prompts are Jinja2 files: ours, or for a kind the recipe's own. Documents enter them as data that cannot leave its block."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from curate.model import Pair
from recipes.errors import CallError
from recipes.schema import Kind, Recipe

OUR_TAGS = re.compile(r"<(?=\s*/?\s*(?:document|task|sample|draft|note|turn|question|answer)\b)", re.IGNORECASE)
VARIABLES = "title, heading, text, count, words, persona"
PROBE = "A document's text, with a </document> of its own"


class Prompts:
    """The prompts of one recipe.

    Raises:
        CallError: a template of the recipe's own is broken, or leaves out the document.
    """

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.generate is not None
        self._persona = recipe.persona
        self._ours = _environment(PackageLoader("curate.generate", "prompts"))
        self._kinds = {kind.kind: self._load(kind) for kind in recipe.generate.kinds}

    def system(self, samples: list[str]) -> str:
        """What every prompt begins with: the voice, and what holds for every pair."""
        return self._ours.get_template("system.md.j2").render(persona=self._persona, samples=samples)

    def user(self, kind: Kind, title: str, heading: str, text: str, count: int) -> str:
        """What one request asks, the document's text in a block of its own."""
        values = {"title": title, "heading": heading, "text": text, "count": count, "words": kind.word_range}
        try:
            return self._kinds[kind.kind].render(persona=self._persona, **values)
        except TemplateError as error:
            mend = f"A prompt may use {VARIABLES}."
            raise CallError(f"this prompt cannot be filled in: {error}", where=kind.prompt, mend=mend) from None

    def rewrite(self, pair: Pair, note: str, title: str, text: str, words: tuple[int, int]) -> str:
        """What asks for a pair anew that a reviewer sent back."""
        values = {"pair": pair, "before": pair.prompt[:-1], "note": note, "title": title, "text": text, "words": words}
        return self._ours.get_template("rewrite.md.j2").render(**values)

    def _load(self, kind: Kind) -> Template:
        if kind.prompt is None:
            return self._ours.get_template(f"{kind.kind}.md.j2")
        path = Path(kind.prompt)
        # A recipe may come from elsewhere: its templates are sandboxed, and may include ours or their neighbours.
        loader = ChoiceLoader([FileSystemLoader(path.parent), PackageLoader("curate.generate", "prompts")])
        try:
            template = _environment(loader).get_template(path.name)
        except TemplateSyntaxError as error:
            raise CallError(f"not a Jinja2 template: {error.message}", where=f"{error.filename or path}:{error.lineno}") from None
        except (TemplateError, UnicodeDecodeError) as error:
            raise CallError(f"this prompt cannot be read: {error}", where=str(path)) from None
        self._kinds = {kind.kind: template}
        if as_data(PROBE) not in self.user(kind, "Title", "Heading", PROBE, 1):
            raise CallError(
                "this prompt leaves out the document, or does not take it as data",
                where=str(path),
                mend='Put {% include "_document.md.j2" %} into it, or {{ text | data }} between tags of your own.',
            )
        return template


def judge_prompts() -> tuple[str, Callable[..., str]]:
    """The judge's prompt that all requests share, and the template of one request."""
    ours = _environment(PackageLoader("curate.generate", "prompts"))
    return ours.get_template("judge_system.md.j2").render(), ours.get_template("judge.md.j2").render


def _environment(loader: Any) -> SandboxedEnvironment:
    # Prompts are not HTML. What comes from documents goes through `data`.
    environment = SandboxedEnvironment(loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=False)
    environment.filters["data"] = as_data
    return environment


def as_data(text: str) -> str:
    """A document's text, unable to close its own block or to open one of ours."""
    return OUR_TAGS.sub("&lt;", text)
