"""The command `curate`: parse, call, print. Everything heavy is imported where it is used."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from curate.contrast.cli import HELP as CONTRAST_HELP
from curate.contrast.cli import app as contrast_app
from curate.contrast.cli import interview
from curate.init.cli import init
from curate.pairwise.cli import judge
from curate.preview.cli import print_read
from curate.review.cli import HELP as REVIEW_HELP
from curate.review.cli import app as review_app
from curate.show.cli import pairs, show
from curate.watch import Watch, stage_line
from likeness.arguments import HERE, BuildPlace, Json, RecipePath, Settings, find_recipe, with_engine
from likeness.command import Commands, answer, run_command, seconds_since_start, settle_libraries, shown, tell_version
from likeness.metrics.text import count_of

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Turn your documents into a reviewed, validated dataset. Every command takes --debug, which shows tracebacks.

    Example: curate init my-voice && curate build my-voice/recipe.yaml
    """,
)

Engine = Annotated[
    str | None,
    typer.Option("--engine", metavar="here|processes|ray", help="Where steps run, in place of the recipe's `engine`."),
]

app.add_typer(review_app, name="review", help=REVIEW_HELP)

app.add_typer(contrast_app, name="contrast", help=CONTRAST_HELP)
app.command()(interview)
app.command()(judge)

MOST_SHOWN = 12
"""Pairs of a sample that are printed."""


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that come before a command."""


app.command()(init)


@app.command()
def plan(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    settings: Settings = None,
    engine: Engine = None,
    passages: Annotated[
        bool, typer.Option("--passages", help="Show what was read: the passages, and what is left out of each file.")
    ] = False,
    samples: Annotated[
        bool, typer.Option("--samples", help="Print the voice samples of the prompts, as the recipe can fix them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a build will ask, what it costs and how long it takes. Nothing is asked yet.

    It also says whether fine-tuning is the right tool for what the recipe is after.

    Example: curate plan my-voice/recipe.yaml --passages
    """
    from curate.plan import plan as look
    from curate.plan import plan_lines

    settle_libraries()
    if passages or samples:
        print_read(recipe, passages, samples, as_json)
        return
    found = look(recipe, with_engine(settings, engine))
    if as_json:
        answer(found)
    else:
        print("\n".join(plan_lines(found)))


@app.command()
def build(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Build this many passages only, end to end, to see what comes.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="With `mode: batch`, stay until the batches have ended.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Let decisions go whose documents are gone, without asking.")] = False,
    settings: Settings = None,
    engine: Engine = None,
    as_json: Json = False,
) -> None:
    """Build the dataset: read, cut, generate, screen, review, validate, publish.

    A build that was stopped goes on where it was; what has not changed is not done again.

    Example: curate build my-voice/recipe.yaml --sample 5
    """
    from curate.build import build as run

    settle_libraries()
    watch = Watch(as_json)
    try:
        made = run(
            recipe,
            watch,
            sample=sample,
            wait=wait,
            agree=lambda question: yes or watch.agree(question),
            settings=with_engine(settings, engine),
        )
    finally:
        watch.close()
    if as_json:
        answer(made.as_dict())
        return
    from curate.show.find import pairs_named
    from curate.show.terminal import print_pairs

    counts = ", ".join(f"{rows} {split}" for split, rows in made.counts.items())
    if made.unchanged:
        print(f"Nothing has changed since dataset {made.version} ({counts}); nothing was done.")
    else:
        print(f"Dataset {made.version}: {counts}; built in {seconds_since_start():.1f} s")
        print(shown(made.folder.datasets / made.version))
        if made.usage.requests:
            print(f"{count_of(made.usage.requests, 'request')}, ${made.usage.usd:.4f}")
        first = made.typical[:MOST_SHOWN]
        title = "Its pairs" if made.sample else "A typical pair" if len(first) == 1 else f"{len(first)} typical pairs"
        print(f"\n{title}:\n")
        print_pairs(pairs_named(made.folder, first))
        if len(made.typical) > len(first):
            print(f"and {len(made.typical) - len(first)} more: curate pairs {shlex.quote(str(recipe))}\n")
    if not made.sample:
        print(f"Report: {shown(made.folder.report / 'index.html')}")
    print(f"All of it: {shown(made.folder.index)}")
    if made.next:
        print(f"Next ({made.next['text'].rstrip('.')}):\n  {made.next['command']}")


