"""Message Batches, kept in memory: they outlive the client that made them, not the server.

Specification: platform.claude.com/docs/en/api — "Create a Message Batch" and its siblings — and
/docs/en/build-with-claude/batch-processing: at most 100,000 requests or 256 MB; parameters are checked while the batch
is processed, not when it is made; results come in any order and are there for 29 days; a batch is canceled only before
it ends and deleted only after.
"""

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .api import ApiError

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
KEPT_SECONDS = 24 * 3600
AT_ONCE = 50  # requests of a batch that are answered before others get their turn


@dataclass
class Batch:
    """One batch and, once it has ended, the lines of its results."""

    id: str
    requests: list[dict[str, Any]]
    created: float
    canceled: float = 0.0
    ended: float = 0.0
    archived: float = 0.0
    lines: list[bytes] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    processing: asyncio.Task[None] | None = None

    def shown(self, base_url: str) -> dict[str, Any]:
        """The MessageBatch object; requests count as processing until the whole batch has ended."""
        names = ["succeeded", "errored", "canceled", "expired"]
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended" if self.ended else "canceling" if self.canceled else "in_progress",
            "request_counts": {
                "processing": 0 if self.ended else len(self.requests),
                **{name: self.counts[name] if self.ended else 0 for name in names},
            },
            "created_at": rfc3339(self.created),
            "expires_at": rfc3339(self.created + KEPT_SECONDS),
            "ended_at": rfc3339(self.ended) if self.ended else None,
            "cancel_initiated_at": rfc3339(self.canceled) if self.canceled else None,
            "archived_at": rfc3339(self.archived) if self.archived else None,
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results" if self.ended and not self.archived else None,
        }


class Batches:
    """All batches; `answer` makes the result of one request of a batch."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.answer = answer
        self.known: dict[str, Batch] = {}

    def create(self, body: dict[str, Any], most: int, delay: float) -> Batch:
        """Take a batch in and begin to process it `delay` seconds later."""
        requests = body.get("requests")
        if not isinstance(requests, list) or not requests:
            raise ApiError(400, "requests: at least one request is required")
        if len(requests) > most:
            raise ApiError(413, f"requests: {len(requests)} requests are more than the limit of {most}")
        seen = set()
        for at, request in enumerate(requests):
            if not isinstance(request, dict) or not isinstance(request.get("params"), dict):
                raise ApiError(400, f"requests.{at}.params: Field required")
            custom_id = request.get("custom_id")
            if not isinstance(custom_id, str) or not CUSTOM_ID.fullmatch(custom_id):
                raise ApiError(400, f"requests.{at}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
            if custom_id in seen:
                raise ApiError(400, f"requests.{at}.custom_id: '{custom_id}' is not unique within the batch")
            seen.add(custom_id)
        batch = Batch(f"msgbatch_{len(self.known) + 1:04d}{random.randbytes(8).hex()}", requests, time.time())
        self.known[batch.id] = batch
        batch.processing = asyncio.get_running_loop().create_task(self._process(batch, delay))
        return batch

    async def _process(self, batch: Batch, delay: float) -> None:
        until = time.monotonic() + delay
        while not batch.canceled and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.02))
        for at, request in enumerate(batch.requests):
            result = {"type": "canceled"} if batch.canceled else self.answer(request["params"])
            batch.counts[result["type"]] += 1
            line = json.dumps({"custom_id": request["custom_id"], "result": result}, ensure_ascii=False)
            batch.lines.append(line.encode())
            if at % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        random.Random(batch.id).shuffle(batch.lines)
        batch.ended = time.time()

    def find(self, batch_id: str) -> Batch:
        """The batch, or the API's 404."""
        if batch_id not in self.known:
            raise ApiError(404, f"Message batch {batch_id} not found.")
        return self.known[batch_id]

    def newest_first(self) -> list[Batch]:
        """In the order of the list endpoint."""
        return list(reversed(self.known.values()))

    def results(self, batch_id: str) -> bytes:
        """The results, one JSON object a line."""
        batch = self.find(batch_id)
        if not batch.ended:
            raise ApiError(400, f"Message batch {batch_id} has no results yet: it is still being processed.")
        if batch.archived:
            raise ApiError(404, f"The results of message batch {batch_id} are no longer available.")
        return b"".join(line + b"\n" for line in batch.lines)

    def archive(self) -> None:
        """29 days later: the results of every batch that has ended are gone."""
        for batch in self.known.values():
            batch.archived = batch.archived or (time.time() if batch.ended else 0.0)

    def cancel(self, batch_id: str) -> Batch:
        """Begin to cancel: requests not yet answered will be `canceled`."""
        batch = self.find(batch_id)
        if batch.ended:
            raise ApiError(400, f"Message batch {batch_id} has ended and cannot be canceled.")
        batch.canceled = batch.canceled or time.time()
        return batch

    def delete(self, batch_id: str) -> dict[str, str]:
        """Forget a batch that has ended."""
        if not self.find(batch_id).ended:
            raise ApiError(400, f"Message batch {batch_id} is still being processed: cancel it before deleting it.")
        del self.known[batch_id]
        return {"id": batch_id, "type": "message_batch_deleted"}


def rfc3339(moment: float) -> str:
    """A moment as the API writes it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}Z"
