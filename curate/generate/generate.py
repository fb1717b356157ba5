"""Requests go out, answers come in, pairs come of them. An answer is in the ledger before anything is made of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

from curate.generate.answers import Answer, pairs_of, parse
from curate.generate.budget import Budget, BudgetReached
from curate.generate.provider import NoAnswer, Provider
from curate.generate.requests import Request
from curate.ledger import Ledger
from curate.model import Pair, Stage, Usage, content_hash
from recipes.errors import CallError, GateError, LikenessError, MachineError
from recipes.schema import Generate

TRIES_FOR_THE_SCHEMA = 3
MORE_ROOM = 2
"""Times that an answer cut by its limit is asked again, with twice the room each time."""

NOT_RECORDED = "not recorded"

FAILURES_IN_A_ROW = 5
"""Requests without an answer, one after another, from which the provider counts as down."""


def make_provider(generate: Generate) -> Provider:
    """The provider that a recipe names.

    Raises:
        CallError: it lacks its key, its recordings or its model.
    """
    if generate.provider == "recorded":
        from curate.generate.recorded import Recorded

        assert generate.recordings
        return Recorded(generate.recordings)
    if generate.provider == "llama-cpp":
        from curate.generate.llama_local import LlamaLocal

        return LlamaLocal(generate.model, generate.context)
    from curate.generate.anthropic_live import AnthropicLive

    return AnthropicLive(generate.model, generate.concurrency)


def generate_pairs(
    requests: Sequence[Request],
    provider: Provider,
    ledger: Ledger,
    settings: Generate,
    stage: Stage,
    progress: Callable[[int, int, float], None],
) -> tuple[list[Pair], Usage]:
    """The pairs of all requests, and what was paid now.

    Args:
        requests: what to ask.
        provider: whom.
        ledger: remembers every answer; what it has is not asked again.
        settings: how many at once, and how much they may cost.
        stage: counts what did not become a pair, and why.
        progress: called with (requests done, requests in all, US dollars spent now).

    Raises:
        CallError: the key, the model or the recipe is wrong.
        MachineError: requests stayed without an answer; what did arrive is kept.
    """
    keyed = {content_hash(provider.identity(r), r.system, r.user, r.schema, length=32): r for r in requests}
    answers = {key: _answer_in(ledger.responses(key)) for key in keyed}
    missing = [key for key, answer in answers.items() if answer is None]
    usage = Usage()
    if missing:
        asyncio.run(_ask_all(missing, keyed, answers, provider, ledger, settings, usage, progress))
    pairs: list[Pair] = []
    for key, request in keyed.items():
        answer = answers[key]
        if isinstance(answer, Answer):
            pairs.extend(pairs_of(request, key, answer, stage))
            if not answer.pairs:
                stage.count(NOT_RECORDED if settings.provider == "recorded" else "no pair in the answer")
        elif answer:
            stage.count(answer)
    return pairs, usage


def _answer_in(responses: Sequence[sqlite3.Row]) -> Answer | str | None:
    """What has arrived for a request: an answer, the reason why there will be none, or None: ask."""
    for response in responses:
        if response["stop_reason"] == "refusal":
            return "refused"
        if response["stop_reason"] != "max_tokens" and (answer := parse(response["text"])):
            return answer
    cut = sum(response["stop_reason"] == "max_tokens" for response in responses)
    if cut > MORE_ROOM:
        return "answer cut short"
    if len(responses) - cut >= TRIES_FOR_THE_SCHEMA:
        return "answer is not the schema"
    return None


async def _ask_all(
    missing: Sequence[str],
    requests: dict[str, Request],
    answers: dict[str, Answer | str | None],
    provider: Provider,
    ledger: Ledger,
    settings: Generate,
    usage: Usage,
    progress: Callable[[int, int, float], None],
) -> None:
    waiting = iter(missing)
    spent_before = ledger.spent()[3]
    budget = Budget(settings.budget_usd, spent_before)
    over_budget = False
    failures: list[str] = []
    in_a_row = 0
    done = 0
    progress(0, len(missing), 0.0)

    async def work() -> None:
        nonlocal done, in_a_row, over_budget
        for key in waiting:
            if in_a_row >= FAILURES_IN_A_ROW or over_budget:
                return
            try:
                answers[key] = await _ask(key, requests[key], provider, ledger, budget, usage)
                in_a_row = 0
            except BudgetReached:
                over_budget = True
                return
            except NoAnswer as error:
                failures.append(error.what)
                in_a_row += 1
            done += 1
            progress(done, len(missing), usage.usd)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(settings.concurrency, len(missing))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise _first_of_ours(errors) from None
    finally:
        await provider.close()
    if over_budget:
        raise GateError(
            f"the budget of ${settings.budget_usd:.2f} is reached: ${spent_before + usage.usd:.4f} are spent, and the next "
            f"answer could pass it; {len(missing) - done} of {len(missing)} requests are not asked yet",
            where="generate.budget_usd",
            mend="What arrived is kept. Raise the budget, or ask for fewer pairs, and run the command again.",
        )
    if unanswered := len(missing) - done + len(failures):
        raise MachineError(
            f"{unanswered} of {len(missing)} requests got no answer; the last failure: {failures[-1]}",
            mend="What arrived is kept. Run the command again to ask for the rest.",
        )


async def _ask(
    key: str, request: Request, provider: Provider, ledger: Ledger, budget: Budget, usage: Usage
) -> Answer | str | None:
    """Ask until there is an answer, or a reason why there will be none.

    Raises:
        BudgetReached: another try could cost more than may be spent.
        NoAnswer: the provider gives none.
    """
    body = {"system": request.system, "user": request.user, "schema": request.schema}
    ledger.add_request(key, request.kind, request.document, request.passage, body)
    answer: Answer | str | None = None
    while answer is None:
        cut = sum(response["stop_reason"] == "max_tokens" for response in ledger.responses(key))
        max_tokens = min(64_000, request.longest_answer * 2**cut)
        async with budget.set_aside(provider.worst_cost(request, max_tokens)) as paid:
            response = await provider.complete(request, max_tokens)
            ledger.add_response(key, response.as_dict())
            paid.append(response.usd)
        if response.provider != "recorded":
            usage.requests += 1
            usage.input_tokens += response.input_tokens + response.cache_write_tokens + response.cache_read_tokens
            usage.output_tokens += response.output_tokens
            usage.usd += response.usd
        answer = _answer_in(ledger.responses(key))
    return answer


def _first_of_ours(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one that says what to mend, before any other."""
    leaves: list[BaseException] = []
    stack: list[BaseException] = [errors]
    while stack:
        error = stack.pop()
        stack.extend(error.exceptions) if isinstance(error, BaseExceptionGroup) else leaves.append(error)
    ours = [error for error in leaves if isinstance(error, LikenessError)]
    return min(ours, key=lambda error: not isinstance(error, CallError)) if ours else leaves[0]
