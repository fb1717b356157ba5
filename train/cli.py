"""The command `train`: parse, call, print. Everything heavy is imported where it is used."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath, Settings
from likeness.command import Commands, answer, run_command, settle_libraries, shown, tell_version
from likeness.errors import CallError
from train.apps.cli import chat, push, quants, serve, verify_app
from train.compare.cli import blind, compare, sweep, trace
from train.launch.cli import launch, pack, unpack

if TYPE_CHECKING:
    from train.result import Run

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Turn a built dataset into a model that answers. Every command takes --debug, which shows tracebacks.

    Example: train run my-voice/recipe.yaml && train chat my-voice/recipe.yaml
    """,
)

SHOWN_ROWS = 5


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that come before a command."""


@app.command()
def run(recipe: RecipePath = HERE, build_place: BuildPlace = None, settings: Settings = None, as_json: Json = False) -> None:
    """Train an adapter on the newest dataset, ask the controlled questions, merge, and export a proven GGUF.

    A run that was stopped goes on where it was. Where a file that the recipe asks for fails its checks, the run is kept and
    the command exits with 1. In place of a recipe it takes a file of `train pack`, and leaves one for `train unpack`.

    Example: train run my-voice/recipe.yaml
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.pack import SUFFIX
    from train.run import train

    if recipe.suffix == SUFFIX:
        _run_packed(recipe, settings, as_json)
        return
    with Progress(to_stderr=as_json) as progress:
        made = train(recipe, progress, settings or ())
    _end(made, as_json)


def _run_packed(file: Path, settings: list[str] | None, as_json: bool) -> None:
    from likeness.progress import Progress
    from train.pack import run_packed

    if settings:
        raise CallError("a packed run is sealed: --set belongs to `train pack`", where=str(file))
    with Progress(to_stderr=as_json) as progress:
        packed = run_packed(file, progress)
    facts = packed.facts
    if as_json:
        answer(packed.as_dict())
    else:
        print(f"Run {facts['run']} on dataset {facts['dataset']}: {facts['verdict']}")
        for reason in facts["reasons"]:
            print(f"  {reason}")
        print(f"  {packed.file}")
        print(f"Nothing else of it is left here. At home: train unpack {packed.file.name} RECIPE")
    if facts["verdict"] == "failed":
        raise typer.Exit(1)


def _end(made: Run, as_json: bool) -> None:
    """Say what a run came to; a failed one ends the command with 1."""
    if as_json:
        answer(made.as_dict())
    else:
        _tell_run(made)
    if made.verdict == "failed":
        raise typer.Exit(1)


def _tell_run(made: Run) -> None:
    if made.unchanged:
        print(f"Nothing has changed since run {made.folder.name}; nothing was done.")
    print(f"Run {made.folder.name} on dataset {made.dataset}: {made.verdict}")
    if made.verdict == "joined":
        print("  This machine has computed its share; the first one goes on.")
        return
    for reason in made.reasons:
        print(f"  {reason}")
    for name in made.gguf:
        path = made.folder / name
        print(f"  {shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")
    print(f"  {shown(made.folder / 'report.html')}")
    if made.hosted:
        print(f"The host serves it as {made.hosted}")
    else:
        print(f"Talk to it: train chat {shlex.quote(str(shown(made.folder)))}")
    if made.verdict == "failed":
        print(f"The rows behind it: train trace {shlex.quote(str(shown(made.folder)))}")


