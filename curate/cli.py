"""The command `curate`: parse, call, print. Everything heavy is imported where it is used."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curate.review.cli import app as review_app
from recipes.command import answer, run_command, settle_libraries, tell_version

if TYPE_CHECKING:
    from curate.model import Stage


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="From your documents to a reviewed, validated dataset. Every command takes --debug for tracebacks.",
)

app.add_typer(review_app, name="review", help="Review pairs in Argilla. `curate review RECIPE` is short for `… up RECIPE`.")

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, all else on standard error.")]


class Watch:
    """Tells a terminal or a log how a build goes."""

    def __init__(self, as_json: bool) -> None:
        from recipes.progress import Progress

        self._progress = Progress(to_stderr=as_json)

    def stage_begins(self, name: str) -> None:
        self._progress.begin(name)

    def progress(self, done: int, total: int, usd: float = 0.0) -> None:
        self._progress.update(done, total, usd)

    def stage_ends(self, stage: Stage) -> None:
        self._progress.line(stage_line(stage))

    def note(self, text: str) -> None:
        self._progress.line(text)

    def close(self) -> None:
        self._progress.clear()


def stage_line(stage: Stage) -> str:
    """`screen    312 -> 297 rows   0.4 s   9 near duplicate · 6 too short`."""
    units = {
        "read": ("files", "texts"),
        "cut": ("documents", "passages"),
        "generate": ("requests", "pairs"),
    }.get(stage.name, ("pairs", "pairs"))
    flow = f"{stage.rows_in:,} {units[0]} -> {stage.rows_out:,} {units[1]}"
    why = " · ".join(f"{count} {reason}" for reason, count in sorted(stage.reasons.items(), key=lambda item: -item[1]))
    return f"{stage.name:<9} {flow:<34} {stage.seconds:>6.1f} s   {why}".rstrip()


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Say it and leave.")] = False,
) -> None:
    """What can be said before a command."""


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="The folder to make; the recipe takes its name.")],
    as_json: Json = False,
) -> None:
    """Write a recipe that builds as it stands, with a document to replace by your own."""
    from curate.init import write_starter

    recipe = write_starter(Path(name))
    if as_json:
        answer({"recipe": str(recipe)})
    else:
        quoted = shlex.quote(str(recipe))
        print(f"{recipe} is written. It builds as it stands: curate build {quoted}")
        print("To make it yours, follow the three steps at its head: your documents, Claude, your questions.")


@app.command()
def plan(recipe: RecipePath, as_json: Json = False) -> None:
    """What a build will ask, cost and take, before anything is asked; and whether fine-tuning is the right tool."""
    from curate.plan import plan as look
    from curate.plan import told

    settle_libraries()
    found = look(recipe)
    if as_json:
        answer(found)
    else:
        print("\n".join(told(found)))


@app.command()
def build(
    recipe: RecipePath,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Build this many passages only, end to end, to see what comes.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="With `mode: batch`: stay until the batches have ended.")] = False,
    as_json: Json = False,
) -> None:
    """Build the dataset: read, cut, generate, screen, validate, publish. Run again, it goes on or does nothing."""
    from curate.build import build as run

    settle_libraries()
    watch = Watch(as_json)
    try:
        made = run(recipe, watch, sample=sample, wait=wait)
    finally:
        watch.close()
    if as_json:
        answer(made.as_dict())
        return
    counts = ", ".join(f"{rows} {split}" for split, rows in made.counts.items())
    if made.unchanged:
        print(f"Nothing has changed since dataset {made.version} ({counts}); nothing was done.")
    else:
        print(f"Dataset {made.version}: {counts}\n{_shown(made.folder.datasets / made.version)}")
        if made.usage.requests:
            print(f"{made.usage.requests} requests, ${made.usage.usd:.4f}")
        if made.sample:
            print("Look at its pairs with `curate show`; a build without --sample asks only for the rest.")


@app.command()
def status(recipe: RecipePath, as_json: Json = False) -> None:
    """Where a recipe stands: what has changed since its last build, what it made, what it cost."""
    from curate.generate.mix import mix_lines
    from curate.status import status as look

    found = look(recipe)
    if as_json:
        answer(found)
        return
    print(f"{found['name']}: {found['state']}")
    if found["version"]:
        counts = ", ".join(f"{rows} {split}" for split, rows in found["counts"].items())
        print(f"newest dataset {found['version']}: {counts}\n{_shown(Path(found['dataset']))}")
    for stage in found["stages"]:
        print("  " + stage_line(_stage(stage)))
    if found["mix"]:
        print("\n".join(mix_lines(found["mix"])))
    if found["batches"]:
        batches = "1 batch" if found["batches"] == 1 else f"{found['batches']} batches"
        print(f"under way: {batches}, at most ${found['spent']['usd_under_way']:.4f}")
    spent = found["spent"]
    print(f"spent so far: {spent['requests']} requests, ${spent['usd']:.4f}")
    if spent["usd_lost"]:
        print(f"and at most ${spent['usd_lost']:.4f} for answers that never arrived, which the budget counts")
    for run in found["runs"]:
        print(f"run {run}")


@app.command()
def report(recipe: RecipePath, as_json: Json = False) -> None:
    """Write the newest dataset's report, one HTML file: steps, checks with pictures, the worst rows, what to do next."""
    from curate.report.page import report as write

    settle_libraries()
    index, figures, advice = write(recipe)
    if as_json:
        told = [{"text": each.text, "command": each.command, "pairs": list(each.pairs)} for each in advice]
        answer({"report": str(index)} | figures.as_dict() | {"next": told})
        return
    print(f"{_shown(index)}\n")
    for number, each in enumerate(advice, 1):
        print(f"{number}. {each.text} {each.command}".rstrip())
        if each.pairs:
            print(f"   {each.rows}")


@app.command()
def diff(
    recipe: RecipePath,
    v1: Annotated[
        str | None, typer.Argument(metavar="[V1]", help="By name, number or how it begins; the parent where none is said.")
    ] = None,
    v2: Annotated[str | None, typer.Argument(metavar="[V2]", help="Likewise; the newest where none is said.")] = None,
    as_json: Json = False,
) -> None:
    """What differs between two dataset versions: rows and why, texts, terms, lengths, mix and gates, then and now."""
    from curate.diff.diff import difference

    found = difference(recipe, v1, v2)
    if as_json:
        answer(found.as_dict())
        return
    from curate.diff.tables import print_difference

    print_difference(found)


@app.command()
def show(
    pair: Annotated[str, typer.Argument(metavar="PAIR", help="A pair's id, or how it begins.")],
    recipe: Annotated[Path | None, typer.Option("--recipe", help="Look in this recipe's build only.")] = None,
    as_json: Json = False,
) -> None:
    """Show a pair with its passage, quote, prompt, response, checks and what reviewers said of it."""
    from curate.show import find_pair, print_pair

    found = find_pair(pair, recipe)
    if as_json:
        answer(found)
    else:
        print_pair(found)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a recipe, for editors and for reading."""
    from recipes.schema import Recipe

    answer({"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema(by_alias=True))


def _stage(data: dict[str, Any]) -> Stage:
    from curate.model import Stage

    return Stage(**data)


def _shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """Entry point of the console command."""
    run_command(app)
