"""`builtin:tiny`: the same model every time, and never half of one."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from train import tiny

pytestmark = pytest.mark.slow  # torch takes seconds to load

pytest.importorskip("transformers")

AWKWARD = [
    "",
    " ",
    "  two  spaces, \ttabs\n\n\nand lines\r\n",
    "it's don't we'll I'M O'Clock",
    "12345 1,000.50 3rd ½ ٣",
    "naïve café, co\u0301te, Ünïcødé",
    "漢字かな한국어 العربية हिन्दी",
    "🙂👩‍👩‍👧‍👦 \u200b\ufeff\u00a0",
    "<|not_special|> <|im_startle|> {{ template }} \\n",
    "x" * 300,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("tiny") / "model"
    tiny.make_tiny(made, steps=2)
    return made


@pytest.fixture(scope="module")
def tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def test_the_folder_loads_as_float32_in_a_shape_that_k_quants_take(folder, tokenizer):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.dtype is torch.float32
    assert model.config.model_type == "llama"
    assert model.config.tie_word_embeddings
    assert model.config.vocab_size == len(tokenizer) == tiny.SETTINGS.vocabulary
    assert all(p.shape[-1] % 256 == 0 for p in model.parameters())
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    }


def test_the_same_bytes_every_time_and_torch_is_left_as_it_was(folder, tmp_path):
    import torch

    torch.manual_seed(1234)
    before = torch.get_rng_state()
    threads = torch.get_num_threads()
    tiny.make_tiny(tmp_path / "again", steps=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    files = sorted(folder.iterdir())
    assert "model.safetensors" in {file.name for file in files}
    for file in files:
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


def test_special_tokens(tokenizer):
    assert tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_start|>", "<|im_end|>"]) == [0, 1, 2]
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.pad_token == "<|endoftext|>"
    assert tokenizer.bos_token is None
    assert tokenizer("plain").input_ids == tokenizer("plain", add_special_tokens=False).input_ids


def test_the_chat_template_adds_nothing_of_its_own(tokenizer):
    chat = [{"role": "user", "content": " Why? "}]
    assert tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) == (
        "<|im_start|>user\n Why? <|im_end|>\n<|im_start|>assistant\n"
    )
    chat = [{"role": "system", "content": "Be brief."}, *chat, {"role": "assistant", "content": "Because."}]
    rendered = tokenizer.apply_chat_template(chat, tokenize=False)
    assert rendered == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Why? <|im_end|>\n<|im_start|>assistant\nBecause.<|im_end|>\n"
    )
    ids = tokenizer.apply_chat_template(chat, return_dict=False)
    assert tokenizer.decode(ids) == rendered
    assert ids.count(1) == ids.count(2) == 3
    assert len(tokenizer("assistant").input_ids) == 1


@pytest.mark.parametrize("text", AWKWARD)
def test_every_text_comes_back_as_it_went_in(tokenizer, text):
    ids = tokenizer(text).input_ids
    assert tokenizer.decode(ids) == text
    assert not {0, 1, 2} & set(ids)


def test_an_interrupted_making_leaves_nothing_behind(tmp_path):
    def stop(share, message):
        if "loss" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny.make_tiny(tmp_path / "model", steps=2, progress=stop)
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import functools, os, signal, sys
from train import tiny
def progress(share, message):
    print(message, flush=True)
    if sys.argv[1] == "die" and "loss" in message:
        os.kill(os.getpid(), signal.SIGKILL)
tiny.make_tiny = functools.partial(tiny.make_tiny, steps=2)
print(tiny.tiny_folder(progress))
"""


@pytest.mark.slow
def test_a_killed_process_and_then_two_at_once(tmp_path):
    def start(how):
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, how],
            cwd=Path(tiny.__file__).parents[1],
            env={"XDG_CACHE_HOME": str(tmp_path), "PATH": ""},
            stdout=subprocess.PIPE,
            text=True,
        )

    killed = start("die")
    killed.communicate()
    assert killed.returncode == -9
    assert not list(tmp_path.glob("likeness/tiny-*/"))

    both = [start("live"), start("live")]
    printed = [process.communicate()[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    [made] = tmp_path.glob("likeness/tiny-*/")
    assert {lines[-1] for lines in printed} == {str(made)}
    assert sorted(len(lines) for lines in printed) == [1, 5]  # one made it; the other waited and only named it


@pytest.mark.slow
def test_the_fingerprint_follows_the_settings_and_the_text(monkeypatch, tmp_path):
    first = tiny.fingerprint()
    assert first == tiny.fingerprint()
    text = tmp_path / "text.jsonl"
    text.write_bytes(tiny.TEXT.read_bytes() + b"\n")
    monkeypatch.setattr(tiny, "TEXT", text)
    assert tiny.fingerprint() != first


@pytest.mark.slow
def test_the_real_model_answers_and_stops():
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tiny.tiny_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    questions = ["How do I boil an egg?", "What is trust?", "Why do people hurry?", "Tell me about winter."]
    stopped = 0
    for question in questions:
        chat = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")
        answer = model.generate(**prompt, max_new_tokens=120, do_sample=False)[0, prompt["input_ids"].shape[1] :]
        stopped += answer[-1].item() == tokenizer.eos_token_id
        assert len(tokenizer.decode(answer, skip_special_tokens=True).split()) > 8
    assert stopped == len(questions)
    assert hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
