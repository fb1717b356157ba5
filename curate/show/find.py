"""A pair, and all that is behind it; the pairs of a build, to browse; a document, and what was made of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curate.check import check_named
from curate.decisions.outcomes import IN_WORDS, Outcome, outcome_of
from curate.decisions.queue import confidence, review_of
from curate.ledger.ledger import Ledger
from curate.model import Finding, Findings, Pair, Written
from curate.preview.preview import FilePreview, preview_document
from curate.read.passages import cut
from curate.review.sync import passage_around
from likeness.errors import CallError
from likeness.recipe.folders import BuildFolder, builds_here
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Passages, Recipe

GONE = "not in the newest build"


def find_pair(prefix: str, recipe_path: Path | None) -> dict[str, Any]:
    """The pair whose id begins with `prefix`, with passage, evidence, prompt, findings and what reviewers said of it.

    Args:
        prefix: a pair's id or its beginning.
        recipe_path: the recipe in whose build to look; without it those of the recipes here and in this folder's folders.

    Raises:
        CallError: no pair, or more than one, begins so.
    """
    recipe = load_recipe(recipe_path) if recipe_path else None
    found: list[dict[str, Any]] = []
    for folder in _folders(recipe):
        needed = review_of(recipe).min_submitted if recipe else _reviewers_needed(folder)
        ledger = Ledger(folder.ledger)
        try:
            found += [_described(ledger, each, needed) for each in ledger.pairs_like(prefix)[:20]]
        finally:
            ledger.close()
    if len(found) == 1:
        return found[0]
    if not found:
        raise CallError(
            f"no pair's id begins with {prefix!r}, and no document is called so",
            fix="Ids are in the dataset's `id` column and in messages, documents in `curate plan --passages`; --recipe says in "
            "whose build to look.",
        )
    ids = ", ".join(entry["id"] for entry in found[:8])
    raise CallError(f"{len(found)} pairs begin with {prefix!r}: {ids}", fix="Give more of the id.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pairs to browse, and in what order. What is None or empty leaves nothing out."""

    kind: str | None = None
    document: str | None = None
    """A part of the document's path."""
    check: str | None = None
    """Only pairs in which this check found something."""
    state: str | None = None
    """kept, awaiting, disputed, rejected, left out or dropped."""
    order: str = "as written"
    """`as written`, `random`, or `worst`: what the checks are least sure of first."""


def browse(recipe_path: Path | None, wanted: Wanted) -> list[dict[str, Any]]:
    """The pairs of a recipe's newest build that are wanted, each with its state and findings.

    Args:
        recipe_path: the recipe; without it the one build below this folder.
        wanted: which, and in what order.

    Raises:
        CallError: there is no build, there are several and none is named, or a kind, check or state is in none of its pairs.
    """
    folders = [
        folder
        for folder in ([BuildFolder.of(load_recipe(recipe_path))] if recipe_path else builds_here())
        if folder.ledger.is_file()
    ]
    if len(folders) != 1:
        names = ", ".join(folder.root.name for folder in folders)
        what = f"there are several builds here: {names}" if folders else "nothing has been built here yet"
        fix = "Name the recipe: curate show --recipe RECIPE." if folders else "Run `curate build RECIPE` first."
        raise CallError(what, fix=fix)
    ledger = Ledger(folders[0].ledger)
    try:
        build = ledger.newest_pairs() or ledger.newest_sample()
        written = list(ledger.written_in(build)) if build else []
        findings = Findings(ledger.findings_in(build) if build else ())
    finally:
        ledger.close()
    rows: list[dict[str, Any]] = [
        {
            "id": (pair := each.pair).id,
            "kind": pair.kind,
            "state": each.state,
            "document": pair.document,
            "prompt": [{"role": turn.role, "content": turn.content} for turn in pair.prompt],
            "response": pair.response,
            "quote": pair.evidence.quote if pair.evidence else None,
            "start": pair.evidence.start if pair.evidence else 0,
            "confidence": round(confidence(findings.get(pair.id, ())), 4),
            "findings": [
                {"check": f.check, "severity": f.severity, "score": f.score, "message": f.message}
                for f in sorted(findings.get(pair.id, ()), key=lambda f: f.severity != "drop")
            ],
        }
        for each in written
    ]  # fmt: skip
    _refuse_unknown(rows, wanted)
    found = [row for row in rows if _is_wanted(row, wanted)]
    if wanted.order == "random":
        random.shuffle(found)
    elif wanted.order == "worst":
        by_id = {each.pair.id: each.pair for each in written}
        found.sort(key=lambda row: _goodness(findings.get(row["id"], ()), by_id[row["id"]], wanted.check))
    else:
        found.sort(key=lambda row: (row["document"], row["start"], row["id"]))
    return found


def _refuse_unknown(rows: list[dict[str, Any]], wanted: Wanted) -> None:
    known = {
        "kind": {row["kind"] for row in rows},
        "state": {row["state"] for row in rows},
        "check": {finding["check"] for row in rows for finding in row["findings"]},
    }
    for name, values in known.items():
        asked = getattr(wanted, name)
        if asked is not None and asked not in values and not (name == "check" and check_named(asked)):
            there = f"There are: {', '.join(sorted(values))}."
            raise CallError(f"no pair of the newest build has the {name} {asked!r}", fix=there)


def _is_wanted(row: dict[str, Any], wanted: Wanted) -> bool:
    return (
        wanted.kind in (None, row["kind"])
        and wanted.state in (None, row["state"])
        and (wanted.document is None or wanted.document in row["document"])
        and (wanted.check is None or any(finding["check"] == wanted.check for finding in row["findings"]))
    )


