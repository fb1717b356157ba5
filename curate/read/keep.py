"""Notes of Google Keep, as Takeout exports them: each as HTML, and beside it as JSON with what the HTML does not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.read.reading import Reading

LARGEST = 2_000_000
"""Bytes of a note's JSON."""


def note_in(path: Path) -> dict[str, Any] | None:
    """The note in a JSON file; None where it is other JSON, or none."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and {"isTrashed", "userEditedTimestampUsec"} <= found.keys() else None


def is_told_elsewhere(path: Path) -> bool:
    """Whether a file of an export is no document: a note's JSON whose HTML is there too, or a note in the bin."""
    if path.suffix.lower() == ".json":
        note = note_in(path)
        return note is not None and (bool(note["isTrashed"]) or path.with_suffix(".html").is_file())
    note = note_in(path.with_suffix(".json"))
    return note is not None and bool(note["isTrashed"])


def read_note(note: dict[str, Any]) -> Reading:
    """A note from its JSON: its title, its text or its list."""
    title = str(note.get("title") or "")
    reading = Reading(title)
    reading.add("heading", f"# {title}" if title else "")
    for paragraph in str(note.get("textContent") or "").split("\n\n"):
        reading.add("prose", paragraph)
    entries = note.get("listContent")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and str(entry.get("text") or "").strip():
            reading.add("list", f"- {entry['text']}", tight=bool(reading.blocks) and reading.blocks[-1].kind == "list")
    return reading
