"""What a check is. Each is in a file of its own in `screen/`, which ends with its `CHECK`; nothing else names it.

From that follow the order of the screen, the counts of a build, the review page's filters, the report's worst rows and the
table in the docs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from curate.engine.engine import Engine, Here
from curate.model import Finding, Pair
from curate.sources import SourceTexts
from likeness.metrics.embedding import Embedding, embedding
from likeness.recipe.screen import Screen, key_of
from likeness.recipe.section import CheckSettings

HERE = Here()


@dataclass(frozen=True, slots=True)
class Given:
    """What a check looks at."""

    pairs: Sequence[Pair]
    """Those that the checks before it let pass."""
    sources: SourceTexts
    settings: Screen
    engine: Engine = HERE
    """Where a check on all rows maps what it does to each."""
    rows: int = 0
    """How many the whole set had at first; 0 for those that are given."""

    @property
    def meaning(self) -> Embedding | None:
        """The sentence model, where one is installed and the set is not too large for it: whether it is read may not hang on
        how the rows are parted."""
        return embedding(self.rows or len(self.pairs))


def _its_score(finding: Finding, pair: Pair) -> float:
    return finding.score


@dataclass(frozen=True, slots=True)
class Check:
    """A check on pairs.

    Args:
        name: as findings call it.
        about: what it finds, in one sentence for people.
        scope: `row`: a pair is judged by itself; `dataset`: among all others.
        order: where it is among the checks, ascending: cheap ones first, those that need the rest last.
        reasons: every reason code of its findings, each with the few words that counts are shown with.
        find: the check itself; None for one that is a step of its own (`judge`).
        settings: what people may choose, where there is something: the class in `screen/settings/`.
        warns: whether its findings may be only a warning; then people can filter and sort by its score.
        badness: of two findings the one with more is worse.
        example: what it finds, for people, where rows of their own cannot show it.
        languages: those that it covers, by ISO 639-1; None for all. Pairs in another are skipped, and counted.
        cure: what helps where it finds much, for people: a clause without a full stop.
        private: whether what it finds must not be passed on: reports leave the texts of such pairs out.
        redact: the pairs without what it finds, and findings that say so; None where the recipe does not ask for it. It
            runs before all checks, because what others point to must be the text that stays.
    """

    name: str
    about: str
    scope: Literal["row", "dataset"]
    order: int
    reasons: Mapping[str, str]
    find: Callable[[Given], Iterable[Finding]] | None
    settings: type[CheckSettings] | None = None
    warns: bool = True
    badness: Callable[[Finding, Pair], float] = _its_score
    example: str = ""
    languages: frozenset[str] | None = None
    cure: str = ""
    private: bool = False
    redact: Callable[[Sequence[Pair], Screen], tuple[list[Pair], list[Finding]] | None] | None = None

    @property
    def key(self) -> str | None:
        """Its key under the recipe's `screen`, where it has one."""
        return key_of(self.settings) if self.settings else None

    def covers(self, language: str | None) -> bool:
        """Whether it knows a language; one that is not known for sure (None) is looked at."""
        return self.languages is None or language is None or language in self.languages


@cache
def checks() -> tuple[Check, ...]:
    """Every check, in the order in which the screen runs them."""
    package = importlib.import_module("curate.screen")
    modules = (importlib.import_module(f"curate.screen.{each.name}") for each in pkgutil.iter_modules(package.__path__))
    found = (getattr(module, "CHECK", None) for module in modules)
    return tuple(sorted((check for check in found if isinstance(check, Check)), key=lambda check: check.order))


@cache
def check_named(name: str) -> Check | None:
    """The check that findings call `name`; None for what an earlier version had."""
    return next((check for check in checks() if check.name == name), None)


def is_private(finding: Finding) -> bool:
    """Whether a finding is of what must not be passed on."""
    check = check_named(finding.check)
    return check is not None and check.private


def reason_in_words(finding: Finding) -> str:
    """Why a pair was dropped, in the few words that counts are shown with."""
    check = check_named(finding.check)
    return check.reasons[finding.reason] if check else finding.check
