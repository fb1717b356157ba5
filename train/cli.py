"""The command `train`: parse, call, print. Everything heavy is imported where it is used."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath, Settings
from likeness.command import Commands, answer, run_command, settle_libraries, tell_version
from likeness.errors import CallError
from train.launch.cli import launch

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

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        show_default=False,
        help="A run's id or folder, or a recipe's file or folder for its newest run; else the newest run of the recipe here.",
    ),
]
Quant = Annotated[str | None, typer.Option(help="Which GGUF file, such as q4_k_m; the recipe's first by default.")]
LooksUp = Annotated[
    bool, typer.Option("--knowledge/--no-knowledge", help="Look facts up in the passages shipped with the model, if any are.")
]


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
        print(f"Run {facts['run']} on dataset {facts['dataset']}: {facts['verdict']}\n  {packed.file}")
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
    for reason in made.reasons:
        print(f"  {reason}")
    for name in made.gguf:
        path = made.folder / name
        print(f"  {_shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")
    print(f"  {_shown(made.folder / 'report.html')}\nTalk to it: train chat {shlex.quote(str(_shown(made.folder)))}")
    if made.verdict == "failed":
        print(f"The rows behind it: train trace {shlex.quote(str(_shown(made.folder)))}")


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
        print(f"merged: {_shown(merged)}")


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


@app.command()
def pack(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write; NAME.pack here by default.")] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Seal all that a run needs into one file for another machine: dataset and settings, no documents and no keys.

    Example: train pack my-voice/recipe.yaml && scp my-voice.pack box: && ssh box train run my-voice.pack
    """
    settle_libraries()
    from train.pack import pack as make_pack

    packed = make_pack(recipe, settings or (), to)
    if as_json:
        answer(packed.as_dict())
        return
    facts = packed.facts
    print(f"{packed.file} ({packed.file.stat().st_size / 1e3:,.0f} kB): dataset {facts['dataset']}, {facts['base']['name']}")
    print(f"{facts['forecast']['rows']:,} rows, {facts['forecast']['steps']:,} steps at most")
    if fitting := [each for each in facts["forecast"]["devices"] or [] if each["fits"]]:
        least = min(fitting, key=lambda each: each["usd"])
        print(f"cheapest listed card that fits: {least['device']}, {least['usd']:.2f} USD ({least['price']}, to be checked)")
    print(f"On the box: train run {packed.file.name}")


@app.command()
def unpack(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The file that `train run FILE.pack` left.")],
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Bring a run home that was made from a packed file, once every file of it is proven whole.

    Example: train unpack my-voice.result my-voice/recipe.yaml
    """
    settle_libraries()
    from train.pack import unpack as bring_home

    folder = bring_home(result, recipe)
    if as_json:
        answer({"run": str(folder)})
        return
    print(f"Run {folder.name} is home: {_shown(folder / 'report.html')}")
    print(f"Talk to it: train chat {shlex.quote(str(_shown(folder)))}")


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
    from train.plan import plan as make_plan
    from train.show_rows import as_html, on_terminal

    with Progress(to_stderr=as_json) as progress:
        made = make_plan(recipe, progress, settings or (), on)
    rows, tokenizer, stop = made.prepared.rows, made.prepared.tokenizer, made.prepared.template.stop
    if html is not None:
        title = f"Rows of dataset {made.dataset} for {made.base_model}"
        write_atomic(html, as_html([*rows.train, *rows.validation], tokenizer, stop, title))
    if as_json:
        answer(made.as_dict())
        return
    for line in made.lines():
        print(line)
    if show_rows:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=True)
        for text in on_terminal(rows.train[:SHOWN_ROWS], tokenizer, stop, console.color_system is not None):
            console.print(text)
        if len(rows.train) > SHOWN_ROWS:
            print(f"… and {len(rows.train) - SHOWN_ROWS} more; --html FILE writes them all.")


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


@app.command()
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
    from train.runs import find_run, list_runs, recipe_named

    settle_libraries()
    folders: list[Path] = []
    for name in run_names:
        recipe = recipe_named(name)
        folders += [Path(each["folder"]) for each in list_runs(recipe)] if recipe else [find_run(name)]
    if not folders:
        raise CallError("no run is finished yet", fix="Run `train run RECIPE` first.")
    views, page = make_comparison(folders)
    if as_json:
        answer(as_dict(views) | {"page": str(page)})
        return
    for line in lines(views):
        print(line)
    print(_shown(page))


@app.command()
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
            print(_shown(page))
    if any(each.run is None or each.run.verdict == "failed" for each in made):
        raise typer.Exit(1)


@app.command()
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
            print(f"{_shown(page)}\nMail it to friends; add up what comes back with `train blind RUN --results FILE`.")
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


@app.command()
def trace(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id or folder, or a recipe for its newest run.")],
    probe: Annotated[list[str] | None, typer.Option(help="Only this probe, alarm or not; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Show the bad answers of a run, the rows that may have taught them, and a command for each.

    Example: train trace my-voice/recipe.yaml --probe echo
    """
    from train.runs import find_run, recipe_named
    from train.trace import lines
    from train.trace import trace as find_rows

    folder = find_run(run_name)
    found = find_rows(folder, str(recipe_named(run_name) or "RECIPE"), probe or [])
    if as_json:
        answer({"run": str(folder), "probes": found})
        return
    for line in lines(found):
        print(line)


@app.command()
def chat(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    question: Annotated[str | None, typer.Option("--question", "-q", help="Ask only this, then exit.")] = None,
    quant: Quant = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, max=2.0, help="In place of the recipe's; 0 takes the likeliest word each time.")
    ] = None,
    knowledge: LooksUp = True,
    as_json: Json = False,
) -> None:
    """Talk to a run's GGUF file. Lines from standard input are asked one after another.

    Example: train chat my-voice/recipe.yaml
    """
    settle_libraries()
    from train.chat import Chat, Speaker, talk
    from train.runs import find_run

    with Speaker(find_run(run_name), quant, temperature, knowledge=knowledge) as speaker:
        conversation = Chat(speaker)
        if as_json:
            reply = "".join(conversation.ask(question or typer.get_text_stream("stdin").read().strip()))
            answer(
                {
                    "file": str(speaker.file),
                    "question": conversation.messages[-2]["content"],
                    "answer": reply,
                    "passages": conversation.passages,
                }
            )
        elif question is not None:
            for piece in conversation.ask(question):
                print(piece, end="", flush=True)
            print()
        else:
            talk(conversation, lambda text: print(text, end="", flush=True))


