"""Message Batches: half the price for an answer within a day (platform.claude.com/docs/en/build-with-claude/batch-processing).

A batch is noted in the ledger before it is handed over, with a sending for each of its requests; its name at the provider is
noted before anything is waited for. Results are matched to sendings by `custom_id`, in whatever order they come, and each is
kept before the next is looked at. So a process may be killed at any line, and whoever comes next goes on.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import anthropic
from anthropic.types.messages import MessageBatch, MessageBatchErroredResult, MessageBatchSucceededResult
from pydantic import BaseModel

from curate.ledger.ledger import Ledger
from curate.ledger.rows import BatchRow
from curate.llm.answers import answer_in
from curate.llm.claude import LONGEST_MESSAGE, Claude
from curate.llm.live import ATTEMPTS, ATTEMPTS_TO_REACH, Progress, room_for_answer
from curate.llm.prices import BATCH
from curate.llm.provider import TryAgain
from curate.llm.rate_limit import backoff
from curate.llm.request import Request
from curate.model import Usage
from likeness.errors import GateError, MachineError, WorkRemains
from likeness.foreign_words import in_one_line
from likeness.metrics.text import count_of
from likeness.recipe.schema import Generate

MOST_REQUESTS = 100_000
MOST_BYTES = 250_000_000
"""The API's limits are 100,000 requests and 256 MB."""

TRIES = 3
"""Times that a request is handed over which the provider let expire or failed on."""

TRIES_TO_FIND = 5
"""Times that the provider says `not found` before a batch counts as deleted: it also says so in passing."""

LONGEST_PAUSE = 60.0
"""Seconds between two looks at a batch; the first ones follow each other more quickly."""

CLOCKS_APART = 300.0
"""Seconds that the provider's clock and ours may differ."""

WRONG_CLOCK = 90_000.0
"""Seconds that ours may be ahead while nobody has set it: a day, which is as long as a batch takes."""


def ask_in_batches(
    requests: Mapping[str, Request],
    claude: Claude,
    ledger: Ledger,
    settings: Generate,
    usage: Usage,
    progress: Progress,
    *,
    submit: bool,
    wait: bool,
) -> None:
    """Fetch what batches have brought, and hand over those of `requests` that still have no answer.

    Args:
        requests: what is wanted, by key.
        claude: whom to ask.
        ledger: knows which batches are open, and keeps what they bring.
        settings: the budget.
        usage: what was paid now is added.
        progress: called with (requests done, requests in all, US dollars spent now).
        submit: hand over; without it, only open batches are looked after.
        wait: stay until every batch has ended.

    Raises:
        GateError: batches are under way and are not to be waited for, or the budget is reached.
        CallError: the key or the model is wrong.
        MachineError: the provider failed, or failed on requests again and again.
    """
    asyncio.run(_Batches(requests, claude, ledger, settings, usage, progress).run(submit=submit, wait=wait))


class NotFound(MachineError):
    """The provider says again and again that it has no such batch."""


