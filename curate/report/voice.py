"""How near a whole dataset is to the author's voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from curate.model import Pair
from curate.sources import SourceTexts
from likeness.metrics.author import MOST_PIECES
from likeness.metrics.text import count_words, windows_of
from likeness.metrics.voice import _rounded, burrows_delta

SAMPLE_WORDS = 480

MOST_RESPONSES = 2_000
"""Responses, evenly spread, that samples for Delta are cut from."""


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """How near a dataset's generated responses are to the author's voice."""

    judged: int
    """Generated responses of 30 words and more; 0 where the sources are too few to judge by, and `note` says so."""
    median: float | None
    """Of the responses' percentiles: 0.5 is as near as the author's own."""
    beyond_95: float | None
    """Share of responses farther than 95 % of the author's own windows; 0.05 is as near as the author's own."""
    delta: float | None
    """Burrows's Delta (2002) of the responses, taken together: median over samples of 480 words."""
    delta_own: float | None
    """The same of the author's own samples, each against the others."""
    note: str = ""
    tenths: tuple[int, ...] = ()
    """Responses whose percentile is in each tenth; the author's own windows would fill all ten alike."""

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def voice_report(pairs: Sequence[Pair], sources: SourceTexts) -> VoiceReport:
    """The voice of a whole dataset; responses that people wrote are left out."""
    responses = [pair.response for pair in pairs if pair.wrote == "generator"]
    voice = sources.author.voice
    if voice is None:
        words = sum(count_words(document.text) for document in sources.documents.values())
        note = f"not judged: your documents have {words:,} words, and a voice is known by 5,000 and more"
        return VoiceReport(0, None, None, None, None, note)
    shares = voice.percentiles(responses)
    shares = shares[~np.isnan(shares)]
    if not len(shares):
        return VoiceReport(0, None, None, None, None, "not judged: no generated response has 30 words and more")
    some = responses[:: max(1, len(responses) // MOST_RESPONSES)]
    author = list(windows_of((document.text for document in sources.documents.values()), SAMPLE_WORDS))[:MOST_PIECES]
    delta, delta_own = burrows_delta(author, list(windows_of(some, SAMPLE_WORDS))[:MOST_PIECES])
    tenths = tuple(int(count) for count in np.histogram(shares, bins=10, range=(0, 1))[0])
    beyond = _rounded(np.mean(shares > 0.95))
    return VoiceReport(len(shares), _rounded(np.median(shares)), beyond, delta, delta_own, tenths=tenths)
