"""The commands of `curate review`: parse, call, print."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath, find_recipe
from likeness.command import Commands, answer, settle_libraries
from likeness.metrics.text import count_of

if TYPE_CHECKING:
    from curate.ledger.ledger import Ledger
    from curate.review.local.server import Server
    from curate.review.sync import Synced
    from likeness.recipe.schema import Recipe

HELP = """Review pairs in Argilla. `curate review RECIPE` is short for `curate review up RECIPE`.

Example: curate review my-voice/recipe.yaml
"""


class UpByDefault(Commands):
    """`curate review RECIPE` is short for `curate review up RECIPE`, and `curate review` for the recipe here."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["up", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=UpByDefault, rich_markup_mode=None)


@app.command()
def up(
    recipe: RecipePath = HERE,
    build_place: BuildPlace = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser, if there is one.")] = True,
    as_json: Json = False,
) -> None:
    """Start Argilla if it does not run yet, push what needs a person, and show how to sign in.

    Example: curate review up my-voice/recipe.yaml
    """
    settle_libraries()
    loaded = _loaded(recipe)
    server = _up(loaded, as_json) if _is_local(loaded) else None
    synced = _synced(loaded, as_json)
    if as_json:
        keys = _server_as_dict(server, synced) if server else {"url": synced.url if synced else "", "pid": None}
        answer(keys | {"datasets": synced.datasets if synced else [], "review": synced.as_dict() if synced else None})
        return
    if server:
        sign_in = _sign_in(server, synced)
        print(f"Argilla runs at {server.url}; it stops with: curate review down {shlex.quote(str(recipe))}")
        print(f"Sign in as {server.username} with the password {server.password}, or with one click:\n{sign_in}")
    _print(synced, recipe)
    if server and browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        import webbrowser

        from curate.review.local.home import home_of
        from curate.review.local.server import sign_in_page

        webbrowser.open(sign_in_page(home_of(loaded), sign_in).as_uri())


