"""Requests go out one by one, many at once; an answer is in the ledger before anything is made of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from curate.ledger.ledger import Ledger
from curate.ledger.rows import ResponseRow
from curate.llm.answers import answer_in
from curate.llm.budget import Budget, BudgetReached
from curate.llm.provider import NoAnswer, Provider, Response, TryAgain
from curate.llm.rate_limit import RateLimit, backoff
from curate.llm.request import SHORTEST_CACHED_PROMPT, Request, Size, expected_tokens, tokens_of
from curate.model import Usage
from likeness.command import say
from likeness.errors import CallError, GateError, LikenessError, MachineError
from likeness.metrics.text import count_of
from likeness.recipe.schema import Generate

ATTEMPTS = 8
"""Tries of one request against overload, server faults and dropped connections: about three minutes of back-off."""

ATTEMPTS_TO_REACH = 3
"""Tries before a provider that cannot be connected to, and never could, is given up."""

FAILURES_IN_A_ROW = 5
"""Requests without an answer, one after another, from which the provider counts as down."""

WORKERS_PER_PLACE = 2
"""Workers for each request that may run at once: those that wait to try again hold no place."""

Progress = Callable[[int, int, float], None]


def ask_live(
    requests: Mapping[str, Request],
    provider: Provider,
    ledger: Ledger,
    settings: Generate,
    usage: Usage,
    progress: Progress,
) -> None:
    """Ask all `requests`: afterwards the ledger has the answer of each, or the reason why there is none.

    Args:
        requests: what to ask.
        provider: whom to ask.
        ledger: the recipe's ledger.
        settings: what the recipe says of it.
        usage: what is paid now is added to it.
        progress: called with (done, total, US dollars spent).

    Raises:
        GateError: the budget is reached.
        CallError: the key, the model or the recipe is wrong.
        MachineError: requests stayed without an answer.
        KeyboardInterrupt: the person stopped it; answers under way were waited for.
    """
    try:
        asyncio.run(_Asking(requests, provider, ledger, settings, usage, progress).all())
    except _Stopped:
        raise KeyboardInterrupt from None


class _Stopped(Exception):
    """The person pressed Ctrl-C; every task has ended."""


class _Asking:
    """One round of requests, from the first to the last answer."""

    def __init__(
        self,
        requests: Mapping[str, Request],
        provider: Provider,
        ledger: Ledger,
        settings: Generate,
        usage: Usage,
        progress: Progress,
    ) -> None:
        self._requests = requests
        self._provider = provider
        self._ledger = ledger
        self._settings = settings
        self._usage = usage
        self._progress = progress
        self._spent_before = ledger.spent().usd
        self._lost_before = ledger.unaccounted()
        self._budget = Budget(settings.budget_usd, self._spent_before + self._lost_before)
        self._limit = RateLimit(settings.concurrency)
        self._total = len(requests)
        self._answered = 0
        self._reached = False
        self._over_budget = False
        self._stopping = False
        self._failures: list[str] = []
        self._in_a_row = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._workers: list[asyncio.Task[None]] = []

    async def all(self) -> None:
        """Ask everything."""
        self._progress(0, self._total, 0.0)
        waiting = iter(self._requests)
        try:
            with self._stopped_by_ctrl_c():
                if self._share_a_cache():
                    await self._work(iter([next(waiting)]))  # alone: it writes the prompt cache, which the others read
                await self._in_parallel(waiting)
        except BaseExceptionGroup as errors:
            raise _first_of_ours(errors) from None
        finally:
            await self._provider.close()
        self._report()

    def _share_a_cache(self) -> bool:
        """Whether what all requests share is long enough to be cached by the provider."""
        return tokens_of(next(iter(self._requests.values())).system) >= SHORTEST_CACHED_PROMPT

    async def _in_parallel(self, waiting: Iterator[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(WORKERS_PER_PLACE * self._settings.concurrency, self._total)):
                self._workers.append(group.create_task(self._work(waiting)))

    async def _work(self, waiting: Iterator[str]) -> None:
        for key in waiting:
            if self._in_a_row >= FAILURES_IN_A_ROW or self._over_budget or self._stopping:
                return
            try:
                await self._ask(key)
                self._answered += 1
                self._in_a_row = 0
            except BudgetReached:
                self._over_budget = True
                return
            except NoAnswer as error:
                self._failures.append(error.what)
                self._in_a_row += 1
            self._progress(self._answered + len(self._failures), self._total, self._usage.usd)

    async def _ask(self, key: str) -> None:
        """Ask until there is an answer, or a reason why there will be none."""
        request = self._requests[key]
        body = {"system": request.system, "user": request.user, "schema": request.schema}
        self._ledger.add_request(key, request.kind, request.document, request.passage, body)
        while answer_in(responses := self._ledger.responses(key), request.shape) is None:
            response = await self._response(key, request, room_for_answer(request, responses, self._ledger.most_thought()))
            self._count(response)

    async def _response(self, key: str, request: Request, max_tokens: int) -> Response:
        """Try until a response is there and in the ledger.

        Raises:
            BudgetReached: another try could cost more than may be spent.
            NoAnswer: the provider gives none.
        """
        worst = self._provider.worst_cost(request, max_tokens)
        attempt = 0
        while True:
            async with self._budget.set_aside(worst) as paid, self._limit.slot(*expected_tokens(request)) as began:
                sent = self._ledger.send(key, worst)
                try:
                    with self._counted_under_way():
                        response = await self._provider.complete(request, max_tokens)
                    self._ledger.add_answer(sent, key, response.as_dict())
                    paid.append(response.usd)
                    self._reached = True
                    self._limit.learn(response.limits)
                    self._limit.went_well()
                    return response
                except TryAgain as failure:
                    self._ledger.settle(sent, "lost" if failure.maybe_billed else "not billed")
                    paid.append(worst if failure.maybe_billed else 0.0)
                    self._reached |= not failure.unreachable
                    self._limit.learn(failure.limits)
                    self._limit.went_wrong()
                    if failure.busy:
                        self._limit.too_much(began, failure.retry_after)
                    shown, pause = failure.why, failure.retry_after or 0.0
                except (NoAnswer, CallError):
                    self._ledger.settle(sent, "not billed")
                    raise
                except asyncio.CancelledError:  # sent, and not waited for: it may be billed
                    paid.append(worst)
                    raise
            attempt += 1
            if not self._reached and attempt == ATTEMPTS_TO_REACH:
                raise MachineError(
                    f"the provider cannot be reached: {shown}", fix="Check the network, and ANTHROPIC_BASE_URL where it is set."
                )
            if attempt == ATTEMPTS:
                raise NoAnswer(f"the provider gave no answer after {ATTEMPTS} tries: {shown}")
            await asyncio.sleep(max(pause, min(backoff(attempt - 1), self._limit.longest_wait())))

    def _count(self, response: Response) -> None:
        if response.provider == "recorded":
            return
        self._usage.requests += 1
        self._usage.input_tokens += response.all_input_tokens
        self._usage.output_tokens += response.output_tokens
        self._usage.usd += response.usd

    # stopping

    def _costs(self) -> bool:
        return any(self._provider.worst_cost(request, 1) > 0 for request in islice(self._requests.values(), 1))

    @contextmanager
    def _counted_under_way(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)

    @contextmanager
    def _stopped_by_ctrl_c(self) -> Iterator[None]:
        """The first Ctrl-C waits for the answers under way, which are paid for; the second leaves them.

        Those of a model of one's own cost nothing but time: nothing is waited for.
        """
        loop = asyncio.get_running_loop()
        main = asyncio.current_task()
        assert main is not None

        def stop() -> None:
            self._stopping, second = True, self._stopping or not self._costs()
            if self._under_way and not second:
                waited = count_of(len(self._under_way), "answer")
                say(f"stopping: waiting for {waited} under way; Ctrl-C again leaves them")
            for worker in self._workers:
                if second or worker not in self._under_way:
                    worker.cancel()
            if second or (main not in self._under_way and not self._workers):
                main.cancel()

        try:
            loop.add_signal_handler(signal.SIGINT, stop)
        except (ValueError, RuntimeError):  # not the main thread: whoever runs us handles signals
            yield
            return
        try:
            yield
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            loop.remove_signal_handler(signal.SIGINT)
        if self._stopping:
            raise _Stopped

    # the end

    def _report(self) -> None:
        """Raise what the person must know."""
        left = self._total - self._answered
        if self._over_budget:
            lost = self._ledger.unaccounted()
            maybe = f", ${lost:.4f} more at most for answers lost on their way" if lost else ""
            raise GateError(
                f"the budget of ${self._settings.budget_usd:.2f} is reached: ${self._spent_before + self._usage.usd:.4f} are "
                f"spent{maybe}, and the next answer could pass it; {left} of {self._total} requests are not asked yet",
                where="generate.budget_usd",
                fix="What arrived is kept. Raise the budget, or ask for fewer pairs, and run the command again.",
            )
        if left:
            raise MachineError(
                f"{left} of {self._total} requests got no answer; the last failure: {self._failures[-1]}",
                fix="What arrived is kept. Run the command again to ask for the rest.",
            )


def room_for_answer(request: Request | Size, responses: Sequence[ResponseRow], thought: int = 0) -> int:
    """Tokens to allow: twice as many for each answer that was cut short, and room for thinking as it was seen.

    Args:
        request: what is asked.
        responses: earlier ones to it.
        thought: most tokens that an answer has had beyond its text, see `Ledger.most_thought`.
    """
    cut: int = sum(response.stop_reason == "max_tokens" for response in responses)
    return min(64_000, max(request.longest_answer << cut, request.longest_answer + 2 * thought))


def _first_of_ours(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one that says what to fix, before any other."""
    leaves: list[BaseException] = []
    stack: list[BaseException] = [errors]
    while stack:
        error = stack.pop()
        stack.extend(error.exceptions) if isinstance(error, BaseExceptionGroup) else leaves.append(error)
    ours = [error for error in leaves if isinstance(error, LikenessError)]
    return min(ours, key=lambda error: not isinstance(error, CallError)) if ours else leaves[0]
