"""Pairs on a terminal: in full, in one line, and one with all that is behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def print_pairs(rows: Iterable[dict[str, Any]]) -> None:
    """Pairs in full, one after another: what was asked and answered, the quote, and what the checks said."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for row in rows:
        console.print(Text.assemble((row["id"], "bold"), f"  {row['document']}  ({row['state']})"))
        parts = [(f"{turn['role']}: ", "cyan", turn["content"]) for turn in row["prompt"]]
        parts.append(("answer: ", "green", row["response"]))
        quote = row["quote"] if "quote" in row else (row["evidence"] or {}).get("quote")
        if quote and quote not in row["response"]:
            parts.append(("from: ", "dim", f"“{quote}”"))
        parts += [(f"{finding['check']}: ", "yellow", finding["message"]) for finding in row["findings"]]
        for label, style, text in parts:
            for line in Text.assemble((label, style), text).wrap(console, max(20, console.width - 2)):
                line.rstrip()
                console.print(Text("  ") + line if line else "")
        console.print()


def pair_line(row: dict[str, Any]) -> str:
    """A pair in one line: id, state, question, and the checks that found something."""
    question = " ".join(row["prompt"][-1]["content"].split())
    question = question if len(question) <= 60 else question[:59] + "…"
    checks = ", ".join(dict.fromkeys(finding["check"] for finding in row["findings"]))
    return f"{row['id']:<32} {row['state']:<9} {question:<60} {checks}".rstrip()


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
        console.print(Panel(Text(review["instruction"]), title="user, as reviewers edited it", title_align="left"))
    console.print(Panel(Text(found["response"]), title="response", title_align="left"))
    if review["response"] is not None:
        console.print(Panel(Text(review["response"]), title="response, as reviewers edited it", title_align="left"))
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
    lines = [f"review: {review['summary']}{rating}"]
    lines += [f"  {said}" for said in review["decisions"]]
    lines += [f"  note: {review['note']}"] if review["note"] else []
    lines += [f"  rewritten in place of {review['replaces']}"] if review["replaces"] else []
    lines += [f"  rewritten as {review['replaced_by']}"] if review["replaced_by"] else []
    return lines
