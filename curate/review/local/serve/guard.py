"""What stands before Argilla: only this machine's own names are answered to, and pages may load nothing from elsewhere.

A server on the loopback interface can be reached by any page that a browser shows: one whose name leads to 127.0.0.1 for a
moment (DNS rebinding) is known by the Host that it asks for, and one that shows ours in a frame is refused by the browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

OWN_NAMES = {"127.0.0.1", "localhost"}

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Argilla's pages begin with a script, and compile templates
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",  # a picture in a text that somebody else wrote is fetched from nowhere
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",  # the address that signs in holds the password
    b"cross-origin-resource-policy": b"same-origin",
}

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class Guard:
    """An ASGI application before another."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, or have the other answer, with our headers."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not is_own(scope):
            await _refuse(scope, send)
        else:

            async def with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in HEADERS]
                    message = {**message, "headers": [*kept, *HEADERS.items()]}
                await send(message)

            await self._app(scope, receive, with_headers)


def is_own(scope: Message) -> bool:
    """Whether a request asks for this machine by a name that is its own: exactly one Host, whatever its port."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return False
    name, _, port = hosts[0].partition(":")
    return name.lower() in OWN_NAMES and (not port or port.isdigit())


async def _refuse(scope: Message, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS.items()]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": b"This server answers to 127.0.0.1 and localhost only.\n"})
