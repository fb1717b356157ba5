"""Real chat templates on real vocabularies: a row is what is asked, the answer and the mark that ends it, or it is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from likeness.errors import CallError
from tests.real import MISTRAL_MODELS, TEKKEN, TEMPLATES, gguf_tokenizer, mistral_tokenizer, real, template, tokenizer_for
from train.data import IGNORED, RowBuilder
from train.room import LeftOut
from train.template import on_day, spoken, study, without_thoughts

pytestmark = real

SYSTEM = "You keep a lock and answer plainly."
CHATS = {
    "one question": [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "When do you wait?"},
        {
            "role": "assistant",
            "content": "When the water does. I wait  with it,\n\nand it is never long: 12 minutes, or 1,300 years.",
        },
    ],
    "three questions": [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "Who taught you?"},
        {"role": "assistant", "content": "The old keeper. He said little."},
        {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": "Then he died, in March — née Größe, 你好 🚀."},
        {"role": "user", "content": "Was it hard?"},
        {"role": "assistant", "content": "No.\n- It was a gate.\n- I leaned on it."},
    ],
    "no system prompt": [
        {"role": "user", "content": "Is slack water long?"},
        {"role": "assistant", "content": " Long enough to  lean. \n"},
    ],
}
REFUSED = {
    "Apriel-1.6-15b-Thinker-fixed.jinja": "trained in one format and asked in another",
    "CohereForAI-c4ai-command-r-plus-tool_use.jinja": "cannot render a conversation",
    "Kimi-K3.jinja": "would not learn to stop",
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja": "cannot render a conversation",
    "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja": "cannot render a conversation",
    "fireworks-ai-llama-3-firefunction-v2.jinja": "cannot render a conversation",
    "llama-cpp-rwkv-world.jinja": "would not learn to stop",
    "tencent-Hy3.jinja": "would not learn to stop",
}
"""What cannot be trained on: templates for tools alone, a thought that is opened by a sentence, replies without an end."""


def rows_are_right(tokenizer: Any, stops: set[int], exact: bool = True) -> None:
    """Held against the template itself, by other means than the rows were made by."""
    found = study(tokenizer, stops, "train.base_model: this one")
    own, tokenizer.chat_template = tokenizer.chat_template, found.text  # as it is exported
    day = date(2026, 11, 26)
    builder = RowBuilder(tokenizer, found, day)
    tokenizer.chat_template = on_day(found.text, day)
    for name, chat in CHATS.items():
        [row] = builder.rows(name, chat)
        prompt = tokenizer.apply_chat_template(chat[:-1], add_generation_prompt=True, return_dict=False)
        learnt = [token for token, label in zip(row.ids, row.labels, strict=True) if label != IGNORED]
        assert row.ids[: len(prompt)] == prompt, name
        assert row.labels[: len(prompt)] == [IGNORED] * len(prompt), name
        assert row.ids[-len(learnt) :] == learnt, name
        assert learnt[-1] == found.stop and found.stop in stops and found.stop not in learnt[:-1], name
        between = tokenizer.decode(row.ids[len(prompt) : -len(learnt)])
        assert not between.strip(), f"{name}: {between!r} is read between question and answer"
        said = tokenizer.decode(learnt, skip_special_tokens=False)
        assert said.strip() == (chat[-1]["content"].strip() + found.end).strip(), name
        asked = tokenizer.decode(prompt)
        assert all(message["content"].strip() in asked for message in chat[:-1]), f"{name}: something asked is lost"
        every = builder.rows(name, chat, "all")
        assert isinstance(every, list)
        answers = [message["content"].strip() for message in chat if message["role"] == "assistant"]
        assert len(every) in (1, len(answers)), name
        words = "".join(tokenizer.decode([label for label in one.labels if label != IGNORED]) for one in every)
        assert words.count(tokenizer.convert_ids_to_tokens(found.stop)) == len(answers), name
        assert all(answer in words for answer in answers), name
    tokenizer.chat_template = own


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in REFUSED])
def test_a_real_template_makes_right_rows(name: str) -> None:
    rows_are_right(*tokenizer_for(name))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_template_that_cannot_be_trained_is_refused_by_name(name: str) -> None:
    tokenizer, stops = tokenizer_for(name)
    with pytest.raises(CallError, match=REFUSED[name]) as refused:
        study(tokenizer, stops, f"train.base_model: {name}")
    assert name in str(refused.value) and refused.value.fix


def test_every_template_is_one_or_the_other() -> None:
    assert len(TEMPLATES) == 70 and set(REFUSED) <= set(TEMPLATES)


NEMO = "mistralai-Mistral-Nemo-Instruct-2407.jinja"


@pytest.mark.parametrize("name", [*MISTRAL_MODELS, *TEKKEN])
def test_every_mistral_vocabulary_makes_right_rows(name: str) -> None:
    """On the template of Mistral-7B-Instruct-v0.3 and Nemo, which drops the system prompt as soon as an answer follows."""
    tokenizer = mistral_tokenizer(name, template(NEMO), ("[INST]", "[/INST]") if name == "v1" else ())
    rows_are_right(tokenizer, {tokenizer.eos_token_id})


@pytest.mark.parametrize("name", ["llama-spm", "phi-3", "qwen2", "llama-bpe", "gpt-2"])
@pytest.mark.parametrize("style", ["Qwen-Qwen2.5-7B-Instruct.jinja", NEMO])
def test_other_vocabularies_make_right_rows(name: str, style: str) -> None:
    tokenizer = gguf_tokenizer(name, ("<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "</s>", "<s>"))
    tokenizer.chat_template = template(style)
    tokenizer.eos_token = "</s>" if style == NEMO else "<|im_end|>"
    rows_are_right(tokenizer, {tokenizer.eos_token_id})


def test_mistral_is_trained_with_its_system_prompt_and_only_on_answers() -> None:
    tokenizer = mistral_tokenizer("v3", template(NEMO))
    builder = RowBuilder(tokenizer, study(tokenizer, {2}, "base"), date(2026, 1, 1))
    [row] = builder.rows("a", CHATS["one question"])
    text = tokenizer.decode(row.ids)
    assert text.startswith(f"<s>[INST] {SYSTEM}\n\nWhen do you wait?[/INST]"), text
    earlier, later = builder.rows("b", CHATS["three questions"], "all")[:2]
    assert SYSTEM in tokenizer.decode(earlier.ids) and SYSTEM in tokenizer.decode(later.ids)


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("Qwen-Qwen3-0.6B.jinja", "<|im_start|>assistant\n"),
        ("Qwen-QwQ-32B.jinja", "<|im_start|>assistant\n<think>\n</think>"),
        ("Qwen3.5-4B.jinja", "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
        ("deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja", "<｜Assistant｜><think>\n</think>\n\n"),
        ("GLM-4.6.jinja", "<|assistant|>\n<think></think>\n"),
        ("openai-gpt-oss-120b.jinja", "<|start|>assistant<|channel|>final<|message|>"),
    ],
)
def test_thoughts_are_asked_for_by_no_row_and_learnt_by_none(name: str, opening: str) -> None:
    tokenizer, stops = tokenizer_for(name)
    found = study(tokenizer, stops, "base")
    [row] = RowBuilder(tokenizer, found, date(2026, 1, 1)).rows("a", CHATS["one question"])
    text = tokenizer.decode(row.ids)
    before, _, _ = text.partition("When the water does.")
    assert before.endswith(opening), before[-80:]
    learnt = tokenizer.decode([label for label in row.labels if label != IGNORED])
    assert "think" not in learnt and "channel" not in learnt


def test_a_day_in_the_template_is_the_datasets() -> None:
    tokenizer, stops = tokenizer_for("meta-llama-Llama-3.2-3B-Instruct.jinja")
    found = study(tokenizer, stops, "base")
    made = [RowBuilder(tokenizer, found, date(2026, 3, day)).rows("a", CHATS["one question"])[0] for day in (4, 4, 5)]
    assert made[0].ids == made[1].ids != made[2].ids
    assert "Today Date: 04 Mar 2026" in tokenizer.decode(made[0].ids)
    (told,) = [note for note in found.notes if "date" in note]
    assert "Ollama's Modelfile keeps the day of the export" in told, "there it stands still"


def test_what_llama_cpps_engine_lacks_is_told_and_nothing_else() -> None:
    tokenizer, stops = tokenizer_for("Qwen-Qwen2.5-7B-Instruct.jinja")
    assert not [note for note in study(tokenizer, stops, "base").notes if "engine" in note]
    tokenizer.chat_template += "{%- if false -%}{{ messages[0]['content'].removeprefix('a').strip() }}{%- endif -%}"
    (told,) = [note for note in study(tokenizer, stops, "base").notes if "engine" in note]
    assert told.startswith("the template calls .removeprefix(), which")


def test_of_named_templates_the_default_is_taken() -> None:
    tokenizer, stops = tokenizer_for("Qwen-Qwen2.5-7B-Instruct.jinja")
    text = tokenizer.chat_template
    tokenizer.chat_template = {"default": text, "tool_use": "{{ tools | length }}"}
    found = study(tokenizer, stops, "base")
    assert found.text == text and found.changed
    tokenizer.chat_template = {"rag": text, "tool_use": text}
    with pytest.raises(CallError, match="none called default"):
        study(tokenizer, stops, "base")
    tokenizer.chat_template = text


def test_an_answer_with_a_mark_in_it_or_nothing_in_it_is_left_out() -> None:
    tokenizer, stops = tokenizer_for("Qwen-Qwen2.5-7B-Instruct.jinja")
    builder = RowBuilder(tokenizer, study(tokenizer, stops, "base"), date(2026, 1, 1))
    question = {"role": "user", "content": "What is it?"}
    for answer, reason in (("It is <|im_end|> so.", "holds_a_mark"), ("  \n", "empty")):
        row = builder.rows("a", [question, {"role": "assistant", "content": answer}])
        assert isinstance(row, LeftOut) and row.reason == reason


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("<think>\n\n</think>\n\nI lean on it.", "I lean on it."),
        ("<think>\nHm. The user asks.\n</think>\nI lean.", "I lean."),
        ("So the user asks.\n</think>\n\nI lean.", "I lean."),
        ("[THINK]Hm.[/THINK]I lean.", "I lean."),
        ("<think> and on and on", ""),
        ("I lean. <think> is a tag.", "I lean. <think> is a tag."),
        (" I lean.\n", "I lean."),
    ],
)
def test_thoughts_are_taken_off_a_reply(reply: str, said: str) -> None:
    assert without_thoughts(reply) == said
    if not reply.startswith("So"):  # where the prompt had opened the thought, nothing in the stream says so
        for size in (1, 3, 1000):
            streamed = "".join(spoken(reply[at : at + size] for at in range(0, len(reply), size)))
            assert streamed.strip() == said, size
