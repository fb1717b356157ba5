"""What a recipe asks about documents, without a ledger."""

from collections.abc import Mapping, Sequence

from curate.generate.requests import Asking, requests_about
from curate.generate.voice_samples import VoiceSamples
from curate.llm.request import Request
from curate.model import Document, Passage
from likeness.recipe.schema import Recipe


def requests_for(
    recipe: Recipe, documents: Sequence[Document], passages: Mapping[str, Sequence[Passage]], samples: VoiceSamples
) -> list[Request]:
    """Every request about the documents, in order."""
    asking = Asking(recipe, samples)
    return [request for document in documents for request, _ in requests_about(asking, document, passages[document.path])]
