"""The server's speed-ups change its pace and nothing else: the server as shipped answers the same to the same."""

from __future__ import annotations

import re
import shutil
from typing import Any

import httpx
import pytest

from curate.review.local import server

WORD = {"type": "text", "use_markdown": False}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("fields", {"name": "text", "title": "Text", "required": True, "settings": WORD}),
    ("fields", {"name": "aside", "title": "Aside", "required": False, "settings": WORD}),
    ("questions", {"name": "edited", "title": "Edited", "required": False, "settings": WORD}),
    ("questions", {
        "name": "verdict", "title": "Verdict", "required": True,
        "settings": {"type": "label_selection", "options": [{"value": "keep", "text": "Keep"}, {"value": "drop", "text": "Drop"}]},
    }),
    ("metadata-properties", {"name": "kind", "title": "Kind", "settings": {"type": "terms", "values": ["essay", "letter"]}}),
    ("metadata-properties", {"name": "words", "title": "Words", "settings": {"type": "integer", "min": 0}}),
    ("vectors-settings", {"name": "wording", "title": "Wording", "dimensions": 3}),
]  # fmt: skip


@pytest.fixture
def as_shipped(tmp_path, monkeypatch):
    """The server without our speed-ups."""
    inside = tmp_path / "inside"
    shutil.copytree(server.INSIDE / "serve", inside / "serve")
    (inside / "serve" / "speedups.py").write_text("def install(): pass\n", encoding="utf-8")
    monkeypatch.setattr(server, "INSIDE", inside)
    yield server.up(tmp_path / "home")
    server.down(tmp_path / "home")


def test_pushes_are_answered_as_by_the_server_as_shipped(argilla_server, as_shipped):
    ours, theirs = said_by(argilla_server), said_by(as_shipped)
    assert [code for _, code, _ in ours] == [201] * 8 + [200] * 3 + [201, 200] + [422] * 7 + [200, 200, 201] + [200] * 3
    for mine, shipped in zip(ours, theirs, strict=True):
        assert mine == shipped


def said_by(running: server.Server) -> list[tuple[str, int, Any]]:
    """What a server answers, step by step, with its own ids and times replaced by names."""
    http = httpx.Client(base_url=f"{running.url}/api/v1", headers={"X-Argilla-Api-Key": running.api_key}, timeout=60)
    names: dict[str, str] = {}
    said: list[tuple[str, int, Any]] = []

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = http.request(method, path, **body)
        said.append((f"{method} {named(path)}", answer.status_code, named(answer.text)))
        return answer.json() if answer.content else None

    def named(text: str) -> str:
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda m: names.setdefault(m[0], f"id {len(names)}"), text)
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+", "a time", text)

    (workspace,) = [each["id"] for each in ask("GET", "/me/workspaces")["items"] if each["name"] == "review"]
    me = ask("GET", "/me")["id"]
    said.clear()  # keys, and what other tests made
    names.clear()
    made = {"name": "as-shipped", "workspace_id": workspace, "allow_extra_metadata": False}
    dataset = ask("POST", "/datasets", json=made)["id"]
    questions = {}
    for what, wanted in ASKED:
        thing = ask("POST", f"/datasets/{dataset}/{what}", json=wanted)
        questions[thing["name"]] = thing["id"]
    ask("PUT", f"/datasets/{dataset}/publish")
    bulk = f"/datasets/{dataset}/records/bulk"

    def record(number: int, **more: Any) -> dict[str, Any]:
        suggested = [
            {"question_id": questions["edited"], "value": f"text {number}", "type": "model", "score": 0.5, "agent": "checks"},
            {"question_id": questions["verdict"], "value": "keep", "type": "human"},
        ]
        return {
            "external_id": f"pair-{number}",
            "fields": {"text": f"text {number}", "aside": None},
            "metadata": {"kind": "essay", "words": number},
            "vectors": {"wording": [0.1, -2, number]},
            "suggestions": suggested,
        } | more

    answered = [{"user_id": me, "status": "submitted", "values": {"verdict": {"value": "drop"}}}]
    ask("PUT", bulk, json={"items": [record(number) for number in range(3)] + [record(3, responses=answered)]})
    # Known ones with new texts and suggestions, one of them with fewer, beside one that is new.
    fewer = [{"question_id": questions["edited"], "value": "another", "agent": None}]
    changed = [record(0, fields={"text": "new"}), record(1, suggestions=fewer), record(3, vectors={}), record(9, vectors=None)]
    ask("PUT", bulk, json={"items": changed})
    ask("POST", bulk, json={"items": [record(20, suggestions=[]), record(21, suggestions=None)]})
    everything = {"include": ["responses", "suggestions", "vectors"], "limit": 100}
    records = ask("GET", f"/datasets/{dataset}/records", params=everything)["items"]
    for wrong in (
        record(30, metadata={"kind": "poem"}),
        record(30, metadata={"words": -1}),
        record(30, metadata={"unknown": 1}),
        record(30, suggestions=[{"question_id": questions["verdict"], "value": "perhaps"}]),
        record(30, suggestions=fewer * 2),
        record(30, vectors={"wording": [1, 2]}),
        record(30, fields={"aside": "no text"}),
    ):
        ask("PUT", bulk, json={"items": [record(31), wrong]})
    one = records[0]["id"]
    better = {"question_id": questions["edited"], "value": "better", "score": 0.9, "agent": "checks"}
    ask("PUT", f"/records/{one}/suggestions", json=better)
    ask(
        "PATCH", f"/records/{one}", json={"metadata": {"kind": "letter"}, "vectors": {"wording": [3, 2, 1]}, "suggestions": fewer}
    )
    ask("POST", f"/records/{one}/responses", json={"status": "submitted", "values": {"verdict": {"value": "keep"}}})
    ask("GET", f"/datasets/{dataset}/records", params=everything)
    ask("GET", f"/datasets/{dataset}/progress")
    ask("DELETE", f"/datasets/{dataset}")
    return said
