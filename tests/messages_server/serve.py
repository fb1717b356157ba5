"""The server: which endpoint answers what. `python tests/messages_server/serve.py --port 0`.

Specification: platform.claude.com/docs/en/api/overview (headers `authorization`, `anthropic-version`, `request-id`;
size limits) and the pages named in the other modules. Beside the API it has three endpoints of its own: POST /_control
(a fault plan, see faults.py), GET /_log (?limit=…) and GET /_requests (the last 500 bodies).
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

if __name__ == "__main__" and not __package__:  # run by path: become part of the package
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    __package__ = "tests.messages_server"

from .answers import events, message, user_text
from .api import (
    API_KEY,
    MESSAGE_LIMIT,
    MODELS,
    ApiError,
    PromptCache,
    check_message,
    content_hash,
    count_tokens,
    model_info,
    page,
    read_json,
    same_question,
)
from .batches import Batch, Batches
from .faults import DROPS, OK, Fault, Plan
from .record import Record
from .wire import Answer, Connection, Request, json_answer

ROUTES = {
    "count_tokens", "models.list", "models.retrieve", "batches.create", "batches.list", "batches.retrieve",
    "batches.results", "batches.cancel", "batches.delete",
}  # fmt: skip


class Server:
    """All state: plan, log, prompt cache, batches."""

    def __init__(self, plan: dict[str, Any], latency: float, log: Path | None) -> None:
        self.plan = Plan.read(plan, ROUTES)
        self.plan.latency = self.plan.latency or latency
        self.record = Record(log)
        self.cache = PromptCache()
        self.batches = Batches(self.batch_item)
        self.numbers = count(1)
        self.connections: set[Connection] = set()

    def body_limit(self, path: str) -> int:
        """The largest body an endpoint takes."""
        return self.plan.batch_bytes if path == "/v1/messages/batches" else MESSAGE_LIMIT

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        request_id = f"req_011{os.urandom(10).hex()}"
        try:
            answer = self._route(request)
        except ApiError as error:
            answer = json_answer(error.body(request_id), error.status, **error.headers)
        except Exception as error:  # a mistake of ours is to be seen as one
            answer = json_answer(ApiError(500, f"{type(error).__name__}: {error}").body(request_id), 500)
            print(f"{request.method} {request.path}: {error!r}", file=sys.stderr, flush=True)
        answer.headers["request-id"] = request_id
        answer.headers["anthropic-organization-id"] = "00000000-0000-4000-8000-000000000001"
        return answer

    def _route(self, request: Request) -> Answer:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["_control"]:
                return self._control(read_json(request.body))
            case "GET", ["_log"]:
                return json_answer(self.record.summary(int(request.query.get("limit", ["10000"])[0])))
            case "GET", ["_requests"]:
                return json_answer(list(self.record.bodies))
        self._authenticate(request)
        if request.too_large:
            raise ApiError(413, "Request exceeds the maximum size")
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", "messages"]:
                return self._message(request)
            case "POST", ["v1", "messages", "count_tokens"]:
                return self._other("count_tokens", partial(self._count_tokens, request))
            case "GET", ["v1", "models"]:
                models = [model_info(each) for each in MODELS]
                return self._other("models.list", lambda: page(models, request.query))
            case "GET", ["v1", "models", model_id]:
                return self._other("models.retrieve", lambda: model_info(model_id))
            case method, ["v1", "messages", "batches", *rest]:
                return self._batches(method, rest, request)
            case _, ["v1", "messages"]:
                raise ApiError(405, "Method Not Allowed")
        raise ApiError(404, "Not Found")

    @staticmethod
    def _authenticate(request: Request) -> None:
        """The key comes as `Authorization: Bearer` (the client since 2.12) or as `x-api-key` (before)."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = request.headers.get("x-api-key") or (bearer if scheme.lower() == "bearer" else "")
        if not key:
            raise ApiError(401, "Authentication is required: send Authorization: Bearer, or x-api-key")
        if key != API_KEY:
            raise ApiError(401, "invalid API key")
        if "anthropic-version" not in request.headers:
            raise ApiError(400, "anthropic-version: header is required")

    def _control(self, plan: dict[str, Any]) -> Answer:
        self.plan = Plan.read(plan, ROUTES)
        if plan.get("reset"):
            self.record.reset()
            self.cache = PromptCache()
        if self.plan.archive:
            self.batches.archive()
        return json_answer({"ok": True})

    # --- POST /v1/messages ---

    def _message(self, request: Request) -> Answer:
        body = read_json(request.body)
        check_message(body)
        content = content_hash(body)
        self.record.bodies.append({"hash": content, "route": "messages", "body": body})
        try:
            asked = count_tokens(body)
            if asked > MODELS[body["model"]].input_tokens:
                raise ApiError(400, f"prompt is too long: {asked} tokens > {MODELS[body['model']].input_tokens} maximum")
            self.plan.limits.admit(asked)
        except ApiError as error:
            error.headers |= self.plan.limits.headers()
            self.record.note(content, "limited" if error.status == 429 else "invalid_request", error.status)
            raise
        fault = self.plan.live.choose(same_question(body), lambda: user_text(body))
        if failure := fault.error():
            failure.headers |= self.plan.limits.headers()
            self.record.note(content, fault.kind, failure.status)
            raise failure
        if fault.kind == "drop_before":
            self.record.note(content, fault.kind, 0, sent=False)
            return Answer(200, b"", drop="before")
        whole = message(body, content, self.cache.usage(body, asked), fault, next(self.numbers))
        self.plan.limits.spend(whole["usage"])
        if body.get("stream"):
            answer = Answer(200, b"".join(events(whole)), content_type="text/event-stream; charset=utf-8")
        else:
            answer = json_answer(whole)
        answer.headers |= self.plan.limits.headers()
        answer.on_sent = lambda sent: self.record.note(content, fault.kind, 200, sent=sent, usage=whole["usage"])
        return self._spoiled(answer, fault)

    def _spoiled(self, answer: Answer, fault: Fault) -> Answer:
        answer.delay = self.plan.latency + fault.seconds
        if fault.kind in DROPS:
            answer.drop = "midway" if fault.kind == "drop_midway" else "before"
        if fault.kind == "page":
            answer.body, answer.content_type = b"<html>Sign in \x1b[31m</html>", "text/html; charset=utf-8"
        if fault.kind == "no_message":
            answer.body = b'{"ok": true}'
        return answer

    def batch_item(self, params: dict[str, Any]) -> dict[str, Any]:
        """The result of one request of a batch; here, not at the batch's creation, its parameters are checked."""
        content = content_hash(params)
        self.record.bodies.append({"hash": content, "route": "batches", "body": params})
        fault = OK
        try:
            if params.get("stream"):
                raise ApiError(400, "stream: Streaming is not supported in batches")
            check_message(params)
            fault = self.plan.batched.choose(same_question(params), lambda: user_text(params))
            if failure := fault.error():
                raise failure
        except ApiError as error:
            self.record.note(content, fault.kind if fault is not OK else "invalid_request", error.status)
            return {"type": "errored", "error": error.body(f"req_011{os.urandom(10).hex()}")}
        if fault.kind in {"expired", "canceled"}:
            self.record.note(content, fault.kind, 0)
            return {"type": fault.kind}
        whole = message(params, content, self.cache.usage(params, count_tokens(params)), fault, next(self.numbers))
        whole["usage"]["service_tier"] = "batch"
        self.record.note(content, fault.kind, 200, usage=whole["usage"])
        return {"type": "succeeded", "message": whole}

    # --- the other endpoints ---

    def _other(self, route: str, act: Callable[[], Any]) -> Answer:
        """Answer with what `act` returns, unless the plan wills otherwise; an error or `drop_before` comes first."""
        fault = self.plan.for_route(route)
        if error := fault.error():
            raise error
        if fault.kind == "drop_before":
            return Answer(200, b"", drop="before")
        done = act()
        return self._spoiled(done if isinstance(done, Answer) else json_answer(done), fault)

    @staticmethod
    def _count_tokens(request: Request) -> dict[str, int]:
        body = read_json(request.body)
        check_message(body, counting=True)
        return {"input_tokens": count_tokens(body)}

    def _created(self, body: dict[str, Any]) -> Batch:
        batch = self.batches.create(body, delay=self.plan.batch_delay, most=self.plan.batch_requests)
        self.record.bodies.append({"hash": batch.id, "route": "batches.create", "body": body})
        return batch

    def _batches(self, method: str, rest: list[str], request: Request) -> Answer:
        base = f"http://{request.headers.get('host', '127.0.0.1')}"
        batches = self.batches
        match method, rest:
            case "POST", []:
                return self._other("batches.create", lambda: self._created(read_json(request.body)).shown(base))
            case "GET", []:
                shown = [batch.shown(base) for batch in batches.newest_first()]
                return self._other("batches.list", lambda: page(shown, request.query))
            case "GET", [batch_id]:
                return self._other("batches.retrieve", lambda: batches.find(batch_id).shown(base))
            case "GET", [batch_id, "results"]:
                lines = partial(batches.results, batch_id)
                return self._other("batches.results", lambda: Answer(200, lines(), content_type="application/x-jsonl"))
            case "POST", [batch_id, "cancel"]:
                return self._other("batches.cancel", lambda: batches.cancel(batch_id).shown(base))
            case "DELETE", [batch_id]:
                return self._other("batches.delete", lambda: batches.delete(batch_id))
        raise ApiError(405 if len(rest) < 2 else 404, "Method Not Allowed" if len(rest) < 2 else "Not Found")


async def serve(server: Server, port: int, with_parent: bool) -> None:
    """Listen on the loopback interface until told to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    if with_parent:  # nothing is ever written there: it ends when the parent does
        loop.add_reader(sys.stdin.fileno(), stop.set)
    listener = await loop.create_server(
        lambda: Connection(server.handle, server.body_limit, server.connections), "127.0.0.1", port, backlog=512
    )
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)
    await stop.wait()
    listener.close()
    for connection in list(server.connections):
        connection.transport.abort()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--faults", type=Path, help="a fault plan, JSON")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument("--log", type=Path, help="append every attempt to this file, and begin with what it holds")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    given = parser.parse_args()
    plan = json.loads(given.faults.read_text()) if given.faults else {}
    asyncio.run(serve(Server(plan, given.latency, given.log), given.port, given.with_parent))


if __name__ == "__main__":
    main()