@app.command()
def serve(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes any port that is free.")] = 8383,
    quant: Quant = None,
    knowledge: LooksUp = True,
    as_json: Json = False,
) -> None:
    """Serve a run's GGUF file to programs that speak OpenAI's API, and as a chat page, on this machine only, until Ctrl-C.

    Example: train serve my-voice/recipe.yaml --port 8383
    """
    import os
    import signal

    settle_libraries()
    from train.chat import Speaker
    from train.runs import find_run
    from train.serve import Server

    with Speaker(find_run(run_name), quant, knowledge=knowledge) as speaker, Server(speaker, port) as server:
        for stops in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stops, signal.default_int_handler)
        where = {"url": server.url, "api": f"{server.url}/v1", "model": server.name, "pid": os.getpid()}
        try:
            if as_json:
                answer(where | {"file": str(speaker.file)})
            else:
                print(f"{speaker.file.name}: talk to it at {server.url}", flush=True)
                print(f"Programs: base URL {server.url}/v1, any key. Ctrl-C ends it.", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


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
        print(f"{command} {shlex.quote(str(_shown(files[name])))}")


@app.command()
def push(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    to: Annotated[str, typer.Option(metavar="OWNER/NAME", help="Whose repositories, and what they are called.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this: dataset, adapter, merged or gguf; may be repeated.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see what is made; else only you.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send it. Without this, all that would be sent is listed.")] = False,
    as_json: Json = False,
) -> None:
    """List what of a run would go to the Hugging Face hub, or send it: dataset, adapter, merged model, GGUF, with cards.

    Example: train push my-voice/recipe.yaml --to ann/my-voice --only gguf
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.push import plan_push
    from train.push import push as send
    from train.runs import find_run

    repositories = plan_push(find_run(run_name), to, only or [])
    urls = []
    if yes:
        with Progress(to_stderr=as_json) as progress:
            urls = send(repositories, public=public, watch=progress)
    if as_json:
        answer({"sent": yes, "repositories": [each.as_dict() for each in repositories], "urls": urls})
    elif not yes:
        print("\n".join(line for each in repositories for line in each.lines()))
        print(f"Nothing was sent. With --yes it is, {'for everybody to see' if public else 'private'}.")


@app.command()
def quants(run_name: RunName = ".", build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Measure which exported file keeps the voice: KL, likeness and invention of each, and the smallest within the noise.

    Example: train export my-voice/recipe.yaml --quant q8_0 --quant q4_k_m && train quants my-voice/recipe.yaml
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.quants import measure_quants
    from train.runs import find_run

    with Progress(to_stderr=as_json) as progress:
        made = measure_quants(find_run(run_name), progress)
    if as_json:
        answer(made.as_dict())
    else:
        print("\n".join(made.lines()))


@app.command("verify-app")
def verify_app(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    ollama: Annotated[str | None, typer.Option(metavar="URL", help="Ask Ollama, such as http://127.0.0.1:11434.")] = None,
    lm_studio: Annotated[str | None, typer.Option(metavar="URL", help="Ask LM Studio, such as http://127.0.0.1:1234.")] = None,
    llama_server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask a llama.cpp server that runs, such as http://127.0.0.1:8080.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="What the app calls the model; the exported name by default.")] = None,
    quant: Quant = None,
    as_json: Json = False,
) -> None:
    """Prove a run's file inside the apps: the same prompts, tokens and greedy replies as proven, or the fault and its cure.

    With no app named, llama.cpp's own server is started here for it.

    Example: train verify-app my-voice/recipe.yaml --ollama http://127.0.0.1:11434
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.apps.verify import Addresses, verify_apps
    from train.runs import find_run

    addresses = Addresses(ollama, lm_studio, llama_server)
    with Progress(to_stderr=as_json) as progress:
        proofs = verify_apps(find_run(run_name), quant, addresses, model, progress)
    if as_json:
        answer({"apps": [proof.as_dict() for proof in proofs]})
    else:
        print("\n".join(line for proof in proofs for line in proof.lines()))
    if not all(proof.passed for proof in proofs):
        raise typer.Exit(1)


def _shown(path: Path) -> Path:
    """A path, relative to the working folder where it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """Entry point of the console command."""
    run_command(app)
