"""The whole road on tiny models with real tokenizers and real templates: the seed's recipes, and a base of each family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from export.gguf.vocabulary import adds_bos
from export.ollama import bos_of, template_for_ollama
from likeness.errors import CallError
from likeness.llama.process import Llama
from likeness.progress import Silent
from tests.apps import go_template
from tests.make import SYSTEM, tiny_base, write_recipe
from tests.real import TEMPLATES, gguf_tokenizer, mistral_tokenizer, real, smollm2_tokenizer, template, tokenizer_for
from train.plan import plan
from train.result import Run
from train.run import train
from train.show_rows import as_html, parts
from train.template import render, study

pytestmark = real

ROOT = Path(__file__).parents[2]
QUICK = "sft: {epochs: 3, batch_size: 2, micro_batch_size: 1, learning_rate: 5.0e-3, max_length: 512}"


def mistral_v03() -> str:
    """The chat template of Mistral-7B-Instruct-v0.3: Nemo's, with the blanks of the SentencePiece vocabularies."""
    text = template("mistralai-Mistral-Nemo-Instruct-2407.jinja")
    text = text.replace('"[INST]" +', '"[INST] " +')
    return text.replace('{{- message["content"] + eos_token}}', '{{- " " + message["content"]|trim + eos_token}}')


def proven(run: Run) -> None:
    assert run.verdict in ("passed", "doubtful") and run.gguf
    merged = run.metrics["merge"]
    assert merged["kl"] < merged["limit"]
    named = {check["name"]: check for check in run.metrics["export"] if check["file"].endswith(("f16.gguf", "bf16.gguf"))}
    assert all(named[name]["passed"] for name in ("tokens", "chat template", "stop token", "logits", "replies"))


def asked_of_the_file(run: Run) -> str:
    """The prompt as the exported file's own template renders it."""
    with Llama() as llama:
        llama.load(run.folder / run.gguf[0])
        chat = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Why?"}]
        return str(llama.ask("render", conversations=[chat], generation_prompt=True)[0])


