"""What differs between two dataset versions. The rows tell what, the ledger tells why."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

from curate.ledger.ledger import Ledger
from curate.model import Decision, Finding, Findings, Written
from curate.publish.versions import Row, Version, find_version, read_version
from likeness.errors import CallError
from likeness.metrics.terms import term_shares
from likeness.metrics.text import count_words, quantiles
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe

TERMS = 10
MOVED = 0.005
"""A term is reported when its share has moved by half a percent at least."""


@dataclass(frozen=True, slots=True)
class Came:
    """A row that one version has and the other has not."""

    id: str
    kind: str
    document: str
    why: str
    detail: str = ""
    """What the check or the reviewer said."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that both texts have, or one of them."""

    sign: Literal["=", "-", "+"]
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that both versions have, with another text."""

    id: str
    kind: str
    instruction: tuple[Piece, ...]
    response: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class KindChange:
    """A kind then and now: pairs, their share of all, and 5, 25, 50, 75 and 95 % quantiles of the words of a response."""

    kind: str
    pairs: tuple[int, int]
    shares: tuple[float, float]
    words: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Gate:
    """An expectation then and now; None where the recipe did not have it."""

    expectation: str
    arguments: dict[str, Any]
    held: tuple[bool | None, bool | None]
    observed: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two versions of a dataset."""

    before: str
    after: str
    rows: tuple[int, int]
    added: tuple[Came, ...]
    removed: tuple[Came, ...]
    changed: tuple[Changed, ...]
    asked_again: dict[str, str]
    """Rows with the very same words under another id: their request was another. Old id, new id."""
    moved: dict[str, str]
    """Rows that are in another split now, and in which."""
    kinds: tuple[KindChange, ...]
    terms: dict[str, tuple[float, float]]
    """Shares of responses, in [0, 1], of the terms that moved most."""
    gates: tuple[Gate, ...]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self) | {"asked_anew": self.asked_again}  # the name of before 0.2


@dataclass(frozen=True)
class Behind:
    """What the ledger knows of the build that a version came from. Empty where the ledger does not know it."""

    pairs: Mapping[str, Written]
    findings: Mapping[str, Sequence[Finding]]
    rewritten: Mapping[str, str]
    """Pairs that reviewers sent back, and the pairs in their place."""
    by_words: Mapping[tuple[str, str, str], str]
    """Pairs by kind, instruction and response: what was asked for again has another id and may say the very same."""

    @classmethod
    def of(cls, version: Version, ledger: Ledger) -> Behind:
        """The last build that ended with this version."""
        build = ledger.build_of(version.name)
        if build is None:
            return cls({}, {}, {}, {})
        written = {each.pair.id: each for each in ledger.written_in(build.id)}
        pairs = [each.pair for each in written.values()]
        again = {pair.replaces: pair.id for pair in pairs if pair.replaces}
        by_words = {(pair.kind, pair.instruction, pair.response): pair.id for pair in pairs}
        return cls(written, Findings(ledger.findings_in(build.id)), again, by_words)

    def known_as(self, row: Row) -> str | None:
        """The build's pair that this row is, or that says the very same."""
        return row.id if row.id in self.pairs else self.by_words.get((row.kind, row.instruction, row.response))


