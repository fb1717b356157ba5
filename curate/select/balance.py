"""Caps that the recipe puts on documents, kinds and terms: of what is over, the best are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.model import Finding, Pair, Stage, content_hash
from curate.screen.echo import echoes_and_rows
from curate.sources import SourceTexts
from likeness.metrics.phrases import rows_over
from likeness.metrics.text import spaced
from likeness.recipe import schema

AUTO = "auto"

Findings = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Over:
    """Pairs of which there are more than a cap lets in."""

    cap: str
    """What the cap says: "30 pairs of documents/bread.md"."""
    pairs: list[Pair]
    too_many: int


def balance(
    pairs: Sequence[Pair], caps: schema.Balance, findings: Findings, times: float, sources: SourceTexts, stage: Stage
) -> tuple[list[Pair], list[Finding]]:
    """The pairs that stay, and of each that goes the reason; reasons are counted in `stage`.

    Caps on documents come first, then on kinds, then on terms. What goes for one term raises the share of the others, so the
    terms are gone through until none is over.

    Args:
        pairs: the whole dataset.
        caps: the recipe's.
        findings: what the checks said, by pair. That on echoes has marked the pairs whose going costs least.
        times: for the term `auto`, how many times the author's own share any phrase may have: see `echoes_of`.
        sources: the author's documents, for `auto`.
        stage: counts.
    """
    kept = list(pairs)
    left_out: list[Finding] = []
    in_order: list[tuple[str, Callable[[list[Pair]], Iterator[Over]]]] = [
        ("too many of a document", lambda rows: over_documents(rows, caps.per_document)),
        ("too many of a kind", lambda rows: over_kinds(rows, caps.per_kind)),
        ("too many with a term", lambda rows: over_terms(rows, caps.terms, times, sources)),
    ]
    for reason, over in in_order:
        while gone := _worst(over(kept), findings):
            stage.count(reason, len(gone))
            left_out += gone.values()
            kept = [pair for pair in kept if pair.id not in gone]
    return kept, left_out


def best_first(pairs: Iterable[Pair], findings: Findings) -> list[Pair]:
    """Approved or edited by a reviewer before not, fewer findings before more; of equals their ids' hashes decide."""
    return sorted(pairs, key=lambda pair: (not pair.review, len(findings.get(pair.id, ())), content_hash("balance", pair.id)))


def _worst(groups: Iterable[Over], findings: Findings) -> dict[str, Finding]:
    """Of each group those that are too many; what goes from one group is gone from the next as well."""
    gone: dict[str, Finding] = {}
    for group in groups:
        staying = [pair for pair in group.pairs if pair.id not in gone]
        room = len(group.pairs) - group.too_many
        for pair in best_first(staying, findings)[room:]:
            message = f"over the cap of {group.cap}: {len(group.pairs)} there were, and better ones are kept"
            gone[pair.id] = Finding(pair.id, "balance", "drop", float(len(group.pairs)), message)
    return gone


def over_documents(pairs: Sequence[Pair], most: int | None) -> Iterator[Over]:
    """Documents with more than `most` pairs."""
    documents: dict[str, list[Pair]] = {}
    for pair in pairs:
        documents.setdefault(pair.document, []).append(pair)
    for name, group in documents.items():
        if most is not None and len(group) > most:
            yield Over(f"{most} pairs of {name}", group, len(group) - most)


def over_kinds(pairs: Sequence[Pair], most: Mapping[Any, int]) -> Iterator[Over]:
    """Kinds with more pairs than they may have."""
    for kind, cap in most.items():
        group = [pair for pair in pairs if pair.kind == kind]
        if len(group) > cap:
            yield Over(f"{cap} pairs of kind {kind}", group, len(group) - cap)


def over_terms(pairs: Sequence[Pair], terms: Mapping[str, float], times: float, sources: SourceTexts) -> Iterator[Over]:
    """Phrases that are in a larger share of the responses than they may; `auto` are those that the check on echoes finds.

    Args:
        pairs: the pairs to look at.
        terms: largest share by phrase.
        times: see `echoes_of`.
        sources: the author's documents and passages.
    """
    named = {term: spaced(term) for term in terms if term != AUTO}
    holding: dict[str, list[Pair]] = {term: [] for term in named}
    for pair in pairs if named else ():
        words = spaced(pair.response)
        for term, phrase in named.items():
            if phrase in words:
                holding[term].append(pair)
    for term, group in holding.items():
        if too_many := rows_over(len(group), len(pairs), terms[term]):
            yield Over(f"{terms[term]:.0%} of responses with “{term}”", group, too_many)
    if AUTO in terms:
        for echo, rows in echoes_and_rows(pairs, terms[AUTO], times, sources):
            yield Over(f"{echo.allowed:.0%} of responses with “{echo.phrase}”", [pairs[row] for row in rows], echo.rows_over)
