"""All checks, in order: each sees only what those before it left."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from curate.model import Finding, Pair, Stage
from curate.screen.broken import find_broken
from curate.screen.contamination import find_contamination
from curate.screen.contradictions import find_contradictions
from curate.screen.debris import find_debris
from curate.screen.duplicates import find_duplicates
from curate.screen.echo import find_echo
from curate.screen.grounding import find_ungrounded
from curate.screen.injection import find_injection
from curate.screen.language import find_other_language
from curate.screen.length import find_length
from curate.screen.mannerisms import find_mannerisms
from curate.screen.private_data import find_private_data, redact_private_data
from curate.screen.refusals import find_refusals
from curate.screen.reworded import find_reworded
from curate.screen.shape import find_shape
from curate.screen.sources import SourceTexts
from curate.screen.standalone import find_dependent
from curate.screen.voice import find_voice
from recipes.schema import Screen


def screen(
    pairs: Sequence[Pair], settings: Screen, sources: SourceTexts, stage: Stage, spared: Collection[str] = ()
) -> tuple[list[Pair], list[Finding]]:
    """The pairs that pass, and what the checks found; each dropped pair's reason is counted in `stage`.

    What a person has approved or is to judge (`spared`: ids) passes, whatever the checks find.
    """
    findings: list[Finding] = []
    kept = list({pair.id: pair for pair in pairs}.values())  # a row twice in a file has one id
    if len(kept) < len(pairs):
        stage.count("exact duplicate", len(pairs) - len(kept))
    if settings.private_data.action == "redact":  # first: what others point to must be the text that stays
        findings.extend(find_private_data(kept, settings.private_data))
        kept = redact_private_data(kept, settings.private_data)
    for check in (
        find_broken,
        lambda rows: find_refusals(rows, sources),
        lambda rows: find_debris(rows, sources),
        lambda rows: find_injection(rows, sources),
        lambda rows: find_private_data(rows, settings.private_data),
        lambda rows: find_contamination(rows, sources.control),
        lambda rows: find_length(rows, settings.length.slack),
        lambda rows: find_duplicates(rows, settings.duplicates.near),
        lambda rows: find_reworded(rows, settings.duplicates.reworded),
        find_contradictions,
        lambda rows: find_ungrounded(rows, sources),
        lambda rows: find_dependent(rows, sources),
        lambda rows: find_other_language(rows, sources),
        lambda rows: find_shape(rows, sources),
        lambda rows: find_voice(rows, settings.voice.farther_than, sources),
        lambda rows: find_mannerisms(rows, settings.mannerisms.surprise, sources),
        lambda rows: find_echo(rows, settings.echo.max_share, settings.echo.times, sources),  # last: of what is kept
    ):
        found = list(check(kept))
        findings.extend(found)
        dropped = {finding.pair: finding for finding in found if finding.severity == "drop" and finding.pair not in spared}
        for finding in dropped.values():
            stage.count(_reason(finding))
        kept = [pair for pair in kept if pair.id not in dropped]
    return kept, findings


def _reason(finding: Finding) -> str:
    """The part of a message that many findings share."""
    return finding.message.split(":")[0].split(" of ")[0].split(" (")[0]