@app.command()
def sync(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Fetch what was decided, and push what needs a person.

    Example: curate review sync my-voice/recipe.yaml
    """
    settle_libraries()
    synced = _synced(_loaded(recipe), as_json)
    if as_json:
        answer(synced.as_dict() if synced else {"datasets": []})
    else:
        _print(synced, recipe)


@app.command()
def down(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Stop Argilla, which serves all your recipes. What was reviewed is kept.

    Example: curate review down my-voice/recipe.yaml
    """
    from curate.review.local.home import down_for

    stopped = down_for(_reviewed_here(recipe))
    if as_json:
        answer({"stopped": stopped})
    else:
        print("Argilla is stopped." if stopped else "Argilla does not run here.")


@app.command()
def status(recipe: RecipePath = HERE, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Show whether and where Argilla runs, and how far the review is. A server that runs is asked for new decisions.

    Example: curate review status my-voice/recipe.yaml
    """
    from curate.review.sync import pull, standing

    settle_libraries()
    loaded = _loaded(recipe)
    found = _found(loaded)
    with _ledger(loaded) as ledger:
        if ledger and found["running"]:
            pull(loaded, ledger)
        how_far = standing(loaded, ledger) if ledger else None
    if as_json:
        answer(found | {"review": how_far.as_dict() if how_far else None})
        return
    if found["running"]:
        print(f"Argilla runs at {found['url']}" + (f" (process {found['pid']})." if found["pid"] else "."))
    else:
        print(f"Argilla at {found['url']}: {found['why']}" if found["url"] else "Argilla does not run here.")
    if how_far and loaded.review is None:
        print(f"The recipe asks for no review. {count_of(how_far.awaiting, 'pair')} may be looked at: curate review")
        return
    _print(how_far, recipe)


@app.command()
def apply(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="The recipe's file or folder; the one here if left out.", show_default=False)
    ] = "",
    pair: Annotated[
        str, typer.Argument(metavar="PAIR", help="The pair that the others are like: its id, or the beginning of it.")
    ] = "",
    build_place: BuildPlace = None,
    check: Annotated[str | None, typer.Option(help="Take all pairs with the same finding of this check.")] = None,
    phrase: Annotated[str | None, typer.Option(help="Take all pairs that contain this phrase.")] = None,
    near: Annotated[bool, typer.Option("--near", help="Take all pairs that say nearly the same.")] = False,
    verdict: Annotated[str, typer.Option(help="The decision: approve, reject or rewrite.")] = "reject",
    reason: Annotated[str | None, typer.Option(help="Why: facts, voice, too_short, too_long, private, duplicate, …")] = None,
    note: Annotated[str, typer.Option(help="What the generator should do differently.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Record the decision; without it the pairs are only shown.")] = False,
    as_json: Json = False,
) -> None:
    """Make one decision for all pairs that are like a given one. Without `--yes` they are only shown.

    Example: curate review apply my-voice/recipe.yaml question-answer-065d --check echo --reason voice --yes
    """
    from curate.decisions.apply import decide
    from curate.decisions.outcomes import IN_WORDS, outcomes_of
    from curate.decisions.queue import review_of
    from likeness.errors import CallError

    settle_libraries()
    if not pair:  # one argument is the pair; the recipe is in this folder
        recipe, pair = "", recipe
    if not pair:
        raise typer.BadParameter("say which pair the others are like: its id, or the beginning of it")
    path = find_recipe(Path(recipe))
    loaded = _loaded(path)
    with _ledger(loaded) as ledger:
        if ledger is None:
            raise CallError("nothing has been built yet", fix=f"Run this first: curate build {shlex.quote(str(path))}")
        _check_choices(verdict, reason, note)
        _fetch(loaded, ledger)
        found = _alike(ledger, pair, check, phrase, near)
        decisions = ledger.decisions()
        so_far = outcomes_of(decisions, decisions, review_of(loaded))
        if yes:
            with ledger.transaction():
                for decision in decide(found, verdict, reason, note.strip()):
                    ledger.add_decision(decision)
    if as_json:
        answer({"pairs": [each.id for each in found], "decided": yes, "verdict": verdict, "reason": reason})
        return
    for each in found:
        said = IN_WORDS.get(so_far[each.id].state, "") if each.id in so_far else ""
        print(f"{each.id}  {_short(each.instruction, 50)}  {_short(each.response, 70)}" + (f"  (so far: {said})" if said else ""))
    done = f"{count_of(len(found), 'pair')}: {verdict}" + (f", {reason}" if reason else "")
    print(f"{done}. The next build goes by it." if yes else f"{done}? Nothing is decided yet; --yes decides.")


@app.command()
def blind(
    recipe: RecipePath = HERE,
    run: Annotated[str | None, typer.Option(help="The run's id; the newest by default.")] = None,
    people: Annotated[int, typer.Option(min=1, help="How many people should rank each question.")] = 5,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Have people rank the answers of a run's blind test (`train blind`) in Argilla, and fetch what they said.

    Example: curate review blind my-voice/recipe.yaml
    """
    from curate.review.blind import ask_in_argilla
    from likeness.blind import read_blind_test
    from likeness.recipe.folders import BuildFolder

    settle_libraries()
    loaded = _loaded(recipe)
    test = read_blind_test(BuildFolder.of(loaded).run(run))
    server = _up(loaded, as_json) if _is_local(loaded) else None
    page, pushed, files = ask_in_argilla(loaded, test, people)
    if as_json:
        answer({"run": test.run.name, "page": page, "pushed": pushed, "results": [str(file) for file in files]})
        return
    print(f"{count_of(pushed, 'question')} put to people: {server.sign_in_to(page) if server else page}")
    print("1 person has answered." if len(files) == 1 else f"{len(files)} people have answered.")
    if files:
        print(f"Add it up: train blind {shlex.quote(str(test.run))} --results {shlex.quote(str(test.results))}")


def _fetch(recipe: Recipe, ledger: Ledger) -> None:
    """Fetch earlier answers first, so that the decision made now comes after them."""
    from curate.review.sync import pull
    from likeness.errors import MachineError

    try:
        pull(recipe, ledger)
    except MachineError as error:
        print(f"warning: decisions could not be fetched: {error}", file=sys.stderr)


def _alike(ledger: Ledger, prefix: str, check: str | None, phrase: str | None, near: bool) -> list[Any]:
    from curate.decisions import apply
    from curate.model import Findings
    from curate.review.sync import STANDING
    from likeness.errors import CallError

    number = ledger.newest_pairs()
    pairs = list(ledger.pairs_of(number, *STANDING)) if number else []
    ours = [pair for pair in pairs if pair.id.startswith(prefix)]
    if len(ours) != 1:
        lines = "no pair's id" if not ours else f"the ids of {len(ours)} pairs"
        begin = "begins" if not ours else "begin"
        raise CallError(f"in the newest build {lines} {begin} with {prefix!r}", fix="`curate show` and Argilla show ids.")
    if [bool(check), bool(phrase), near].count(True) != 1:
        raise CallError("say in which way they are alike: --check NAME, --phrase TEXT or --near")
    if phrase:
        found = apply.with_phrase(pairs, phrase)
        if ours[0] not in found:
            raise CallError(f"{ours[0].id} does not hold the phrase {phrase!r}", fix="Name a pair that the others are like.")
        return found
    if near:
        return apply.near(ours[0], pairs)
    assert check is not None
    findings = Findings(ledger.findings_in(number) if number else ())
    names = sorted({finding.check for finding in findings.get(ours[0].id, ())})
    if check not in names:
        raise CallError(f"the check {check!r} says nothing of {ours[0].id}", fix=f"Its findings: {', '.join(names) or 'none'}.")
    return apply.with_check(ours[0], pairs, findings, check)


def _check_choices(verdict: str, reason: str | None, note: str) -> None:
    from curate.review.page import REASONS, VERDICTS
    from likeness.errors import CallError

    if verdict not in VERDICTS:
        raise CallError(f"--verdict takes {', '.join(VERDICTS)}, not {verdict!r}")
    if reason and reason not in REASONS:
        raise CallError(f"--reason takes {', '.join(REASONS)}, not {reason!r}")
    if verdict == "approve" and reason:
        raise CallError("--reason says why a pair is left out; it does not go with --verdict approve")
    if verdict == "rewrite" and not note.strip():
        raise CallError("--verdict rewrite needs a --note: what to do otherwise")


def _loaded(recipe_path: Path) -> Recipe:
    from likeness.recipe.load import load_recipe

    return load_recipe(recipe_path)


def _is_local(recipe: Recipe) -> bool:
    from curate.decisions.queue import review_of

    return review_of(recipe).argilla == "local"


@contextmanager
def _ledger(recipe: Recipe) -> Iterator[Ledger | None]:
    """The recipe's ledger; None if nothing was built yet."""
    from curate.ledger.ledger import Ledger
    from likeness.recipe.folders import BuildFolder

    path = BuildFolder.of(recipe).ledger
    if not path.is_file():
        yield None
        return
    ledger = Ledger(path)
    try:
        yield ledger
    finally:
        ledger.close()


def _up(recipe: Recipe, as_json: bool) -> Server:
    from curate.review.local.home import up_for
    from likeness.progress import Progress

    with Progress(to_stderr=as_json) as progress:
        return up_for(recipe, _FirstUse(progress))


def _synced(recipe: Recipe, as_json: bool) -> Synced | None:
    """Run `sync`; None if nothing was built yet."""
    from curate.review import sync
    from likeness.progress import Progress

    with Progress(to_stderr=as_json) as progress, _ledger(recipe) as ledger:
        progress.begin("review")
        return sync.sync(recipe, ledger, progress.update) if ledger else None


def _print(synced: Synced | None, recipe: Path) -> None:
    from curate.decisions.outcomes import IN_WORDS

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
    if synced.contrasts:
        print(f"{count_of(synced.contrasts, 'contrast set', 'await')} review")
    print(f"{waiting} review{disputed}, {synced.decided} decided" + (f": {decided}" if decided else ""))
    if synced.agreement.get("pairs"):
        compared = synced.agreement
        alpha = "" if compared["alpha"] is None else f" (Krippendorff's alpha {compared['alpha']:.2f})"
        print(f"reviewers agree on {compared['agreed']:.0%} of {count_of(compared['pairs'], 'pair')}{alpha}")
    for dataset in synced.datasets:
        print(f"{dataset['name']}: {dataset['url']}")


def _found(recipe: Recipe) -> dict[str, Any]:
    """Whether the recipe's Argilla server runs, and its address. Only `up` shows how to sign in.

    For a team's server, `running` is None if that cannot be known, for example without a key; `why` gives the reason.
    """
    from curate.decisions.queue import review_of
    from curate.review.argilla import connect
    from curate.review.local import server
    from curate.review.local.home import home_of
    from likeness.errors import CallError, MachineError

    review = review_of(recipe)
    if review.argilla == "local":
        ours = server.status(home_of(recipe))
        return {"running": ours is not None, "url": ours.url if ours else None, "pid": ours.pid if ours else None}
    found = {"url": review.argilla.rstrip("/"), "pid": None}
    try:
        connect(review)
    except MachineError as error:
        return {"running": False, "why": error.what} | found
    except CallError as error:
        return {"running": None, "why": error.what} | found
    return {"running": True} | found


def _reviewed_here(recipe_path: Path) -> Recipe:
    """The recipe; an error if it is not reviewed on a local server."""
    from curate.decisions.queue import review_of
    from likeness.errors import CallError

    recipe = _loaded(recipe_path)
    address = review_of(recipe).argilla
    if address != "local":
        raise CallError(
            f"this recipe is reviewed at {address}, which is not ours to start or stop",
            where=str(recipe_path),
            fix="For a server of your own write `review: {argilla: local}`.",
        )
    return recipe


def _sign_in(server: Server, synced: Synced | None) -> str:
    """The address that signs in and, if there is a queue, opens it."""
    return server.sign_in_to(synced.datasets[0]["url"]) if synced and synced.datasets else server.sign_in


def _server_as_dict(server: Server, synced: Synced | None) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(server) | {"sign_in": _sign_in(server, synced)}


class _FirstUse:
    """Reports that the server's environment is being made, how long that takes and, at the end, how long it took."""

    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._began = 0.0

    def __call__(self, done: int, total: int) -> None:
        from curate.review.local.environment import environment_folder, install_log

        if done == 0:
            self._began = time.monotonic()
            self._progress.line(
                "Argilla is used for the first time here: its packages are fetched, about 150 MB, and installed in an environment"
                f" of their own, once (1 to 3 minutes). Log: {install_log(environment_folder())}"
            )
            self._progress.begin("argilla")
        elif done < total:
            self._progress.update(done, total, note="installing" if done == total - 1 else "")
        else:
            self._progress.line(f"Argilla is installed ({time.monotonic() - self._began:.0f} s).")


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
