"""The command `curate judge`: parse, call, print."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipePath
from likeness.command import answer, settle_libraries
from likeness.metrics.text import count_of


def judge(
    recipe: RecipePath = HERE,
    run: Annotated[str | None, typer.Option(help="The run's id; the newest by default.")] = None,
    model: Annotated[str, typer.Option(help="The Claude model that judges.")] = "claude-haiku-5-5",
    wait: Annotated[bool, typer.Option("--wait", help="Stay until batches have ended.")] = False,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Have Claude choose, blind and in both orders, between a run's tuned and prompted answers. It costs money.

    Claude sees samples of the person's own writing, and the questions of `train blind`. `train blind RUN --results …` then says
    how often it chooses as people do.

    Example: curate judge my-voice/recipe.yaml
    """
    settle_libraries()
    from curate.ledger.ledger import Ledger
    from curate.pairwise.judge import judge_run, report
    from likeness.blind import read_blind_test
    from likeness.progress import Progress
    from likeness.recipe.folders import BuildFolder
    from likeness.recipe.load import load_recipe

    loaded = load_recipe(recipe)
    build = BuildFolder.of(loaded)
    test = read_blind_test(build.run(run))
    ledger = Ledger(build.ledger)
    try:
        with Progress(to_stderr=as_json) as progress:
            progress.begin("judge")
            usage = judge_run(loaded, test, ledger, model, progress.update, wait=wait)
    finally:
        ledger.close()
    pairs, alike, tuned = report(test)
    if as_json:
        used = {"requests": usage.requests, "usd": round(usage.usd, 4)}
        answer({"run": test.run.name, "pairs": pairs, "same_in_both_orders": alike, "tuned": tuned, "usage": used})
        return
    print(f"{model}: the same answer in both orders of {alike} of {count_of(pairs, 'pair')}; of these {tuned} the tuned one.")
    print(f"{count_of(usage.requests, 'request')}, ${usage.usd:.2f}.")
    print(f"Beside people: train blind {shlex.quote(str(test.run))} --results FILE")
