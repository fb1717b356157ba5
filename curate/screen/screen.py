"""All checks, in their order: each sees only what those before it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from curate.check import Given, checks, reason_in_words
from curate.engine.engine import Engine, Here, parts_of
from curate.model import Finding, Pair, Stage
from curate.sources import SourceTexts
from likeness.metrics.languages import NAMES, language_of
from likeness.metrics.prose import mask
from likeness.recipe.screen import Screen


def screen(
    pairs: Sequence[Pair],
    settings: Screen,
    sources: SourceTexts,
    stage: Stage,
    spared: Collection[str] = (),
    engine: Engine | None = None,
) -> tuple[list[Pair], list[Finding]]:
    """The pairs that pass, and what the checks found; each dropped pair's reason is counted in `stage`.

    A check does not see pairs in a language that it does not cover; `stage.skipped` says how many.

    Args:
        pairs: those of a build that no reviewer refused.
        settings: the recipe's.
        sources: what the checks hold a pair against.
        stage: counts.
        spared: ids of pairs that pass whatever the checks find: those that a person has approved or is to judge.
        engine: where checks run that judge each row by itself, and what looks for near-duplicates; this process where none is
            named. The findings are the same.
    """
    findings: list[Finding] = []
    kept = list({pair.id: pair for pair in pairs}.values())  # a row twice in a file has one id
    if len(kept) < len(pairs):
        stage.count("exact duplicate", len(pairs) - len(kept))
    for check in checks():
        if check.redact and (redacted := check.redact(kept, settings)):
            kept, found = redacted
            findings.extend(found)
    languages: Languages = {}
    for scope, group in groupby((check for check in checks() if check.find), lambda check: check.scope):
        looking = _Looking(tuple(check.name for check in group), settings, sources, frozenset(spared), len(pairs))
        look = _look_alone if scope == "row" else _look
        for name, found, skipped in look(looking, kept, languages, engine or Here()):
            findings.extend(found)
            if skipped:
                stage.skipped[name] = skipped
            dropped = {finding.pair: finding for finding in found if finding.severity == "drop" and finding.pair not in spared}
            for finding in dropped.values():
                stage.count(reason_in_words(finding))
            kept = [pair for pair in kept if pair.id not in dropped]
    return kept, findings


AT_ONCE, WORTH_WORKERS = 500, 8
"""Rows that are looked at as one part, and parts below which starting processes takes longer than it saves."""


Looked = list[tuple[str, list[Finding], dict[str, int]]]
"""Of each check its name, what it found, and the rows that it skipped by their language."""
Languages = dict[str, str | None]
"""By pair."""


@dataclass(frozen=True, slots=True)
class _Looking:
    """What checks need besides the rows."""

    names: tuple[str, ...]
    """Of the checks."""
    settings: Screen
    sources: SourceTexts
    spared: frozenset[str]
    rows: int
    """Of the whole set."""


def _look_alone(looking: _Looking, pairs: Sequence[Pair], languages: Languages, engine: Engine) -> Looked:
    """What checks find that judge each row by itself; the languages that they come across are noted."""
    author = looking.sources.author if looking.sources.documents else None
    _ = author and (author.voice, author.habits)  # learnt once, before it is sent to many
    size = AT_ONCE if looking.sources.documents else len(pairs)  # without documents, the rows tell the author's languages
    runs = parts_of(pairs, max(1, size))
    parts = [(run, {pair.id: languages[pair.id] for pair in run if pair.id in languages}) for run in runs]
    joined: Looked = [(name, [], {}) for name in looking.names]
    for looked, known in engine.map(_look_at, looking, parts, worth=WORTH_WORKERS):
        languages.update(known)
        for (_, found, skipped), (_, more, also) in zip(joined, looked, strict=True):
            found.extend(more)
            for language, rows in also.items():
                skipped[language] = skipped.get(language, 0) + rows
    return joined


def _look_at(looking: _Looking, part: tuple[Sequence[Pair], Languages]) -> tuple[Looked, Languages]:
    return _look(looking, *part, Here()), part[1]


def _look(looking: _Looking, pairs: Sequence[Pair], languages: Languages, engine: Engine) -> Looked:
    """What checks find, each on what those before it left."""
    looked: Looked = []
    for pair in pairs:
        if pair.id not in languages:
            languages[pair.id] = language_of(mask(f"{pair.instruction}\n{pair.response[:800]}"), 2.5)
    for check in checks():
        if check.name not in looking.names or check.find is None:
            continue
        covered = [pair for pair in pairs if check.covers(languages[pair.id])]
        unknown = Counter(NAMES[said] for pair in pairs if (said := languages[pair.id]) and not check.covers(said))
        found = list(check.find(Given(covered, looking.sources, looking.settings, engine, looking.rows)))
        looked.append((check.name, found, dict(unknown)))
        dropped = {finding.pair for finding in found if finding.severity == "drop"} - looking.spared
        pairs = [pair for pair in pairs if pair.id not in dropped]
    return looked
