"""A pair, and all that stands behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.ledger import Ledger
from recipes.errors import CallError
from recipes.folders import BuildFolder
from recipes.load import load_recipe


def find_pair(prefix: str, recipe_path: Path | None) -> dict[str, Any]:
    """The pair whose id begins with `prefix`, with passage, evidence, prompt and findings.

    Args:
        prefix: a pair's id or its beginning.
        recipe_path: the recipe in whose build to look; without it every build below this folder is searched.

    Raises:
        CallError: no pair, or more than one, begins so.
    """
    if recipe_path:
        ledgers = [BuildFolder.of(load_recipe(recipe_path).name).ledger]
    else:
        ledgers = sorted(Path("build").absolute().glob("*/ledger.db"))
    found: list[dict[str, Any]] = []
    for path in filter(Path.is_file, ledgers):
        ledger = Ledger(path)
        try:
            found += [_described(ledger, pair.id) for pair, _, _ in ledger.pairs_like(prefix)[:20]]
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


def _described(ledger: Ledger, identifier: str) -> dict[str, Any]:
    pair, state, build = ledger.pairs_like(identifier)[0]
    request = ledger.request(pair.request) if pair.request else None
    passage = ledger.passage_text(request["passage"]) if request and request["passage"] else None
    if passage is None and pair.evidence and (document := ledger.newest_document(pair.document)):
        start, end = max(0, pair.evidence.start - 600), min(len(document.text), pair.evidence.end + 600)
        passage = (document.path, start, end, document.text[start:end])
    return {
        "id": pair.id,
        "kind": pair.kind,
        "state": state,
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
    }


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
    for turn in found["prompt"]:
        console.print(Panel(Text(turn["content"]), title=turn["role"], title_align="left"))
    console.print(Panel(Text(found["response"]), title="response", title_align="left"))
    for finding in found["findings"]:
        console.print(f"{finding['check']} ({finding['severity']}): {finding['message']}", markup=False)
    if not found["findings"]:
        console.print("checks: nothing found")
    if request := found["request"]:
        task = request["user"].rpartition("</document>")[2].strip()
        console.print(Panel(Text(task), title=f"asked of the generator ({request['key'][:12]})", title_align="left"))
