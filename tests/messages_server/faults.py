"""What is to go wrong, and the limits on the rate.

Specification: platform.claude.com/docs/en/api/errors (429, 500, 529 and their types), /api/rate-limits (token bucket,
`retry-after`, the `anthropic-ratelimit-*` headers) and "Handling stop reasons" (`max_tokens`, `refusal`).

A plan is a JSON object; every key may be left out:

    seed                   1 by default; another seed deals the faults out differently
    faults                 [{"kind": …, "probability": 0.1, "contains": "text of the user", …}, …]
    attempts               ["rate_limited", {"kind": "slow", "seconds": 1}, "ok"]: what the 1st, 2nd, … attempt of every
                           distinct request meets; later attempts meet `faults`
    sequence               the same by order of arrival, whichever request it is; comes before all else
    attempts_until_ok      3: the third attempt of a request, and every later one, meets no fault
    latency                seconds that every answer takes
    limits                 {"requests_per_minute": 600, "burst": 10, "input_tokens_per_minute": …,
                           "output_tokens_per_minute": …}: real token buckets
    batches                {"delay": 0.2, "max_requests": …, "max_bytes": …, "archive": true (the results of all that have
                           ended are gone)} and, for the requests within, `faults`,
                           `attempts`, `sequence`, `attempts_until_ok` as above
    routes                 {"batches.create": ["overloaded", "drop_after"], …}: what successive calls of the other
                           endpoints meet (names: serve.ROUTES)
    reset                  true: also forget the log and the prompt cache

Kinds, live: rate_limited, overloaded, api_error, invalid_request, not_found (`retry_after`: seconds, any number; left out, only
rate_limited has one, of 1 second), drop_before (the connection breaks, nothing is done), drop_after (done and paid for,
then it breaks), drop_midway (it breaks in the middle of the answer), slow (`seconds`), page (a web page in its place),
no_message (JSON of another shape), cut_json, wrong_schema, refusal
(`text`, `category`), max_tokens, ok. In a batch the errors become `errored` results; expired and canceled exist there
only, the drops and slow only here.
"""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .api import ApiError

ERRORS = {
    "rate_limited": (429, "This request would exceed your organization's rate limit. Please try again later."),
    "overloaded": (529, "Overloaded"),
    "api_error": (500, "Internal server error"),
    "invalid_request": (400, "The request was refused by the fault plan."),
    "not_found": (404, "Not found"),
}
DROPS = {"drop_before", "drop_after", "drop_midway"}
CONTENT = {"cut_json", "wrong_schema", "refusal", "max_tokens"}
LIVE = {"ok", "slow", "page", "no_message"} | ERRORS.keys() | DROPS | CONTENT
BATCHED = {"ok", "expired", "canceled"} | ERRORS.keys() | CONTENT


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong."""

    kind: str = "ok"
    probability: float = 0.0
    contains: str = ""
    retry_after: float | None = None
    seconds: float = 0.0
    text: str = ""
    category: str | None = "general_harms"

    @classmethod
    def read(cls, value: Any, kinds: set[str]) -> "Fault":
        """From a plan: a kind, or an object with more."""
        fields = {"kind": value} if isinstance(value, str) else value
        try:
            fault = cls(**fields)
        except TypeError as error:
            raise ApiError(400, f"fault plan: {value!r}: {error}") from None
        if fault.kind not in kinds:
            raise ApiError(400, f"fault plan: kind {fault.kind!r} is not one of {', '.join(sorted(kinds))}")
        return fault

    def error(self) -> ApiError | None:
        """The API's error, where the fault is one."""
        if self.kind not in ERRORS:
            return None
        wait = 1 if self.retry_after is None and self.kind == "rate_limited" else self.retry_after
        status, message = ERRORS[self.kind]
        return ApiError(status, message, **({} if wait is None else {"retry-after": f"{wait:g}"}))


OK = Fault()


class Chooser:
    """Deals faults to requests: by seed, content hash and attempt, so that no order of arrival matters."""

    def __init__(self, plan: dict[str, Any], seed: int, kinds: set[str]) -> None:
        self.seed = seed
        self.faults = [Fault.read(each, kinds) for each in plan.get("faults", [])]
        self.attempts = [Fault.read(each, kinds) for each in plan.get("attempts", [])]
        self.sequence = [Fault.read(each, kinds) for each in plan.get("sequence", [])]
        self.until_ok: int | None = plan.get("attempts_until_ok")
        self.arrived = 0
        self.seen: Counter[str] = Counter()

    def choose(self, content: str, text: Callable[[], str]) -> Fault:
        """What this attempt of the request whose hash is `content` meets; `text` gives what the user wrote in it."""
        self.seen[content] += 1
        attempt = self.seen[content]
        self.arrived += 1
        if self.arrived <= len(self.sequence):
            return self.sequence[self.arrived - 1]
        if self.until_ok is not None and attempt >= self.until_ok:
            return OK
        if attempt <= len(self.attempts):
            return self.attempts[attempt - 1]
        if not self.faults:
            return OK
        digest = hashlib.blake2b(f"{self.seed} {content} {attempt}".encode(), digest_size=7).digest()
        drawn = int.from_bytes(digest, "big") / 256**7
        for fault in self.faults:
            if not fault.contains or fault.contains in text():
                drawn -= fault.probability
                if drawn < 0:
                    return fault
        return OK


