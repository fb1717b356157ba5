"""A difference between two versions, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from curate.diff.diff import Came, Changed, Difference, Piece
from likeness.metrics.text import count_of

IDS = 6
TEXTS = 10
AROUND = 6
"""Words that are shown on either side of a change."""


def print_difference(found: Difference) -> None:
    """Rows first, with why; then what they come to."""
    console = Console(highlight=False)
    console.print(Text(f"{found.before} -> {found.after}", style="bold"))
    same = found.rows[1] - len(found.added) - len(found.changed)
    counts = f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed, {same} as they were"
    console.print(Text(f"{found.rows[0]} -> {found.rows[1]} rows: {counts}"))
    if found.asked_again:
        again = count_of(len(found.asked_again), "row")
        console.print(f"{again} of both versions: asked for again, the words are the same and the id is new")
    if found.moved:
        console.print(f"{count_of(len(found.moved), 'row')} of both versions: in another split now")
    for name, rows in (("added", found.added), ("removed", found.removed)):
        if rows:
            console.print(_by_reason(name, rows))
    _print_texts(console, found.changed)
    console.print(_kinds(found))
    if found.terms:
        console.print(_terms(found))
    if found.gates:
        console.print(_gates(found))


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _rows(table: Table, rows: Iterable[Sequence[str]]) -> Table:
    for row in rows:
        table.add_row(*map(Text, row))  # not as markup: documents may have brackets
    return table


def _by_reason(name: str, rows: Sequence[Came]) -> Table:
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        reasons.setdefault((row.why, row.detail.split(":")[0]), []).append(row.id)
    lines = [
        (str(len(ids)), f"{why} ({detail})" if detail else why, ", ".join(ids[:IDS]) + (" …" if len(ids) > IDS else ""))
        for (why, detail), ids in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]
    return _rows(_table(name, "why", "rows"), lines)


def _print_texts(console: Console, changed: Sequence[Changed]) -> None:
    for row in changed[:TEXTS]:
        console.print(Text(f"changed  {row.id}", style="bold"))
        for side in (row.instruction, row.response):
            if any(piece.sign != "=" for piece in side):
                console.print(marked(side))
    if len(changed) > TEXTS:
        console.print(f"and {len(changed) - TEXTS} more; --json has all of them")


def marked(side: Sequence[Piece]) -> Text:
    """The words that changed in brackets, [-removed-] and {+added+} as `git diff --word-diff` has them, with some around."""
    text = Text("  ")
    for number, piece in enumerate(side):
        match piece.sign:
            case "-":
                text.append(f"[-{piece.text}-] ", style="red")
            case "+":
                text.append(f"{{+{piece.text}+}} ", style="green")
            case "=":
                text.append(_middle_cut(piece.text, first=number == 0, last=number == len(side) - 1) + " ")
    return text


def _middle_cut(same: str, *, first: bool, last: bool) -> str:
    """What both texts have, as much of it as is beside a change."""
    words = same.split()
    before = [] if first else words[:AROUND]
    after = [] if last else words[-AROUND:]
    return same if len(words) <= len(before) + len(after) else " ".join([*before, "…", *after])


def _kinds(found: Difference) -> Table:
    table = _table("kind", "pairs", "share", "words (5, 50, 95 %)")
    return _rows(
        table,
        (
            (
                kind.kind,
                f"{kind.pairs[0]} -> {kind.pairs[1]}",
                f"{kind.shares[0]:.0%} -> {kind.shares[1]:.0%}",
                " -> ".join(f"{words[0]}, {words[2]}, {words[4]}" if words else "none" for words in kind.words),
            )
            for kind in found.kinds
        ),
    )


def _terms(found: Difference) -> Table:
    return _rows(
        _table("term", "share of answers"),
        ((term, f"{before:.1%} -> {after:.1%}") for term, (before, after) in found.terms.items()),
    )


def _gates(found: Difference) -> Table:
    said = {True: "holds", False: "does not hold", None: "not expected"}
    rows = []
    for gate in found.gates:
        arguments = ", ".join(f"{key} {value}" for key, value in gate.arguments.items())
        verdict = " -> ".join(dict.fromkeys(said[held] for held in gate.held))
        observed = " -> ".join(dict.fromkeys(each for each in gate.observed if each not in ("", "None")))
        rows.append((verdict, f"{gate.expectation} ({arguments})" + (f": {observed}" if observed else "")))
    return _rows(_table("gate", "expectation"), rows)
