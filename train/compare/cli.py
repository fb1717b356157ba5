"""The commands that judge runs: `train compare`, `sweep`, `blind` and `trace`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath, Settings
from likeness.command import answer, settle_libraries, shown
from likeness.errors import CallError


def compare(
    run_names: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Runs by id or folder; a recipe stands for all of its runs.")
    ],
    as_json: Json = False,
) -> None:
    """Compare runs: what differs, what got better or worse, which layer earned it, every answer side by side.

    Example: train compare 001-1f0e9a2c 002-77b1c003
    """
    from train.compare.compare import as_dict, lines
    from train.compare.compare import compare as make_comparison
    from train.runs import find_run, recipe_named, runs_of

    settle_libraries()
    folders: list[Path] = []
    for name in run_names:
        recipe = recipe_named(name)
        folders += runs_of(recipe) if recipe else [find_run(name)]
    views, page = make_comparison(folders)
    if as_json:
        answer(as_dict(views) | {"page": str(page)})
        return
    for line in lines(views):
        print(line)
    print(shown(page))


def sweep(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    vary: Annotated[
        list[str] | None, typer.Option(metavar="KEY=A,B", help="A key under `train` and its values; may be repeated.")
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train a run for each value of a key, one after another, and compare them. A call that was stopped goes on where it was.

    Example: train sweep my-voice/recipe.yaml --vary train.sft.epochs=2,3
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.compare.compare import as_dict, lines
    from train.compare.compare import compare as make_comparison
    from train.sweep import sweep as make_runs

    if not vary:
        raise CallError("nothing is to vary", where="--vary", fix="Such as --vary train.sft.epochs=2,3")
    with Progress(to_stderr=as_json) as progress:
        made = make_runs(recipe, vary, progress, settings or ())
    folders = [each.run.folder for each in made if each.run]
    views, page = make_comparison(folders) if len(folders) > 1 else ([], None)
    if as_json:
        answer(
            {"variants": [each.as_dict() for each in made], "comparison": as_dict(views) | {"page": str(page)} if page else None}
        )
    else:
        for line in [*map(str, made), *(lines(views) if page else [])]:
            print(line)
        if page:
            print(shown(page))
    if any(each.run is None or each.run.verdict == "failed" for each in made):
        raise typer.Exit(1)


def blind(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id or folder, or a recipe for its newest run.")],
    results: Annotated[
        list[Path] | None, typer.Option(help="A result file that came back, or a folder of them; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the blind test as one page to mail to friends; with results, add them up.

    Example: train blind my-voice/recipe.yaml --results blind-Ann.json --results blind-Bo.json
    """
    from train.blind import add_up, lines, write_page
    from train.compare.runs import read_runs
    from train.runs import find_run

    settle_libraries()
    (view,) = read_runs([find_run(run_name)])
    if not results:
        page = write_page(view)
        if as_json:
            answer({"page": str(page)})
        else:
            print(f"{shown(page)}\nMail it to friends; add up what comes back with `train blind RUN --results FILE`.")
            print("Or let them rank the answers in Argilla: `curate review blind RECIPE`.")
        return
    found = add_up(view, results)
    if as_json:
        import json
        from dataclasses import asdict

        answer(json.loads(json.dumps(found, default=asdict)))
        return
    for line in lines(found):
        print(line)


def trace(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id or folder, or a recipe for its newest run.")],
    probe: Annotated[list[str] | None, typer.Option(help="Only this probe, alarm or not; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Show the bad answers of a run, the rows that may have taught them, and a command for each.

    Example: train trace my-voice/recipe.yaml --probe echo
    """
    from train.runs import find_run, recipe_behind, recipe_named
    from train.trace import lines
    from train.trace import trace as find_rows

    folder = find_run(run_name)
    found = find_rows(folder, str(recipe_named(run_name) or recipe_behind(folder) or "RECIPE"), probe or [])
    if as_json:
        answer({"run": str(folder), "probes": found})
        return
    for line in lines(found):
        print(line)