class _Batches:
    def __init__(
        self,
        requests: Mapping[str, Request],
        claude: Claude,
        ledger: Ledger,
        settings: Generate,
        usage: Usage,
        progress: Progress,
    ) -> None:
        self._requests = requests
        self._shape = next((request.shape for request in requests.values()), BaseModel)
        self._claude = claude
        self._batches = claude.client.messages.batches
        self._ledger = ledger
        self._settings = settings
        self._usage = usage
        self._progress = progress

    async def run(self, *, submit: bool, wait: bool) -> None:
        """Fetch, hand over, and wait if that is wished; until nothing is left to do."""
        began = time.monotonic()
        try:
            while True:
                await self._fetch()
                over_budget = await self._submit() if submit else False
                open_batches = self._ledger.open_batches()
                if not open_batches:
                    break
                if not wait:
                    raise self._still_waiting(open_batches)
                await asyncio.sleep(min(LONGEST_PAUSE, max(0.5, (time.monotonic() - began) / 10)))
        finally:
            await self._claude.close()
        if over_budget:
            raise self._budget_reached()
        if submit:
            self._raise_failures()

    # results

    async def _fetch(self) -> None:
        """Keep the results of every batch that has ended."""
        done = 0
        for batch in self._ledger.open_batches():
            remote = batch.remote or await self._find(batch)
            if remote is None:  # it never arrived there
                self._ledger.end_batch(batch.id, "not billed")
                continue
            try:
                state = await self._try(self._batches.retrieve, remote)
                counts = state.request_counts
                done += counts.succeeded + counts.errored + counts.canceled + counts.expired
                self._progress(done, max(done + counts.processing, len(self._requests)), self._usage.usd)
                if state.processing_status != "ended":
                    continue
                if state.results_url and not state.archived_at:  # results are kept for 29 days
                    await self._try(self._keep_results, batch.id, remote)
            except NotFound:  # deleted, unless the list still has it
                listed = await self._try(self._made_since, batch.created_at - CLOCKS_APART)
                if any(candidate.id == remote for candidate in listed):
                    raise
            self._ledger.end_batch(batch.id, "lost")  # what has no answer is asked again

    async def _keep_results(self, batch: int, remote: str) -> None:
        """Keep each result; what an earlier, broken-off reading has kept is passed over."""
        still_open = self._ledger.open_sendings(batch)
        async for line in await self._batches.results(remote):
            sent = int(line.custom_id.rpartition("-")[2])
            if (key := still_open.pop(sent, None)) is None:
                continue
            match line.result:
                case MessageBatchSucceededResult() as result:
                    response = self._claude.response(result.message, batched=True)
                    self._ledger.add_answer(sent, key, response.as_dict())
                    self._usage.requests += 1
                    self._usage.input_tokens += response.all_input_tokens
                    self._usage.output_tokens += response.output_tokens
                    self._usage.usd += response.usd
                case MessageBatchErroredResult() as result:
                    error = result.error.error
                    hopeless = error.type == "invalid_request_error"
                    said = in_one_line(error.message, LONGEST_MESSAGE)
                    self._ledger.settle(sent, f"turned down: {said}" if hopeless else f"failed: {said}")
                case other:  # expired or canceled
                    self._ledger.settle(sent, other.type)

    async def _find(self, batch: BatchRow) -> str | None:
        """The provider's name of a batch that was handed over and whose name never reached us; None: it did not arrive.

        The list of batches tells no custom ids, so what is looked for is a batch unknown to us, made at that time, of
        just as many requests.
        """
        size = len(self._ledger.open_sendings(batch.id))
        known = self._ledger.known_batches()
        listed = await self._try(self._made_since, batch.created_at - WRONG_CLOCK)
        for candidate in listed:
            if candidate.id in known or _size(candidate) != size:
                continue
            by_the_clock = candidate.created_at.timestamp() >= batch.created_at - CLOCKS_APART
            if await self._try(self._is_ours, candidate, batch.id, by_the_clock):
                self._ledger.name_batch(batch.id, candidate.id)
                return str(candidate.id)
        return None

    async def _made_since(self, moment: float) -> list[MessageBatch]:
        """The provider's batches, newest first, down to a moment."""
        found = []
        async for batch in self._batches.list(limit=100):
            if batch.created_at.timestamp() < moment:
                break
            found.append(batch)
        return found

    async def _is_ours(self, candidate: MessageBatch, batch: int, by_the_clock: bool) -> bool:
        """Whether an ended batch holds our custom ids. One that has no results, or none any more: time and size must do.

        One that was made before ours, which is ours only if our clock was wrong, has to have ended to be known.

        Raises:
            WorkRemains: such a one has not ended: asking again could pay twice.
        """
        if candidate.processing_status != "ended" and not by_the_clock:
            raise WorkRemains(
                f"a batch that may be ours is under way: {candidate.id}. Its name never reached us, and this machine's clock was "
                "another then",
                fix="Run the same command when it has ended: within a day.",
            )
        if candidate.processing_status != "ended" or not candidate.results_url:
            return by_the_clock
        ours = {custom_id(key, sent) for sent, key in self._ledger.open_sendings(batch).items()}
        async for line in await self._batches.results(candidate.id):
            return line.custom_id in ours
        return False

    # handing over

    async def _submit(self) -> bool:
        """Hand over every request that has no answer and is in no open batch; True where the budget forbids the rest."""
        over_budget = False
        spent = self._ledger.spent().usd + self._ledger.unaccounted()
        thought = self._ledger.most_thought()
        chunk: list[tuple[str, float, dict[str, Any]]] = []
        size = 0
        for key in self._to_ask():
            request = self._requests[key]
            responses = self._ledger.responses(key)
            room = room_for_answer(request, responses, thought)
            worst = self._claude.worst_cost(request, room) * BATCH
            if self._settings.budget_usd is not None and spent + worst > self._settings.budget_usd:
                over_budget = True
                break
            spent += worst
            parameters = self._claude.parameters(request, room)
            bytes_ = len(json.dumps(parameters).encode()) + 200
            if chunk and (len(chunk) == MOST_REQUESTS or size + bytes_ > MOST_BYTES):
                await self._hand_over(chunk)
                chunk, size = [], 0
            body = {"system": request.system, "user": request.user, "schema": request.schema}
            self._ledger.add_request(key, request.kind, request.document, request.passage, body)
            chunk.append((key, worst, parameters))
            size += bytes_
        if chunk:
            await self._hand_over(chunk)
        return over_budget

    def _to_ask(self) -> Iterator[str]:
        for key in self._requests:
            outcomes = [sending.outcome for sending in self._ledger.sendings(key) if sending.batch is not None]
            if None in outcomes or _given_up([outcome for outcome in outcomes if outcome]) or self._is_settled(key):
                continue
            yield key

    def _is_settled(self, key: str) -> bool:
        """Whether a request has an answer, or a reason why there will be none."""
        return answer_in(self._ledger.responses(key), self._shape) is not None

    async def _hand_over(self, chunk: list[tuple[str, float, dict[str, Any]]]) -> None:
        number, sendings = self._ledger.begin_batch([(key, worst) for key, worst, _ in chunk])
        entries: Any = [
            {"custom_id": custom_id(key, sent), "params": parameters}
            for (key, _, parameters), sent in zip(chunk, sendings, strict=True)
        ]
        for attempt in range(ATTEMPTS):
            try:
                made = await self._batches.create(requests=entries)
                self._ledger.name_batch(number, made.id)
                return
            except anthropic.APIError as error:
                failure = self._failure(error)
                if not isinstance(failure, TryAgain):
                    self._ledger.end_batch(number, "not billed")
                    raise failure from None
                if failure.maybe_billed:  # the answer was lost; the batch may be there
                    (batch,) = [row for row in self._ledger.open_batches() if row.id == number]
                    if await self._find(batch):
                        return
                elif failure.unreachable and attempt + 1 >= ATTEMPTS_TO_REACH:
                    self._ledger.end_batch(number, "not billed")
                    raise _unreachable(failure) from None
                await asyncio.sleep(failure.retry_after or backoff(attempt))
        self._ledger.end_batch(number, "not billed")
        raise MachineError("the provider did not take the batch", fix="Run the command again; what arrived is kept.")

    async def _try(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """A call that may be made again, until it goes well."""
        for attempt in range(ATTEMPTS):
            try:
                return await call(*arguments)
            except anthropic.APIError as error:
                failure = self._failure(error)
                if not isinstance(failure, TryAgain):
                    raise failure from None
                if isinstance(error, anthropic.NotFoundError) and attempt + 1 == TRIES_TO_FIND:
                    raise NotFound(
                        "the provider does not find its batches",
                        fix="Run the command again later, and check ANTHROPIC_BASE_URL where it is set.",
                    ) from None
                shown = failure
            if shown.unreachable and attempt + 1 >= ATTEMPTS_TO_REACH:
                raise _unreachable(shown)
            await asyncio.sleep(shown.retry_after or backoff(attempt))
        raise MachineError(f"the provider does not say how far its batches are: {shown.why}", fix="Run the command again later.")

    def _failure(self, error: anthropic.APIError) -> Exception:
        """As of a live request; but a batch names no model, so that `not found` says nothing of it."""
        return TryAgain("not found") if isinstance(error, anthropic.NotFoundError) else self._claude.failure(error)

    # what the person must know

    def _still_waiting(self, batches: list[BatchRow]) -> WorkRemains:
        waiting = sum(len(self._ledger.open_sendings(batch.id)) for batch in batches)
        since = datetime.fromtimestamp(batches[0].created_at).strftime("%H:%M on %d %B")
        names = ", ".join(str(batch.remote) for batch in batches[:3]) + (" …" if len(batches) > 3 else "")
        counted = f"{len(batches)} batch{'' if len(batches) == 1 else 'es'}"
        return WorkRemains(
            f"{count_of(waiting, 'request')} {'is' if waiting == 1 else 'are'} with Claude in {counted} since {since}: {names}",
            fix="Most batches end within an hour, every one within a day. Run the same command later, or with --wait.",
        )

    def _budget_reached(self) -> GateError:
        left = sum(1 for _ in self._to_ask())
        return GateError(
            f"the budget of ${self._settings.budget_usd:.2f} is reached: ${self._ledger.spent().usd:.4f} are spent, and the next "
            f"answer could pass it; {left} of {len(self._requests)} requests are not asked yet",
            where="generate.budget_usd",
            fix="What arrived is kept. Raise the budget, or ask for fewer pairs, and run the command again.",
        )

    def _raise_failures(self) -> None:
        failed = []
        for key in self._requests:
            outcomes = [sending.outcome for sending in self._ledger.sendings(key) if sending.batch is not None]
            if _given_up(settled := [each for each in outcomes if each]) and not self._is_settled(key):
                failed.append(settled[-1])
        if failed:
            raise MachineError(
                f"{len(failed)} of {len(self._requests)} requests got no answer in batches; the last failure: {failed[-1]}",
                fix="What arrived is kept. `mode: live` asks for the rest one by one.",
            )


def custom_id(key: str, sent: int) -> str:
    """The name of a request within its batch: at most 64 letters, digits, - and _; another for each time it is sent."""
    return f"{key}-{sent}"


def _given_up(outcomes: list[str]) -> bool:
    failed = [outcome for outcome in outcomes if outcome in ("expired", "lost") or outcome.startswith("failed")]
    return len(failed) >= TRIES or any(outcome.startswith("turned down") for outcome in outcomes)


def _size(batch: MessageBatch) -> int:
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired


def _unreachable(failure: TryAgain) -> MachineError:
    return MachineError(
        f"the provider cannot be reached: {failure.why}", fix="Check the network, and ANTHROPIC_BASE_URL where it is set."
    )