def test_the_recipe_for_smollm2(here: Path) -> None:
    base = tiny_base(here / "base", smollm2_tokenizer(), tie_word_embeddings=True)
    run = train(write_recipe(here, base, train=QUICK, extends=f"{ROOT}/recipes/voice/smollm2.yaml"), Silent())
    proven(run)
    assert (
        asked_of_the_file(run)
        == f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_recipe_for_mistral(here: Path) -> None:
    """Its template drops the system prompt as soon as an answer follows; QLoRA, K-quants."""
    tokenizer = mistral_tokenizer("v3", mistral_v03())
    base = tiny_base(here / "base", tokenizer, "Mistral", hidden_size=256, intermediate_size=256, sliding_window=None)
    recipe = write_recipe(here, base, train=QUICK, extends=f"{ROOT}/recipes/voice/mistral-7b.yaml")
    made = plan(recipe, Silent())
    row = made.prepared.rows.train[0]
    shown = list(parts(row, made.prepared.tokenizer, made.prepared.template.stop))
    assert [kind for kind, _ in shown] == ["read", "learnt", "stop"]
    assert shown[0][1].replace("[INST]  ", "[INST] ").strip() == f"<s>[INST] {SYSTEM}\n\nWhen do you wait?[/INST]"
    assert shown[1][1].strip() == "When the water does. I wait with it, and it is never long." and shown[2][1] == "</s>"
    page = as_html([row], made.prepared.tokenizer, made.prepared.template.stop, "Rows")
    assert '<span class="stop">&lt;/s&gt;</span>' in page and f"{SYSTEM}\n\nWhen do you wait?[/INST]" in page
    run = train(recipe, Silent())
    proven(run)
    assert [name.rpartition("-")[2] for name in run.gguf] == ["q4_k_m.gguf", "q6_k.gguf"]
    assert asked_of_the_file(run) == f"<s>[INST] {SYSTEM}\n\nWhy?[/INST]"


def test_every_qwen_vocabulary_has_a_token_that_llama_cpp_makes_a_mark(here: Path) -> None:
    tokenizer = gguf_tokenizer("qwen2")
    tokenizer.chat_template, tokenizer.eos_token = template("Qwen-Qwen2.5-7B-Instruct.jinja"), "<|im_end|>"
    base = tiny_base(here / "base", tokenizer, "Qwen2", tie_word_embeddings=True)
    run = train(write_recipe(here, base, train=QUICK, export="gguf: [q8_0]"), Silent())
    proven(run)
    [told] = [check["message"] for check in run.metrics["export"] if check["name"] == "tokens"]
    assert "to read </s> differently" in told


def test_a_template_with_names_ends_up_as_one_in_the_file(here: Path) -> None:
    tokenizer = smollm2_tokenizer()
    tokenizer.chat_template = {"default": tokenizer.chat_template, "tool_use": "{{ tools | length }}"}
    base = tiny_base(here / "base", tokenizer, tie_word_embeddings=True)
    assert (base / "additional_chat_templates").is_dir()
    run = train(write_recipe(here, base, train=QUICK, export="gguf: [q8_0]", name="my-phi3-notes"), Silent())
    proven(run)
    assert not (run.folder / "merged/additional_chat_templates").exists()
    assert asked_of_the_file(run).endswith("<|im_start|>assistant\n")


def named_in_old_style(base: Path, text: str) -> None:
    """As older models have it: named templates inside tokenizer_config.json."""
    (base / "chat_template.jinja").unlink()
    config: dict[str, Any] = json.loads((base / "tokenizer_config.json").read_text())
    config["chat_template"] = [{"name": "default", "template": text}, {"name": "rag", "template": "{{ documents }}"}]
    (base / "tokenizer_config.json").write_text(json.dumps(config))


def test_a_template_that_takes_no_system_prompt_takes_it_in_the_file(here: Path) -> None:
    """Gemma 2's, named in the old style; the reply to be ends as the template's own replies do."""
    tokenizer = mistral_tokenizer("v3", None, ("<start_of_turn>", "<end_of_turn>"))
    base = tiny_base(here / "base", tokenizer)
    named_in_old_style_text = template("google-gemma-2-2b-it.jinja")
    tokenizer.chat_template = named_in_old_style_text
    tokenizer.save_pretrained(base)
    named_in_old_style(base, named_in_old_style_text)
    run = train(write_recipe(here, base, train=QUICK, export="gguf: [q8_0]"), Silent())
    proven(run)
    asked = asked_of_the_file(run)
    assert asked == f"<s><start_of_turn>user\n{SYSTEM}\n\nWhy?<end_of_turn>\n<start_of_turn>model\n"


def test_a_template_that_opens_thoughts_closes_them_in_the_file(here: Path) -> None:
    tokenizer = smollm2_tokenizer()
    marks = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.chat_template = template("deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja")
    tokenizer.bos_token, tokenizer.eos_token = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
    base = tiny_base(here / "base", tokenizer, tie_word_embeddings=True)
    run = train(write_recipe(here, base, train=QUICK, export="gguf: [q8_0]"), Silent())
    proven(run)
    assert asked_of_the_file(run).endswith("<｜Assistant｜><think>\n</think>\n\n")


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_modelfile_says_every_template_that_is_trained_but_one(name: str) -> None:
    """Ollama's own code has rendered all of these to the same text (docs/export.md); here a reading of Go's rules does."""
    tokenizer, stops = tokenizer_for(name)
    try:
        text = study(tokenizer, stops, name).text
    except CallError:
        return  # no run is trained with it
    bos = bos_of(tokenizer, adds_bos(tokenizer))
    chat = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Why?"}]
    go = template_for_ollama(lambda messages: render(tokenizer, text, messages, reply=True), [chat], bos)
    assert (go is None) == (name == "mistralai-Mistral-Nemo-Instruct-2407.jinja")  # its system prompt moves to the last question
    if go is not None:
        for messages in (chat, [*chat, {"role": "assistant", "content": "So."}, {"role": "user", "content": "And?"}]):
            assert go_template(go, SYSTEM, messages) == render(tokenizer, text, messages, reply=True).removeprefix(bos)
