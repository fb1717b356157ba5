"""What an app puts before a prompt and after it is what rows have there, and its engine renders what transformers renders."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from export.checks.vocabulary import same_prompts
from export.gguf.convert import convert
from export.gguf.vocabulary import adds_bos
from export.probe import Conversation, ids, make_probe, render
from likeness.errors import CallError
from likeness.llama.process import Llama
from tests.export.tiny_models import CHATML, ROWS
from train.apps.proof import Proven, Said, ask_app, faults_of
from train.template import study


@pytest.fixture
def tokenizer(tiny: Path) -> Any:
    """Of builtin:tiny, to change."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny)


def adding(tokenizer: Any, form: str) -> Any:
    """The tokenizer with BOS or EOS put to every text by itself."""
    from tokenizers import processors

    tokenizer.bos_token = "<|endoftext|>"
    marks = [(text, tokenizer.convert_tokens_to_ids(text)) for text in ("<|endoftext|>", "<|im_end|>")]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single=form, special_tokens=marks)
    return tokenizer


def read_by_an_app(tiny: Path, tokenizer: Any, folder: Path) -> tuple[dict[str, Any], bool]:
    """What a file of the vocabulary says of BOS and EOS, and whether an app reads prompts as rows have them."""
    file = convert(tiny, folder / "vocabulary.gguf", vocabulary_only=True, tokenizer=tokenizer)
    with Llama() as llama:
        found = llama.load(file, "vocabulary")
        return found, same_prompts(llama, tokenizer, make_probe(tokenizer, ROWS)).passed


@pytest.mark.parametrize("template", [CHATML, "{{ bos_token }}" + CHATML])
def test_a_bos_that_the_tokenizer_adds_is_in_rows_and_prompts_once(
    tiny: Path, tmp_path: Path, tokenizer: Any, template: str
) -> None:
    adding(tokenizer, "<|endoftext|> $A").chat_template = CHATML
    found, same = read_by_an_app(tiny, tokenizer, tmp_path)
    assert found["adds_bos"] and not same  # the check sees what rows would lack
    tokenizer.chat_template = template
    made = study(tokenizer, {tokenizer.eos_token_id}, "base")
    assert made.text == "{{ bos_token }}" + CHATML and any("begins every text" in note for note in made.notes) == made.changed
    tokenizer.chat_template = made.text
    assert ids(tokenizer, render(tokenizer, ROWS[0])).count(tokenizer.bos_token_id) == 1
    assert read_by_an_app(tiny, tokenizer, tmp_path)[1]


def test_an_end_token_that_the_tokenizer_adds_is_after_no_prompt(tiny: Path, tmp_path: Path, tokenizer: Any) -> None:
    made = study(adding(tokenizer, "$A <|im_end|>"), {tokenizer.eos_token_id}, "base")
    assert not adds_bos(tokenizer) and not made.changed
    found, same = read_by_an_app(tiny, tokenizer, tmp_path)
    assert not found["adds_eos"] and same


def test_a_template_that_leaves_out_earlier_messages_is_refused_by_name(tokenizer: Any) -> None:
    shown = "{%- if message.role == 'system' or loop.index0 >= (messages | length) - 2 -%}"
    text = CHATML.replace("{{ '<|im_start|>' + message", shown + "{{ '<|im_start|>' + message")
    tokenizer.chat_template = text.replace("{%- endfor -%}", "{%- endif -%}{%- endfor -%}")
    with pytest.raises(CallError, match="leaves out the earlier messages of a conversation"):
        study(tokenizer, {tokenizer.eos_token_id}, "base")


class App:
    """One that puts tokens before prompts or after them, and shows their ids or only their number."""

    name = "an app"

    def __init__(self, before: list[int], after: list[int], shows: bool) -> None:
        self.before, self.after, self.shows = before, after, shows

    def settings(self) -> list[Any]:
        return []

    def chat(self, conversation: Conversation) -> Said:
        ids = [*self.before, *PROMPT, *self.after]
        return Said("other", True, None, ids if self.shows else None, len(ids))

    def cure(self, fault: str) -> str:
        return "Ask the app's maker."


class File:
    """An exported file with BOS 0 and EOS 2 that asks for neither, one or both."""

    def __init__(self, **asks: bool) -> None:
        self.found = {"bos": 0, "adds_bos": False, "adds_eos": False} | asks

    def distance(self, proven: Proven, text: str) -> float:
        return 9.0


PROMPT = [5, 6]


@pytest.mark.parametrize("shows", [True, False])
@pytest.mark.parametrize(
    ("ids", "before", "after", "asks", "fault", "cure"),
    [
        ([0, 5, 6], [0, 0], [], {"adds_bos": True}, "BOS twice", "Ask the app's maker."),
        ([5, 6], [0], [], {"adds_bos": True}, "BOS before the prompt", "make it again with `train export`"),
        ([5, 6], [0], [], {}, "BOS before the prompt", "Ask the app's maker."),
        ([5, 6], [], [2], {"adds_eos": True}, "end token after the prompt", "make it again with `train export`"),
    ],
)
def test_a_token_more_is_named_by_where_it_is(
    ids: list[int], before: list[int], after: list[int], asks: dict[str, bool], fault: str, cure: str, shows: bool
) -> None:
    app, proven = App(before, after, shows), Proven([], "prompt", ids, "reply", True)
    checks = ask_app(cast(Any, app), cast(Any, File(**asks)), [proven], lambda *_: None)
    assert faults_of(checks) == [fault] and cure in checks[-1].message
