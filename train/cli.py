"""The command `train`: parse, call, print. Everything heavy is imported where it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recipes.command import answer, run_command, settle_libraries, tell_version

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="From a built dataset to a model that answers. Every command takes --debug for tracebacks.",
)

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, all else on standard error.")]


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Say it and leave.")] = False,
) -> None:
    """What can be said before a command."""


@app.command()
def run(recipe: RecipePath, as_json: Json = False) -> None:
    """Train an adapter on the newest dataset, ask the controlled questions, merge, and export a proven GGUF."""
    settle_libraries()
    from recipes.progress import Progress
    from train.run import train

    progress = Progress(to_stderr=as_json)
    try:
        made = train(recipe, progress)
    finally:
        progress.clear()
    if as_json:
        answer(made.as_dict())
        return
    if made.unchanged:
        print(f"Nothing has changed since run {made.folder.name}; nothing was done.")
    print(f"Run {made.folder.name} on dataset {made.dataset}: {made.verdict}")
    for reason in made.reasons:
        print(f"  {reason}")
    for name in made.gguf:
        path = made.folder / name
        print(f"  {_shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")
    print(f"  {_shown(made.folder / 'report.html')}\nTalk to it: train chat {made.folder.name}")


@app.command()
def runs(recipe: RecipePath, as_json: Json = False) -> None:
    """List a recipe's finished runs."""
    from train.runs import list_runs

    found = list_runs(recipe)
    if as_json:
        answer({"runs": found})
        return
    for entry in found:
        print(f"{entry['run']}  {entry['finished_at']}  dataset {entry['dataset']}  {entry['verdict']}  {entry['told']}")
    if not found:
        print("No run is finished yet.")


@app.command()
def chat(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id or folder, or a recipe for its newest run.")],
    question: Annotated[str | None, typer.Option("--question", "-q", help="Ask this alone and leave.")] = None,
    quant: Annotated[str | None, typer.Option(help="Which GGUF, such as q4_k_m; else the recipe's first.")] = None,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0, help="0 takes the likeliest word each time.")] = 0.5,
    as_json: Json = False,
) -> None:
    """Talk to a run's GGUF. Lines from standard input are asked one after another."""
    settle_libraries()
    from train.chat import Chat, find_run, talk

    conversation = Chat(find_run(run_name), quant, temperature)
    if as_json:
        reply = "".join(conversation.ask(question or typer.get_text_stream("stdin").read().strip()))
        answer({"file": str(conversation.file), "question": conversation.messages[-2]["content"], "answer": reply})
    elif question is not None:
        for piece in conversation.ask(question):
            print(piece, end="", flush=True)
        print()
    else:
        talk(conversation, lambda text: print(text, end="", flush=True))


def _shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """Entry point of the console command."""
    run_command(app)
