"""The commands `curate show` and `curate pairs`: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath, find_recipe
from likeness.command import answer
from likeness.metrics.text import count_of

if TYPE_CHECKING:
    from curate.show.find import Wanted

Kind = Annotated[str | None, typer.Option("--kind", help="Only pairs of this kind.")]
Document = Annotated[str | None, typer.Option("--document", help="Only pairs of documents with this in their path.")]
Check = Annotated[str | None, typer.Option("--check", help="Only pairs in which this check found something.")]
State = Annotated[str | None, typer.Option("--state", help="Only kept, awaiting, disputed, rejected, left out or dropped pairs.")]
AtRandom = Annotated[bool, typer.Option("--random", help="In random order.")]
Worst = Annotated[bool, typer.Option("--worst", help="What the checks are least sure of first.")]


def show(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[PAIR|DOCUMENT]", help="A pair's id or its beginning, or a document's path or its end; without it, browse."
        ),
    ] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", help="Look in this recipe's build only.")] = None,
    kind: Kind = None,
    document: Document = None,
    check: Check = None,
    state: State = None,
    at_random: AtRandom = False,
    worst: Worst = False,
    limit: Annotated[int, typer.Option(min=1, help="How many pairs to show when browsing.")] = 5,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Show a pair or a document with all that is behind it; without a name, browse the newest build's pairs.

    Behind it are passage, quote, prompt, response, findings and what reviewers said of it. Of a document it shows the passages,
    and what was left out of the file and why.

    Example: curate show --check voice --worst
    """
    from curate.show.find import browse, find_document, find_pair
    from curate.show.terminal import print_pair, print_pairs

    file = recipe and find_recipe(recipe)
    wanted = _wanted(kind, document, check, state, at_random, worst)
    if name is not None:
        if wanted != _wanted():
            raise typer.BadParameter("a name and options that choose pairs exclude each other")
        if seen := find_document(name, file):
            from curate.preview.show import print_file

            answer(seen.as_dict()) if as_json else print_file(seen)
            return
        found = find_pair(name, file)
        answer(found) if as_json else print_pair(found)
        return
    rows = browse(file, wanted)
    if as_json:
        answer({"pairs": rows[:limit], "matching": len(rows)})
        return
    print_pairs(rows[:limit])
    shown = min(limit, len(rows))
    more = f"; --limit {len(rows)} shows all" if shown < len(rows) else ""
    print(f"{shown} of {count_of(len(rows), 'pair')}{more}.")
    if rows:
        print(f"With passage and prompt: curate show {rows[0]['id']}")


def pairs(
    recipe: RecipePath = HERE,
    kind: Kind = None,
    document: Document = None,
    check: Check = None,
    state: State = None,
    at_random: AtRandom = False,
    worst: Worst = False,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """List the newest build's pairs, a line each; with --json all that is known of each.

    Example: curate pairs my-voice/recipe.yaml --state dropped --json
    """
    from curate.show.find import browse
    from curate.show.terminal import pair_line

    rows = browse(recipe, _wanted(kind, document, check, state, at_random, worst))
    if as_json:
        answer({"pairs": rows, "matching": len(rows)})
        return
    for row in rows:
        print(pair_line(row))
    print(f"{count_of(len(rows), 'pair')}.")


def _wanted(
    kind: str | None = None,
    document: str | None = None,
    check: str | None = None,
    state: str | None = None,
    at_random: bool = False,
    worst: bool = False,
) -> Wanted:
    from curate.show.find import Wanted

    if at_random and worst:
        raise typer.BadParameter("--random and --worst exclude each other")
    return Wanted(kind, document, check, state, "random" if at_random else "worst" if worst else "as written")
