"""The command `curate`: parse, call, print. Everything heavy is imported where it is used."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curate.contrast.cli import HELP as CONTRAST_HELP
from curate.contrast.cli import app as contrast_app
from curate.contrast.cli import interview
from curate.pairwise.cli import judge
from curate.review.cli import HELP as REVIEW_HELP
from curate.review.cli import app as review_app
from likeness.arguments import HERE, BuildPlace, Json, RecipePath, Settings, asks, find_recipe
from likeness.command import Commands, answer, run_command, seconds_since_start, settle_libraries, tell_version
from likeness.metrics.text import count_of

if TYPE_CHECKING:
    from curate.model import Stage
    from curate.show import Wanted


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

app.add_typer(review_app, name="review", help=REVIEW_HELP)

app.add_typer(contrast_app, name="contrast", help=CONTRAST_HELP)
app.command()(interview)
app.command()(judge)

MOST_SHOWN = 12
"""Pairs of a sample that are printed."""


class Watch:
    """Tells a terminal or a log how a build goes."""

    def __init__(self, as_json: bool) -> None:
        from likeness.progress import Progress

        self._progress = Progress(to_stderr=as_json)
        self._started = False

    def stage_begins(self, name: str) -> None:
        if not self._started:
            self._started = True
            self.took("start", "libraries and the ledger", seconds_since_start())
        self._progress.begin(name)

    def took(self, name: str, what: str, seconds: float) -> None:
        """Say how long something took that is no step, where a person would notice: the times told are the time waited."""
        if seconds >= 0.1:
            self._progress.line(f"{name:<9} {what:<34} {seconds:>6.1f} s")

    def progress(self, done: int, total: int, usd: float = 0.0) -> None:
        self._progress.update(done, total, usd)

    def stage_ends(self, stage: Stage) -> None:
        self._progress.line(stage_line(stage))

    def note(self, text: str) -> None:
        self._progress.line(text)

    def agree(self, question: str) -> bool:
        """Ask the person at the terminal; where nobody is there, nobody agrees."""
        if not asks():
            return False
        self._progress.clear()
        return typer.confirm(f"{question}.\nGo on?", default=False, err=True)

    def close(self) -> None:
        self._progress.clear()


def stage_line(stage: Stage) -> str:
    """`screen    312 -> 297 rows   0.4 s   9 near duplicate · 6 too short`."""
    units = {
        "read": ("file", "text"),
        "cut": ("document", "passage"),
        "generate": ("request", "pair"),
        "contrast": ("term", "pair"),
    }.get(stage.name, ("pair", "pair"))
    flow = f"{count_of(stage.rows_in, units[0])} -> {count_of(stage.rows_out, units[1])}"
    why = " · ".join(f"{count} {reason}" for reason, count in sorted(stage.reasons.items(), key=lambda item: -item[1]))
    return f"{stage.name:<9} {flow:<34} {stage.seconds:>6.1f} s   {why}".rstrip()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that come before a command."""


@app.command()
def init(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The folder to make; the recipe takes its name.")] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILES|READY", help="Your files (a folder or a file), or a ready recipe such as voice/smollm2."
        ),
    ] = "starter",
    voice: Annotated[str | None, typer.Option(help="With your files: whose voice it is.")] = None,
    provider: Annotated[str, typer.Option(help="With your files: who writes, anthropic or llama-cpp.")] = "anthropic",
    model: Annotated[str | None, typer.Option(help="With your files: the writer's name, or for llama-cpp a .gguf file.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the ready recipes and exit.")] = False,
    as_json: Json = False,
) -> None:
    """Write a recipe to start from, in a folder of its own: over your files, or a copy of a ready one.

    A ready recipe's name means that recipe; where a folder here is called the same, write ./NAME for the folder.

    Example: curate init my-voice --from ~/notes --voice "Simon"
    """
    from curate.init.ready import ready_names, write_recipe

    if show:
        known = ready_names()
        if as_json:
            answer({"recipes": known})
        for each, about in () if as_json else known.items():
            print(f"{each:<22} {about}")
        return
    if name is None:
        raise typer.BadParameter("say what to call it: curate init my-voice")
    files = Path(source).expanduser()
    if source not in ready_names() and files.exists():
        _init_from_files(Path(name), files, voice, provider, model, as_json)
        return
    if source in ready_names() and (voice is not None or model is not None or provider != "anthropic"):
        raise typer.BadParameter("--voice, --provider and --model go with your own files: --from FOLDER")
    recipe = write_recipe(Path(name), source)
    if as_json:
        answer({"recipe": str(recipe)})
        return
    print(f"{recipe} is written.")
    if source == "starter":
        print(f"It builds without changes: curate build {shlex.quote(str(recipe))}")
    print("The comment at its head says what to change to make it yours.")


def _init_from_files(folder: Path, files: Path, voice: str | None, provider: str, model: str | None, as_json: bool) -> None:
    from curate.init.own_files import write_own_recipe

    if provider not in ("anthropic", "llama-cpp"):
        raise typer.BadParameter(f"--provider is anthropic or llama-cpp, and not {provider!r}")
    if not (voice or "").strip():
        raise typer.BadParameter('say whose voice it is: --voice "Simon"')
    made = write_own_recipe(folder, files, str(voice).strip(), provider, model)
    if as_json:
        answer(made.as_dict())
        return
    print("\n".join(made.lines()))
    print("Next:")
    if provider == "anthropic":
        print("  export ANTHROPIC_API_KEY=…")
    print(f"  curate plan {shlex.quote(str(made.recipe))}")


