"""The commands of `curate review`: parse, call, print."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from curate.words import count_of
from recipes.command import answer, settle_libraries

if TYPE_CHECKING:
    from curate.ledger import Ledger
    from curate.review.local.server import Server
    from curate.review.sync import Synced
    from recipes.schema import Recipe

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, all else on standard error.")]


class UpByDefault(TyperGroup):
    """`curate review RECIPE` is short for `curate review up RECIPE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["up", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=UpByDefault, no_args_is_help=True, rich_markup_mode=None)


@app.command()
def up(
    recipe: RecipePath,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser, where there is one.")] = True,
    as_json: Json = False,
) -> None:
    """Start Argilla where it does not run yet, lay out what needs a person, and say how to get in."""
    settle_libraries()
    loaded = _loaded(recipe)
    server = _up(as_json) if _is_local(loaded) else None
    synced = _synced(loaded, as_json)
    if as_json:
        keys = _server_as_dict(server) if server else {"url": synced.url if synced else "", "pid": None}
        answer(keys | {"datasets": synced.datasets if synced else [], "review": synced.as_dict() if synced else None})
        return
    if server:
        print(f"Argilla runs at {server.url}; it stops with: curate review down {shlex.quote(str(recipe))}")
        print(f"Sign in as {server.username} with the password {server.password}, or with one click:\n{server.sign_in}")
    _print(synced, recipe)
    if server and browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        import webbrowser

        webbrowser.open(server.sign_in)


@app.command()
def sync(recipe: RecipePath, as_json: Json = False) -> None:
    """Fetch what was decided, lay out what needs a person."""
    settle_libraries()
    synced = _synced(_loaded(recipe), as_json)
    if as_json:
        answer(synced.as_dict() if synced else {"datasets": []})
    else:
        _print(synced, recipe)


@app.command()
def down(recipe: RecipePath, as_json: Json = False) -> None:
    """Stop Argilla. What was reviewed is kept."""
    from curate.review.local import server

    stopped = server.down(_home(recipe))
    if as_json:
        answer({"stopped": stopped})
    else:
        print("Argilla is stopped." if stopped else "Argilla does not run here.")


@app.command()
def status(recipe: RecipePath, as_json: Json = False) -> None:
    """Whether Argilla runs and where, and how far the review is by what was fetched so far."""
    from curate.review.sync import standing

    loaded = _loaded(recipe)
    found = _found(loaded)
    with _ledger(loaded) as ledger:
        how_far = standing(loaded, ledger) if ledger else None
    if as_json:
        answer(found | {"review": how_far.as_dict() if how_far else None})
        return
    if found["running"]:
        print(f"Argilla runs at {found['url']}" + (f" (process {found['pid']})." if found["pid"] else "."))
    else:
        print(f"Argilla at {found['url']}: {found['why']}" if found["url"] else "Argilla does not run here.")
    _print(how_far, recipe)


@app.command()
def apply(
    recipe: RecipePath,
    pair: Annotated[str, typer.Argument(metavar="PAIR", help="The pair that the others are like: its id, or how it begins.")],
    check: Annotated[str | None, typer.Option(help="All of which this check says the same.")] = None,
    phrase: Annotated[str | None, typer.Option(help="All that hold this phrase.")] = None,
    near: Annotated[bool, typer.Option("--near", help="All that say nearly the same.")] = False,
    verdict: Annotated[str, typer.Option(help="approve, reject or rewrite.")] = "reject",
    reason: Annotated[str | None, typer.Option(help="facts, voice, too_short, too_long, private, duplicate, …")] = None,
    note: Annotated[str, typer.Option(help="For the generator: what to do otherwise.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it the pairs are only shown.")] = False,
    as_json: Json = False,
) -> None:
    """One decision for all pairs that are like one of them. Shows them first; `--yes` decides."""
    from curate.review.apply import decide
    from curate.review.decisions import IN_WORDS, outcome_of
    from curate.review.queue import review_of
    from recipes.errors import CallError

    settle_libraries()
    loaded = _loaded(recipe)
    with _ledger(loaded) as ledger:
        if ledger is None:
            raise CallError("nothing has been built yet", mend=f"Run this first: curate build {shlex.quote(str(recipe))}")
        _check_choices(verdict, reason, note)
        _fetch(loaded, ledger)
        found = _alike(ledger, pair, check, phrase, near)
        so_far = {id_: outcome_of(made, review_of(loaded).min_submitted).state for id_, made in ledger.decisions().items()}
        if yes:
            with ledger.transaction():
                for decision in decide(found, verdict, reason, note.strip()):
                    ledger.add_decision(decision)
    if as_json:
        answer({"pairs": [each.id for each in found], "decided": yes, "verdict": verdict, "reason": reason})
        return
    for each in found:
        said = IN_WORDS.get(so_far.get(each.id, ""), "")
        print(f"{each.id}  {_short(each.instruction, 50)}  {_short(each.response, 70)}" + (f"  (so far: {said})" if said else ""))
    done = f"{count_of(len(found), 'pair')}: {verdict}" + (f", {reason}" if reason else "")
    print(f"{done}. The next build goes by it." if yes else f"{done}? Nothing is decided yet; --yes decides.")


def _fetch(recipe: Recipe, ledger: Ledger) -> None:
    """What was answered before comes before what is decided now."""
    from curate.review.desk import NotRunning
    from curate.review.sync import pull
    from recipes.errors import MachineError

    try:
        if ledger.anything_on_desk():
            pull(recipe, ledger)
    except NotRunning:
        pass
    except MachineError as error:
        print(f"warning: decisions could not be fetched: {error}", file=sys.stderr)


def _alike(ledger: Ledger, prefix: str, check: str | None, phrase: str | None, near: bool) -> list[Any]:
    from curate.review import apply
    from curate.review.sync import STANDING
    from recipes.errors import CallError

    number = ledger.newest_pairs()
    pairs = ledger.pairs_of(number, *STANDING) if number else []
    ours = [pair for pair in pairs if pair.id.startswith(prefix)]
    if len(ours) != 1:
        told = "no pair's id" if not ours else f"the ids of {len(ours)} pairs"
        begin = "begins" if not ours else "begin"
        raise CallError(f"in the newest build {told} {begin} with {prefix!r}", mend="`curate show` and Argilla tell ids.")
    if [bool(check), bool(phrase), near].count(True) != 1:
        raise CallError("say in which way they are alike: --check NAME, --phrase TEXT or --near")
    if phrase:
        found = apply.with_phrase(pairs, phrase)
        if ours[0] not in found:
            raise CallError(f"{ours[0].id} does not hold the phrase {phrase!r}", mend="Name a pair that the others are like.")
        return found
    if near:
        return apply.near(ours[0], pairs)
    assert check is not None
    findings = ledger.findings_in(number) if number else {}
    names = sorted({finding.check for finding in findings.get(ours[0].id, ())})
    if check not in names:
        raise CallError(f"the check {check!r} says nothing of {ours[0].id}", mend=f"Of it speak: {', '.join(names) or 'none'}.")
    return apply.with_check(ours[0], pairs, findings, check)


def _check_choices(verdict: str, reason: str | None, note: str) -> None:
    from curate.review.page import REASONS, VERDICTS
    from recipes.errors import CallError

    if verdict not in VERDICTS:
        raise CallError(f"--verdict takes {', '.join(VERDICTS)}, not {verdict!r}")
    if reason and reason not in REASONS:
        raise CallError(f"--reason takes {', '.join(REASONS)}, not {reason!r}")
    if verdict == "approve" and reason:
        raise CallError("--reason says why a pair is left out; it does not go with --verdict approve")
    if verdict == "rewrite" and not note.strip():
        raise CallError("--verdict rewrite needs a --note: what to do otherwise")


def _loaded(recipe_path: Path) -> Recipe:
    from recipes.load import load_recipe

    return load_recipe(recipe_path)


def _is_local(recipe: Recipe) -> bool:
    from curate.review.queue import review_of

    return review_of(recipe).argilla == "local"


@contextmanager
def _ledger(recipe: Recipe) -> Iterator[Ledger | None]:
    """The recipe's ledger; None where nothing was built yet."""
    from curate.ledger import Ledger
    from recipes.folders import BuildFolder

    path = BuildFolder.of(recipe.name).ledger
    if not path.is_file():
        yield None
        return
    ledger = Ledger(path)
    try:
        yield ledger
    finally:
        ledger.close()


def _up(as_json: bool) -> Server:
    from curate.review.local import server
    from recipes.folders import argilla_home
    from recipes.progress import Progress

    progress = Progress(to_stderr=as_json)
    try:
        return server.up(argilla_home(), lambda done, total: _show_first_use(progress, done, total))
    finally:
        progress.clear()


def _synced(recipe: Recipe, as_json: bool) -> Synced | None:
    """The round trip; None where nothing was built yet."""
    from curate.review import sync
    from recipes.progress import Progress

    progress = Progress(to_stderr=as_json)
    progress.begin("review")
    try:
        with _ledger(recipe) as ledger:
            return sync.sync(recipe, ledger, progress.update) if ledger else None
    finally:
        progress.clear()


def _print(synced: Synced | None, recipe: Path) -> None:
    from curate.review.decisions import IN_WORDS

    if synced is None:
        print(f"There is nothing to review yet: curate build {shlex.quote(str(recipe))}")
        return
    if synced.decisions:
        new = count_of(synced.decisions, "new decision")
        print(
            f"{new}; the next build goes by {'it' if synced.decisions == 1 else 'them'}: curate build {shlex.quote(str(recipe))}"
        )
    disputed = f", {synced.disputed} disputed" if synced.disputed else ""
    decided = ", ".join(f"{synced.verdicts[verdict]} {said}" for verdict, said in IN_WORDS.items() if verdict in synced.verdicts)
    waiting = count_of(synced.awaiting, "pair", "await")
    print(f"{waiting} review{disputed}, {synced.decided} decided" + (f": {decided}" if decided else ""))
    if synced.agreement.get("pairs"):
        compared = synced.agreement
        alpha = "" if compared["alpha"] is None else f" (Krippendorff's alpha {compared['alpha']:.2f})"
        print(f"reviewers agree on {compared['agreed']:.0%} of {count_of(compared['pairs'], 'pair')}{alpha}")
    for dataset in synced.datasets:
        print(f"{dataset['name']}: {dataset['url']}")


def _found(recipe: Recipe) -> dict[str, Any]:
    """Whether and where the recipe's Argilla runs; nothing of what one signs in with, which is for `up` to tell.

    Of a server that is not ours `running` is None where that cannot be told, as without a key, and `why` says it.
    """
    from curate.review.desk import connect
    from curate.review.local import server
    from curate.review.queue import review_of
    from recipes.errors import CallError, MachineError
    from recipes.folders import argilla_home

    review = review_of(recipe)
    if review.argilla == "local":
        ours = server.status(argilla_home())
        return {"running": ours is not None, "url": ours.url if ours else None, "pid": ours.pid if ours else None}
    found = {"url": review.argilla.rstrip("/"), "pid": None}
    try:
        connect(review)
    except MachineError as error:
        return {"running": False, "why": error.what} | found
    except CallError as error:
        return {"running": None, "why": error.what} | found
    return {"running": True} | found


def _home(recipe_path: Path) -> Path:
    """The home of the server that a recipe is reviewed on, which must be one of our own."""
    from curate.review.queue import review_of
    from recipes.errors import CallError
    from recipes.folders import argilla_home

    address = review_of(_loaded(recipe_path)).argilla
    if address != "local":
        raise CallError(
            f"this recipe is reviewed at {address}, which is not ours to start or stop",
            where=str(recipe_path),
            mend="For a server of your own write `review: {argilla: local}`.",
        )
    return argilla_home()


def _server_as_dict(server: Server) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(server) | {"sign_in": server.sign_in}


def _show_first_use(progress: Any, done: int, total: int) -> None:
    """Making the server's environment takes a minute or two, once."""
    if done == 1:
        progress.line("Argilla is used for the first time here: its packages are fetched, about 150 MB.")
        progress.begin("argilla")
    progress.update(done, total)


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
