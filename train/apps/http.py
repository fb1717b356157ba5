"""JSON over HTTP, to an app on this machine or one that a person names."""

from __future__ import annotations

from typing import Any

import requests

from likeness.errors import CallError, MachineError

PATIENCE = 600
"""Seconds that an answer may take: an app may have to load the model for it first."""


class Address:
    """Where an app answers.

    Args:
        url: its address, such as http://127.0.0.1:11434.
        app: its name, for messages.

    Raises:
        CallError: that is no address.
    """

    def __init__(self, url: str, app: str) -> None:
        self.url, self.app = url.rstrip("/"), app
        if not self.url.startswith(("http://", "https://")):
            raise CallError(f"{url!r} is no address of {app}", fix="Give it as http://127.0.0.1:PORT.")
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the network is no way to this machine

    def get(self, path: str) -> Any:
        """What is at a path.

        Raises:
            MachineError: the app cannot be reached, or refuses.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a request.

        Args:
            path: of the address.
            body: the request.

        Raises:
            MachineError: the app cannot be reached, or refuses.
        """
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        where = f"{self.url}{path}"
        try:
            answer = self._session.request(method, where, json=body, timeout=(10, PATIENCE))
        except requests.RequestException as error:
            fix = "Start it, load the model, and see that its server is switched on."
            raise MachineError(f"{self.app} does not answer: {type(error).__name__}", where=where, fix=fix) from None
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code >= 400 or found is None:
            said = found.get("error", found) if isinstance(found, dict) else answer.text[:200]
            raise Refused(f"{self.app} refuses with {answer.status_code}: {said}", where=where)
        return found


class Refused(MachineError):
    """The app answers, and not with what was asked for."""
