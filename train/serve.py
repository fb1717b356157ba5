"""A run's model behind an OpenAI-compatible address on this machine, and one plain page to talk to it in a browser.

The wire format is that of OpenAI's Chat Completions (platform.openai.com/docs/api-reference/chat): `GET /v1/models` and
`POST /v1/chat/completions`, whole or as server-sent events. What a client does not say is the run's own: its template, system
prompt, sampling settings, and the passages that were shipped with it.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from export.sampling import Sampling
from likeness.command import say
from likeness.errors import CallError, LikenessError, MachineError
from train.chat import MOST_TOKENS, Speaker

OWN_NAMES = ("127.0.0.1", "localhost")
"""A page elsewhere whose name leads here for a moment (DNS rebinding) is known by the Host that it asks for."""

MOST_BYTES = 4_000_000
"""Of a request's body."""

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an answer."""

    messages: Sequence[dict[str, str]]
    sampling: Sampling
    most_tokens: int
    streams: bool
    knowledge: bool
    """Look in the passages that were shipped with the model; ours, not OpenAI's."""


class Wrong(Exception):
    """A request that cannot be answered: what is wrong, and in which of its keys."""

    def __init__(self, what: str, key: str | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(what)
        self.key, self.status = key, status


def read_request(body: bytes, speaker: Speaker) -> Asked:
    """A request for an answer, from its JSON.

    Args:
        body: of the request.
        speaker: has the settings that the request does not say.

    Raises:
        Wrong: it is no such request.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Wrong("the body is not JSON") from None
    if not isinstance(said, Mapping):
        raise Wrong("the body is not an object")
    messages = [_message(each) for each in _list_in(said, "messages")]
    if not messages or messages[-1]["role"] != "user":
        raise Wrong("the last message is not the user's", "messages")
    own_prompt = bool(said.get("system_prompt", True))  # ours: false asks the model without its persona
    if own_prompt and speaker.system_prompt and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": speaker.system_prompt})
    if said.get("n") not in (None, 1):
        raise Wrong("one answer at a time", "n")
    tokens = _number(said, "max_completion_tokens", 1, 32_768) or _number(said, "max_tokens", 1, 32_768) or MOST_TOKENS
    temperature = _number(said, "temperature", 0, 2)
    sampling = speaker.sampling if temperature is None else replace(speaker.sampling, temperature=temperature)
    return Asked(messages, sampling, int(tokens), bool(said.get("stream")), bool(said.get("knowledge", True)))


def _list_in(said: Mapping[str, Any], key: str) -> list[Any]:
    found = said.get(key)
    if not isinstance(found, list):
        raise Wrong(f"`{key}` is not a list", key)
    return found


def _message(said: Any) -> dict[str, str]:
    """A message with its text; of several parts, all that are text."""
    if not isinstance(said, Mapping) or str(said.get("role")) not in ROLES:
        raise Wrong(f"a message's role is one of {', '.join(ROLES)}", "messages")
    content = said.get("content")
    if isinstance(content, list):
        if not all(isinstance(part, Mapping) and part.get("type") == "text" for part in content):
            raise Wrong("this model reads text only", "messages")
        content = "".join(str(part.get("text", "")) for part in content)
    if not isinstance(content, str):
        raise Wrong("a message's content is a text", "messages")
    return {"role": ROLES[said["role"]], "content": content}


def _number(said: Mapping[str, Any], key: str, least: float, most: float) -> float | None:
    found = said.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
        raise Wrong(f"`{key}` is a number from {least:g} to {most:g}", key)
    return found


def _usage(speaker: Speaker) -> dict[str, int]:
    read, said = speaker.ended["prompt_tokens"], speaker.ended["completion_tokens"]
    return {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said}


class Server(ThreadingHTTPServer):
    """Answers on the loopback interface, one question at a time: a small model on few cores is no faster with two.

    Args:
        speaker: the model.
        port: where to listen; 0 takes any that is free.

    Raises:
        MachineError: something else listens there.
    """

    daemon_threads = True

    def __init__(self, speaker: Speaker, port: int) -> None:
        self.speaker, self.name = speaker, speaker.file.stem
        self.began, self.one_at_a_time = int(time.time()), threading.Lock()
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            fix = "Name another with --port; 0 takes any that is free."
            raise MachineError(f"port {port} cannot be listened on: {error.strerror}", fix=fix) from None

    @property
    def url(self) -> str:
        """Where the page is; programs are given the same with /v1."""
        return f"http://127.0.0.1:{self.server_port}"

    def page(self, nonce: str) -> str:
        """The page to talk in.

        Args:
            nonce: only the script with it may run.
        """
        from likeness.pages import environment

        shown = {"name": self.name, "nonce": nonce, "has_knowledge": self.speaker.knowledge is not None}
        return str(environment("train").get_template("chat.html.j2").render(shown, has_prompt=bool(self.speaker.system_prompt)))


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "likeness", ""
    timeout = 60

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is logged: questions are private."""

    def do_GET(self) -> None:
        """The page, and what models there are."""
        match self._own_path():
            case "/":
                nonce = secrets.token_urlsafe(16)
                policy = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; connect-src 'self'"
                page = self.server.page(nonce).encode()
                self._send(HTTPStatus.OK, page, "text/html; charset=utf-8", policy + "; frame-ancestors 'none'")
            case "/v1/models":
                model = {"id": self.server.name, "object": "model", "created": self.server.began, "owned_by": "likeness"}
                self._send_json({"object": "list", "data": [model]})
            case "/health":
                self._send_json({"status": "ok"})
            case None:
                pass
            case _:
                self._refuse(Wrong("there is no such page", status=HTTPStatus.NOT_FOUND))

    def do_POST(self) -> None:
        """An answer."""
        path = self._own_path()
        if path is None:
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._refuse(Wrong(f"a body of at most {MOST_BYTES:,} bytes, with its Content-Length", status=HTTPStatus(413)))
            return
        body = self.rfile.read(int(length))
        try:
            if path != "/v1/chat/completions":
                raise Wrong("there is no such address; POST /v1/chat/completions answers", status=HTTPStatus.NOT_FOUND)
            asked = read_request(body, self.server.speaker)
            with self.server.one_at_a_time:
                self._answer(asked)
        except Wrong as wrong:
            self._refuse(wrong)
        except OSError:
            self.close_connection = True  # who asked is gone: the answer ends with the block
        except LikenessError as error:
            self.close_connection = True  # within an answer: it breaks off, and the next question finds llama.cpp begun again
            say(f"an answer broke off: {error.what}")

    def _answer(self, asked: Asked) -> None:
        speaker = self.server.speaker
        messages, passages = speaker.with_passages(asked.messages) if asked.knowledge else (list(asked.messages), [])
        pieces = speaker.reply(messages, asked.sampling, asked.most_tokens)
        head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": self.server.name}
        known = {"passages": passages, "unfamiliar": asked.knowledge and speaker.knowledge is not None and not passages}
        with closing(pieces):  # who goes away ends the answer
            try:
                text = next(pieces, "")  # what is wrong with the question shows before anything is sent
                if not asked.streams:
                    text += "".join(pieces)
            except CallError as error:
                raise Wrong(error.what, "messages") from None
            except MachineError as error:
                raise Wrong(error.what, status=HTTPStatus.INTERNAL_SERVER_ERROR) from None
            if asked.streams:
                self._stream(head, known, text, pieces)
                return
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": speaker.ended["ended"]}
        self._send_json(head | {"object": "chat.completion", "choices": [choice], "usage": _usage(speaker), "likeness": known})

    def _stream(self, head: dict[str, Any], known: dict[str, Any], first: str, pieces: Iterator[str]) -> None:
        self._head(HTTPStatus.OK, "text/event-stream", None)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def send(delta: dict[str, str], finish: str | None = None, **more: Any) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            self._chunk(json.dumps(head | {"object": "chat.completion.chunk", "choices": [choice]} | more))

        send({"role": "assistant", "content": first})
        for piece in pieces:
            send({"content": piece})
        speaker = self.server.speaker
        send({}, speaker.ended["ended"], usage=_usage(speaker), likeness=known)
        self._chunk("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.flush()

    def _own_path(self) -> str | None:
        """The path asked for, where this machine is asked by its own name and by no page from elsewhere; else None, refused."""
        host = self.headers.get("Host", "").rpartition(":")
        origin = self.headers.get("Origin")
        if (host[0] or host[2]) not in OWN_NAMES or origin not in (None, *(f"http://{name}:{host[2]}" for name in OWN_NAMES)):
            self.close_connection = True
            self._refuse(Wrong("this server answers to 127.0.0.1 and localhost only", status=HTTPStatus.MISDIRECTED_REQUEST))
            return None
        return self.path.partition("?")[0]

    def _refuse(self, wrong: Wrong) -> None:
        error = {"message": str(wrong), "type": "invalid_request_error", "param": wrong.key, "code": None}
        self._send_json({"error": error}, wrong.status)

    def _send_json(self, found: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, json.dumps(found, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str, policy: str | None = None) -> None:
        self._head(status, kind, policy)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, policy: str | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", policy or "default-src 'none'; frame-ancestors 'none'")
