"""Provider `recorded`: answers written down beforehand, replayed through the same path as live ones, at no cost.

A recording is a JSON line `{"kind", "quote", "instruction", "response"}`, of a dialogue `{"kind": "dialogue", "exchanges":
[{"quote", "instruction", "response"}, …]}`. A request is answered with the recordings of its kind whose (first) quote is
in its material: so a document may be edited, and what no longer rests on it falls away.

A contrast set is recorded as `{"kind": "contrast", "term": …, "set": {"statements": […], …}}` and answers the request about that
term, written just so.

What a reviewer sent back is answered only with recordings that name it, `"replaces": <the pair's id>`: the others would say the
same again.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from curate.generate.answers import find_quote
from curate.llm.provider import Response
from curate.llm.request import Request
from curate.model import content_hash
from likeness.errors import CallError


class Recorded:
    """Replays recordings."""

    def __init__(self, pattern: str) -> None:
        self._by_kind: dict[str, list[dict[str, Any]]] = {}
        self._answers: dict[tuple[str, str | None], str] = {}
        files = sorted(glob.glob(pattern, recursive=True))
        if not files:
            raise CallError("no recordings are found here", where=pattern, fix="Correct `generate.recordings`.")
        for name in files:
            for recording in _lines(Path(name)):
                self._by_kind.setdefault(recording["kind"], []).append(recording)

    def identity(self, request: Request) -> str:
        """The recorded answer itself: another recording makes another request."""
        return content_hash("recorded", self._text(request))

    def worst_cost(self, request: Request, max_tokens: int) -> float:
        """Nothing."""
        return 0.0

    async def complete(self, request: Request, max_tokens: int) -> Response:
        """The recorded answer; an empty list of pairs where nothing was recorded."""
        return Response(provider="recorded", model="recorded", text=self._text(request), stop_reason="end_turn")

    async def close(self) -> None:
        """Nothing to let go of."""

    def _text(self, request: Request) -> str:
        asked = request.user, request.replaces
        if asked not in self._answers:
            self._answers[asked] = self._found(request)
        return self._answers[asked]

    def _found(self, request: Request) -> str:
        if request.kind == "contrast":
            drafts = (each["set"] for each in self._by_kind.get("contrast", ()) if each["term"] == request.about)
            return json.dumps(next(drafts, {}), ensure_ascii=False)
        recordings = [each for each in self._by_kind.get(request.kind, ()) if each.get("replaces") == request.replaces]
        if "dialogues" in request.schema["properties"]:
            found = {"dialogues": [{"exchanges": r["exchanges"]} for r in recordings if find_quote(_quote(r), request)]}
        else:
            fields = request.schema["properties"]["pairs"]["items"]["required"]
            here = [recording for recording in recordings if find_quote(_quote(recording), request)]
            found = {"pairs": [{field: recording.get(field, "") for field in fields} for recording in here]}
        return json.dumps(found, ensure_ascii=False)


def _quote(recording: dict[str, Any]) -> str:
    return str(recording["exchanges"][0]["quote"] if "exchanges" in recording else recording["quote"])


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"cannot be read: {error}", where=str(path)) from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            recording = json.loads(line)
            needed = {"kind"} if "exchanges" in recording else {"kind", "quote", "instruction"}
            if recording.get("kind") == "contrast":
                needed = {"term", "set"}
            missing = needed - recording.keys()
            for exchange in recording.get("exchanges", ()):
                missing |= {"quote", "instruction", "response"} - exchange.keys()
        except (json.JSONDecodeError, AttributeError, TypeError):
            raise CallError("not a JSON object of the shape of a recording", where=f"{path}:{number}") from None
        if missing:
            raise CallError(f"lacks {', '.join(sorted(missing))}", where=f"{path}:{number}")
        yield recording
