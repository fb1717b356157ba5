"""Recognise exports of chats with a language model, so that no text of the model becomes a response of the author."""

from __future__ import annotations

from typing import Any


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
        "What you wrote in them yourself can be read as documents: copy your own turns into a text file"
    )