def difference(recipe_path: Path, before: str | None = None, after: str | None = None) -> Difference:
    """What differs between two versions.

    Args:
        recipe_path: the recipe whose dataset it is.
        before: a version's name, its number or how its name begins; the parent of `after` where none is named.
        after: likewise; the newest version where none is named.

    Raises:
        CallError: the recipe is wrong, or there is no such version.
    """
    folder = BuildFolder.of(load_recipe(recipe_path))
    now = read_version(folder.dataset(find_version(folder, after) if after else None))
    name = find_version(folder, before) if before else now.manifest["parent"]
    if name is None:
        raise CallError(
            f"dataset {now.name} is the first of its line, there is none before it",
            where=str(folder.datasets),
            fix=f"Name two versions: curate diff {shlex.quote(str(recipe_path))} V1 V2",
        )
    then = read_version(folder.dataset(name))
    ledger = Ledger(folder.ledger)
    try:
        decisions = ledger.decisions()
        behind_then, behind_now = Behind.of(then, ledger), Behind.of(now, ledger)
    finally:
        ledger.close()
    both = [identifier for identifier in then.rows if identifier in now.rows]
    again = dict(_same_words(then, now))
    came = [row for row in now.rows.values() if row.id not in then.rows and row.id not in again.values()]
    went = [row for row in then.rows.values() if row.id not in now.rows and row.id not in again]
    return Difference(
        before=then.name,
        after=now.name,
        rows=(len(then.rows), len(now.rows)),
        added=tuple(_came(row, then, now, behind_then, behind_now, decisions) for row in came),
        removed=tuple(_went(row, then, now, behind_now, decisions) for row in went),
        changed=tuple(_changes(then, now, both)),
        asked_again=again,
        moved={each: now.rows[each].split for each in both if now.rows[each].split != then.rows[each].split},
        kinds=tuple(_kinds(then, now)),
        terms=_terms(then, now),
        gates=tuple(_gates(then, now)),
    )


def _same_words(then: Version, now: Version) -> Iterator[tuple[str, str]]:
    """Rows of one version only that say the same, one of each: another prompt or word range makes every id another."""
    left = {(row.kind, row.instruction, row.response): row.id for row in then.rows.values() if row.id not in now.rows}
    for row in now.rows.values():
        said = (row.kind, row.instruction, row.response)
        if row.id not in then.rows and said in left:
            yield left.pop(said), row.id


def _went(row: Row, then: Version, now: Version, behind: Behind, decisions: Mapping[str, Sequence[Decision]]) -> Came:
    """A row that is not there any more."""
    if row.id in behind.rewritten:
        return Came(row.id, row.kind, row.source, REASONS["rewritten"][0], f"the new one is {behind.rewritten[row.id]}")
    reason, detail = _absence(row, now, then, behind)
    if reason == "rejected" and row.id in decisions:
        last = decisions[row.id][-1]
        reason = "sent back" if last.verdict == "rewrite" else reason
        detail = " · ".join(filter(None, [*last.reasons, last.note]))
    return Came(row.id, row.kind, row.source, REASONS[reason][0], detail)


def _came(
    row: Row,
    then: Version,
    now: Version,
    behind_then: Behind,
    behind_now: Behind,
    decisions: Mapping[str, Sequence[Decision]],
) -> Came:
    """A row that was not there before."""
    old = next((old for old, new in behind_now.rewritten.items() if new == row.id), None)
    if old:
        return Came(row.id, row.kind, row.source, REASONS["rewritten"][1], f"in place of {old}")
    reason, detail = _absence(row, then, now, behind_then)
    if reason in WAITING:
        known = behind_now.known_as(row)
        if known and behind_now.pairs[known].state in WAITING:
            reason = "undecided"
        elif row.id not in decisions:
            reason = "needs nobody"
    return Came(row.id, row.kind, row.source, REASONS[reason][1], detail)


REASONS = {
    "dropped": ("a check dropped it", "a check had dropped it"),
    "rejected": ("a reviewer rejected it", "a reviewer had rejected it"),
    "sent back": ("a reviewer sent it back", "a reviewer had sent it back"),
    "awaiting": ("it awaits review", "it has been reviewed"),
    "disputed": ("reviewers disagree on it", "reviewers agree on it now"),
    "undecided": ("it awaits review", "the recipe publishes what awaits review now"),
    "needs nobody": ("it awaits review", "it awaited review, and nothing asks for that any more"),
    "left out": ("a cap or the split left it out", "a cap or the split had left it out"),
    "kept": ("it was left out after the checks", "it had been left out after the checks"),
    "rewritten": ("a reviewer sent it back, and it was rewritten", "a reviewer asked for it in place of another"),
    "no document": ("its document is gone", "its document is new"),
    "other document": ("its document changed", "its document changed"),
    "no kind": ("its kind is no longer asked for", "its kind is newly asked for"),
    "not asked": ("it is no longer asked for", "it was newly asked for, or answered"),
}
"""Why a version lacks a row, in words for a row that went and for one that came."""
WAITING = ("awaiting", "disputed")
"""States of a pair that a person has yet to decide."""


