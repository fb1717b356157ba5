"""Arguments that commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from likeness.command import JSON_HELP

HERE = Path()


class RecipeFirst(TyperCommand):
    """A command whose recipe comes before other words, and may be left out: then it is the one here."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the recipe here before the words, where none of them is a recipe."""
        from likeness.recipe.find import is_recipe_like

        if args and "--help" not in args and not is_recipe_like(self._first(args)):
            args = [".", *args]
        return super().parse_args(ctx, args)

    def _first(self, args: list[str]) -> str:
        """The first word that is neither an option nor its value."""
        valued = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        words = iter(args)
        for word in words:
            if word in valued:
                next(words, None)
            elif not word.startswith("-"):
                return word
        return ""


def find_recipe(said: Path) -> Path:
    """The recipe's file: `said`, or the one in that folder. An old build of it in the calling folder is offered to be moved.

    Raises:
        CallError: there is no recipe in the folder, or more than one.
    """
    from likeness.recipe import find

    file = find.find_recipe(said)
    if not os.environ.get("LIKENESS_BUILD") and Path("build").is_dir() and file.is_file() and asks():
        _offer_to_move(file)
    changes = any(word == "--set" or word.startswith("--set=") for word in sys.argv)
    if file.is_file() and file.suffix != ".pack" and not changes:
        from likeness.recipe.load import load_recipe

        load_recipe(file)  # a mistake in it is reported now, before a command imports anything heavy
    return file


def asks() -> bool:
    """Whether a person sits at a terminal who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and "--json" not in sys.argv


def _offer_to_move(file: Path) -> None:
    """Results used to lie in the calling folder: an old build there is offered to be moved beside its recipe."""
    from likeness.command import say
    from likeness.recipe.folders import move_old_build, old_build
    from likeness.recipe.load import load_recipe

    recipe = load_recipe(file)
    old = old_build(recipe)
    if old is None:
        return
    say(f"Results now lie beside the recipe, and {old.root} holds an older build of {recipe.name!r}.")
    if typer.confirm("Move it there?", default=True, err=True):
        say(f"moved to {move_old_build(recipe, old)}")


def _elsewhere(said: Path | None) -> Path | None:
    if said is not None:
        os.environ["LIKENESS_BUILD"] = str(said.absolute())
    return said


RecipePath = Annotated[
    Path,
    typer.Argument(
        metavar="RECIPE",
        callback=find_recipe,
        show_default=False,
        help="The recipe's file or folder; the one here if left out.",
    ),
]
BuildPlace = Annotated[
    Path | None,
    typer.Option(
        "--build", metavar="DIR", callback=_elsewhere, is_eager=True, envvar="LIKENESS_BUILD", show_envvar=False,
        help="Keep results in DIR (or LIKENESS_BUILD) in place of build/ beside the recipe.",
    ),
]  # fmt: skip
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A recipe's key for this call, such as split.seed=3. May be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


def with_engine(settings: list[str] | None, engine: str | None) -> list[str]:
    """What `--set` says, and `--engine` with it."""
    return [*(settings or ()), *([f"engine={engine}"] if engine else ())]