class Bucket:
    """A token bucket: `per_minute` of something, refilled continuously, never more than `burst` at once."""

    def __init__(self, per_minute: float | None, burst: float | None, shown: int) -> None:
        self.rate = (per_minute or 0) / 60
        self.capacity = burst or max(1.0, self.rate)
        self.level = self.capacity
        self.limit = int(per_minute) if per_minute else shown  # what the headers say; unlimited buckets say `shown`
        self.at = time.monotonic()

    def wait(self, amount: float) -> float:
        """Seconds until `amount` may be taken; 0 when it may be now. More than the burst waits for a full bucket."""
        if not self.rate:
            return 0.0
        now = time.monotonic()
        self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (min(amount, self.capacity) - self.level) / self.rate)

    def take(self, amount: float) -> None:
        """Take `amount`, into debt if need be."""
        if self.rate:
            self.level -= amount

    def headers(self, name: str) -> dict[str, str]:
        """The limit, what remains of it, and when it will be whole again (RFC 3339)."""
        if not self.rate:
            remaining, full = self.limit, 0.0
        else:
            remaining, full = max(0, int(self.level)), (self.capacity - self.level) / self.rate
        reset = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + math.ceil(full)))
        prefix = f"anthropic-ratelimit-{name}"
        return {f"{prefix}-limit": str(self.limit), f"{prefix}-remaining": str(remaining), f"{prefix}-reset": reset}


class Limits:
    """The three limits of a model class: requests, input tokens (cache reads are free), output tokens."""

    def __init__(self, plan: dict[str, Any]) -> None:
        _only(plan, {"requests_per_minute", "burst", "input_tokens_per_minute", "output_tokens_per_minute"}, "limits")
        per_request, burst = plan.get("requests_per_minute"), plan.get("burst")
        per_input, per_output = plan.get("input_tokens_per_minute"), plan.get("output_tokens_per_minute")
        self.requests = Bucket(per_request, burst, 4_000)
        self.input = Bucket(per_input, per_input, 2_000_000)
        self.output = Bucket(per_output, per_output, 400_000)

    def admit(self, input_tokens: int) -> None:
        """Let a request in, or raise the API's 429 with the seconds after which it would be let in."""
        needs = {"requests": self.requests.wait(1), "input tokens": self.input.wait(input_tokens)}
        needs["output tokens"] = self.output.wait(1)
        name, wait = max(needs.items(), key=lambda need: need[1])
        if wait > 0:
            limit = {"requests": self.requests, "input tokens": self.input, "output tokens": self.output}[name].limit
            message = f"This request would exceed the rate limit of {limit} {name} per minute."
            raise ApiError(429, message, **{"retry-after": f"{math.ceil(wait * 1000) / 1000:g}"})
        self.requests.take(1)

    def spend(self, usage: dict[str, Any]) -> None:
        """Count the tokens of an answer."""
        self.input.take(usage["input_tokens"] + usage["cache_creation_input_tokens"])
        self.output.take(usage["output_tokens"])

    def headers(self) -> dict[str, str]:
        """All nine `anthropic-ratelimit-*` headers."""
        return {
            **self.requests.headers("requests"),
            **self.input.headers("input-tokens"),
            **self.output.headers("output-tokens"),
        }


CHOOSING = {"faults", "attempts", "sequence", "attempts_until_ok"}


@dataclass
class Plan:
    """A whole plan, read and checked."""

    live: Chooser
    batched: Chooser
    limits: Limits
    routes: dict[str, list[Fault]] = field(default_factory=dict)
    latency: float = 0.0
    batch_delay: float = 0.1
    batch_requests: int = 100_000
    batch_bytes: int = 256 * 1024 * 1024
    archive: bool = False

    @classmethod
    def read(cls, plan: dict[str, Any], routes: set[str]) -> "Plan":
        """From its JSON; an unknown key is an error."""
        _only(plan, CHOOSING | {"seed", "latency", "limits", "batches", "routes", "reset"}, "plan")
        batches = plan.get("batches", {})
        _only(batches, CHOOSING | {"delay", "max_requests", "max_bytes", "archive"}, "batches")
        _only(plan.get("routes", {}), routes, "routes")
        seed = plan.get("seed", 1)
        return cls(
            live=Chooser(plan, seed, LIVE),
            batched=Chooser(batches, seed, BATCHED),
            limits=Limits(plan.get("limits", {})),
            routes={name: [Fault.read(each, LIVE - CONTENT) for each in found] for name, found in plan.get("routes", {}).items()},
            latency=plan.get("latency", 0.0),
            batch_delay=batches.get("delay", cls.batch_delay),
            batch_requests=batches.get("max_requests", cls.batch_requests),
            batch_bytes=batches.get("max_bytes", cls.batch_bytes),
            archive=batches.get("archive", False),
        )

    def for_route(self, route: str) -> Fault:
        """What the next call of this endpoint meets."""
        waiting = self.routes.get(route)
        return waiting.pop(0) if waiting else OK


def _only(given: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := given.keys() - known:
        raise ApiError(400, f"fault plan: {where}: unknown {', '.join(sorted(unknown))}; known: {sorted(known)}")
