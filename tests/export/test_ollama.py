"""The chat template in Ollama's language: the same text for every conversation, or none."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from export.bundle import Card, modelfile
from export.ollama import template_for_ollama
from export.probe import Conversation
from likeness.errors import CallError
from tests.apps import go_template

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)
GEMMA = (
    "{{ '<bos>' }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set first = '' %}{% endif %}{% for message in messages %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\n' + (first if loop.first else '')"
    " + message['content'] + '<end_of_turn>\n' }}{% endfor %}{{ '<start_of_turn>model\n' }}"
)
WITH_DEFAULT = "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe good.<|im_end|>\n' }}{% endif %}" + CHATML
OPENS_A_THOUGHT = CHATML + "{{ '<think>\n\n</think>\n\n' }}"
QUOTES = CHATML.replace("<|im_end|>", '"""{{"{{"}}\\t').replace('{{"{{"}}', "{" + "{")
SYSTEM_LAST = (
    "{% for message in messages %}{% if message['role'] == 'user' %}[INST] "
    "{% if loop.last and messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}\n\n{% endif %}{{ message['content'] }}[/INST]"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] }}</s>{% endif %}{% endfor %}"
)
TRIMS = CHATML.replace("message['content']", "message['content'] | trim")
KNOWS_NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHATML

CONVERSATIONS: list[Conversation] = [
    [{"role": role, "content": content} for role, content in messages]
    for messages in (
        [("system", 'You bake.\n"Plainly."'), ("user", "Why?")],
        [("user", "Why {{ .X }}?")],
        [("system", "You bake."), ("user", "A"), ("assistant", "B\n\nc"), ("user", "D")],
        [("user", "A"), ("assistant", "B"), ("user", "C"), ("assistant", "D"), ("user", "E")],
    )
]


def renderer(template: str) -> Any:
    def refuse(_: str) -> None:
        raise CallError("it refuses")

    filled = ImmutableSandboxedEnvironment().from_string(template, globals={"raise_exception": refuse})
    return lambda messages: filled.render(messages=messages)


@pytest.mark.parametrize("template", [CHATML, GEMMA, WITH_DEFAULT, OPENS_A_THOUGHT, QUOTES], ids=range(5))
def test_conversations_render_the_same(template: str) -> None:
    render = renderer(template)
    bos = "<bos>" if template is GEMMA else ""
    go = template_for_ollama(render, CONVERSATIONS, bos)
    assert go is not None and "\n" not in go and '"""' not in go  # the Modelfile's parser drops some signs, and ends at those
    for messages in CONVERSATIONS:
        system = messages[0]["content"] if messages[0]["role"] == "system" else ""
        assert go_template(go, system, messages) == render(messages).removeprefix(bos)


def test_a_template_that_knows_no_system_prompt_is_said_without_one() -> None:
    render = renderer(KNOWS_NO_SYSTEM)
    go = template_for_ollama(render, CONVERSATIONS[1:2], "")
    assert go is not None
    for messages in (CONVERSATIONS[1], CONVERSATIONS[3]):
        assert go_template(go, "", messages) == render(messages)


def test_what_go_cannot_say_is_not_said() -> None:
    assert template_for_ollama(renderer(SYSTEM_LAST), [], "") is None
    blanks: Conversation = [{"role": "user", "content": " Why? "}]
    assert template_for_ollama(renderer(TRIMS), [], "") is not None
    assert template_for_ollama(renderer(TRIMS), [blanks], "") is None


def test_a_modelfile_without_a_template_leaves_it_out() -> None:
    card = partial(Card, "me", "keeper", "a base", 'Say """so""".', "<|im_end|>", None)
    assert "TEMPLATE" not in modelfile(card(), [])
    assert modelfile(card('{{ "x" }}'), []).splitlines()[0] == 'TEMPLATE """{{ "x" }}"""'