@app.command()
def plan(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    settings: Settings = None,
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
        _plan_in_detail(recipe, passages, samples, as_json)
        return
    found = look(recipe, settings or ())
    if as_json:
        answer(found)
    else:
        print("\n".join(plan_lines(found)))


def _plan_in_detail(recipe: Path, passages: bool, samples: bool, as_json: bool) -> None:
    """What was read, the voice samples, or both."""
    from curate.preview.preview import preview, samples_of
    from curate.preview.show import print_preview, samples_as_yaml, write_page
    from likeness.recipe.folders import BuildFolder
    from likeness.recipe.load import load_recipe

    found: dict[str, Any] = {}
    if passages:
        seen = preview(recipe)
        page = write_page(seen, BuildFolder.of(load_recipe(recipe)))
        found |= {"page": str(page)} | seen.as_dict()
        if not as_json:
            print_preview(seen)
            print(f"All of it on one page: {_shown(page)}")
    if samples:
        chosen = samples_of(recipe)
        found["samples"] = [{"document": path or None, "text": text} for path, text in chosen]
        if not as_json:
            print("# What prompts show of your writing. To fix the choice, put this into the recipe and change it.")
            print(samples_as_yaml(chosen))
    if as_json:
        answer(found)


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
            recipe, watch, sample=sample, wait=wait, agree=lambda question: yes or watch.agree(question), settings=settings or ()
        )
    finally:
        watch.close()
    if as_json:
        answer(made.as_dict())
        return
    from curate.show import pairs_named, print_pairs

    counts = ", ".join(f"{rows} {split}" for split, rows in made.counts.items())
    if made.unchanged:
        print(f"Nothing has changed since dataset {made.version} ({counts}); nothing was done.")
    else:
        print(f"Dataset {made.version}: {counts}; built in {seconds_since_start():.1f} s")
        print(_shown(made.folder.datasets / made.version))
        if made.usage.requests:
            print(f"{count_of(made.usage.requests, 'request')}, ${made.usage.usd:.4f}")
        shown = made.typical[:MOST_SHOWN]
        title = "Its pairs" if made.sample else "A typical pair" if len(shown) == 1 else f"{len(shown)} typical pairs"
        print(f"\n{title}:\n")
        print_pairs(pairs_named(made.folder, shown))
        if len(made.typical) > len(shown):
            print(f"and {len(made.typical) - len(shown)} more: curate pairs {shlex.quote(str(recipe))}\n")
    if not made.sample:
        print(f"Report: {_shown(made.folder.report / 'index.html')}")
    print(f"All of it: {_shown(made.folder.index)}")
    if made.next:
        print(f"Next ({made.next['text'].rstrip('.')}):\n  {made.next['command']}")


@app.command()
def status(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Show what has changed since a recipe's last build, what that made and what it cost.

    Example: curate status my-voice/recipe.yaml
    """
    from curate.select.mix import mix_lines
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
    print(f"{_shown(index)}\n")
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


Kind = Annotated[str | None, typer.Option("--kind", help="Only pairs of this kind.")]
Document = Annotated[str | None, typer.Option("--document", help="Only pairs of documents with this in their path.")]
Check = Annotated[str | None, typer.Option("--check", help="Only pairs in which this check found something.")]
State = Annotated[str | None, typer.Option("--state", help="Only kept, awaiting, disputed, rejected, left out or dropped pairs.")]
AtRandom = Annotated[bool, typer.Option("--random", help="In random order.")]
Worst = Annotated[bool, typer.Option("--worst", help="What the checks are least sure of first.")]


@app.command()
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
    from curate.show import browse, find_document, find_pair, print_pair, print_pairs

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
    from curate.control import propose

    file, counts = propose(recipe)
    if as_json:
        answer({"file": str(file), "questions": counts})
        return
    print(f"{file}: " + ", ".join(f"{number} {about}" for about, number in counts.items()))
    print("Look through it, rename it to control.yaml, and name it under `control:` in the recipe.")


@app.command()
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
    from curate.show import browse, pair_line

    rows = browse(recipe, _wanted(kind, document, check, state, at_random, worst))
    if as_json:
        answer({"pairs": rows, "matching": len(rows)})
        return
    for row in rows:
        print(pair_line(row))
    print(f"{count_of(len(rows), 'pair')}.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a recipe: all that it may say. Editors complete and check from it.

    Example: curate schema > recipe.schema.json
    """
    from likeness.recipe.schema import Recipe

    answer({"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema(by_alias=True))


def _wanted(
    kind: str | None = None,
    document: str | None = None,
    check: str | None = None,
    state: str | None = None,
    at_random: bool = False,
    worst: bool = False,
) -> Wanted:
    from curate.show import Wanted

    if at_random and worst:
        raise typer.BadParameter("--random and --worst exclude each other")
    return Wanted(kind, document, check, state, "random" if at_random else "worst" if worst else "as written")


def _stage(data: dict[str, Any]) -> Stage:
    from curate.model import Stage

    return Stage(**data)


def _shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """Entry point of the console command."""
    run_command(app)
