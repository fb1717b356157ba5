"""Rows that strangers wrote for a check, that were measured as unseen, and have been read since: they count as seen."""

from __future__ import annotations

import json
from pathlib import Path

from curate.check import Given, check_named
from curate.model import Document, Evidence, Pair, Passage, Turn
from curate.sources import SourceTexts
from likeness.recipe.screen import Screen

LABELLED = Path(__file__).with_name("planted") / "labelled"


def _pair(name: str, row: dict[str, str], passage: str) -> Pair:
    evidence = Evidence("d.md", 0, len(passage), passage) if passage else None
    return Pair(name, "question_answer", (Turn("user", row["instruction"]),), row["response"], "d.md", evidence)


def _sources(row: dict[str, str], passage: str) -> SourceTexts:
    documents = {"d.md": Document("d.md", "", passage, "own")} if passage else {}
    passages = {"d.md": [Passage("d.md", 0, len(passage), passage)]} if passage else {}
    return SourceTexts(documents, passages, control=[row["control"]] if "control" in row else [])


def judged(check: str) -> list[tuple[bool, bool]]:
    """Of each row of a check whether there is something to find, and whether it is found."""
    rows = [json.loads(line) for line in (LABELLED / f"{check}.jsonl").read_text(encoding="utf-8").splitlines()]
    find = check_named(check).find
    assert find is not None
    found = []
    for row in rows:
        passage = row.get("passage", "")
        pairs = [_pair(side, row[side], "") for side in ("a", "b")] if "a" in row else [_pair("a", row, passage)]
        found.append((row["label"], bool(list(find(Given(pairs, _sources(row, passage), Screen()))))))
    return found


def counts(check: str) -> dict[str, int]:
    """Of a check's rows, how many are found rightly, found, bad, and there."""
    made = judged(check)
    right = sum(bad and found for bad, found in made)
    return {"right": right, "found": sum(found for _, found in made), "bad": sum(bad for bad, _ in made), "rows": len(made)}


CHECKS = sorted(path.stem for path in LABELLED.glob("*.jsonl"))
