"""All checks, in their order: each sees only what those before it left."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby

from curate.check import Given, checks, reason_in_words
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
    processes: int | None = None,
) -> tuple[list[Pair], list[Finding]]:
    """The pairs that pass, and what the checks found; each dropped pair's reason is counted in `stage`.

    A check does not see pairs in a language that it does not cover; `stage.skipped` says how many.

    Args:
        pairs: those of a build that no reviewer refused.
        settings: the recipe's.
        sources: what the checks hold a pair against.
        stage: counts.
        spared: ids of pairs that pass whatever the checks find: those that a person has approved or is to judge.
        processes: at most so many; None for as many as there are cores. The findings are the same.
    """
    findings: list[Finding] = []
    kept = list({pair.id: pair for pair in pairs}.values())  # a row twice in a file has one id
    if len(kept) < len(pairs):
        stage.count("exact duplicate", len(pairs) - len(kept))
    for check in checks():
        if check.redact and (redacted := check.redact(kept, settings)):
            kept, found = redacted
            findings.extend(found)
    with Rows(settings, sources, frozenset(spared), processes) as rows:
        for scope, group in groupby((check for check in checks() if check.find), lambda check: check.scope):
            names = [check.name for check in group]
            for name, found, skipped in rows.look(names, kept, alone=scope == "row"):
                findings.extend(found)
                if skipped:
                    stage.skipped[name] = skipped
                dropped = {
                    finding.pair: finding for finding in found if finding.severity == "drop" and finding.pair not in spared
                }
                for finding in dropped.values():
                    stage.count(reason_in_words(finding))
                kept = [pair for pair in kept if pair.id not in dropped]
    return kept, findings


Looked = list[tuple[str, list[Finding], dict[str, int]]]
"""Of each check its name, what it found, and the rows that it skipped by their language."""


class Rows:
    """Runs checks on rows: those that judge each by itself in as many processes as there are cores, with the same findings.

    Processes are forked, so that nothing but positions goes out and nothing but findings comes back.

    Args:
        settings: the recipe's.
        sources: what the checks hold a pair against.
        spared: ids of pairs that pass whatever the checks find.
        processes: at most so many; None for as many as there are cores.
    """

    def __init__(self, settings: Screen, sources: SourceTexts, spared: frozenset[str], processes: int | None = None) -> None:
        self.settings, self.sources, self.spared = settings, sources, spared
        able = "fork" in multiprocessing.get_all_start_methods() and sys.platform == "linux"
        self.processes = (processes or len(os.sched_getaffinity(0))) if able else 1
        self.languages: dict[str, str | None] = {}
        self.pairs: Sequence[Pair] = ()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: object) -> None:
        self.pairs = ()

    def look(self, names: Sequence[str], pairs: Sequence[Pair], alone: bool) -> Looked:
        """What checks find, each on what those before it left.

        Args:
            names: the checks.
            pairs: the rows.
            alone: whether each row is judged by itself.
        """
        if not alone or self.processes == 1 or len(pairs) < WORTH_PROCESSES or not self.sources.documents:
            return self._look(names, pairs)
        _ = (self.sources.author.voice, self.sources.author.habits)  # learnt once, before it is shared
        self.pairs = pairs
        step = max(WORTH_PROCESSES // 4, -(-len(pairs) // (4 * self.processes)))
        parts = [range(start, min(start + step, len(pairs))) for start in range(0, len(pairs), step)]
        _SHARED.append((self, tuple(names)))
        try:
            with ProcessPoolExecutor(self.processes, multiprocessing.get_context("fork")) as pool:
                looked = list(pool.map(_look_at, parts))
        finally:
            _SHARED.pop()
        for _looked, languages in looked:
            self.languages.update(languages)
        joined: Looked = []
        for each in zip(*(part for part, _ in looked), strict=True):
            skipped = Counter[str]()
            for _, _, some in each:
                skipped.update(some)
            joined.append((each[0][0], [finding for _, found, _ in each for finding in found], dict(skipped)))
        return joined

    def _look(self, names: Sequence[str], pairs: Sequence[Pair]) -> Looked:
        looked: Looked = []
        for pair in pairs:
            if pair.id not in self.languages:
                self.languages[pair.id] = language_of(mask(f"{pair.instruction}\n{pair.response[:800]}"), 2.5)
        for check in checks():
            if check.name not in names or check.find is None:
                continue
            languages = self.languages
            covered = [pair for pair in pairs if check.covers(languages[pair.id])]
            unknown = Counter(NAMES[said] for pair in pairs if (said := languages[pair.id]) and not check.covers(said))
            found = list(check.find(Given(covered, self.sources, self.settings)))
            looked.append((check.name, found, dict(unknown)))
            dropped = {finding.pair for finding in found if finding.severity == "drop"} - self.spared
            pairs = [pair for pair in pairs if pair.id not in dropped]
        return looked


WORTH_PROCESSES = 4_000
"""Rows below which starting processes takes longer than it saves."""
_SHARED: list[tuple[Rows, tuple[str, ...]]] = []
"""What forked processes find in their memory."""


def _look_at(part: range) -> tuple[Looked, dict[str, str | None]]:
    rows, names = _SHARED[-1]
    return rows._look(names, [rows.pairs[at] for at in part]), rows.languages