@app.command()
def status(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Show what has changed since a recipe's last build, what that made and what it cost.

    Example: curate status my-voice/recipe.yaml
    """
    from curate.model import Stage
    from curate.select.mix import mix_lines
    from curate.status import status as look

    found = look(recipe)
    if as_json:
        answer(found)
        return
    print(f"{found['name']}: {found['state']}")
    if found["version"]:
        counts = ", ".join(f"{rows} {split}" for split, rows in found["counts"].items())
        print(f"newest dataset {found['version']}: {counts}\n{shown(Path(found['dataset']))}")
    for stage in found["stages"]:
        print("  " + stage_line(Stage(**stage)))
    if found["mix"]:
        print("\n".join(mix_lines(found["mix"])))
    if any(found["contrast"].values()):
        from curate.contrast.in_words import counts_line

        print(counts_line(found["contrast"]))
    if found["batches"]:
        batches = "1 batch" if found["batches"] == 1 else f"{found['batches']} batches"
        print(f"under way: {batches}, at most ${found['spent']['usd_under_way']:.4f}")
    spent = found["spent"]
    print(f"spent so far: {count_of(spent['requests'], 'request')}, ${spent['usd']:.4f}")
    if spent["usd_lost"]:
        print(f"and at most ${spent['usd_lost']:.4f} for answers that never arrived, which the budget counts")
    for run in found["runs"]:
        print(f"run {run}")


@app.command()
def report(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Write the report of the newest dataset: one HTML file with figures, the worst rows and what to do next.

    Example: curate report my-voice/recipe.yaml
    """
    from curate.report.advice import as_lines
    from curate.report.page import report as write

    settle_libraries()
    index, figures, advice = write(recipe)
    if as_json:
        answer({"report": str(index)} | figures.as_dict() | {"next": [each.as_dict() for each in advice]})
        return
    print(f"{shown(index)}\n")
    print("\n".join(as_lines(advice)))


@app.command()
def diff(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="The recipe's file or folder; the one here if left out.", show_default=False)
    ] = "",
    v1: Annotated[
        str | None, typer.Argument(metavar="V1", help="A version's name, number or beginning; the parent of V2 by default.")
    ] = None,
    v2: Annotated[str | None, typer.Argument(metavar="V2", help="Another version; the newest by default.")] = None,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Show what differs between two dataset versions, row by row, and why.

    Example: curate diff my-voice/recipe.yaml 001 002
    """
    from curate.diff.diff import difference
    from likeness.recipe.find import is_recipe_like

    if recipe and v2 is None and not is_recipe_like(recipe):  # only versions are said, of the recipe here
        recipe, v1, v2 = "", recipe, v1
    found = difference(find_recipe(Path(recipe)), v1, v2)
    if as_json:
        answer(found.as_dict())
        return
    from curate.diff.tables import print_difference

    print_difference(found)


app.command()(show)


control_app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None)
app.add_typer(control_app, name="control")


@control_app.callback()
def control() -> None:
    """Draft the controlled questions that every run is asked.

    Example: curate control propose my-voice/recipe.yaml
    """


@control_app.command("propose")
def propose_control(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Draft controlled questions from what the newest dataset holds out of training.

    They are written to control-proposed.yaml beside the recipe, for a person to look through.

    Example: curate control propose my-voice/recipe.yaml
    """
    from curate.control import next_step, propose
    from likeness.recipe.load import load_recipe

    file, counts = propose(recipe)
    if as_json:
        answer({"file": str(file), "questions": counts})
        return
    print(f"{file}: " + ", ".join(f"{number} {about}" for about, number in counts.items()))
    print(f"Look through it. {next_step(load_recipe(recipe).control)}")


app.command()(pairs)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a recipe: all that it may say. Editors complete and check from it.

    Example: curate schema > recipe.schema.json
    """
    from likeness.recipe.schema import Recipe

    answer({"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema(by_alias=True))


def main() -> None:
    """Entry point of the console command."""
    run_command(app)
