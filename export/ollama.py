"""The chat template in the language of Ollama's Modelfile.

Where a Modelfile has no TEMPLATE, `ollama create` takes the one of its own templates that is spelled most like the file's
(`template.Named` of its source: up to 99 letters away); only where none is near do its newer versions run the file's own.

The Go template is put together from what the model's own template writes around messages, and is only used where it then renders
every conversation to the same text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from export.probe import Conversation
from likeness.errors import CallError

SYSTEM, QUESTION, ANSWER, MORE = "Zebra words.", "Quill words.", "Walnut words.", "Ferry words."
"""Texts that no template contains."""
WITHOUT, WITH_SYSTEM = (QUESTION, ANSWER, MORE), (SYSTEM, QUESTION, ANSWER, MORE)

Render = Callable[[Conversation], str]
"""Renders a conversation, up to the opening for a reply."""


@dataclass(frozen=True)
class Form:
    """What a template writes around messages.

    Args:
        bare: before the first question, where there is no system prompt.
        head: before a system prompt.
        joint: between system prompt and question.
        opening: after a question that has been answered, up to the answer.
        asks: after the last question: the opening for a reply.
        turn: after an answer, up to the next question.
    """

    bare: str | None
    head: str | None
    joint: str
    opening: str
    asks: str
    turn: str

    def render(self, conversation: Conversation) -> str | None:
        """A conversation up to a question, in this form; None where it has none."""
        begins = conversation[0]["role"] == "system"
        before = self.head if begins else self.bare
        after = {"system": self.joint, "user": self.opening, "assistant": self.turn}
        if before is None:
            return None
        *earlier, last = conversation
        said = "".join(message["content"] + after[message["role"]] for message in earlier)
        return before + said + last["content"] + self.asks

    def as_go(self) -> str:
        """The template in Go's language, as Ollama fills it: with a list of messages."""
        asks = _literal(self.opening)
        if self.asks != self.opening:
            last = "{{ if eq (len (slice $.Messages $number)) 1 }}"
            asks = f"{last}{_literal(self.asks)}{{{{ else }}}}{asks}{{{{ end }}}}"
        roles = (("system", _literal(self.joint)), ("user", asks), ("assistant", _literal(self.turn)))
        cases = "{{ else ".join(f'if eq .Role "{role}" }}}}{{{{ .Content }}}}{after}' for role, after in roles)
        begin = f"{{{{ if .System }}}}{_literal(self.head)}{{{{ else }}}}{_literal(self.bare)}{{{{ end }}}}"
        return f"{begin}{{{{ range $number, $_ := .Messages }}}}{{{{ {cases}{{{{ end }}}}{{{{ end }}}}"


def _literal(text: str | None) -> str:
    """A text in a Go template. As an action: the Modelfile's parser leaves signs out that it holds for unprintable."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if text else ""


def find_form(render: Render, bos: str) -> Form | None:
    """What a model's template writes around messages; None where that depends on more than their roles.

    Args:
        render: renders a conversation with the model's own template.
        bos: the mark that the file itself puts before a text, which the template must not write again; "" where there is none.
    """

    bare = _parts(render, bos, *WITHOUT)
    full = _parts(render, bos, *WITH_SYSTEM)
    known = full or bare
    if known is None:
        return None
    opening, turn, asks = known[-3:]
    return Form(bare[0] if bare else None, full[0] if full else None, full[1] if full else "", opening, asks, turn)


def _parts(render: Render, bos: str, *contents: str) -> list[str] | None:
    """What stands before, between and after the messages of a conversation; None where it cannot be rendered, or not in order."""
    try:
        text = render(_conversation(*contents)).removeprefix(bos)
    except CallError:
        return None
    parts = []
    for content in contents:
        part, met, text = text.partition(content)
        if not met:
            return None
        parts.append(part)
    return [*parts, text]


def _conversation(*contents: str) -> Conversation:
    roles = ["system"] * (contents[0] == SYSTEM) + ["user", "assistant", "user"]
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


def template_for_ollama(render: Render, samples: Sequence[Conversation], bos: str) -> str | None:
    """The TEMPLATE of a Modelfile; None where Go's language cannot say what the model's template does.

    Args:
        render: renders a conversation with the model's own template, up to the opening for a reply.
        samples: conversations that must come out the same, each up to a question.
        bos: as for `find_form`.
    """
    form = find_form(render, bos)
    if form is None:
        return None
    tried = [_conversation(*contents) for contents in (WITH_SYSTEM, WITH_SYSTEM[:2], WITHOUT, WITHOUT[:1])]
    for sample in [*tried, *samples]:
        try:
            rendered = render(sample).removeprefix(bos)
        except CallError:
            continue  # the model takes no such conversation
        if form.render(sample) != rendered:
            return None
    return form.as_go()


def bos_of(tokenizer: Any, adds_bos: bool) -> str:
    """The mark that llama.cpp puts before every text of this model; "" where it puts none."""
    return str(tokenizer.bos_token) if adds_bos and tokenizer.bos_token else ""
