"""The command `curate init`: parse, call, print."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from likeness.arguments import Json
from likeness.command import answer


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
    model: Annotated[
        str | None,
        typer.Option(help="With your files: the writer's name; for llama-cpp a .gguf file, or builtin:smollm2-135m to try."),
    ] = None,
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
