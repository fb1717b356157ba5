"""HTTP/1.1 by hand on asyncio: one class per connection, keep-alive, nothing copied that need not be.

Specification: RFC 9112 (message syntax) and RFC 9110 (semantics), as far as a JSON API needs them: bodies framed by
Content-Length in both directions, pipelined requests answered in order. The module is not called `http`, because run
by path its folder leads `sys.path` and would hide the standard library's package of that name.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    411: "Length Required", 413: "Content Too Large", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 529: "Overloaded",
}  # fmt: skip
LONGEST_HEAD = 64 * 1024


@dataclass(slots=True)
class Request:
    """One request, read whole; `too_large` says that its body was over the limit and was thrown away."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""
    too_large: bool = False


@dataclass(slots=True)
class Answer:
    """What to send back, when, and whether the connection is to break before or in the midst of it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    drop: Literal["", "before", "midway"] = ""
    close: bool = False
    on_sent: Callable[[bool], None] | None = None
    """Called once, with whether the whole answer goes out."""


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """`value` as a JSON answer."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers)


class Connection(asyncio.Protocol):
    """Reads requests, asks `handle` for an answer to each, writes the answers in order."""

    def __init__(
        self,
        handle: Callable[[Request], Answer],
        body_limit: Callable[[str], int],
        everyone: set["Connection"],
    ) -> None:
        self.handle = handle
        self.body_limit = body_limit
        self.everyone = everyone
        self.received = bytearray()
        self.waiting: Request | None = None  # its head has been read, its body not yet
        self.missing = 0  # bytes of that body still to come, when it is kept
        self.skipping = 0  # the same, when it is thrown away
        self.pending: tuple[asyncio.TimerHandle, Answer] | None = None
        self.close_after = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way back."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.everyone.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: an answer that was still being awaited will never be read."""
        self.everyone.discard(self)
        if self.pending:
            timer, answer = self.pending
            self.pending = None
            timer.cancel()
            self._sent(answer, False)

    def data_received(self, data: bytes) -> None:
        """Take in more bytes and answer what is complete."""
        if self.skipping:
            skipped = min(self.skipping, len(data))
            self.skipping -= skipped
            data = data[skipped:]
        self.received += data
        self._advance()

    def _advance(self) -> None:
        while self.pending is None and not self.transport.is_closing():
            try:
                request = self._next_request()
            except ValueError:
                return self._refuse(400, "The request could not be understood.")
            if request is None:
                return None
            self.close_after = request.headers.get("connection", "").lower() == "close"
            answer = self.handle(request)
            if answer.delay > 0:
                loop = asyncio.get_running_loop()
                self.pending = (loop.call_later(answer.delay, self._send_pending), answer)
            else:
                self._send(answer)
        return None

    def _next_request(self) -> Request | None:
        if self.waiting is None:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                if len(self.received) > LONGEST_HEAD:
                    self._refuse(431, "The request's headers are too large.")
                return None
            request = parse_head(bytes(self.received[:end]))
            del self.received[: end + 4]
            if "transfer-encoding" in request.headers:
                self._refuse(411, "This server takes bodies with a Content-Length only.")
                return None
            length = int(request.headers.get("content-length", "0"))
            self.waiting = request
            if length > self.body_limit(request.path):
                request.too_large = True
                here = min(length, len(self.received))
                del self.received[:here]
                self.skipping, self.missing = length - here, 0
            else:
                self.missing = length
        if self.skipping or len(self.received) < self.missing:
            return None
        request, self.waiting = self.waiting, None
        if self.missing:
            request.body = bytes(self.received[: self.missing])
            del self.received[: self.missing]
            self.missing = 0
        return request

    def _send_pending(self) -> None:
        assert self.pending
        answer = self.pending[1]
        self.pending = None
        self._send(answer)
        self._advance()

    def _send(self, answer: Answer) -> None:
        gone = self.transport.is_closing()
        self._sent(answer, not gone and not answer.drop)  # first: whoever has read the answer may look for it in the log
        if gone or answer.drop == "before":
            return self.transport.close()
        lines = [
            f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}",
            f"content-type: {answer.content_type}",
            f"content-length: {len(answer.body)}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in answer.headers.items()),
        ]
        close = answer.close or self.close_after or answer.drop == "midway"
        if close:
            lines.append("connection: close")
        body = answer.body[: len(answer.body) // 2] if answer.drop == "midway" else answer.body
        self.transport.write("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body)
        if close:
            self.transport.close()
        return None

    def _refuse(self, status: int, message: str) -> None:
        error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}, "request_id": None}
        answer = json_answer(error, status)
        answer.close = True
        self._send(answer)

    @staticmethod
    def _sent(answer: Answer, whole: bool) -> None:
        if answer.on_sent:
            answer.on_sent(whole)
            answer.on_sent = None


def parse_head(head: bytes) -> Request:
    """The request line and the header fields; ValueError where they are not HTTP/1.1."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(line)
        headers[name.lower()] = value.strip()
    if "?" in target or "%" in target or not target.startswith("/"):
        parts = urlsplit(target)
        return Request(method, unquote(parts.path), parse_qs(parts.query), headers)
    return Request(method, target, {}, headers)