def _absence(row: Row, lacks: Version, has: Version, behind: Behind) -> tuple[str, str]:
    """Why `lacks` has not the row that `has` has: a key of REASONS, and what a check said. `behind` is of `lacks`."""
    if known := behind.known_as(row):
        dropping = [finding for finding in behind.findings.get(known, ()) if finding.severity == "drop"]
        state = behind.pairs[known].state
        return (state if state in REASONS else "kept"), "; ".join(f"{finding.check}: {finding.message}" for finding in dropping)
    hashes = [{each["path"]: each["sha256"] for each in version.manifest["sources"]} for version in (lacks, has)]
    if row.source not in hashes[0]:
        return "no document", ""
    if hashes[0][row.source] != hashes[1][row.source]:
        return "other document", ""
    asked = [{kind["kind"] for kind in (v.manifest["recipe"].get("generate") or {}).get("kinds", ())} for v in (lacks, has)]
    return ("no kind" if row.kind in asked[1] - asked[0] else "not asked"), ""


def _changes(then: Version, now: Version, both: Sequence[str]) -> Iterator[Changed]:
    for identifier in both:
        old, new = then.rows[identifier], now.rows[identifier]
        if (old.instruction, old.response) != (new.instruction, new.response):
            yield Changed(identifier, new.kind, pieces(old.instruction, new.instruction), pieces(old.response, new.response))


def pieces(old: str, new: str) -> tuple[Piece, ...]:
    """Two texts word by word: what both have, what was removed, what was added, in reading order."""
    before, after = old.split(), new.split()
    found: list[Piece] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(Piece("=", " ".join(before[a:b])))
            continue
        if b > a:
            found.append(Piece("-", " ".join(before[a:b])))
        if d > c:
            found.append(Piece("+", " ".join(after[c:d])))
    return tuple(found)


def _kinds(then: Version, now: Version) -> Iterator[KindChange]:
    words: list[dict[str, list[int]]] = [{}, {}]
    for of_kind, version in zip(words, (then, now), strict=True):
        for row in version.rows.values():
            of_kind.setdefault(row.kind, []).append(count_words(row.response))
    for kind in sorted({*words[0], *words[1]}):
        before, after = (of_kind.get(kind, []) for of_kind in words)
        yield KindChange(
            kind,
            (len(before), len(after)),
            (round(len(before) / (len(then.rows) or 1), 4), round(len(after) / (len(now.rows) or 1), 4)),
            (quantiles(before) if before else (), quantiles(after) if after else ()),
        )


def _terms(then: Version, now: Version) -> dict[str, tuple[float, float]]:
    before, after = (term_shares(row.response for row in version.rows.values()) for version in (then, now))
    moves = {term: after.get(term, 0.0) - before.get(term, 0.0) for term in {*before, *after}}
    most = sorted((term for term in moves if abs(moves[term]) >= MOVED), key=lambda term: (-abs(moves[term]), term))
    return {term: (round(before.get(term, 0.0), 4), round(after.get(term, 0.0), 4)) for term in most[:TERMS]}


def _gates(then: Version, now: Version) -> Iterator[Gate]:
    before, after = (
        {(check["expectation"], json.dumps(check["arguments"], sort_keys=True)): check for check in version.manifest["checks"]}
        for version in (then, now)
    )
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        yield Gate(
            key[0],
            json.loads(key[1]),
            (old["success"] if old else None, new["success"] if new else None),
            (old["observed"] if old else "", new["observed"] if new else ""),
        )