def _goodness(found: Iterable[Finding], pair: Pair, of: str | None) -> tuple[float, ...]:
    """Sorts the worst first: what is dropped, then what most checks found something in; of one check, how far it goes."""
    findings = [finding for finding in found if of in (None, finding.check)]
    dropped = any(finding.severity == "drop" for finding in findings)
    far = 0.0
    if of:
        check = check_named(of)
        far = max((check.badness(each, pair) if check else each.score for each in findings), default=0.0)
    return (-dropped, confidence(findings), -far)


def pairs_named(folder: BuildFolder, identifiers: Iterable[str]) -> list[dict[str, Any]]:
    """Pairs in full, as `browse` gives them, in the order in which they are named."""
    ledger = Ledger(folder.ledger)
    try:
        return [_described(ledger, found[0], 1) for each in identifiers if (found := ledger.pairs_like(each))]
    finally:
        ledger.close()


def find_document(name: str, recipe_path: Path | None) -> FilePreview | None:
    """What was made of the document called `name`, or whose path ends with it; None where there is none.

    Args:
        name: the path, or its end from a slash on.
        recipe_path: the recipe in whose build to look; without it every build below this folder is searched.

    Raises:
        CallError: the recipe is wrong, or several documents are called so.
    """
    recipe = load_recipe(recipe_path) if recipe_path else None
    found: dict[str, FilePreview] = {}
    for folder in _folders(recipe):
        given = (_newest_recipe(folder).get("passages") or {}).get("max_tokens")
        most = recipe.passages.max_tokens if recipe else int(given or Passages().max_tokens)
        ledger = Ledger(folder.ledger)
        try:
            for document in ledger.documents_called(name):
                found.setdefault(document.path, preview_document(document, cut(document, most)))
        finally:
            ledger.close()
    if len(found) > 1 and name not in found:
        paths = ", ".join(sorted(found)[:8])
        raise CallError(f"{len(found)} documents are called {name!r}: {paths}", fix="Give more of the path.")
    return found.get(name) or next(iter(found.values()), None)


def _folders(recipe: Recipe | None) -> list[BuildFolder]:
    """The recipe's, or those of the builds here; those with a ledger."""
    folders = [BuildFolder.of(recipe)] if recipe else builds_here()
    return [folder for folder in folders if folder.ledger.is_file()]


def _newest_recipe(folder: BuildFolder) -> dict[str, Any]:
    """The newest dataset's recipe; empty where there is none."""
    try:
        recipe: dict[str, Any] = json.loads((folder.dataset() / "manifest.json").read_text(encoding="utf-8"))["recipe"]
    except (CallError, OSError):
        return {}
    return recipe


def _reviewers_needed(folder: BuildFolder) -> int:
    """Reviewers that each pair needs, as the newest dataset's recipe has it; 1 where there is none."""
    return int((_newest_recipe(folder).get("review") or {}).get("min_submitted", 1))


def _described(ledger: Ledger, written: Written, min_submitted: int) -> dict[str, Any]:
    pair = written.pair
    newest = ledger.newest_pairs() or written.build  # a sample may be all there is
    request = ledger.request(pair.request) if pair.request else None
    passage = passage_around(ledger, pair)
    return {
        "id": pair.id,
        "kind": pair.kind,
        "state": GONE if written.build < newest else written.state,
        "document": pair.document,
        "prompt": [{"role": turn.role, "content": turn.content} for turn in pair.prompt],
        "response": pair.response,
        "evidence": {"start": pair.evidence.start, "end": pair.evidence.end, "quote": pair.evidence.quote}
        if pair.evidence
        else None,
        "passage": asdict(passage) if passage else None,
        "findings": [
            {"check": f.check, "severity": f.severity, "score": f.score, "message": f.message}
            for f in ledger.findings_of(written.build, pair.id)
        ],
        "request": {"key": request.key, **request.body} if request else None,
        "review": _review(ledger, pair, written.state, newest, min_submitted),
    }


def _review(ledger: Ledger, pair: Pair, state: str, newest: int, min_submitted: int) -> dict[str, Any]:
    """What people said of a pair, and what that comes to. Texts are those that will be published, where edited."""
    decisions = ledger.decisions().get(pair.id, [])
    outcome = outcome_of(decisions, min_submitted)
    approved = outcome.state == "approve"
    return {
        "outcome": outcome.state,
        "summary": (summary := _in_words(outcome, state, bool(decisions))),
        "told": summary,  # the name of before 0.2
        "instruction": outcome.instruction if approved else None,
        "response": outcome.response if approved else None,
        "reasons": list(outcome.reasons),
        "rating": outcome.rating,
        "never_say": list(outcome.never_say),
        "note": outcome.note,
        "decisions": [f"{IN_WORDS[decision.verdict]} by {decision.reviewer}" for decision in decisions],
        "replaces": pair.replaces,
        "replaced_by": next((each.pair.id for each in ledger.written_in(newest) if each.pair.replaces == pair.id), None),
    }


def _in_words(outcome: Outcome, state: str, anybody: bool) -> str:
    """The outcome in words."""
    match outcome.state:
        case "awaiting" if anybody:
            return "awaits another reviewer"
        case "awaiting":
            return "awaits review" if state == "awaiting" else "nobody has reviewed it"
        case "disputed":
            return "reviewers disagree"
        case "approve":
            return "edited" if outcome.instruction is not None or outcome.response is not None else IN_WORDS["approve"]
        case verdict:
            return IN_WORDS[verdict] + (f" ({', '.join(outcome.reasons)})" if outcome.reasons else "")
