"""The report as one HTML file that needs nothing beside it but the Data Docs it links to."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from curate.ledger.ledger import Ledger
from curate.report.advice import Advice, advice_on
from curate.report.cards import cards_of
from curate.report.figures import Figures, figures_of
from curate.sources import SourceTexts
from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.metrics.text import count_of
from likeness.pages import environment
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe

LINKED = 6
"""Pairs that a piece of advice or an expectation links to."""

MOST_DOCUMENTS = 40
"""Documents on the map of coverage; of more, those that have the fewest pairs for their words."""


def report(recipe_path: Path) -> tuple[Path, Figures, list[Advice]]:
    """Write the report about a recipe's newest finished build, which its last one need not be. See `write_report`.

    Raises:
        CallError: the recipe is wrong, or nothing has been built yet.
        MachineError: the folder cannot be written to.
    """
    folder = BuildFolder.of(load_recipe(recipe_path))
    folder.dataset()  # says so where there is none
    ledger = Ledger(folder.ledger)
    try:
        newest = ledger.newest_build(finished=True)
        if newest is None:
            fix = f"Run this first: curate build {shlex.quote(str(recipe_path))}"
            raise CallError("no build has come to its end", where=str(folder.root), fix=fix)
        return write_report(recipe_path, folder, ledger, newest.id, newest.result or {})
    finally:
        ledger.close()


def write_report(
    recipe_path: Path,
    folder: BuildFolder,
    ledger: Ledger,
    build: int,
    result: dict[str, Any],
    texts: SourceTexts | None = None,
) -> tuple[Path, Figures, list[Advice]]:
    """Write `report/index.html` about a build.

    Args:
        recipe_path: the recipe's file, for the commands that the report proposes.
        folder: where the dataset is and the report goes.
        ledger: the recipe's.
        build: the build's number there.
        result: what it came to, as `Build.as_dict` tells it.
        texts: the build's documents, where they are at hand with what was learnt of their voice.

    Returns:
        The file, its figures, and what it advises.

    Raises:
        CallError: the dataset is not there.
        MachineError: the folder cannot be written to.
    """
    figures = figures_of(folder, ledger, build, result, texts)
    advice = advice_on(figures, shlex.quote(str(recipe_path)))
    index = folder.report / "index.html"
    write_atomic(index, page(figures, advice, docs=(folder.report / "expectations" / "index.html").is_file()))
    return index, figures, advice


def page(figures: Figures, advice: list[Advice], *, docs: bool) -> str:
    """The page as HTML.

    Args:
        figures: what it shows.
        advice: what it says is to be done.
        docs: whether Data Docs lie beside it, to be linked.
    """
    from curate.report import pictures

    shown = [part.name for part in figures.coverage.documents if part.name in figures.passages][:MOST_DOCUMENTS]
    checks = sorted(figures.result["checks"], key=lambda check: check["success"])
    named = [
        *figures.typical,
        *(pair for each in advice for pair in each.pairs[:LINKED]),
        *(row.pair for check in figures.checks for row in check.worst),
        *(pair for check in checks for pair in check["rows"][:LINKED]),
    ]
    cards = cards_of(named, figures)
    opened = {card.id: card for card in cards}
    habits = [habit for habit in figures.habits if habit.responses >= 0.05]  # shown with one decimal
    half = (len(figures.terms) + 1) // 2
    return str(
        environment("curate.report")
        .get_template("report.html.j2")
        .render(
            figures=figures,
            result=figures.result,
            manifest=figures.version.manifest,
            advice=advice,
            docs=docs,
            pictures=pictures,
            voice_picture=bool(figures.voice.judged),
            flow=_flow(figures),
            mix=sorted(figures.result["mix"], key=lambda row: row["kept"] / row["asked"] if row["asked"] else 1.0),
            costs=[(row["kind"], row["usd"], _cost(row)) for row in figures.result["mix"] if row["usd"]],
            terms=[part for part in (figures.terms[:half], figures.terms[half:]) if part],
            habits=sorted(habits, key=lambda habit: habit.yours - habit.responses),
            map={path: figures.passages[path] for path in shown},
            typical=[opened[each] for each in figures.typical],
            cards=cards,
            opened=opened,
            short_id=short_id,
            in_code=in_code,
        )
    )


def in_code(text: str) -> Markup:
    """Text for the page; what is between backticks is shown as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it is escaped


def short_id(identifier: str) -> str:
    """Enough of a pair's id to find it with `curate show`."""
    kind, _, digits = identifier.rpartition("-")
    return f"{kind}-{digits[:5]}" if kind else identifier[:16]


def _flow(figures: Figures) -> list[tuple[str, float, str]]:
    """Pairs from what was asked for to what was published."""
    mix, counts = figures.result["mix"], figures.result["counts"]
    steps = [
        ("asked for", sum(row["asked"] for row in mix)),
        ("written, with a quote that holds", sum(row["written"] for row in mix)),
        ("in the dataset", sum(rows for split, rows in counts.items() if split in ("train", "validation"))),
    ]
    return [(name, rows, count_of(rows, "pair")) for name, rows in steps if rows]


def _cost(row: dict[str, Any]) -> str:
    return f"${row['usd']:.2f}" + (f", ${row['usd_per_kept']:.4f} a kept pair" if row["kept"] else "")
