"""How far a response's style is from the author's, against how far the author's own windows are from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from curate.check import Check
from curate.model import Finding, Pair
from curate.screen.settings.voice import VoiceSettings
from curate.sources import SourceTexts


def find_voice(pairs: Sequence[Pair], farther_than: float, sources: SourceTexts) -> Iterable[Finding]:
    """Generated pairs whose response is farther from the author's writing than a share of the author's own windows.

    The score is that share, in [0, 1]. Where the sources are too few to know the author by, nothing is found.

    Args:
        pairs: the pairs to look at.
        farther_than: share of the author's own text, in [0, 1], that has to be nearer.
        sources: the author's documents and passages.
    """
    voice = sources.author.voice
    written = [pair for pair in pairs if pair.wrote == "generator"]
    if voice is None or not written:
        return
    for pair, share in zip(written, voice.percentiles([pair.response for pair in written]), strict=True):
        if share > farther_than:  # NaN is not
            yield Finding(
                pair.id,
                "voice",
                "warning",
                round(float(share), 4),
                f"not your voice: farther from your writing than {_so_many(share)} of this length",
                reason="far",
            )


def _so_many(share: float) -> str:
    return "any of your own text" if share == 1 else f"{int(share * 1000) / 10:g} % of your own text"


CHECK = Check(
    name="voice",
    about="Answers farther from the author's writing than nearly all of the author's own text is.",
    scope="row",
    order=150,
    reasons={"far": "not your voice"},
    find=lambda given: find_voice(given.pairs, given.settings[VoiceSettings].farther_than, given.sources),
    settings=VoiceSettings,
    cure="say more of the voice in persona.description",
)
