"""The report's figures, all of them from the ledger and the dataset it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from curate.check import check_named, is_private
from curate.decisions.history import earlier_versions
from curate.decisions.outcomes import Outcome, agreement, outcomes_of
from curate.decisions.queue import confidence, needing_review, review_of
from curate.ledger.ledger import Ledger
from curate.model import Decision, Finding, Findings, Pair, ThinTerm, Written
from curate.publish.versions import Version, read_version
from curate.read.passages import cut
from curate.read.read import read_before
from curate.report.coverage import Coverage, Part, coverage_of, passage_map
from curate.report.habits import HabitRate, habit_rates
from curate.report.shape import AuthorShape, KindShape, author_shape, kind_shapes
from curate.report.voice import VoiceReport, voice_report
from curate.screen.echo import Echo, echoes_with_pairs, like_long
from curate.screen.settings.echo import EchoSettings
from curate.select.typical import typical_pairs
from curate.select.yields import KindYield, yields_of
from curate.sources import SourceTexts
from likeness.errors import CallError
from likeness.metrics.contrasted import Contrasted, Lint, lint
from likeness.metrics.terms import term_shares
from likeness.metrics.text import count_words
from likeness.recipe.folders import BuildFolder
from likeness.recipe.schema import Recipe

FATES = {
    "kept": "left out after the checks",
    "dropped": "dropped by the checks",
    "rejected": "rejected by reviewers",
    "awaiting": "awaiting review",
    "disputed": "disputed by reviewers",
    "left out": "left out by a cap or the split",
    "contrast": "left out after the checks",
}
"""Why a pair is not in the dataset, by its state in the ledger."""

WORST = 10
TYPICAL = 6
TERMS = 12
AROUND = 70
"""Characters of a response that are shown on either side of what a finding points to."""


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase of two words without a function word, and how common it is."""

    term: str
    share: float
    """Of the dataset's responses, in [0, 1]."""
    source_share: float
    """Of windows of the documents that are as long as the responses."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row that a check found: what it says of it, and the place it points to with some text around."""

    pair: str
    kind: str
    state: str
    severity: str
    message: str
    before: str = ""
    marked: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found, in pairs, and its worst rows."""

    name: str
    dropped: int
    warned: int
    worst: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Reviewing:
    """What people said of the build's pairs."""

    outcomes: dict[str, int]
    """Pairs by what their decisions come to."""
    reviewers: dict[str, int]
    """Decisions by reviewer."""
    agreement: dict[str, float | int | None]
    """See `curate.decisions.outcomes.agreement`."""
    awaiting: tuple[str, ...]
    """Pairs that the recipe wants seen and nobody, or not enough people, have decided; the most doubtful first."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the report shows of a build and its dataset."""

    name: str
    persona: str
    version: Version
    result: dict[str, Any]
    """The build as `curate build --json` gave it: counts, stages, checks, mix, usage."""
    spent: dict[str, float | int]
    """Over all builds of the recipe."""
    documents: int
    words: int
    """Of the documents."""
    checks: tuple[Check, ...]
    """Those that found something, those that dropped most first."""
    flagged: int
    """Published pairs that a check has something to say of."""
    fates: dict[str, dict[str, int]]
    """What became of the pairs that were written of each kind, in words: each counts once."""
    kinds: tuple[KindShape, ...]
    author: AuthorShape | None
    terms: tuple[Term, ...]
    echoes: tuple[tuple[Echo, tuple[str, ...]], ...]
    """Each with the ids of the pairs to take away."""
    voice: VoiceReport
    habits: tuple[HabitRate, ...]
    coverage: Coverage
    passages: dict[str, tuple[Part, ...]]
    """Every document's passages in the order they are, with their pairs."""
    reviewing: Reviewing
    review_asked: bool
    """Whether the recipe has a `review` section."""
    yields: tuple[KindYield, ...]
    typical: tuple[str, ...]
    """Ids of the pairs that show what the dataset is like."""
    written: Mapping[str, Written] = field(repr=False)
    """Every pair of the build by id, with its state; published ones as people edited them."""
    findings: Mapping[str, Sequence[Finding]] = field(repr=False)
    sources: SourceTexts = field(repr=False)
    thin: tuple[ThinTerm, ...] = ()
    """Thin terms, where the recipe asks for contrasts."""
    contrast_sets: int = 0
    contrasts_awaiting: int = 0
    """Contrast sets that nobody has decided."""
    preferences: Lint | None = None
    """What was found in the preference rows; None where there are none."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        lines = ("version", "counts", "stages", "checks", "mix", "usage")
        return {name: self.result[name] for name in lines} | {
            "spent": self.spent,
            "documents": self.documents,
            "words": self.words,
            "flagged": self.flagged,
            "fates": self.fates,
            "yields": [each.as_dict() for each in self.yields],
            "typical": list(self.typical),
            "findings": [asdict(check) for check in self.checks],
            "shape": {
                "kinds": [kind.as_dict() for kind in self.kinds],
                "author": self.author.as_dict() if self.author else None,
            },
            "terms": [asdict(term) for term in self.terms],
            "echoes": [echo.as_dict() | {"pairs": list(ids)} for echo, ids in self.echoes],
            "voice": self.voice.as_dict(),
            "habits": [habit.as_dict() for habit in self.habits],
            "coverage": self.coverage.as_dict(),
            "review": asdict(self.reviewing),
            "thin_terms": [term.as_dict() for term in self.thin],
            "contrast_sets": {"drafted": self.contrast_sets, "awaiting": self.contrasts_awaiting},
            "preferences": self.preferences.as_dict() if self.preferences else None,
        }


def figures_of(
    folder: BuildFolder, ledger: Ledger, build: int, result: dict[str, Any], texts: SourceTexts | None = None
) -> Figures:
    """The figures of a build.

    Args:
        folder: where its dataset is.
        ledger: the recipe's.
        build: its number there.
        result: what it came to, as `Build.as_dict` tells it.
        texts: the build's documents; without them they are read from the ledger.

    Raises:
        CallError: its dataset is not there, or its recipe is of another version of this program.
    """
    version = read_version(folder.dataset(result["version"]))
    recipe = recipe_of(version)
    if texts is None:
        read = read_before(version.manifest["sources"], ledger)
        texts = SourceTexts(
            {document.path: document for document in read},
            {document.path: cut(document, recipe.passages.max_tokens) for document in read},
        )
    sources, documents = texts, list(texts.documents.values())
    written = {each.pair.id: each for each in ledger.written_in(build)}
    findings = Findings(ledger.findings_in(build))
    decisions = ledger.decisions()
    outcomes = outcomes_of(written, decisions, review_of(recipe))
    pairs = [replace(written[row.id].pair, response=row.response) for row in version.rows.values()]  # as people edited them
    echo = recipe.screen[EchoSettings]
    sets = ledger.contrast_sets(build) if recipe.contrast else []
    contrast_decisions = ledger.contrast_decisions()
    return Figures(
        name=recipe.name,
        persona=recipe.persona.name,
        version=version,
        result=result,
        spent=asdict(ledger.spent()) | {"usd_lost": ledger.unaccounted()},
        documents=len(documents),
        words=sum(count_words(document.text) for document in documents),
        checks=tuple(_checks(written, findings)),
        flagged=sum(pair.id in findings for pair in pairs),
        fates=_fates(written, version.rows, outcomes),
        kinds=tuple(kind_shapes(pairs)),
        author=author_shape(sources),
        terms=tuple(_terms(pairs, sources)),
        echoes=tuple(
            (each, tuple(pair.id for pair in named))
            for each, named in echoes_with_pairs(pairs, echo.max_share, echo.times, sources)
        ),
        voice=voice_report(pairs, sources),
        habits=tuple(habit_rates(pairs, sources)),
        coverage=coverage_of(pairs, sources),
        passages=passage_map(pairs, sources),
        reviewing=_reviewing(recipe, written, findings, decisions, outcomes, ledger),
        review_asked=recipe.review is not None,
        yields=tuple(
            yields_of(
                result["mix"],
                next((stage.get("by_kind", {}) for stage in result["stages"] if stage["name"] == "generate"), {}),
                written,
                findings,
                version.rows,
                recorded=recipe.generate is not None and recipe.generate.provider == "recorded",
            )
        ),
        typical=tuple(pair.id for pair in typical_pairs(pairs, findings, TYPICAL)),
        written=written | {pair.id: replace(written[pair.id], pair=pair) for pair in pairs},
        findings=findings,
        sources=sources,
        thin=tuple(ledger.thin_terms(build)) if recipe.contrast else (),
        contrast_sets=len(sets),
        contrasts_awaiting=sum(each.id not in contrast_decisions for each in sets),
        preferences=_preferences(folder.dataset(result["version"])),
    )  # fmt: skip


def _preferences(dataset: Path) -> Lint | None:
    """The preference rows of a dataset, looked at as training would look at them."""
    import pyarrow.parquet as pq

    rows = [row for path in sorted((dataset / "preference").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    held = [
        row["prompt"][-1]["content"]
        for part in ("control", "probes")
        for path in (dataset / part).glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    looked_at = [
        Contrasted(str(row["id"]), row["prompt"][-1]["content"], row["chosen"][0]["content"], row["rejected"][0]["content"])
        for row in rows
    ]
    return lint(looked_at, held) if looked_at else None


def _fates(
    written: Mapping[str, Written],
    published: Collection[str],
    outcomes: Mapping[str, Outcome],
) -> dict[str, dict[str, int]]:
    """What became of the pairs that were asked for: of one that was rewritten only the new one counts."""
    replaced = {each.pair.replaces for each in written.values()}
    found: dict[str, Counter[str]] = {}
    for each in written.values():
        pair = each.pair
        if pair.id in published:
            fate = "in the dataset"
        elif each.state == "rejected" and outcomes[pair.id].state == "rewrite":
            fate = "sent back by reviewers"
        else:
            fate = FATES[each.state]
        if pair.id not in replaced:
            found.setdefault(pair.kind, Counter())[fate] += 1
    return {kind: dict(counts) for kind, counts in found.items()}


def recipe_of(version: Version) -> Recipe:
    """The recipe that a dataset was built from, which may have changed since.

    Raises:
        CallError: it was another version of this program that wrote it.
    """
    try:
        return Recipe.model_validate(version.manifest["recipe"])
    except ValidationError as error:
        raise CallError(
            f"its recipe says what this version of the program does not know: {error.errors()[0]['msg']}",
            where=f"dataset {version.name}",
            fix="Run `curate build RECIPE`; what was paid for is kept.",
        ) from None


def _terms(pairs: Sequence[Pair], sources: SourceTexts) -> list[Term]:
    """The commonest terms that two responses and more hold, beside the documents."""
    responses = [pair.response for pair in pairs]
    shares = term_shares(responses)
    common = [term for term in sorted(shares, key=lambda term: (-shares[term], term)) if shares[term] * len(pairs) > 1.5]
    shown = common[:TERMS]
    own = term_shares(like_long(sources, responses), shown)
    return [Term(term, round(shares[term], 4), round(own.get(term, 0.0), 4)) for term in shown]


def _checks(written: Mapping[str, Written], findings: Mapping[str, Sequence[Finding]]) -> list[Check]:
    by_check: dict[str, list[Finding]] = {}
    for found in findings.values():
        for finding in found:
            by_check.setdefault(finding.check, []).append(finding)
    private = {finding.pair for found in by_check.values() for finding in found if is_private(finding)}
    checks = []
    for name, found in by_check.items():
        worst = {finding.pair: finding for finding in sorted(found, key=lambda f: _badness(f, written[f.pair].pair))}
        checks.append(
            Check(
                name,
                len({finding.pair for finding in found if finding.severity == "drop"}),
                len({finding.pair for finding in found if finding.severity == "warning"}),
                tuple(_shown(worst[pair], written[pair], pair in private) for pair in [*worst][::-1][:WORST]),
            )
        )
    return sorted(checks, key=lambda check: (-check.dropped, -check.warned, check.name))


def _badness(finding: Finding, pair: Pair) -> tuple[bool, float, str]:
    """Sorts the worst last: what was dropped after what was flagged, then by how far it went."""
    check = check_named(finding.check)
    far = check.badness(finding, pair) if check else finding.score
    return finding.severity == "drop", far, finding.pair


def _shown(finding: Finding, written: Written, private: bool) -> Shown:
    """Pairs with private data show no text: a report is passed on more easily than a ledger."""
    pair = written.pair
    row = Shown(pair.id, pair.kind, written.state, finding.severity, finding.message)
    if private:
        return row
    text = pair.instruction if finding.span and finding.span.part == "instruction" else pair.response
    start, end = (finding.span.start, finding.span.end) if finding.span else (0, 0)
    end = min(end, start + 2 * AROUND)  # a span may be a whole paragraph
    first, last = max(0, start - AROUND), min(len(text), max(end, start + AROUND) + AROUND)
    return replace(
        row,
        before=("…" if first else "") + text[first:start],
        marked=text[start:end],
        after=text[end:last] + ("…" if last < len(text) else ""),
    )


def _reviewing(
    recipe: Recipe,
    written: Mapping[str, Written],
    findings: Mapping[str, Sequence[Finding]],
    decisions: Mapping[str, Sequence[Decision]],
    outcomes: Mapping[str, Outcome],
    ledger: Ledger,
) -> Reviewing:
    of_these = {pair: made for pair, made in decisions.items() if pair in written}
    standing = [each.pair for each in written.values() if each.state not in ("dropped", "rejected", "left out", "contrast")]
    changed = earlier_versions([each.pair for each in written.values()], decisions, ledger)
    needing = needing_review(standing, findings, review_of(recipe), changed)
    open_ = [pair for pair in needing if outcomes[pair].state in ("awaiting", "disputed")]
    return Reviewing(
        dict(Counter(outcomes[pair].state for pair in of_these)),
        dict(Counter(decision.reviewer for made in of_these.values() for decision in made).most_common()),
        agreement(of_these),
        tuple(sorted(open_, key=lambda pair: (confidence(findings.get(pair, ())), pair))),
    )
