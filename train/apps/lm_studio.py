"""LM Studio, which renders with the file's own template unless somebody has changed it in the model's settings.

Its addresses: lmstudio.ai/docs/developer (`/api/v0/models`, `/v1/chat/completions`, `/v1/completions`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from export.probe import Conversation
from export.verify import Check
from likeness.errors import CallError
from train.apps.http import Address
from train.apps.proof import BOS_ADDED, BOS_TWICE, OTHER_TEMPLATE, STOP_LOST, SYSTEM_PROMPT, TOKENS, Proven, Said, greedy_settings

PROMPT_SETTINGS = "My Models, the wheel beside the model, Prompt"
CURES = {
    OTHER_TEMPLATE: f"{PROMPT_SETTINGS}: reset the template to the model's own.",
    SYSTEM_PROMPT: f"{PROMPT_SETTINGS}: empty the default system prompt, and reset the template to the model's own.",
    BOS_TWICE: f"{PROMPT_SETTINGS}: reset the template to the model's own, and update LM Studio's llama.cpp runtime.",
    BOS_ADDED: f"{PROMPT_SETTINGS}: reset the template to the model's own, and update LM Studio's llama.cpp runtime.",
    STOP_LOST: f"{PROMPT_SETTINGS}: reset the template to the model's own; then load the model again.",
}


class LmStudio:
    """A model in LM Studio.

    Args:
        url: where its server listens.
        wanted: the model's name; one whose id holds it is taken.
        file: the exported GGUF file.

    Raises:
        CallError: it has no such model.
        MachineError: it does not answer.
    """

    def __init__(self, url: str, wanted: str, file: Path) -> None:
        self.name, self._at, self._file = "LM Studio", Address(url, "LM Studio"), file
        models: list[dict[str, Any]] = self._at.get("/api/v0/models")["data"]
        kind = file.stem.rpartition("-")[2]
        found = [each for each in models if wanted.lower() in str(each.get("id", "")).lower()]
        found.sort(key=lambda each: (str(each.get("quantization", "")).lower() != kind, each.get("state") != "loaded"))
        if not found:
            here = ", ".join(str(each.get("id")) for each in models) or "none"
            fix = f"Import it: lms import {file}. Or give its id with --model."
            raise CallError(f"LM Studio has no model {wanted!r}; it has {here}", where=url, fix=fix)
        self._shown, self.model = found[0], str(found[0]["id"])

    def settings(self) -> list[Check]:
        """Whether the quantization is the exported file's."""
        kind, found = self._file.stem.rpartition("-")[2], str(self._shown.get("quantization", ""))
        same = not found or found.lower() == kind
        return [Check("quantization", same, found, kind, f"LM Studio has it as {found or 'it does not say what'}.")]

    def chat(self, conversation: Conversation) -> Said:
        """The greedy answer."""
        body = greedy_settings() | {"model": self.model, "messages": conversation, "max_tokens": TOKENS, "stream": False}
        answer = self._at.post("/v1/chat/completions", body)
        (choice,) = answer["choices"]
        read = answer.get("usage", {}).get("prompt_tokens")
        return Said(choice["message"].get("content") or "", choice.get("finish_reason") == "stop", prompt_tokens=read)

    def complete(self, proven: Proven) -> str:
        """The greedy continuation of a prompt that goes around the template."""
        body = greedy_settings() | {"model": self.model, "prompt": proven.prompt, "max_tokens": TOKENS, "stream": False}
        return str(self._at.post("/v1/completions", body)["choices"][0]["text"])

    def cure(self, fault: str) -> str:
        """What a person does about a fault."""
        return CURES.get(fault, f"Load the exported file itself: lms import {self._file}")
