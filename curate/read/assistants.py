"""Read exports of chats with a language model (ChatGPT, Claude, Gemini). No text of the model becomes an author's response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curate.read.message import Message, without_quotes
from curate.read.times import epoch, iso

ME = ("Me", "human", "user")
"""The names of the person in every export. The model has a name that no author has."""
Row = dict[str, Any]
Said = tuple[str, float, bool, str, bool]
"""(id, time, whether the person said it, text, whether a file is beside it) of a turn."""


def assistant_of(value: Any) -> str:
    """The name of the program that exported a JSON file of chats with a model; "" if it is not a known one."""
    rows = value if isinstance(value, list) else [value]
    if isinstance(value, dict):
        if isinstance(inner := value.get("conversations"), list):
            rows = inner
        elif isinstance(value.get("chunkedPrompt"), dict):
            return "Google AI Studio"
    first = next((row for row in rows if isinstance(row, dict)), {})
    if isinstance(first.get("mapping"), dict) and any(
        isinstance(node, dict) and "message" in node for node in first["mapping"].values()
    ):
        return "ChatGPT"
    if isinstance(first.get("chat_messages"), list) and "uuid" in first:
        return "Claude"
    products = first.get("products")
    about = [first.get("header"), *(products if isinstance(products, list) else [])]
    if "title" in first and any(isinstance(name, str) and ("Gemini" in name or name == "Bard") for name in about):
        return "Gemini"
    return ""


def why_not(program: str) -> str:
    """Why a file of chats with a model is not read, and what to do."""
    return (
        f"holds talks with a language model ({program}): its answers are the model's and no person's, so none can be a response. "
        "What you wrote in them yourself is read with `as: conversations`"
    )


def assistant_messages(value: Any, program: str) -> Iterator[Message]:
    """The turns of the person and of the model, each linked to the turn before it.

    Args:
        value: of the JSON file.
        program: as `assistant_of` names it.
    """
    talks = value.get("conversations") if isinstance(value, dict) and "conversations" in value else value
    model = (f"{program} (a language model)",)
    for number, talk in enumerate(talks if isinstance(talks, list) else [talks]):
        if not isinstance(talk, dict):
            continue
        thread = str(talk.get("conversation_id") or talk.get("id") or talk.get("uuid") or number)
        before = ""
        for identifier, time, is_mine, text, beside in _READ[program](talk):
            said = without_quotes(text) if is_mine else text.strip()
            yield Message(f"{thread}/{identifier}", time, ME if is_mine else model, said, thread, before, pictured=beside)
            before = f"{thread}/{identifier}"


def _rows(value: Any) -> list[Row]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _chatgpt(talk: Row) -> Iterator[Said]:
    """The branch of a talk that its last answer belongs to: the person may have edited an earlier turn."""
    nodes: dict[str, Row] = {key: node for key, node in talk["mapping"].items() if isinstance(node, dict)}
    at = str(talk.get("current_node") or next(reversed(nodes), ""))
    branch: list[Row] = []
    while at in nodes and len(branch) < len(nodes):
        branch.append(nodes[at])
        at = str(nodes[at].get("parent"))
    for number, node in enumerate(reversed(branch)):
        message = node.get("message")
        if not isinstance(message, dict):
            continue
        author: Row = who if isinstance(who := message.get("author"), dict) else {}
        content: Row = said if isinstance(said := message.get("content"), dict) else {}
        role = author.get("role")
        if role not in ("user", "assistant") or content.get("content_type") not in ("text", "multimodal_text"):
            continue
        parts: list[Any] = given if isinstance(given := content.get("parts"), list) else []
        text = "\n".join(part for part in parts if isinstance(part, str))
        if text.strip():
            beside = any(isinstance(part, dict) for part in parts)
            yield str(message.get("id") or number), epoch(message.get("create_time")) or 0.0, role == "user", text, beside


def _claude(talk: Row) -> Iterator[Said]:
    for number, row in enumerate(_rows(talk.get("chat_messages"))):
        parts = [part.get("text") for part in _rows(row.get("content")) if part.get("type") == "text"]
        text = "\n".join(part for part in parts if isinstance(part, str)) or str(row.get("text") or "")
        beside = bool(row.get("attachments") or row.get("files"))
        yield str(row.get("uuid") or number), iso(row.get("created_at")) or 0.0, row.get("sender") == "human", text, beside


def _gemini(activity: Row) -> Iterator[Said]:
    """A prompt and its answer; the export does not say which belong to one talk."""
    time = iso(activity.get("time")) or 0.0
    yield "0", time, True, str(activity.get("title") or "").partition(" ")[2], False


def _ai_studio(talk: Row) -> Iterator[Said]:
    chunks = talk["chunkedPrompt"].get("chunks")
    for number, chunk in enumerate(_rows(chunks)):
        if not chunk.get("isThought") and isinstance(chunk.get("text"), str):
            yield str(number), float(number), chunk.get("role") == "user", chunk["text"], False


_READ = {"ChatGPT": _chatgpt, "Claude": _claude, "Gemini": _gemini, "Google AI Studio": _ai_studio}
