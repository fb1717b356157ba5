"""People at a real Argilla server, a village whose pairs they review, and a real browser that notes where it asks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pyarrow.parquet as pq

from curate.build import build
from curate.job import Build
from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.review.sync import Synced, sync
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_recipe
from tests.make import CHROMIUM, RECIPE, change, write_corpus

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()


@contextmanager
def browser_page() -> Iterator[Any]:
    """A page of a fresh browser. It fails the test if anything was asked for beyond this machine, or a script broke."""
    from playwright.sync_api import sync_playwright

    asked: set[str] = set()
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(20_000)
        page.on("request", lambda request: asked.add(request.url))
        page.on("websocket", lambda socket: asked.add(socket.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        yield page
        browser.close()
    assert asked, "the browser asked for nothing at all"
    local = {url for url in asked if urlsplit(url).hostname == "127.0.0.1"}
    assert {url for url in asked if urlsplit(url).scheme not in ("data", "blob")} == local
    assert broken == []


class Person:
    """Somebody at Argilla, through the very requests that its pages make."""

    def __init__(self, url: str, name: str, api_key: str) -> None:
        self.name, self.api_key = name, api_key
        self.http = httpx.Client(base_url=url, headers={"X-Argilla-Api-Key": api_key}, timeout=60, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        """JSON from the server."""
        return self.http.get(f"/api/v1/{path}", params=query).raise_for_status().json()

    def dataset(self, workspace: str, name: str) -> str | None:
        """A dataset's id."""
        (space,) = [each for each in self.get("me/workspaces")["items"] if each["name"] == workspace]
        found = [each["id"] for each in self.get("me/datasets", workspace_id=space["id"])["items"] if each["name"] == name]
        return found[0] if found else None

    def records(self, dataset: str) -> dict[str, dict[str, Any]]:
        """The records of a dataset with everybody's responses, by pair, as they lie there."""
        found = self.get(f"datasets/{dataset}/records", include=["responses", "suggestions"], limit=1000)["items"]
        return {record["external_id"]: record for record in found}

    def queue(self, dataset: str, text: str | None = None) -> list[dict[str, Any]]:
        """What the page shows this person as pending, in its order."""
        body: dict[str, Any] = {
            "filters": {"and": [{"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["pending"]}]}
        }
        if text:
            body["query"] = {"text": {"q": text}}
        query = {"include": ["responses", "suggestions"], "limit": 1000}
        found = self.http.post(f"/api/v1/me/datasets/{dataset}/records/search", params=query, json=body).raise_for_status()
        return [item["record"] for item in found.json()["items"]]

    def answer(self, record: dict[str, Any], status: str = "submitted", **said: Any) -> None:
        """Answer a record: what the page suggests, save for what is `said`."""
        body = self._response(record, status, said)
        self.http.post(f"/api/v1/records/{record['id']}/responses", json=body).raise_for_status()

    def change(self, record: dict[str, Any], status: str = "submitted", **said: Any) -> None:
        """Answer a record once more."""
        me = self.get("me")["id"]
        (mine,) = [response["id"] for response in record["responses"] if response["user_id"] == me]
        self.http.put(f"/api/v1/responses/{mine}", json=self._response(record, status, said)).raise_for_status()

    def _response(self, record: dict[str, Any], status: str, said: dict[str, Any]) -> dict[str, Any]:
        questions = {
            question["id"]: question["name"] for question in self.get(f"datasets/{record['dataset_id']}/questions")["items"]
        }
        prefilled = {questions[each["question_id"]]: each["value"] for each in record["suggestions"]}
        return {"status": status, "values": {name: {"value": value} for name, value in (prefilled | said).items()}}


class Village:
    """The small corpus with a review on a running server, in a workspace of its own, and its people."""

    def __init__(self, folder: Path, owner: Person, review: str, more: str = "") -> None:
        self.folder, self.owner = folder, owner
        self.workspace = f"village-{uuid.uuid4().hex[:8]}"
        body = {"name": self.workspace}
        self.workspace_id = owner.http.post("/api/v1/workspaces", json=body).raise_for_status().json()["id"]
        recipe = re.sub(r"expect:\n(  - .*\n)+", "", RECIPE) + more
        self.recipe = write_corpus(
            folder, f"{recipe}review: {{argilla: {owner.http.base_url}, workspace: {self.workspace}, {review}}}\n"
        )
        self.notes: list[str] = []
        self.agreed: list[str] = []

    def person(self, name: str, role: str = "annotator") -> Person:
        """A new user of the workspace."""
        name = f"{name}-{uuid.uuid4().hex[:6]}"
        user = {"username": name, "first_name": name, "password": "a long password", "role": role}
        made = self.owner.http.post("/api/v1/users", json=user).raise_for_status().json()
        member = {"user_id": made["id"]}
        self.owner.http.post(f"/api/v1/workspaces/{self.workspace_id}/users", json=member).raise_for_status()
        return Person(str(self.owner.http.base_url), name, made["api_key"])

    def write(self, old: str, new: str) -> None:
        """Alter the recipe."""
        change(self.recipe, old, new)

    def build(self) -> Build:
        """What `curate build` does."""
        return build(self.recipe, self, agree=self.agree)

    def sync(self) -> Synced:
        """What `curate review sync` does."""
        ledger = self.ledger()
        try:
            return sync(load_recipe(self.recipe), ledger)
        finally:
            ledger.close()

    def ledger(self) -> Ledger:
        """The open ledger."""
        return Ledger(BuildFolder(Path("build/village")).ledger)

    def desk(self, name: str = "village") -> str:
        """The dataset's id on the server."""
        found = self.owner.dataset(self.workspace, name)
        assert found
        return found

    def records(self, name: str = "village") -> dict[str, dict[str, Any]]:
        """What lies there, by pair."""
        return self.owner.records(self.desk(name))

    def asking(self, text: str) -> dict[str, Any]:
        """The record whose question or answer holds a text."""
        (found,) = [r for r in self.records().values() if any(text in r["fields"][field] for field in ("question", "answer"))]
        return found

    def agree(self, question: str) -> bool:
        """Whatever must go, goes."""
        self.agreed.append(question)
        return True

    # what a build tells

    def stage_begins(self, name: str) -> None: ...

    def progress(self, done: int, total: int, usd: float = 0.0) -> None: ...

    def stage_ends(self, stage: Stage) -> None: ...
    def took(self, name: str, what: str, seconds: float) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)


def published(config: str) -> dict[str, dict[str, Any]]:
    """The rows of the newest dataset below this folder, of all its splits, by id (of preferences: by id and origin)."""
    files = sorted((BuildFolder(Path("build/village")).dataset() / config).glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return {row["id"] if config == "sft" else f"{row['id']} {row['origin']}": row for row in rows}
