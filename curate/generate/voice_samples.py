"""The author's prose that prompts show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curate.generate.own_words import choose_voice_samples
from curate.ledger.ledger import Ledger
from curate.model import Document, VoiceSample
from likeness.recipe.schema import Recipe


@dataclass(frozen=True, slots=True)
class VoiceSamples:
    """Paragraphs that show how the author writes."""

    chosen: Sequence[VoiceSample] = ()
    """Those in prompts."""
    fixed: bool = False
    """Whether the recipe says them: then another choice makes other requests."""
    earlier: Sequence[Sequence[str]] = ()
    """What prompts have shown before, the newest first: older ledgers know requests by it."""

    @property
    def shown(self) -> list[str]:
        """The texts in prompts."""
        return [sample.text for sample in self.chosen]


def voice_samples(recipe: Recipe, ledger: Ledger, documents: Mapping[str, Document]) -> VoiceSamples:
    """The author's prose that prompts show: what the recipe fixes, or an earlier choice while its documents are there.

    Args:
        recipe: may fix the choice.
        ledger: remembers what was chosen before.
        documents: what to choose from, by path.
    """
    if recipe.persona.samples:
        return VoiceSamples([VoiceSample("", text) for text in recipe.persona.samples], fixed=True)
    chosen = ledger.voice_samples()
    if chosen is None or not all(sample.document in documents for sample in chosen):
        chosen = choose_voice_samples(documents)
        ledger.add_voice_samples(chosen)
    return VoiceSamples(chosen, earlier=ledger.all_voice_samples())
