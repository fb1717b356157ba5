"""A run's model behind OpenAI's API: asked by OpenAI's own client, by a browser, and by pages that have no business here."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import psutil
import pytest

from tests.make import BIN, House, environment

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]
QUESTION = {"role": "user", "content": "How do you look after your kitchen?"}


@dataclass
class Served:
    """A server under way."""

    said: dict[str, Any]
    process: subprocess.Popen[str]

    @property
    def client(self) -> openai.OpenAI:
        """OpenAI's own."""
        return openai.OpenAI(base_url=self.said["api"], api_key="any", max_retries=0, timeout=120)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """A bare request: status and JSON."""
        connection = http.client.HTTPConnection(self.said["url"].removeprefix("http://"), timeout=60)
        data = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def served(trained: Trained) -> Iterator[Served]:
    """The starter's model, served."""
    house, made = trained
    command = [BIN / "train", "serve", made["run"], "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=house.folder, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = ""
        while not lines.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "it ended before it said where it is"
            lines += line
        yield Served(json.loads(lines), process)
        process.terminate()
        assert process.wait(30) == 0


def test_openais_client_gets_the_chats_answer_whole_and_streamed(trained: Trained, served: Served) -> None:
    house, made = trained
    (model,) = served.client.models.list().data
    assert model.id == served.said["model"]
    settings: Any = {"model": model.id, "messages": [QUESTION], "temperature": 0, "extra_body": {"knowledge": False}}
    whole = served.client.chat.completions.create(**settings)
    asked = ("-q", QUESTION["content"], "--temperature", "0", "--no-knowledge")
    assert whole.choices[0].message.content == house.json("train", "chat", made["run"], *asked)["answer"]
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert whole.usage is not None and whole.usage.prompt_tokens > 5 and whole.usage.completion_tokens > 0
    pieces = list(served.client.chat.completions.create(stream=True, **settings))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == whole.choices[0].message.content
    assert pieces[-1].choices[0].finish_reason == whole.choices[0].finish_reason and len(pieces) > 3


def test_the_system_prompt_is_the_recipes_unless_the_client_says_one(served: Served) -> None:
    def answer(*messages: Any, **more: Any) -> Any:
        return served.client.chat.completions.create(
            model="any", messages=list(messages), temperature=0, max_tokens=24, extra_body={"knowledge": False} | more
        )

    prompted, bare = answer(QUESTION), answer(QUESTION, system_prompt=False)
    other = answer({"role": "developer", "content": "Say yes."}, {"role": "user", "content": [{"type": "text", "text": "Yes?"}]})
    assert prompted.usage.prompt_tokens > bare.usage.prompt_tokens
    assert prompted.usage.completion_tokens <= 24 and other.choices[0].message.role == "assistant"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ({}, "`messages` is not a list"),
        ({"messages": []}, "last message is not the user's"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "a message's role is one of"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "reads text only"),
        ({"messages": [{"role": "user", "content": 5}]}, "content is a text"),
        ({"messages": [QUESTION], "temperature": 9}, "`temperature` is a number from 0 to 2"),
        ({"messages": [QUESTION], "temperature": True}, "`temperature` is a number from 0 to 2"),
        ({"messages": [QUESTION], "n": 2}, "one answer at a time"),
        ({"messages": [{"role": "user", "content": "salt and pepper " * 20_000}]}, "too long for this model"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(served: Served, body: object, message: str) -> None:
    status, said = served.ask("POST", "/v1/chat/completions", body)
    assert status == 400 and message in said["error"]["message"]
    assert said["error"]["type"] == "invalid_request_error"


def test_pages_from_elsewhere_are_refused(served: Served) -> None:
    question = {"messages": [QUESTION], "max_tokens": 1}
    port = served.said["url"].rpartition(":")[2]
    assert served.ask("GET", "/health")[0] == 200
    assert served.ask("GET", "/health", Host="evil.example")[0] == 421
    assert served.ask("POST", "/v1/chat/completions", question, Origin="https://evil.example")[0] == 421
    assert served.ask("POST", "/v1/chat/completions", question, Origin="null")[0] == 421
    assert served.ask("POST", "/v1/chat/completions", question, Origin=f"http://localhost:{port}")[0] == 200
    assert served.ask("POST", "/v1/chat/completions", "x", Content_Length="5000000")[0] == 413
    assert served.ask("GET", "/../manifest.json")[0] == 404
    assert served.ask("POST", "/v1/embeddings", {})[0] == 404
    listening = [each.laddr.ip for each in psutil.Process(served.said["pid"]).net_connections() if each.status == "LISTEN"]
    assert listening == ["127.0.0.1"]


def test_a_client_that_goes_away_does_not_hold_up_the_next(served: Served) -> None:
    settings: Any = {"model": "any", "messages": [QUESTION]}
    stream: Any = served.client.chat.completions.create(**settings, stream=True, max_tokens=400)
    next(iter(stream))
    stream.close()
    answer = served.client.chat.completions.create(**settings, max_tokens=2)
    assert answer.choices[0].message.role == "assistant"


def test_the_page_talks_in_a_real_browser(served: Served, page: Any) -> None:
    page.goto(served.said["url"])
    page.fill("#question", "What do you know of knives?")
    page.keyboard.press("Enter")
    page.locator(".answer").wait_for()
    page.locator("#ask button[type=submit]:enabled").wait_for(timeout=120_000)
    assert page.locator(".asked").inner_text() == "What do you know of knives?"
    assert len(page.locator(".answer").inner_text().strip()) > 3
    page.fill("#question", "<b>And salt?</b>")
    page.click("button[type=submit]")
    page.locator(".answer").nth(1).wait_for()
    page.locator("#ask button[type=submit]:enabled").wait_for(timeout=120_000)
    assert page.locator(".asked").nth(1).inner_text() == "<b>And salt?</b>"
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#new")
    assert page.locator(".turn").count() == 0


def test_a_port_that_is_taken_is_named(trained: Trained, served: Served) -> None:
    house, made = trained
    port = served.said["url"].rpartition(":")[2]
    said = house.call("train", "serve", made["run"], "--port", port, code=3).stderr
    assert f"port {port} cannot be listened on" in said and "--port" in said


def test_ctrl_c_ends_it(trained: Trained) -> None:
    house, made = trained
    command = [BIN / "train", "serve", made["run"], "--port", "0"]
    with subprocess.Popen(command, cwd=house.folder, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "talk to it at http://127.0.0.1:" in process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(30) == 0


def test_hostile_json_is_told_and_a_crash_within_an_answer_ends_it_alone(trained: Trained) -> None:
    house, made = trained
    command = [BIN / "train", "serve", made["run"], "--port", "0", "--json"]
    with subprocess.Popen(
        command, cwd=house.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = ""
        while not lines.endswith("}\n"):
            lines += process.stdout.readline()
        served = Served(json.loads(lines), process)
        for body in (
            "[" * 200_000,
            {"messages": [{"role": ["user"], "content": "x"}]},
            {"messages": [QUESTION], "temperature": None, "n": "2"},
        ):
            assert served.ask("POST", "/v1/chat/completions", body)[0] == 400
        settings: Any = {"model": "any", "messages": [QUESTION], "extra_body": {"knowledge": False}}
        stream = iter(served.client.chat.completions.create(**settings, stream=True, max_tokens=400))
        next(stream)
        (worker,) = psutil.Process(process.pid).children()
        worker.kill()
        with pytest.raises((openai.APIError, httpx.TransportError)):
            list(stream)
        assert served.client.chat.completions.create(**settings, max_tokens=2).choices[0].message.role == "assistant"
        process.terminate()
        said = process.stderr.read()
    assert "an answer broke off: llama.cpp ended with SIGKILL" in said and "Traceback" not in said