@app.command()
def merge(recipe: RecipePath = HERE, build_place: BuildPlace = None, settings: Settings = None, as_json: Json = False) -> None:
    """Merge a trained adapter into its base, as a model folder for other programs. Nothing is trained.

    Example: train merge my-voice/recipe.yaml
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.again import merge_again

    with Progress(to_stderr=as_json) as progress:
        merged = merge_again(recipe, progress, settings or ())
    if as_json:
        answer({"merged": str(merged)})
    else:
        print(f"merged: {shown(merged)}")


@app.command()
def export(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    quant: Annotated[
        list[str] | None, typer.Option(help="A file to make, such as q6_k, in place of the recipe's; may be repeated.")
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Make the files of a trained run again, such as other quantizations, and prove and measure them. Nothing is trained.

    Example: train export my-voice/recipe.yaml --quant q6_k --quant q4_k_m
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.again import export_again

    wanted = [f"export.gguf=[{', '.join(quant)}]"] if quant else []
    with Progress(to_stderr=as_json) as progress:
        made = export_again(recipe, progress, [*(settings or ()), *wanted])
    _end(made, as_json)


app.command()(pack)
app.command()(unpack)
app.command()(launch)


@app.command()
def plan(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    show_rows: Annotated[
        bool, typer.Option("--show-rows", help="Show rows: what the model reads and what it learns to write.")
    ] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all rows in colour to a page.")] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DEVICE", help='Only devices whose name contains this, such as "4090" or "here".')
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Check everything that a run needs, and say what it would do and need: memory, time and price. Nothing is trained.

    Example: train plan recipes/demo/recipe.yaml --show-rows
    """
    settle_libraries()
    from likeness.files import write_atomic
    from likeness.progress import Progress
    from train.job import is_hosted

    if is_hosted(recipe, settings or ()):
        from train.hosted.plan import plan_hosted

        hosted = plan_hosted(recipe, settings or ())
        _tell_plan(hosted.as_dict(), hosted.lines(), as_json)
        return
    from train.plan import plan as make_plan
    from train.show_rows import as_html, on_terminal

    with Progress(to_stderr=as_json) as progress:
        made = make_plan(recipe, progress, settings or (), on)
    rows, tokenizer, stop = made.prepared.rows, made.prepared.tokenizer, made.prepared.template.stop
    if html is not None:
        title = f"Rows of dataset {made.dataset} for {made.base_model}"
        write_atomic(html, as_html([*rows.train, *rows.validation], tokenizer, stop, title))
    _tell_plan(made.as_dict(), made.lines(), as_json)
    if show_rows and not as_json:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=True)
        for text in on_terminal(rows.train[:SHOWN_ROWS], tokenizer, stop, console.color_system is not None):
            console.print(text)
        if len(rows.train) > SHOWN_ROWS:
            print(f"… and {len(rows.train) - SHOWN_ROWS} more; --html FILE writes them all.")


def _tell_plan(facts: dict[str, Any], lines: list[str], as_json: bool) -> None:
    if as_json:
        answer(facts)
        return
    for line in lines:
        print(line)


@app.command()
def runs(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """List a recipe's finished runs.

    Example: train runs my-voice/recipe.yaml
    """
    from train.runs import list_runs

    found = list_runs(recipe)
    if as_json:
        answer({"runs": found})
        return
    for entry in found:
        if entry["verdict"] == "damaged":
            print(f"{entry['run']}  {entry['verdict']}: {entry['summary']}")
            continue
        print(f"{entry['run']}  {entry['finished_at']}  dataset {entry['dataset']}  {entry['verdict']}  {entry['summary']}")
    if not found:
        print("No run is finished yet.")


@app.command()
def triage(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    most_unknown: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 1 if more than this share of the rows is unknown, such as 0.05.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the base every fact that the rows claim, before training: known, unsure or unknown.

    Example: train triage my-voice/recipe.yaml --most-unknown 0.05
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.triage import triage as ask_claims

    with Progress(to_stderr=as_json) as progress:
        found = ask_claims(recipe, progress)
    if as_json:
        answer(found.as_dict())
    else:
        for line in found.lines():
            print(line)
    if most_unknown is not None and found.unknown_share > most_unknown:
        raise typer.Exit(1)


app.command()(compare)
app.command()(sweep)
app.command()(blind)
app.command()(trace)
app.command()(chat)
app.command()(serve)


@app.command()
def configs(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder to write; configs/ in the build by default.")] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Write the recipe's training as configurations of Axolotl, LLaMA-Factory, trl, mlx-lm and AutoTrain.

    Example: train configs my-voice/recipe.yaml && axolotl train my-voice/build/my-voice/configs/axolotl.yaml
    """
    settle_libraries()
    from train.configs import write_configs
    from train.trainers import TRAINERS

    folder = write_configs(recipe, settings or [], to)
    files = {name: folder / f"{name}.yaml" for name in TRAINERS}
    if as_json:
        answer({"configs": {name: str(file) for name, file in files.items()}})
        return
    for name, (command, _) in TRAINERS.items():
        print(f"{command} {shlex.quote(str(shown(files[name])))}")


app.command()(push)
app.command()(quants)
app.command("verify-app")(verify_app)


def main() -> None:
    """Entry point of the console command."""
    run_command(app)
