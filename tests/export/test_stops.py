"""A merged model stops at the mark that its rows end with, whatever its base named as its end."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from export.gguf.convert import convert
from export.gguf.read import GgufFile
from export.merge import merge_adapter
from export.sampling import FILE, Sampling
from tests.make import change, tiny_base

DOCUMENT, TURN = 0, 2
"""Ids of `<|endoftext|>` and `<|im_end|>` in the tokenizer of builtin:tiny."""
GREEDY = Sampling(0.0, 0.0, 1.0)


@pytest.fixture(scope="module")
def base(tiny, tmp_path_factory):
    """A base model as Qwen2.5 ships them: ChatML, and in every file `<|endoftext|>` as the end. It says `<|im_end|>` and nothing else."""
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    tokenizer.eos_token = "<|endoftext|>"
    folder = tiny_base(tmp_path_factory.mktemp("stops") / "base", tokenizer, tie_word_embeddings=False)
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight", "lm_head.weight")):
                parameter.zero_()
        model.model.embed_tokens.weight.fill_(1.0)
        model.lm_head.weight[TURN] = 1.0
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(folder)
    return folder


def say(folder):
    """The ids of a reply, drawn as the folder itself says."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    said = AutoModelForCausalLM.from_pretrained(folder).generate(**asked, max_new_tokens=5)
    return said[0, asked["input_ids"].shape[1] :].tolist()


def settings(folder, name):
    return json.loads((folder / name).read_text())


@pytest.mark.parametrize("declares", [True, False], ids=["with a generation_config.json", "without"])
def test_generate_ends_where_the_rows_end(declares, base, adapter, tmp_path):
    assert say(base) == [TURN] * 5
    own = shutil.copytree(base, tmp_path / "base")
    if not declares:
        (own / FILE).unlink()
    merged = merge_adapter(own, adapter, tmp_path / "merged", sampling=GREEDY).folder
    assert say(merged) == [TURN]
    assert settings(merged, FILE)["eos_token_id"] == settings(merged, "config.json")["eos_token_id"] == [TURN, DOCUMENT]
    assert settings(merged, FILE)["do_sample"] is False
    before, after = (AutoTokenizer.from_pretrained(folder) for folder in (own, merged))
    assert (after.eos_token, after.pad_token) == ("<|im_end|>", before.pad_token)
    text = before.apply_chat_template([{"role": "user", "content": "Größe?"}], tokenize=False)
    assert before(text)["input_ids"] == after(text)["input_ids"]
    assert GgufFile(convert(merged, tmp_path / "model.gguf")).keys["tokenizer.ggml.eos_token_id"] == TURN


def test_a_template_that_writes_the_end_token_keeps_it(base, adapter, tmp_path):
    own = shutil.copytree(base, tmp_path / "base")
    change(own / "chat_template.jinja", "{% for", "{{ eos_token }}{% for")
    merged = merge_adapter(own, adapter, tmp_path / "merged", sampling=GREEDY).folder
    assert (merged / "tokenizer_config.json").read_bytes() == (own / "tokenizer_config.json").read_bytes()
    assert say(merged) == [TURN]


def test_what_a_base_says_right_already_is_copied_as_it_is(base, adapter, tmp_path):
    own = shutil.copytree(base, tmp_path / "base")
    (own / FILE).write_text(json.dumps({"eos_token_id": [DOCUMENT, TURN]}))
    merged = merge_adapter(own, adapter, tmp_path / "merged").folder
    for name in (FILE, "tokenizer_config.json"):
        assert (merged / name).read_bytes() == (own / name).read_bytes()
    assert settings(merged, "config.json")["eos_token_id"] == DOCUMENT


def test_the_mark_that_was_learnt_goes_before_what_the_template_looks_like(base, adapter, tmp_path):
    merged = merge_adapter(base, adapter, tmp_path / "merged", end=1).folder
    assert settings(merged, FILE)["eos_token_id"] == [1, DOCUMENT]
