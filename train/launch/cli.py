"""The commands for a run on another machine: `train pack`, `unpack` and `launch`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath, Settings, asks
from likeness.command import INTERRUPTED, answer, say, settle_libraries, shown
from likeness.errors import CallError

if TYPE_CHECKING:
    from likeness.progress import Progress
    from train.launch.launch import Launched

KINDS = ("ssh", "hf-jobs", "skypilot")


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
    print(f"Run {folder.name} is home: {shown(folder / 'report.html')}")
    print(f"Talk to it: train chat {shlex.quote(str(shown(folder)))}")


def launch(
    recipe: RecipePath = HERE,
    host: Annotated[
        str | None, typer.Argument(metavar="HOST", show_default=False, help="Of `--on ssh`: as `ssh` knows it.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="ssh|hf-jobs|skypilot", help="Where; not needed to pick up what is under way.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="The machine, by its name there; the cheapest that fits by default.")
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option(min=0, help="Ceiling in US dollars: not begun above it, and stopped at it.")
    ] = None,
    usd_per_hour: Annotated[
        float | None, typer.Option(min=0, help="What an hour costs, where the provider does not say it.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only start it; the same command picks it up.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop what is under way, and tear the machine down.")] = False,
    train: Annotated[
        str, typer.Option(metavar="PATH", help="Of `--on ssh`: the command `train` there, or its environment.")
    ] = "",
    install: Annotated[
        bool, typer.Option("--install", help="Of `--on ssh`: make ~/.likeness/venv there, with this version.")
    ] = False,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A variable that goes over, such as HF_TOKEN; may be repeated.")
    ] = None,
    build_place: BuildPlace = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Make a run on another machine and bring it home; what is under way is picked up.

    A machine that the run fits on is chosen, and its price said before anything is started. Its log is shown here. Ctrl-C leaves
    the run running, or stops it. At the end the result is checked and the machine torn down.

    Example: train launch my-voice/recipe.yaml --on ssh gpu-box
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.launch.box import Target
    from train.launch.launch import launch as make_launch
    from train.launch.launch import stop as stop_launch

    if on is not None and on not in KINDS:
        raise CallError(f"is none of {', '.join(KINDS)}", where=f"--on {on}")
    target = Target(on, host or "", train, install, usd_per_hour, tuple(env or ())) if on else None
    with Progress(to_stderr=as_json) as progress:
        try:
            if stop:
                made = stop_launch(recipe, progress)
            else:
                made = make_launch(recipe, target, progress, settings or (), device=device, max_usd=max_usd, detach=detach)
        except KeyboardInterrupt:
            progress.clear()
            _after_interrupt(recipe, progress)
            raise SystemExit(INTERRUPTED) from None
    _tell(made, recipe, stop, as_json)
    if made.verdict == "failed":
        raise typer.Exit(1)


def _after_interrupt(recipe: Path, progress: Progress) -> None:
    """The run goes on there, unless the person who pressed Ctrl-C says otherwise."""
    from train.launch.launch import stop as stop_launch
    from train.launch.launch import under_way

    record = under_way(recipe)
    if record is None:
        say("stopped; nothing was started")
        return
    if asks() and typer.confirm("Stop the run there as well? No leaves it running.", default=False, err=True):
        stop_launch(recipe, progress)
        say("stopped, and the machine is torn down")
        return
    named = shlex.quote(str(recipe))
    say(f"the run goes on there; to pick it up: train launch {named}\nto stop it: train launch {named} --stop")


def _tell(made: Launched, recipe: Path, stopped: bool, as_json: bool) -> None:
    if as_json:
        answer(made.as_dict())
        return
    record, named = made.record, shlex.quote(str(recipe))
    if made.folder is None:
        if not stopped:
            print(f"It runs. To follow it and bring it home: train launch {named}\nTo stop it: train launch {named} --stop")
        elif record.over:
            print("It is stopped, and the machine is torn down.")
        return
    if made.unchanged:
        print(f"Nothing has changed since run {made.folder.name}; nothing was started.")
    else:
        cost = f", ${record.spent():.2f}" if record.usd_per_hour else ""
        print(f"Run {made.folder.name} is home and proven whole: {made.verdict} ({record.elapsed() / 60:.0f} min{cost})")
    print(f"Talk to it: train chat {shlex.quote(str(made.folder))}")
