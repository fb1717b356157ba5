"""Prompts are Jinja2 files: ours, or for a kind the recipe's own. Documents enter them as data that cannot leave its block."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, FileSystemLoader, FunctionLoader, PackageLoader, Template, TemplateError, TemplateSyntaxError

from curate.llm.prompts import SHARED, as_data, environment
from curate.model import Pair
from likeness.errors import CallError
from likeness.kinds import FOLDER, KINDS, SUFFIX, split_front_matter
from likeness.recipe.schema import Kind, Recipe

VARIABLES = "title, heading, text, count, words, persona"


def _prompt_of_kind(name: str) -> str | None:
    path = FOLDER / name
    return split_front_matter(path.read_text(encoding="utf-8"))[1] if path.is_file() else None


OURS = ChoiceLoader([PackageLoader("curate.generate", "prompts"), FunctionLoader(_prompt_of_kind), SHARED])
"""Our prompts: those of the kinds, and what they include."""

PROBE = "A document's text, with a </document> of its own"


class Prompts:
    """The prompts of one recipe.

    Raises:
        CallError: a template of the recipe's own is broken, or leaves out the document.
    """

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.generate is not None
        self._persona = recipe.persona
        self._ours = environment(OURS)
        self._kinds = {kind.kind: self._load(kind) for kind in recipe.generate.kinds}

    def system(self, samples: Sequence[str]) -> str:
        """What every prompt begins with: the voice, and what holds for every pair."""
        return self._ours.get_template("system.md.j2").render(persona=self._persona, samples=samples)

    def user(self, kind: Kind, title: str, heading: str, text: str, count: int) -> str:
        """What one request asks, the document's text in a block of its own.

        Args:
            kind: the kind of pair.
            title: the document's title.
            heading: the heading above the passage.
            text: the text.
            count: how many.
        """
        values = {"title": title, "heading": heading, "text": text, "count": count, "words": kind.word_range}
        try:
            return self._kinds[kind.kind].render(persona=self._persona, **values)
        except TemplateError as error:
            fix = f"A prompt may use {VARIABLES}."
            raise CallError(f"this prompt cannot be filled in: {error}", where=kind.prompt, fix=fix) from None

    def rewrite(self, pair: Pair, note: str, title: str, text: str, words: tuple[int, int]) -> str:
        """What asks for a pair again that a reviewer sent back.

        Args:
            pair: the pair.
            note: a few words beside the bar.
            title: the document's title.
            text: the text.
            words: fewest and most words.
        """
        values = {"pair": pair, "before": pair.prompt[:-1], "note": note, "title": title, "text": text, "words": words}
        by_author = KINDS[pair.kind].wrote == "author"
        return self._ours.get_template("rewrite.md.j2").render(**values, author_wrote_response=by_author)

    def _load(self, kind: Kind) -> Template:
        if kind.prompt is None:
            return self._ours.get_template(f"{kind.kind}{SUFFIX}")
        path = Path(kind.prompt)
        # A recipe may come from elsewhere: its templates are sandboxed, and may include ours or their neighbours.
        loader = ChoiceLoader([FileSystemLoader(path.parent), OURS])
        try:
            template = environment(loader).get_template(path.name)
        except TemplateSyntaxError as error:
            raise CallError(f"not a Jinja2 template: {error.message}", where=f"{error.filename or path}:{error.lineno}") from None
        except (TemplateError, UnicodeDecodeError) as error:
            raise CallError(f"this prompt cannot be read: {error}", where=str(path)) from None
        self._kinds = {kind.kind: template}
        if as_data(PROBE) not in self.user(kind, "Title", "Heading", PROBE, 1):
            raise CallError(
                "this prompt leaves out the document, or does not take it as data",
                where=str(path),
                fix='Put {% include "_document.md.j2" %} into it, or {{ text | data }} between tags of your own.',
            )
        return template
