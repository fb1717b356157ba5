"""OpenAI's API for files, fine-tuning jobs and chat (developers.openai.com/api/reference), as other hosts speak it too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from likeness.errors import CallError, MachineError
from likeness.foreign_words import in_one_line, without_keys
from likeness.recipe.schema import Train
from train.hosted.hosts import Host

PATIENCE = (10, 300)
"""Seconds to connect, and for an answer."""
TRIES = 8
"""Of one request, about four minutes in all: a provider's bad moment is no reason to leave a job that is paid for."""
AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
LONGEST_PAUSE = 60.0


def api_of(settings: Train, host: Host, sleep: Callable[[float], None], tell: Callable[[str], None]) -> HostApi:
    """The API of the recipe's host.

    Args:
        settings: the recipe's `train`.
        host: the host.
        sleep: waits so many seconds.
        tell: shows why it waits.

    Raises:
        CallError: its key is not set.
    """
    assert settings.hosted
    return HostApi(settings.hosted.url or host.url, host.key, host.title, sleep, tell)


class HostApi:
    """A host's API.

    Args:
        url: its base, such as https://api.openai.com/v1.
        key: the name of the variable that holds the key.
        title: the host's name, for messages.
        sleep: waits so many seconds.
        tell: shows why it waits.
    """

    def __init__(self, url: str, key: str, title: str, sleep: Callable[[float], None], tell: Callable[[str], None]) -> None:
        self.url, self.title, self._sleep, self._tell = url.rstrip("/"), title, sleep, tell
        secret = os.environ.get(key, "")
        if not secret:
            raise CallError(f"{key} is not set", where="train.hosted", fix=f"export {key}=… (it is written nowhere).")
        self._headers = {"Authorization": f"Bearer {secret}", **({"api-key": secret} if "AZURE" in key else {})}

    def upload(self, file: Path, name: str) -> str:
        """Send a file to train on; gives its id.

        Args:
            file: JSON lines.
            name: what it is called there.
        """

        def body() -> dict[str, Any]:
            return {"files": {"file": (name, file.read_bytes(), "application/jsonl")}, "data": {"purpose": "fine-tune"}}

        return str(self._ask("POST", "/files", body)["id"])

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create a job. It is asked once: a request whose answer got lost may have started one, see `job_on`."""
        return dict(self._ask("POST", "/fine_tuning/jobs", lambda: {"json": body}, tries=1))

    def job(self, name: str) -> dict[str, Any]:
        """A job as it is now."""
        return dict(self._ask("GET", f"/fine_tuning/jobs/{name}"))

    def job_on(self, file: str) -> dict[str, Any] | None:
        """The job that trains on an uploaded file, if one was started and not called off."""
        after: str | None = None
        while True:
            query = "?limit=100" + (f"&after={after}" if after else "")
            page = self._ask("GET", f"/fine_tuning/jobs{query}")
            for job in page["data"]:
                if job.get("training_file") == file and job["status"] not in ("failed", "cancelled"):
                    return dict(job)
            if not page.get("has_more") or not page["data"]:
                return None
            after = page["data"][-1]["id"]

    def events(self, name: str) -> list[dict[str, Any]]:
        """What a job has said, oldest first; the newest hundred."""
        return list(reversed(self._ask("GET", f"/fine_tuning/jobs/{name}/events?limit=100")["data"]))

    def content(self, file: str) -> bytes:
        """A file's content."""
        return self._send("GET", f"/files/{file}/content", dict, TRIES).content

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """One answer of a model."""
        return dict(self._ask("POST", "/chat/completions", lambda: {"json": body}))

    def _ask(self, method: str, path: str, body: Callable[[], dict[str, Any]] = dict, tries: int = TRIES) -> Any:
        answer = self._send(method, path, body, tries)
        try:
            return json.loads(without_keys(answer.content.decode("utf-8")))
        except ValueError:
            raise MachineError(f"{self.title} answers with something that is no JSON", where=self.url + path) from None

    def _send(self, method: str, path: str, body: Callable[[], dict[str, Any]], tries: int) -> requests.Response:
        problem, pause = "", 0.0
        for turn in range(tries):
            if turn:
                self._tell(f"{self.title} {problem}; asking again in {pause:.0f} s")
                self._sleep(pause)
            pause = min(LONGEST_PAUSE, 2.0**turn)
            try:
                answer = requests.request(method, self.url + path, headers=self._headers, timeout=PATIENCE, **body())
            except requests.RequestException as error:
                problem = f"does not answer: {type(error).__name__}"
                continue
            if answer.status_code < 400:
                return answer
            problem = f"refuses with {answer.status_code}: {_said(answer)}"
            if answer.status_code not in AGAIN:
                break
            pause = max(pause, min(LONGEST_PAUSE, float(_seconds(answer.headers.get("retry-after")))))
        fix = "The same command goes on where it was."
        raise MachineError(f"{self.title} {problem}", where=self.url + path, fix=fix)


def _said(answer: requests.Response) -> str:
    """The host's own words, cut: they go to a terminal."""
    try:
        found = answer.json()
    except ValueError:
        return in_one_line(answer.text, 200)
    error = found.get("error", found) if isinstance(found, dict) else found
    return in_one_line(error.get("message", error) if isinstance(error, dict) else error, 400)


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
