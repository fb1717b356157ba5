"""A pair, and all that stands behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.ledger import Ledger
from curate.model import Pair
from curate.review.decisions import IN_WORDS, Outcome, outcome_of
from curate.review.queue import review_of
from recipes.errors import CallError
from recipes.folders import BuildFolder
from recipes.load import load_recipe

GONE = "not in the newest build"


def find_pair(prefix: str, recipe_path: Path | None) -> dict[str, Any]:
    """The pair whose id begins with `prefix`, with passage, evidence, prompt, findings and what reviewers said of it.

    Args:
        prefix: a pair's id or its beginning.
        recipe_path: the recipe in whose build to look; without it every build below this folder is searched.

    Raises:
        CallError: no pair, or more than one, begins so.
    """
    recipe = load_recipe(recipe_path) if recipe_path else None
    if recipe:
        folders = [BuildFolder.of(recipe.name)]
    else:
        folders = [BuildFolder(path.parent) for path in sorted(Path("build").absolute().glob("*/ledger.db"))]
    found: list[dict[str, Any]] = []
    for folder in folders:
        if not folder.ledger.is_file():
            continue
        needed = review_of(recipe).min_submitted if recipe else _reviewers_needed(folder)
        ledger = Ledger(folder.ledger)
        try:
            found += [_described(ledger, pair.id, needed) for pair, _, _ in ledger.pairs_like(prefix)[:20]]
        finally:
            ledger.close()
    if len(found) == 1:
        return found[0]
    if not found:
        raise CallError(
            f"no pair's id begins with {prefix!r}",
            mend="Ids stand in the dataset's `id` column and in messages; call this from the folder that holds build/.",
        )
    ids = ", ".join(entry["id"] for entry in found[:8])
    raise CallError(f"{len(found)} pairs begin with {prefix!r}: {ids}", mend="Give more of the id.")


def _reviewers_needed(folder: BuildFolder) -> int:
    """Reviewers that each pair needs, as the newest dataset's recipe has it; 1 where there is none."""
    try:
        manifest = json.loads((folder.dataset() / "manifest.json").read_text(encoding="utf-8"))
    except (CallError, OSError):
        return 1
    return int((manifest["recipe"].get("review") or {}).get("min_submitted", 1))


def _described(ledger: Ledger, identifier: str, min_submitted: int) -> dict[str, Any]:
    pair, state, build = ledger.pairs_like(identifier)[0]
    newest = ledger.newest_pairs() or build  # a sample may be all there is
    request = ledger.request(pair.request) if pair.request else None
    passage = ledger.passage_text(request["passage"]) if request and request["passage"] else None
    if passage is None and pair.evidence and (document := ledger.newest_document(pair.document)):
        start, end = max(0, pair.evidence.start - 600), min(len(document.text), pair.evidence.end + 600)
        passage = (document.path, start, end, document.text[start:end])
    return {
        "id": pair.id,
        "kind": pair.kind,
        "state": GONE if build < newest else state,
        "document": pair.document,
        "prompt": [{"role": turn.role, "content": turn.content} for turn in pair.prompt],
        "response": pair.response,
        "evidence": {"start": pair.evidence.start, "end": pair.evidence.end, "quote": pair.evidence.quote}
        if pair.evidence
        else None,
        "passage": {"document": passage[0], "start": passage[1], "end": passage[2], "text": passage[3]} if passage else None,
        "findings": [
            {"check": f.check, "severity": f.severity, "score": f.score, "message": f.message}
            for f in ledger.findings_of(build, pair.id)
        ],
        "request": {"key": request["key"], **json.loads(request["body"])} if request else None,
        "review": _review(ledger, pair, state, newest, min_submitted),
    }


def _review(ledger: Ledger, pair: Pair, state: str, newest: int, min_submitted: int) -> dict[str, Any]:
    """What people said of a pair, and what that comes to. Texts are those that will be published, where mended."""
    decisions = ledger.decisions().get(pair.id, [])
    outcome = outcome_of(decisions, min_submitted)
    approved = outcome.state == "approve"
    return {
        "outcome": outcome.state,
        "told": _told(outcome, state, bool(decisions)),
        "instruction": outcome.instruction if approved else None,
        "response": outcome.response if approved else None,
        "reasons": list(outcome.reasons),
        "rating": outcome.rating,
        "never_say": list(outcome.never_say),
        "note": outcome.note,
        "decisions": [f"{IN_WORDS[decision.verdict]} by {decision.reviewer}" for decision in decisions],
        "replaces": pair.replaces,
        "replaced_by": next((id_ for id_, (other, _) in ledger.states_of(newest).items() if other.replaces == pair.id), None),
    }


def _told(outcome: Outcome, state: str, anybody: bool) -> str:
    """The outcome in words."""
    match outcome.state:
        case "awaiting" if anybody:
            return "awaits another reviewer"
        case "awaiting":
            return "awaits review" if state == "awaiting" else "nobody has reviewed it"
        case "disputed":
            return "reviewers disagree"
        case "approve":
            return "mended" if outcome.instruction is not None or outcome.response is not None else IN_WORDS["approve"]
        case verdict:
            return IN_WORDS[verdict] + (f" ({', '.join(outcome.reasons)})" if outcome.reasons else "")


def print_pair(found: dict[str, Any]) -> None:
    """The pair for a person: the passage with its quote marked, what was asked and answered, what the checks said."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"{found['id']}  ({found['kind']}, {found['state']})", style="bold"))
    if passage := found["passage"]:
        text = Text(passage["text"])
        if evidence := found["evidence"]:
            text.stylize("reverse", evidence["start"] - passage["start"], evidence["end"] - passage["start"])
        title = f"passage: {passage['document']}, characters {passage['start']} to {passage['end']}"
        console.print(Panel(text, title=title, title_align="left"))
    if evidence := found["evidence"]:
        console.print(Text(f"quote ({evidence['start']} to {evidence['end']}): {evidence['quote']}\n", style="italic"))
    review = found["review"]
    for turn in found["prompt"]:
        console.print(Panel(Text(turn["content"]), title=turn["role"], title_align="left"))
    if review["instruction"] is not None:
        console.print(Panel(Text(review["instruction"]), title="user, as reviewers mended it", title_align="left"))
    console.print(Panel(Text(found["response"]), title="response", title_align="left"))
    if review["response"] is not None:
        console.print(Panel(Text(review["response"]), title="response, as reviewers mended it", title_align="left"))
    for never in review["never_say"]:
        console.print(Panel(Text(never), title="what it must never say", title_align="left"))
    for line in _review_lines(review):
        console.print(line, markup=False)
    for finding in found["findings"]:
        console.print(f"{finding['check']} ({finding['severity']}): {finding['message']}", markup=False)
    if not found["findings"]:
        console.print("checks: nothing found")
    if request := found["request"]:
        task = request["user"].rpartition("</document>")[2].strip()
        console.print(Panel(Text(task), title=f"asked of the generator ({request['key'][:12]})", title_align="left"))


def _review_lines(review: dict[str, Any]) -> list[str]:
    rating = f"; sounds like me: {review['rating']:g} of 5" if review["rating"] else ""
    lines = [f"review: {review['told']}{rating}"]
    lines += [f"  {said}" for said in review["decisions"]]
    lines += [f"  note: {review['note']}"] if review["note"] else []
    lines += [f"  written anew in place of {review['replaces']}"] if review["replaces"] else []
    lines += [f"  written anew as {review['replaced_by']}"] if review["replaced_by"] else []
    return lines
