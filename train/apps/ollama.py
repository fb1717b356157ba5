"""Ollama, which renders with a template of its own, or with one that a Modelfile names.

Its addresses: github.com/ollama/ollama, docs/api.md (`/api/show`, `/api/chat`, `/api/generate` with `raw`); what it does to a
template at `ollama create` is in its server/create.go and template/template.go.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from export.probe import Conversation
from export.verify import Check
from likeness.errors import CallError
from likeness.files import sha256
from train.apps.http import Address, Refused
from train.apps.proof import (
    BOS_ADDED,
    BOS_TWICE,
    CONTEXT,
    END_ADDED,
    OTHER_FILE,
    OTHER_TEMPLATE,
    OTHER_WEIGHTS,
    RENDERER,
    STOP_LOST,
    SYSTEM_PROMPT,
    TOKENS,
    Proven,
    Said,
    greedy_settings,
)

LAYER = re.compile(r"^FROM .*sha256-([0-9a-f]{64})\s*$", re.MULTILINE)
COMMAND = re.compile(r'^[A-Z]+ (?:"""[\s\S]*?"""|[^\n]*)$', re.MULTILINE)
RENDERS = re.compile(r"^(?:RENDERER|PARSER) \S+$", re.MULTILINE)


class Ollama:
    """A model in Ollama.

    Args:
        url: where Ollama listens.
        model: what it was created as.
        file: the exported GGUF file, beside its Modelfile.

    Raises:
        CallError: Ollama has no such model.
        MachineError: it does not answer.
    """

    def __init__(self, url: str, model: str, file: Path) -> None:
        self._at, self.model, self._file, folder = Address(url, "Ollama"), model, file, file.parent
        self.name = f"Ollama {self._at.get('/api/version').get('version', '')}".strip()
        self._modelfile = (folder / "Modelfile").read_text(encoding="utf-8")
        try:
            self._shown: dict[str, Any] = self._at.post("/api/show", {"model": model})
        except Refused as refusal:
            fix = f"Create it: cd {folder} && ollama create {model} -f Modelfile. Another name is given with --model."
            raise CallError(f"Ollama has no model {model!r}: {refusal.what}", where=url, fix=fix) from None

    def settings(self) -> list[Check]:
        """Whether it is the exported file, with the Modelfile's template, system prompt and stop, and no renderer."""
        shown = str(self._shown.get("modelfile", ""))
        checks: list[Check] = []

        def add(name: str, passed: bool, message: str) -> None:
            checks.append(Check(name, passed, None, None, message))

        layer = LAYER.search(shown)
        if layer:
            own = layer[1] == sha256(self._file)
            add(OTHER_FILE, own, "Its weights are the exported file." if own else "Its weights are another file.")
        renders = sorted({*RENDERS.findall(shown), *(f"RENDERER {name}" for name in [self._shown.get("renderer")] if name)})
        come = f"{' and '.join(renders)} came with FROM and take the TEMPLATE's place."
        add(RENDERER, not renders, come if renders else "It has no RENDERER or PARSER.")
        wanted, found = template_of(self._modelfile), str(self._shown.get("template", ""))
        if wanted is not None and not renders:
            same = wanted == found
            add(OTHER_TEMPLATE, same, "TEMPLATE is the Modelfile's." if same else f"TEMPLATE is another: {found[:80]!r}.")
        system = system_of(self._modelfile) or ""
        same = system == str(self._shown.get("system", ""))
        add(SYSTEM_PROMPT, same, "SYSTEM is the Modelfile's." if same else f"SYSTEM is {self._shown.get('system', '')!r}.")
        stops = re.findall(r"^PARAMETER stop (.+)$", self._modelfile, re.MULTILINE)
        lost = [stop for stop in stops if stop.strip('"') not in str(self._shown.get("parameters", ""))]
        gone = f"PARAMETER stop {', '.join(lost)} is not there."
        add("stop parameter", not lost, gone if lost else "The stop is the Modelfile's.")
        return checks

    def chat(self, conversation: Conversation) -> Said:
        """The greedy answer to a person who types the questions: the system prompt comes from SYSTEM."""
        typed = conversation[1:] if conversation[0]["role"] == "system" else conversation
        body = {"model": self.model, "messages": typed, "stream": False, "options": _options()}
        answer = self._at.post("/api/chat", body)
        shown = self._at.post("/api/chat", body | {"_debug_render_only": True})  # since 0.11.7; before, one more answer
        prompt = (shown.get("_debug_info") or {}).get("rendered_template")
        read = answer.get("prompt_eval_count")
        return Said(answer["message"]["content"], answer.get("done_reason") == "stop", prompt, None, read)

    def complete(self, proven: Proven) -> str:
        """The greedy continuation of a prompt that goes around the template."""
        body = {"model": self.model, "prompt": proven.prompt, "raw": True, "stream": False, "options": _options()}
        return str(self._at.post("/api/generate", body)["response"])

    def cure(self, fault: str) -> str:
        """The lines of the Modelfile that cure a fault."""
        again = f"then `ollama create {self.model} -f Modelfile` in the export folder, whose Modelfile has them"
        commands = COMMAND.findall(self._modelfile)
        begins = {
            OTHER_FILE: ("FROM",),
            RENDERER: ("FROM", "TEMPLATE"),
            OTHER_TEMPLATE: ("FROM", "TEMPLATE"),
            SYSTEM_PROMPT: ("SYSTEM",),
            STOP_LOST: ("PARAMETER stop",),
            BOS_TWICE: ("TEMPLATE",),
            BOS_ADDED: ("FROM", "TEMPLATE"),
            END_ADDED: ("FROM", "TEMPLATE"),
            OTHER_WEIGHTS: ("FROM", "PARAMETER"),
        }[fault]
        wanted = "\n".join(command for command in commands if command.startswith(begins))
        why = " FROM must name the file: FROM a model of Ollama's inherits its RENDERER and PARSER." if fault == RENDERER else ""
        return f"The lines that it needs, {again}.{why}\n{wanted}"


def template_of(modelfile: str) -> str | None:
    """The TEMPLATE of a Modelfile; None where it has none."""
    return _quoted(modelfile, "TEMPLATE")


def system_of(modelfile: str) -> str | None:
    """The SYSTEM of a Modelfile; None where it has none."""
    return _quoted(modelfile, "SYSTEM")


def _quoted(modelfile: str, name: str) -> str | None:
    found = re.search(rf'^{name} """(.*?)"""$', modelfile, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def _options() -> dict[str, Any]:
    return greedy_settings() | {"num_predict": TOKENS, "num_ctx": CONTEXT}
