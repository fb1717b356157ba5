"""The report as one HTML file that needs nothing beside it but the Data Docs it links to."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from curate.ledger import Ledger
from curate.report.advice import Advice, advice_on
from curate.report.figures import Figures, figures_of
from curate.words import count_of
from recipes.errors import CallError
from recipes.folders import BuildFolder, write_whole
from recipes.load import load_recipe

MOST_DOCUMENTS = 40
"""Documents on the map of coverage; of more, those that have the fewest pairs for their words."""


def report(recipe_path: Path) -> tuple[Path, Figures, list[Advice]]:
    """Write the report about a recipe's newest finished build, which its last one need not be. See `write_report`.

    Raises:
        CallError: the recipe is wrong, or nothing has been built yet.
        MachineError: the folder cannot be written to.
    """
    folder = BuildFolder.of(load_recipe(recipe_path).name)
    folder.dataset()  # says so where there is none
    ledger = Ledger(folder.ledger)
    try:
        newest = ledger.newest_build(finished=True)
        if newest is None:
            mend = f"Run this first: curate build {shlex.quote(str(recipe_path))}"
            raise CallError("no build has come to its end", where=str(folder.root), mend=mend)
        return write_report(recipe_path, folder, ledger, newest["id"], json.loads(newest["result"]))
    finally:
        ledger.close()


def write_report(
    recipe_path: Path, folder: BuildFolder, ledger: Ledger, build: int, result: dict[str, Any]
) -> tuple[Path, Figures, list[Advice]]:
    """Write `report/index.html` about a build.

    Args:
        recipe_path: the recipe's file, for the commands that the report proposes.
        folder: where the dataset lies and the report goes.
        ledger: the recipe's.
        build: the build's number there.
        result: what it came to, as `Build.as_dict` tells it.

    Returns:
        The file, its figures, and what it advises.

    Raises:
        CallError: the dataset is not there.
        MachineError: the folder cannot be written to.
    """
    figures = figures_of(folder, ledger, build, result)
    advice = advice_on(figures, shlex.quote(str(recipe_path)))
    index = folder.report / "index.html"
    write_whole(index, page(figures, advice, docs=(folder.report / "expectations" / "index.html").is_file()))
    return index, figures, advice


def page(figures: Figures, advice: list[Advice], *, docs: bool) -> str:
    """The page as HTML.

    Args:
        figures: what it shows.
        advice: what it says is to be done.
        docs: whether Data Docs lie beside it, to be linked.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from curate.report import pictures

    environment = Environment(
        loader=PackageLoader("curate"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    shown = [part.name for part in figures.coverage.documents if part.name in figures.passages][:MOST_DOCUMENTS]
    return environment.get_template("report.html.j2").render(
        figures=figures,
        result=figures.result,
        manifest=figures.version.manifest,
        advice=advice,
        docs=docs,
        pictures=pictures,
        flow=_flow(figures),
        costs=[(row["kind"], row["usd"], _cost(row)) for row in figures.result["mix"] if row["usd"]],
        map={path: figures.passages[path] for path in shown},
    )


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
